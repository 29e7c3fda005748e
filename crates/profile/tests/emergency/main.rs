//! The emergency record of Kitami: it comes back as it was sent, speaks of faults in the sender's words,
//! puts each piece on its shelf, and the cards composed of it are given to the official validator.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

#[cfg(test)]
mod cards;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use renkei_fhir::face::face;
use renkei_model::limits::Limits;
use renkei_profile::{Mapped, Message, Network};
use renkei_wire::{Record, filemaker};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru")
}

/// The network, read once: every reading proves all its plans.
fn network() -> &'static Network {
    static NETWORK: OnceLock<Network> = OnceLock::new();
    NETWORK.get_or_init(|| {
        renkei_profile::load(&folder()).unwrap_or_else(|found| {
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        })
    })
}

fn record_message(network: &Network) -> &Message {
    network.message("emergency-record").expect("the record")
}

fn read(file: &str) -> Value {
    let bytes = std::fs::read(folder().join(file)).expect("a file");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn decode(message: &Value) -> Vec<Record> {
    let body = message.to_string();
    filemaker::decode(body.as_bytes(), "application/json", &Limits::default()).expect("an envelope")
}

fn mapped(message: &Message, file: &str) -> Vec<Mapped> {
    let records = decode(&read(file));
    records
        .iter()
        .map(|record| {
            message
                .map_in(record)
                .unwrap_or_else(|faults| panic!("{file}: {faults:?}"))
        })
        .collect()
}

#[test]
fn what_was_sent_comes_back() {
    let network = network();
    let message = record_message(network);
    for file in [
        "samples/emergency-1.json",
        "samples/emergency-2.json",
        "golden/emergency-ordinary/native.json",
        "golden/emergency-sparse/native.json",
        "golden/emergency-everything/native.json",
        "golden/emergency-corrections/native.json",
    ] {
        let sent = read(file);
        for (n, mapped) in mapped(message, file).iter().enumerate() {
            assert_eq!(mapped.loss, Vec::new(), "{file}");
            let document = message.specimen(mapped).expect("a document");
            let back = filemaker::encode(&[message.map_out(&document).expect("a way back")]);
            let back: Value = serde_json::from_slice(&back).expect("JSON");
            let (sent, back) = (&sent["response"]["data"][n], &back["response"]["data"][0]);
            assert_eq!(sent["modId"], back["modId"]);
            for (name, value) in sent["fieldData"].as_object().expect("fields") {
                assert_eq!(Some(value), back["fieldData"].get(name), "{file} {name}");
            }
            for (portal, rows) in sent["portalData"].as_object().expect("portals") {
                let (rows, back) = (rows.as_array().expect("rows"), &back["portalData"][portal]);
                assert_eq!(
                    back.as_array().map(Vec::len),
                    Some(rows.len()),
                    "{file} {portal}"
                );
                for (row, back) in rows.iter().zip(back.as_array().expect("rows")) {
                    for (name, value) in row.as_object().expect("a row") {
                        assert_eq!(Some(value), back.get(name), "{file} {portal} {name}");
                    }
                }
            }
        }
    }
}

/// The first sample with one field changed; `None` takes the field away.
fn faulty(place: &str, field: &str, value: Option<Value>) -> Vec<(String, String)> {
    let mut message = read("samples/emergency-1.json");
    let fields = message.pointer_mut(&format!("/response/data/0/{place}"));
    let fields = fields.and_then(Value::as_object_mut).expect("fields");
    match value {
        Some(value) => fields.insert(field.to_owned(), value),
        None => fields.shift_remove(field),
    };
    let faults = record_message(network()).map_in(&decode(&message)[0]);
    let faults = faults.err().unwrap_or_default().into_iter();
    faults.map(|fault| (fault.field, fault.rule)).collect()
}

#[test]
fn faults_name_the_field_in_the_senders_words() {
    let nothing = None;
    for (field, value, rule) in [
        ("氏名", nothing, "必須項目です"),
        ("生年月日", Some("明治99年"), "その元号にその年はありません"),
        ("生年月日", Some("昭和64年1月8日"), "元号の最後の日より後"),
        ("生年月日", Some("昭和10年2月30日"), "実在しない日付です"),
        ("生年月日", Some("むかし"), "日付として読めません"),
        ("氏名カナ", Some("ハマダ　昭吉"), "カタカナで"),
        ("電話", Some("内線12"), "電話番号は"),
        ("自治区", Some("a\u{202e}b"), "制御文字"),
        ("作成日", Some("令和8年10月1日"), "MM/DD/YYYY"),
        (
            "在住状況",
            Some("旅行中"),
            "コード表「residence」にない値です",
        ),
        (
            "ACP区分",
            Some("たぶん"),
            "コード表「acp-kind」にない値です",
        ),
        ("ACP医師署名", Some("はい"), "「あり」か「なし」で"),
        ("被保険者番号", Some("201"), "10文字で"),
        ("登録機関コード", nothing, "必須項目です"),
        (
            "認定有効期間終了",
            Some("03/31/2026"),
            "有効期間の終わりが始まりより前です",
        ),
        ("医療保険番号", nothing, "この項目を記入するときは必須です"),
    ] {
        let faults = faulty("fieldData", field, value.map(Value::from));
        assert_eq!(faults.len(), 1, "{field}: {faults:?}");
        assert_eq!(faults[0].0, format!("data[0].fieldData.{field}"));
        assert!(faults[0].1.contains(rule), "{field}: {}", faults[0].1);
        assert!(
            faults[0].1.contains(" / "),
            "Japanese, then English: {}",
            faults[0].1
        );
        assert!(
            value.is_none_or(|value| !faults[0].1.contains(value)),
            "nothing is quoted"
        );
    }
    for (portal, field, value, rule) in [
        ("内服薬", "薬剤名", nothing, "必須項目です"),
        (
            "アレルギー",
            "反応",
            nothing,
            "この項目を記入するときは必須です",
        ),
        (
            "医療機器",
            "種類",
            Some("未知の装置"),
            "コード表「medical-device」にない値です",
        ),
        (
            "かかりつけ医",
            "医療機関コード",
            Some("12"),
            "半角数字10桁で",
        ),
        (
            "病名",
            "発症時期",
            Some("平成40年"),
            "その元号にその年はありません",
        ),
        ("緊急連絡先", "順位", Some("一番"), "整数で"),
    ] {
        let (place, field) = (
            format!("portalData/{portal}/0"),
            format!("{portal}::{field}"),
        );
        let faults = faulty(&place, &field, value.map(Value::from));
        assert_eq!(faults.len(), 1, "{field}: {faults:?}");
        assert_eq!(
            faults[0].0,
            format!("data[0].portalData.{portal}[0].{field}")
        );
        assert!(faults[0].1.contains(rule), "{field}: {}", faults[0].1);
    }
}

/// Neither says which one is wrong: both are named.
#[test]
fn an_age_must_fit_the_birth_date() {
    let faults = faulty("fieldData", "年齢", Some(Value::from("19")));
    let fields: Vec<&str> = faults.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        ["data[0].fieldData.生年月日", "data[0].fieldData.年齢"]
    );
    for age in ["90", "91", "92"] {
        assert_eq!(
            faulty("fieldData", "年齢", Some(Value::from(age))),
            [],
            "{age}"
        );
    }
}

#[test]
fn each_piece_stands_on_its_shelf() {
    let network = network();
    let message = record_message(network);
    assert_eq!(message.layout(), Some("救急医療情報"));
    assert_eq!(message.category().as_str(), "emergency");
    let mapped = &mapped(message, "golden/emergency-everything/native.json")[0];
    let shelf = |key: &str| {
        let part = mapped.resources.iter().find(|part| part.key == key);
        let part = part.unwrap_or_else(|| panic!("{key} is made"));
        (
            part.resource_type.as_str(),
            part.category.as_str(),
            part.sensitivity.as_str(),
        )
    };
    for (key, expected) in [
        ("composition", ("Composition", "emergency", "normal")),
        ("patient", ("Patient", "demographics", "normal")),
        ("care-insurance", ("Coverage", "demographics", "normal")),
        ("contact[2]", ("RelatedPerson", "contacts", "normal")),
        ("care-team", ("CareTeam", "contacts", "normal")),
        (
            "family-doctor[1]",
            ("PractitionerRole", "contacts", "normal"),
        ),
        ("diagnosis[5]", ("Condition", "diagnosis", "normal")),
        ("past-illness[0]", ("Condition", "diagnosis", "normal")),
        (
            "medication[0]",
            ("MedicationStatement", "prescription", "normal"),
        ),
        ("allergy[0]", ("AllergyIntolerance", "allergy", "normal")),
        (
            "device-use[0]",
            ("DeviceUseStatement", "emergency", "normal"),
        ),
        ("device[0]", ("Device", "emergency", "normal")),
        ("remarks", ("Flag", "emergency", "normal")),
        ("infection[0]", ("Flag", "emergency", "infectious")),
        (
            "infection-status",
            ("Observation", "emergency", "infectious"),
        ),
        ("acp", ("Observation", "acp", "normal")),
        ("acp-paper", ("DocumentReference", "acp", "normal")),
        ("care", ("Observation", "care", "normal")),
        ("consent", ("Observation", "consent", "normal")),
    ] {
        assert_eq!(shelf(key), expected, "{key}");
    }
    // An item without a doctor has no Practitioner; its neighbours keep theirs.
    let keys: Vec<&str> = mapped
        .resources
        .iter()
        .map(|part| part.key.as_str())
        .collect();
    assert!(keys.contains(&"family-doctor-person[0]") && keys.contains(&"family-doctor-person[2]"));
    assert!(!keys.contains(&"family-doctor-person[1]"));
    let roles = &mapped.roles;
    let sender = roles.sender.as_ref().map(|sender| sender.code.as_str());
    assert_eq!(
        (sender, roles.destination.as_ref()),
        (Some("0170100001"), None)
    );
    assert_eq!(
        roles.consent.as_ref().map(|consent| consent.given),
        Some(true)
    );
    let claims: Vec<(u8, &str)> = roles
        .identifiers
        .iter()
        .map(|c| (c.rank, c.value.as_str()))
        .collect();
    assert_eq!(claims, [(0, "KT-000303"), (2, "0000100303")]);
}

/// なし says nothing about an infection, whatever else the block holds.
#[test]
fn no_infection_is_no_secret() {
    let network = network();
    let mapped = mapped(record_message(network), "samples/emergency-1.json");
    let status = mapped[0]
        .resources
        .iter()
        .find(|part| part.key == "infection-status");
    assert_eq!(status.expect("an answer").sensitivity.as_str(), "normal");
}

#[test]
fn the_face_is_what_crews_look_for() {
    let network = network();
    let message = record_message(network);
    let of = |file: &str, n: usize| {
        let mapped = mapped(message, file);
        let patient = mapped[n]
            .resources
            .iter()
            .find(|part| part.key == "patient");
        face(&patient.expect("a patient").json)
    };
    let one = of("samples/emergency-1.json", 0);
    assert_eq!(one.kana.as_deref(), Some("ハマダ ショウキチ"));
    assert_eq!(one.birth_date.as_deref(), Some("1935-03-05"));
    assert_eq!(one.district.as_deref(), Some("北見"));
    assert_eq!(one.phones, ["0157-00-2001", "090-0000-2001"]);
    assert_eq!((one.deceased, one.moved), (None, None));
    let gone = of("golden/emergency-everything/native.json", 0);
    assert_eq!(gone.deceased.as_deref(), Some("2026-11-15"));
    assert_eq!(
        gone.address.as_deref(),
        Some("北海道北見市常呂町しおさい1-2"),
        "not the new one"
    );
    let moved = of("golden/emergency-corrections/native.json", 2);
    assert_eq!(moved.moved.as_deref(), Some("2026-09-30"));
    let old = of("golden/emergency-old-kanji/native.json", 0);
    assert_eq!(
        old.name.as_deref(),
        Some("髙﨑 澤邉"),
        "kanji are kept as they are"
    );
}

/// A day of death says it all; without one, the fact itself must be in the Patient.
#[test]
fn death_without_a_day_is_told_to_fhir_too() {
    let mut message = read("golden/emergency-sparse/native.json");
    for (state, day, expected) in [
        ("死亡", "", (Some(true), None)),
        ("死亡", "令和8年", (None, Some("2026"))),
        ("在住", "", (None, None)),
    ] {
        let fields = &mut message["response"]["data"][0]["fieldData"];
        fields["在住状況"] = Value::from(state);
        fields["死亡日"] = Value::from(day);
        let mapped = record_message(network()).map_in(&decode(&message)[0]);
        let mapped = mapped.expect("mapped");
        let patient = mapped.resources.iter().find(|part| part.key == "patient");
        let patient = &patient.expect("a patient").json;
        let told = (
            patient.get("deceasedBoolean").and_then(Value::as_bool),
            patient.get("deceasedDateTime").and_then(Value::as_str),
        );
        assert_eq!(told, expected, "{state} {day}");
        let document = record_message(network()).specimen(&mapped);
        let document = document.expect("a document");
        let name = format!("ok-emergency-death-{}{}", state.len(), day.len());
        cards::offer_to_the_judge(&format!("{name}-{}", expected.0.is_some()), &document);
        let back = record_message(network()).map_out(&document);
        let back = back.expect("a way back");
        assert_eq!(
            back.root
                .at(&["fieldData", "在住状況"])
                .and_then(|node| node.text()),
            Some(state)
        );
    }
}

/// What a sender no longer says is no longer there.
#[test]
fn a_correction_takes_things_away() {
    let network = network();
    let versions = mapped(
        record_message(network),
        "golden/emergency-corrections/native.json",
    );
    let count = |n: usize, kind: &str| {
        let parts = versions[n].resources.iter();
        parts.filter(|part| part.resource_type == kind).count()
    };
    assert_eq!(
        [count(0, "RelatedPerson"), count(1, "RelatedPerson")],
        [2, 1]
    );
    assert_eq!(
        [0, 1, 2].map(|n| count(n, "MedicationStatement")),
        [2, 1, 0]
    );
    assert_eq!([count(0, "Flag"), count(1, "Flag")], [1, 0]);
    // The block's date stays where its drugs are gone: somebody looked, and there are none.
    let composition = &versions[2].resources[0].json;
    let sections = composition["section"].as_array().expect("sections");
    let medication = sections
        .iter()
        .find(|section| section["title"] == "内服薬")
        .expect("a section");
    assert_eq!(medication["extension"][0]["valueDate"], "2026-09-01");
    assert!(medication.get("entry").is_none() && medication.get("text").is_some());
}
