//! A native record as everything that will be stored of it: ids, versions, texts, index rows, the sheet,
//! lineage. Pure. Not a room: draft writes before the transaction begins, shelve writes anew if somebody
//! was faster.

use std::collections::HashMap;

use renkei_fhir::reference::bind;
use renkei_fhir::stamp::stamp;
use renkei_model::Instant;
use renkei_model::id::{MessageId, ResourceId};
use renkei_model::lists::{Category, Sensitivity};
use renkei_profile::{Lineage, MappedResource};
use renkei_store::{IndexRow, Kept, Origin, OriginPart};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::accept::Accepted;
use crate::fold_index::index_rows;
use crate::sheet_text::{Head, Urls, found_by, sheet_text};

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

/// Writes a record out as the next version of what its sender sent before under its key. What was mapped is used up.
///
/// # Errors
/// [`Unwritable`].
pub fn write(
    accepted: &Accepted<'_>,
    mapped: Vec<MappedResource>,
    origin: Option<&Origin>,
) -> Result<Writing, Unwritable> {
    let at = accepted.inbound.at;
    let places: Vec<(ResourceId, i64)> = mapped
        .iter()
        .map(|resource| place(origin, &resource.key))
        .collect();
    let pairs = || mapped.iter().zip(&places);
    let target = |(resource, (id, _)): (&MappedResource, &(ResourceId, i64))| {
        let target = format!("{}/{id}", resource.resource_type);
        (resource.key.clone(), target)
    };
    let targets: HashMap<String, String> = pairs().map(target).collect();
    if targets.len() < mapped.len() {
        return Err(Unwritable("two parts have one key".to_owned()));
    }
    let url = |(resource, (id, _)): (&MappedResource, &(ResourceId, i64))| {
        let target = targets.get(&resource.key)?;
        Some((target.as_str(), format!("urn:uuid:{id}")))
    };
    let urls: Urls<'_> = pairs().filter_map(url).collect();
    let mut bound = Vec::with_capacity(mapped.len());
    let mut resources = Vec::with_capacity(mapped.len());
    for (resource, (id, version)) in mapped.into_iter().zip(places) {
        let mut json = resource.json;
        bind(&mut json, &|key| targets.get(key).cloned())
            .map_err(|unbound| Unwritable(unbound.to_string()))?;
        stamp(&mut json, &id.to_string(), version, at);
        resources.push(Written {
            index: index_rows(&json),
            text: Kept::resource(json.to_string()),
            key: resource.key,
            resource_type: resource.resource_type,
            id,
            version,
            category: resource.category,
            sensitivity: resource.sensitivity,
        });
        bound.push(Bound {
            id,
            json,
            lineage: resource.lineage,
        });
    }
    let lineage = lineage(accepted.message, &bound);
    Ok(Writing {
        gone: gone(origin, &resources),
        lineage: lineage.map_err(|error| Unwritable(error.to_string()))?,
        sheet: sheet(&resources, &bound, &urls, place(origin, SHEET_KEY), at)?,
        resources,
    })
}

/// A resource whose references are bound.
struct Bound {
    id: ResourceId,
    json: Value,
    lineage: Vec<Lineage>,
}

/// `bound`: the resources that stand in it, in the same order.
fn sheet(
    resources: &[Written],
    bound: &[Bound],
    urls: &Urls<'_>,
    (id, version): (ResourceId, i64),
    at: Instant,
) -> Result<Written, Unwritable> {
    let is_composition = |written: &Written| written.resource_type == "Composition";
    let pairs = || resources.iter().zip(bound);
    let mut compositions = pairs().filter(|(written, _)| is_composition(written));
    let (Some((composition, first)), None) = (compositions.next(), compositions.next()) else {
        let wrong = "the profile made no document, or several";
        return Err(Unwritable(wrong.to_owned()));
    };
    // A document that is copied keeps its identifier: every version is a document of its own.
    let identifier = format!("urn:uuid:{}", ResourceId::new());
    let head = Head {
        id,
        version,
        identifier: ("urn:ietf:rfc:3986", &identifier),
        at,
    };
    let others = pairs().filter(|(written, _)| !is_composition(written));
    let entries: Vec<(ResourceId, &Value)> = std::iter::once(first)
        .chain(others.map(|(_, bound)| bound))
        .map(|bound| (bound.id, &bound.json))
        .collect();
    let text = sheet_text(&head, &entries, urls).map_err(|error| Unwritable(error.to_string()))?;
    let sensitivities = resources.iter().map(|written| written.sensitivity);
    Ok(Written {
        key: SHEET_KEY.to_owned(),
        resource_type: "Bundle".to_owned(),
        id,
        version,
        category: composition.category,
        sensitivity: sensitivities.max().unwrap_or(Sensitivity::Normal),
        index: index_rows(&found_by(&head, &first.json, urls)),
        text: Kept::resource(text),
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
fn lineage(message: MessageId, bound: &[Bound]) -> Result<Kept, serde_json::Error> {
    let message = message.to_string();
    let traced = bound.iter().map(|resource| {
        let rows = resource.lineage.iter().map(|row| TracedRow {
            element: &row.element,
            row: &row.row,
            start: row.span.start,
            end: row.span.end,
        });
        let traced = Traced {
            message: &message,
            rows: rows.collect(),
        };
        (resource.id, traced)
    });
    serde_json::to_string(&AllTraced(traced.collect())).map(Kept::seldom_read)
}

struct AllTraced<'t>(Vec<(ResourceId, Traced<'t>)>);

impl Serialize for AllTraced<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(id, traced)| (id.to_string(), traced)))
    }
}

#[derive(Serialize)]
struct Traced<'t> {
    message: &'t str,
    rows: Vec<TracedRow<'t>>,
}

#[derive(Serialize)]
struct TracedRow<'t> {
    element: &'t str,
    row: &'t str,
    start: usize,
    end: usize,
}
