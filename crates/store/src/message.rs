//! Messages, the dedup table, quarantine.

use renkei_model::id::{EpisodeId, FacilityCode, MessageId, NetworkName, RequestId};
use renkei_model::message::{DedupKey, StoredAnswer};
use renkei_model::{Instant, Permit};
use sqlx::any::AnyRow;

use crate::blob::Body;
use crate::fault::{StoreError, inconsistent};
use crate::pack::{Kept, text_of};
use crate::permit::write_permit;
use crate::script::{Step, single};
use crate::sql::{Dialect, Reader, query};
use crate::store::Store;
use crate::tx::Tx;

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// The network whose door it came by.
    pub network: NetworkName,
    /// The sender's facility.
    pub sender: FacilityCode,
    /// The profile's kind of message: `admission-slip`.
    pub kind: String,
    /// When it arrived.
    pub received_at: Instant,
    /// The bytes, kept by [`crate::Store::blob_keep`].
    pub body: Body,
    /// The request that brought it.
    pub request: RequestId,
    /// The stay in hospital that it belongs to.
    pub episode: Option<EpisodeId>,
    /// The profile that mapped it.
    pub profile_version: String,
    /// The policy set that allowed it.
    pub policy: String,
}

/// A refused message of a known sender, kept with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuarantine {
    /// The network whose door it came by.
    pub network: NetworkName,
    /// The sender's facility.
    pub sender: FacilityCode,
    /// When it arrived.
    pub received_at: Instant,
    /// The bytes, kept by [`crate::Store::blob_keep`].
    pub body: Body,
    /// Why it was refused, one word: `structure`, `stale`, ...
    pub reason: String,
    /// The answer that was given.
    pub answer: String,
    /// The request that brought it.
    pub request: RequestId,
}

pub(crate) fn dedup(key: &DedupKey) -> Step {
    let sql = "-- store.dedup_find\nSELECT message, body_sha256, answer, packed, records FROM dedup \
               WHERE network = ? AND sender = ? AND sender_key = ?";
    Step::new(sql)
        .bind(key.network.as_str())
        .bind(&*key.sender)
        .bind(&*key.key)
}

fn answer(row: &AnyRow) -> Result<StoredAnswer, StoreError> {
    let row = Reader::new("dedup", row);
    let records = row.text("records")?;
    let records: Result<_, _> = records
        .split(',')
        .filter(|id| !id.is_empty())
        .map(str::parse)
        .collect();
    Ok(StoredAnswer {
        message: row.parsed("message")?,
        body_sha256: row.hash("body_sha256")?,
        answer: text_of(&row, "answer", "packed")?,
        records: records.map_err(|_| inconsistent("dedup", "records"))?,
    })
}

impl Store {
    /// The answer that the same message got before, without waiting for a message that is under way.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn dedup_find(&self, key: &DedupKey) -> Result<Option<StoredAnswer>, StoreError> {
        let asked = single(dedup(key), self.dialect());
        let found = self.find(asked).await?;
        found.as_ref().map(answer).transpose()
    }
}

impl Tx {
    /// The answer that the same message got before. Holds the key until the transaction ends, so
    /// that of two equal messages at once the second finds the answer of the first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn dedup_find(
        &mut self,
        key_of: &DedupKey,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        let DedupKey {
            network,
            sender,
            key,
        } = key_of;
        self.hold("dedup", &[network.as_str(), sender, key]).await?;
        let found = self.ask(dedup(key_of)).await?;
        found.first().map(answer).transpose()
    }

    /// Keeps the answer for when the same message comes again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the key has an answer already.
    pub async fn dedup_put(
        &mut self,
        key: &DedupKey,
        answer: &StoredAnswer,
    ) -> Result<(), StoreError> {
        let sql = "-- store.dedup_put\nINSERT INTO dedup (network, sender, sender_key, message, \
                   body_sha256, answer, packed, records) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let records: Vec<String> = answer.records.iter().map(ToString::to_string).collect();
        let kept = Kept::seldom_read(answer.answer.clone());
        let step = Step::new(sql)
            .bind(key.network.as_str())
            .bind(&*key.sender)
            .bind(&*key.key)
            .bind(answer.message.to_string())
            .bind(&answer.body_sha256[..])
            .bind(kept.text)
            .bind(kept.packed)
            .bind(records.join(","));
        self.put([step.beside()]).await
    }

    /// Stores the message itself.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn message_put(
        &mut self,
        permit: &Permit,
        message: &NewMessage,
    ) -> Result<(), StoreError> {
        write_permit(permit, &message.network, "message")?;
        let sql = "-- store.message_put\nINSERT INTO message (id, network, sender, kind, received_at, \
                   body_sha256, body, body_path, bytes, request, episode, profile_version, policy) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let step = Step::new(sql)
            .bind(message.id.to_string())
            .bind(message.network.as_str())
            .bind(message.sender.as_str())
            .bind(&*message.kind)
            .bind(message.received_at.0)
            .bind(&message.body.sha256[..])
            .bind(message.body.inline.clone())
            .bind(message.body.path.clone())
            .bind(size(&message.body))
            .bind(message.request.to_string())
            .bind(message.episode.map(|id| id.to_string()))
            .bind(&*message.profile_version)
            .bind(&*message.policy);
        self.put([step.beside()]).await
    }

    /// Keeps a refused message; the id of its row.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn quarantine_put(
        &mut self,
        refused: &NewQuarantine,
    ) -> Result<MessageId, StoreError> {
        let id = MessageId::new();
        let sql = "-- store.quarantine_put\nINSERT INTO quarantine (id, network, sender, received_at, \
                   body_sha256, body, body_path, bytes, reason, answer, request) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let query = query(sql)
            .bind(id.to_string())
            .bind(refused.network.as_str())
            .bind(refused.sender.as_str())
            .bind(refused.received_at.0)
            .bind(&refused.body.sha256[..])
            .bind(refused.body.inline.clone())
            .bind(refused.body.path.clone())
            .bind(size(&refused.body))
            .bind(&*refused.reason)
            .bind(&*refused.answer)
            .bind(refused.request.to_string());
        self.execute(query).await?;
        Ok(id)
    }

    /// Holds a name until the transaction ends. SQLite has one writer: everything is held there.
    pub(crate) async fn hold(&mut self, what: &str, parts: &[&str]) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        // The unit separator cannot be part of a name, so that ("a", "bc") is not ("ab", "c").
        let name = format!("{what}\u{1f}{}", parts.join("\u{1f}"));
        let sql =
            "-- store.hold\nSELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text AS held";
        self.find(query(sql).bind(name)).await.map(drop)
    }

    /// Holds several names of one kind, in an order that is the same for everybody: nobody waits in a
    /// circle.
    pub(crate) async fn hold_many(&mut self, what: &str, names: &[&str]) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Sqlite || names.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("{what}\u{1f}{name}"))
            .collect();
        let sql = "-- store.hold_many\nSELECT pg_advisory_xact_lock(k.name)::text AS held FROM \
                   (SELECT DISTINCT hashtextextended(n.value, 0) AS name \
                   FROM json_array_elements_text($1::json) AS n ORDER BY 1) AS k";
        let names = serde_json::json!(names).to_string();
        self.all(query(sql).bind(names)).await.map(drop)
    }
}

fn size(body: &Body) -> i64 {
    i64::try_from(body.bytes).unwrap_or(i64::MAX)
}
