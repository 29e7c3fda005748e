//! The CapabilityStatement: what this server does, and nothing else.

use serde_json::{Value, json};

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
    let mut interactions = vec![json!({ "code": "read" }), json!({ "code": "vread" })];
    if kind == ResourceType::Patient {
        interactions.push(json!({ "code": "search-type" }));
    }
    let mut resource = json!({
        "type": kind.as_str(),
        "interaction": interactions,
        "versioning": "versioned",
        "readHistory": true,
        "updateCreate": false,
    });
    if kind == ResourceType::Patient {
        resource["searchParam"] = json!([{
            "name": "identifier",
            "definition": "http://hl7.org/fhir/SearchParameter/Patient-identifier",
            "type": "token",
            "documentation": "system|value, both given",
        }]);
    }
    resource
}
