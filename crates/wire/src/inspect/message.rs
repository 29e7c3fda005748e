//! One message of a file, as far as it could be read.

use renkei_model::message::Span;

use super::finding::{Finding, Findings, shifted};
use super::kind::Manner;
use super::rows::{self, Row};
use crate::tree::{Node, Record};

/// Lines of a message that could not be read, which are shown as they stand.
const LINES_MAX: usize = 1_000;

/// Something that is good to know first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What: `文字コード / charset`.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

impl Fact {
    pub(super) fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its bytes in the file.
    pub span: Span,
    /// What it is, in short.
    pub facts: Vec<Fact>,
    /// What is wrong and what is odd.
    pub findings: Findings,
    /// Its records; none where it could not be read.
    pub records: Vec<Record>,
    /// Where it could not be read: its lines, the first thousand.
    pub lines: Vec<Span>,
    /// Whether it could be read.
    pub readable: bool,
    /// Records that are not kept because the messages before took the room.
    pub left_out: usize,
    pub(super) manner: Manner,
}

impl Message {
    pub(super) fn read(
        bytes: &[u8],
        facts: Vec<Fact>,
        mut findings: Findings,
        records: Vec<Record>,
    ) -> Self {
        findings.sort();
        Self {
            span: Span {
                start: 0,
                end: bytes.len(),
            },
            facts,
            findings,
            readable: !records.is_empty(),
            lines: match records.is_empty() {
                true => lines(bytes),
                false => Vec::new(),
            },
            records,
            left_out: 0,
            manner: Manner::Dots,
        }
    }

    pub(super) fn refused(bytes: &[u8], faults: impl IntoIterator<Item = Finding>) -> Self {
        let mut findings = Findings::default();
        findings.extend(faults);
        Self::read(bytes, Vec::new(), findings, Vec::new())
    }

    /// Calls `each` for the rows of all records until it says stop.
    pub fn rows(&self, mut each: impl FnMut(&Row<'_>) -> bool) {
        for record in &self.records {
            if !rows::rows(record, self.manner, &mut each) {
                return;
            }
        }
    }

    /// The values that its records hold.
    #[must_use]
    pub fn values(&self) -> usize {
        let mut values = 0;
        self.rows(|row| {
            values += usize::from(row.value != rows::Shown::Group);
            true
        });
        values
    }

    /// The same message, so many bytes further behind in the file.
    pub(super) fn shift(&mut self, by: usize) {
        if by == 0 {
            return;
        }
        self.span = shifted(self.span, by);
        self.findings.shift(by);
        for line in &mut self.lines {
            *line = shifted(*line, by);
        }
        for record in &mut self.records {
            record.span = shifted(record.span, by);
            for leaf in [&mut record.key, &mut record.version] {
                leaf.span = shifted(leaf.span, by);
            }
            shift(&mut record.root, by);
        }
    }
}

fn shift(node: &mut Node, by: usize) {
    node.span = shifted(node.span, by);
    for child in node.branch_mut().into_iter().flatten() {
        shift(child, by);
    }
}

/// Lines without their ends, empty ones left out.
fn lines(bytes: &[u8]) -> Vec<Span> {
    let mut start = 0;
    let lines = bytes
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .map(|line| {
            let span = Span {
                start,
                end: start + line.len(),
            };
            start = span.end + 1;
            span
        });
    lines
        .filter(|line| line.start < line.end)
        .take(LINES_MAX)
        .collect()
}
