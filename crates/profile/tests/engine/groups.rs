//! One item of a group makes several resources, and they find each other on the way back.

use renkei_profile::{Mapped, Message, Network};
use renkei_wire::{Leaf, Node, Record};
use serde_json::{Value, json};

use crate::small::{NETWORK, mistakes, try_load};

/// Devices with the statement of their use, and who attends: some of it only sometimes.
const CARD: &str = r#"
message: card
path: cards
title: 救急
format: filemaker-json
layout: 救急
selectors:
  checked: { pattern: { url: "http://own.example/checked" } }
  section:
    pattern: { code: { text: devices } }
    new: { text: { status: empty, div: "<div xmlns=\"http://www.w3.org/1999/xhtml\">-</div>" } }
resources:
  sheet:
    type: Composition
    category: emergency
    always: true
    fixed:
      status: final
      type: { text: card }
      subject: { reference: "key:patient" }
      author: [{ reference: "key:patient" }]
      title: card
      section:
        - { code: { text: devices }, entry: [{ reference: "key:use" }] }
        - { code: { text: doctors }, entry: [{ reference: "key:role" }] }
  patient: { type: Patient, category: demographics }
  device:
    type: Device
    category: emergency
    each: DEV.row[]
    fixed: { patient: { reference: "key:patient" } }
  use:
    type: DeviceUseStatement
    category: emergency
    each: DEV.row[]
    always: true
    fixed: { status: active, subject: { reference: "key:patient" }, device: { reference: "key:device" }, timingDateTime: "copy:device.manufactureDate" }
  role:
    type: PractitionerRole
    category: contacts
    each: DOC.row[]
    fixed: { practitioner: { reference: "key:doctor" }, organization: { reference: "key:clinic" } }
  doctor: { type: Practitioner, category: contacts, each: "DOC.row[]" }
  clinic: { type: Organization, category: contacts, each: "DOC.row[]" }
rows:
  - { native: "@key", fhir: sheet.identifier.value }
  - { native: HEAD.day, fhir: sheet.date, convert: day(slashed), required: true }
  - { native: HEAD.checked, fhir: "sheet.section[section].extension[checked].valueDate", convert: day(era) }
  - { native: HEAD.name, fhir: "patient.name[0].text", required: true, max: 20 }
  - { native: HEAD.birth, fhir: patient.birthDate, convert: day(era) }
  - { native: HEAD.phone, fhir: "patient.telecom[system=phone].value", convert: phone }
  - { native: "DEV.row[].kind", fhir: device.type.text, max: 30 }
  - { native: "DEV.row[].made", fhir: device.manufactureDate, convert: day(iso) }
  - { native: "DEV.row[].note", fhir: "use.note[0].text" }
  - { native: "DOC.row[].since", fhir: role.period.start, convert: day(iso) }
  - { native: "DOC.row[].name", fhir: "doctor.name[0].text" }
  - { native: "DOC.row[].clinic", fhir: clinic.name }
unmapped: [{ native: HEAD.age, why: follows from the birth date }]
ages: [{ age: HEAD.age, birth: HEAD.birth, at: HEAD.day, within: 1, rule: 年齢と生年月日が合いません / age and birth date do not fit }]
roles: { document: sheet, birth-date: patient.birthDate }
"#;

pub fn network() -> Network {
    try_load(NETWORK, CARD).unwrap_or_else(|found| {
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        unreachable!("{}", lines.join("\n"))
    })
}

fn rows(name: &str, rows: &[&[(&str, &str)]]) -> Node {
    let row = |fields: &&[(&str, &str)]| head("row", fields);
    Node::of_branch(name, rows.iter().map(row).collect())
}

fn head(name: &str, fields: &[(&str, &str)]) -> Node {
    let leaf = |(name, text): &(&str, &str)| Node::of_text(*name, *text);
    Node::of_branch(name, fields.iter().map(leaf).collect())
}

pub fn record(fields: &[(&str, &str)], groups: Vec<Node>) -> Record {
    let basic = [("day", "2026/11/21"), ("name", "見本")];
    let all: Vec<_> = basic.iter().chain(fields).copied().collect();
    let mut children = vec![head("HEAD", &all)];
    children.extend(groups);
    Record {
        index: 0,
        key: Leaf::new("1"),
        version: Leaf::new("0"),
        span: Default::default(),
        root: Node::of_branch("record", children),
    }
}

/// The document with its entries turned round: their order says nothing.
fn document(mapped: &Mapped) -> Value {
    let entry = |part: &renkei_profile::MappedResource| json!({"fullUrl": format!("key:{}", part.key), "resource": part.json});
    let entries: Vec<Value> = mapped.resources.iter().rev().map(entry).collect();
    json!({"resourceType": "Bundle", "entry": entries})
}

fn texts(back: &Record, group: &str, names: &[&str]) -> Vec<Vec<String>> {
    let rows = back.root.child(group).expect("a group").children("row");
    let text = |row: &Node, name: &str| {
        row.at(&[name])
            .and_then(Node::text)
            .unwrap_or("?")
            .to_owned()
    };
    rows.map(|row| names.iter().map(|name| text(row, name)).collect())
        .collect()
}

fn card(network: &Network) -> &Message {
    network.message("card").expect("the card")
}

#[test]
fn items_make_several_resources_and_pair_again() {
    let network = network();
    let devices = rows(
        "DEV",
        &[
            &[("kind", "ペースメーカー"), ("made", "2019")],
            &[("note", "夜間のみ")],
            &[("kind", "在宅酸素"), ("note", "2L")],
        ],
    );
    let doctors = rows(
        "DOC",
        &[
            &[("clinic", "見本医院")],
            &[("name", "見本次郎"), ("since", "2020-04")],
            &[("name", "見本三郎"), ("clinic", "例示病院")],
        ],
    );
    let mapped = card(&network)
        .map_in(&record(&[], vec![devices, doctors]))
        .expect("mapped");
    let keys: Vec<&str> = mapped.resources.iter().map(|r| r.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "sheet",
            "patient",
            "device[0]",
            "device[1]",
            "device[2]",
            "use[0]",
            "use[1]",
            "use[2]",
            "role[0]",
            "role[1]",
            "role[2]",
            "doctor[1]",
            "doctor[2]",
            "clinic[0]",
            "clinic[2]",
        ]
    );
    let json = |key: &str| {
        let found = mapped.resources.iter().find(|part| part.key == key);
        &found.expect(key).json
    };
    assert_eq!(
        json("use[2]")["device"],
        json!({"reference": "key:device[2]"})
    );
    assert_eq!(
        json("use[0]")["timingDateTime"],
        json!("2019"),
        "of its own item"
    );
    assert_eq!(json("use[1]").get("timingDateTime"), None);
    assert_eq!(json("role[0]").get("practitioner"), None);
    assert_eq!(
        json("role[2]")["practitioner"],
        json!({"reference": "key:doctor[2]"})
    );
    let entries = json("sheet")["section"][0]["entry"]
        .as_array()
        .map(Vec::len);
    assert_eq!(entries, Some(3), "from outside, all of them");

    let back = card(&network).map_out(&document(&mapped)).expect("back");
    let expected = [
        ["ペースメーカー", "2019", ""],
        ["", "", "夜間のみ"],
        ["在宅酸素", "", "2L"],
    ];
    assert_eq!(texts(&back, "DEV", &["kind", "made", "note"]), expected);
    let expected = [
        ["", "", "見本医院"],
        ["見本次郎", "2020-04", ""],
        ["見本三郎", "", "例示病院"],
    ];
    assert_eq!(texts(&back, "DOC", &["name", "since", "clinic"]), expected);
}

#[test]
fn an_extension_inside_a_section_also_where_the_section_is_empty() {
    let network = network();
    let checked = [("checked", "S64.1.7")];
    let mapped = card(&network)
        .map_in(&record(&checked, Vec::new()))
        .expect("mapped");
    let section = &mapped.resources[0].json["section"];
    assert_eq!(section.as_array().map(Vec::len), Some(1));
    assert_eq!(section[0]["extension"][0]["valueDate"], json!("1989-01-07"));
    assert_eq!(section[0]["text"]["status"], json!("empty"), "made new");
    let devices = rows("DEV", &[&[("kind", "x")]]);
    let full = card(&network)
        .map_in(&record(&checked, vec![devices]))
        .expect("mapped");
    let section = &full.resources[0].json["section"][0];
    assert_eq!(section.get("text"), None, "fixed made it");
    assert_eq!(section["extension"][0]["valueDate"], json!("1989-01-07"));
    let back = card(&network).map_out(&document(&full)).expect("back");
    let day = back.root.at(&["HEAD", "checked"]).and_then(Node::text);
    assert_eq!(day, Some("昭和64年1月7日"));
    let lost: Vec<&str> = full.loss.iter().map(|loss| loss.field.as_str()).collect();
    assert_eq!(lost, ["data[0].HEAD.checked"], "spelling normalised");
}

#[test]
fn groups_without_a_link_are_refused() {
    let found = mistakes(
        NETWORK,
        &CARD.replace(" device: { reference: \"key:device\" },", ""),
    );
    let expected =
        "note.yaml:32:3: nothing tells which use belongs to which device: resources of one group";
    assert!(found[0].starts_with(expected), "{found:#?}");
    let found = mistakes(
        NETWORK,
        &CARD.replace(
            "native: \"DOC.row[].name\", fhir: \"doctor.name[0].text\"",
            "native: \"DOC.row[].name\", fhir: \"patient.name[0].given[*]\"",
        ),
    );
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("note.yaml:56:39:") && line.contains("go to one place")),
        "{found:#?}"
    );
}

#[test]
fn what_a_message_is_known_by() {
    let network = network();
    let card = card(&network);
    assert_eq!(card.layout(), Some("救急"));
    assert_eq!(card.category().as_str(), "emergency");
    for column in ["recordId", "name", "age", "kind"] {
        assert!(card.knows(column), "{column}");
    }
    assert!(!card.knows("HEAD") && !card.knows("住所"));
}
