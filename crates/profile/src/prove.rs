//! The last check of a plan: sample records go in and must come back, and what they make must be FHIR.
//!
//! Static checks find what is written wrongly; this finds what is thought wrongly: two resources that
//! a document cannot tell apart, an element that FHIR does not have, a row whose place is taken.

use std::collections::HashSet;

use renkei_wire::{Content, Leaf, Node, Record};
use serde_json::{Value, json};

use crate::mapped::Mapped;
use crate::mistake::{Mistakes, Place};
use crate::native::NativePath;
use crate::plan::{Plan, Row};
use crate::sample::{is_bare, is_needed, sample};
use crate::{map_in, map_out};

/// Proves a plan with the smallest record, full ones with different codes, and one whose groups have items
/// that say little.
pub(crate) fn prove(plan: &Plan, mistakes: &mut Mistakes) {
    let needed = |row: &Row, _: usize| is_needed(plan, row);
    let all = |_: &Row, _: usize| true;
    let bare = |row: &Row, item: usize| item > 0 || is_bare(plan, row);
    for (name, record) in [
        ("the smallest record", sample(plan, 0, &needed)),
        ("a full record", sample(plan, 0, &all)),
        ("a full record", sample(plan, 1, &all)),
        ("a full record", sample(plan, 2, &all)),
        ("a record with a bare item", sample(plan, 0, &bare)),
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
            let row = resource.lineage.iter().find(|line| {
                is_within(element, &line.element) || is_within(&line.element, element)
            });
            let own = plan
                .resources
                .iter()
                .find(|known| instance_of(&resource.key, &known.key));
            let row = row.and_then(|line| plan.rows.iter().find(|row| row.source == line.row));
            let (place, rule) = match row {
                Some(row) => (
                    row.places.fhir,
                    format!(
                        "not FHIR: {} in {} gets {}: {}",
                        fault.path,
                        resource.key,
                        row.convert.output(),
                        fault.rule
                    ),
                ),
                None => (
                    own.map_or_else(Place::default, |own| own.place),
                    format!(
                        "not FHIR: {} in {}: {}",
                        fault.path, resource.key, fault.rule
                    ),
                ),
            };
            mistakes.add(place, rule);
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
            mistakes.add(row.places.fhir, rule);
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

/// Whether an element is another or stands inside it.
fn is_within(element: &str, outer: &str) -> bool {
    let rest = element.strip_prefix(outer).filter(|_| !outer.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
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
                "{} does not come back as it went in, ambiguous inverse: the document cannot tell it from something else, or nothing refers to its resource",
                row.target.text
            );
            mistakes.add(row.places.fhir, rule);
        }
    }
}

fn has_value(plan: &Plan, row: &Row, record: &Record) -> bool {
    let filled = !values(plan, row, record).is_empty();
    filled && row.when.is_none() && row.unless.is_none() && row.only.is_none()
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
