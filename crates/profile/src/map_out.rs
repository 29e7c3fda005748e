//! FHIR → native.

use renkei_wire::{Content, Leaf, Node, Record};
use serde_json::Value;

use crate::element;
use crate::find::{Instances, find};
use crate::mapped::MapOutError;
use crate::native::{Group, NativePath};
use crate::plan::{Plan, Row};

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
                let here = match self.plan.each_of(row.target.resource) {
                    Some(_) => resources.len(),
                    None => first(resources)
                        .map_or(0, |resource| element::count(resource, &row.target.steps)),
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
        let several = self.plan.each_of(row.target.resource).is_some();
        match &row.native {
            NativePath::Key => self.key = text_of(self.content(row, first(resources), 0)?),
            NativePath::Version => {
                self.version = text_of(self.content(row, first(resources), 0)?)
            }
            NativePath::Field(steps) => {
                let content = self.content(row, first(resources), 0)?;
                put(&mut self.root, steps, content);
            }
            NativePath::Item { group, steps } => {
                let Some(group) = self.plan.groups.get(*group) else {
                    return Ok(());
                };
                let count = items_of(&mut self.root, group).count();
                for at in 0..count {
                    let (resource, each) = if several {
                        (resources.get(at).copied().flatten(), 0)
                    } else {
                        (first(resources), at)
                    };
                    let content = self.content(row, resource, each)?;
                    if let Some(item) = items_of(&mut self.root, group).nth(at) {
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
                NativePath::Item { group, .. } => {
                    let group = self.plan.groups.get(*group)?;
                    Some(group.branch.first().unwrap_or(&group.item))
                }
                NativePath::Key | NativePath::Version => None,
            })
            .collect();
        if let Some(branches) = self.root.branch_mut() {
            branches.sort_by_key(|branch| order.iter().position(|name| **name == branch.name));
        }
    }
}

fn first<'v>(resources: &[Option<&'v Value>]) -> Option<&'v Value> {
    resources.first().copied().flatten()
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

/// The items of a group: other things may stand beside them in their branch.
fn items_of<'n>(root: &'n mut Node, group: &Group) -> impl Iterator<Item = &'n mut Node> {
    let items = branch_at(root, &group.branch).into_iter().flatten();
    items.filter(|item| item.name == group.item)
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
