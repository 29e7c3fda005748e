//! Resources and their versions: the FHIR text as it is, the shelf beside it, where it came from.

use renkei_model::id::{FacilityCode, MessageId, NetworkName, RecordId, ResourceId};
use renkei_model::leaf::Hash;
use renkei_model::{Instant, Permit, Shelf};
use serde_json::{Value, json};

use crate::fault::{StoreError, inconsistent};
use crate::permit::{on_network, write_permit};
use crate::sql::{Reader, Sql, insert_many, query};
use crate::tx::Tx;

/// Where a native record went when it came for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The sheet: its Bundle's id.
    pub sheet: ResourceId,
    /// The record.
    pub record: RecordId,
    /// The sender's number of the version that is stored (modId).
    pub native_version: i64,
    /// SHA-256 of the native record.
    pub content_sha256: Hash,
    /// Whose it was when it first said so: name in kana, folded. Later versions do not change it, so that
    /// small steps do not lead to another person.
    pub kana: Option<String>,
    /// Whose it was when it first said so: date of birth, `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// The resources it was mapped to.
    pub parts: Vec<OriginPart>,
}

/// One resource of a native record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPart {
    /// The profile's key: `patient`, `contact[0]`.
    pub key: String,
    /// The resource.
    pub resource: ResourceId,
    /// `Condition`, `RelatedPerson`, ...
    pub resource_type: String,
    /// The shelf of its current version.
    pub shelf: Shelf,
    /// Its current version.
    pub version: i64,
    /// Whether that version says that it was deleted.
    pub deleted: bool,
}

/// What is to be remembered of a native record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrigin {
    /// The network.
    pub network: NetworkName,
    /// The facility that wrote it.
    pub owner: FacilityCode,
    /// The profile's kind of message.
    pub kind: String,
    /// The sender's number of the record (recordId).
    pub native_key: String,
    /// The sheet. Stays the same over all versions.
    pub sheet: ResourceId,
    /// The record. Stays the same over all versions.
    pub record: RecordId,
    /// The sender's number of the version (modId).
    pub native_version: i64,
    /// SHA-256 of the native record.
    pub content_sha256: Hash,
    /// Whose it is, in this version: name in kana, folded.
    pub kana: Option<String>,
    /// Whose it is: date of birth, `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// The day of what it tells, `YYYY-MM-DD`: the admission. For reports.
    pub event_date: Option<String>,
    /// The facility that it was written for, as the message says it. For reports.
    pub destination: Option<String>,
    /// Key and resource; keys that are there already keep their resource.
    pub parts: Vec<(String, ResourceId)>,
}

/// A new version of a resource. Version 1 makes the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// The resource.
    pub resource: ResourceId,
    /// `Patient`, `Bundle`, ...
    pub resource_type: String,
    /// From 1, without gaps.
    pub version: i64,
    /// What rights are decided on.
    pub shelf: Shelf,
    /// When.
    pub at: Instant,
    /// The message that brought it.
    pub message: MessageId,
    /// The JSON text, stored to the letter.
    pub text: String,
    /// Whether this version says that the resource was deleted.
    pub deleted: bool,
    /// The profile that mapped it.
    pub profile_version: String,
    /// What a search finds it by.
    pub index: Vec<IndexRow>,
    /// JSON: which element came from which bytes of the message; empty for none.
    pub lineage: String,
}

/// A search parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The parameter: `identifier`.
    pub param: String,
    /// A token's system.
    pub system: Option<String>,
    /// The value.
    pub value: String,
    /// The value folded, for searching names by their beginning.
    pub folded: Option<String>,
    /// A date's first microsecond.
    pub low: Option<i64>,
    /// A date's last microsecond, plus one.
    pub high: Option<i64>,
}

const PARTS: Sql = insert_many!(
    "origin_put", "origin_part", "sheet" "TEXT", "part_key" "TEXT", "resource" "TEXT";
    "ON CONFLICT (sheet, part_key) DO NOTHING"
);
const FIRSTS: Sql = insert_many!(
    "versions_put", "resource",
    "id" "TEXT", "network" "TEXT", "record" "TEXT", "type" "TEXT", "current" "BIGINT",
    "source_message" "TEXT"; ""
);
const LATERS: Sql = Sql {
    sqlite: "-- store.versions_put\nUPDATE resource SET current = n.version FROM (SELECT \
             value->>'$.resource' AS resource, value->>'$.version' AS version, \
             value->>'$.record' AS record, value->>'$.type' AS type FROM json_each($1)) AS n \
             WHERE resource.id = n.resource AND resource.current = n.version - 1 \
             AND resource.record = n.record AND resource.type = n.type",
    postgres: "-- store.versions_put\nUPDATE resource SET current = n.version FROM \
               json_to_recordset($1::json) AS n(resource TEXT, version BIGINT, record TEXT, type TEXT) \
               WHERE resource.id = n.resource AND resource.current = n.version - 1 \
               AND resource.record = n.record AND resource.type = n.type",
};
const VERSIONS: Sql = insert_many!(
    "versions_put", "version",
    "resource" "TEXT", "version" "BIGINT", "network" "TEXT", "record" "TEXT", "category" "TEXT",
    "category_bit" "BIGINT", "owner" "TEXT", "sensitivity" "TEXT", "at" "BIGINT", "message" "TEXT",
    "deleted" "BIGINT", "profile_version" "TEXT", "policy" "TEXT", "text" "TEXT"; ""
);
const UNINDEX: Sql = Sql {
    sqlite: "-- store.versions_put\nDELETE FROM search_index WHERE resource IN \
             (SELECT value->>'$.resource' FROM json_each($1))",
    postgres: "-- store.versions_put\nDELETE FROM search_index WHERE resource IN \
               (SELECT n.resource FROM json_to_recordset($1::json) AS n(resource TEXT))",
};
const INDEX: Sql = insert_many!(
    "versions_put", "search_index",
    "resource" "TEXT", "type" "TEXT", "param" "TEXT", "system" "TEXT", "value" "TEXT",
    "folded" "TEXT", "low" "BIGINT", "high" "BIGINT"; ""
);
const LINEAGE: Sql = insert_many!(
    "versions_put", "lineage",
    "message" "TEXT", "resource" "TEXT", "version" "BIGINT", "json" "TEXT"; ""
);

impl Tx {
    /// Where this native record went. Holds it until the transaction ends.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn origin_find(
        &mut self,
        network: &NetworkName,
        owner: &FacilityCode,
        kind: &str,
        native_key: &str,
    ) -> Result<Option<Origin>, StoreError> {
        self.hold(
            "origin",
            &[network.as_str(), owner.as_str(), kind, native_key],
        )
        .await?;
        let sql = "-- store.origin_find\nSELECT sheet, record, native_version, content_sha256, kana_folded, birth_date FROM origin \
                   WHERE network = $1 AND owner = $2 AND kind = $3 AND native_key = $4";
        let query_origin = query(sql)
            .bind(network.as_str())
            .bind(owner.as_str())
            .bind(kind.to_owned())
            .bind(native_key.to_owned());
        let Some(row) = self.find(query_origin).await? else {
            return Ok(None);
        };
        let row = Reader::new("origin", &row);
        let sheet: ResourceId = row.parsed("sheet")?;
        let sql = "-- store.origin_find\nSELECT p.part_key, p.resource, r.type, v.network, v.record, v.category, \
                   v.owner, v.sensitivity, v.version, v.deleted FROM origin_part p JOIN resource r ON r.id = p.resource \
                   JOIN version v ON v.resource = r.id AND v.version = r.current \
                   WHERE p.sheet = $1 ORDER BY p.part_key";
        let mut parts = Vec::new();
        for part in self.all(query(sql).bind(sheet.to_string())).await? {
            let part = Reader::new("origin_part", &part);
            parts.push(OriginPart {
                key: part.text("part_key")?,
                resource: part.parsed("resource")?,
                resource_type: part.text("type")?,
                shelf: part.shelf()?,
                version: part.number("version")?,
                deleted: part.flag("deleted")?,
            });
        }
        Ok(Some(Origin {
            sheet,
            record: row.parsed("record")?,
            native_version: row.number("native_version")?,
            content_sha256: row.hash("content_sha256")?,
            kana: row.text_or_null("kana_folded")?,
            birth_date: row.text_or_null("birth_date")?,
            parts,
        }))
    }

    /// Remembers where a native record went, or that a newer version of it came.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it has gone to another sheet or record before.
    pub async fn origin_put(
        &mut self,
        permit: &Permit,
        origin: &NewOrigin,
    ) -> Result<(), StoreError> {
        write_permit(permit, &origin.network, "origin")?;
        let sql = "-- store.origin_put\nINSERT INTO origin (network, owner, kind, native_key, sheet, record, \
                   native_version, content_sha256, kana_folded, birth_date, event_date, destination) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                   ON CONFLICT (network, owner, kind, native_key) DO UPDATE SET \
                   native_version = excluded.native_version, content_sha256 = excluded.content_sha256, \
                   kana_folded = coalesce(origin.kana_folded, excluded.kana_folded), \
                   birth_date = coalesce(origin.birth_date, excluded.birth_date), \
                   event_date = excluded.event_date, destination = excluded.destination \
                   WHERE origin.sheet = excluded.sheet AND origin.record = excluded.record";
        let upsert = query(sql)
            .bind(origin.network.as_str())
            .bind(origin.owner.as_str())
            .bind(&*origin.kind)
            .bind(&*origin.native_key)
            .bind(origin.sheet.to_string())
            .bind(origin.record.to_string())
            .bind(origin.native_version)
            .bind(&origin.content_sha256[..])
            .bind(origin.kana.clone())
            .bind(origin.birth_date.clone())
            .bind(origin.event_date.clone())
            .bind(origin.destination.clone());
        if self.execute(upsert).await? != 1 {
            return Err(StoreError::Conflict);
        }
        let sheet = origin.sheet.to_string();
        let part = |(key, resource): &(String, ResourceId)| json!({ "sheet": sheet, "part_key": key, "resource": resource.to_string() });
        self.many(PARTS, origin.parts.iter().map(part).collect())
            .await
            .map(drop)
    }

    /// Stores new versions, a handful of statements for all of them together.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a category or network that the permit does not allow;
    /// [`StoreError::Conflict`] when a version is not the next one of its resource.
    pub async fn versions_put(
        &mut self,
        permit: &Permit,
        versions: &[NewVersion],
    ) -> Result<(), StoreError> {
        for new in versions {
            on_network(permit, &new.shelf.network, "version")?;
            if !permit.allows_write(new.shelf.category) {
                return Err(inconsistent(
                    "version",
                    "the permit does not allow the category",
                ));
            }
            if new.version < 1 {
                return Err(inconsistent("version", "versions count from 1"));
            }
        }
        let (firsts, laters): (Vec<_>, Vec<_>) = versions.iter().partition(|new| new.version == 1);
        self.many(FIRSTS, firsts.into_iter().map(resource_row).collect())
            .await?;
        let laters: Vec<Value> = laters.into_iter().map(resource_row).collect();
        let expected = laters.len() as u64;
        if self.many(LATERS, laters.clone()).await? != expected {
            return Err(StoreError::Conflict);
        }
        let rows = versions
            .iter()
            .map(|new| version_row(new, permit.policy()))
            .collect();
        self.many(VERSIONS, rows).await?;
        self.many(UNINDEX, laters).await?;
        let current = versions.iter().filter(|new| !new.deleted);
        self.many(INDEX, current.flat_map(index_rows).collect())
            .await?;
        let traced = versions.iter().filter(|new| !new.lineage.is_empty());
        self.many(LINEAGE, traced.map(lineage_row).collect())
            .await
            .map(drop)
    }

    /// One statement for many rows; none for none. How many rows it touched.
    pub(crate) async fn many(&mut self, sql: Sql, rows: Vec<Value>) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let sql = sql.of(self.dialect());
        self.execute(query(sql).bind(Value::Array(rows).to_string()))
            .await
    }
}

fn resource_row(new: &NewVersion) -> Value {
    let resource = new.resource.to_string();
    json!({
        "id": resource, "resource": resource, "network": new.shelf.network.as_str(),
        "record": new.shelf.record.to_string(), "type": new.resource_type, "current": new.version,
        "version": new.version, "source_message": new.message.to_string(),
    })
}

fn version_row(new: &NewVersion, policy: &str) -> Value {
    json!({
        "resource": new.resource.to_string(), "version": new.version,
        "network": new.shelf.network.as_str(), "record": new.shelf.record.to_string(),
        "category": new.shelf.category.as_str(), "category_bit": new.shelf.category.bit(),
        "owner": new.shelf.owner.as_str(), "sensitivity": new.shelf.sensitivity.as_str(),
        "at": new.at.0, "message": new.message.to_string(), "deleted": i64::from(new.deleted),
        "profile_version": new.profile_version, "policy": policy, "text": new.text,
    })
}

fn index_rows(new: &NewVersion) -> impl Iterator<Item = Value> {
    let resource = new.resource.to_string();
    new.index.iter().map(move |row| {
        json!({
            "resource": resource, "type": new.resource_type, "param": row.param,
            "system": row.system, "value": row.value, "folded": row.folded, "low": row.low,
            "high": row.high,
        })
    })
}

fn lineage_row(new: &NewVersion) -> Value {
    json!({
        "message": new.message.to_string(), "resource": new.resource.to_string(),
        "version": new.version, "json": new.lineage,
    })
}
