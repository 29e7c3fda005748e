//! From a file's bytes to plans.

use std::collections::HashMap;

use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::ROW;
use super::error::{CarePlanError, Notice, Place};
use super::layout::{INSURED, INSURER, Table, VERSION};
use crate::charset::{declared, is_own};
use crate::csv::{Cell, Charset, Row, Text};
use crate::tree::{Content, Leaf, Node, Record};

/// Faults and notices that are named.
const NAMED_MAX: usize = 100;

/// A file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarePlans {
    /// Which table.
    pub table: Table,
    /// The first row's CSVバージョン.
    pub version: String,
    /// The plans, at least one, in the order of their first rows.
    pub records: Vec<Record>,
    /// What is remarkable, at most the first hundred.
    pub notices: Vec<Notice>,
}

/// Reads a file of one table; which one its name says ([`super::FileName`]). `content_type`: as declared; empty if
/// nothing was.
///
/// # Errors
/// Everything that is wrong, at most the first hundred.
pub fn read(
    table: Table,
    body: &[u8],
    content_type: &str,
    limits: &Limits,
) -> Result<CarePlans, Vec<CarePlanError>> {
    let text = text(body, content_type, limits)?;
    let mut sheet = Sheet::new(table);
    for (index, row) in text.rows().enumerate() {
        if index >= limits.batch_lines {
            let (what, max, span) = ("行 / rows", limits.batch_lines, row.span);
            sheet
                .errors
                .push(CarePlanError::TooMuch { what, max, span });
        }
        if sheet.errors.len() >= NAMED_MAX {
            break;
        }
        sheet.row(index, row);
    }
    sheet.finish()
}

fn text(body: &[u8], content_type: &str, limits: &Limits) -> Result<Text, Vec<CarePlanError>> {
    if body.len() > limits.batch_bytes {
        let (what, max) = ("バイト / bytes", limits.batch_bytes);
        let span = Span {
            start: max,
            end: body.len(),
        };
        return Err(vec![CarePlanError::TooMuch { what, max, span }]);
    }
    let other =
        declared(content_type).filter(|label| Charset::of_label(label) != Some(Charset::Ms932));
    if other.is_some() {
        let rule = "文字コードはMS932だけです / MS932 only: send charset=windows-31j".to_owned();
        return Err(vec![CarePlanError::Charset {
            rule,
            span: Span::default(),
        }]);
    }
    Text::read(body, "text/csv; charset=windows-31j").map_err(|fault| {
        let span = fault.span.unwrap_or_default();
        vec![CarePlanError::Charset {
            rule: fault.rule,
            span,
        }]
    })
}

/// A table that is being read.
struct Sheet {
    table: Table,
    /// The first row's version and number of cells.
    first: Option<(String, usize)>,
    plans: Vec<Plan>,
    /// Where a plan stands, by its numbers and its date.
    known: HashMap<[String; 3], usize>,
    errors: Vec<CarePlanError>,
    notices: Vec<Notice>,
}

struct Plan {
    key: Leaf,
    version: Leaf,
    rows: Vec<Node>,
}

impl Sheet {
    fn new(table: Table) -> Self {
        Self {
            table,
            first: None,
            plans: Vec::new(),
            known: HashMap::new(),
            errors: Vec::new(),
            notices: Vec::new(),
        }
    }

    fn row(&mut self, index: usize, row: Row) {
        let place = Place {
            line: row.number,
            column: String::new(),
            span: row.span,
        };
        let cells = match row.cells {
            Ok(cells) => cells,
            Err(fault) => {
                let span = fault.span.unwrap_or(row.span);
                let (place, rule) = (Place { span, ..place }, fault.rule);
                self.errors.push(CarePlanError::Syntax { place, rule });
                return;
            }
        };
        let version = cells.first().map_or("", |cell| &cell.text);
        if !is_version(version) {
            if index == 0 {
                self.notices.push(Notice::Headings { place });
            } else {
                let place = self.at(&place, &cells, VERSION);
                self.errors.push(CarePlanError::Version { place });
            }
            return;
        }
        let known = self.table.columns().len();
        let (first, expected) = self.first.get_or_insert_with(|| {
            let expected = if self.table.is_closed() {
                known
            } else {
                cells.len().max(known)
            };
            (version.to_owned(), expected)
        });
        let (expected, same) = (*expected, first == version);
        if cells.len() != expected {
            let found = cells.len();
            self.errors.push(CarePlanError::Ragged {
                place,
                found,
                expected,
            });
            return;
        }
        if !same {
            let place = self.at(&place, &cells, VERSION);
            self.remark(Notice::OtherVersion { place });
        }
        if self.check(&place, &cells) {
            self.put(&place, cells);
        }
    }

    /// The place of a cell.
    fn at(&self, row: &Place, cells: &[Cell], at: usize) -> Place {
        Place {
            line: row.line,
            column: self.table.column_name(at),
            span: cells.get(at).map_or(row.span, |cell| cell.span),
        }
    }

    fn remark(&mut self, notice: Notice) {
        if self.notices.len() < NAMED_MAX {
            self.notices.push(notice);
        }
    }

    /// Whether a row can be taken.
    fn check(&mut self, row: &Place, cells: &[Cell]) -> bool {
        let errors = self.errors.len();
        for at in [INSURER, INSURED, self.table.plan_date()] {
            if cells.get(at).is_none_or(|cell| cell.text.is_empty()) {
                let place = self.at(row, cells, at);
                self.errors.push(CarePlanError::Required { place });
            }
        }
        for at in [INSURER, INSURED] {
            let odd = |cell: &&Cell| !cell.text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if cells.get(at).filter(odd).is_some() {
                let place = self.at(row, cells, at);
                self.errors.push(CarePlanError::Number { place });
            }
        }
        for (at, cell) in cells.iter().enumerate() {
            if cell
                .text
                .contains(|c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t'))
            {
                let place = self.at(row, cells, at);
                self.errors.push(CarePlanError::Control { place });
            }
            if cell.text.contains(is_own) {
                let place = self.at(row, cells, at);
                self.remark(Notice::OwnCharacter { place });
            }
        }
        self.errors.len() == errors
    }

    fn put(&mut self, row: &Place, cells: Vec<Cell>) {
        let cell = |at: usize| {
            cells
                .get(at)
                .map(|cell| (cell.text.clone(), cell.span))
                .unwrap_or_default()
        };
        let (insurer, insured, date) = (cell(INSURER), cell(INSURED), cell(self.table.plan_date()));
        let plan = [insurer.0.clone(), insured.0.clone(), date.0.clone()];
        let known = self.known.get(&plan).copied();
        if known.is_some() && self.table.has_one_row() {
            self.errors
                .push(CarePlanError::Doubled { place: row.clone() });
            return;
        }
        let name = |at: usize| self.table.column_name(at);
        let leaf = |field: String, text: String, span| Leaf { field, text, span };
        let columns = cells.into_iter().enumerate().map(|(at, cell)| Node {
            name: name(at),
            span: cell.span,
            content: Content::Text(cell.text),
        });
        let node = Node {
            name: ROW.to_owned(),
            span: row.span,
            content: Content::Branch(columns.collect()),
        };
        if let Some(plan) = known.and_then(|at| self.plans.get_mut(at)) {
            plan.rows.push(node);
            return;
        }
        let numbers = Span {
            start: insurer.1.start,
            end: insured.1.end,
        };
        let key = format!("{}-{}", insurer.0, insured.0);
        let plan_date = name(self.table.plan_date());
        self.known.insert(plan, self.plans.len());
        self.plans.push(Plan {
            key: leaf(format!("{}-{}", name(INSURER), name(INSURED)), key, numbers),
            version: leaf(plan_date, date.0, date.1),
            rows: vec![node],
        });
    }

    fn finish(mut self) -> Result<CarePlans, Vec<CarePlanError>> {
        if !self.errors.is_empty() {
            self.errors.truncate(NAMED_MAX);
            return Err(self.errors);
        }
        let Some((version, _)) = self.first else {
            return Err(vec![CarePlanError::Empty]);
        };
        let table = self.table;
        let records = self.plans.into_iter().enumerate().map(|(index, plan)| {
            let start = plan.rows.first().map_or(0, |row| row.span.start);
            let end = plan.rows.last().map_or(start, |row| row.span.end);
            let span = Span { start, end };
            let root = Node {
                name: table.name().to_owned(),
                span,
                content: Content::Branch(plan.rows),
            };
            let (key, version) = (plan.key, plan.version);
            Record {
                index,
                key,
                version,
                span,
                root,
            }
        });
        let records = records.collect();
        Ok(CarePlans {
            table,
            version,
            records,
            notices: self.notices,
        })
    }
}

/// `YYYYMM`.
pub(super) fn is_version(text: &str) -> bool {
    let month = text.get(4..).and_then(|month| month.parse::<u8>().ok());
    text.len() == 6
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && month.is_some_and(|month| (1..=12).contains(&month))
}
