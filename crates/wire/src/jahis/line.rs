//! From bytes to lines of items, each with its bytes.

use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::error::{JahisError, Notice, Place};
use super::layout::{Standard, item_name};
use crate::csv::{Text, Walk};

/// Lines of a message.
const LINES_MAX: usize = 20_000;
/// Items of a line.
const ITEMS_MAX: usize = 100;
/// Faults and notices that are named.
pub(super) const NAMED_MAX: usize = 100;
/// The mark of MS-DOS for the end of a file; the standards allow it.
const END_OF_FILE: char = '\u{1a}';

/// One item.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) text: String,
    pub(super) span: Span,
}

/// One line that says something.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// Its bytes without the line end.
    pub(super) span: Span,
    /// The record's number, or the version.
    pub(super) head: Item,
    pub(super) items: Vec<Item>,
}

impl Line {
    pub(super) fn place(&self) -> Place {
        Place {
            line: self.number,
            record: self.head.text.clone(),
            item: String::new(),
            span: self.span,
        }
    }

    /// The place of an item, or of the whole line where the item is missing.
    pub(super) fn item_place(&self, standard: Standard, at: usize) -> Place {
        let item = item_name(standard.layout(&self.head.text), at);
        let span = self.items.get(at).map_or(self.span, |item| item.span);
        Place {
            item,
            span,
            ..self.place()
        }
    }

    pub(super) fn text(&self, at: usize) -> &str {
        self.items.get(at).map_or("", |item| &item.text)
    }

    /// A number of up to three digits, as records are joined by.
    pub(super) fn number_at(&self, at: usize) -> Option<u16> {
        let text = self.text(at);
        let fits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten()
    }

    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let texts = |line: &Self| {
            line.items
                .iter()
                .map(|item| item.text.clone())
                .collect::<Vec<_>>()
        };
        self.head.text == other.head.text && texts(self) == texts(other)
    }
}

/// The lines of a message, with what is remarkable about their form.
pub(super) fn lines(
    body: &[u8],
    limits: &Limits,
    notices: &mut Vec<Notice>,
) -> Result<Vec<Line>, Vec<JahisError>> {
    if body.len() > limits.body_bytes {
        let span = Span {
            start: limits.body_bytes,
            end: body.len(),
        };
        return Err(vec![JahisError::TooMuch {
            what: "バイト / bytes",
            max: limits.body_bytes,
            span,
        }]);
    }
    // Both standards know no charset but this one; what is UTF-8 says so by itself.
    let text = Text::read(body, "text/plain; charset=windows-31j").map_err(|fault| {
        let span = fault.span.unwrap_or_default();
        vec![JahisError::Charset {
            rule: fault.rule,
            span,
        }]
    })?;
    let mut reading = Reading {
        text: &text,
        walk: text.walk(),
        lines: Vec::new(),
        errors: Vec::new(),
        ends_said: false,
        empty_said: false,
    };
    reading.all(notices);
    if reading.errors.is_empty() {
        Ok(reading.lines)
    } else {
        Err(reading.errors)
    }
}

struct Reading<'t> {
    text: &'t Text,
    walk: Walk<'t>,
    lines: Vec<Line>,
    errors: Vec<JahisError>,
    ends_said: bool,
    empty_said: bool,
}

impl Reading<'_> {
    fn all(&mut self, notices: &mut Vec<Notice>) {
        let text = self.text.as_str();
        let (mut at, mut number) = (0, 0);
        while at < text.len() && self.errors.len() < NAMED_MAX {
            let rest = text.get(at..).unwrap_or_default();
            let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
            let end = rest.get(length..).unwrap_or_default();
            let end_length = if end.starts_with("\r\n") {
                2
            } else {
                end.len().min(1)
            };
            let (start, stop) = (at, at + length);
            at = stop + end_length;
            number += 1;
            if number > LINES_MAX {
                let start = self.walk.to(start);
                let span = Span { start, end: start };
                self.errors.push(JahisError::TooMuch {
                    what: "行 / lines",
                    max: LINES_MAX,
                    span,
                });
                return;
            }
            self.line(number, start, stop, end_length, notices);
        }
    }

    fn line(
        &mut self,
        number: usize,
        start: usize,
        stop: usize,
        end_length: usize,
        notices: &mut Vec<Notice>,
    ) {
        let whole = self.text.as_str().get(start..stop).unwrap_or_default();
        let said = whole.trim_start_matches(END_OF_FILE);
        let start = start + (whole.len() - said.len());
        let said = said.trim_end_matches(END_OF_FILE);
        let span = self.span(start, start + said.len());
        let place = |record: &str, span| Place {
            line: number,
            record: record.to_owned(),
            item: String::new(),
            span,
        };
        if let Some(at) = self.text.broken_in(start, stop) {
            let mut ahead = self.walk;
            let byte = ahead.to(at);
            let place = place(
                "",
                Span {
                    start: byte,
                    end: span.end.max(byte),
                },
            );
            self.errors.push(JahisError::Unreadable { place });
            return;
        }
        let is_last = stop + end_length >= self.text.as_str().len();
        if end_length != 2 && !is_last && !self.ends_said {
            self.ends_said = true;
            notices.push(Notice::LineEnd {
                place: place("", span),
            });
        }
        if said.is_empty() {
            // Only the mark of the end, or nothing at all.
            if whole.is_empty() && !self.empty_said {
                self.empty_said = true;
                notices.push(Notice::EmptyLine {
                    place: place("", span),
                });
            }
            return;
        }
        self.items(number, start, said, span);
    }

    fn items(&mut self, number: usize, start: usize, said: &str, span: Span) {
        let mut walk = self.walk;
        let mut items = Vec::new();
        let mut at = start;
        for text in said.split(',') {
            if items.len() > ITEMS_MAX {
                self.errors.push(JahisError::TooMuch {
                    what: "項目 / items",
                    max: ITEMS_MAX,
                    span,
                });
                return;
            }
            let span = Span {
                start: walk.to(at),
                end: walk.to(at + text.len()),
            };
            items.push(Item {
                text: text.to_owned(),
                span,
            });
            at += text.len() + 1;
        }
        let control = items
            .iter()
            .find(|item| item.text.contains(char::is_control))
            .map(|item| item.span);
        let head = items.remove(0);
        let line = Line {
            number,
            span,
            head,
            items,
        };
        if let Some(span) = control {
            let item = line.items.iter().position(|item| item.span == span);
            let record = if item.is_some() {
                line.head.text.clone()
            } else {
                String::new()
            };
            let item = item.map_or_else(String::new, |at| format!("項目{}", at + 1));
            let place = Place {
                line: number,
                record,
                item,
                span,
            };
            self.errors.push(JahisError::Control { place });
            return;
        }
        self.lines.push(line);
    }

    /// The bytes of a piece of the text that begins no earlier than the piece before. The walk stays at its begin.
    fn span(&mut self, start: usize, end: usize) -> Span {
        let from = self.walk.to(start);
        let mut ahead = self.walk;
        Span {
            start: from,
            end: ahead.to(end),
        }
    }
}
