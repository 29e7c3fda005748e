//! Native fields that the plan does not know: kept in the original, named in the answer.

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
        for child in node.branch().iter().filter(|child| !is_blank(child)) {
            path.push(child.name.clone());
            let group = self
                .plan
                .groups
                .iter()
                .position(|group| group.branch == *path);
            let deeper = self
                .known
                .iter()
                .any(|known| known.len() > path.len() && known.starts_with(path))
                || self
                    .plan
                    .groups
                    .iter()
                    .any(|group| group.branch.starts_with(path));
            if let Some((number, group)) =
                group.and_then(|at| Some((at, self.plan.groups.get(at)?)))
            {
                self.group(number, group, child);
            } else if self.known.contains(&path.as_slice()) {
                // A row or a reason speaks for it.
            } else if deeper && !child.branch().is_empty() {
                self.branch(child, path);
            } else {
                self.found.push(self.plan.format.field(self.record, path));
            }
            path.pop();
        }
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
