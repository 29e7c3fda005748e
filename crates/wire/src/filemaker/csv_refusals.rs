//! Bad exports: each with a fault that names the column in the sender's own words.

use renkei_model::limits::Limits;
use renkei_model::message::{Fault, FaultKind};

use super::{FIELD_DATA, PORTAL_DATA, RECORD, ROW, decode_csv, encode_csv, export, read};
use crate::csv::{Charset, WHOLE_LINE};
use crate::tree::{Content, Leaf, Node, Record};

fn faults(body: &str) -> Vec<Fault> {
    decode_csv(body.as_bytes(), "text/csv", &Limits::default()).unwrap_err()
}

#[test]
fn headers_refuse_the_file() {
    for (header, field, rule) in [
        ("modId,氏名", "recordId", "a required column is missing"),
        ("recordId,氏名", "modId", "a required column is missing"),
        ("recordId,modId,氏名,氏名", "氏名", "the same column twice"),
        (
            "recordId,modId,a[1]::b,a[1]::b",
            "a[1]::b",
            "the same column twice",
        ),
        ("recordId,modId,氏名,", "", "a column without a name"),
        ("recordId,modId,a[0]::b", "a[0]::b", "numbered from 1"),
        ("recordId,modId,\"氏名", WHOLE_LINE, "never closed"),
    ] {
        let body = format!("{header}\n1,0,x,y\n");
        let whole = export(body.as_bytes(), "text/csv", 10).unwrap_err();
        assert_eq!(whole, faults(&body));
        let fault = &whole[0];
        assert_eq!(fault.field, field, "{header}");
        assert!(
            fault.rule.contains(rule) && fault.rule.contains(" / "),
            "{fault:?}"
        );
    }
    for (body, rule) in [
        ("recordId,modId,氏名\n", "no line below the header"),
        ("\n\r\n", "no header row"),
        (
            "recordId,modId,氏名\n1,0,a\n2,0,b\n3,0,c\n",
            "at most 2 lines",
        ),
    ] {
        let fault = export(body.as_bytes(), "text/csv", 2)
            .unwrap_err()
            .remove(0);
        let said = fault.rule.contains(rule) || fault.rule.contains("too many lines: at most 2");
        assert!(said, "{fault:?}");
    }
}

#[test]
fn lines_are_named_with_their_bytes() {
    let body = "recordId,modId,氏名\n1,0,a\n2,0\n03,x,b\n4,0,c,d\n";
    let found = faults(body);
    let fields: Vec<&str> = found.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, [WHOLE_LINE, "recordId", "modId", WHOLE_LINE]);
    assert!(
        found[0].rule.contains("2 cells under a header of 3"),
        "{:?}",
        found[0]
    );
    let span = found[1].span.unwrap();
    assert_eq!(&body[span.start..span.end], "03");
    // The look through the file takes them all for lines.
    let lines = export(body.as_bytes(), "text/csv", 10).unwrap().lines;
    let lines: Vec<(usize, Option<&str>)> = lines
        .iter()
        .map(|line| (line.number, line.key.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            (2, Some("1")),
            (3, Some("2")),
            (4, Some("03")),
            (5, Some("4"))
        ]
    );
}

#[test]
fn what_cannot_be_written_is_named() {
    let record = |fields: Vec<Node>, rows: Vec<Node>| Record {
        index: 0,
        key: Leaf::new("1"),
        version: Leaf::new("0"),
        span: renkei_model::message::Span::default(),
        root: Node::of_branch(
            RECORD,
            vec![
                Node::of_branch(FIELD_DATA, fields),
                Node::of_branch(
                    PORTAL_DATA,
                    vec![Node::of_branch("連絡先", vec![Node::of_branch(ROW, rows)])],
                ),
            ],
        ),
    };
    let field = |node: Node| record(vec![node], Vec::new());
    let row = |node: Node| record(Vec::new(), vec![node]);
    for (record, name, rule) in [
        (
            field(Node::of_text("氏名", "吉\u{1f600}")),
            "氏名",
            "U+1F600",
        ),
        (
            row(Node::of_text("連絡先::氏名", "〜")),
            "連絡先[1]::氏名",
            "U+301C",
        ),
        (field(Node::of_text("〜", "")), "〜", "U+301C"),
        (field(Node::of_text("recordId", "")), "recordId", "column"),
        (row(Node::of_text("氏名", "")), "氏名", "column"),
        (
            field(Node::of_text("氏名", "a\u{b}b")),
            "氏名",
            "vertical tab",
        ),
        (
            field(Node::new("氏名", Content::Bool(true))),
            "氏名",
            "only texts",
        ),
    ] {
        let found = encode_csv(&[record], Charset::Ms932).unwrap_err();
        assert_eq!(found[0].field, name);
        assert!(
            found[0].rule.contains(rule) && found[0].rule.contains(" / "),
            "{found:?}"
        );
    }
}

#[test]
fn a_message_may_name_its_layout() {
    let body = |info: &str| {
        format!(
            r#"{{"response":{{{info}"data":[{{"fieldData":{{}},"recordId":"1","modId":"0"}}]}}}}"#
        )
    };
    let posted = |info: &str| read(body(info).as_bytes(), "", &Limits::default());
    let named = posted(r#""dataInfo":{"layout":"入退院連絡票","table":"x"},"#).unwrap();
    let layout = named.layout.unwrap();
    assert_eq!(layout.text, "入退院連絡票");
    assert_eq!(layout.field, "response.dataInfo.layout");
    for without in ["", r#""dataInfo":{},"#, r#""dataInfo":{"layout":null},"#] {
        assert_eq!(posted(without).unwrap().layout, None);
    }
    let fault = posted(r#""dataInfo":{"layout":7},"#).unwrap_err().remove(0);
    assert_eq!(
        (fault.field.as_str(), fault.kind),
        ("response.dataInfo.layout", FaultKind::Structure)
    );
}
