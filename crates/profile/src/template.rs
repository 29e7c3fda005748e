//! What is the same in every resource of a kind: fixed JSON with references to the message's other
//! resources (`key:patient`) and values copied from elements that rows filled (`copy:composition.date`).

use serde_json::{Map, Value};

/// In front of the key that a reference names.
pub(crate) const KEY: &str = "key:";
/// In front of the element that a value is copied from.
pub(crate) const COPY: &str = "copy:";

/// The key that an object refers to, if it is such a reference.
pub(crate) fn reference_key(value: &Value) -> Option<&str> {
    value.get("reference")?.as_str()?.strip_prefix(KEY)
}

/// All keys and copies of a template, for checking.
pub(crate) fn mentions<'v>(value: &'v Value, keys: &mut Vec<&'v str>, copies: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => map.values().for_each(|inner| mentions(inner, keys, copies)),
        Value::Array(items) => items.iter().for_each(|inner| mentions(inner, keys, copies)),
        Value::String(text) => {
            if let Some(key) = text.strip_prefix(KEY) {
                keys.push(key);
            } else if let Some(path) = text.strip_prefix(COPY) {
                copies.push(path);
            }
        }
        _ => {}
    }
}

/// Makes the template real: references to resources that are not made disappear, references to
/// resources that are made several times multiply. `made(key)` names the instances of a key.
///
/// An element of a list that held references and has lost them all disappears too: a section without
/// entries says nothing.
pub(crate) fn instantiate(template: &Value, made: &dyn Fn(&str) -> Vec<String>) -> Value {
    match template {
        Value::Object(map) => {
            let inner = map.iter().filter_map(|(key, value)| {
                if let Some(wanted) = reference_key(value) {
                    return made(wanted)
                        .first()
                        .map(|instance| (key.clone(), refer(value, instance)));
                }
                let value = instantiate(value, made);
                (!is_hollow(&value)).then(|| (key.clone(), value))
            });
            Value::Object(inner.collect())
        }
        Value::Array(items) => Value::Array(
            items
                .iter()
                .flat_map(|item| instantiate_item(item, made))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn instantiate_item(item: &Value, made: &dyn Fn(&str) -> Vec<String>) -> Vec<Value> {
    if let Some(wanted) = reference_key(item) {
        return made(wanted)
            .iter()
            .map(|instance| refer(item, instance))
            .collect();
    }
    // `{role, member: {reference}}`: as many elements as there are members.
    if let Some((key, instances)) = several(item, made) {
        return instances
            .iter()
            .flat_map(|instance| {
                let one = |wanted: &str| match wanted == key {
                    true => vec![instance.clone()],
                    false => made(wanted),
                };
                instantiate_item(item, &one)
            })
            .collect();
    }
    let value = instantiate(item, made);
    if is_hollow(&value) || (has_reference(item) && !has_reference(&value)) {
        Vec::new()
    } else {
        vec![value]
    }
}

/// The first key made several times to which an element refers outside of its own lists.
fn several<'v>(
    value: &'v Value,
    made: &dyn Fn(&str) -> Vec<String>,
) -> Option<(&'v str, Vec<String>)> {
    if let Some(key) = reference_key(value) {
        let instances = made(key);
        return (instances.len() > 1).then_some((key, instances));
    }
    let members = value.as_object()?;
    members.values().find_map(|inner| several(inner, made))
}

fn refer(reference: &Value, instance: &str) -> Value {
    let mut reference = reference.clone();
    if let Some(object) = reference.as_object_mut() {
        object.insert(
            "reference".to_owned(),
            Value::String(format!("{KEY}{instance}")),
        );
    }
    reference
}

fn has_reference(value: &Value) -> bool {
    let mut keys = Vec::new();
    mentions(value, &mut keys, &mut Vec::new());
    !keys.is_empty()
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Replaces `copy:` values; what has nothing to copy disappears, and what is hollow after that.
pub(crate) fn copy_values(value: &mut Value, source: &dyn Fn(&str) -> Option<Value>) {
    match value {
        Value::Object(map) => {
            let entries = std::mem::take(map);
            *map = entries
                .into_iter()
                .filter_map(|(key, inner)| Some((key, copied(inner, source)?)))
                .collect();
        }
        Value::Array(items) => {
            let inner = std::mem::take(items);
            *items = inner
                .into_iter()
                .filter_map(|item| copied(item, source))
                .collect();
        }
        _ => {}
    }
}

fn copied(mut value: Value, source: &dyn Fn(&str) -> Option<Value>) -> Option<Value> {
    if let Some(path) = value.as_str().and_then(|text| text.strip_prefix(COPY)) {
        return source(path);
    }
    copy_values(&mut value, source);
    (!is_hollow(&value)).then_some(value)
}

/// The template without what differs from message to message: by this a resource is known.
pub(crate) fn known_by(template: &Value) -> Value {
    strip(template).unwrap_or_else(|| Value::Object(Map::new()))
}

fn strip(value: &Value) -> Option<Value> {
    let stripped = match value {
        Value::Object(_) if reference_key(value).is_some() => return None,
        Value::Object(map) => {
            let told = |key: &&String| !matches!(key.as_str(), "display" | "title" | "meta");
            let inner = map.iter().filter(|(key, _)| told(key));
            Value::Object(
                inner
                    .filter_map(|(key, value)| Some((key.clone(), strip(value)?)))
                    .collect(),
            )
        }
        Value::Array(items) => {
            // An element that exists for its references may be missing in a given document.
            let steady = items.iter().filter(|item| !has_reference(item));
            Value::Array(steady.filter_map(strip).collect())
        }
        Value::String(text) if text.starts_with(COPY) => return None,
        other => return Some(other.clone()),
    };
    (!is_hollow(&stripped)).then_some(stripped)
}

/// Walks a template and a real resource side by side and tells every reference: `hit(key, reference)`.
pub(crate) fn references<'v>(
    template: &'v Value,
    real: &'v Value,
    hit: &mut dyn FnMut(&'v str, &'v str),
) {
    if let Some(key) = reference_key(template) {
        if let Some(reference) = real.get("reference").and_then(Value::as_str) {
            hit(key, reference);
        }
        return;
    }
    match (template, real) {
        (Value::Object(template), Value::Object(real)) => {
            for (name, inner) in template {
                if let Some(value) = real.get(name) {
                    references(inner, value, hit);
                }
            }
        }
        (Value::Array(template), Value::Array(real)) => {
            for inner in template.iter().filter(|inner| has_reference(inner)) {
                let known = strip(inner);
                let alike = |item: &&Value| {
                    known
                        .as_ref()
                        .is_none_or(|known| crate::element::contains(item, known))
                };
                real.iter()
                    .filter(alike)
                    .for_each(|item| references(inner, item, hit));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template() -> Value {
        json!({
            "status": "final",
            "subject": {"reference": "key:patient"},
            "date": "copy:a.b",
            "period": {"start": "copy:a.c"},
            "section": [
                {"title": "T", "code": "s1", "entry": [{"reference": "key:contact"}, {"reference": "key:x"}]},
                {"title": "U", "code": "s2", "entry": [{"reference": "key:x"}]}
            ]
        })
    }

    fn made(key: &str) -> Vec<String> {
        match key {
            "patient" => vec!["patient".to_owned()],
            "contact" => vec!["contact[0]".to_owned(), "contact[1]".to_owned()],
            _ => Vec::new(),
        }
    }

    #[test]
    fn references_follow_what_is_made() {
        let mut real = instantiate(&template(), &made);
        copy_values(&mut real, &|path| (path == "a.b").then(|| json!("2026")));
        let expected = json!({
            "status": "final",
            "subject": {"reference": "key:patient"},
            "date": "2026",
            "section": [{"title": "T", "code": "s1",
                "entry": [{"reference": "key:contact[0]"}, {"reference": "key:contact[1]"}]}]
        });
        assert_eq!(real, expected);
    }

    #[test]
    fn an_element_of_a_list_multiplies_with_what_it_refers_to() {
        let team = json!({"participant": [
            {"role": "r", "member": {"reference": "key:contact"}, "for": {"reference": "key:patient"}},
            {"role": "s", "member": {"reference": "key:x"}}
        ]});
        let member = |n: usize| {
            json!({"role": "r", "member": {"reference": format!("key:contact[{n}]")},
                "for": {"reference": "key:patient"}})
        };
        let expected = json!({"participant": [member(0), member(1)]});
        assert_eq!(instantiate(&team, &made), expected);
    }

    #[test]
    fn the_way_back_finds_them_again() {
        let real = instantiate(&template(), &made);
        let mut hits = Vec::new();
        let own = template();
        references(&own, &real, &mut |key, reference| {
            hits.push((key.to_owned(), reference.to_owned()))
        });
        // Elements of one list cannot be told apart here; the resources they point to can.
        assert!(hits.contains(&("patient".to_owned(), "key:patient".to_owned())));
        assert!(hits.contains(&("contact".to_owned(), "key:contact[1]".to_owned())));
        assert_eq!(known_by(&own), json!({"status": "final"}));
    }
}
