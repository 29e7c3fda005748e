//! Composed cards.

use renkei_fhir::card::{CardBlock, CardMeta, card, in_order, says_none};
use renkei_fhir::card_head::Person;
use renkei_fhir::document::DocumentError;
use renkei_model::Instant;
use renkei_model::id::ResourceId;
use serde_json::{Value, json};

const PATIENT: &str = "00000000-0000-7000-8000-0000000000aa";
const OTHER: &str = "00000000-0000-7000-8000-0000000000bb";

fn meta() -> CardMeta {
    CardMeta {
        bundle: ResourceId::new(),
        composition: ResourceId::new(),
        identifier: ("urn:s".to_owned(), "1".to_owned()),
        at: Instant(1_795_219_200_000_000),
        author: "見本ネット".to_owned(),
    }
}

fn patient(id: &str) -> Person {
    let json = json!({ "resourceType": "Patient", "id": id, "name": [{ "text": "見本 一" }], "identifier": [{ "value": "1" }],
        "generalPractitioner": [{ "reference": "PractitionerRole/hidden" }] });
    Person {
        json,
        source: "a".to_owned(),
        date: "2026-10-01".to_owned(),
    }
}

fn block(section: &str, date: Option<&str>, source: &str, entries: Vec<Value>) -> CardBlock {
    CardBlock {
        section: section.to_owned(),
        title: section.to_uppercase(),
        date: date.map(str::to_owned),
        source: source.to_owned(),
        entries,
    }
}

fn allergy(id: &str, of: &str) -> Value {
    json!({ "resourceType": "AllergyIntolerance", "id": id, "patient": { "reference": format!("Patient/{of}") },
        "code": { "text": "<そば> & 卵" }, "encounter": { "reference": "Encounter/hidden" },
        "recorder": { "reference": "Practitioner/hidden", "display": "記入者" } })
}

fn sections(bundle: &Value) -> Vec<&Value> {
    let sections = bundle["entry"][0]["resource"]["section"].as_array();
    sections.expect("sections").iter().collect()
}

#[test]
fn what_must_be_seen_first_comes_first_and_the_newest_of_a_kind() {
    let blocks = [
        block("contacts", Some("2026-10-01"), "a", vec![]),
        block("allergy", Some("2024"), "a", vec![]),
        block("allergy", None, "b", vec![]),
        block("allergy", Some("2026-10-02T09:00:00+09:00"), "c", vec![]),
        block("acp", Some("2020-01-01"), "", vec![]),
        block("of-another-form", Some("2026-11-01"), "d", vec![]),
    ];
    let notices = ["死亡の登録があります".to_owned()];
    let bundle = card(&blocks, &[patient(PATIENT)], &notices, meta()).unwrap();
    let titles: Vec<&str> = sections(&bundle)
        .iter()
        .map(|s| s["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "お知らせ",
            "ACP（2020年1月1日）",
            "ALLERGY（2026年10月2日 c）",
            "ALLERGY（2024年 a）",
            "ALLERGY（b）",
            "OF-ANOTHER-FORM（2026年11月1日 d）",
            "CONTACTS（2026年10月1日 a）",
            "本人",
        ]
    );
    let second = sections(&bundle)[2];
    assert_eq!(second["extension"][0]["valueDate"], "2026-10-02");
    assert_eq!(second["extension"][1]["valueString"], "c");
    assert!(second["text"]["div"].as_str().unwrap().contains("登録なし"));
    assert_eq!(sections(&bundle)[5]["code"]["coding"][0]["code"], "remarks");
    let head = &bundle["entry"][0]["resource"]["text"]["div"];
    assert!(head.as_str().unwrap().contains("見本 一") && head.as_str().unwrap().contains("死亡"));
    let order: Vec<&str> = in_order(&blocks).iter().map(|b| &*b.source).collect();
    assert_eq!(order, ["", "c", "a", "b", "d", "a"]);
}

/// Whether there is anything: `no`, `yes` or `unknown`.
fn answer(code: &str) -> Value {
    json!({ "resourceType": "Observation", "id": code, "code": { "text": "有無" }, "valueCodeableConcept": {
        "coding": [{ "system": "https://renkei.example/fhir/CodeSystem/slip-answer", "code": code }] } })
}

#[test]
fn what_says_only_none_pushes_nothing_down() {
    let known = json!({ "code": { "text": "有無" }, "valueCodeableConcept": answer("no")["valueCodeableConcept"] });
    let no_wish = json!({ "resourceType": "Observation", "id": "w", "component": [known] });
    let mut blocks = vec![
        block("contacts", None, "contacts", vec![allergy("c", PATIENT)]),
        block("remarks", None, "remarks", vec![allergy("r", PATIENT)]),
        block("care", None, "care", vec![answer("unknown")]),
        block("allergy", Some("2026"), "none", vec![answer("no")]),
        block("infection", None, "infection", vec![answer("unknown")]),
        block("acp", None, "acp", vec![no_wish]),
        block("device", None, "device", vec![answer("yes")]),
    ];
    let order = |blocks: &[CardBlock]| -> Vec<String> {
        let ordered = in_order(blocks).into_iter();
        ordered.map(|block| block.source.clone()).collect()
    };
    assert_eq!(
        order(&blocks),
        [
            "device",
            "remarks",
            "acp",
            "infection",
            "none",
            "contacts",
            "care"
        ]
    );
    // One office says none, another names one: both are seen, where allergies are looked for.
    let entries = vec![answer("yes"), allergy("x", PATIENT)];
    blocks.push(block("allergy", Some("2025"), "buckwheat", entries));
    assert_eq!(
        order(&blocks),
        [
            "none",
            "buckwheat",
            "device",
            "remarks",
            "acp",
            "infection",
            "contacts",
            "care"
        ]
    );
    let silent: Vec<bool> = in_order(&blocks).into_iter().map(says_none).collect();
    assert_eq!(silent, [true, false, false, false, true, true, false, true]);
}

#[test]
fn the_head_says_who_then_what_must_be_known_then_where() {
    let mut living = patient(PATIENT);
    living.json["birthDate"] = json!("1935-03-05");
    living.json["address"] = json!([{ "text": "見本町1" }]);
    let notices = ["死亡の登録があります\r\n二行目".to_owned()];
    let bundle = card(&[], &[living], &notices, meta()).unwrap();
    let head = bundle["entry"][0]["resource"]["text"]["div"]
        .as_str()
        .unwrap();
    let expected = "<ul><li>見本 一 昭和10年3月5日(1935年)生 91歳 不明</li><li>死亡の登録があります<br/>二行目</li>\
        <li>住所: 見本町1（2026年10月1日・a）</li></ul>";
    assert!(head.contains(expected), "{head}");
}

#[test]
fn nothing_on_the_card_points_outside() {
    let use_of = json!({ "resourceType": "DeviceUseStatement", "id": "u", "subject": { "reference": "Patient/elsewhere" },
        "device": { "reference": "Device/hidden" } });
    let team = json!({ "resourceType": "CareTeam", "id": "t", "subject": { "reference": format!("Patient/{OTHER}/_history/3") },
        "participant": [{ "member": { "reference": "Practitioner/hidden" } }, { "role": [{ "text": "r" }], "member": { "reference": "Organization/o" } }] });
    let office = json!({ "resourceType": "Organization", "id": "o", "name": "o" });
    let blocks = [
        block("allergy", None, "a", vec![allergy("x", PATIENT)]),
        block("device", None, "a", vec![use_of]),
        block(
            "family-doctor",
            None,
            "a",
            vec![team.clone(), office.clone()],
        ),
        block("family-doctor", None, "b", vec![team, office]),
    ];
    let bundle = card(&blocks, &[patient(PATIENT), patient(OTHER)], &[], meta()).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    let urls: Vec<&str> = entries
        .iter()
        .map(|e| e["fullUrl"].as_str().unwrap())
        .collect();
    assert_eq!(urls.len(), 7, "each resource once: {urls:?}");
    let text = bundle.to_string();
    assert!(
        !text.contains("hidden") && !text.contains("elsewhere"),
        "{text}"
    );
    let mut references = Vec::new();
    collect(&bundle, &mut references);
    assert!(
        references
            .iter()
            .all(|reference| urls.contains(&&**reference)),
        "{references:?}"
    );
    // Each is spoken of by a section or by what a section speaks of.
    assert!(
        urls[1..]
            .iter()
            .all(|url| references.iter().any(|r| r == url))
    );
    let found = |kind: &str| {
        &entries
            .iter()
            .find(|e| e["resource"]["resourceType"] == kind)
            .unwrap()["resource"]
    };
    assert_eq!(
        found("AllergyIntolerance")["recorder"],
        json!({ "display": "記入者" })
    );
    assert_eq!(found("AllergyIntolerance").get("encounter"), None);
    assert_eq!(
        found("DeviceUseStatement")["device"],
        json!({ "display": "不明" })
    );
    assert_eq!(
        found("DeviceUseStatement")["subject"]["reference"],
        format!("urn:uuid:{PATIENT}")
    );
    assert_eq!(
        found("CareTeam")["subject"]["reference"],
        format!("urn:uuid:{OTHER}")
    );
    assert_eq!(
        found("CareTeam")["participant"].as_array().unwrap().len(),
        1
    );
    assert_eq!(found("Patient").get("generalPractitioner"), None);
    let shown = sections(&bundle)[0]["text"]["div"].as_str().unwrap();
    assert!(shown.contains("&lt;そば&gt; &amp; 卵"), "{shown}");
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            into.extend(
                members
                    .get("reference")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members.values().for_each(|inner| collect(inner, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

#[test]
fn what_makes_no_card() {
    assert_eq!(card(&[], &[], &[], meta()), Err(DocumentError::Subject));
    let unnamed = CardMeta {
        identifier: (String::new(), "1".to_owned()),
        ..meta()
    };
    assert_eq!(
        card(&[], &[patient(PATIENT)], &[], unnamed),
        Err(DocumentError::Identifier)
    );
    let blocks = [block(
        "allergy",
        None,
        "a",
        vec![json!({ "resourceType": "Flag" })],
    )];
    let refused = card(&blocks, &[patient(PATIENT)], &[], meta());
    assert_eq!(
        refused,
        Err(DocumentError::NotAResource {
            key: "Flag".to_owned()
        })
    );
    // A card without blocks is one: nobody registered anything.
    assert!(card(&[], &[patient(PATIENT)], &[], meta()).is_ok());
}
