//! The face of a Patient.

use renkei_fhir::face::face;
use renkei_model::Face;
use serde_json::{Value, json};

const REPRESENTATION: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";
const OWN: &str = "https://renkei.example/fhir/StructureDefinition";

fn name(script: &str, text: &str) -> Value {
    json!({ "extension": [{ "url": REPRESENTATION, "valueCode": script }], "text": text })
}

fn residence(code: &str) -> Value {
    json!([{ "url": format!("{OWN}/residence"), "valueCodeableConcept": { "coding": [{ "code": code }] } }])
}

#[test]
fn everything_that_a_patient_says_of_itself() {
    let patient = json!({
        "resourceType": "Patient",
        "name": [name("SYL", "ハマダ ショウキチ"), name("IDE", "濱田 昭吉")],
        "birthDate": "1935-03-05",
        "gender": "male",
        "telecom": [
            { "system": "phone", "use": "home", "value": "0157-00-2001" },
            { "system": "email", "value": "a@example.jp" },
            { "system": "phone", "use": "mobile", "value": "090-0000-2001" },
        ],
        "address": [
            { "extension": [{ "url": format!("{OWN}/moved-to"), "valueBoolean": true }], "text": "新しい住所" },
            { "use": "home", "text": "見本町1", "district": "北", "postalCode": "090-0021", "period": { "end": "2026-09-30" } },
        ],
        "deceasedDateTime": "2026-11",
    });
    let expected = Face {
        name: Some("濱田 昭吉".to_owned()),
        kana: Some("ハマダ ショウキチ".to_owned()),
        birth_date: Some("1935-03-05".to_owned()),
        sex: Some("male".to_owned()),
        address: Some("見本町1".to_owned()),
        district: Some("北".to_owned()),
        postal_code: Some("090-0021".to_owned()),
        phones: vec!["0157-00-2001".to_owned(), "090-0000-2001".to_owned()],
        deceased: Some("2026-11".to_owned()),
        moved: Some("2026-09-30".to_owned()),
    };
    assert_eq!(face(&patient), expected);
}

#[test]
fn facts_without_their_day_are_facts() {
    let states = [
        (json!({ "deceasedBoolean": true }), (Some(""), None)),
        (json!({ "deceasedBoolean": false }), (None, None)),
        (
            json!({ "extension": residence("deceased") }),
            (Some(""), None),
        ),
        (json!({ "extension": residence("moved") }), (None, Some(""))),
        (json!({ "extension": residence("resident") }), (None, None)),
        (
            json!({ "extension": residence("deceased"), "deceasedDateTime": "2026" }),
            (Some("2026"), None),
        ),
    ];
    for (patient, (deceased, moved)) in states {
        let face = face(&patient);
        assert_eq!(
            (face.deceased.as_deref(), face.moved.as_deref()),
            (deceased, moved),
            "{patient}"
        );
    }
}

#[test]
fn strange_patients_have_faces_too() {
    assert_eq!(face(&json!({})), Face::default());
    assert_eq!(face(&json!("Patient")), Face::default());
    let parts = json!({ "name": [{ "family": "見本", "given": ["一", "二"] }], "address": {}, "telecom": [{ "value": "1" }] });
    let face = face(&parts);
    assert_eq!(face.name.as_deref(), Some("見本 一 二"));
    assert_eq!(
        (face.kana, face.address, face.phones.len()),
        (None, None, 0)
    );
}
