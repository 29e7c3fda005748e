//! The audit log: leaves in a chain, their details, checkpoints.

use renkei_model::Permit;
use renkei_model::id::{LeafId, NetworkName, RecordId};
use renkei_model::leaf::{Checkpoint, Hash, LeafDetail, LinkFn, SealedLeaf, StoredLeaf};
use serde_json::json;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::permit::audit_permit;
use crate::sql::{Dialect, Query, Reader, Sql, query};
use crate::store::Store;
use crate::tx::Tx;
use crate::writer::NO_LINK;

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number that the next leaf gets.
    pub(crate) next_seq: i64,
    /// Link of the last leaf.
    pub(crate) link: Hash,
}

impl Head {
    /// The end after one more leaf.
    pub(crate) fn after(self, leaf: &Hash, link: LinkFn) -> Self {
        Self {
            next_seq: self.next_seq + 1,
            link: link(&self.link, self.next_seq.unsigned_abs(), leaf),
        }
    }

    /// Reads the end of the chain.
    pub(crate) async fn load(connection: &mut AnyConnection) -> Result<Self, StoreError> {
        let sql = "-- store.head_load\nSELECT seq, link FROM leaf WHERE seq IS NOT NULL \
                   ORDER BY seq DESC LIMIT 1";
        let row = query(sql).fetch_optional(connection).await?;
        let Some(row) = row else {
            return Ok(Self {
                next_seq: 0,
                link: NO_LINK,
            });
        };
        let row = Reader::new("leaf", &row);
        Ok(Self {
            next_seq: row.number("seq")? + 1,
            link: row.hash("link")?,
        })
    }
}

impl Tx {
    /// Appends a leaf. On SQLite it gets its number and link at once; on PostgreSQL the sequencer
    /// gives them after the commit.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn leaf_put(&mut self, leaf: SealedLeaf) -> Result<(), StoreError> {
        self.wakes = true;
        if self.dialect() == Dialect::Sqlite {
            return self.leaf_numbered(&leaf).await;
        }
        let sql = "-- store.leaf_put\nWITH put AS (INSERT INTO leaf (id, at, network, canonical, hash) \
                   VALUES ($1, $2, $3, $4, $5)), \
                   detail AS (INSERT INTO leaf_detail (leaf, name, salt, value) \
                   SELECT $1, name, decode(salt, 'hex'), value \
                   FROM json_to_recordset($6::json) AS r(name TEXT, salt TEXT, value TEXT)) \
                   INSERT INTO leaf_person (leaf, pseudonym) \
                   SELECT $1, value FROM json_array_elements_text($7::json) \
                   ON CONFLICT (leaf, pseudonym) DO NOTHING";
        let detail = |detail: &LeafDetail| json!({ "name": detail.name, "salt": hex::encode(detail.salt), "value": detail.value });
        let details: Vec<_> = leaf.details.iter().map(detail).collect();
        let insert = query(sql)
            .bind(leaf.id.to_string())
            .bind(leaf.at.0)
            .bind(leaf.network.map(|network| network.to_string()))
            .bind(leaf.canonical)
            .bind(&leaf.hash[..])
            .bind(json!(details).to_string())
            .bind(json!(leaf.pseudonyms).to_string());
        self.execute(insert).await.map(drop)
    }

    /// Keeps a signed checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is one of this size.
    pub async fn checkpoint_put(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let sql = "-- store.checkpoint_put\nINSERT INTO checkpoint (size, root, head, at, note) \
                   VALUES ($1, $2, $3, $4, $5)";
        let size =
            i64::try_from(checkpoint.size).map_err(|_| inconsistent("checkpoint", "size"))?;
        let insert = query(sql)
            .bind(size)
            .bind(&checkpoint.root[..])
            .bind(&checkpoint.head[..])
            .bind(checkpoint.at.0)
            .bind(&*checkpoint.note);
        self.execute(insert).await.map(drop)
    }
}

impl Store {
    /// Numbered leaves from a number on, in order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn leaves(&self, from_seq: u64, limit: usize) -> Result<Vec<StoredLeaf>, StoreError> {
        let sql = "-- store.leaves\nSELECT id, seq, at, canonical, hash, link FROM leaf \
                   WHERE seq >= $1 ORDER BY seq LIMIT ($2 + 0)";
        let from = i64::try_from(from_seq).unwrap_or(i64::MAX);
        self.with_details(query(sql).bind(from).bind(size(limit)))
            .await
    }

    /// How many leaves wait for their number. Always 0 on SQLite.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn leaves_unnumbered(&self) -> Result<u64, StoreError> {
        self.count(query(
            "-- store.leaves_unnumbered\nSELECT count(*) AS n FROM leaf WHERE seq IS NULL",
        ))
        .await
    }

    /// How many leaves are numbered.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn leaf_count(&self) -> Result<u64, StoreError> {
        self.count(query(
            "-- store.leaf_count\nSELECT COALESCE(max(seq) + 1, 0) AS n FROM leaf",
        ))
        .await
    }

    /// The record of this id, or the one that the resource of this id belongs to, with its network, if
    /// that is one of the auditor's.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_of(
        &self,
        permit: &Permit,
        id: RecordId,
    ) -> Result<Option<(NetworkName, RecordId)>, StoreError> {
        audit_permit(permit)?;
        let found = self.record_behind(id).await?;
        Ok(found.filter(|(network, _)| permit.networks().contains(network)))
    }

    /// The same without a permit, for the audit leaf of a request that was refused. What it finds must
    /// never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_behind(
        &self,
        id: RecordId,
    ) -> Result<Option<(NetworkName, RecordId)>, StoreError> {
        let sql = "-- store.record_behind\nSELECT network, record FROM resource WHERE id = $1 \
                   UNION SELECT network, id AS record FROM record WHERE id = $1";
        let Some(row) = self.find(query(sql).bind(id.to_string())).await? else {
            return Ok(None);
        };
        let row = Reader::new("record", &row);
        Ok(Some((row.parsed("network")?, row.parsed("record")?)))
    }

    /// Leaves about a pseudonym on these networks, as far as the auditor's permit reaches; newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn leaves_of(
        &self,
        permit: &Permit,
        pseudonym: &str,
        networks: &[NetworkName],
        limit: usize,
    ) -> Result<Vec<StoredLeaf>, StoreError> {
        audit_permit(permit)?;
        let allowed = networks
            .iter()
            .filter(|network| permit.networks().contains(network));
        let allowed: String = allowed.map(|network| format!("{network},")).collect();
        let sql = "-- store.leaves_of\nSELECT f.id, f.seq, f.at, f.canonical, f.hash, f.link \
                   FROM leaf_person p JOIN leaf f ON f.id = p.leaf \
                   WHERE p.pseudonym = $1 AND $2 LIKE '%,' || f.network || ',%' \
                   ORDER BY f.at DESC, f.id DESC LIMIT ($3 + 0)";
        let query = query(sql)
            .bind(pseudonym.to_owned())
            .bind(format!(",{allowed}"))
            .bind(size(limit));
        self.with_details(query).await
    }

    /// Every checkpoint, smallest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let sql =
            "-- store.checkpoints\nSELECT size, root, head, at, note FROM checkpoint ORDER BY size";
        let checkpoint = |row: &AnyRow| {
            let row = Reader::new("checkpoint", row);
            Ok(Checkpoint {
                size: row.number("size")?.unsigned_abs(),
                root: row.hash("root")?,
                head: row.hash("head")?,
                at: row.instant("at")?,
                note: row.text("note")?,
            })
        };
        self.all(query(sql)).await?.iter().map(checkpoint).collect()
    }

    async fn count(&self, query: Query) -> Result<u64, StoreError> {
        let row = self
            .find(query)
            .await?
            .ok_or(inconsistent("leaf", "no count"))?;
        Ok(Reader::new("leaf", &row).number("n")?.unsigned_abs())
    }

    async fn with_details(&self, query_leaves: Query) -> Result<Vec<StoredLeaf>, StoreError> {
        let sql = Sql {
            sqlite: "-- store.with_details\nSELECT leaf, name, salt, value FROM leaf_detail \
                     WHERE leaf IN (SELECT value FROM json_each($1)) ORDER BY leaf, name",
            postgres: "-- store.with_details\nSELECT leaf, name, salt, value FROM leaf_detail \
                       WHERE leaf IN (SELECT json_array_elements_text($1::json)) ORDER BY leaf, name",
        };
        let leaves = self.all(query_leaves).await?;
        let mut leaves = leaves.iter().map(leaf_of).collect::<Result<Vec<_>, _>>()?;
        let ids = json!(
            leaves
                .iter()
                .map(|leaf| leaf.id.to_string())
                .collect::<Vec<_>>()
        );
        for row in self
            .all(query(sql.of(self.dialect())).bind(ids.to_string()))
            .await?
        {
            let row = Reader::new("leaf_detail", &row);
            let owner: LeafId = row.parsed("leaf")?;
            let salt = row
                .bytes("salt")?
                .try_into()
                .map_err(|_| inconsistent("leaf_detail", "salt"))?;
            let detail = LeafDetail {
                name: row.text("name")?,
                salt,
                value: row.text("value")?,
            };
            if let Some(leaf) = leaves.iter_mut().find(|leaf| leaf.id == owner) {
                leaf.details.push(detail);
            }
        }
        Ok(leaves)
    }
}

fn leaf_of(row: &AnyRow) -> Result<StoredLeaf, StoreError> {
    let row = Reader::new("leaf", row);
    Ok(StoredLeaf {
        id: row.parsed("id")?,
        seq: row.number_or_null("seq")?.map(i64::unsigned_abs),
        at: row.instant("at")?,
        canonical: row.bytes("canonical")?,
        hash: row.hash("hash")?,
        link: row.hash_or_null("link")?,
        details: Vec::new(),
    })
}

fn size(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
