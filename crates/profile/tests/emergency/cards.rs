//! Cards composed of records and slips, and what the official validator must refuse.

use std::path::Path;

use renkei_fhir::card::{CardMeta, card};
use renkei_fhir::card_blocks::{CardPart, lay};
use renkei_fhir::reference;
use renkei_model::Instant;
use renkei_model::id::ResourceId;
use renkei_profile::Mapped;
use serde_json::{Value, json};

use super::{mapped, network, record_message};

/// Resources as the store gives them: with ids, referring to each other by `Type/ID`.
fn stored(mapped: &Mapped) -> Vec<CardPart> {
    let named: Vec<(String, String)> = mapped
        .resources
        .iter()
        .map(|part| (part.key.clone(), ResourceId::new().to_string()))
        .collect();
    let target = |key: &str| {
        let at = named.iter().position(|(known, _)| known == key)?;
        Some(format!(
            "{}/{}",
            mapped.resources[at].resource_type, named[at].1
        ))
    };
    let parts = mapped.resources.iter().zip(&named);
    parts
        .map(|(part, (_, id))| {
            let mut json = part.json.clone();
            reference::bind(&mut json, &target).expect("every reference is bound");
            json["id"] = json!(id);
            CardPart {
                sheet: mapped.native_key.clone(),
                source: "見本の事業所".to_owned(),
                day: "2026-11-21".to_owned(),
                category: part.category,
                json,
            }
        })
        .collect()
}

fn composed(parts: Vec<CardPart>, notices: &[String]) -> Value {
    let laid = lay(parts);
    let bundle = ResourceId::new();
    let meta = CardMeta {
        bundle,
        composition: ResourceId::new(),
        identifier: ("urn:ietf:rfc:3986".to_owned(), format!("urn:uuid:{bundle}")),
        at: Instant(1_795_219_200_000_000),
        author: "見本ネット".to_owned(),
    };
    card(&laid.blocks, &laid.people, notices, meta).expect("a card")
}

/// Gives a case to the official validator, when a test run collects cases for it.
pub(crate) fn offer_to_the_judge(name: &str, json: &Value) {
    if let Some(folder) = std::env::var_os("RENKEI_TEST_VALIDATOR_CASES") {
        let file = Path::new(&folder).join(format!("{name}.json"));
        std::fs::write(file, json.to_string()).expect("a file");
    }
}

#[test]
fn cards_are_composed_of_records_and_slips() {
    let network = network();
    let message = record_message(network);
    let slip = network.message("admission-slip").expect("the slip");
    let one = || stored(&mapped(message, "samples/emergency-1.json")[0]);
    let whole = composed(one(), &[]);
    let text = whole.to_string();
    for line in [
        "ペニシリン（発疹・重度）",
        "アムロジピン錠5mg 1錠 朝食後（2024年4月10日から）",
        "長女 濱田 花 0157-00-2002 090-0000-2002（連絡順1）",
        "ペースメーカー（北見みなと病院で植込み。手帳は財布の中・2021年6月15日から）",
        "やまなみ内科クリニック 内科 山並 遥 0157-00-0201（主治医）",
        "訪問看護: 訪問看護ステーションあおぞら 0157-00-0301",
        "意思の区分: 心肺蘇生を望まない",
        "表明日: 2026年5月12日",
        "意思表示の書面: 居間の電話台の一番上の引き出し",
        "慢性心不全（2020年4月・治療中）",
    ] {
        assert!(text.contains(line), "{line}");
    }
    offer_to_the_judge("ok-card-one", &whole);
    let mut several = one();
    for file in ["golden/everything/native.json", "samples/slip-2.json"] {
        several.extend(stored(&mapped(slip, file)[0]));
    }
    several.extend(stored(
        &mapped(message, "golden/emergency-everything/native.json")[0],
    ));
    let notices = ["死亡の登録があります (2026-11-15)".to_owned()];
    let mixed = composed(several.clone(), &notices);
    assert_eq!(
        mixed["entry"][0]["resource"]["section"][0]["title"],
        "お知らせ"
    );
    offer_to_the_judge("ok-card-several", &mixed);
    // What the reader may not see is simply not given: the card stays whole.
    several.retain(|part| {
        part.json["resourceType"] != "Organization" && part.category.as_str() != "acp"
    });
    several.retain(|part| part.json["resourceType"] != "Device");
    offer_to_the_judge("ok-card-hidden", &composed(several, &notices));
    let sparse = stored(&mapped(message, "golden/emergency-sparse/native.json")[0]);
    offer_to_the_judge("ok-card-sparse", &composed(sparse, &[]));
    for turn in 0..4 {
        for full in [true, false] {
            let made = message.map_in(&message.sample(turn, full)).expect("mapped");
            let name = format!(
                "generated-record-{turn}-{}",
                if full { "full" } else { "small" }
            );
            offer_to_the_judge(
                &format!("ok-{name}"),
                &message.specimen(&made).expect("a document"),
            );
            offer_to_the_judge(&format!("ok-card-{name}"), &composed(stored(&made), &[]));
        }
    }
}

/// A judge that takes these too has proved nothing of the emergency record's own types and profiles.
#[test]
fn broken_records_are_for_the_judge_to_refuse() {
    let network = network();
    let message = record_message(network);
    let made = &mapped(message, "golden/emergency-everything/native.json")[0];
    let good = message.specimen(made).expect("a document");
    let entries = good["entry"].as_array().expect("entries");
    let at = |kind: &str| {
        let found = entries
            .iter()
            .position(|entry| entry["resource"]["resourceType"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))
    };
    let cut = |kind: &str, pointer: &str, name: &str| {
        let mut broken = good.clone();
        let place = broken.pointer_mut(&format!("/entry/{}/resource{pointer}", at(kind)));
        let removed = place
            .and_then(Value::as_object_mut)
            .and_then(|object| object.shift_remove(name));
        assert!(removed.is_some(), "{kind}{pointer} has no {name}");
        broken
    };
    let set = |kind: &str, pointer: &str, value: Value| {
        let mut broken = good.clone();
        let place = broken.pointer_mut(&format!("/entry/{}/resource{pointer}", at(kind)));
        *place.unwrap_or_else(|| panic!("{kind} has no {pointer}")) = value;
        broken
    };
    let section = "/section/0/code/coding/0";
    for (name, broken) in [
        (
            "allergy-of-nobody",
            cut("AllergyIntolerance", "", "patient"),
        ),
        (
            "allergy-without-state",
            cut("AllergyIntolerance", "", "clinicalStatus"),
        ),
        (
            "reaction-without-manifestation",
            cut("AllergyIntolerance", "/reaction/0", "manifestation"),
        ),
        (
            "allergy-severity",
            set(
                "AllergyIntolerance",
                "/reaction/0/severity",
                json!("deadly"),
            ),
        ),
        (
            "no-drug",
            cut("MedicationStatement", "", "medicationCodeableConcept"),
        ),
        ("use-of-nothing", cut("DeviceUseStatement", "", "device")),
        ("flag-without-code", cut("Flag", "", "code")),
        ("flag-of-nobody", cut("Flag", "", "subject")),
        (
            "paper-without-content",
            cut("DocumentReference", "", "content"),
        ),
        ("coverage-without-payor", cut("Coverage", "", "payor")),
        ("team-status", set("CareTeam", "/status", json!("asleep"))),
        (
            "residence-code",
            set(
                "Patient",
                "/extension/0/valueCodeableConcept/coding/0/code",
                json!("blood-a"),
            ),
        ),
        (
            "extension-unknown",
            set(
                "Patient",
                "/extension/0/url",
                json!("https://renkei.example/fhir/StructureDefinition/nothing"),
            ),
        ),
        (
            "section-of-a-slip",
            set(
                "Composition",
                &format!("{section}/system"),
                json!("https://renkei.example/fhir/CodeSystem/admission-sheet-section"),
            ),
        ),
        (
            "section-unknown",
            set("Composition", &format!("{section}/code"), json!("nothing")),
        ),
        (
            "block-date-as-text",
            set(
                "Composition",
                "/section/0/extension/0",
                json!({"url": "https://renkei.example/fhir/StructureDefinition/block-date", "valueString": "2026"}),
            ),
        ),
        (
            "type-of-a-slip",
            set(
                "Composition",
                "/type/coding/0/code",
                json!("admission-sheet"),
            ),
        ),
        (
            "dangling-entry",
            set(
                "Composition",
                "/section/0/entry/0/reference",
                json!("urn:uuid:00000000-0000-0000-0000-000000000000"),
            ),
        ),
    ] {
        assert_ne!(broken, good, "{name}");
        offer_to_the_judge(&format!("bad-emergency-{name}"), &broken);
    }
}
