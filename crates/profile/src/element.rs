//! Elements of FHIR JSON: finding, making and reading them along a path with selectors.

use serde_json::{Map, Value};

/// A path inside one resource.
pub(crate) type Steps = [Step];

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// The element's name.
    pub(crate) name: String,
    /// Which of its values.
    pub(crate) pick: Pick,
}

/// Which value of an element a step means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pick {
    /// The element is no list: its value.
    Whole,
    /// The first of a list (`[0]`).
    First,
    /// The one of a list that has these things in it (`[system=phone]`, `[IDE]`).
    One(Pattern),
    /// Each of a list that has these things in it, in order (`[*]`, `[item:criterion*]`).
    Each(Pattern),
}

/// What an element of a list must have in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    /// With what a new element begins.
    pub(crate) create: Value,
    /// By what an element is known; no displays, which others may word differently.
    pub(crate) known_by: Value,
}

impl Pattern {
    /// A pattern of this content.
    pub(crate) fn of(create: Value) -> Self {
        let known_by = without_displays(&create);
        Self { create, known_by }
    }

    /// The same pattern; a new element gets more than what it is known by.
    pub(crate) fn made_with(mut self, more: Map<String, Value>) -> Self {
        if let Some(create) = self.create.as_object_mut() {
            for (name, value) in more {
                create.entry(name).or_insert(value);
            }
        }
        self
    }
}

fn without_displays(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(key, _)| *key != "display" && *key != "title")
                .map(|(key, value)| (key.clone(), without_displays(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(without_displays).collect()),
        other => other.clone(),
    }
}

/// Whether everything of `part` is in `whole`. Each element of a list must be in some element.
pub(crate) fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|inner| contains(inner, value))),
        (Value::Array(whole), Value::Array(part)) => part
            .iter()
            .all(|value| whole.iter().any(|inner| contains(inner, value))),
        (whole, part) => whole == part,
    }
}

/// The value at the end of a path; `each` counts the elements of the path's `Each` step.
pub(crate) fn get<'v>(root: &'v Value, steps: &Steps, each: usize) -> Option<&'v Value> {
    steps.iter().try_fold(root, |value, step| {
        let inner = value.get(&step.name)?;
        match &step.pick {
            Pick::Whole => Some(inner),
            Pick::First => inner.get(0),
            Pick::One(pattern) => inner
                .as_array()?
                .iter()
                .find(|item| contains(item, &pattern.known_by)),
            Pick::Each(pattern) => inner
                .as_array()?
                .iter()
                .filter(|item| contains(item, &pattern.known_by))
                .nth(each),
        }
    })
}

/// How many elements the path's `Each` step has; 1 or 0 for a path without one.
pub(crate) fn count(root: &Value, steps: &Steps) -> usize {
    let Some(at) = steps
        .iter()
        .position(|step| matches!(step.pick, Pick::Each(_)))
    else {
        return usize::from(get(root, steps, 0).is_some());
    };
    let (before, rest) = steps.split_at(at);
    let (
        Some(parent),
        Some(Step {
            name,
            pick: Pick::Each(pattern),
        }),
    ) = (get(root, before, 0), rest.first())
    else {
        return 0;
    };
    let items = parent.get(name).and_then(Value::as_array);
    items.map_or(0, |items| {
        items
            .iter()
            .filter(|item| contains(item, &pattern.known_by))
            .count()
    })
}

/// Puts a value at the end of a path, making what is missing on the way, and merges `beside` into the
/// object around it. Answers with the element's concrete path: `name[1].text`; `None` when something
/// else stands in the way, which a checked plan does not do.
pub(crate) fn put(
    root: &mut Value,
    steps: &Steps,
    each: usize,
    value: Value,
    beside: Option<&Map<String, Value>>,
) -> Option<String> {
    let (last, before) = steps.split_last()?;
    let mut path = String::new();
    let mut parent = root;
    for step in before {
        parent = descend(parent, step, each, &mut path)?;
    }
    if matches!(last.pick, Pick::Whole) {
        let object = parent.as_object_mut()?;
        if object.contains_key(&last.name) {
            return None;
        }
        object.insert(last.name.clone(), value);
        push_name(&mut path, &last.name);
        merge(object, beside)?;
        return Some(path);
    }
    let slot = descend(parent, last, each, &mut path)?;
    match (slot, value) {
        (Value::Object(slot), Value::Object(value)) => {
            slot.extend(value);
            merge(slot, beside)?;
        }
        (slot, value) if *slot == Value::Object(Map::new()) => *slot = value,
        _ => return None,
    }
    Some(path)
}

fn merge(object: &mut Map<String, Value>, beside: Option<&Map<String, Value>>) -> Option<()> {
    for (key, value) in beside.into_iter().flatten() {
        match object.get(key) {
            Some(there) if there != value => return None,
            Some(_) => {}
            None => {
                object.insert(key.clone(), value.clone());
            }
        }
    }
    Some(())
}

fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Goes one step down, making what is missing.
fn descend<'v>(
    parent: &'v mut Value,
    step: &Step,
    each: usize,
    path: &mut String,
) -> Option<&'v mut Value> {
    push_name(path, &step.name);
    let object = parent.as_object_mut()?;
    let empty = if matches!(step.pick, Pick::Whole) {
        Value::Object(Map::new())
    } else {
        Value::Array(Vec::new())
    };
    let inner = object.entry(step.name.clone()).or_insert(empty);
    let (pattern, nth) = match &step.pick {
        Pick::Whole => return Some(inner),
        Pick::First => (None, 0),
        Pick::One(pattern) => (Some(pattern), 0),
        Pick::Each(pattern) => (Some(pattern), each),
    };
    let items = inner.as_array_mut()?;
    let known = |item: &Value| pattern.is_none_or(|pattern| contains(item, &pattern.known_by));
    let mut matching: Vec<usize> = (0..items.len()).filter(|at| known(&items[*at])).collect();
    while matching.len() <= nth {
        matching.push(items.len());
        items.push(pattern.map_or_else(
            || Value::Object(Map::new()),
            |pattern| pattern.create.clone(),
        ));
    }
    let at = *matching.get(nth)?;
    path.push_str(&format!("[{at}]"));
    items.get_mut(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step(name: &str, pick: Pick) -> Step {
        Step {
            name: name.to_owned(),
            pick,
        }
    }

    fn phone() -> Pick {
        Pick::One(Pattern::of(json!({"system": "phone"})))
    }

    #[test]
    fn elements_are_found_again_where_they_were_put() {
        let mut root = json!({"resourceType": "Patient"});
        let text = [step("name", Pick::First), step("text", Pick::Whole)];
        let number = [step("telecom", phone()), step("value", Pick::Whole)];
        assert_eq!(
            put(&mut root, &text, 0, json!("n"), None).as_deref(),
            Some("name[0].text")
        );
        assert_eq!(
            put(&mut root, &number, 0, json!("1"), None).as_deref(),
            Some("telecom[0].value")
        );
        assert_eq!(put(&mut root, &number, 0, json!("2"), None), None, "taken");
        assert_eq!(get(&root, &number, 0), Some(&json!("1")));
        assert_eq!(root["telecom"], json!([{"system": "phone", "value": "1"}]));
    }

    #[test]
    fn each_counts_only_what_is_alike() {
        let kind = Pick::Each(Pattern::of(
            json!({"code": {"coding": [{"code": "a", "display": "A"}]}}),
        ));
        let path = [step("component", kind), step("valueString", Pick::Whole)];
        let mut root = json!({"component": [{"code": {"coding": [{"code": "b"}]}}]});
        assert_eq!(count(&root, &path), 0);
        put(&mut root, &path, 0, json!("x"), None);
        put(&mut root, &path, 1, json!("y"), None);
        assert_eq!(count(&root, &path), 2);
        assert_eq!(get(&root, &path, 1), Some(&json!("y")));
    }

    #[test]
    fn scalars_in_lists_and_things_beside() {
        let mut root = json!({});
        let given = [step("given", Pick::First)];
        assert_eq!(
            put(&mut root, &given, 0, json!("太郎"), None).as_deref(),
            Some("given[0]")
        );
        let value = [
            step("valueQuantity", Pick::Whole),
            step("value", Pick::Whole),
        ];
        let beside = json!({"unit": "本"});
        assert!(put(&mut root, &value, 0, json!(3), beside.as_object()).is_some());
        assert_eq!(
            root,
            json!({"given": ["太郎"], "valueQuantity": {"value": 3, "unit": "本"}})
        );
    }
}
