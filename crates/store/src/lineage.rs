//! Which element came from which bytes of a message.

use renkei_model::Permit;
use renkei_model::id::{MessageId, NetworkName, RecordId};
use sqlx::any::AnyRow;

use crate::fault::StoreError;
use crate::sql::{Reader, query};
use crate::store::Store;
use crate::visible::{VisibleVersion, look, version_of, visible};

/// A version that a message brought, with where its elements came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedVersion {
    /// The version, which the caller may read in full.
    pub version: VisibleVersion,
    /// FHIR type.
    pub resource_type: String,
    /// Its lineage as the shelve room wrote it: JSON.
    pub lineage: String,
}

/// As for old versions elsewhere, the current one has to be visible too, and not deleted: what was made
/// secret later is secret.
const TRACED: &str = visible!(
    "visible_lineage",
    "SELECT a.*, r.type, l.json FROM lineage l JOIN resource r ON r.id = l.resource
     JOIN visible c ON c.resource = r.id AND c.version = r.current
     JOIN visible a ON a.resource = r.id AND a.version = l.version
     WHERE l.message = $8 AND c.deleted = 0 ORDER BY r.record, r.type, r.id"
);

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[TRACED];

impl Store {
    /// The versions that a message brought, as far as the caller may see them; none for a message that is
    /// not there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_lineage(
        &self,
        permit: &Permit,
        message: MessageId,
    ) -> Result<Vec<TracedVersion>, StoreError> {
        let query = look(permit, TRACED)?.bind(message.to_string());
        let traced = |row: &AnyRow| {
            let version = version_of(row)?;
            let row = Reader::new("lineage", row);
            Ok(TracedVersion {
                version,
                resource_type: row.text("type")?,
                lineage: row.text("json")?,
            })
        };
        self.all(query).await?.iter().map(traced).collect()
    }

    /// The records that a message was about, for the audit leaf of a look that was refused. What it finds
    /// must never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn message_behind(
        &self,
        message: MessageId,
    ) -> Result<Vec<(NetworkName, RecordId)>, StoreError> {
        let sql = "-- store.message_behind\nSELECT DISTINCT r.network, r.record FROM lineage l \
                   JOIN resource r ON r.id = l.resource WHERE l.message = $1 ORDER BY r.record";
        let behind = |row: &AnyRow| {
            let row = Reader::new("resource", row);
            Ok((row.parsed("network")?, row.parsed("record")?))
        };
        let rows = self.all(query(sql).bind(message.to_string())).await?;
        rows.iter().map(behind).collect()
    }
}
