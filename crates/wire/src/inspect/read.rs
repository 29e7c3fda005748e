//! One file in one of the formats other than HL7.

use renkei_model::limits::Limits;
use renkei_model::message::{Fault, Span};

use super::finding::{Finding, Findings};
use super::hl7;
use super::kind::Kind;
use super::message::{Fact, Message};
use super::name::Named;
use crate::charset::is_own;
use crate::tree::{Content, Node, Record};
use crate::{careplan, cda, filemaker, jahis, life};

/// Reads bytes as a kind, with everything that is wrong and odd.
pub(super) fn read(kind: Kind, bytes: &[u8], named: &Named, limits: &Limits) -> Message {
    let mut message = match kind {
        Kind::Hl7 => {
            let entry = match named {
                Named::Storage(Ok(entry)) => Some(entry),
                _ => None,
            };
            hl7::read(bytes, limits, entry)
        }
        Kind::JahisNotebook | Kind::JahisPrescription => of_jahis(bytes, limits),
        Kind::Cda => of_cda(bytes, limits),
        Kind::CarePlan(table) => of_care_plan(table, bytes, limits),
        Kind::CarePlanOther(word) => {
            let text = format!(
                "この種類のファイルは読みません({word}) / a file of this kind is not read here"
            );
            let finding = Finding::fault("", text, Span::default());
            Message::refused(bytes, [finding])
        }
        Kind::Life => of_life(bytes, limits),
        Kind::FilemakerJson => of_filemaker(bytes, limits),
        Kind::FilemakerCsv => of_export(bytes, limits),
    };
    message.manner = kind.manner();
    message
}

/// What stands first in the way of reading bytes as a kind; `None` if nothing does.
pub(super) fn stop(kind: Kind, bytes: &[u8], limits: &Limits) -> Option<Finding> {
    let message = read(kind, bytes, &Named::Nothing, limits);
    match message.readable {
        true => None,
        false => message.findings.iter().next().cloned(),
    }
}

fn refused<E: Into<Fault>>(bytes: &[u8], errors: impl IntoIterator<Item = E>) -> Message {
    let faults = errors.into_iter().map(Into::into);
    let mut message = Message::refused(bytes, faults.map(Finding::from));
    message.findings.sort();
    message
}

fn records_of(records: &[Record]) -> Fact {
    let count = records.len();
    Fact::new("記録 / records", count.to_string())
}

fn of_jahis(bytes: &[u8], limits: &Limits) -> Message {
    let read = match jahis::read(bytes, limits) {
        Ok(read) => read,
        Err(errors) => return refused(bytes, errors),
    };
    let mut findings = Findings::default();
    for notice in &read.notices {
        let (text, span) = (notice.to_string(), notice.place().span);
        findings.push(match notice {
            jahis::Notice::NoDay { .. } => Finding::fault("", text, span),
            _ => Finding::notice("", text, span),
        });
    }
    let version = read.record.root.child(jahis::VERSION).and_then(Node::text);
    let mut facts = vec![
        Fact::new("バージョン / version", version.unwrap_or_default()),
        Fact::new("文字コード / charset", "MS932 (Shift_JIS)"),
    ];
    // A set's データID is in no record of the tree.
    if read.standard == jahis::Standard::Notebook && !read.record.key.text.is_empty() {
        facts.push(Fact::new("データID / set", read.record.key.text.clone()));
    }
    Message::read(bytes, facts, findings, vec![read.record])
}

fn of_cda(bytes: &[u8], limits: &Limits) -> Message {
    let read = match cda::read(bytes, limits) {
        Ok(read) => read,
        Err(error) => return refused(bytes, [error]),
    };
    let mut findings = Findings::default();
    for notice in &read.notices {
        let text = notice.to_string();
        findings.push(match notice.span() {
            Some(span) => Finding::notice("", text, span),
            None => Finding::without_place(super::Severity::Notice, text),
        });
    }
    let sections = cda::sections(&read.record.root).len();
    let facts = vec![Fact::new("章 / sections", sections.to_string())];
    Message::read(bytes, facts, findings, vec![read.record])
}

fn of_care_plan(table: careplan::Table, bytes: &[u8], limits: &Limits) -> Message {
    let read = match careplan::read(table, bytes, "", limits) {
        Ok(read) => read,
        Err(errors) => return refused(bytes, errors),
    };
    let mut findings = Findings::default();
    for notice in &read.notices {
        findings.push(Finding::notice("", notice.to_string(), notice.place().span));
    }
    let facts = vec![
        Fact::new("CSVバージョン / version", read.version),
        Fact::new("文字コード / charset", "MS932 (Shift_JIS)"),
        records_of(&read.records),
    ];
    Message::read(bytes, facts, findings, read.records)
}

fn of_life(bytes: &[u8], limits: &Limits) -> Message {
    let read = match life::read(bytes, "", limits) {
        Ok(read) => read,
        Err(errors) => return refused(bytes, errors),
    };
    let mut findings = Findings::default();
    for notice in &read.notices {
        findings.push(Finding::notice("", notice.to_string(), notice.span()));
    }
    let facts = vec![
        Fact::new("データ種別 / data type", read.data_type.text),
        Fact::new("文字コード / charset", read.charset.label()),
        records_of(&read.records),
    ];
    Message::read(bytes, facts, findings, read.records)
}

fn of_filemaker(bytes: &[u8], limits: &Limits) -> Message {
    let read = match filemaker::read(bytes, "application/json", limits) {
        Ok(read) => read,
        Err(faults) => return refused(bytes, faults),
    };
    let mut facts = vec![records_of(&read.records)];
    if let Some(layout) = read.layout {
        facts.push(Fact::new("レイアウト / layout", layout.text));
    }
    Message::read(bytes, facts, own_characters(&read.records), read.records)
}

fn of_export(bytes: &[u8], limits: &Limits) -> Message {
    if bytes.len() > limits.batch_bytes {
        let most = limits.batch_bytes;
        let text = format!("大きすぎます(最大{most}バイト) / too big: at most {most} bytes");
        return Message::refused(bytes, [Finding::fault("", text, Span::default())]);
    }
    // The batch door takes an export line by line: its limit counts, not that of one message.
    let limits = Limits {
        entries: limits.batch_lines,
        ..*limits
    };
    let read = match filemaker::read_csv(bytes, "text/csv", &limits) {
        Ok(read) => read,
        Err(faults) => return refused(bytes, faults),
    };
    let facts = vec![records_of(&read.records)];
    Message::read(bytes, facts, own_characters(&read.records), read.records)
}

/// 外字 in records of a codec that tells of none.
fn own_characters(records: &[Record]) -> Findings {
    let mut findings = Findings::default();
    for record in records {
        own_character(&record.root, &mut findings);
    }
    findings
}

fn own_character(node: &Node, findings: &mut Findings) {
    if let Content::Text(text) = &node.content
        && text.contains(is_own)
    {
        let rule = "外字があります / a character that only the sender can show";
        findings.push(Finding::notice(node.name.clone(), rule, node.span));
    }
    for child in node.branch() {
        own_character(child, findings);
    }
}
