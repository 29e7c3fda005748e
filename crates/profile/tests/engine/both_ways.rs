//! Trees of other formats go both ways.

use renkei_wire::{Content, Leaf, Node, Record};
use serde_json::{Value, json};

use crate::small::{NETWORK, NOTE, try_load};

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
