//! From plans to a file. Nothing is replaced: what the standard forbids is refused by its place.

use super::ROW;
use super::decode::is_version;
use super::layout::{Table, VERSION};
use crate::charset::is_own;
use crate::csv::{Charset, Unwritable, write_cell};
use crate::tree::{Content, Node, Record};

/// Why plans cannot be written. `record` counts from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A record of another table, or without rows.
    #[error("{record}件目: {table}の行がありません / record {record} has no row of {table}")]
    NotOfTable {
        /// Which record.
        record: usize,
        /// The table's name.
        table: &'static str,
    },
    /// A row with too few cells, or other ones than the table has at this place.
    #[error(
        "{record}件目, {column}: この位置の列ではありません / record {record}: not the column of this place"
    )]
    Column {
        /// Which record.
        record: usize,
        /// The column that should be there.
        column: String,
    },
    /// Rows of different numbers of cells in one file.
    #[error(
        "{record}件目: 列の数がほかの行と違います / record {record}: not as many cells as the other rows"
    )]
    Ragged {
        /// Which record.
        record: usize,
    },
    /// A first cell that is no version.
    #[error(
        "{record}件目: CSVバージョン(YYYYMM)ではありません / record {record}: not a version as YYYYMM"
    )]
    Version {
        /// Which record.
        record: usize,
    },
    /// 外字 or a control character, which the standard forbids.
    #[error(
        "{record}件目, {column}: 外字と制御文字は使えません / record {record}: a character that the standard forbids"
    )]
    Forbidden {
        /// Which record.
        record: usize,
        /// The column.
        column: String,
    },
    /// A character that MS932 does not have.
    #[error("{record}件目, {column}: {unwritable}")]
    Unwritable {
        /// Which record.
        record: usize,
        /// The column.
        column: String,
        /// Which character.
        unwritable: Unwritable,
    },
}

/// Writes plans of one table: MS932, CR LF, no headings, free text in quotes. The rows of a plan stand together.
///
/// # Errors
/// The first thing that the standard cannot hold.
pub fn encode(table: Table, records: &[Record]) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    let mut width = None;
    for (index, record) in records.iter().enumerate() {
        let is_table = record.root.name == table.name();
        let rows = record.root.branch();
        if !is_table || rows.is_empty() || rows.iter().any(|row| row.name != ROW) {
            let (record, table) = (index, table.name());
            return Err(EncodeError::NotOfTable { record, table });
        }
        for row in rows {
            let cells = row.branch();
            if *width.get_or_insert(cells.len()) != cells.len() {
                return Err(EncodeError::Ragged { record: index });
            }
            write_row(table, index, cells, &mut out)?;
        }
    }
    Ok(out)
}

fn write_row(
    table: Table,
    record: usize,
    cells: &[Node],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let known = table.columns();
    let wrong = |at: usize| EncodeError::Column {
        record,
        column: table.column_name(at),
    };
    let missing = cells.len() < known.len();
    if missing || (table.is_closed() && cells.len() > known.len()) {
        return Err(wrong(cells.len().min(known.len())));
    }
    for (at, cell) in cells.iter().enumerate() {
        let column = table.column_name(at);
        let text = match &cell.content {
            Content::Text(text) | Content::Number(text) if cell.name == column => text,
            _ => return Err(wrong(at)),
        };
        if at == VERSION && !is_version(text) {
            return Err(EncodeError::Version { record });
        }
        if text
            .contains(|c: char| is_own(c) || (c.is_control() && !matches!(c, '\r' | '\n' | '\t')))
        {
            return Err(EncodeError::Forbidden { record, column });
        }
        if at > 0 {
            out.push(b',');
        }
        let bare = known.get(at).is_some_and(|column| !column.free)
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if bare {
            out.extend(text.as_bytes());
        } else {
            write_cell(out, text, Charset::Ms932).map_err(|unwritable| {
                EncodeError::Unwritable {
                    record,
                    column,
                    unwritable,
                }
            })?;
        }
    }
    out.extend(b"\r\n");
    Ok(())
}
