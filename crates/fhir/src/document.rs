//! A document: a Bundle that holds a Composition and everything it speaks of.
//!
//! Source of the rules: FHIR R4, Bundle (`bdl-9` to `bdl-12`) and "FHIR Documents".

use std::collections::HashMap;

use renkei_model::Instant;
use renkei_model::id::ResourceId;
use serde_json::{Value, json};

use crate::instant::instant_text;
use crate::reference::{self, UnboundReference};
use crate::stamp;

/// One resource of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentPart {
    /// The key by which the others refer to it.
    pub key: String,
    /// The id that it gets, in the document as in the store.
    pub id: ResourceId,
    /// The resource, its references still unbound.
    pub resource: Value,
}

/// Why parts do not make a document. Keys and types come from a profile, not from a sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// A document has exactly one Composition.
    #[error("a document needs exactly one Composition, here are {found}")]
    Compositions {
        /// How many there were.
        found: usize,
    },
    /// `bdl-9`: the identifier needs a system and a value.
    #[error("a document needs an identifier with system and value")]
    Identifier,
    /// A card is about somebody.
    #[error("a card needs the Patient that it is about")]
    Subject,
    /// Two parts with one key: references to it would be ambiguous.
    #[error("two parts have the key {key}")]
    RepeatedKey {
        /// The key.
        key: String,
    },
    /// A part is not a resource.
    #[error("part {key} is not a resource")]
    NotAResource {
        /// The key.
        key: String,
    },
    /// A part refers to something that is not in the document.
    #[error("part {key} refers to something that is not in the document")]
    Unbound {
        /// The key of the part that refers.
        key: String,
        /// What it refers to.
        #[source]
        source: UnboundReference,
    },
}

/// Builds the document Bundle: the Composition first, the other parts in their order, each with the
/// full URL `urn:uuid:ID`, which is also how they refer to each other.
///
/// `identifier` is system and value; they name the document for ever, across versions of the Bundle.
///
/// # Errors
/// When the parts break a rule of documents; see [`DocumentError`].
pub fn document(
    parts: &[DocumentPart],
    bundle: ResourceId,
    identifier: (&str, &str),
    at: Instant,
) -> Result<Value, DocumentError> {
    let (system, value) = identifier;
    if system.is_empty() || value.is_empty() {
        return Err(DocumentError::Identifier);
    }
    let mut urls: HashMap<&str, String> = HashMap::with_capacity(parts.len());
    for part in parts {
        if urls
            .insert(&part.key, format!("urn:uuid:{}", part.id))
            .is_some()
        {
            return Err(DocumentError::RepeatedKey {
                key: part.key.clone(),
            });
        }
        if !part
            .resource
            .get("resourceType")
            .is_some_and(Value::is_string)
        {
            return Err(DocumentError::NotAResource {
                key: part.key.clone(),
            });
        }
    }
    let found = parts.iter().filter(|part| is_composition(part)).count();
    if found != 1 {
        return Err(DocumentError::Compositions { found });
    }
    let (first, rest): (Vec<_>, Vec<_>) = parts.iter().partition(|part| is_composition(part));
    let entries: Result<Vec<Value>, DocumentError> = first
        .into_iter()
        .chain(rest)
        .map(|part| entry(part, &urls))
        .collect();
    let mut document = json!({
        "resourceType": "Bundle",
        "id": bundle.to_string(),
        "identifier": { "system": system, "value": value },
        "type": "document",
        "timestamp": instant_text(at),
    });
    // Put, not written into the macro: that would copy them.
    document["entry"] = Value::Array(entries?);
    Ok(document)
}

fn is_composition(part: &DocumentPart) -> bool {
    part.resource.get("resourceType").and_then(Value::as_str) == Some("Composition")
}

fn entry(part: &DocumentPart, urls: &HashMap<&str, String>) -> Result<Value, DocumentError> {
    let mut resource = part.resource.clone();
    reference::bind(&mut resource, &|key| urls.get(key).cloned()).map_err(|source| {
        DocumentError::Unbound {
            key: part.key.clone(),
            source,
        }
    })?;
    stamp::name(&mut resource, &part.id.to_string());
    let mut entry = json!({ "fullUrl": format!("urn:uuid:{}", part.id) });
    entry["resource"] = resource;
    Ok(entry)
}
