//! What resources are found by.

use renkei_fhir::index::{IndexRow, index};
use renkei_fhir::moment::span;
use serde_json::{Value, json};

type Row = (&'static str, Option<String>, String);

fn rows(resource: &Value) -> Vec<Row> {
    let rows = index(resource).into_iter();
    rows.map(|row| (row.param, row.system, row.value)).collect()
}

fn plain(param: &'static str, value: &str) -> Row {
    (param, None, value.to_owned())
}

fn token(param: &'static str, system: &str, value: &str) -> Row {
    (param, Some(system.to_owned()), value.to_owned())
}

#[test]
fn a_patient_is_found_by_what_it_is_called_where_it_lives_and_when_it_was_born() {
    let found = rows(&json!({
        "resourceType": "Patient",
        "identifier": [{"system": "urn:a", "value": "1"}, {"value": "2"}, {"system": "urn:a"}],
        "name": [
            {"text": "架空 太郎", "family": "架空", "given": ["太郎"]},
            {"text": "カクウ タロウ", "family": "架空"}
        ],
        "telecom": [{"system": "phone", "value": "0157-00-0000"}, {"system": "fax", "value": "9"}],
        "address": [{"text": "架空市南町1", "line": ["南町1"], "city": "架空市", "postalCode": "0900000", "country": "JP"}],
        "birthDate": "1940-02-03", "gender": "male"
    }));
    assert_eq!(
        found,
        [
            plain("address", "0900000"),
            plain("address", "南町1"),
            plain("address", "架空市"),
            plain("address", "架空市南町1"),
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
fn what_belongs_to_a_patient_is_found_by_it_and_by_its_day() {
    let subject = json!({"reference": "Patient/p"});
    let day = "2026-11-20";
    let period = json!({"start": day});
    for (mut resource, params) in [
        (
            json!({"resourceType": "Encounter", "subject": subject, "period": period}),
            &["date"][..],
        ),
        (
            json!({"resourceType": "Observation", "subject": subject, "effectiveDateTime": day}),
            &["date"],
        ),
        (
            json!({"resourceType": "Observation", "subject": subject, "effectivePeriod": period}),
            &["date"],
        ),
        (
            json!({"resourceType": "Composition", "subject": subject, "date": day}),
            &["date"],
        ),
        (
            json!({"resourceType": "Condition", "subject": subject, "onsetDateTime": day}),
            &["date", "onset-date"],
        ),
        (
            json!({"resourceType": "Condition", "subject": subject, "recordedDate": day}),
            &["date", "recorded-date"],
        ),
        (
            json!({"resourceType": "Coverage", "beneficiary": subject, "period": period}),
            &["date"],
        ),
        (
            json!({"resourceType": "AllergyIntolerance", "patient": subject, "recordedDate": day}),
            &["date"],
        ),
        (
            json!({"resourceType": "MedicationStatement", "subject": subject, "effectivePeriod": period}),
            &["date", "effective"],
        ),
        (
            json!({"resourceType": "DeviceUseStatement", "subject": subject, "timingPeriod": period}),
            &["date"],
        ),
        (
            json!({"resourceType": "CareTeam", "subject": subject, "period": period}),
            &["date"],
        ),
        (
            json!({"resourceType": "Flag", "subject": subject, "period": period}),
            &["date"],
        ),
        (
            json!({"resourceType": "DocumentReference", "subject": subject, "date": day}),
            &["date"],
        ),
        (json!({"resourceType": "Device", "patient": subject}), &[]),
        (
            json!({"resourceType": "RelatedPerson", "patient": subject}),
            &[],
        ),
    ] {
        let mut expected: Vec<Row> = params.iter().map(|param| plain(param, day)).collect();
        expected.push(plain("patient", "p"));
        expected.sort();
        assert_eq!(rows(&resource), expected, "{resource}");
        resource["identifier"] = json!([{"system": "s", "value": "v"}]);
        assert!(
            rows(&resource).contains(&token("identifier", "s", "v")),
            "{resource}"
        );
    }
}

#[test]
fn a_document_is_found_by_its_first_entry() {
    let bundle = json!({
        "resourceType": "Bundle", "type": "document", "timestamp": "2026-11-21T00:00:00Z",
        "identifier": {"system": "s", "value": "v"},
        "entry": [
            {"resource": {"resourceType": "Composition", "date": "2026-11-20", "subject": {"reference": "urn:uuid:p"}}},
            {"resource": {"resourceType": "DocumentReference", "date": "2025-01-01", "subject": {"reference": "urn:uuid:q"}}}
        ]
    });
    assert_eq!(
        rows(&bundle),
        [
            plain("date", "2026-11-20"),
            token("identifier", "s", "v"),
            plain("patient", "p"),
            plain("timestamp", "2026-11-21T00:00:00Z"),
        ]
    );
}

#[test]
fn nothing_is_found_by_what_is_not_there() {
    for (resource, expected) in [
        (
            json!({"resourceType": "Observation", "subject": {"reference": "urn:uuid:0"}}),
            vec![],
        ),
        (
            json!({"resourceType": "Observation", "effectiveDateTime": "gestern", "subject": "x"}),
            vec![],
        ),
        (
            json!({"resourceType": "Encounter", "period": {}, "subject": {"display": "x"}}),
            vec![],
        ),
        (
            json!({"resourceType": "Unknown", "identifier": [{"value": "v"}]}),
            vec![],
        ),
        (
            json!({"resourceType": "Patient", "name": "x", "address": 1, "telecom": {"system": "phone"}}),
            vec![],
        ),
        (json!(null), vec![]),
    ] {
        assert_eq!(rows(&resource), expected, "{resource}");
    }
}

#[test]
fn a_date_has_the_span_that_it_covers_and_a_period_may_be_open() {
    let encounter = |period: Value| {
        let resource = json!({"resourceType": "Encounter", "period": period});
        let found: Vec<IndexRow> = index(&resource);
        found[0].span.expect("a span")
    };
    let (first, last) = (span("2026-11-20").unwrap(), span("2026-11-22").unwrap());
    let closed = encounter(json!({"start": "2026-11-20", "end": "2026-11-22"}));
    assert_eq!((closed.low, closed.high), (first.low, last.high));
    assert_eq!(encounter(json!({"start": "2026-11-20"})).high, i64::MAX);
    assert_eq!(encounter(json!({"end": "2026-11-22"})).low, i64::MIN);
}
