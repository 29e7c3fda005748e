//! What holds for every export: out and in again gives the same, and spans are exact.

use proptest::prelude::*;
use renkei_model::limits::Limits;

use super::{
    FIELD_DATA, PORTAL_DATA, RECORD, ROW, canonical, decode, decode_csv, encode, encode_csv, export,
};
use crate::csv::Charset;
use crate::tree::{Content, Leaf, Node, Record};

const BOTH: [Charset; 2] = [Charset::Utf8, Charset::Ms932];

fn content_type(charset: Charset) -> String {
    format!("text/csv; charset={}", charset.label())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9,\"\r\n\t;| ]{0,8}",
        "[ぁ-んァ-ヶ亜唖愛架空表能十予貼竹瘡髙﨑纊ｱ-ﾝ表ソ能\u{e000}-\u{e757},\"\r\n\\\\|]{0,8}",
    ]
}

/// Records of one form: all have the same fields, and each row of a portal says something.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let names = prop::collection::btree_set("[a-z氏名生年月日]{1,8}", 1..6);
    let portals = prop::collection::btree_set("[緊急連絡先]{1,4}", 0..3);
    (names, portals).prop_flat_map(|(mut names, portals)| {
        names.insert("氏名".to_owned());
        let one = (
            prop::collection::vec(text(), 20),
            0..4_usize,
            1..999_999_u32,
        );
        prop::collection::vec(one, 1..4).prop_map(move |drawn| {
            let drawn = drawn.into_iter().enumerate();
            drawn
                .map(|(index, (texts, rows, key))| {
                    let mut texts = texts.into_iter();
                    let mut next = || texts.next().unwrap_or_default();
                    let fields = names
                        .iter()
                        .map(|name| Node::of_text(name, next()))
                        .collect();
                    let portals = portals.iter().map(|portal| {
                        let rows = (0..rows).map(|row| {
                            let leaves = vec![
                                Node::of_text("recordId", (row + 1).to_string()),
                                Node::of_text(format!("{portal}::氏名"), next()),
                                Node::of_text(format!("{portal}::電話"), next()),
                            ];
                            Node::of_branch(ROW, leaves)
                        });
                        Node::of_branch(portal, rows.collect())
                    });
                    record(
                        index,
                        key,
                        vec![
                            Node::of_branch(FIELD_DATA, fields),
                            Node::of_branch(PORTAL_DATA, portals.collect()),
                        ],
                    )
                })
                .collect()
        })
    })
}

fn record(index: usize, key: u32, branches: Vec<Node>) -> Record {
    Record {
        index,
        key: Leaf::new(key.to_string()),
        version: Leaf::new("0"),
        span: renkei_model::message::Span::default(),
        root: Node::of_branch(RECORD, branches),
    }
}

/// A portal that no record has a row of has no column and no branch.
fn with_columns(mut records: Vec<Record>) -> Vec<Record> {
    let filled = |portal: &str, records: &[Record]| {
        records.iter().any(|record| {
            let portal = record.root.at(&[PORTAL_DATA, portal]);
            portal.is_some_and(|portal| !portal.is_empty())
        })
    };
    let all = records.clone();
    for record in &mut records {
        for branch in record.root.branch_mut().into_iter().flatten() {
            if branch.name == PORTAL_DATA
                && let Some(portals) = branch.branch_mut()
            {
                portals.retain(|portal| filled(&portal.name, &all));
            }
        }
    }
    records
}

/// The bytes under the span of each text say that text.
fn spans_hold(bytes: &[u8], node: &Node, charset: Charset) {
    let own = &bytes[node.span.start..node.span.end];
    match &node.content {
        Content::Text(text) => {
            let own = match charset {
                Charset::Utf8 => String::from_utf8(own.to_vec()).unwrap(),
                Charset::Ms932 => encoding_rs::SHIFT_JIS.decode(own).0.into_owned(),
            };
            let own = own.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            assert_eq!(&own.replace("\"\"", "\"").replace('\u{b}', "\r"), text);
        }
        Content::Branch(children) => {
            for child in children {
                assert!(node.span.start <= child.span.start && child.span.end <= node.span.end);
                spans_hold(bytes, child, charset);
            }
        }
        other => panic!("{other:?} in CSV"),
    }
}

proptest! {
    #[test]
    fn out_and_in_again_is_the_same(records in records()) {
        for charset in BOTH {
            let bytes = encode_csv(&records, charset).unwrap();
            let decoded = decode_csv(&bytes, &content_type(charset), &Limits::default()).unwrap();
            for record in &decoded {
                spans_hold(&bytes, &record.root, charset);
            }
            let decoded: Vec<Record> = decoded.into_iter().map(Record::without_spans).collect();
            let expected = with_columns(records.clone());
            // Portals stand in the order in which columns were met; that says nothing.
            let plain = |records: &[Record]| records.iter().map(canonical).collect::<Vec<_>>();
            prop_assert_eq!(plain(&decoded), plain(&expected));
            for (decoded, expected) in decoded.iter().zip(&expected) {
                prop_assert_eq!(decoded.root.child(FIELD_DATA), expected.root.child(FIELD_DATA));
                prop_assert_eq!(decoded.root.child(PORTAL_DATA).map(|p| p.branch().len()),
                    expected.root.child(PORTAL_DATA).map(|p| p.branch().len()));
            }
        }
    }

    /// A line of an export under its header is a message of its own that says the same.
    #[test]
    fn each_line_stands_for_itself(records in records()) {
        for charset in BOTH {
            let bytes = encode_csv(&records, charset).unwrap();
            let found = export(&bytes, &content_type(charset), 100).unwrap();
            prop_assert_eq!(found.charset, charset);
            prop_assert_eq!(found.lines.len(), records.len());
            for (line, record) in found.lines.iter().zip(&records) {
                prop_assert_eq!(line.key.as_ref(), Some(&record.key.text));
                let own = [&bytes[found.header.start..found.header.end], &bytes[line.span.start..line.span.end]];
                let alone = decode_csv(&own.concat(), &content_type(charset), &Limits::default()).unwrap();
                prop_assert_eq!(alone.len(), 1);
                let whole = decode_csv(&bytes, &content_type(charset), &Limits::default()).unwrap();
                prop_assert_eq!(&alone[0].root.clone().without_spans(), &whole[record.index].root.clone().without_spans());
            }
        }
    }

    /// CSV and JSON say the same.
    #[test]
    fn json_and_csv_have_one_content(records in records()) {
        let records = with_columns(records);
        let json = decode(&encode(&records), "", &Limits::default()).unwrap();
        let csv = encode_csv(&records, Charset::Ms932).unwrap();
        let csv = decode_csv(&csv, "", &Limits::default());
        for (json, csv) in json.iter().zip(&csv.unwrap()) {
            prop_assert_eq!(canonical(json), canonical(csv));
        }
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let head = b"recordId,modId,a[1]::b\n";
        for bytes in [bytes.clone(), [&head[..], &bytes].concat()] {
            let _ = decode_csv(&bytes, "", &Limits::default());
            let _ = export(&bytes, "", 10);
        }
    }
}

#[test]
fn reads_what_an_export_looks_like() {
    let body = "\u{feff}recordId,modId,氏名,同意区分,連絡先[1]::氏名,連絡先[1]::電話,連絡先[2]::氏名,連絡先[2]::電話,退院基準\r\n\
        12,3,\"架空　太郎\",あり,,,架空　花子,\"0157-00-0000\",\"R1\u{b}R8\"\r\n\
        13,0,架空　次郎,,,,,,\r\n";
    let records = decode_csv(body.as_bytes(), "text/csv", &Limits::default()).unwrap();
    let (first, second) = (&records[0].root, &records[1].root);
    assert_eq!(records[0].key.text, "12");
    let name = first.at(&[FIELD_DATA, "氏名"]).unwrap();
    assert_eq!(name.text(), Some("架空　太郎"));
    assert_eq!(&body[name.span.start..name.span.end], "\"架空　太郎\"");
    assert_eq!(
        first.at(&[FIELD_DATA, "退院基準"]).and_then(Node::text),
        Some("R1\rR8")
    );
    // An empty row before a filled one keeps its place, so that rows have the numbers of their columns.
    let rows: Vec<&Node> = first
        .at(&[PORTAL_DATA, "連絡先"])
        .unwrap()
        .children(ROW)
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[1].child("連絡先::電話").and_then(Node::text),
        Some("0157-00-0000")
    );
    assert_eq!(
        second.at(&[PORTAL_DATA, "連絡先"]).unwrap().branch().len(),
        0
    );
    assert_eq!(
        second.at(&[FIELD_DATA, "同意区分"]).and_then(Node::text),
        Some("")
    );
}
