//! What resources are found by.

use renkei_fhir::index::{IndexRow, index};
use serde_json::{Value, json};

fn rows(resource: &Value) -> Vec<(&'static str, Option<String>, String)> {
    index(resource)
        .into_iter()
        .map(
            |IndexRow {
                 param,
                 system,
                 value,
             }| (param, system, value),
        )
        .collect()
}

fn plain(param: &'static str, value: &str) -> (&'static str, Option<String>, String) {
    (param, None, value.to_owned())
}

fn token(param: &'static str, system: &str, value: &str) -> (&'static str, Option<String>, String) {
    (param, Some(system.to_owned()), value.to_owned())
}

#[test]
fn a_patient_is_found_by_its_identifiers_names_phone_day_and_gender() {
    let found = rows(&json!({
        "resourceType": "Patient",
        "identifier": [{"system": "urn:a", "value": "1"}, {"value": "2"}, {"system": "urn:a"}],
        "name": [
            {"text": "架空 太郎", "family": "架空", "given": ["太郎"]},
            {"text": "カクウ タロウ", "family": "架空"}
        ],
        "telecom": [{"system": "phone", "value": "0157-00-0000"}, {"system": "fax", "value": "9"}],
        "birthDate": "1940-02-03", "gender": "male"
    }));
    assert_eq!(
        found,
        [
            plain("birthdate", "1940-02-03"),
            plain("family", "架空"),
            token(
                "gender",
                "http://hl7.org/fhir/administrative-gender",
                "male"
            ),
            plain("given", "太郎"),
            plain("identifier", "2"),
            token("identifier", "urn:a", "1"),
            plain("name", "カクウ タロウ"),
            plain("name", "太郎"),
            plain("name", "架空"),
            plain("name", "架空 太郎"),
            token("phone", "phone", "0157-00-0000"),
        ]
    );
}

#[test]
fn what_belongs_to_a_patient_is_found_by_it() {
    for (resource, expected) in [
        (
            json!({"resourceType": "Encounter", "subject": {"reference": "Patient/p"},
            "period": {"start": "2026-11-20"}}),
            vec![plain("date", "2026-11-20"), plain("patient", "p")],
        ),
        (
            json!({"resourceType": "RelatedPerson", "patient": {"reference": "Patient/p"}}),
            vec![plain("patient", "p")],
        ),
        (
            json!({"resourceType": "Coverage", "beneficiary": {"reference": "Patient/p"}}),
            vec![plain("beneficiary", "p"), plain("patient", "p")],
        ),
        (
            json!({"resourceType": "Composition", "identifier": {"system": "s", "value": "v"},
            "date": "2026-11-20T10:00:00+09:00", "subject": {"reference": "Patient/p"}}),
            vec![
                plain("date", "2026-11-20T10:00:00+09:00"),
                token("identifier", "s", "v"),
                plain("patient", "p"),
            ],
        ),
        (
            json!({"resourceType": "Bundle", "identifier": {"system": "s", "value": "v"}}),
            vec![token("identifier", "s", "v")],
        ),
        (
            json!({"resourceType": "Observation", "subject": {"reference": "urn:uuid:0"}}),
            vec![],
        ),
        (
            json!({"resourceType": "Unknown", "identifier": [{"value": "v"}]}),
            vec![],
        ),
        (json!(null), vec![]),
    ] {
        assert_eq!(rows(&resource), expected, "{resource}");
    }
}
