//! The end of PostgreSQL's chain of leaves, on a connection of its own that holds the lease on it.

use std::str::FromStr;
use std::time::Duration;

use renkei_model::leaf::{Hash, LinkFn, SealedLeaf};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Row};
use tokio::time::timeout;

use crate::fault::{StoreError, inconsistent};
use crate::leaf::Head;
use crate::open::POSTGRES_SETTINGS;
use crate::store::Settings;
use crate::writer::NO_LINK;

/// Leaves of one round.
pub(crate) const ROUND_LEAVES: usize = 500;
/// An answer that does not come in this time does not come.
const ANSWER_MS: u64 = 10_000;

/// A lease must not outlive the process that holds it: a server that does not hear of a broken connection
/// ends the session by itself.
const SESSION: [&str; 4] = [
    "-- store.chain\nSET idle_session_timeout = '30s'",
    "-- store.chain\nSET tcp_keepalives_idle = 5",
    "-- store.chain\nSET tcp_keepalives_interval = 5",
    "-- store.chain\nSET tcp_keepalives_count = 3",
];

const PUT: &str = "-- store.chain_put\nWITH put AS (\
    INSERT INTO leaf (id, seq, at, network, canonical, hash, link) \
    SELECT * FROM unnest($1::text[], $2::int8[], $3::int8[], $4::text[], $5::bytea[], $6::bytea[], $7::bytea[])), \
    detail AS (INSERT INTO leaf_detail (leaf, name, salt, value) \
    SELECT * FROM unnest($8::text[], $9::text[], $10::bytea[], $11::text[])) \
    INSERT INTO leaf_person (leaf, pseudonym) SELECT * FROM unnest($12::text[], $13::text[]) \
    ON CONFLICT (leaf, pseudonym) DO NOTHING";

/// The way to the chain.
pub(crate) struct Chain {
    options: PgConnectOptions,
    link: LinkFn,
    session: Option<Session>,
}

struct Session {
    connection: PgConnection,
    /// The end of the chain, while this session holds the lease.
    lease: Option<Head>,
}

impl Chain {
    /// Not yet connected.
    pub(crate) fn new(settings: &Settings, link: LinkFn) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(&settings.url)
            .map_err(|_| StoreError::Refused("the URL cannot be read".to_owned()))?;
        Ok(Self {
            options,
            link,
            session: None,
        })
    }

    /// Makes leaves durable, all or none; with their numbers if this process holds the lease.
    ///
    /// # Errors
    /// After [`StoreError::Unavailable`] nobody knows whether they are.
    pub(crate) async fn put(&mut self, leaves: &[&SealedLeaf]) -> Result<(), StoreError> {
        let link = self.link;
        let result = match self.session().await {
            Ok(session) => within(session.put(leaves, link)).await,
            Err(error) => Err(error),
        };
        self.settle(result).await
    }

    /// Numbers what is committed and has no number, if this process has the lease or can get it; how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(crate) async fn number(&mut self) -> Result<usize, StoreError> {
        let link = self.link;
        let result = match self.session().await {
            Ok(session) => within(session.number(link)).await,
            Err(error) => Err(error),
        };
        self.settle(result).await
    }

    /// Gives the lease back.
    pub(crate) async fn close(mut self) {
        if let Some(session) = self.session.take() {
            drop(within(async { Ok(session.connection.close().await?) }).await);
        }
    }

    async fn session(&mut self) -> Result<&mut Session, StoreError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => within(Session::open(&self.options)).await?,
        };
        Ok(self.session.insert(session))
    }

    /// After a failure the head is what the database says; after a lost connection there is none.
    async fn settle<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let Err(error) = &result else {
            return result;
        };
        let Some(mut session) = self.session.take() else {
            return result;
        };
        if *error != StoreError::Unavailable && within(session.reload()).await.is_ok() {
            self.session = Some(session);
        }
        result
    }
}

/// What takes too long is as good as lost: its connection is not used again.
async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(Duration::from_millis(ANSWER_MS), work)
        .await
        .unwrap_or(Err(StoreError::Unavailable))
}

impl Session {
    async fn open(options: &PgConnectOptions) -> Result<Self, StoreError> {
        let mut connection = PgConnection::connect_with(options).await?;
        for setter in POSTGRES_SETTINGS.into_iter().chain(SESSION) {
            sqlx::query(setter).execute(&mut connection).await?;
        }
        Ok(Self {
            connection,
            lease: None,
        })
    }

    async fn put(&mut self, leaves: &[&SealedLeaf], link: LinkFn) -> Result<(), StoreError> {
        let mut head = self.lease;
        let (mut seqs, mut links) = (Vec::new(), Vec::new());
        for leaf in leaves {
            seqs.push(head.map(|head| head.next_seq));
            head = head.map(|head| head.after(&leaf.hash, link));
            links.push(head.map(|head| head.link.to_vec()));
        }
        let ids: Vec<String> = leaves.iter().map(|leaf| leaf.id.to_string()).collect();
        let (mut details, mut persons) = (Columns::default(), (Vec::new(), Vec::new()));
        for (leaf, id) in leaves.iter().zip(&ids) {
            for detail in &leaf.details {
                details.leaf.push(&**id);
                details.name.push(&*detail.name);
                details.salt.push(&detail.salt[..]);
                details.value.push(&*detail.value);
            }
            for pseudonym in &leaf.pseudonyms {
                persons.0.push(&**id);
                persons.1.push(&**pseudonym);
            }
        }
        let network = |leaf: &&SealedLeaf| leaf.network.as_ref().map(ToString::to_string);
        sqlx::query(PUT)
            .bind(&ids)
            .bind(seqs)
            .bind(leaves.iter().map(|leaf| leaf.at.0).collect::<Vec<_>>())
            .bind(leaves.iter().map(network).collect::<Vec<_>>())
            .bind(
                leaves
                    .iter()
                    .map(|leaf| &*leaf.canonical)
                    .collect::<Vec<_>>(),
            )
            .bind(leaves.iter().map(|leaf| &leaf.hash[..]).collect::<Vec<_>>())
            .bind(links)
            .bind(details.leaf)
            .bind(details.name)
            .bind(details.salt)
            .bind(details.value)
            .bind(persons.0)
            .bind(persons.1)
            .execute(&mut self.connection)
            .await?;
        self.lease = head;
        Ok(())
    }

    async fn number(&mut self, link: LinkFn) -> Result<usize, StoreError> {
        if self.lease.is_none() && !self.lease_taken().await? {
            return Ok(0);
        }
        let Some(mut head) = self.lease else {
            return Ok(0);
        };
        // The common case, an idle log, costs this one statement.
        let sql = "-- store.chain_number\nSELECT id, hash FROM leaf WHERE seq IS NULL ORDER BY at, id LIMIT ($1 + 0)";
        let rows = sqlx::query(sql)
            .bind(i64::try_from(ROUND_LEAVES).unwrap_or(i64::MAX))
            .fetch_all(&mut self.connection)
            .await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let (mut ids, mut seqs, mut links) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            ids.push(row.try_get::<String, _>("id")?);
            seqs.push(head.next_seq);
            head = head.after(&hash(row.try_get("hash")?)?, link);
            links.push(head.link.to_vec());
        }
        let sql = "-- store.chain_number\nUPDATE leaf SET seq = n.seq, link = n.link \
                   FROM unnest($1::text[], $2::int8[], $3::bytea[]) AS n (id, seq, link) \
                   WHERE leaf.id = n.id AND leaf.seq IS NULL";
        let update = sqlx::query(sql).bind(ids).bind(seqs).bind(links);
        let mut tx = self.connection.begin().await?;
        if update.execute(&mut *tx).await?.rows_affected() != rows.len() as u64 {
            tx.rollback().await?;
            return Err(StoreError::Conflict);
        }
        tx.commit().await?;
        self.lease = Some(head);
        Ok(rows.len())
    }

    /// Takes the lease if nobody else holds it.
    async fn lease_taken(&mut self) -> Result<bool, StoreError> {
        let sql = "-- store.chain_lease\nSELECT pg_try_advisory_lock(hashtextextended('leaf', 0)) AS mine";
        let mine = sqlx::query(sql).fetch_one(&mut self.connection).await?;
        let mine = mine.try_get::<bool, _>("mine")?;
        if mine {
            self.lease = Some(self.head().await?);
        }
        Ok(mine)
    }

    async fn reload(&mut self) -> Result<(), StoreError> {
        if self.lease.is_some() {
            self.lease = Some(self.head().await?);
        }
        Ok(())
    }

    async fn head(&mut self) -> Result<Head, StoreError> {
        let sql = "-- store.chain_head\nSELECT seq, link FROM leaf WHERE seq IS NOT NULL \
                   ORDER BY seq DESC LIMIT 1";
        let row = sqlx::query(sql)
            .fetch_optional(&mut self.connection)
            .await?;
        let Some(row) = row else {
            return Ok(Head {
                next_seq: 0,
                link: NO_LINK,
            });
        };
        Ok(Head {
            next_seq: row.try_get::<i64, _>("seq")? + 1,
            link: hash(row.try_get("link")?)?,
        })
    }
}

/// Details by column, as `unnest` takes them.
#[derive(Default)]
struct Columns<'l> {
    leaf: Vec<&'l str>,
    name: Vec<&'l str>,
    salt: Vec<&'l [u8]>,
    value: Vec<&'l str>,
}

fn hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| inconsistent("leaf", "hash"))
}
