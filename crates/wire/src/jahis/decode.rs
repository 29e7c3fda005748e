//! From bytes to a record.

use renkei_model::day;
use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::error::{JahisError, Notice, Place};
use super::group::{Groups, leaf_of, record_node};
use super::layout::{Standard, item_name, required};
use super::line::{Line, NAMED_MAX, lines};
use super::parts::{Whole, notebook};
use super::{CATEGORY, VERSION};
use crate::charset::is_own;
use crate::tree::{Content, Leaf, Node, Record};

/// A message, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which of the two standards.
    pub standard: Standard,
    /// What it says. The key is the set's データID of a notebook in parts, or the 処方箋番号 of a prescription; else empty:
    /// neither standard has another. The version is empty.
    pub record: Record,
    /// What is remarkable, at most the first hundred.
    pub notices: Vec<Notice>,
}

/// Reads a message; the parts of a set stand one behind the other, in any order.
///
/// # Errors
/// Everything that is wrong, at most the first hundred.
pub fn read(body: &[u8], limits: &Limits) -> Result<Message, Vec<JahisError>> {
    let mut notices = Vec::new();
    let lines = lines(body, limits, &mut notices)?;
    let first = lines
        .first()
        .map(|line| (line.span, Standard::of_version(&line.head.text)));
    let (standard, whole) = match first {
        Some((_, Some(Standard::Notebook))) => (Standard::Notebook, notebook(lines, &mut notices)?),
        Some((_, Some(Standard::Prescription))) => (Standard::Prescription, symbol(lines)?),
        Some((span, None)) => return Err(vec![JahisError::NoVersion { span }]),
        None => {
            return Err(vec![JahisError::NoVersion {
                span: Span::default(),
            }]);
        }
    };
    let span = Span {
        start: 0,
        end: body.len(),
    };
    let mut record = tree(standard, whole, span, &mut notices)?;
    if standard == Standard::Prescription {
        let number = record.root.at(&["82", "処方箋番号"]);
        record.key = number.map_or_else(|| Leaf::new(""), |node| leaf_of(node, "82.処方箋番号"));
    }
    notices.truncate(NAMED_MAX);
    Ok(Message {
        standard,
        record,
        notices,
    })
}

fn symbol(lines: Vec<Line>) -> Result<Whole, Vec<JahisError>> {
    let mut lines = lines.into_iter();
    let Some(version) = lines.next() else {
        return Err(vec![JahisError::NoVersion {
            span: Span::default(),
        }]);
    };
    let lines: Vec<Line> = lines.collect();
    let again = lines
        .iter()
        .filter(|line| Standard::of_version(&line.head.text).is_some());
    let again: Vec<JahisError> = again
        .map(|line| JahisError::SecondVersion {
            place: line.place(),
        })
        .take(NAMED_MAX)
        .collect();
    if again.is_empty() {
        Ok(Whole {
            version,
            lines,
            id: None,
        })
    } else {
        Err(again)
    }
}

fn tree(
    standard: Standard,
    whole: Whole,
    span: Span,
    notices: &mut Vec<Notice>,
) -> Result<Record, Vec<JahisError>> {
    let mut errors = Vec::new();
    let mut groups = Groups::new(standard);
    for node in head(standard, &whole.version, &mut errors, notices) {
        groups.push_head(node);
    }
    for line in &whole.lines {
        if errors.len() >= NAMED_MAX {
            break;
        }
        let number = &line.head.text;
        let is_number =
            (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            let place = Place {
                record: String::new(),
                ..line.place()
            };
            errors.push(JahisError::NoNumber { place });
            continue;
        }
        remark(standard, line, notices);
        if let Err(error) = groups.put(line, record_node(standard, line)) {
            errors.push(error);
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let first = whole.version.place();
    let root = groups.finish(span, notices);
    for record in required(standard)
        .iter()
        .filter(|record| root.child(record).is_none())
    {
        notices.push(Notice::Lacks {
            place: first.clone(),
            record,
        });
    }
    Ok(Record {
        index: 0,
        key: whole.id.unwrap_or_else(|| Leaf::new("")),
        version: Leaf::new(""),
        span,
        root,
    })
}

/// The version line.
fn head(
    standard: Standard,
    version: &Line,
    errors: &mut Vec<JahisError>,
    notices: &mut Vec<Notice>,
) -> Vec<Node> {
    let leaf = |name: &str, text: &str, span| Node {
        name: name.to_owned(),
        span,
        content: Content::Text(text.to_owned()),
    };
    let mut nodes = vec![leaf(VERSION, &version.head.text, version.head.span)];
    let mut items = version.items.iter().enumerate();
    if standard == Standard::Notebook {
        match items.next() {
            Some((_, item)) if matches!(item.text.as_str(), "1" | "2") => {
                nodes.push(leaf(CATEGORY, &item.text, item.span));
            }
            item => {
                let span = item.map_or(version.span, |(_, item)| item.span);
                let place = Place {
                    item: CATEGORY.to_owned(),
                    span,
                    ..version.place()
                };
                errors.push(JahisError::Category { place });
            }
        }
    }
    // Commas at the end of the line say nothing.
    let said = version.items.iter().rposition(|item| !item.text.is_empty());
    let last = said.map_or(0, |at| at + 1);
    for (at, item) in items.take_while(|(at, _)| *at < last) {
        let name = item_name(None, at);
        let place = Place {
            item: name.clone(),
            span: item.span,
            ..version.place()
        };
        notices.push(Notice::UnknownItem { place });
        nodes.push(leaf(&name, &item.text, item.span));
    }
    nodes
}

/// How the names of items that hold a date end.
const DAY: &str = "年月日";

/// What is remarkable about one line.
fn remark(standard: Standard, line: &Line, notices: &mut Vec<Notice>) {
    if notices.len() >= NAMED_MAX {
        return;
    }
    let layout = standard.layout(&line.head.text);
    match layout {
        None => notices.push(Notice::UnknownRecord {
            place: line.place(),
        }),
        Some(layout) if line.items.len() > layout.items.len() => {
            let place = line.item_place(standard, layout.items.len());
            let says = line
                .items
                .iter()
                .skip(layout.items.len())
                .any(|item| !item.text.is_empty());
            // Some senders end every line with a comma or two: that says nothing.
            if says {
                notices.push(Notice::UnknownItem { place });
            }
        }
        Some(_) => {}
    }
    for (at, item) in line.items.iter().enumerate() {
        let name = layout.and_then(|layout| layout.items.get(at));
        let is_day = name.is_some_and(|name| name.ends_with(DAY));
        if is_day && !item.text.is_empty() && day::parse(&item.text).is_err() {
            notices.push(Notice::NoDay {
                place: line.item_place(standard, at),
            });
        }
        if item.text.contains(is_own) {
            notices.push(Notice::OwnCharacter {
                place: line.item_place(standard, at),
            });
        }
    }
}
