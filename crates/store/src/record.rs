//! Records, persons and the identifiers that lead to them.

use renkei_model::id::{MessageId, NetworkName, PersonId, RecordId};
use renkei_model::{Face, Instant, Permit};
use serde_json::json;
use uuid::Uuid;

use crate::face::face_of;
use crate::fault::{StoreError, inconsistent};
use crate::permit::write_permit;
use crate::sql::{Reader, Sql, insert_many, query};
use crate::tx::Tx;

/// A record that carries one of the identifiers that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierMatch {
    /// The identifier's system.
    pub system: String,
    /// The identifier's value.
    pub value: String,
    /// How strong it is, as it was stored: 0 regional id, 1 facility's patient id, 2 insured person's.
    pub rank: i64,
    /// The record.
    pub record: RecordId,
    /// Who the record's newest sheet says that it is; of a record without a face, its folded kana and
    /// its birth date.
    pub face: Face,
}

const IDENTIFIERS: Sql = insert_many!(
    "identifiers_add", "identifier",
    "network" "TEXT", "system" "TEXT", "value" "TEXT", "record" "TEXT", "rank" "BIGINT", "message" "TEXT";
    "ON CONFLICT (network, system, value, record) DO NOTHING"
);

impl Tx {
    /// Holds identity keys until the transaction ends, so that two messages about one new human
    /// being do not make two records. Sorted here: nobody waits in a circle.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn identity_lock(&mut self, keys: &[String]) -> Result<(), StoreError> {
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            self.hold("identity", &[key]).await?;
        }
        Ok(())
    }

    /// Every record of the network that carries one of these (system, value) pairs.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn identifier_match(
        &mut self,
        network: &NetworkName,
        identifiers: &[(String, String)],
    ) -> Result<Vec<IdentifierMatch>, StoreError> {
        let sql = "-- store.identifier_match\nSELECT i.system, i.value, i.rank, i.record, \
                   coalesce(f.kana, CASE WHEN f.sheet IS NULL THEN r.kana_folded END) AS kana, \
                   coalesce(f.birth_date, CASE WHEN f.sheet IS NULL THEN r.birth_date END) AS birth_date, \
                   f.name, f.sex, f.address, f.district, f.postal_code, coalesce(f.phones, '[]') AS phones, \
                   f.deceased, f.moved FROM identifier i JOIN record r ON r.id = i.record \
                   LEFT JOIN face f ON f.sheet = (SELECT n.sheet FROM face n WHERE n.record = i.record \
                     ORDER BY n.at DESC, n.sheet DESC LIMIT 1) \
                   WHERE i.network = $1 AND i.system = $2 AND i.value = $3 ORDER BY i.record";
        let mut found = Vec::new();
        for (system, value) in identifiers {
            let query = query(sql)
                .bind(network.as_str())
                .bind(&**system)
                .bind(&**value);
            for row in self.all(query).await? {
                let row = Reader::new("identifier", &row);
                found.push(IdentifierMatch {
                    system: row.text("system")?,
                    value: row.text("value")?,
                    rank: row.number("rank")?,
                    record: row.parsed("record")?,
                    face: face_of(&row)?,
                });
            }
        }
        Ok(found)
    }

    /// A new record, with a person of its own.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_create(
        &mut self,
        network: &NetworkName,
        kana: Option<&str>,
        birth_date: Option<&str>,
        at: Instant,
    ) -> Result<RecordId, StoreError> {
        let (record, person) = (RecordId::new(), PersonId::new());
        let sql = "-- store.record_create\nINSERT INTO record (id, network, kind, kana_folded, birth_date, \
                   created_at) VALUES ($1, $2, 'resident', $3, $4, $5)";
        let insert = query(sql)
            .bind(record.to_string())
            .bind(network.as_str())
            .bind(kana.map(str::to_owned))
            .bind(birth_date.map(str::to_owned))
            .bind(at.0);
        self.execute(insert).await?;
        let sql = "-- store.record_create\nINSERT INTO person (id, created_at) VALUES ($1, $2)";
        self.execute(query(sql).bind(person.to_string()).bind(at.0))
            .await?;
        let sql = "-- store.record_create\nINSERT INTO link (id, record, person, since, by_actor, why) \
                   VALUES ($1, $2, $3, $4, 'system', 'first seen')";
        let insert = query(sql)
            .bind(Uuid::now_v7().to_string())
            .bind(record.to_string())
            .bind(person.to_string())
            .bind(at.0);
        self.execute(insert).await?;
        Ok(record)
    }

    /// Adds identifiers (system, value, rank) to a record; those it has already stay as they are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn identifiers_add(
        &mut self,
        permit: &Permit,
        record: RecordId,
        identifiers: &[(String, String, u8)],
        message: MessageId,
    ) -> Result<(), StoreError> {
        let [network] = permit.networks() else {
            return Err(inconsistent(
                "identifier",
                "the permit is not for one network",
            ));
        };
        write_permit(permit, network, "identifier")?;
        let rows: Vec<_> = identifiers
            .iter()
            .map(|(system, value, rank)| {
                json!({
                    "network": network.as_str(), "system": system, "value": value,
                    "record": record.to_string(), "rank": rank, "message": message.to_string(),
                })
            })
            .collect();
        self.many(IDENTIFIERS, rows).await.map(drop)
    }

    /// The record of the network that holds what belongs to no patient; made on first use.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn directory_record(
        &mut self,
        network: &NetworkName,
        at: Instant,
    ) -> Result<RecordId, StoreError> {
        let sql = "-- store.directory_record\nINSERT INTO record (id, network, kind, created_at) \
                   VALUES ($1, $2, 'directory', $3) ON CONFLICT DO NOTHING";
        let insert = query(sql)
            .bind(RecordId::new().to_string())
            .bind(network.as_str())
            .bind(at.0);
        self.execute(insert).await?;
        let sql = "-- store.directory_record\nSELECT id FROM record \
                   WHERE network = $1 AND kind = 'directory'";
        let row = self.find(query(sql).bind(network.as_str())).await?;
        let row = row.ok_or(inconsistent("record", "no directory record"))?;
        Reader::new("record", &row).parsed("id")
    }
}
