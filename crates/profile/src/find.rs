//! Finding the plan's resources in a document, by following the references that the plan lays.
//!
//! Ids say nothing here: a resource is known by who refers to it, by its type and by what is fixed in it.
//! The resources of one item of a group are found by the references between them.

use std::collections::HashMap;
use std::ptr;

use serde_json::Value;

use crate::element;
use crate::plan::{Plan, Resource};
use crate::template;

/// The resources of a document by their number in the plan. Each has its instances by the number of the
/// item, in the document's order; an item may lack a resource that its group makes only sometimes.
pub(crate) type Instances<'v> = Vec<Vec<Option<&'v Value>>>;

/// A resource of the plan that stands in the document: its number and its JSON.
type Met<'v> = (usize, &'v Value);

/// Finds them. `None` when it is no such document.
pub(crate) fn find<'v>(plan: &'v Plan, bundle: &'v Value) -> Option<Instances<'v>> {
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
    let mut search = Search {
        plan,
        by_url,
        met: vec![Vec::new(); plan.resources.len()],
        links: Vec::new(),
    };
    search.walk((plan.roles.document, document?));
    Some(search.aligned())
}

fn is_instance(wanted: &Resource, resource: &Value) -> bool {
    element::contains(resource, &wanted.known_by)
}

struct Search<'v> {
    plan: &'v Plan,
    by_url: HashMap<&'v str, &'v Value>,
    /// What was met of each resource of the plan, in the order of the references.
    met: Vec<Vec<&'v Value>>,
    /// References between resources of one group.
    links: Vec<(Met<'v>, Met<'v>)>,
}

impl<'v> Search<'v> {
    fn walk(&mut self, document: Met<'v>) {
        let mut waiting = vec![document];
        while let Some((number, resource)) = waiting.pop() {
            let several = self.plan.each_of(number).is_some();
            let (Some(slot), Some(known)) =
                (self.met.get_mut(number), self.plan.resources.get(number))
            else {
                continue;
            };
            let again = slot.iter().any(|there| ptr::eq(*there, resource));
            if again || (!several && !slot.is_empty()) {
                continue;
            }
            slot.push(resource);
            let next = self.referred(known, resource);
            for (target, referred) in &next {
                if several && self.plan.each_of(*target) == known.each {
                    self.links.push(((number, resource), (*target, referred)));
                }
            }
            // The last one pushed is taken first: reversed, so that instances keep the document's order.
            waiting.extend(next.into_iter().rev());
        }
    }

    /// The plan's resources that a resource refers to.
    fn referred(&self, known: &'v Resource, resource: &'v Value) -> Vec<Met<'v>> {
        let plan = self.plan;
        let mut next = Vec::new();
        template::references(&known.fixed, resource, &mut |key, reference| {
            let target = plan.resources.iter().position(|other| other.key == key);
            let referred = self.by_url.get(reference).copied();
            if let (Some(target), Some(referred)) = (target, referred)
                && let Some(wanted) = plan.resources.get(target)
                && is_instance(wanted, referred)
            {
                next.push((target, referred));
            }
        });
        next
    }

    /// The instances by the number of their item: a group's first resource gives the numbers, the others
    /// get them along the links.
    fn aligned(self) -> Instances<'v> {
        let mut instances: Instances<'v> = Vec::with_capacity(self.met.len());
        for (number, met) in self.met.iter().enumerate() {
            let counted = match self.plan.each_of(number) {
                Some(group) if self.plan.anchor(group) != Some(number) => Vec::new(),
                _ => met.iter().copied().map(Some).collect(),
            };
            instances.push(counted);
        }
        // As often as a chain of links can be long.
        for _ in 0..self.plan.resources.len() {
            let mut found = false;
            for (one, other) in &self.links {
                found |= pair(&mut instances, *one, *other) || pair(&mut instances, *other, *one);
            }
            if !found {
                break;
            }
        }
        instances
    }
}

/// Gives `to` the item's number of `from`. `false` when that says nothing new.
fn pair<'v>(instances: &mut Instances<'v>, from: Met<'v>, to: Met<'v>) -> bool {
    let is = |there: &Option<&Value>, one: &Value| there.is_some_and(|there| ptr::eq(there, one));
    let item = instances
        .get(from.0)
        .and_then(|slot| slot.iter().position(|there| is(there, from.1)));
    let (Some(item), Some(slot)) = (item, instances.get_mut(to.0)) else {
        return false;
    };
    if slot.iter().any(|there| is(there, to.1)) {
        return false;
    }
    if slot.len() <= item {
        slot.resize(item + 1, None);
    }
    match slot.get_mut(item) {
        Some(free) if free.is_none() => {
            *free = Some(to.1);
            true
        }
        _ => false,
    }
}
