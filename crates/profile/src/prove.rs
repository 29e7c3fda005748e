//! The last check of a plan: sample records go in and must come back, and what they make must be FHIR.
//!
//! Static checks find what is written wrongly; this finds what is thought wrongly: two resources that
//! a document cannot tell apart, an element that FHIR does not have, a row whose place is taken.

use std::collections::HashSet;

use renkei_model::message::Span;
use renkei_wire::{Content, Leaf, Node, Record};
use serde_json::{Value, json};

use crate::mapped::Mapped;
use crate::mistake::{Mistakes, Place};
use crate::native::NativePath;
use crate::plan::{Plan, Row};
use crate::{map_in, map_out};

/// Proves a plan with a full record, one with what is required only, and full ones with other codes.
pub(crate) fn prove(plan: &Plan, mistakes: &mut Mistakes) {
    let required = |row: &Row| is_needed(plan, row);
    for (name, record) in [
        ("the smallest record", sample(plan, 0, &required)),
        ("a full record", sample(plan, 0, &|_| true)),
        ("a full record", sample(plan, 1, &|_| true)),
        ("a full record", sample(plan, 2, &|_| true)),
    ] {
        if !mistakes.is_empty() {
            return;
        }
        match map_in::map_in(plan, &record) {
            Ok(mapped) => judge(plan, &record, &mapped, mistakes),
            Err(faults) => {
                for fault in faults {
                    let rule = format!("{name} is not taken: {}: {}", fault.field, fault.rule);
                    mistakes.add(Place::default(), rule);
                }
            }
        }
    }
}

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

fn judge(plan: &Plan, record: &Record, mapped: &Mapped, mistakes: &mut Mistakes) {
    for resource in &mapped.resources {
        for fault in renkei_fhir::check::check(&resource.json)
            .err()
            .unwrap_or_default()
        {
            let element = fault
                .path
                .split_once('.')
                .map_or("", |(_, element)| element);
            let row = resource
                .lineage
                .iter()
                .find(|line| !element.is_empty() && line.element.starts_with(element));
            let own = plan
                .resources
                .iter()
                .find(|known| instance_of(&resource.key, &known.key));
            let line = row.and_then(|line| line.row.rsplit_once(':')?.1.parse().ok());
            let line = line.or_else(|| own.map(|own| own.line)).unwrap_or(0);
            let rule = format!(
                "not FHIR: {} in {}: {}",
                fault.path, resource.key, fault.rule
            );
            mistakes.add(Place { line, column: 0 }, rule);
        }
    }
    let placed: HashSet<&str> = mapped
        .resources
        .iter()
        .flat_map(|resource| &resource.lineage)
        .map(|line| line.row.as_str())
        .collect();
    for row in plan.rows.iter().filter(|row| row.goes_in()) {
        if has_value(plan, row, record) && !placed.contains(row.source.as_str()) {
            let rule = format!(
                "{} cannot be filled: something else stands there",
                row.target.text
            );
            mistakes.add(
                Place {
                    line: row.line,
                    column: 0,
                },
                rule,
            );
        }
    }
    match map_out::map_out(plan, &bundle(mapped)) {
        Err(error) => mistakes.add(
            Place::default(),
            format!("a sample does not come back: {error}"),
        ),
        Ok(back) => compare(plan, record, &back, mistakes),
    }
}

fn instance_of(instance: &str, key: &str) -> bool {
    instance == key
        || instance
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with('['))
}

/// The resources as a document whose URLs are the keys: no ids are needed to find the way back.
pub(crate) fn bundle(mapped: &Mapped) -> Value {
    let entries: Vec<Value> = mapped
        .resources
        .iter()
        .map(|resource| json!({"fullUrl": format!("key:{}", resource.key), "resource": resource.json}))
        .collect();
    json!({"resourceType": "Bundle", "type": "document", "entry": entries})
}

fn compare(plan: &Plan, record: &Record, back: &Record, mistakes: &mut Mistakes) {
    for row in plan
        .rows
        .iter()
        .filter(|row| row.goes_in() && row.goes_out())
    {
        if values(plan, row, record) != values(plan, row, back) {
            let rule = format!(
                "{} does not come back as it went in: the document cannot tell it from something else, or nothing refers to its resource",
                row.target.text
            );
            mistakes.add(
                Place {
                    line: row.line,
                    column: 0,
                },
                rule,
            );
        }
    }
}

fn has_value(plan: &Plan, row: &Row, record: &Record) -> bool {
    let filled = !values(plan, row, record).is_empty();
    filled && row.when.is_none()
}

/// All values of a row's field that say something.
fn values(plan: &Plan, row: &Row, record: &Record) -> Vec<Content> {
    let leaf = |leaf: &Leaf| vec![Content::Text(leaf.text.clone())];
    match &row.native {
        NativePath::Key => leaf(&record.key),
        NativePath::Version => leaf(&record.version),
        NativePath::Field(steps) => {
            contents(crate::native::node_at(&record.root, steps).into_iter())
        }
        NativePath::Item { group, steps } => {
            let items = plan
                .groups
                .get(*group)
                .map_or_else(Vec::new, |group| group.items(&record.root));
            contents(
                items
                    .into_iter()
                    .filter_map(|item| crate::native::node_at(item, steps)),
            )
        }
    }
}

fn contents<'n>(nodes: impl Iterator<Item = &'n Node>) -> Vec<Content> {
    nodes
        .filter(|node| !map_in::is_blank(node))
        .map(|node| node.content.clone())
        .collect()
}

/// A sample record: each row's field with a value that differs from row to row and from turn to turn.
pub(crate) fn sample(plan: &Plan, turn: usize, wanted: &dyn Fn(&Row) -> bool) -> Record {
    let mut root = Node::of_branch("record", Vec::new());
    let (mut key, mut version) = (Leaf::new("1"), Leaf::new("0"));
    for (number, row) in plan.rows.iter().enumerate() {
        let speaks = row.goes_out()
            || !plan
                .rows
                .iter()
                .any(|other| other.goes_out() && other.native == row.native);
        if !row.goes_in() || !speaks || !wanted(row) {
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
                    let value = value(plan, row, n + at);
                    let Some(items) = map_out::branch_at(&mut root, &group.branch) else {
                        continue;
                    };
                    if items.len() <= at {
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
