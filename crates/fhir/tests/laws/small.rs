//! Stamps, instants, types, outcomes, the capability statement.

use proptest::prelude::*;
use renkei_fhir::capability::capability;
use renkei_fhir::check::check;
use renkei_fhir::instant::{day_text, instant_text};
use renkei_fhir::outcome::{Issue, Severity, outcome};
use renkei_fhir::stamp::stamp;
use renkei_fhir::types::{ResourceType, TYPES};
use renkei_model::Instant;
use serde_json::json;

#[test]
fn instants_are_japanese_time_with_milliseconds() {
    assert_eq!(instant_text(Instant(0)), "1970-01-01T09:00:00.000+09:00");
    assert_eq!(
        instant_text(Instant(1_795_219_200_123_999)),
        "2026-11-21T09:00:00.123+09:00"
    );
    assert_eq!(instant_text(Instant(-1)), "1970-01-01T08:59:59.999+09:00");
    assert_eq!(day_text(Instant(1_795_186_800_000_000 - 1)), "2026-11-20");
    assert_eq!(day_text(Instant(1_795_186_800_000_000)), "2026-11-21");
}

proptest! {
    #[test]
    fn any_instant_has_a_text(micros: i64) {
        prop_assert!(instant_text(Instant(micros)).ends_with("+09:00"));
    }

    #[test]
    fn later_instants_sort_later(a in 0_i64..4_000_000_000_000_000, b in 0_i64..4_000_000_000_000_000) {
        let texts = instant_text(Instant(a)).cmp(&instant_text(Instant(b)));
        prop_assert_eq!(texts, (a / 1_000).cmp(&(b / 1_000)));
    }
}

#[test]
fn a_stamp_leads_and_keeps_the_rest() {
    let mut resource = json!({
        "gender": "male", "meta": {"profile": ["p"], "versionId": "9"}, "id": "old",
        "resourceType": "Patient", "birthDate": "1940"
    });
    stamp(&mut resource, "new", 3, Instant(0));
    assert_eq!(
        resource.to_string(),
        r#"{"resourceType":"Patient","id":"new","meta":{"versionId":"3","lastUpdated":"1970-01-01T09:00:00.000+09:00","profile":["p"]},"gender":"male","birthDate":"1940"}"#
    );
    let mut bare = json!({"resourceType": "Patient"});
    stamp(&mut bare, "x", 1, Instant(0));
    assert_eq!(bare["meta"]["versionId"], "1");
    let mut nothing = json!(1);
    stamp(&mut nothing, "x", 1, Instant(0));
    assert_eq!(nothing, json!(1));
}

#[test]
fn a_stamp_keeps_the_spelling_of_numbers() {
    let text = r#"{"resourceType":"Observation","valueQuantity":{"value":36.50}}"#;
    let mut resource = serde_json::from_str(text).unwrap();
    stamp(&mut resource, "x", 1, Instant(0));
    assert!(resource.to_string().contains("36.50"));
}

#[test]
fn types_read_what_they_write() {
    for kind in TYPES {
        assert_eq!(kind.as_str().parse(), Ok(*kind));
    }
    assert_eq!(TYPES.len(), 18);
    assert!("patient".parse::<ResourceType>().is_err());
    assert_eq!(
        ResourceType::of(&json!({"resourceType": "Bundle"})),
        Some(ResourceType::Bundle)
    );
}

#[test]
fn outcomes_are_fhir() {
    let issue = Issue {
        severity: Severity::Error,
        code: "value",
        diagnostics: "実在しない日付です / not a date that exists".to_owned(),
        expression: Some("data[0].fieldData.生年月日".to_owned()),
    };
    let bare = Issue {
        diagnostics: String::new(),
        expression: None,
        ..issue.clone()
    };
    for issues in [vec![issue.clone()], vec![issue, bare], vec![]] {
        let resource = outcome(&issues);
        assert_eq!(check(&resource), Ok(()));
        assert_eq!(
            resource["issue"].as_array().unwrap().len(),
            issues.len().max(1)
        );
    }
}

#[test]
fn the_capability_statement_is_fhir_to_the_letter() {
    let statement = capability("https://renkei.example/fhir/R4", "0.1.0", "2026-11-21");
    assert_eq!(check(&statement), Ok(()));
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    assert_eq!(resources.len(), TYPES.len());
    let params = resources[0]["searchParam"].as_array().unwrap();
    let names: Vec<_> = params
        .iter()
        .filter_map(|param| param["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "_id",
            "identifier",
            "name",
            "family",
            "given",
            "birthdate",
            "gender",
            "address",
            "phone"
        ]
    );
    assert_eq!(
        params[1]["definition"],
        "http://hl7.org/fhir/SearchParameter/Patient-identifier"
    );
}
