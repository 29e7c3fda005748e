//! From an export's bytes to records.

use std::collections::HashSet;

use renkei_model::limits::Limits;
use renkei_model::message::{Fault, FaultKind, Span};

use super::column::Column;
use super::decode::{FAULTS_MAX, is_number};
use super::{FIELD_DATA, MOD_ID, PORTAL_DATA, RECORD, RECORD_ID, ROW};
use crate::csv::{Cell, Charset, Row, Text, WHOLE_LINE};
use crate::tree::{Content, Leaf, Node, Record};

/// The header stands before every line when it is kept: a long one would be kept as often.
const HEADER_BYTES: usize = 32_768;

/// An export, looked through and not yet decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The charset that was declared, or found.
    pub charset: Charset,
    /// The columns as they are named, without those of the record's key and version.
    pub columns: Vec<String>,
    /// The bytes of the header row, without a byte order mark.
    pub header: Span,
    /// The lines below it that are not empty; at least one.
    pub lines: Vec<Line>,
}

/// One line of an export: one record, if nothing is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line of the file in which it begins; the header is 1, and lines inside quotes count.
    pub number: usize,
    /// Its bytes, with the line end.
    pub span: Span,
    /// The record's key, where the line has one.
    pub key: Option<String>,
}

/// An export, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns as they are named, without those of the record's key and version.
    pub columns: Vec<String>,
    /// The records, at least one.
    pub records: Vec<Record>,
}

struct Header {
    columns: Vec<Column>,
}

/// Looks through an export. `content_type`: as declared, lower case. What is wrong with single lines shows
/// when they are decoded, each with the header: [`read_csv`].
///
/// # Errors
/// What is wrong with the file as a whole: its charset, its header, too many lines, or none.
pub fn export(body: &[u8], content_type: &str, lines_max: usize) -> Result<Export, Vec<Fault>> {
    let text = Text::read(body, content_type).map_err(|fault| vec![fault])?;
    let mut rows = text.rows();
    let (header, span) = Header::read(rows.next())?;
    if span.end - span.start > HEADER_BYTES {
        let rule = format!(
            "見出しの行が長すぎます(最大{HEADER_BYTES}バイト) / the header row is too long: at most {HEADER_BYTES} bytes"
        );
        return Err(vec![fault("", &rule, FaultKind::TooMuch, span)]);
    }
    let key = header.columns.iter().position(|c| *c == Column::Key);
    let mut lines = Vec::new();
    for row in rows {
        if lines.len() == lines_max {
            let rule =
                format!("行が多すぎます(最大{lines_max}行) / too many lines: at most {lines_max}");
            return Err(vec![fault("", &rule, FaultKind::TooMuch, row.span)]);
        }
        let cells = row.cells.unwrap_or_default();
        let cell = key.and_then(|at| cells.get(at));
        lines.push(Line {
            number: row.number,
            span: row.span,
            key: cell.map(|cell| cell.text.clone()),
        });
    }
    if lines.is_empty() {
        return Err(vec![no_line(span)]);
    }
    Ok(Export {
        charset: text.charset(),
        columns: header.names(),
        header: span,
        lines,
    })
}

/// Reads the records of an export and nothing else: see [`read_csv`].
///
/// # Errors
/// As [`read_csv`].
pub fn decode_csv(
    body: &[u8],
    content_type: &str,
    limits: &Limits,
) -> Result<Vec<Record>, Vec<Fault>> {
    read_csv(body, content_type, limits).map(|table| table.records)
}

/// Reads an export into the same tree as JSON has. Empty cells are empty texts; rows of a
/// portal that are empty to the last one are none. A vertical tab, which FileMaker writes for a return
/// inside a field, is a return.
///
/// # Errors
/// Everything that is wrong, each with the column's name; positions are bytes of `body`.
pub fn read_csv(body: &[u8], content_type: &str, limits: &Limits) -> Result<Table, Vec<Fault>> {
    let text = Text::read(body, content_type).map_err(|fault| vec![fault])?;
    let mut rows = text.rows();
    let (header, span) = Header::read(rows.next())?;
    let mut records = Vec::new();
    let mut faults = Vec::new();
    for (index, row) in rows.enumerate() {
        if index >= limits.entries {
            let rule = format!(
                "件数が多すぎます(最大{0}件) / too many: at most {0}",
                limits.entries
            );
            faults.push(fault("", &rule, FaultKind::TooMuch, row.span));
            break;
        }
        match header.record(index, row) {
            Ok(record) => records.push(record),
            Err(found) => faults.extend(found),
        }
        if faults.len() >= FAULTS_MAX {
            break;
        }
    }
    if records.is_empty() && faults.is_empty() {
        faults.push(no_line(span));
    }
    if faults.is_empty() {
        let columns = header.names();
        Ok(Table { columns, records })
    } else {
        faults.truncate(FAULTS_MAX);
        Err(faults)
    }
}

fn fault(field: &str, rule: &str, kind: FaultKind, span: Span) -> Fault {
    Fault {
        field: field.to_owned(),
        rule: rule.to_owned(),
        span: Some(span),
        kind,
    }
}

fn no_line(header: Span) -> Fault {
    let rule = "見出し行の後に行がありません / no line below the header";
    fault("", rule, FaultKind::Required, header)
}

fn missing(field: &str, span: Span) -> Fault {
    fault(
        field,
        "必須の列がありません / a required column is missing",
        FaultKind::Structure,
        span,
    )
}

impl Header {
    fn read(row: Option<Row>) -> Result<(Self, Span), Vec<Fault>> {
        let Some(row) = row else {
            let rule = "見出し行がありません / no header row";
            return Err(vec![fault("", rule, FaultKind::Structure, Span::default())]);
        };
        let cells = row.cells.map_err(|fault| vec![fault])?;
        let mut columns = Vec::with_capacity(cells.len());
        let mut faults = Vec::new();
        let mut seen = HashSet::new();
        for cell in cells {
            match Column::read(&cell.text) {
                Ok(column) if seen.insert(column.clone()) => columns.push(column),
                Ok(_) => {
                    let rule = "同じ列名が2回あります / the same column twice";
                    faults.push(fault(&cell.text, rule, FaultKind::Structure, cell.span));
                }
                Err(rule) => {
                    faults.push(fault(&cell.text, &rule, FaultKind::Structure, cell.span));
                }
            }
        }
        for (column, name) in [(Column::Key, RECORD_ID), (Column::Version, MOD_ID)] {
            if !seen.contains(&column) {
                faults.push(missing(name, row.span));
            }
        }
        if faults.is_empty() {
            Ok((Self { columns }, row.span))
        } else {
            faults.truncate(FAULTS_MAX);
            Err(faults)
        }
    }

    fn names(&self) -> Vec<String> {
        let columns = self.columns.iter();
        columns
            .filter(|column| !matches!(column, Column::Key | Column::Version))
            .filter_map(Column::name)
            .collect()
    }

    fn record(&self, index: usize, row: Row) -> Result<Record, Vec<Fault>> {
        let span = row.span;
        let cells = row.cells.map_err(|fault| vec![fault])?;
        if cells.len() != self.columns.len() {
            let rule = format!(
                "列の数が見出しと違います(見出し{0}列、この行{1}列) / {1} cells under a header of {0}",
                self.columns.len(),
                cells.len()
            );
            return Err(vec![fault(WHOLE_LINE, &rule, FaultKind::Structure, span)]);
        }
        let mut faults = Vec::new();
        let (mut key, mut version) = (None, None);
        let mut fields = Vec::new();
        let mut portals = Portals::default();
        for (column, cell) in self.columns.iter().zip(cells) {
            match column {
                Column::Key => key = digits(RECORD_ID, cell, &mut faults),
                Column::Version => version = digits(MOD_ID, cell, &mut faults),
                Column::Field(name) => fields.push(leaf(name, cell)),
                Column::Portal { portal, row, name } => portals.put(portal, *row, leaf(name, cell)),
            }
        }
        match (key, version) {
            (Some(key), Some(version)) if faults.is_empty() => {
                let branches = vec![
                    branch(FIELD_DATA, span, fields),
                    branch(PORTAL_DATA, span, portals.nodes(span)),
                ];
                Ok(Record {
                    index,
                    key,
                    version,
                    span,
                    root: branch(RECORD, span, branches),
                })
            }
            _ => Err(faults),
        }
    }
}

fn branch(name: &str, span: Span, children: Vec<Node>) -> Node {
    Node {
        name: name.to_owned(),
        span,
        content: Content::Branch(children),
    }
}

fn leaf(name: &str, cell: Cell) -> Node {
    Node {
        name: name.to_owned(),
        span: cell.span,
        content: Content::Text(cell.text.replace('\u{b}', "\r")),
    }
}

/// A record's key or version.
fn digits(name: &str, cell: Cell, faults: &mut Vec<Fault>) -> Option<Leaf> {
    if is_number(&cell.text) {
        return Some(Leaf {
            field: name.to_owned(),
            text: cell.text,
            span: cell.span,
        });
    }
    let rule = "数字が必要です(先頭に0を付けない) / must be a number without leading zeros";
    faults.push(fault(name, rule, FaultKind::Value, cell.span));
    None
}

/// The portals of a line in the order of their first columns, each with its rows.
#[derive(Default)]
struct Portals(Vec<(String, Vec<Vec<Node>>)>);

impl Portals {
    fn put(&mut self, portal: &str, row: usize, leaf: Node) {
        let known = self.0.iter().position(|(name, _)| name == portal);
        let at = known.unwrap_or_else(|| {
            self.0.push((portal.to_owned(), Vec::new()));
            self.0.len() - 1
        });
        let Some((_, rows)) = self.0.get_mut(at) else {
            return;
        };
        while rows.len() <= row {
            rows.push(Vec::new());
        }
        if let Some(row) = rows.get_mut(row) {
            row.push(leaf);
        }
    }

    fn nodes(self, line: Span) -> Vec<Node> {
        let portals = self.0.into_iter().map(|(name, mut rows)| {
            let says = |row: &Vec<Node>| row.iter().any(|leaf| !leaf.is_empty());
            rows.truncate(rows.iter().rposition(says).map_or(0, |last| last + 1));
            let rows: Vec<Node> = rows
                .into_iter()
                .map(|row| branch(ROW, around(&row, line), row))
                .collect();
            branch(&name, around(&rows, line), rows)
        });
        portals.collect()
    }
}

/// From the first to the last of some nodes.
fn around(nodes: &[Node], otherwise: Span) -> Span {
    let start = nodes.iter().map(|node| node.span.start).min();
    let end = nodes.iter().map(|node| node.span.end).max();
    match (start, end) {
        (Some(start), Some(end)) => Span { start, end },
        _ => otherwise,
    }
}
