//! Values and fixed content → resources.

use renkei_model::lists::Sensitivity;
use renkei_model::message::Span;
use serde_json::Value;

use crate::element;
use crate::mapped::{Claim, Lineage, MappedResource};
use crate::plan::{Plan, Resource, Row, Target};
use crate::template;

/// A native value on its way into an element.
pub(crate) struct Write<'p> {
    pub(crate) row: &'p Row,
    /// Whether it is the one answer that is not sensitive.
    pub(crate) quiet: bool,
    /// Which instance of the resource.
    pub(crate) instance: usize,
    /// Which element of the path's repeated step.
    pub(crate) each: usize,
    pub(crate) value: Value,
    pub(crate) span: Span,
}

/// Makes the resources that have values or are always made.
pub(crate) fn make(plan: &Plan, writes: &[Write<'_>]) -> Vec<MappedResource> {
    let numbered = || plan.resources.iter().enumerate();
    let counts: Vec<usize> = numbered()
        .map(|(at, resource)| count(at, resource, writes))
        .collect();
    let made = |key: &str| {
        let found = numbered().find(|(_, resource)| resource.key == key);
        found.map_or_else(Vec::new, |(at, resource)| {
            let count = counts.get(at).copied().unwrap_or(0);
            (0..count)
                .map(|instance| instance_key(resource, instance))
                .collect()
        })
    };
    let mut resources = Vec::new();
    for (at, resource) in numbered() {
        for instance in 0..counts.get(at).copied().unwrap_or(0) {
            let own =
                |write: &&Write<'_>| write.row.target.resource == at && write.instance == instance;
            let own: Vec<&Write<'_>> = writes.iter().filter(own).collect();
            let mut json = template::instantiate(&resource.fixed, &made);
            template::copy_values(&mut json, &|path| copied(writes, path));
            let lineage = own
                .iter()
                .filter_map(|write| put(&mut json, write))
                .collect();
            let quiet = resource.normal_when.is_some() && own.iter().all(|write| write.quiet);
            let sensitivity = if quiet {
                Sensitivity::Normal
            } else {
                resource.sensitivity
            };
            resources.push(MappedResource {
                key: instance_key(resource, instance),
                resource_type: resource.resource_type.clone(),
                category: resource.category,
                sensitivity,
                json,
                lineage,
            });
        }
    }
    resources
}

/// How many instances of a resource the values make.
fn count(at: usize, resource: &Resource, writes: &[Write<'_>]) -> usize {
    let own = writes
        .iter()
        .filter(|write| write.row.target.resource == at);
    let last = own.map(|write| write.instance + 1).max();
    last.unwrap_or_else(|| usize::from(resource.always))
}

/// The value that a row puts at this path.
fn copied(writes: &[Write<'_>], path: &str) -> Option<Value> {
    let write = writes.iter().find(|write| write.row.target.text == path)?;
    Some(write.value.clone())
}

/// Puts a value into its resource. A loaded plan was proved: every element can be put where its row
/// says, and the prover sees it by the lineage.
fn put(json: &mut Value, write: &Write<'_>) -> Option<Lineage> {
    let (row, value) = (write.row, write.value.clone());
    let element = element::put(
        json,
        &row.target.steps,
        write.each,
        value,
        row.beside.as_ref(),
    )?;
    Some(Lineage {
        element,
        row: row.source.clone(),
        span: write.span,
    })
}

fn instance_key(resource: &Resource, instance: usize) -> String {
    match resource.each {
        Some(_) => format!("{}[{instance}]", resource.key),
        None => resource.key.clone(),
    }
}

/// The element that a role's path means, in the resources that were made.
fn value_of<'v>(
    plan: &Plan,
    resources: &'v [MappedResource],
    target: &Target,
) -> Option<&'v Value> {
    let key = instance_key(plan.resources.get(target.resource)?, 0);
    let resource = resources.iter().find(|resource| resource.key == key)?;
    element::get(&resource.json, &target.steps, 0)
}

/// The text of a role's element.
pub(crate) fn text_of(
    plan: &Plan,
    resources: &[MappedResource],
    target: &Target,
) -> Option<String> {
    value_of(plan, resources, target)?
        .as_str()
        .map(str::to_owned)
}

/// The identifiers that the resources claim.
pub(crate) fn claims(plan: &Plan, resources: &[MappedResource]) -> Vec<Claim> {
    let claim = |(rank, target): &(u8, Target)| {
        let identifier = value_of(plan, resources, target)?;
        let text = |name: &str| identifier.get(name)?.as_str().map(str::to_owned);
        Some(Claim {
            system: text("system")?,
            value: text("value")?,
            rank: *rank,
        })
    };
    plan.roles.identifiers.iter().filter_map(claim).collect()
}
