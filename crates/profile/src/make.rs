//! Values and fixed content → resources.

use std::collections::BTreeSet;

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

/// Which instances of each resource are made: 0 for a single one, the number of the item for one that is
/// made for each item of a group.
struct Instances<'p> {
    plan: &'p Plan,
    made: Vec<BTreeSet<usize>>,
}

impl<'p> Instances<'p> {
    fn of(plan: &'p Plan, writes: &[Write<'_>]) -> Self {
        let mut made = vec![BTreeSet::new(); plan.resources.len()];
        let mut items = vec![0; plan.groups.len()];
        for write in writes {
            let resource = write.row.target.resource;
            if let Some(instances) = made.get_mut(resource) {
                instances.insert(write.instance);
            }
            if let Some(count) = plan
                .each_of(resource)
                .and_then(|group| items.get_mut(group))
            {
                *count = (*count).max(write.instance + 1);
            }
        }
        for (at, (resource, instances)) in plan.resources.iter().zip(&mut made).enumerate() {
            match resource.each {
                None if resource.always => {
                    instances.insert(0);
                }
                // The items are counted by the group's first resource.
                Some(group) if resource.always || plan.anchor(group) == Some(at) => {
                    instances.extend(0..items.get(group).copied().unwrap_or(0));
                }
                _ => {}
            }
        }
        Self { plan, made }
    }

    /// The instances of a key that a resource refers to: of its own group, the same item's only.
    fn referred(&self, key: &str, from: &Resource, instance: usize) -> Vec<String> {
        let mut numbered = self.plan.resources.iter().zip(&self.made);
        let Some((to, made)) = numbered.find(|(resource, _)| resource.key == key) else {
            return Vec::new();
        };
        let pairs = to.each.is_some() && to.each == from.each;
        made.iter()
            .filter(|number| !pairs || **number == instance)
            .map(|number| instance_key(to, *number))
            .collect()
    }
}

/// Makes the resources that have values or are always made.
pub(crate) fn make(plan: &Plan, writes: &[Write<'_>]) -> Vec<MappedResource> {
    let instances = Instances::of(plan, writes);
    let mut resources = Vec::new();
    for (at, (resource, made)) in plan.resources.iter().zip(&instances.made).enumerate() {
        for instance in made.iter().copied() {
            let own =
                |write: &&Write<'_>| write.row.target.resource == at && write.instance == instance;
            let own: Vec<&Write<'_>> = writes.iter().filter(own).collect();
            let referred = |key: &str| instances.referred(key, resource, instance);
            let mut json = template::instantiate(&resource.fixed, &referred);
            let of_item = |write: &&Write<'_>| {
                let group = plan.each_of(write.row.target.resource);
                group.is_none() || (group == resource.each && write.instance == instance)
            };
            template::copy_values(&mut json, &|path| {
                let mut known = writes.iter().filter(of_item);
                let write = known.find(|write| write.row.target.text == path)?;
                Some(write.value.clone())
            });
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
