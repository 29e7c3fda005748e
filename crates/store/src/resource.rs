//! Resources and their versions: the FHIR text as it is, the shelf beside it, where it came from.

use std::collections::HashMap;

use renkei_model::id::{FacilityCode, MessageId, NetworkName, RecordId, ResourceId};
use renkei_model::leaf::Hash;
use renkei_model::{Category, Instant, Permit, Shelf};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::pack::Kept;
use crate::permit::{on_network, write_permit};
use crate::script::Kind::{Bytes, Number, Text};
use crate::script::{Argument, Rows, Step};
use crate::sql::{Dialect, Query, Reader, Sql, query};
use crate::store::Store;
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
    pub text: Kept,
    /// Whether this version says that the resource was deleted.
    pub deleted: bool,
    /// The profile that mapped it.
    pub profile_version: String,
    /// What a search finds it by.
    pub index: Vec<IndexRow>,
    /// Of a sheet: which element of its resources came from which bytes of the message. A JSON object from
    /// each resource's id to its lineage.
    pub lineage: Option<Kept>,
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

const ORIGINS: Sql = Sql {
    sqlite: "-- store.origins\nSELECT native_key, sheet, record, native_version, content_sha256, kana_folded, \
             birth_date FROM origin WHERE network = $1 AND owner = $2 AND kind = $3 \
             AND native_key IN (SELECT value FROM json_each($4))",
    postgres: "-- store.origins\nSELECT native_key, sheet, record, native_version, content_sha256, kana_folded, \
               birth_date FROM origin WHERE network = $1 AND owner = $2 AND kind = $3 \
               AND native_key IN (SELECT json_array_elements_text($4::json))",
};
const ORIGIN_PARTS: &str = "-- store.origins\nSELECT p.part_key, p.resource, r.type, v.network, v.record, \
    v.category, v.owner, v.sensitivity, v.version, v.deleted FROM origin_part p \
    JOIN resource r ON r.id = p.resource JOIN version v ON v.resource = r.id AND v.version = r.current \
    WHERE p.sheet = $1 ORDER BY p.part_key";
const PARTS: Rows = Rows {
    // Without a row of its own (it went elsewhere before) a sheet gets no parts either: the row is missed.
    head: "-- store.origin_put\nINSERT INTO origin_part (sheet, part_key, resource) \
           SELECT o.sheet, column1, column2 FROM (SELECT sheet FROM origin WHERE sheet = ?) AS o CROSS JOIN \
           (SELECT column1, column2",
    kinds: &[Text; 2],
    tail: ") AS p WHERE TRUE ON CONFLICT (sheet, part_key) DO NOTHING",
    beside: false,
};
const FIRSTS: Rows = Rows {
    head: "-- store.versions_put\nINSERT INTO resource (id, network, record, type, current, source_message, \
           owner) SELECT column1, ?, ?, column2, 1, ?, column3",
    kinds: &[Text; 3],
    tail: "",
    beside: true,
};
const LATERS: Rows = Rows {
    head: "-- store.versions_put\nUPDATE resource SET current = n.version, owner = n.owner FROM (SELECT \
           column1 AS id, column2 AS record, column3 AS type, column4 AS version, column5 AS owner",
    kinds: &[Text, Text, Text, Number, Text],
    tail: ") AS n WHERE resource.id = n.id AND resource.current = n.version - 1 \
           AND resource.record = n.record AND resource.type = n.type",
    // A first version may stand beside it in the same call.
    beside: false,
};
const VERSIONS: Rows = Rows {
    head: "-- store.versions_put\nINSERT INTO version (resource, version, network, record, category, \
           category_bit, owner, sensitivity, at, message, deleted, profile_version, policy, text, packed) \
           SELECT column1, column2, ?, ?, column3, column4, ?, column5, ?, ?, column6, ?, ?, column7, column8",
    kinds: &[Text, Number, Text, Number, Text, Number, Text, Bytes],
    tail: "",
    beside: true,
};
const UNINDEX: Rows = Rows {
    head: "-- store.versions_put\nDELETE FROM search_index WHERE resource IN (SELECT column1",
    kinds: &[Text],
    tail: ")",
    beside: true,
};
const INDEX: Rows = Rows {
    head: "-- store.versions_put\nINSERT INTO search_index (resource, type, param, system, value, folded, \
           low, high, network, record, owner) SELECT column1, column2, column3, column4, column5, column6, column7, \
           column8, CASE WHEN column6 IS NOT NULL THEN ? END, CASE WHEN column6 IS NOT NULL THEN ? END, column9",
    kinds: &[Text, Text, Text, Text, Text, Text, Number, Number, Text],
    tail: "",
    beside: true,
};
const LINEAGE: Rows = Rows {
    head: "-- store.versions_put\nINSERT INTO lineage (message, resource, version, json, packed) \
           SELECT column1, column2, column3, column4, column5",
    kinds: &[Text, Text, Number, Text, Bytes],
    tail: "",
    beside: true,
};
const ORIGIN: &str = "-- store.origin_put\nINSERT INTO origin (network, owner, kind, native_key, sheet, record, \
    native_version, content_sha256, kana_folded, birth_date, event_date, destination) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
    ON CONFLICT (network, owner, kind, native_key) DO UPDATE SET \
    native_version = excluded.native_version, content_sha256 = excluded.content_sha256, \
    kana_folded = coalesce(origin.kana_folded, excluded.kana_folded), \
    birth_date = coalesce(origin.birth_date, excluded.birth_date), \
    event_date = excluded.event_date, destination = excluded.destination \
    WHERE origin.sheet = excluded.sheet AND origin.record = excluded.record";

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
        let keys = [native_key.to_owned()];
        let found = query_origins(self.dialect(), (network, owner, kind), &keys);
        let rows = self.all(found).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let (_, origin) = origin_of(row)?;
        let parts = self.all(query_parts(origin.sheet)).await?;
        with_parts(origin, &parts).map(Some)
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
        let upsert = Step::new(ORIGIN)
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
            .bind(origin.destination.clone())
            .beside()
            .of_one_row();
        let sheet = origin.sheet.to_string();
        let part = |(key, resource): &(String, ResourceId)| {
            vec![key.clone().into(), resource.to_string().into()]
        };
        let parts = PARTS.steps_of(&[sheet.into()], origin.parts.iter().map(part).collect());
        self.put(std::iter::once(upsert).chain(parts)).await
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
        let mut steps = Vec::new();
        for alike in alike(firsts.iter().copied()) {
            let rows = alike.iter().map(|new| resource_row(new)).collect();
            steps.extend(FIRSTS.steps_of(&resource_shared(alike[0]), rows));
        }
        steps.extend(LATERS.counted(laters.iter().map(|new| later_row(new)).collect()));
        for alike in alike(versions.iter()) {
            let rows = alike.iter().map(|new| version_row(new)).collect();
            let shared = version_shared(alike[0], permit.policy());
            steps.extend(VERSIONS.steps_of(&shared, rows));
        }
        let unindexed = |new: &&NewVersion| vec![new.resource.to_string().into()];
        steps.extend(UNINDEX.steps(laters.iter().map(unindexed).collect()));
        for alike in alike(versions.iter().filter(|new| !new.deleted)) {
            let rows = alike.iter().flat_map(|new| index_rows(new)).collect();
            steps.extend(INDEX.steps_of(&index_shared(alike[0]), rows));
        }
        steps.extend(LINEAGE.steps(versions.iter().filter_map(lineage_row).collect()));
        self.put(steps).await
    }
}

impl Store {
    /// Where these native records went, by the sender's numbers of them; without waiting for a message that
    /// is under way.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn origins(
        &self,
        network: &NetworkName,
        owner: &FacilityCode,
        kind: &str,
        native_keys: &[String],
    ) -> Result<HashMap<String, Origin>, StoreError> {
        let query = query_origins(self.dialect(), (network, owner, kind), native_keys);
        let mut found = HashMap::new();
        for row in &self.all(query).await? {
            let (key, origin) = origin_of(row)?;
            let parts = self.all(query_parts(origin.sheet)).await?;
            found.insert(key, with_parts(origin, &parts)?);
        }
        Ok(found)
    }
}

fn query_origins(
    dialect: Dialect,
    (network, owner, kind): (&NetworkName, &FacilityCode, &str),
    native_keys: &[String],
) -> Query {
    query(ORIGINS.of(dialect))
        .bind(network.to_string())
        .bind(owner.to_string())
        .bind(kind.to_owned())
        .bind(json!(native_keys).to_string())
}

fn query_parts(sheet: ResourceId) -> Query {
    query(ORIGIN_PARTS).bind(sheet.to_string())
}

/// The sender's number of it, and where it went; its parts are still to come.
fn origin_of(row: &AnyRow) -> Result<(String, Origin), StoreError> {
    let row = Reader::new("origin", row);
    let origin = Origin {
        sheet: row.parsed("sheet")?,
        record: row.parsed("record")?,
        native_version: row.number("native_version")?,
        content_sha256: row.hash("content_sha256")?,
        kana: row.text_or_null("kana_folded")?,
        birth_date: row.text_or_null("birth_date")?,
        parts: Vec::new(),
    };
    Ok((row.text("native_key")?, origin))
}

fn with_parts(mut origin: Origin, parts: &[AnyRow]) -> Result<Origin, StoreError> {
    for part in parts {
        let part = Reader::new("origin_part", part);
        origin.parts.push(OriginPart {
            key: part.text("part_key")?,
            resource: part.parsed("resource")?,
            resource_type: part.text("type")?,
            shelf: part.shelf()?,
            version: part.number("version")?,
            deleted: part.flag("deleted")?,
        });
    }
    Ok(origin)
}

/// Versions in their order, by what their rows share: those of one message and record are one piece.
fn alike<'v>(versions: impl Iterator<Item = &'v NewVersion>) -> Vec<Vec<&'v NewVersion>> {
    let shared = |one: &NewVersion, other: &NewVersion| {
        let (shelf, others) = (&one.shelf, &other.shelf);
        (shelf.record, &shelf.network, &shelf.owner)
            == (others.record, &others.network, &others.owner)
            && (one.at, one.message, &one.profile_version)
                == (other.at, other.message, &other.profile_version)
    };
    let mut pieces: Vec<Vec<&NewVersion>> = Vec::new();
    for new in versions {
        match pieces.last_mut() {
            Some(piece) if shared(piece[0], new) => piece.push(new),
            _ => pieces.push(vec![new]),
        }
    }
    pieces
}

fn resource_shared(new: &NewVersion) -> [Argument; 3] {
    [
        new.shelf.network.as_str().into(),
        new.shelf.record.to_string().into(),
        new.message.to_string().into(),
    ]
}

fn resource_row(new: &NewVersion) -> Vec<Argument> {
    vec![
        new.resource.to_string().into(),
        new.resource_type.as_str().into(),
        owner_that_matters(&new.shelf).into(),
    ]
}

/// Whom a search asks for who may see the row; nobody is asked for what everybody may see.
fn owner_that_matters(shelf: &Shelf) -> Option<String> {
    (shelf.category != Category::Directory).then(|| shelf.owner.to_string())
}

fn later_row(new: &NewVersion) -> Vec<Argument> {
    vec![
        new.resource.to_string().into(),
        new.shelf.record.to_string().into(),
        new.resource_type.as_str().into(),
        new.version.into(),
        owner_that_matters(&new.shelf).into(),
    ]
}

fn version_shared(new: &NewVersion, policy: &str) -> [Argument; 7] {
    [
        new.shelf.network.as_str().into(),
        new.shelf.record.to_string().into(),
        new.shelf.owner.as_str().into(),
        new.at.0.into(),
        new.message.to_string().into(),
        new.profile_version.as_str().into(),
        policy.into(),
    ]
}

fn version_row(new: &NewVersion) -> Vec<Argument> {
    vec![
        new.resource.to_string().into(),
        new.version.into(),
        new.shelf.category.as_str().into(),
        new.shelf.category.bit().into(),
        new.shelf.sensitivity.as_str().into(),
        i64::from(new.deleted).into(),
        new.text.text.as_str().into(),
        new.text.packed.clone().into(),
    ]
}

/// Only what is walked along by its folded value says whose it is.
fn index_shared(new: &NewVersion) -> [Argument; 2] {
    [
        new.shelf.network.as_str().into(),
        new.shelf.record.to_string().into(),
    ]
}

fn index_rows(new: &NewVersion) -> impl Iterator<Item = Vec<Argument>> {
    let resource = new.resource.to_string();
    let owner = owner_that_matters(&new.shelf);
    new.index.iter().map(move |row| {
        let owner = owner.as_ref().filter(|_| row.folded.is_some());
        vec![
            resource.as_str().into(),
            new.resource_type.as_str().into(),
            row.param.as_str().into(),
            row.system.clone().into(),
            row.value.as_str().into(),
            row.folded.clone().into(),
            row.low.into(),
            row.high.into(),
            owner.cloned().into(),
        ]
    })
}

fn lineage_row(new: &NewVersion) -> Option<Vec<Argument>> {
    let lineage = new.lineage.as_ref()?;
    Some(vec![
        new.message.to_string().into(),
        new.resource.to_string().into(),
        new.version.into(),
        lineage.text.as_str().into(),
        lineage.packed.clone().into(),
    ])
}
