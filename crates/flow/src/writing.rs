//! A native record as everything that will be stored of it: ids, versions, texts, index rows, the sheet,
//! lineage. Pure. Not a room: draft writes before the transaction begins, shelve writes anew if somebody
//! was faster.

use std::collections::HashMap;

use renkei_fhir::document::{DocumentPart, document};
use renkei_fhir::reference::bind;
use renkei_fhir::stamp::stamp;
use renkei_model::id::{MessageId, ResourceId};
use renkei_model::lists::{Category, Sensitivity};
use renkei_profile::MappedResource;
use renkei_store::{IndexRow, Kept, Origin, OriginPart};
use serde_json::{Map, Value, json};

use crate::accept::Accepted;
use crate::fold_index::index_rows;

/// Key under which a document's Bundle is kept among the parts of its message.
pub const SHEET_KEY: &str = "sheet";

/// A native record, written out.
pub struct Writing {
    /// The document's Bundle.
    pub sheet: Written,
    /// The resources that stand in it.
    pub resources: Vec<Written>,
    /// Resources of the version before that are gone.
    pub gone: Vec<OriginPart>,
    /// Which element came from which bytes: a JSON object from each resource's id to its lineage.
    pub lineage: Kept,
}

/// One resource, written out.
pub struct Written {
    /// Its name inside the message: `patient`, `contact[0]`.
    pub key: String,
    /// FHIR type.
    pub resource_type: String,
    /// Its id.
    pub id: ResourceId,
    /// Its version.
    pub version: i64,
    /// What it is about.
    pub category: Category,
    /// How sensitive it is.
    pub sensitivity: Sensitivity,
    /// Its text.
    pub text: Kept,
    /// What a search finds it by.
    pub index: Vec<IndexRow>,
}

/// Why a native record cannot be written out: the profile's fault, not the sender's.
#[derive(Debug, thiserror::Error)]
#[error("the document could not be put together: {0}")]
pub struct Unwritable(String);

/// Writes a record out as the next version of what its sender sent before under its key.
///
/// # Errors
/// [`Unwritable`].
pub fn write(
    accepted: &Accepted<'_>,
    mapped: &[MappedResource],
    origin: Option<&Origin>,
) -> Result<Writing, Unwritable> {
    let places: Vec<(ResourceId, i64)> = mapped
        .iter()
        .map(|resource| place(origin, &resource.key))
        .collect();
    let mut parts: Vec<DocumentPart> = mapped
        .iter()
        .zip(&places)
        .map(|(resource, (id, _))| DocumentPart {
            key: resource.key.clone(),
            id: *id,
            resource: resource.json.clone(),
        })
        .collect();
    let sheet = sheet(accepted, mapped, &parts, place(origin, SHEET_KEY))?;
    let targets: HashMap<&str, String> = mapped
        .iter()
        .zip(&places)
        .map(|(resource, (id, _))| {
            let target = format!("{}/{id}", resource.resource_type);
            (resource.key.as_str(), target)
        })
        .collect();
    let mut resources = Vec::with_capacity(mapped.len());
    for ((resource, part), (id, version)) in mapped.iter().zip(&mut parts).zip(places) {
        let json = &mut part.resource;
        bind(json, &|key| targets.get(key).cloned())
            .map_err(|unbound| Unwritable(unbound.to_string()))?;
        stamp(json, &id.to_string(), version, accepted.inbound.at);
        resources.push(Written {
            key: resource.key.clone(),
            resource_type: resource.resource_type.clone(),
            id,
            version,
            category: resource.category,
            sensitivity: resource.sensitivity,
            index: index_rows(json),
            text: Kept::resource(json.to_string()),
        });
    }
    Ok(Writing {
        gone: gone(origin, &resources),
        lineage: lineage(accepted.message, mapped, &resources),
        sheet,
        resources,
    })
}

fn sheet(
    accepted: &Accepted<'_>,
    mapped: &[MappedResource],
    parts: &[DocumentPart],
    (id, version): (ResourceId, i64),
) -> Result<Written, Unwritable> {
    // A document that is copied keeps its identifier: every version is a document of its own.
    let identifier = format!("urn:uuid:{}", ResourceId::new());
    let at = accepted.inbound.at;
    let mut bundle = document(parts, id, ("urn:ietf:rfc:3986", &identifier), at)
        .map_err(|error| Unwritable(error.to_string()))?;
    stamp(&mut bundle, &id.to_string(), version, at);
    let composition = mapped
        .iter()
        .find(|resource| resource.resource_type == "Composition")
        .ok_or_else(|| Unwritable("the profile made no document".to_owned()))?;
    let sensitivities = mapped.iter().map(|resource| resource.sensitivity);
    Ok(Written {
        key: SHEET_KEY.to_owned(),
        resource_type: "Bundle".to_owned(),
        id,
        version,
        category: composition.category,
        sensitivity: sensitivities.max().unwrap_or(Sensitivity::Normal),
        index: index_rows(&bundle),
        text: Kept::resource(bundle.to_string()),
    })
}

/// The id and next version of a part: the one it had in the sheet's version before, or a new one. Nothing
/// is taken from elsewhere on the record: an id or a version that goes on from somebody's other words
/// would tell a stranger whom it was matched with.
fn place(origin: Option<&Origin>, key: &str) -> (ResourceId, i64) {
    origin
        .and_then(|origin| origin.parts.iter().find(|part| part.key == key))
        .map_or_else(
            || (ResourceId::new(), 1),
            |part| (part.resource, part.version + 1),
        )
}

/// What the version before had and this one no longer has.
fn gone(origin: Option<&Origin>, resources: &[Written]) -> Vec<OriginPart> {
    let parts = origin.into_iter().flat_map(|origin| &origin.parts);
    parts
        .filter(|part| part.key != SHEET_KEY && !part.deleted)
        .filter(|part| !resources.iter().any(|resource| resource.key == part.key))
        .cloned()
        .collect()
}

/// `{"<id>": {"message": …, "rows": [{"element", "row", "start", "end"}]}}`.
fn lineage(message: MessageId, mapped: &[MappedResource], resources: &[Written]) -> Kept {
    let mut all = Map::new();
    for (resource, written) in mapped.iter().zip(resources) {
        let rows: Vec<Value> = resource
            .lineage
            .iter()
            .map(|row| {
                json!({
                    "element": row.element, "row": row.row, "start": row.span.start, "end": row.span.end,
                })
            })
            .collect();
        let lineage = json!({ "message": message.to_string(), "rows": rows });
        all.insert(written.id.to_string(), lineage);
    }
    Kept::seldom_read(Value::Object(all).to_string())
}
