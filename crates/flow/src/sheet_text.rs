//! A sheet's document as text, written straight from the resources that stand in it: as a tree of its own each of them
//! would be copied once more. What comes out is what `renkei_fhir::document` and `stamp` make, to the letter. Not a room.

use std::collections::HashMap;

use renkei_fhir::instant::instant_text;
use renkei_model::Instant;
use renkei_model::id::ResourceId;
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;

/// How resources are referred to in the store, and the URLs by which the document refers to them.
pub(crate) type Urls<'u> = HashMap<&'u str, String>;

/// What the document says of itself.
pub(crate) struct Head<'h> {
    /// Its id.
    pub(crate) id: ResourceId,
    /// Its version.
    pub(crate) version: i64,
    /// System and value of its identifier.
    pub(crate) identifier: (&'h str, &'h str),
    /// When it was made.
    pub(crate) at: Instant,
}

/// A document of resources that are bound and stamped, each with its id, in their order.
///
/// # Errors
/// None: a tree of JSON can be written.
pub(crate) fn sheet_text(
    head: &Head<'_>,
    entries: &[(ResourceId, &Value)],
    urls: &Urls<'_>,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Document {
        head,
        entries,
        urls,
    })
}

/// A resource as it stands in the document, and the few things beside it by which a document is found.
pub(crate) fn found_by(head: &Head<'_>, composition: &Value, urls: &Urls<'_>) -> Value {
    let mut composition = composition.clone();
    point_inside(&mut composition, urls);
    let (system, value) = head.identifier;
    let mut found = serde_json::json!({
        "resourceType": "Bundle",
        "identifier": { "system": system, "value": value },
        "timestamp": instant_text(head.at),
        "entry": [{ "resource": null }],
    });
    found["entry"][0]["resource"] = composition;
    found
}

fn point_inside(value: &mut Value, urls: &Urls<'_>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members.iter_mut() {
                match inner {
                    Value::String(text) if name == "reference" => {
                        if let Some(url) = urls.get(text.as_str()) {
                            text.clone_from(url);
                        }
                    }
                    inner => point_inside(inner, urls),
                }
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|inner| point_inside(inner, urls)),
        _ => {}
    }
}

struct Document<'d> {
    head: &'d Head<'d>,
    entries: &'d [(ResourceId, &'d Value)],
    urls: &'d Urls<'d>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let at = instant_text(self.head.at);
        let (system, value) = self.head.identifier;
        let mut document = to.serialize_map(None)?;
        document.serialize_entry("resourceType", "Bundle")?;
        document.serialize_entry("id", &self.head.id.to_string())?;
        let version = self.head.version.to_string();
        let meta = Members([("versionId", &*version), ("lastUpdated", &*at)]);
        document.serialize_entry("meta", &meta)?;
        let identifier = Members([("system", system), ("value", value)]);
        document.serialize_entry("identifier", &identifier)?;
        document.serialize_entry("type", "document")?;
        document.serialize_entry("timestamp", &at)?;
        document.serialize_entry("entry", &Entries(self))?;
        document.end()
    }
}

struct Members<'m>([(&'m str, &'m str); 2]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0)
    }
}

struct Entries<'d>(&'d Document<'d>);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.entries.iter().map(|(id, resource)| Entry {
            id: *id,
            resource,
            urls: self.0.urls,
        }))
    }
}

struct Entry<'d> {
    id: ResourceId,
    resource: &'d Value,
    urls: &'d Urls<'d>,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut entry = to.serialize_map(Some(2))?;
        entry.serialize_entry("fullUrl", &format!("urn:uuid:{}", self.id))?;
        let resource = Inside {
            value: self.resource,
            urls: self.urls,
            whole: true,
        };
        entry.serialize_entry("resource", &resource)?;
        entry.end()
    }
}

/// A piece of a resource, its references turned to the document's URLs.
struct Inside<'d> {
    value: &'d Value,
    urls: &'d Urls<'d>,
    /// It is the resource itself.
    whole: bool,
}

impl<'d> Inside<'d> {
    fn part(&self, value: &'d Value) -> Self {
        Self {
            value,
            urls: self.urls,
            whole: false,
        }
    }
}

impl Serialize for Inside<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(members) => {
                let mut object = to.serialize_map(None)?;
                for (name, value) in members {
                    match value {
                        Value::String(text) if name == "reference" => {
                            let url = self.urls.get(text.as_str()).unwrap_or(text);
                            object.serialize_entry(name, url)?;
                        }
                        Value::Object(meta) if self.whole && name == "meta" => {
                            // Inside a document, a resource has an id but no version.
                            let of_version =
                                |name: &str| matches!(name, "versionId" | "lastUpdated");
                            if meta.keys().any(|name| !of_version(name)) {
                                let rest = meta.iter().filter(|(name, _)| !of_version(name));
                                object.serialize_entry(name, &Rest(rest.collect()))?;
                            }
                        }
                        value => object.serialize_entry(name, &self.part(value))?,
                    }
                }
                object.end()
            }
            Value::Array(values) => {
                let mut list = to.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&self.part(value))?;
                }
                list.end()
            }
            plain => plain.serialize(to),
        }
    }
}

struct Rest<'d>(Vec<(&'d String, &'d Value)>);

impl Serialize for Rest<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use renkei_fhir::document::{DocumentPart, document};
    use renkei_fhir::reference::bind;
    use renkei_fhir::stamp::stamp;
    use serde_json::json;

    use super::*;
    use crate::fold_index::index_rows;

    #[test]
    fn it_is_the_document_to_the_letter() {
        let mapped = [
            (
                "composition",
                json!({
                    "resourceType": "Composition", "meta": {"profile": ["urn:p"]}, "status": "final",
                    "subject": {"reference": "key:patient", "display": "佐藤 \"花\""},
                    "date": "2026-11-21", "section": [{"entry": [{"reference": "key:care[0]"}, {"reference": "urn:else"}]}],
                }),
            ),
            (
                "patient",
                json!({"resourceType": "Patient", "birthDate": "1935", "multipleBirthInteger": 2}),
            ),
            (
                "care[0]",
                json!({"meta": {"profile": ["urn:q"]}, "resourceType": "Condition", "subject": {"reference": "key:patient"}}),
            ),
        ];
        let at = Instant(1_795_219_200_000_000);
        let ids: Vec<ResourceId> = mapped.iter().map(|_| ResourceId::new()).collect();
        let part = |((key, json), id): (&(&str, Value), &ResourceId)| DocumentPart {
            key: (*key).to_owned(),
            id: *id,
            resource: json.clone(),
        };
        let parts: Vec<DocumentPart> = mapped.iter().zip(&ids).map(part).collect();
        let (id, identifier) = (ResourceId::new(), ("urn:ietf:rfc:3986", "urn:uuid:x"));
        let mut whole = document(&parts, id, identifier, at).unwrap();
        stamp(&mut whole, &id.to_string(), 3, at);

        let kind = |json: &Value| json["resourceType"].as_str().unwrap().to_owned();
        let target = |part: &DocumentPart| format!("{}/{}", kind(&part.resource), part.id);
        let targets: HashMap<&str, String> = parts
            .iter()
            .map(|part| (part.key.as_str(), target(part)))
            .collect();
        let url = |part: &DocumentPart| {
            let target = targets[part.key.as_str()].as_str();
            (target, format!("urn:uuid:{}", part.id))
        };
        let urls: Urls<'_> = parts.iter().map(url).collect();
        let mut bound = Vec::new();
        for part in &parts {
            let mut json = part.resource.clone();
            bind(&mut json, &|key| targets.get(key).cloned()).unwrap();
            stamp(&mut json, &part.id.to_string(), 1, at);
            bound.push((part.id, json));
        }
        let head = Head {
            id,
            version: 3,
            identifier,
            at,
        };
        let entries: Vec<(ResourceId, &Value)> =
            bound.iter().map(|(id, json)| (*id, json)).collect();
        let text = sheet_text(&head, &entries, &urls).unwrap();
        assert_eq!(text, whole.to_string());
        assert_eq!(
            index_rows(&found_by(&head, &bound[0].1, &urls)),
            index_rows(&whole)
        );
    }
}
