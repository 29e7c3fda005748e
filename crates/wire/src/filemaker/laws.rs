//! What holds for every record: the way out and in again gives the same, and spans are exact.

use proptest::prelude::*;
use renkei_model::limits::Limits;
use renkei_model::message::Fault;

use super::{FIELD_DATA, MOD_ID, PORTAL_DATA, RECORD, RECORD_ID, ROW, decode, encode};
use crate::mutants;
use crate::tree::{Content, Leaf, Node, Record};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\u{0}]{0,12}",
        "[ぁ-んァ-ヶ一-龠０-９ \n\"\\\\😀]{0,12}",
        "[0-9/]{10}"
    ]
}

fn leaves() -> impl Strategy<Value = Vec<Node>> {
    let content = prop_oneof![
        8 => text().prop_map(Content::Text),
        1 => r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,3})?".prop_map(Content::Number),
        1 => any::<bool>().prop_map(Content::Bool),
        1 => Just(Content::Null),
    ];
    let member = ("[a-z氏名生年月日:\"]{1,10}", content);
    prop::collection::btree_map("[a-z氏名生年月日:\"]{1,10}", member, 0..12).prop_map(|members| {
        members
            .into_iter()
            .map(|(name, (_, content))| Node::new(name, content))
            .collect()
    })
}

fn record() -> impl Strategy<Value = Record> {
    let rows = prop::collection::vec(leaves(), 0..4);
    let portals = prop::collection::btree_map("[a-z緊急連絡先]{1,8}", rows, 0..3);
    (leaves(), portals, "[1-9][0-9]{0,8}", "0|[1-9][0-9]{0,4}").prop_map(
        |(fields, portals, key, version)| {
            let portals = portals.into_iter().map(|(name, rows)| {
                let rows = rows.into_iter().map(|row| Node::of_branch(ROW, row));
                Node::of_branch(name, rows.collect())
            });
            let fields = Node::of_branch(FIELD_DATA, fields);
            let portals = Node::of_branch(PORTAL_DATA, portals.collect());
            Record {
                index: 0,
                key: Leaf::new(key),
                version: Leaf::new(version),
                span: renkei_model::message::Span::default(),
                root: Node::of_branch(RECORD, vec![fields, portals]),
            }
        },
    )
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(record(), 1..4).prop_map(|mut records| {
        for (index, record) in records.iter_mut().enumerate() {
            record.index = index;
        }
        records
    })
}

/// The bytes under a node's span are the JSON of the node's value.
fn spans_hold(bytes: &[u8], node: &Node) {
    let own = &bytes[node.span.start..node.span.end];
    let json: serde_json::Value = serde_json::from_slice(own).unwrap();
    match &node.content {
        Content::Text(text) => assert_eq!(json.as_str(), Some(text.as_str())),
        Content::Number(number) => assert_eq!(own, number.as_bytes()),
        Content::Bool(truth) => assert_eq!(json.as_bool(), Some(*truth)),
        Content::Null => assert!(json.is_null()),
        Content::Branch(children) => {
            assert!(json.is_object() || json.is_array());
            children.iter().for_each(|child| spans_hold(bytes, child));
        }
    }
}

/// Also where damage took a part of the envelope away.
fn spans_inside(bytes: &[u8], node: &Node) {
    assert!(node.span.start <= node.span.end && node.span.end <= bytes.len());
    node.branch()
        .iter()
        .for_each(|child| spans_inside(bytes, child));
}

proptest! {
    #[test]
    fn out_and_in_again_is_the_same(records in records(), bom in any::<bool>()) {
        let mut bytes = if bom { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        bytes.extend(encode(&records));
        let decoded = decode(&bytes, "application/json; charset=utf-8", &Limits::default());
        let decoded = decoded.unwrap();
        for record in &decoded {
            spans_hold(&bytes, &record.root);
            let key = &bytes[record.key.span.start..record.key.span.end];
            let quoted = format!("\"{}\"", record.key.text);
            prop_assert_eq!(key, quoted.as_bytes());
        }
        let decoded: Vec<Record> = decoded.into_iter().map(Record::without_spans).collect();
        prop_assert_eq!(decoded, records);
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, "application/json", &Limits::default());
    }

    /// Damage to one byte of a real envelope: an answer, whatever it is, and never a panic.
    #[test]
    fn never_panics_on_damage(records in records(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = encode(&records);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Err(faults) = decode(&bytes, "", &Limits::default()) {
            prop_assert!(!faults.is_empty());
            prop_assert!(faults.iter().all(|f| f.rule.contains(" / ")));
        }
    }
}

#[test]
fn ten_thousand_broken_envelopes_are_survived() {
    let one = r#"{"response":{"dataInfo":{"foundCount":1},"data":[{"fieldData":{"氏名":"架空 太郎","体重":52.10,"備考":"a\u0041\n"},"portalData":{"緊急連絡先":[{"recordId":"1","modId":"0","緊急連絡先::電話":"0157-00-0000"}]},"recordId":"12","modId":"3"}]},"messages":[{"code":"0","message":"OK"}]}"#;
    let two = one.replace("12", "13");
    let seeds = [one.as_bytes().to_vec(), two.into_bytes()];
    mutants::survive(&seeds, |bytes| {
        match decode(bytes, "application/json", &Limits::default()) {
            Ok(records) => records
                .iter()
                .for_each(|record| spans_inside(bytes, &record.root)),
            Err(faults) => {
                let placed = |fault: &Fault| fault.span.is_none_or(|span| span.end <= bytes.len());
                assert!(
                    !faults.is_empty() && faults.iter().all(placed),
                    "{faults:?}"
                );
            }
        }
    });
}

#[test]
fn reads_what_the_data_api_really_sends() {
    let body = r#"{"response":{"dataInfo":{"database":"slips","foundCount":1},"data":[
        {"fieldData":{"氏名":"架空 太郎","体重":52.10,"備考":""},
         "portalData":{"緊急連絡先":[{"recordId":"1","modId":"0","緊急連絡先::電話":"0157-00-0000"}]},
         "recordId":"12","modId":"3","portalDataInfo":[{"table":"緊急連絡先"}],"extra":{"a":[1]}}]},
        "messages":[{"code":"0","message":"OK"}]}"#;
    let records = decode(body.as_bytes(), "application/json", &Limits::default()).unwrap();
    let root = &records[0].root;
    assert_eq!(
        (
            records[0].key.text.as_str(),
            records[0].version.text.as_str()
        ),
        ("12", "3")
    );
    let weight = root.at(&[FIELD_DATA, "体重"]).unwrap();
    assert_eq!(weight.content, Content::Number("52.10".into()));
    assert_eq!(&body[weight.span.start..weight.span.end], "52.10");
    let row = root.at(&[PORTAL_DATA, "緊急連絡先", ROW]).unwrap();
    assert_eq!(
        row.child("緊急連絡先::電話").and_then(Node::text),
        Some("0157-00-0000")
    );
    assert_eq!(row.child(RECORD_ID).and_then(Node::text), Some("1"));
    assert_eq!(row.child(MOD_ID).and_then(Node::text), Some("0"));
    let names: Vec<&str> = root
        .branch()
        .iter()
        .map(|child| child.name.as_str())
        .collect();
    assert_eq!(names, [FIELD_DATA, PORTAL_DATA, "extra"]);
}
