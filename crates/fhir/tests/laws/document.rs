//! References and documents.

use renkei_fhir::document::{DocumentError, DocumentPart, document};
use renkei_fhir::reference::bind;
use renkei_model::Instant;
use renkei_model::id::ResourceId;
use serde_json::{Value, json};

const AT: Instant = Instant(1_795_219_200_123_456);

fn part(key: &str, resource: Value) -> DocumentPart {
    DocumentPart {
        key: key.to_owned(),
        id: ResourceId::new(),
        resource,
    }
}

fn parts() -> Vec<DocumentPart> {
    vec![
        part(
            "patient",
            json!({"resourceType": "Patient", "meta": {"profile": ["p"]}}),
        ),
        part(
            "contact[0]",
            json!({
                "resourceType": "RelatedPerson", "patient": {"reference": "key:patient"}
            }),
        ),
        part(
            "slip",
            json!({
                "resourceType": "Composition",
                "subject": {"reference": "key:patient"},
                "section": [{"entry": [{"reference": "key:contact[0]"}]}]
            }),
        ),
    ]
}

#[test]
fn composition_comes_first_and_references_lead_to_full_urls() {
    let parts = parts();
    let id = ResourceId::new();
    let bundle = document(&parts, id, ("urn:sys", "v"), AT).unwrap();
    assert_eq!(bundle["id"], id.to_string());
    assert_eq!(bundle["type"], "document");
    assert_eq!(
        bundle["identifier"],
        json!({"system": "urn:sys", "value": "v"})
    );
    assert_eq!(bundle["timestamp"], "2026-11-21T09:00:00.123+09:00");
    let entries = bundle["entry"].as_array().unwrap();
    let kinds: Vec<&str> = entries
        .iter()
        .map(|e| e["resource"]["resourceType"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Composition", "Patient", "RelatedPerson"]);
    for entry in entries {
        let url = format!("urn:uuid:{}", entry["resource"]["id"].as_str().unwrap());
        assert_eq!(entry["fullUrl"], url);
    }
    assert_eq!(
        entries[0]["resource"]["subject"]["reference"],
        entries[1]["fullUrl"]
    );
    assert_eq!(
        entries[0]["resource"]["section"][0]["entry"][0]["reference"],
        entries[2]["fullUrl"]
    );
    let names: Vec<&String> = entries[1]["resource"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["resourceType", "id", "meta"]);
    assert!(!bundle.to_string().contains("key:"));
}

#[test]
fn parts_that_make_no_document_are_refused() {
    let build = |parts: &[DocumentPart], identifier: (&str, &str)| {
        document(parts, ResourceId::new(), identifier, AT).unwrap_err()
    };
    assert_eq!(build(&parts(), ("", "v")), DocumentError::Identifier);
    assert_eq!(build(&parts(), ("s", "")), DocumentError::Identifier);
    assert_eq!(
        build(&parts()[..2], ("s", "v")),
        DocumentError::Compositions { found: 0 }
    );
    let mut twice = parts();
    twice.push(part("slip2", json!({"resourceType": "Composition"})));
    assert_eq!(
        build(&twice, ("s", "v")),
        DocumentError::Compositions { found: 2 }
    );
    let mut repeated = parts();
    repeated.push(part("patient", json!({"resourceType": "Patient"})));
    let key = "patient".to_owned();
    assert_eq!(
        build(&repeated, ("s", "v")),
        DocumentError::RepeatedKey { key }
    );
    let mut lonely = parts();
    lonely.remove(0);
    assert!(matches!(
        build(&lonely, ("s", "v")),
        DocumentError::Unbound { .. }
    ));
    let nothing = [part("x", json!(1))];
    assert_eq!(
        build(&nothing, ("s", "v")),
        DocumentError::NotAResource {
            key: "x".to_owned()
        }
    );
}

#[test]
fn binding_touches_keyed_references_only() {
    let mut resource = json!({
        "reference": 7,
        "subject": {"reference": "key:a", "display": "key:a"},
        "list": [{"reference": "Patient/1"}, {"reference": "key:b"}]
    });
    bind(&mut resource, &|key| Some(format!("X/{key}"))).unwrap();
    assert_eq!(
        resource,
        json!({
            "reference": 7,
            "subject": {"reference": "X/a", "display": "key:a"},
            "list": [{"reference": "Patient/1"}, {"reference": "X/b"}]
        })
    );
    let mut unbound = json!({"subject": {"reference": "key:gone"}});
    assert_eq!(bind(&mut unbound, &|_| None).unwrap_err().key, "gone");
}
