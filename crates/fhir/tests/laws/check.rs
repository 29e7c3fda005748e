//! The structure check: what FHIR defines passes with its text untouched, the rest is named.

use proptest::prelude::*;
use renkei_fhir::check::check;
use serde_json::{Value, json};

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The paths of the faults.
fn paths(resource: &Value) -> Vec<String> {
    check(resource)
        .unwrap_err()
        .into_iter()
        .map(|fault| fault.path)
        .collect()
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient",
        "meta": {"profile": ["http://jpfhir.jp/fhir/core/StructureDefinition/JP_Patient"]},
        "identifier": [{"system": "urn:oid:1.2.392.100495.20.3.51.10110000001", "value": "00000010"}],
        "name": [{
            "extension": [{
                "url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation",
                "valueCode": "IDE"
            }],
            "use": "official", "text": "架空 太郎", "family": "架空", "given": ["太郎"]
        }],
        "gender": "male",
        "birthDate": "1940-02-03"
    })
}

fn observation() -> Value {
    json!({
        "resourceType": "Observation", "status": "final",
        "code": {"text": "体重"}, "subject": {"reference": "key:patient"}
    })
}

#[test]
fn good_resources_pass() {
    assert_eq!(check(&patient()), Ok(()));
    assert_eq!(check(&observation()), Ok(()));
    let bundle = json!({
        "resourceType": "Bundle", "type": "collection",
        "entry": [{"fullUrl": "urn:uuid:0", "resource": patient()}]
    });
    assert_eq!(check(&bundle), Ok(()));
}

#[test]
fn decimals_and_times_of_every_spelling_pass() {
    for number in [
        "36.5",
        "36.50",
        "0.00",
        "1e2",
        "1.0E-3",
        "120",
        "-0.5",
        "0.123456789012345678901",
    ] {
        let text = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},
                "effectiveDateTime":"2026-11-21T14:11:13.000+09:00",
                "valueQuantity":{{"value":{number},"unit":"kg"}}}}"#
        );
        let resource = read(&text);
        assert_eq!(check(&resource), Ok(()), "{number}");
        // serde_json writes an exponent in a spelling of its own; digits always stay.
        if !number.contains(['e', 'E']) {
            assert_eq!(resource["valueQuantity"]["value"].to_string(), number);
        }
        assert_eq!(
            resource["effectiveDateTime"],
            "2026-11-21T14:11:13.000+09:00"
        );
    }
    let huge = read(
        r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},
            "valueQuantity":{"value":1e999}}"#,
    );
    assert!(check(&huge).unwrap_err()[0].rule.contains("out of range"));
}

#[test]
fn unknown_elements_are_named() {
    let mut resource = patient();
    resource["nickname"] = json!("x");
    resource["name"][0]["middle"] = json!("x");
    let mut found = paths(&resource);
    found.sort();
    assert_eq!(found, ["Patient.name[0].middle", "Patient.nickname"]);
}

#[test]
fn a_second_value_is_named() {
    let mut resource = observation();
    resource["valueString"] = json!("a");
    assert_eq!(check(&resource), Ok(()));
    resource["valueInteger"] = json!(1);
    assert_eq!(paths(&resource).len(), 1);
    assert!(paths(&resource)[0].starts_with("Observation.value"));
    let mut wrong = observation();
    wrong["valueQuantity"] = json!("52 kg");
    assert_eq!(paths(&wrong), ["Observation.valueQuantity"]);
}

#[test]
fn emptiness_is_named() {
    let mut resource = patient();
    resource["identifier"] = json!([]);
    resource["maritalStatus"] = json!({});
    resource["gender"] = json!("");
    resource["active"] = json!(null);
    resource["name"][0]["given"] = json!([null]);
    let mut found = paths(&resource);
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        [
            "Patient.active",
            "Patient.gender",
            "Patient.identifier",
            "Patient.maritalStatus",
            "Patient.name[0].given",
            "Patient.name[0].given[0]",
        ]
    );
}

#[test]
fn nulls_stand_beside_primitive_extensions() {
    let absent = json!({"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"
    }]});
    let mut resource = patient();
    resource["name"][0]["given"] = json!(["太郎", null]);
    resource["name"][0]["_given"] = json!([null, absent]);
    assert_eq!(check(&resource), Ok(()));
    resource["_birthDate"] = absent;
    assert_eq!(check(&resource), Ok(()));
}

#[test]
fn wrong_types_and_missing_elements_are_located_without_quoting() {
    let mut resource = patient();
    resource["name"][0]["given"] = json!("秘密の名前");
    let faults = check(&resource).unwrap_err();
    assert_eq!(faults[0].path, "Patient.name[0].given");
    assert!(!faults[0].rule.contains("秘密"), "{}", faults[0].rule);

    let mut resource = patient();
    resource["birthDate"] = json!("02/30/1940, expected 秘密");
    let faults = check(&resource).unwrap_err();
    assert_eq!(faults[0].path, "Patient.birthDate");
    assert!(!faults[0].rule.contains("秘密"), "{}", faults[0].rule);

    let mut resource = observation();
    resource.as_object_mut().unwrap().remove("status");
    let faults = check(&resource).unwrap_err();
    assert_eq!(faults[0].path, "Observation");
    assert!(faults[0].rule.contains("element status is missing"));

    let mut linked = patient();
    linked["link"] = json!([{"type": "seealso"}]);
    let faults = check(&linked).unwrap_err();
    assert_eq!(faults[0].path, "Patient.link[0]");
    assert!(faults[0].rule.contains("element other is missing"));
}

#[test]
fn a_fault_in_a_bundle_names_the_entry() {
    let mut broken = patient();
    broken["gender"] = json!(1);
    let entry = |resource: Value| json!({"resource": resource});
    let bundle = json!({
        "resourceType": "Bundle", "type": "collection",
        "entry": [entry(patient()), entry(broken)]
    });
    assert_eq!(paths(&bundle), ["Bundle.entry[1].resource.gender"]);
}

#[test]
fn what_is_no_resource_is_refused() {
    for resource in [json!(1), json!({}), json!({"resourceType": 1}), json!([])] {
        assert!(check(&resource).is_err());
    }
    let faults = check(&json!({"resourceType": "Slip", "id": "x"})).unwrap_err();
    assert!(faults[0].rule.contains("not a type that FHIR defines"));
}

#[test]
fn searching_for_a_fault_has_an_end() {
    let names: Vec<Value> = (0..20_000)
        .map(|n| json!({"text": n.to_string()}))
        .collect();
    let mut resource = patient();
    resource["name"] = json!(names);
    resource["birthDate"] = json!(7);
    assert_eq!(check(&resource).unwrap_err().len(), 1);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9-]{0,6}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        "resourceType|name|given|_given|text|birthDate|identifier|contained|extension|url",
        "[a-z]{1,6}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn never_panics_and_never_finds_nothing_wrong_with_junk(junk in any_json()) {
        let mut resource = patient();
        resource["junk"] = junk;
        prop_assert!(check(&resource).is_err());
    }

    #[test]
    fn never_panics_on_any_patient(name in any_json(), birth in any_json()) {
        let mut resource = patient();
        resource["name"] = name;
        resource["birthDate"] = birth;
        let _ = check(&resource);
    }
}
