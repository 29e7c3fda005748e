//! Which element came from which bytes of a message.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use renkei_model::Permit;
use renkei_model::id::{MessageId, NetworkName, RecordId, ResourceId};
use serde_json::value::RawValue;
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::pack::text_of;
use crate::sql::{Reader, query};
use crate::store::Store;
use crate::visible::{VisibleVersion, look, told, version_of, visible};

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
/// The row of a sheet holds the lineage of all its resources; in older schemas each had one of its own.
const TRACED: &str = visible!(
    "visible_lineage",
    "SELECT ",
    told!("a"),
    ", a.record AS record, a.resource AS resource, r.type AS type, l.resource AS traced, l.json, l.packed AS json_packed
     FROM lineage l JOIN origin_part p ON p.sheet = l.resource
     JOIN resource r ON r.id = p.resource
     JOIN visible c ON c.resource = r.id AND c.version = r.current
     JOIN visible a ON a.resource = r.id AND a.message = l.message
     WHERE l.message = $8 AND c.deleted = 0 AND a.deleted = 0 AND r.id <> l.resource
     UNION ALL
     SELECT ",
    told!("a"),
    ", a.record AS record, a.resource AS resource, r.type AS type, l.resource AS traced, l.json, l.packed AS json_packed
     FROM lineage l JOIN resource r ON r.id = l.resource
     JOIN visible c ON c.resource = r.id AND c.version = r.current
     JOIN visible a ON a.resource = r.id AND a.version = l.version
     WHERE l.message = $8 AND c.deleted = 0 AND r.type <> 'Bundle'
     ORDER BY record, type, resource"
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
        let mut sheets = HashMap::new();
        let mut found = Vec::new();
        for row in &self.all(query).await? {
            found.extend(traced(row, &mut sheets)?);
        }
        Ok(found)
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

/// The lineage of each resource of a sheet.
type Sheet = HashMap<String, Box<RawValue>>;

fn traced(
    row: &AnyRow,
    sheets: &mut HashMap<ResourceId, Sheet>,
) -> Result<Option<TracedVersion>, StoreError> {
    let version = version_of(row)?;
    let row = Reader::new("lineage", row);
    let holder: ResourceId = row.parsed("traced")?;
    let lineage = if holder == version.resource {
        Some(text_of(&row, "json", "json_packed")?)
    } else {
        let sheet = match sheets.entry(holder) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let text = text_of(&row, "json", "json_packed")?;
                let sheet = serde_json::from_str(&text);
                new.insert(sheet.map_err(|_| inconsistent("lineage", "json"))?)
            }
        };
        let lineage = sheet.get(&version.resource.to_string());
        lineage.map(|lineage| lineage.get().to_owned())
    };
    let resource_type = row.text("type")?;
    Ok(lineage.map(|lineage| TracedVersion {
        version,
        resource_type,
        lineage,
    }))
}
