//! From a file's bytes to records.

use std::collections::HashSet;

use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::error::{LifeError, Notice};
use super::layout::{DETAIL, NUMBER, columns};
use crate::charset::is_own;
use crate::csv::{Cell, Charset, Row, Text};
use crate::tree::{Content, Leaf, Node, Record};

/// Faults and notices that are named.
const NAMED_MAX: usize = 100;
/// Columns of a file.
const COLUMNS_MAX: usize = 500;

/// A file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The data type: `FORM_0002_2021`. Also the name of each record's root.
    pub data_type: Leaf,
    /// The columns as line 2 names them.
    pub columns: Vec<String>,
    /// The charset that was declared, or found.
    pub charset: Charset,
    /// One record a line, at least one.
    pub records: Vec<Record>,
    /// What is remarkable, at most the first hundred.
    pub notices: Vec<Notice>,
}

/// Reads a file. `content_type`: as declared; empty if nothing was.
///
/// # Errors
/// Everything that is wrong, at most the first hundred.
pub fn read(body: &[u8], content_type: &str, limits: &Limits) -> Result<Life, Vec<LifeError>> {
    if body.len() > limits.batch_bytes {
        let (what, max) = ("バイト / bytes", limits.batch_bytes);
        let span = Span {
            start: max,
            end: body.len(),
        };
        return Err(vec![LifeError::TooMuch { what, max, span }]);
    }
    let text = Text::read(body, content_type).map_err(|fault| {
        let span = fault.span.unwrap_or_default();
        vec![LifeError::Charset {
            rule: fault.rule,
            span,
        }]
    })?;
    let mut rows = text.rows();
    let data_type = data_type(rows.next())?;
    let mut sheet = Sheet::new(data_type, rows.next())?;
    for (index, row) in rows.enumerate() {
        if index >= limits.batch_lines {
            let (what, max, span) = ("行 / lines", limits.batch_lines, row.span);
            sheet.errors.push(LifeError::TooMuch { what, max, span });
        }
        if sheet.errors.len() >= NAMED_MAX {
            break;
        }
        sheet.row(row);
    }
    sheet.finish(text.charset())
}

fn data_type(row: Option<Row>) -> Result<Leaf, Vec<LifeError>> {
    let span = row.as_ref().map_or_else(Span::default, |row| row.span);
    let wrong = || vec![LifeError::DataType { span }];
    let cells = row.and_then(|row| row.cells.ok()).ok_or_else(wrong)?;
    let (first, rest) = cells.split_first().ok_or_else(wrong)?;
    let is_type = first.text.starts_with(|c: char| c.is_ascii_uppercase())
        && first.text.len() <= 100
        && first
            .text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    // Spreadsheets fill every line up with commas.
    if !is_type || rest.iter().any(|cell| !cell.text.is_empty()) {
        return Err(wrong());
    }
    Ok(Leaf {
        field: "データ種別".to_owned(),
        text: first.text.clone(),
        span: first.span,
    })
}

/// A table that is being read.
struct Sheet {
    data_type: Leaf,
    columns: Vec<String>,
    number: usize,
    detail: Option<usize>,
    records: Vec<Record>,
    known: HashSet<String>,
    errors: Vec<LifeError>,
    notices: Vec<Notice>,
}

impl Sheet {
    fn new(data_type: Leaf, row: Option<Row>) -> Result<Self, Vec<LifeError>> {
        let Some(row) = row else {
            return Err(vec![LifeError::MissingColumn {
                column: NUMBER,
                span: data_type.span,
            }]);
        };
        let (line, span) = (row.number, row.span);
        let cells = row.cells.map_err(|fault| {
            vec![LifeError::Syntax {
                line,
                rule: fault.rule,
                span,
            }]
        })?;
        if cells.len() > COLUMNS_MAX {
            return Err(vec![LifeError::TooMuch {
                what: "列 / columns",
                max: COLUMNS_MAX,
                span,
            }]);
        }
        let notices = headings(&data_type.text, &cells, span)?;
        let columns: Vec<String> = cells.into_iter().map(|cell| cell.text).collect();
        let place = |name: &str| columns.iter().position(|column| column == name);
        Ok(Self {
            data_type,
            number: place(NUMBER).unwrap_or_default(),
            detail: place(DETAIL),
            columns,
            records: Vec::new(),
            known: HashSet::new(),
            errors: Vec::new(),
            notices,
        })
    }

    fn row(&mut self, row: Row) {
        let (line, span) = (row.number, row.span);
        let cells = match row.cells {
            Ok(cells) => cells,
            Err(fault) => {
                let span = fault.span.unwrap_or(span);
                self.errors.push(LifeError::Syntax {
                    line,
                    rule: fault.rule,
                    span,
                });
                return;
            }
        };
        let (found, expected) = (cells.len(), self.columns.len());
        if found != expected {
            self.errors.push(LifeError::Ragged {
                line,
                found,
                expected,
                span,
            });
            return;
        }
        if !self.check(line, &cells) {
            return;
        }
        let cell = |at: usize| {
            cells
                .get(at)
                .map(|cell| (cell.text.as_str(), cell.span))
                .unwrap_or_default()
        };
        let (number, place) = cell(self.number);
        let detail = self.detail.map(|at| cell(at).0);
        let text = detail.map_or_else(|| number.to_owned(), |detail| key(number, detail));
        let again = !self.known.insert(text.clone());
        if again {
            self.remark(Notice::Again { line, span: place });
        }
        let key = Leaf {
            field: NUMBER.to_owned(),
            text,
            span: place,
        };
        let columns = self
            .columns
            .iter()
            .zip(cells)
            .map(|(name, cell)| node(name, cell))
            .collect();
        self.records.push(Record {
            index: self.records.len(),
            key,
            version: Leaf::new(""),
            span,
            root: Node {
                name: self.data_type.text.clone(),
                span,
                content: Content::Branch(columns),
            },
        });
    }

    fn remark(&mut self, notice: Notice) {
        if self.notices.len() < NAMED_MAX {
            self.notices.push(notice);
        }
    }

    fn check(&mut self, line: usize, cells: &[Cell]) -> bool {
        let before = self.errors.len();
        for (column, at) in [(NUMBER, Some(self.number)), (DETAIL, self.detail)] {
            let Some(cell) = at.and_then(|at| cells.get(at)) else {
                continue;
            };
            if cell.text.trim().is_empty() {
                self.errors.push(LifeError::NoKey {
                    line,
                    column,
                    span: cell.span,
                });
            }
        }
        for (at, cell) in cells.iter().enumerate() {
            let column = || self.columns.get(at).cloned().unwrap_or_default();
            if cell
                .text
                .contains(|c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t'))
            {
                let column = column();
                self.errors.push(LifeError::Control {
                    line,
                    column,
                    span: cell.span,
                });
            }
            if cell.text.contains(is_own) {
                let column = column();
                self.remark(Notice::OwnCharacter {
                    line,
                    column,
                    span: cell.span,
                });
            }
        }
        self.errors.len() == before
    }

    fn finish(mut self, charset: Charset) -> Result<Life, Vec<LifeError>> {
        if self.records.is_empty() && self.errors.is_empty() {
            self.errors.push(LifeError::Empty);
        }
        if !self.errors.is_empty() {
            self.errors.truncate(NAMED_MAX);
            return Err(self.errors);
        }
        Ok(Life {
            data_type: self.data_type,
            columns: self.columns,
            charset,
            records: self.records,
            notices: self.notices,
        })
    }
}

/// Whether line 2 names columns, and those that the data type needs.
fn headings(data_type: &str, cells: &[Cell], span: Span) -> Result<Vec<Notice>, Vec<LifeError>> {
    let mut errors = Vec::new();
    let mut seen = HashSet::new();
    for (at, cell) in cells.iter().enumerate() {
        let is_name = !cell.text.is_empty()
            && cell
                .text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_name || !seen.insert(cell.text.as_str()) {
            errors.push(LifeError::ColumnName {
                column: at + 1,
                span: cell.span,
            });
        }
    }
    let known = columns(data_type);
    let needed = known
        .unwrap_or(&[(NUMBER, true)])
        .iter()
        .filter(|(_, needed)| *needed);
    for (column, _) in needed.filter(|(name, _)| !seen.contains(name)) {
        errors.push(LifeError::MissingColumn { column, span });
    }
    if !errors.is_empty() {
        errors.truncate(NAMED_MAX);
        return Err(errors);
    }
    let is_known =
        |name: &str| known.is_none_or(|known| known.iter().any(|(column, _)| *column == name));
    let unknown = cells.iter().filter(|cell| !is_known(&cell.text));
    let notices = unknown
        .map(|cell| Notice::UnknownColumn {
            column: cell.text.clone(),
            span: cell.span,
        })
        .take(NAMED_MAX);
    Ok(notices.collect())
}

/// The two numbers in one, so that no other two make the same.
fn key(number: &str, detail: &str) -> String {
    let detail = detail.replace('%', "%25").replace('#', "%23");
    format!("{number}#{detail}")
}

/// One half-width space is an order to delete; nothing is no order.
fn node(name: &str, cell: Cell) -> Node {
    let content = if cell.text == " " {
        Content::Null
    } else {
        Content::Text(cell.text)
    };
    Node {
        name: name.to_owned(),
        span: cell.span,
        content,
    }
}
