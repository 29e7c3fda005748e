//! Native fields that the plan does not know: kept in the original, named in the answer.

use std::collections::HashMap;

use renkei_model::message::{Fault, FaultKind};
use renkei_wire::{Node, Record};

use crate::map_in::is_blank;
use crate::native::{Group, NativePath};
use crate::plan::Plan;

/// Unknown fields that are kept and named; a record with more is not of this form.
const MAX: usize = 200;

/// A fault if there are more unknown fields than a sender's new version could bring.
pub(crate) fn too_many(unknown: &[String], record: &Record) -> Option<Fault> {
    let first = unknown.first().filter(|_| unknown.len() > MAX)?;
    Some(Fault {
        field: first.clone(),
        rule: format!("未定義の項目が{MAX}を超えています / more than {MAX} unknown fields"),
        span: Some(record.span),
        kind: FaultKind::TooMuch,
    })
}

/// The unknown fields that hold something, each in the sender's terms.
pub(crate) fn fields(plan: &Plan, record: &Record) -> Vec<String> {
    let mut known: Vec<&[String]> = Vec::new();
    for native in natives(plan) {
        if let NativePath::Field(steps) = native {
            known.push(steps);
        }
    }
    let mut search = Search {
        plan,
        record,
        known,
        found: Vec::new(),
    };
    search.branch(&record.root, &mut Vec::new());
    search.found
}

fn natives(plan: &Plan) -> impl Iterator<Item = &NativePath> {
    plan.rows
        .iter()
        .map(|row| &row.native)
        .chain(plan.unmapped.iter().map(|unmapped| &unmapped.native))
}

struct Search<'p> {
    plan: &'p Plan,
    record: &'p Record,
    known: Vec<&'p [String]>,
    found: Vec<String>,
}

impl Search<'_> {
    fn branch(&mut self, node: &Node, path: &mut Vec<String>) {
        let mut met: HashMap<&str, usize> = HashMap::new();
        for child in node.branch().iter().filter(|child| !is_blank(child)) {
            path.push(child.name.clone());
            if !self.is_item(path) {
                let turn = met.entry(&child.name).or_insert(0);
                *turn += 1;
                if *turn == 1 {
                    self.child(child, path);
                } else if self.is_read(path) {
                    self.again(*turn, path);
                }
            }
            path.pop();
        }
    }

    fn child(&mut self, child: &Node, path: &mut Vec<String>) {
        let plan = self.plan;
        let groups = plan.groups.iter().enumerate();
        for (number, group) in groups.filter(|(_, group)| group.branch == *path) {
            self.group(number, group, child);
        }
        if self.known.contains(&path.as_slice()) {
            // A row or a reason speaks for it.
        } else if self.is_read(path) && !child.branch().is_empty() {
            self.branch(child, path);
        } else {
            self.found.push(self.plan.format.field(self.record, path));
        }
    }

    /// Whether it is an item of a group, which tells of itself.
    fn is_item(&self, path: &[String]) -> bool {
        let of = |group: &Group| {
            path.split_last()
                .is_some_and(|(name, branch)| group.branch == branch && group.item == *name)
        };
        self.plan.groups.iter().any(of)
    }

    /// Whether the plan reads it, or something in it.
    fn is_read(&self, path: &[String]) -> bool {
        let mut groups = self.plan.groups.iter();
        self.known.iter().any(|known| known.starts_with(path))
            || groups.any(|group| group.branch.starts_with(path))
    }

    /// What the plan reads once stands here once more: the first was read.
    fn again(&mut self, turn: usize, path: &[String]) {
        let mut path = path.to_vec();
        if let Some(name) = path.last_mut() {
            name.push_str(&format!("[{turn}]"));
        }
        self.found.push(self.plan.format.field(self.record, &path));
    }

    fn group(&mut self, number: usize, group: &Group, branch: &Node) {
        let known = |name: &str| {
            natives(self.plan).any(|native| {
                matches!(native, NativePath::Item { group, steps } if *group == number && steps.first().is_some_and(|step| step == name))
            })
        };
        for (at, item) in branch.children(&group.item).enumerate() {
            for leaf in item.branch().iter().filter(|leaf| !is_blank(leaf)) {
                if !known(&leaf.name) {
                    let steps = std::slice::from_ref(&leaf.name);
                    self.found.push(self.plan.format.item_field(
                        self.record,
                        &group.branch,
                        at,
                        steps,
                    ));
                }
            }
        }
    }
}
