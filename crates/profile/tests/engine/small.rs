//! A small network whose message is like HL7 v2.

use std::path::Path;

use renkei_profile::{Network, ProfileError, load};
use serde_json::json;

pub const HEAD: &str = "native,system,code,display,equivalence,preferred\n";

/// The code system that the network publishes.
pub const OWN: &str = "http://own.example/codes/own";

pub const NETWORK: &str = "network: small\ntitle: 小さな網\nenrolment: opt-in\nmessages: [messages/note.yaml]\n\
                       names: { own: \"http://own.example/codes/own\" }\n";

/// A message like HL7 v2: segments that repeat, components, a list of codes in one field.
pub const NOTE: &str = r#"
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

pub fn folder(network: &str, note: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("small");
    std::fs::create_dir_all(root.join("codes")).expect("folders");
    std::fs::create_dir_all(root.join("messages")).expect("folders");
    let write = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("a file");
    write("network.yaml", network);
    write("access.csv", "network,profession\n");
    write("messages/note.yaml", note);
    write(
        "codes/item.csv",
        &format!("{HEAD}BT,{OWN},bt,Body temperature,,\nHR,{OWN},hr,Heart rate,,\n"),
    );
    write(
        "codes/kin.csv",
        &format!("{HEAD}SON,{OWN},son,Son,,\nKEY,{OWN},key,Key person,inexact,\n"),
    );
    std::fs::create_dir_all(dir.path().join("fhir")).expect("folders");
    let codes = [
        ("bt", "Body temperature"),
        ("hr", "Heart rate"),
        ("son", "Son"),
        ("key", "Key person"),
    ];
    let concepts = codes.map(|(code, display)| json!({"code": code, "display": display}));
    let system = json!({"resourceType": "CodeSystem", "url": OWN, "concept": concepts});
    std::fs::write(
        dir.path().join("fhir/CodeSystem-own.json"),
        system.to_string(),
    )
    .expect("a file");
    dir
}

pub fn try_load(network: &str, note: &str) -> Result<Network, Vec<ProfileError>> {
    let dir = folder(network, note);
    load(&dir.path().join("small"))
}

/// The mistakes of a folder, each with the name of its file only.
pub fn found_in(dir: &tempfile::TempDir) -> Vec<String> {
    let found = load(&dir.path().join("small")).err().unwrap_or_default();
    let tail = |file: &str| {
        let name = Path::new(file).file_name().expect("a name");
        name.to_string_lossy().into_owned()
    };
    found
        .iter()
        .map(|e| format!("{}:{}:{}: {}", tail(&e.file), e.line, e.column, e.rule))
        .collect()
}

pub fn mistakes(network: &str, note: &str) -> Vec<String> {
    found_in(&folder(network, note))
}

pub fn note_with(from: &str, to: &str) -> Vec<String> {
    assert!(NOTE.contains(from), "{from}");
    mistakes(NETWORK, &NOTE.replace(from, to))
}
