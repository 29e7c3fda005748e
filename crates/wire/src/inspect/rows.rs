//! A record tree as rows of path and value, for people and programs to read and search.

use std::collections::HashMap;

use renkei_model::message::Span;

use super::kind::Manner;
use crate::hl7::SegmentName;
use crate::tree::{Content, Node, Record};

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'r> {
    /// How many groups it stands in.
    pub depth: usize,
    /// The path as the sender's people write it: `PID-5[2].1`, `data[0].fieldData.生年月日`.
    pub path: &'r str,
    /// Its bytes in the file.
    pub span: Span,
    /// What stands there.
    pub value: Shown<'r>,
}

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown<'r> {
    /// A group or a segment, whose values are the rows that follow. HL7 only: elsewhere paths say it.
    Group,
    /// A text, decoded.
    Text(&'r str),
    /// A number as it was written.
    Number(&'r str),
    /// True or false.
    Bool(bool),
    /// Present without a value; `""` in HL7.
    Null,
}

/// Calls `each` for the rows of a record until it says stop; returns whether it never did.
pub(super) fn rows(
    record: &Record,
    manner: Manner,
    each: &mut impl FnMut(&Row<'_>) -> bool,
) -> bool {
    let mut walk = Walk {
        manner,
        path: String::new(),
        segments: HashMap::new(),
        each,
    };
    match manner {
        Manner::Hl7 => walk.groups(&record.root, 0),
        Manner::Filemaker => {
            // Its key and version stand beside the values, not among them.
            for leaf in [&record.key, &record.version] {
                walk.path.clone_from(&leaf.field);
                if !leaf.field.is_empty() && !walk.row(0, leaf.span, Shown::Text(&leaf.text)) {
                    return false;
                }
            }
            walk.path = format!("data[{}]", record.index);
            walk.children(&record.root)
        }
        Manner::Slashes => {
            walk.path.clone_from(&record.root.name);
            walk.node(&record.root)
        }
        Manner::Dots => walk.children(&record.root),
    }
}

struct Walk<'e, F> {
    manner: Manner,
    /// The path to where the walk stands.
    path: String,
    /// How many segments of a name came before.
    segments: HashMap<SegmentName, usize>,
    each: &'e mut F,
}

impl<F: FnMut(&Row<'_>) -> bool> Walk<'_, F> {
    /// A node whose path is known.
    fn node(&mut self, node: &Node) -> bool {
        match shown(node) {
            Some(value) => self.row(0, node.span, value),
            None if node.branch().is_empty() => true,
            None => self.children(node),
        }
    }

    fn row(&mut self, depth: usize, span: Span, value: Shown<'_>) -> bool {
        let path = &self.path;
        (self.each)(&Row {
            depth,
            path,
            span,
            value,
        })
    }

    /// All children, repeated names numbered.
    fn children(&mut self, node: &Node) -> bool {
        let mut repeats = Repeats::of(node);
        let portal = self.manner == Manner::Filemaker;
        for child in node.branch() {
            let length = self.path.len();
            let number = repeats.next(&child.name);
            if portal && child.name == crate::filemaker::ROW {
                // A portal's rows have no name of their own.
                let at = number.unwrap_or(1) - 1;
                self.path.push_str(&format!("[{at}]"));
            } else {
                self.step(&child.name);
                if let Some(number) = number {
                    let at = number - usize::from(portal);
                    self.path.push_str(&format!("[{at}]"));
                }
            }
            let on = self.node(child);
            self.path.truncate(length);
            if !on {
                return false;
            }
        }
        true
    }

    fn step(&mut self, name: &str) {
        let separator = if self.manner == Manner::Slashes {
            '/'
        } else {
            '.'
        };
        if !self.path.is_empty() {
            self.path.push(separator);
        }
        self.path.push_str(name);
    }

    /// HL7: groups and segments have rows of their own.
    fn groups(&mut self, node: &Node, depth: usize) -> bool {
        for child in node.branch() {
            let name = SegmentName::read(child.name.as_bytes()).filter(|_| child.name.len() == 3);
            let Some(name) = name else {
                self.path.clone_from(&child.name);
                if !self.row(depth, child.span, Shown::Group) || !self.groups(child, depth + 1) {
                    return false;
                }
                continue;
            };
            let sequence = self.segments.entry(name).or_insert(0);
            *sequence += 1;
            self.path = match *sequence {
                1 => name.to_string(),
                sequence => format!("{name}[{sequence}]"),
            };
            if !self.row(depth, child.span, Shown::Group) || !self.fields(child, depth + 1) {
                return false;
            }
        }
        true
    }

    fn fields(&mut self, segment: &Node, depth: usize) -> bool {
        let mut repeats = Repeats::of(segment);
        let head = self.path.clone();
        for field in segment.branch() {
            let (_, number) = field.name.split_once('-').unwrap_or_default();
            let mut start = format!("{head}-{number}");
            if let Some(at) = repeats.next(&field.name) {
                start.push_str(&format!("[{at}]"));
            }
            if !self.leaves(field, &field.name, &start, depth) {
                return false;
            }
        }
        true
    }

    /// The values of a field: a component's name begins with the field's.
    fn leaves(&mut self, node: &Node, field: &str, start: &str, depth: usize) -> bool {
        let Some(value) = shown(node) else {
            let mut children = node.branch().iter();
            return children.all(|child| self.leaves(child, field, start, depth));
        };
        let rest = node.name.strip_prefix(field).unwrap_or_default();
        self.path = format!("{start}{rest}");
        self.row(depth, node.span, value)
    }
}

fn shown(node: &Node) -> Option<Shown<'_>> {
    Some(match &node.content {
        Content::Text(text) => Shown::Text(text),
        Content::Number(text) => Shown::Number(text),
        Content::Bool(value) => Shown::Bool(*value),
        Content::Null => Shown::Null,
        Content::Branch(_) => return None,
    })
}

/// Numbers names that come more than once among siblings.
struct Repeats<'n> {
    /// How often each name comes, and how often it came.
    names: HashMap<&'n str, (usize, usize)>,
}

impl<'n> Repeats<'n> {
    fn of(node: &'n Node) -> Self {
        let mut names: HashMap<&str, (usize, usize)> = HashMap::new();
        for child in node.branch() {
            names.entry(&child.name).or_default().0 += 1;
        }
        Self { names }
    }

    /// The number of the next of this name, from 1; `None` if there is one only.
    fn next(&mut self, name: &str) -> Option<usize> {
        let (all, came) = self.names.get_mut(name)?;
        *came += 1;
        (*all > 1).then_some(*came)
    }
}
