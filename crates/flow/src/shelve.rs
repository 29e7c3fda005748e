//! Room: every resource gets its id, its next version and its shelf. Pure.

use renkei_model::id::{MessageId, ResourceId};
use renkei_model::lists::{Category, Sensitivity};
use renkei_model::shelf::Shelf;
use renkei_profile::Message;
use serde_json::Value;

use crate::accept::Accepted;
use crate::identify::{Identified, IdentifiedItem};

/// A message whose resources have their shelves.
pub struct Shelved<'a> {
    /// The message.
    pub accepted: Accepted<'a>,
    /// The plan.
    pub plan: &'a Message,
    /// One item a native record.
    pub items: Vec<ShelvedItem>,
}

/// One native record as shelved resources.
pub struct ShelvedItem {
    /// What is known of it.
    pub known: IdentifiedItem,
    /// The document's Bundle: the sheet.
    pub sheet: ResourceId,
    /// Version of the sheet.
    pub sheet_version: i64,
    /// Shelf of the sheet.
    pub sheet_shelf: Shelf,
    /// The resources that stand in it.
    pub resources: Vec<ShelvedResource>,
    /// Resources of the version before that are gone.
    pub gone: Vec<GoneResource>,
}

/// One resource with its place.
pub struct ShelvedResource {
    /// Its name inside the message: `patient`, `contact[0]`.
    pub key: String,
    /// FHIR type.
    pub resource_type: String,
    /// Its id.
    pub id: ResourceId,
    /// Its version.
    pub version: i64,
    /// Its shelf.
    pub shelf: Shelf,
    /// The resource, references still by key.
    pub json: Value,
    /// Lineage as JSON text.
    pub lineage: String,
}

/// A resource that the new version of a message no longer has.
pub struct GoneResource {
    /// Its name inside the message: `contact[1]`.
    pub key: String,
    /// FHIR type.
    pub resource_type: String,
    /// Its id.
    pub id: ResourceId,
    /// The version that says so.
    pub version: i64,
    /// The shelf that it had.
    pub shelf: Shelf,
}

/// Key under which a document's Bundle is kept among the parts of its message.
pub const SHEET_KEY: &str = "sheet";

/// Why resources have no shelf.
#[derive(Debug, thiserror::Error)]
pub enum ShelveError {
    /// The profile made a document without a Composition.
    #[error("the profile made no document")]
    NoDocument,
}

/// Gives every resource its place.
///
/// # Errors
/// [`ShelveError`].
pub fn shelve(identified: Identified<'_>) -> Result<Shelved<'_>, ShelveError> {
    let Identified {
        accepted,
        plan,
        items,
    } = identified;
    let items = items
        .into_iter()
        .map(|item| one(&accepted, item))
        .collect::<Result<_, _>>()?;
    Ok(Shelved {
        accepted,
        plan,
        items,
    })
}

fn one(accepted: &Accepted<'_>, mut known: IdentifiedItem) -> Result<ShelvedItem, ShelveError> {
    let shelf = |category: Category, sensitivity: Sensitivity| Shelf {
        network: accepted.network.name().clone(),
        record: known.record,
        category,
        owner: accepted.inbound.caller.facility.clone(),
        sensitivity,
    };
    let mapped = std::mem::take(&mut known.item.mapped.resources);
    let composition = mapped
        .iter()
        .find(|resource| resource.resource_type == "Composition")
        .ok_or(ShelveError::NoDocument)?;
    let (sheet, sheet_version) = place(&known, SHEET_KEY);
    let sheet_shelf = shelf(
        composition.category,
        mapped
            .iter()
            .map(|resource| resource.sensitivity)
            .max()
            .unwrap_or(Sensitivity::Normal),
    );
    let resources: Vec<ShelvedResource> = mapped
        .into_iter()
        .map(|resource| {
            let (id, version) = place(&known, &resource.key);
            ShelvedResource {
                id,
                version,
                shelf: shelf(resource.category, resource.sensitivity),
                lineage: lineage(accepted.message, &resource.lineage),
                key: resource.key,
                resource_type: resource.resource_type,
                json: resource.json,
            }
        })
        .collect();
    let gone = gone(&known, &resources);
    Ok(ShelvedItem {
        known,
        sheet,
        sheet_version,
        sheet_shelf,
        resources,
        gone,
    })
}

/// The id and next version of a part: the one it had in the sheet's version before, or a new one. Nothing
/// is taken from elsewhere on the record: an id or a version that goes on from somebody's other words
/// would tell a stranger whom it was matched with.
fn place(known: &IdentifiedItem, key: &str) -> (ResourceId, i64) {
    known
        .origin
        .as_ref()
        .and_then(|origin| origin.parts.iter().find(|part| part.key == key))
        .map_or_else(
            || (ResourceId::new(), 1),
            |part| (part.resource, part.version + 1),
        )
}

fn gone(known: &IdentifiedItem, resources: &[ShelvedResource]) -> Vec<GoneResource> {
    let Some(origin) = &known.origin else {
        return Vec::new();
    };
    origin
        .parts
        .iter()
        .filter(|part| part.key != SHEET_KEY && !part.deleted)
        .filter(|part| !resources.iter().any(|resource| resource.key == part.key))
        .map(|part| GoneResource {
            key: part.key.clone(),
            resource_type: part.resource_type.clone(),
            id: part.resource,
            version: part.version + 1,
            shelf: part.shelf.clone(),
        })
        .collect()
}

/// `[{"element": …, "row": …, "start": …, "end": …}]`: where each element came from.
fn lineage(message: MessageId, rows: &[renkei_profile::Lineage]) -> String {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "element": row.element, "row": row.row, "start": row.span.start, "end": row.span.end,
            })
        })
        .collect();
    serde_json::json!({ "message": message.to_string(), "rows": rows }).to_string()
}
