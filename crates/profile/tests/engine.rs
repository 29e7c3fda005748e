//! The engine on small made-up networks: mistakes are refused with their places, and the grammar
//! carries trees that have nothing of FileMaker.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::path::Path;

use renkei_profile::{Network, ProfileError, load};
use renkei_wire::{Content, Leaf, Node, Record};
use serde_json::{Value, json};

const HEAD: &str = "native,system,code,display,equivalence,preferred\n";

const NETWORK: &str = "network: small\ntitle: 小さな網\nenrolment: opt-in\nmessages: [messages/note.yaml]\n\
                       names: { own: \"http://own.example\" }\n";

/// A message like HL7 v2: segments that repeat, components, a list of codes in one field.
const NOTE: &str = r#"
message: note
path: notes
title: 連絡
format: filemaker-json
selectors:
  item: { codes: item, pattern: { code: { coding: ["{coding}"] } } }
resources:
  sheet:
    type: Composition
    category: sheet
    always: true
    fixed:
      status: final
      type: { text: note }
      subject: { reference: "key:patient" }
      author: [{ reference: "key:patient" }]
      title: note
      section:
        - { title: S, entry: [{ reference: "key:vitals" }, { reference: "key:person" }] }
  patient: { type: Patient, category: demographics }
  person:
    type: RelatedPerson
    category: contacts
    each: NK1.segment[]
    fixed: { patient: { reference: "key:patient" } }
  vitals:
    type: Observation
    category: vitals
    fixed: { status: final, code: { text: vitals }, effectiveDateTime: "copy:sheet.date" }
rows:
  - { native: "@key", fhir: sheet.identifier.value }
  - { native: MSH.7, fhir: sheet.date, convert: date(YYYYMMDD), required: true }
  - { native: PID.5.1, fhir: "patient.name[0].family", required: true }
  - { native: PID.5.2, fhir: "patient.name[0].given[0]" }
  - { native: 'PID.5\.1', fhir: "patient.name[0].text", direction: in, why: a name with a dot in it }
  - { native: "NK1.segment[].2", fhir: "person.name[0].text" }
  - { native: "NK1.segment[].3", fhir: "person.relationship[*]", codes: kin, split: true }
  - { native: "OBX.segment[].3", fhir: "vitals.component[*].code", codes: item }
  - { native: "OBX.segment[].5", fhir: "vitals.component[*].valueQuantity.value", convert: decimal, beside: { unit: x } }
unmapped: [{ native: PID.1, why: a counter }]
roles: { document: sheet }
"#;

fn folder(network: &str, note: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("small");
    std::fs::create_dir_all(root.join("codes")).expect("folders");
    std::fs::create_dir_all(root.join("messages")).expect("folders");
    let write = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("a file");
    write("network.yaml", network);
    write("access.csv", "network,profession\n");
    write("messages/note.yaml", note);
    let own = "http://own.example";
    write(
        "codes/item.csv",
        &format!("{HEAD}BT,{own},bt,Body temperature,,\nHR,{own},hr,Heart rate,,\n"),
    );
    write(
        "codes/kin.csv",
        &format!("{HEAD}SON,{own},son,Son,,\nKEY,{own},key,Key person,inexact,\n"),
    );
    dir
}

fn try_load(network: &str, note: &str) -> Result<Network, Vec<ProfileError>> {
    let dir = folder(network, note);
    load(&dir.path().join("small"))
}

fn mistakes(network: &str, note: &str) -> Vec<String> {
    let found = try_load(network, note).err().unwrap_or_default();
    let tail = |file: &str| {
        Path::new(file)
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    found
        .iter()
        .map(|e| format!("{}:{}:{}: {}", tail(&e.file), e.line, e.column, e.rule))
        .collect()
}

fn note_with(from: &str, to: &str) -> Vec<String> {
    assert!(NOTE.contains(from), "{from}");
    mistakes(NETWORK, &NOTE.replace(from, to))
}

fn branch(name: &str, children: &[(&str, &str)]) -> Node {
    Node::of_branch(
        name,
        children
            .iter()
            .map(|(name, text)| Node::of_text(*name, *text))
            .collect(),
    )
}

fn record() -> Record {
    let obx = |code: &str, value: &str| {
        Node::of_branch(
            "segment",
            vec![
                Node::of_text("3", code),
                Node::new("5", Content::Number(value.to_owned())),
            ],
        )
    };
    let root = Node::of_branch(
        "message",
        vec![
            branch("MSH", &[("7", "20261121")]),
            Node::of_branch(
                "PID",
                vec![
                    branch("5", &[("1", "見本"), ("2", "太郎")]),
                    Node::of_text("1", "1"),
                ],
            ),
            Node::of_branch(
                "NK1",
                vec![
                    branch("segment", &[("2", "見本花子"), ("3", "SON\rKEY")]),
                    branch("segment", &[("2", ""), ("3", " ")]),
                    branch("segment", &[("2", "見本次郎"), ("9", "?")]),
                ],
            ),
            Node::of_branch(
                "OBX",
                vec![obx("BT", "36.50"), obx("HR", "72"), obx("BT", "37")],
            ),
            branch("ZZZ", &[("1", "x")]),
        ],
    );
    Record {
        index: 0,
        key: Leaf::new("k1"),
        version: Leaf::new("4"),
        span: Default::default(),
        root,
    }
}

#[test]
fn trees_of_other_formats_go_both_ways() {
    let network = try_load(NETWORK, NOTE).expect("a profile");
    let note = network.message("note").expect("the note");
    let mapped = note.map_in(&record()).expect("mapped");
    let keys: Vec<&str> = mapped
        .resources
        .iter()
        .map(|resource| resource.key.as_str())
        .collect();
    assert_eq!(
        keys,
        ["sheet", "patient", "person[0]", "person[1]", "vitals"]
    );
    let vitals = &mapped.resources[4].json;
    assert_eq!(vitals["effectiveDateTime"], json!("2026-11-21"));
    assert_eq!(
        vitals["component"][0]["valueQuantity"].to_string(),
        r#"{"value":36.50,"unit":"x"}"#
    );
    let lost: Vec<&str> = mapped.loss.iter().map(|loss| loss.field.as_str()).collect();
    let expected = [
        "data[0].NK1[1]",
        "data[0].NK1[0].3",
        "data[0].PID.1",
        "data[0].NK1[2].9",
        "data[0].ZZZ",
    ];
    assert_eq!(lost, expected, "{:?}", mapped.loss);
    let entries: Vec<Value> = mapped
        .resources
        .iter()
        .map(|part| json!({"fullUrl": format!("key:{}", part.key), "resource": part.json}))
        .collect();
    let back = note
        .map_out(&json!({"resourceType": "Bundle", "entry": entries}))
        .expect("back");
    assert_eq!(back.key.text, "k1");
    let obx = back.root.child("OBX").expect("segments");
    let values: Vec<_> = obx
        .children("segment")
        .map(|s| (s.child("3"), s.child("5")))
        .collect();
    let texts: Vec<_> = values
        .iter()
        .map(|(a, b)| (a.and_then(Node::text), b.and_then(Node::text)))
        .collect();
    assert_eq!(
        texts,
        [
            (Some("BT"), Some("36.50")),
            (Some("HR"), Some("72")),
            (Some("BT"), Some("37")),
        ]
    );
    let kin = back
        .root
        .child("NK1")
        .expect("segments")
        .children("segment");
    let kin: Vec<_> = kin
        .map(|s| {
            (
                s.at(&["2"]).and_then(Node::text),
                s.at(&["3"]).and_then(Node::text),
            )
        })
        .collect();
    assert_eq!(
        kin,
        [
            (Some("見本花子"), Some("SON\rKEY")),
            (Some("見本次郎"), Some(""))
        ]
    );
}

#[test]
fn a_stored_document_that_cannot_go_back_says_which_row() {
    let network = try_load(NETWORK, NOTE).expect("a profile");
    let note = network.message("note").expect("the note");
    let mut mapped = note.map_in(&record()).expect("mapped");
    mapped.resources[0].json["date"] = json!("2026");
    let entry = json!([{"fullUrl": "u", "resource": mapped.resources[0].json}]);
    let error = note
        .map_out(&json!({"entry": entry}))
        .expect_err("no inverse");
    assert_eq!(
        error.to_string(),
        "sheet.date has no inverse by messages/note.yaml:33"
    );
    assert!(note.map_out(&json!({"resourceType": "Patient"})).is_err());
    assert!(note.map_out(&json!({"entry": []})).is_err());
}

#[test]
fn mistakes_have_file_line_and_column() {
    for (from, to, expected) in [
        (
            "convert: decimal",
            "convert: decimals",
            "note.yaml:40:92: unknown converter \"decimals\"",
        ),
        (
            "codes: kin",
            "codes: kinds",
            "note.yaml:38:73: no code map codes/kinds.csv",
        ),
        ("fhir: vitals.", "fhir: vital.", "unknown"),
        (
            "category: vitals",
            "category: vital",
            "note.yaml:29:15: \"vital\" is not a category",
        ),
        (
            "direction: in, why: a name with a dot in it",
            "direction: in",
            "a one-way row says why",
        ),
        (
            "direction: in,",
            "direction: inward,",
            "\"direction\" is both, in or out",
        ),
        (
            "\"key:vitals\"",
            "\"key:vital\"",
            "unknown resource \"vital\"",
        ),
        (
            "copy:sheet.date",
            "copy:sheet.day",
            "\"copy:sheet.day\" is not the target",
        ),
        (
            "always: true",
            "always: sometimes",
            "\"always\" must be true or false",
        ),
        ("title: 連絡", "titel: 連絡", "unknown key \"titel\""),
        (
            "  - { native: MSH.7,",
            "  - { native: PID.5.1,",
            "fills the same native field",
        ),
        (
            "fhir: \"patient.name[0].given[0]\"",
            "fhir: \"patient.name[0].family\"",
            "fills the same element",
        ),
        ("split: true", "split: false", "repetition on one side only"),
        (
            "native: \"OBX.segment[].5\"",
            "native: OBX.5",
            "repetition on one side only",
        ),
        (
            "native: PID.1, why: a counter",
            "native: PID.1",
            "\"why\" is missing",
        ),
        (
            "{ document: sheet }",
            "{ document: patient }",
            "the document is a resource of type Composition",
        ),
        (
            "type: RelatedPerson",
            "type: RelatedPersons",
            "is not a resource type",
        ),
        (
            "native: MSH.7",
            "native: MSH..7",
            "a native path is names with dots between",
        ),
        ("message: note", "message: [note", "not YAML"),
        (
            "format: filemaker-json",
            "format: xml",
            "unknown format; known: filemaker-json",
        ),
        (
            "convert: date(YYYYMMDD)",
            "convert: family-name",
            "this converter has no inverse",
        ),
    ] {
        let found = match (from, to) {
            // A path in a quoted scalar.
            ("fhir: vitals.", _) => note_with(
                "\"vitals.component[*].code\"",
                "\"vital.component[*].code\"",
            ),
            _ => note_with(from, to),
        };
        let told = found.iter().any(|line| line.contains(expected));
        assert!(told, "{to}: expected {expected}, found {found:#?}");
        assert!(
            found.iter().all(|line| line.starts_with("note.yaml:")),
            "{found:#?}"
        );
    }
}

#[test]
fn many_mistakes_are_told_at_once() {
    let note = NOTE
        .replace("convert: decimal", "convert: decimals")
        .replace("codes: kin", "codes: kinds")
        .replace("category: sheet", "category: sheets");
    assert!(mistakes(&NETWORK.replace("small", "large"), &note).len() >= 4);
}

#[test]
fn thoughts_are_checked_too() {
    // An element that FHIR does not have.
    let found = note_with("patient.name[0].family", "patient.name[0].surname");
    assert!(
        found
            .iter()
            .any(|l| l.starts_with("note.yaml:34:") && l.contains("not FHIR")),
        "{found:#?}"
    );
    // A resource that nothing refers to has no way back.
    let found = note_with("{ reference: \"key:vitals\" }, ", "");
    assert!(
        found
            .iter()
            .any(|l| l.contains("does not come back as it went in")),
        "{found:#?}"
    );
    // Two resources in one list that nothing tells apart.
    let twin = "  patient: { type: Patient, category: demographics }\n";
    let note = NOTE
        .replace(twin, &format!("{twin}  twin:\n    type: Observation\n    category: vitals\n    fixed: {{ status: final, code: {{ text: vitals }} }}\n"))
        .replace("{ reference: \"key:vitals\" }, ", "{ reference: \"key:vitals\" }, { reference: \"key:twin\" }, ")
        .replace("unmapped:", "  - { native: PID.9, fhir: twin.valueString }\nunmapped:");
    let found = mistakes(NETWORK, &note);
    assert!(
        found
            .iter()
            .any(|l| l.contains("twin.valueString does not come back")),
        "{found:#?}"
    );
}

#[test]
fn the_head_is_checked() {
    for (network, expected) in [
        (
            NETWORK.replace("network: small", "network: other"),
            "a network is called like its folder",
        ),
        (
            NETWORK.replace("messages/note.yaml", "../note.yaml"),
            "must be a file of this folder",
        ),
        (
            NETWORK.replace("messages/note.yaml", "messages/nothing.yaml"),
            "cannot be read",
        ),
        (
            NETWORK.replace("title: 小さな網\n", ""),
            "\"title\" is missing",
        ),
        (
            NETWORK.replace(
                "messages/note.yaml",
                "messages/note.yaml, messages/note.yaml",
            ),
            "two messages",
        ),
    ] {
        let found = mistakes(&network, NOTE);
        assert!(
            found.iter().any(|line| line.contains(expected)),
            "{expected}: {found:#?}"
        );
    }
    let unknown = NOTE.replace("type: { text: note }", "type: { text: \"${owns}\" }");
    assert!(
        mistakes(NETWORK, &unknown)
            .iter()
            .any(|line| line.contains("unknown abbreviation"))
    );
}

#[test]
fn the_version_follows_the_content() {
    let version = |note: &str| {
        try_load(NETWORK, note)
            .expect("a profile")
            .version()
            .to_owned()
    };
    assert_eq!(version(NOTE), version(NOTE));
    assert_ne!(
        version(NOTE),
        version(&NOTE.replace("a counter", "a mere counter"))
    );
    assert_eq!(version(NOTE).len(), 64);
}
