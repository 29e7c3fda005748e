//! From records to the envelope's bytes.

use super::{FIELD_DATA, MOD_ID, PORTAL_DATA, RECORD_ID};
use crate::tree::{Content, Node, Record};

/// Writes records in the envelope that FileMaker's Data API gives and takes.
///
/// Writes what the envelope defines: `fieldData`, `portalData`, `recordId`, `modId`. A branch where
/// the format has only values is left out.
#[must_use]
pub fn encode(records: &[Record]) -> Vec<u8> {
    let mut out = String::with_capacity(256 + records.len() * 4_096);
    out.push_str("{\"response\":{\"data\":[");
    for (index, record) in records.iter().enumerate() {
        separate(&mut out, index);
        write_record(&mut out, record);
    }
    out.push_str("]},\"messages\":[{\"code\":\"0\",\"message\":\"OK\"}]}");
    out.into_bytes()
}

fn write_record(out: &mut String, record: &Record) {
    out.push_str("{\"");
    out.push_str(FIELD_DATA);
    out.push_str("\":");
    write_leaves(out, record.root.child(FIELD_DATA).map_or(&[], Node::branch));
    out.push_str(",\"");
    out.push_str(PORTAL_DATA);
    out.push_str("\":{");
    let portals = record.root.child(PORTAL_DATA).map_or(&[][..], Node::branch);
    for (index, portal) in portals.iter().enumerate() {
        separate(out, index);
        write_text(out, &portal.name);
        out.push_str(":[");
        for (index, row) in portal.branch().iter().enumerate() {
            separate(out, index);
            write_leaves(out, row.branch());
        }
        out.push(']');
    }
    out.push_str("},\"");
    out.push_str(RECORD_ID);
    out.push_str("\":");
    write_text(out, &record.key.text);
    out.push_str(",\"");
    out.push_str(MOD_ID);
    out.push_str("\":");
    write_text(out, &record.version.text);
    out.push('}');
}

fn write_leaves(out: &mut String, leaves: &[Node]) {
    out.push('{');
    let leaves = leaves
        .iter()
        .filter(|leaf| !matches!(leaf.content, Content::Branch(_)));
    for (index, leaf) in leaves.enumerate() {
        separate(out, index);
        write_text(out, &leaf.name);
        out.push(':');
        match &leaf.content {
            Content::Text(text) => write_text(out, text),
            Content::Number(number) => out.push_str(number),
            Content::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Content::Null | Content::Branch(_) => out.push_str("null"),
        }
    }
    out.push('}');
}

fn separate(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}
