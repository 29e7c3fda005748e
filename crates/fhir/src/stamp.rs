//! What the server says about a stored resource: id, version, time.

use renkei_model::Instant;
use serde_json::{Map, Value};

use crate::instant::instant_text;

/// Sets `id`, `meta.versionId` and `meta.lastUpdated`, in FHIR's order of elements. What `meta` held
/// besides stays, its profiles above all. Something that is not a JSON object stays as it is.
pub fn stamp(resource: &mut Value, id: &str, version: i64, at: Instant) {
    let Value::Object(members) = resource else {
        return;
    };
    let mut meta = Map::new();
    meta.insert("versionId".to_owned(), Value::String(version.to_string()));
    meta.insert("lastUpdated".to_owned(), Value::String(instant_text(at)));
    if let Some(Value::Object(rest)) = members.get_mut("meta").map(Value::take) {
        for (name, value) in rest {
            if !matches!(name.as_str(), "versionId" | "lastUpdated") {
                meta.insert(name, value);
            }
        }
    }
    lead_with(members, id, Some(meta));
}

/// Sets `id` only: inside a document, a resource has an id but no version.
pub(crate) fn name(resource: &mut Value, id: &str) {
    let Value::Object(members) = resource else {
        return;
    };
    let meta = match members.get_mut("meta").map(Value::take) {
        Some(Value::Object(meta)) => Some(meta),
        _ => None,
    };
    lead_with(members, id, meta);
}

/// Writes the first elements in FHIR's order: `resourceType`, `id`, `meta`, then the others.
fn lead_with(members: &mut Map<String, Value>, id: &str, meta: Option<Map<String, Value>>) {
    let mut rest = std::mem::take(members);
    if let Some(kind) = rest.get_mut("resourceType").map(Value::take) {
        members.insert("resourceType".to_owned(), kind);
    }
    members.insert("id".to_owned(), Value::String(id.to_owned()));
    if let Some(meta) = meta {
        members.insert("meta".to_owned(), Value::Object(meta));
    }
    let others = rest.into_iter();
    members.extend(others.filter(|(n, _)| !matches!(n.as_str(), "resourceType" | "id" | "meta")));
}
