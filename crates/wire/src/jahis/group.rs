//! From lines to branches: which record belongs to which.

use std::collections::{HashMap, HashSet};

use renkei_model::message::Span;

use super::error::{JahisError, Notice, Place};
use super::layout::{Standard, item_name};
use super::line::Line;
use super::{DISPENSING, DRUG, PRESCRIBER, PRESCRIPTION, RP};
use crate::tree::{Content, Leaf, Node};

/// A branch that is being filled.
#[derive(Debug)]
struct Group {
    name: &'static str,
    /// Where it begins.
    place: Place,
    children: Vec<Child>,
    /// The records in it by their numbers.
    records: HashSet<String>,
    /// Where the newest group of a name stands, and the group of a name and a number: long messages need one
    /// look for a line.
    newest: HashMap<&'static str, usize>,
    groups: HashMap<(&'static str, u16), usize>,
}

#[derive(Debug)]
enum Child {
    Record(Node),
    Group(Group),
}

impl Group {
    fn new(name: &'static str, place: Place) -> Self {
        Self {
            name,
            place,
            children: Vec::new(),
            records: HashSet::new(),
            newest: HashMap::new(),
            groups: HashMap::new(),
        }
    }

    fn has(&self, number: &str) -> bool {
        self.records.contains(number)
    }

    fn put(&mut self, node: Node) {
        self.records.insert(node.name.clone());
        self.children.push(Child::Record(node));
    }

    fn at(&mut self, at: usize) -> Option<&mut Self> {
        match self.children.get_mut(at) {
            Some(Child::Group(group)) => Some(group),
            _ => None,
        }
    }

    fn open(&mut self, name: &'static str, number: u16, place: &Place) -> Option<&mut Self> {
        let at = self.children.len();
        self.children
            .push(Child::Group(Self::new(name, place.clone())));
        self.newest.insert(name, at);
        self.groups.insert((name, number), at);
        self.at(at)
    }

    /// The newest group of this name, or a new one.
    fn within(&mut self, name: &'static str, place: &Place) -> Option<&mut Self> {
        match self.newest.get(name).copied() {
            Some(at) => self.at(at),
            None => self.open(name, 0, place),
        }
    }

    /// The group of this name and number, or a new one.
    fn numbered(&mut self, name: &'static str, number: u16, place: &Place) -> Option<&mut Self> {
        match self.groups.get(&(name, number)).copied() {
            Some(at) => self.at(at),
            None => self.open(name, number, place),
        }
    }

    fn node(self, notices: &mut Vec<Notice>, standard: Standard) -> Node {
        self.lacks(standard, notices);
        let children: Vec<Node> = self
            .children
            .into_iter()
            .map(|child| match child {
                Child::Record(node) => node,
                Child::Group(group) => group.node(notices, standard),
            })
            .collect();
        let start = children
            .iter()
            .map(|node| node.span.start)
            .min()
            .unwrap_or(self.place.span.start);
        let end = children
            .iter()
            .map(|node| node.span.end)
            .max()
            .unwrap_or(self.place.span.end);
        Node {
            name: self.name.to_owned(),
            span: Span { start, end },
            content: Content::Branch(children),
        }
    }

    /// 201 and 301 belong together, and so do 101, 111 and 201.
    fn lacks(&self, standard: Standard, notices: &mut Vec<Notice>) {
        let needed: &[&'static str] = match (standard, self.name) {
            (Standard::Notebook, RP) => &["201", "301"],
            (Standard::Prescription, RP) => &["101", "111"],
            (Standard::Prescription, DRUG) => &["201"],
            _ => &[],
        };
        for record in needed.iter().filter(|record| !self.has(record)) {
            notices.push(Notice::Lacks {
                place: self.place.clone(),
                record,
            });
        }
    }
}

/// The branches of a message, filled line by line.
#[derive(Debug)]
pub(super) struct Groups {
    standard: Standard,
    root: Group,
    /// Whether the last dispensing goes on.
    dispensing: bool,
}

impl Groups {
    pub(super) fn new(standard: Standard) -> Self {
        let place = Place {
            line: 1,
            record: String::new(),
            item: String::new(),
            span: Span::default(),
        };
        Self {
            standard,
            root: Group::new(standard.root(), place),
            dispensing: false,
        }
    }

    pub(super) fn push_head(&mut self, node: Node) {
        self.root.put(node);
    }

    /// Puts a record where it belongs.
    pub(super) fn put(&mut self, line: &Line, node: Node) -> Result<(), JahisError> {
        match self.standard {
            Standard::Notebook => self.put_notebook(line, node),
            Standard::Prescription => self.put_prescription(line, node),
        }
    }

    pub(super) fn finish(self, span: Span, notices: &mut Vec<Notice>) -> Node {
        let mut root = self.root.node(notices, self.standard);
        root.span = span;
        root
    }

    fn put_notebook(&mut self, line: &Line, node: Node) -> Result<(), JahisError> {
        let place = line.place();
        match line.head.text.as_str() {
            "1" if self.root.has("1") => return Err(JahisError::Doubled { place }),
            "1" | "2" | "3" | "31" | "4" | "701" => {
                self.dispensing = false;
                self.root.put(node);
            }
            "5" => {
                self.dispensing = true;
                if let Some(group) = self.root.open(DISPENSING, 0, &place) {
                    group.put(node);
                }
            }
            number => {
                let standard = self.standard;
                let known = standard.layout(number).is_some();
                if !self.dispensing {
                    if known {
                        return Err(JahisError::Homeless { place, before: "5" });
                    }
                    self.root.put(node);
                    return Ok(());
                }
                let number = number.to_owned();
                let dispensing = self.root.within(DISPENSING, &place);
                if let Some(group) = dispensing
                    .and_then(|group| within_dispensing(group, &number, line, standard).transpose())
                {
                    group?.put(node);
                }
            }
        }
        Ok(())
    }

    fn put_prescription(&mut self, line: &Line, node: Node) -> Result<(), JahisError> {
        let (standard, place) = (self.standard, line.place());
        let number = line.head.text.as_str();
        let number_at = |at: usize| {
            line.number_at(at).ok_or_else(|| JahisError::NotANumber {
                place: line.item_place(standard, at),
            })
        };
        let group = match number {
            "101" | "102" | "111" | "181" => self.root.numbered(RP, number_at(0)?, &place),
            "201" | "211" | "221" | "231" | "241" | "281" => {
                let (rp, drug) = (number_at(0)?, number_at(1)?);
                let rp = self.root.numbered(RP, rp, &place);
                rp.and_then(|rp| rp.numbered(DRUG, drug, &place))
            }
            _ => Some(&mut self.root),
        };
        if let Some(group) = group {
            let once = standard
                .layout(number)
                .is_some_and(|layout| !layout.repeats);
            if once && group.has(number) {
                return Err(JahisError::Doubled { place });
            }
            group.put(node);
        }
        Ok(())
    }
}

/// The group of a dispensing that a record goes into.
fn within_dispensing<'g>(
    dispensing: &'g mut Group,
    number: &str,
    line: &Line,
    standard: Standard,
) -> Result<Option<&'g mut Group>, JahisError> {
    let place = line.place();
    Ok(match number {
        "51" => dispensing.open(PRESCRIPTION, 0, &place),
        // A second prescriber in the same institution: what follows is his.
        "55" => dispensing
            .within(PRESCRIPTION, &place)
            .and_then(|prescription| prescription.open(PRESCRIBER, 0, &place)),
        "201" | "281" | "291" | "301" | "311" | "391" => {
            let rp = line.number_at(0).ok_or_else(|| JahisError::NotANumber {
                place: line.item_place(standard, 0),
            })?;
            dispensing
                .within(PRESCRIPTION, &place)
                .and_then(|prescription| prescription.within(PRESCRIBER, &place))
                .and_then(|prescriber| prescriber.numbered(RP, rp, &place))
        }
        _ => Some(dispensing),
    })
}

/// A line as a branch of its items.
pub(super) fn record_node(standard: Standard, line: &Line) -> Node {
    let layout = standard.layout(&line.head.text);
    let items = line.items.iter().enumerate().map(|(at, item)| Node {
        name: item_name(layout, at),
        span: item.span,
        content: Content::Text(item.text.clone()),
    });
    Node {
        name: line.head.text.clone(),
        span: line.span,
        content: Content::Branch(items.collect()),
    }
}

/// A node's text as a leaf.
pub(super) fn leaf_of(node: &Node, field: &str) -> Leaf {
    Leaf {
        field: field.to_owned(),
        text: node.text().unwrap_or_default().to_owned(),
        span: node.span,
    }
}
