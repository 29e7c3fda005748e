//! Sample records, made from the plan: for proving it, for demonstrations and load tools.

use renkei_model::message::Span;
use renkei_wire::{Content, Leaf, Node, Record};

use crate::map_out;
use crate::native::NativePath;
use crate::plan::{Plan, Row};

/// Whether the smallest record needs a row's field.
pub(crate) fn is_needed(plan: &Plan, row: &Row) -> bool {
    let alternatives = plan
        .at_least_one
        .iter()
        .filter_map(|alternatives| alternatives.natives.first());
    let mut needed: Vec<&NativePath> = alternatives.collect();
    let wanted = plan
        .rows
        .iter()
        .filter(|other| other.required || needed.contains(&&other.native));
    let also: Vec<&NativePath> = wanted.flat_map(|other| &other.requires).collect();
    needed.extend(also);
    row.required || needed.contains(&&row.native)
}

/// Whether an item needs a row's field to be an item at all: its anchor's first field, and what is needed.
pub(crate) fn is_bare(plan: &Plan, row: &Row) -> bool {
    let NativePath::Item { group, .. } = &row.native else {
        return true;
    };
    let of_group = |other: &&Row| {
        matches!(&other.native, NativePath::Item { group: own, .. } if own == group)
            && other.requires.is_empty()
            && other.goes_in()
            && other.goes_out()
    };
    let anchor = plan.anchor(*group);
    let at_anchor = |other: &&Row| anchor.is_none_or(|anchor| other.target.resource == anchor);
    let first = plan.rows.iter().filter(of_group).find(at_anchor);
    is_needed(plan, row) || first.is_some_and(|first| first.native == row.native)
}

/// A sample record: each row's field with a value that differs from row to row and from turn to turn.
/// `wanted` is asked for each row, and for each item of a group by its number.
pub(crate) fn sample(plan: &Plan, turn: usize, wanted: &dyn Fn(&Row, usize) -> bool) -> Record {
    let mut root = Node::of_branch("record", Vec::new());
    let (mut key, mut version) = (Leaf::new("1"), Leaf::new("0"));
    for (number, row) in plan.rows.iter().enumerate() {
        let speaks = row.goes_out()
            || !plan
                .rows
                .iter()
                .any(|other| other.goes_out() && other.native == row.native);
        let grouped = matches!(row.native, NativePath::Item { .. });
        if !row.goes_in() || !speaks || !(grouped || wanted(row, 0)) {
            continue;
        }
        let is_later = plan.ordered.iter().any(|ordered| ordered.later == number);
        let n = number + turn + if is_later { plan.rows.len() } else { 0 };
        match &row.native {
            NativePath::Key => key = Leaf::new(plain(row.convert.sample(number))),
            NativePath::Version => version = Leaf::new(plain(row.convert.sample(turn + 1))),
            NativePath::Field(steps) => map_out::put(&mut root, steps, value(plan, row, n)),
            NativePath::Item { group, steps } => {
                let Some(group) = plan.groups.get(*group) else {
                    continue;
                };
                for at in 0..2 {
                    if !wanted(row, at) {
                        continue;
                    }
                    let value = value(plan, row, n + at);
                    let Some(items) = map_out::branch_at(&mut root, &group.branch) else {
                        continue;
                    };
                    while items.len() <= at {
                        items.push(Node::of_branch(group.item.clone(), Vec::new()));
                    }
                    if let Some(item) = items.get_mut(at) {
                        map_out::put(item, steps, value);
                    }
                }
            }
        }
    }
    Record {
        index: 0,
        key,
        version,
        span: Span::default(),
        root,
    }
}

fn value(plan: &Plan, row: &Row, n: usize) -> Content {
    if let (Some(max), Content::Text(text)) = (row.max, row.convert.sample(n)) {
        return Content::Text(text.chars().take(max).collect());
    }
    if !row.split {
        return row.convert.sample(n);
    }
    let (first, second) = (
        plain(row.convert.sample(n)),
        plain(row.convert.sample(n + 1)),
    );
    let separator = plan.format.value_separator();
    if first == second {
        Content::Text(first)
    } else {
        Content::Text(format!("{first}{separator}{second}"))
    }
}

fn plain(content: Content) -> String {
    match content {
        Content::Text(text) | Content::Number(text) => text,
        Content::Bool(_) | Content::Null | Content::Branch(_) => String::new(),
    }
}
