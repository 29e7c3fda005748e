//! Whether a resource has the structure that FHIR R4 gives it.
//!
//! fhir-sdk reads a copy and writes it again; what it lost on the way is not FHIR. The copy is then
//! thrown away: typed values turn `1` into `1.0` and shorten time stamps, and that text is not ours
//! to change. R4B's types serve for R4: both agree on every resource that we use. Bindings, slices
//! and invariants are the validator's, in tests.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Number, Value};

/// What is wrong with one element. Names elements and types only, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructureFault {
    /// The element: `Patient.name[0].given`.
    pub path: String,
    /// The rule, in Japanese and English.
    pub rule: String,
}

/// Faults that are reported at most.
const FAULTS_MAX: usize = 100;

/// Looking for the element that fhir-sdk stumbles over reads the resource again and again:
/// at most this many nodes in all, and at most this many times.
const SEARCHED_NODES: usize = 400_000;
const SEARCHES: usize = 200;

/// Names of serde's expectations longer than this are lists of codes; nobody reads them.
const EXPECTATION_CHARS: usize = 60;

const EMPTY: &str = "空の要素は書けません / an element is never empty: leave it out";
const NULL: &str = "nullは書けません / null stands only beside a primitive extension";
const NOT_KEPT: &str = "定義されていない要素、型違い、または同じ[x]の2つ目です / \
                        not an element here, of another type, or a second one of a choice";

/// Checks the structure of a resource.
///
/// # Errors
/// Each element that does not belong, is empty, or is of the wrong type. When a type is wrong, that
/// is the only fault: what lies behind it cannot be seen.
pub fn check(resource: &Value) -> Result<(), Vec<StructureFault>> {
    let mut faults = Vec::new();
    let root = type_name(resource).unwrap_or("resource");
    if type_name(resource).is_none() {
        let rule = "resourceTypeが必要です / must be an object with a resourceType";
        add(&mut faults, root, rule);
        return Err(faults);
    }
    let place = Place::Root(root);
    look_for_emptiness(resource, &place, &mut faults);
    let Some(copy) = plain_numbers(resource) else {
        add(
            &mut faults,
            root,
            "数値が大きすぎます / a number is out of range",
        );
        return Err(faults);
    };
    if faults.is_empty() {
        match round_trip(&copy) {
            Ok(kept) => compare(&copy, &kept, &place, &mut faults),
            Err(message) => faults.push(locate(copy.into_owned(), root, &message)),
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// The one place where fhir-sdk is used: JSON to its types and back. The error is serde's message,
/// which may quote a value and must not leave this module.
fn round_trip(resource: &Value) -> Result<Value, String> {
    use serde::Deserialize as _;
    let typed = fhir_sdk::r4b::resources::Resource::deserialize(resource);
    let typed = typed.map_err(|error| error.to_string())?;
    serde_json::to_value(&typed).map_err(|error| error.to_string())
}

fn type_name(resource: &Value) -> Option<&str> {
    resource.get("resourceType")?.as_str()
}

/// Where an element stands. It is written out only for a fault: most resources have none.
enum Place<'p> {
    Root(&'p str),
    Member(&'p Self, &'p str),
    Nth(&'p Self, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Nth(parent, nth) => write!(f, "{parent}[{nth}]"),
        }
    }
}

fn add(faults: &mut Vec<StructureFault>, path: impl fmt::Display, rule: &str) {
    if faults.len() < FAULTS_MAX {
        faults.push(StructureFault {
            path: path.to_string(),
            rule: rule.to_owned(),
        });
    }
}

/// FHIR's JSON has no empty arrays, objects or strings, and null only where a list of primitives has
/// a list of extensions beside it. fhir-sdk drops all of them without a word.
fn look_for_emptiness(value: &Value, place: &Place<'_>, faults: &mut Vec<StructureFault>) {
    match value {
        Value::Object(members) if members.is_empty() => add(faults, place, EMPTY),
        Value::Object(members) => {
            for (name, inner) in members {
                let place = Place::Member(place, name);
                match inner {
                    Value::Array(values) => {
                        look_in_list(values, &place, has_companion(members, name), faults);
                    }
                    _ => look_for_emptiness(inner, &place, faults),
                }
            }
        }
        Value::Array(values) => look_in_list(values, place, false, faults),
        Value::String(text) if text.is_empty() => add(faults, place, EMPTY),
        Value::Null => add(faults, place, NULL),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn has_companion(members: &Map<String, Value>, name: &str) -> bool {
    match name.strip_prefix('_') {
        // The extensions' own list may have nulls also when no primitive has a value.
        Some(_) => true,
        None => members
            .get(&format!("_{name}"))
            .is_some_and(Value::is_array),
    }
}

fn look_in_list(
    values: &[Value],
    place: &Place<'_>,
    nulls: bool,
    faults: &mut Vec<StructureFault>,
) {
    if values.iter().all(Value::is_null) {
        add(faults, place, EMPTY);
    }
    for (index, value) in values.iter().enumerate() {
        if !(nulls && value.is_null()) {
            look_for_emptiness(value, &Place::Nth(place, index), faults);
        }
    }
}

/// The resource with numbers that fhir-sdk can read: it wants a float where serde_json keeps `36.50` as text.
/// A copy only where there are such. `None` when a number is beyond what a float holds.
fn plain_numbers(resource: &Value) -> Option<Cow<'_, Value>> {
    if is_plain(resource) {
        Some(Cow::Borrowed(resource))
    } else {
        with_plain_numbers(resource).map(Cow::Owned)
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(members) => members.values().all(is_plain),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn with_plain_numbers(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Number(number) => Value::Number(plain(number)?),
        Value::Array(values) => Value::Array(
            values
                .iter()
                .map(with_plain_numbers)
                .collect::<Option<_>>()?,
        ),
        Value::Object(members) => {
            let copied = members
                .iter()
                .map(|(n, v)| Some((n.clone(), with_plain_numbers(v)?)));
            Value::Object(copied.collect::<Option<_>>()?)
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    })
}

fn plain(number: &Number) -> Option<Number> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    number.as_f64().and_then(Number::from_f64)
}

/// Names what is in the original but not in what fhir-sdk kept of it.
fn compare(original: &Value, kept: &Value, place: &Place<'_>, faults: &mut Vec<StructureFault>) {
    match (original, kept) {
        (Value::Object(members), Value::Object(kept)) => {
            for (name, value) in members {
                let place = Place::Member(place, name);
                match kept.get(name) {
                    Some(kept) => compare(value, kept, &place, faults),
                    None => add(faults, &place, NOT_KEPT),
                }
            }
        }
        (Value::Array(values), Value::Array(kept)) => {
            for (index, value) in values.iter().enumerate() {
                let place = Place::Nth(place, index);
                match kept.get(index) {
                    Some(kept) => compare(value, kept, &place, faults),
                    None if value.is_null() => {}
                    None => add(faults, &place, NOT_KEPT),
                }
            }
        }
        _ if std::mem::discriminant(original) != std::mem::discriminant(kept) => {
            add(faults, place, NOT_KEPT);
        }
        _ => {}
    }
}

/// Finds the element that fhir-sdk stumbled over, by leaving out one after the other: its errors
/// carry no path. A bundle is searched entry by entry first.
fn locate(mut resource: Value, root: &str, message: &str) -> StructureFault {
    let entries = resource
        .get("entry")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    for index in 0..entries {
        let pointer = format!("/entry/{index}/resource");
        let Some(inner) = resource.pointer_mut(&pointer).filter(|r| r.is_object()) else {
            continue;
        };
        if let Err(message) = round_trip(inner) {
            let fault = locate_inside(inner.take(), &message);
            let path = format!("{root}.entry[{index}].resource");
            return StructureFault {
                path: path + &fault.path,
                rule: fault.rule,
            };
        }
    }
    let fault = locate_inside(resource, message);
    StructureFault {
        path: root.to_owned() + &fault.path,
        rule: fault.rule,
    }
}

fn locate_inside(mut resource: Value, message: &str) -> StructureFault {
    let nodes = count(&resource).max(1);
    let mut search = Search {
        left: (SEARCHED_NODES / nodes).min(SEARCHES),
        message,
    };
    let mut steps = Vec::new();
    while let Some(step) = search.step(&mut resource, &steps) {
        steps.push(step);
    }
    let path = steps.iter().map(|step| match step {
        Step::Name(name) => format!(".{name}"),
        Step::Index(index) => format!("[{index}]"),
    });
    StructureFault {
        path: path.collect(),
        rule: describe(message),
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

#[derive(Clone)]
enum Step {
    Name(String),
    Index(usize),
}

struct Search<'m> {
    left: usize,
    message: &'m str,
}

impl Search<'_> {
    /// The child of the node at `steps` without which the message is another one.
    fn step(&mut self, resource: &mut Value, steps: &[Step]) -> Option<Step> {
        let candidates: Vec<Step> = match at(resource, steps)? {
            Value::Object(members) => {
                let names = members.keys().filter(|name| *name != "resourceType");
                names.cloned().map(Step::Name).collect()
            }
            Value::Array(values) => (0..values.len()).map(Step::Index).collect(),
            _ => return None,
        };
        candidates
            .into_iter()
            .find(|step| self.explains(resource, steps, step))
    }

    fn explains(&mut self, resource: &mut Value, steps: &[Step], step: &Step) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        let Some(parent) = at(resource, steps) else {
            return false;
        };
        // Taken out and put back at its place: the order of members is part of what is compared.
        let whole = parent.clone();
        match (step, &mut *parent) {
            (Step::Name(name), Value::Object(members)) => {
                members.shift_remove(name);
            }
            (Step::Index(index), Value::Array(values)) => {
                values.remove(*index);
            }
            _ => return false,
        }
        let explained = round_trip(resource)
            .err()
            .is_none_or(|without| self.differs(&without, step));
        if let Some(parent) = at(resource, steps) {
            *parent = whole;
        }
        explained
    }

    /// Another message means that the element was the cause, except that leaving out a required
    /// element makes a new cause, which proves nothing while the old one is a missing element too.
    fn differs(&self, without: &str, step: &Step) -> bool {
        let missing = |message: &str| missing_name(message).map(str::to_owned);
        let made_here = match (step, missing(without), missing(self.message)) {
            (Step::Name(name), Some(now), Some(_)) => now == *name,
            _ => false,
        };
        without != self.message && !made_here
    }
}

fn missing_name(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

fn at<'v>(resource: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(resource, |value, step| match step {
        Step::Name(name) => value.get_mut(name),
        Step::Index(index) => value.get_mut(index),
    })
}

/// Serde's message without the value that it may quote.
fn describe(message: &str) -> String {
    if let Some(name) = missing_name(message) {
        return format!("必須の要素 {name} がありません / the required element {name} is missing");
    }
    if message.starts_with("unknown variant") {
        return "定義されていない型です / not a type that FHIR defines".to_owned();
    }
    // In serde's own messages what is expected stands behind the value and comes from the schema.
    // Other messages may hold anything.
    let own = message
        .strip_prefix("invalid ")
        .and_then(|m| m.rsplit_once(", expected "));
    match own
        .map(|(_, expected)| expected)
        .filter(|text| text.len() <= EXPECTATION_CHARS)
    {
        Some(expected) => format!("型が違います / of the wrong type: expected {expected}"),
        None => "値が型に合いません / not a value of the element's type".to_owned(),
    }
}
