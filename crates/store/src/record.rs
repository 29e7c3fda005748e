//! Records, persons and the identifiers that lead to them.

use renkei_model::id::{MessageId, NetworkName, PersonId, RecordId};
use renkei_model::{Face, Instant, Permit};
use uuid::Uuid;

use crate::face::face_of;
use crate::fault::{StoreError, inconsistent};
use crate::permit::write_permit;
use crate::script::Kind::{Number, Text};
use crate::script::{Rows, Step};
use crate::sql::{Reader, query};
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

const IDENTIFIERS: Rows = Rows {
    head: "-- store.identifiers_add\nINSERT INTO identifier (network, system, value, record, rank, message) \
           SELECT column1, column2, column3, column4, column5, column6",
    kinds: &[Text, Text, Text, Text, Number, Text],
    tail: "ON CONFLICT (network, system, value, record) DO NOTHING",
    beside: true,
};

impl Tx {
    /// Holds identity keys until the transaction ends, so that two messages about one new human
    /// being do not make two records. Sorted here: nobody waits in a circle.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn identity_lock(&mut self, keys: &[String]) -> Result<(), StoreError> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.hold_many("identity", &keys).await
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
        let record = RecordId::new();
        self.record_put(network, record, (kana, birth_date), at)
            .await?;
        Ok(record)
    }

    /// A new record under an id that nobody has, with a person of its own.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody has the id.
    pub async fn record_put(
        &mut self,
        network: &NetworkName,
        record: RecordId,
        (kana, birth_date): (Option<&str>, Option<&str>),
        at: Instant,
    ) -> Result<(), StoreError> {
        let (id, person) = (record.to_string(), PersonId::new().to_string());
        let sql = "-- store.record_put\nINSERT INTO record (id, network, kind, kana_folded, birth_date, \
                   created_at) VALUES (?, ?, 'resident', ?, ?, ?)";
        let resident = Step::new(sql)
            .bind(&*id)
            .bind(network.as_str())
            .bind(kana.map(str::to_owned))
            .bind(birth_date.map(str::to_owned))
            .bind(at.0);
        let sql = "-- store.record_put\nINSERT INTO person (id, created_at) VALUES (?, ?)";
        let somebody = Step::new(sql).bind(&*person).bind(at.0);
        let sql = "-- store.record_put\nINSERT INTO link (id, record, person, since, by_actor, why) \
                   VALUES (?, ?, ?, ?, 'system', 'first seen')";
        let link = Step::new(sql)
            .bind(Uuid::now_v7().to_string())
            .bind(id)
            .bind(person)
            .bind(at.0);
        self.put([resident.beside(), somebody.beside(), link.beside()])
            .await
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
        let row = |(system, value, rank): &(String, String, u8)| {
            vec![
                network.as_str().into(),
                system.clone().into(),
                value.clone().into(),
                record.to_string().into(),
                i64::from(*rank).into(),
                message.to_string().into(),
            ]
        };
        self.put(IDENTIFIERS.steps(identifiers.iter().map(row).collect()))
            .await
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
