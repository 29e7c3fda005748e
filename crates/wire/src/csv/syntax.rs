//! Rows and cells. Strict where the dialects differ, and able to go on after a wrong line.

use renkei_model::message::{Fault, FaultKind, Span};

use super::text::{Text, Walk};

/// The field of a fault that is about a line and not about one cell of it.
pub const WHOLE_LINE: &str = "行全体 / the whole line";

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its text without quotes.
    pub text: String,
    /// Its bytes in the original, with quotes.
    pub span: Span,
}

/// One row: a line, or several where a cell has line ends in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file in which it begins, from 1; lines inside quotes count.
    pub number: usize,
    /// Its bytes in the original, with the line end.
    pub span: Span,
    /// The cells, or why there are none.
    pub cells: Result<Vec<Cell>, Fault>,
}

/// The rows of a text. Empty lines are none.
///
/// After a syntax fault the next line of the file is the next row, so that a quote that is never closed
/// costs one line and not the rest of the file.
#[derive(Debug, Clone)]
pub struct Rows<'t> {
    text: &'t Text,
    walk: Walk<'t>,
    at: usize,
    number: usize,
}

/// Where a cell stands in the text, and what it says.
struct Raw {
    start: usize,
    end: usize,
    text: String,
}

/// A syntax fault.
struct Wrong {
    at: usize,
    rule: &'static str,
}

const JUNK: &str = "閉じ引用符の後に余分な文字があります / something follows a closing quote";
const STRAY: &str = "引用符の中でない引用符があります。項目全体を\"で囲み、中の\"は\"\"としてください / a quote inside a cell without quotes";
const OPEN: &str = "引用符が閉じていません / a quote is never closed";

impl Text {
    /// The rows.
    #[must_use]
    pub const fn rows(&self) -> Rows<'_> {
        Rows {
            text: self,
            walk: self.walk(),
            at: 0,
            number: 1,
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let text = self.text.as_str();
        while let Some(end) = line_end(text, self.at) {
            self.at = end;
            self.number += 1;
        }
        let start = self.at;
        if start >= text.len() {
            return None;
        }
        let (found, end) = match raw_row(text, start) {
            Ok((cells, end)) => (Ok(cells), end),
            Err(wrong) => (Err(wrong), next_line(text, start)),
        };
        let number = self.number;
        self.at = end;
        self.number += lines(text.get(start..end).unwrap_or_default());
        let broken = self.text.broken_in(start, end);
        let from = self.walk.to(start);
        let cells = match (found, broken) {
            (_, Some(at)) => Err(self.unreadable(at)),
            (Ok(cells), None) => Ok(self.placed(cells)),
            (Err(wrong), None) => {
                let at = self.ahead(wrong.at);
                Err(fault(wrong.rule, at))
            }
        };
        let span = Span {
            start: from,
            end: self.walk.to(end),
        };
        Some(Row {
            number,
            span,
            cells,
        })
    }
}

impl Rows<'_> {
    fn placed(&mut self, cells: Vec<Raw>) -> Vec<Cell> {
        let placed = cells.into_iter().map(|raw| Cell {
            span: Span {
                start: self.walk.to(raw.start),
                end: self.walk.to(raw.end),
            },
            text: raw.text,
        });
        placed.collect()
    }

    /// The byte of a place further on; the walk stays where it is.
    fn ahead(&self, at: usize) -> usize {
        let mut scout = self.walk;
        scout.to(at)
    }

    fn unreadable(&self, at: usize) -> Fault {
        let byte = self.ahead(at);
        let name = self.text.charset().label();
        fault(
            &format!("文字コード({name})として読めません / not readable as {name}"),
            byte,
        )
    }
}

fn fault(rule: &str, at: usize) -> Fault {
    Fault {
        field: WHOLE_LINE.to_owned(),
        rule: rule.to_owned(),
        span: Some(Span { start: at, end: at }),
        kind: FaultKind::Structure,
    }
}

/// The end of the line end that stands here, if one does.
fn line_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.as_bytes().get(at..)?;
    match rest {
        [b'\r', b'\n', ..] => Some(at + 2),
        [b'\r' | b'\n', ..] => Some(at + 1),
        _ => None,
    }
}

/// Where the next line of the file begins. A lone carriage return counts only where no line feed follows:
/// inside a cell it divides values.
fn next_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest.find('\n').or_else(|| rest.find('\r'));
    end.map_or(text.len(), |offset| at + offset + 1)
}

/// How many lines of the file a row takes. A lone carriage return ends a row; inside quotes it divides
/// values and ends no line.
fn lines(row: &str) -> usize {
    let feeds = row.matches('\n').count();
    if row.ends_with('\n') {
        feeds
    } else {
        feeds + 1
    }
}

/// The cells of the row that begins here, and where the next line begins.
fn raw_row(text: &str, start: usize) -> Result<(Vec<Raw>, usize), Wrong> {
    let mut cells = Vec::new();
    let mut at = start;
    loop {
        let cell = if text.as_bytes().get(at) == Some(&b'"') {
            quoted(text, at)?
        } else {
            bare(text, at)?
        };
        at = cell.end;
        cells.push(cell);
        match text.as_bytes().get(at) {
            Some(b',') => at += 1,
            _ => return Ok((cells, line_end(text, at).unwrap_or(text.len()))),
        }
    }
}

/// A cell without quotes: to the next comma or line end.
fn bare(text: &str, start: usize) -> Result<Raw, Wrong> {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find([',', '\r', '\n', '"']).unwrap_or(rest.len());
    let end = start + length;
    if text.as_bytes().get(end) == Some(&b'"') {
        return Err(Wrong {
            at: end,
            rule: STRAY,
        });
    }
    let text = rest.get(..length).unwrap_or_default().to_owned();
    Ok(Raw { start, end, text })
}

/// A cell in quotes; two quotes inside are one.
fn quoted(text: &str, start: usize) -> Result<Raw, Wrong> {
    let mut said = String::new();
    let mut at = start + 1;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(length) = rest.find('"') else {
            return Err(Wrong {
                at: start,
                rule: OPEN,
            });
        };
        said.push_str(rest.get(..length).unwrap_or_default());
        let close = at + length;
        match text.as_bytes().get(close + 1) {
            Some(b'"') => {
                said.push('"');
                at = close + 2;
            }
            None | Some(b',' | b'\r' | b'\n') => {
                let end = close + 1;
                return Ok(Raw {
                    start,
                    end,
                    text: said,
                });
            }
            Some(_) => {
                return Err(Wrong {
                    at: close + 1,
                    rule: JUNK,
                });
            }
        }
    }
}
