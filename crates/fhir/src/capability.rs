//! The CapabilityStatement: what this server does, and nothing else.

use serde_json::{Value, json};

use crate::params::{ParamKind, SearchParam, params};
use crate::types::{ResourceType, TYPES};

/// The statement for a server at `base` (no slash at the end). `date` is the day or instant since when
/// it says this. Holds only elements of R4: clients refuse metadata with others in it.
#[must_use]
pub fn capability(base: &str, software_version: &str, date: &str) -> Value {
    let resources: Vec<Value> = TYPES.iter().map(|kind| resource(*kind)).collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": { "name": "Renkei", "version": software_version },
        "implementation": { "description": "Renkei", "url": base },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "documentation": "Nothing is ignored: a parameter that is not listed is refused. Searches by GET and by POST \
                              to _search. Pages by the links of relation next.",
            "security": {
                "cors": false,
                "service": [{
                    "coding": [{
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "OAuth",
                    }],
                    "text": "Bearer token (JWT, ES256)",
                }],
            },
            "resource": resources,
        }],
    })
}

fn resource(kind: ResourceType) -> Value {
    let interactions =
        ["read", "vread", "history-instance", "search-type"].map(|code| json!({ "code": code }));
    let params: Vec<Value> = params(kind).iter().map(search_param).collect();
    json!({
        "type": kind.as_str(),
        "interaction": interactions,
        "versioning": "versioned",
        "readHistory": true,
        "updateCreate": false,
        "searchParam": params,
    })
}

fn search_param(param: &SearchParam) -> Value {
    let mut written = json!({ "name": param.name });
    if let Some(definition) = param.definition {
        written["definition"] = format!("http://hl7.org/fhir/SearchParameter/{definition}").into();
    }
    written["type"] = param.kind.as_str().into();
    written["documentation"] = documentation(param).into();
    written
}

const fn documentation(param: &SearchParam) -> &'static str {
    match param.kind {
        ParamKind::Id => "The id.",
        ParamKind::Identifier => "system|value, |value or value.",
        ParamKind::Code(_) => {
            "A code, alone or as system|code; only together with another parameter."
        }
        ParamKind::Phone => "A telephone number; only its digits count.",
        ParamKind::Name => {
            "The beginning of a name in kana or kanji, folded; also :exact and :contains."
        }
        ParamKind::Address => {
            "The beginning of an address or of a part of it, folded; also :exact and :contains."
        }
        ParamKind::Date if param.definition.is_none() => {
            "The day of the resource (R4 has no such parameter here); eq, ne, gt, lt, ge, le, sa, eb."
        }
        ParamKind::Date => "A date; eq, ne, gt, lt, ge, le, sa, eb.",
        ParamKind::Patient => "ID or Patient/ID.",
    }
}
