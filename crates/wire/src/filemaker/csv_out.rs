//! From records to an export's bytes.

use std::collections::HashSet;

use renkei_model::message::{Fault, FaultKind};

use super::column::Column;
use super::{FIELD_DATA, PORTAL_DATA};
use crate::csv::{Charset, write_cell};
use crate::tree::{Content, Node, Record};

/// Writes records as an export: a header row and a line for each, CR LF, every cell in quotes, no byte order
/// mark. The columns are those that any of the records has; where one has none, its cell is empty. A return
/// inside a field is written as a vertical tab, as FileMaker does.
///
/// # Errors
/// Everything that cannot be written, each with the column's name: characters that the charset does not
/// have, names that no column can have, values that are no text. Nothing is replaced.
pub fn encode_csv(records: &[Record], charset: Charset) -> Result<Vec<u8>, Vec<Fault>> {
    let mut sheet = Sheet {
        charset,
        out: Vec::new(),
        faults: Vec::new(),
    };
    let columns = sheet.columns(records);
    let names: Vec<(String, &Column)> = columns
        .iter()
        .filter_map(|column| Some((column.name()?, column)))
        .collect();
    sheet.line(names.iter().map(|(name, _)| (name.as_str(), name.as_str())));
    for record in records {
        let cells: Vec<(&str, String)> = names
            .iter()
            .map(|(name, column)| (name.as_str(), sheet.text(record, name, column)))
            .collect();
        sheet.line(cells.iter().map(|(name, text)| (*name, text.as_str())));
    }
    if sheet.faults.is_empty() {
        Ok(sheet.out)
    } else {
        Err(sheet.faults)
    }
}

struct Sheet {
    charset: Charset,
    out: Vec<u8>,
    faults: Vec<Fault>,
}

impl Sheet {
    fn refuse(&mut self, field: &str, rule: &str) {
        self.faults.push(Fault {
            field: field.to_owned(),
            rule: rule.to_owned(),
            span: None,
            kind: FaultKind::Value,
        });
    }

    /// The columns of all records, in the order in which they are met.
    fn columns(&mut self, records: &[Record]) -> Vec<Column> {
        let mut columns = vec![Column::Key, Column::Version];
        let mut seen = HashSet::new();
        for record in records {
            for column in columns_of(record) {
                if !seen.insert(column.clone()) {
                    continue;
                }
                if column.name().is_some() {
                    columns.push(column);
                } else {
                    let (Column::Field(name) | Column::Portal { name, .. }) = &column else {
                        continue;
                    };
                    self.refuse(
                        name,
                        "この名前はCSVの列名にできません / no column of CSV can have this name",
                    );
                }
            }
        }
        columns
    }

    fn text(&mut self, record: &Record, name: &str, column: &Column) -> String {
        let node = match column {
            Column::Key => return record.key.text.clone(),
            Column::Version => return record.version.text.clone(),
            Column::Field(field) => record.root.at(&[FIELD_DATA, field]),
            Column::Portal { portal, row, name } => record
                .root
                .at(&[PORTAL_DATA, portal])
                .and_then(|portal| portal.branch().get(*row)?.child(name)),
        };
        match node.map(|node| &node.content) {
            None | Some(Content::Null) => String::new(),
            Some(Content::Text(text)) if text.contains('\u{b}') => {
                self.refuse(
                    name,
                    "垂直タブは書き出せません / a vertical tab stands for a return",
                );
                String::new()
            }
            Some(Content::Text(text) | Content::Number(text)) => text.replace('\r', "\u{b}"),
            Some(Content::Bool(_) | Content::Branch(_)) => {
                self.refuse(
                    name,
                    "文字列か数値だけを書き出せます / only texts and numbers",
                );
                String::new()
            }
        }
    }

    fn line<'a>(&mut self, cells: impl Iterator<Item = (&'a str, &'a str)>) {
        for (index, (name, text)) in cells.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            if let Err(error) = write_cell(&mut self.out, text, self.charset) {
                let character = error.character;
                let rule = format!(
                    "文字コード({0})にない文字です: {character} (U+{1:04X}) / not in {0}",
                    self.charset.label(),
                    u32::from(character)
                );
                self.refuse(name, &rule);
            }
        }
        self.out.extend(b"\r\n");
    }
}

fn columns_of(record: &Record) -> Vec<Column> {
    let fields = record.root.child(FIELD_DATA).map_or(&[][..], Node::branch);
    let mut columns: Vec<Column> = fields
        .iter()
        .map(|field| Column::Field(field.name.clone()))
        .collect();
    let portals = record.root.child(PORTAL_DATA).map_or(&[][..], Node::branch);
    for portal in portals {
        for (row, node) in portal.branch().iter().enumerate() {
            columns.extend(node.branch().iter().map(|leaf| Column::Portal {
                portal: portal.name.clone(),
                row,
                name: leaf.name.clone(),
            }));
        }
    }
    columns
}
