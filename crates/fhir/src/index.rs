//! What a resource can be found by.
//!
//! Values are those of the resource, unfolded: folding of names and kana is `identity`'s.

use serde_json::Value;

use crate::moment::{Span, span};
use crate::params::{ParamKind, SearchParam, params};
use crate::types::ResourceType;

/// One value under which a resource is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexRow {
    /// The name under which the search parameter's values are stored ([`SearchParam::stored`]).
    pub param: &'static str,
    /// The token's system, where it has one.
    pub system: Option<String>,
    /// The value: a code, a date as it was written, a name, the id of a Patient.
    pub value: String,
    /// How it is compared.
    pub kind: ParamKind,
    /// What a date covers.
    pub span: Option<Span>,
}

/// The rows of a resource, each once, in a fixed order. Unknown types and empty values give none.
#[must_use]
pub fn index(resource: &Value) -> Vec<IndexRow> {
    let Some(kind) = ResourceType::of(resource) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for param in params(kind) {
        let values = param
            .paths
            .iter()
            .map(|path| values_at(resource, path))
            .map(|values| rows_of(&param, &values, kind));
        if param.kind == ParamKind::Date {
            rows.extend(values.flatten().next());
        } else {
            rows.extend(values.flatten());
        }
    }
    rows.sort();
    rows.dedup();
    rows
}

/// All values at a path, lists taken apart.
fn values_at<'v>(resource: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut values = vec![resource];
    for name in path.split('.') {
        values = values
            .into_iter()
            .flat_map(|value| match (value, name.parse::<usize>()) {
                (Value::Array(list), Ok(place)) => list.get(place).into_iter().collect(),
                (Value::Array(list), Err(_)) => list.iter().filter_map(|v| v.get(name)).collect(),
                (value, _) => value.get(name).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    values.into_iter().flat_map(each).collect()
}

/// An element that may stand once or many times, as a list.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

fn rows_of(param: &SearchParam, values: &[&Value], resource: ResourceType) -> Vec<IndexRow> {
    values
        .iter()
        .filter_map(|value| row_of(param, value, resource))
        .filter(|row| !row.value.is_empty())
        .collect()
}

fn row_of(param: &SearchParam, value: &Value, resource: ResourceType) -> Option<IndexRow> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let row = |system: Option<&str>, value: &str, span: Option<Span>| IndexRow {
        param: param.stored,
        system: system.filter(|text| !text.is_empty()).map(str::to_owned),
        value: value.to_owned(),
        kind: param.kind,
        span,
    };
    match param.kind {
        ParamKind::Id => None,
        ParamKind::Identifier => Some(row(text("system"), text("value")?, None)),
        ParamKind::Code(system) => Some(row(Some(system), value.as_str()?, None)),
        ParamKind::Phone if text("system") == Some("phone") => {
            Some(row(Some("phone"), text("value")?, None))
        }
        ParamKind::Phone => None,
        ParamKind::Name | ParamKind::Address => Some(row(None, value.as_str()?, None)),
        ParamKind::Date => {
            let (written, span) = date_of(value)?;
            Some(row(None, written, Some(span)))
        }
        ParamKind::Patient => {
            let target = text("reference")?;
            // In a document everything refers to each other by URN.
            let inside =
                (resource == ResourceType::Bundle).then(|| target.strip_prefix("urn:uuid:"));
            let id = target.strip_prefix("Patient/").or(inside.flatten())?;
            Some(row(None, id, None))
        }
    }
}

/// A date, or a Period: from its first date's beginning to its last date's end.
fn date_of(value: &Value) -> Option<(&str, Span)> {
    if let Some(text) = value.as_str() {
        return Some((text, span(text)?));
    }
    let start = value.get("start").and_then(Value::as_str);
    let end = value.get("end").and_then(Value::as_str);
    let written = start.or(end)?;
    let low = start.map_or(Some(i64::MIN), |text| Some(span(text)?.low))?;
    let high = end.map_or(Some(i64::MAX), |text| Some(span(text)?.high))?;
    Some((written, Span { low, high }))
}
