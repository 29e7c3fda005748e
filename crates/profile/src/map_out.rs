//! FHIR → native.

use std::collections::HashMap;

use renkei_wire::{Content, Leaf, Node, Record};
use serde_json::Value;

use crate::element;
use crate::mapped::MapOutError;
use crate::native::NativePath;
use crate::plan::{Plan, Resource, Row};
use crate::template;

/// The resources of a document by their number in the plan, each with its instances in order.
type Instances<'v> = Vec<Vec<&'v Value>>;

/// Maps a document back.
pub(crate) fn map_out(plan: &Plan, bundle: &Value) -> Result<Record, MapOutError> {
    let instances = find(plan, bundle).ok_or(MapOutError::NotADocument)?;
    let mut outward = Outward {
        plan,
        root: Node::of_branch("record", Vec::new()),
        key: String::new(),
        version: String::new(),
    };
    for (number, _) in plan.groups.iter().enumerate() {
        outward.make_group(number, &instances);
    }
    for row in plan.rows.iter().filter(|row| row.goes_out()) {
        outward.write_row(row, &instances)?;
    }
    outward.restore_order();
    Ok(Record {
        index: 0,
        key: Leaf::new(outward.key),
        version: Leaf::new(outward.version),
        span: renkei_model::message::Span::default(),
        root: outward.root,
    })
}

/// Finds the plan's resources in a document by following the references that the plan lays.
///
/// Ids say nothing here: a resource is known by who refers to it, by its type and by what is fixed in it.
fn find<'v>(plan: &'v Plan, bundle: &'v Value) -> Option<Instances<'v>> {
    let mut by_url: HashMap<&str, &Value> = HashMap::new();
    let mut document = None;
    let document_type = plan.resources.get(plan.roles.document)?;
    for entry in bundle.get("entry")?.as_array()? {
        let resource = entry.get("resource")?;
        if let Some(url) = entry.get("fullUrl").and_then(Value::as_str) {
            by_url.insert(url, resource);
        }
        if document.is_none() && is_instance(document_type, resource) {
            document = Some(resource);
        }
    }
    let mut instances: Instances<'v> = vec![Vec::new(); plan.resources.len()];
    let mut waiting: Vec<(usize, &'v Value)> = vec![(plan.roles.document, document?)];
    while let Some((number, resource)) = waiting.pop() {
        let Some(slot) = instances.get_mut(number) else {
            continue;
        };
        let several = plan
            .resources
            .get(number)
            .is_some_and(|known| known.each.is_some());
        if slot.iter().any(|there| std::ptr::eq(*there, resource)) || (!several && !slot.is_empty())
        {
            continue;
        }
        slot.push(resource);
        let Some(known) = plan.resources.get(number) else {
            continue;
        };
        let mut next = Vec::new();
        template::references(&known.fixed, resource, &mut |key, reference| {
            let target = plan.resources.iter().position(|other| other.key == key);
            let referred = by_url.get(reference).copied();
            if let (Some(target), Some(referred)) = (target, referred)
                && plan
                    .resources
                    .get(target)
                    .is_some_and(|wanted| is_instance(wanted, referred))
            {
                next.push((target, referred));
            }
        });
        // The last one pushed is taken first: reversed, so that instances keep the document's order.
        waiting.extend(next.into_iter().rev());
    }
    Some(instances)
}

fn is_instance(wanted: &Resource, resource: &Value) -> bool {
    element::contains(resource, &wanted.known_by)
}

struct Outward<'p> {
    plan: &'p Plan,
    root: Node,
    key: String,
    version: String,
}

impl Outward<'_> {
    /// Makes the items of a group, as many as the document has.
    fn make_group(&mut self, number: usize, instances: &Instances<'_>) {
        let Some(group) = self.plan.groups.get(number) else {
            return;
        };
        let mut count = 0;
        for row in self.plan.rows.iter().filter(|row| row.goes_out()) {
            let Some(resources) = instances.get(row.target.resource) else {
                continue;
            };
            if matches!(&row.native, NativePath::Item { group, .. } if *group == number) {
                let several = self
                    .plan
                    .resources
                    .get(row.target.resource)
                    .is_some_and(|r| r.each.is_some());
                let here = if several {
                    resources.len()
                } else {
                    resources
                        .first()
                        .map_or(0, |resource| element::count(resource, &row.target.steps))
                };
                count = count.max(here);
            }
        }
        let items = (0..count).map(|_| Node::of_branch(group.item.clone(), Vec::new()));
        if let Some(branch) = branch_at(&mut self.root, &group.branch) {
            branch.extend(items);
        }
    }

    fn write_row(&mut self, row: &Row, instances: &Instances<'_>) -> Result<(), MapOutError> {
        let resources = instances
            .get(row.target.resource)
            .map_or(&[][..], Vec::as_slice);
        let several = self
            .plan
            .resources
            .get(row.target.resource)
            .is_some_and(|resource| resource.each.is_some());
        match &row.native {
            NativePath::Key => {
                self.key = text_of(self.content(row, resources.first().copied(), 0)?)
            }
            NativePath::Version => {
                self.version = text_of(self.content(row, resources.first().copied(), 0)?)
            }
            NativePath::Field(steps) => {
                let content = self.content(row, resources.first().copied(), 0)?;
                put(&mut self.root, steps, content);
            }
            NativePath::Item { group, steps } => {
                let Some(group) = self.plan.groups.get(*group) else {
                    return Ok(());
                };
                let count = branch_at(&mut self.root, &group.branch).map_or(0, |items| items.len());
                for at in 0..count {
                    let (resource, each) = if several {
                        (resources.get(at), 0)
                    } else {
                        (resources.first(), at)
                    };
                    let content = self.content(row, resource.copied(), each)?;
                    let items = branch_at(&mut self.root, &group.branch);
                    if let Some(item) = items.and_then(|items| items.get_mut(at)) {
                        put(item, steps, content);
                    }
                }
            }
        }
        Ok(())
    }

    /// The native value of a row; empty text when the element is absent.
    fn content(
        &self,
        row: &Row,
        resource: Option<&Value>,
        each: usize,
    ) -> Result<Content, MapOutError> {
        let steps = &row.target.steps;
        let Some(resource) = resource else {
            return Ok(Content::Text(String::new()));
        };
        if !row.split {
            return match element::get(resource, steps, each) {
                None => Ok(Content::Text(String::new())),
                Some(value) => row.convert.to_native(value).ok_or_else(|| no_inverse(row)),
            };
        }
        let mut pieces = Vec::new();
        for at in 0..element::count(resource, steps) {
            let Some(value) = element::get(resource, steps, at) else {
                continue;
            };
            match row.convert.to_native(value) {
                Some(Content::Text(text) | Content::Number(text)) => pieces.push(text),
                _ => return Err(no_inverse(row)),
            }
        }
        Ok(Content::Text(
            pieces.join(&self.plan.format.value_separator().to_string()),
        ))
    }

    /// Branches in the order in which the rows first name them: groups were made before their time.
    fn restore_order(&mut self) {
        let order: Vec<&String> = self
            .plan
            .rows
            .iter()
            .filter_map(|row| match &row.native {
                NativePath::Field(steps) => steps.first(),
                NativePath::Item { group, .. } => self.plan.groups.get(*group)?.branch.first(),
                NativePath::Key | NativePath::Version => None,
            })
            .collect();
        if let Some(branches) = self.root.branch_mut() {
            branches.sort_by_key(|branch| order.iter().position(|name| **name == branch.name));
        }
    }
}

fn no_inverse(row: &Row) -> MapOutError {
    MapOutError::NoInverse {
        element: row.target.text.clone(),
        row: row.source.clone(),
    }
}

fn text_of(content: Content) -> String {
    match content {
        Content::Text(text) | Content::Number(text) => text,
        Content::Bool(_) | Content::Null | Content::Branch(_) => String::new(),
    }
}

/// The children of the branch at a path, made where missing.
pub(crate) fn branch_at<'n>(root: &'n mut Node, path: &[String]) -> Option<&'n mut Vec<Node>> {
    let mut node = root;
    for name in path {
        let children = node.branch_mut()?;
        let at = children
            .iter()
            .position(|child| child.name == *name)
            .unwrap_or_else(|| {
                children.push(Node::of_branch(name.clone(), Vec::new()));
                children.len() - 1
            });
        node = children.get_mut(at)?;
    }
    node.branch_mut()
}

/// Puts a value at the end of a path of names.
pub(crate) fn put(root: &mut Node, steps: &[String], content: Content) {
    let Some((name, branch)) = steps.split_last() else {
        return;
    };
    if let Some(children) = branch_at(root, branch) {
        children.push(Node::new(name.clone(), content));
    }
}
