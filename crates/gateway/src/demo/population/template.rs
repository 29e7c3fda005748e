//! Filling a region's form: which native field gets which fact is said by a file of the region.

use std::collections::BTreeMap;

use renkei_model::day::era_text;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::facts::{Fact, Facts, GROUPS, NAMES};

/// A form of the region.
///
/// In texts, `${name}` is a fact and `${name:form}` a date in a form: `iso` (and without), `american`
/// (MM/DD/YYYY), `era`. What is not known is empty. An object with `$each` and `$item` is a list: one item
/// a row of that group; outside of lists `${group[1].name}` is the first row's. `"$records"` and `"$count"` in the message are its records and how many.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The media type of messages.
    pub content_type: String,
    /// By fact: what the region writes for a word of ours.
    words: BTreeMap<String, BTreeMap<String, String>>,
    /// A message.
    #[serde(default)]
    message: Value,
    /// A record in it; of a table, its columns in order.
    record: Value,
    /// What is wrong with some lines of a table, so that its reader has something to find.
    #[serde(default)]
    pub mistakes: Vec<Mistake>,
}

/// A line that is not as it should be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// The line of the file, the header being 1.
    pub line: usize,
    /// What stands in this column instead; without a column the line lacks its last field.
    pub column: Option<String>,
    /// The wrong value.
    #[serde(default)]
    pub value: String,
}

impl Template {
    /// Looks for names that mean nothing.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), String> {
        check(&self.record, NAMES)
    }

    /// A message of records.
    #[must_use]
    pub fn message(&self, records: Vec<Value>) -> Value {
        let mut records = Some(records);
        let count = records.as_ref().map_or(0, Vec::len);
        wrapped(&self.message, &mut records, count)
    }

    /// A record.
    #[must_use]
    pub fn record(&self, facts: &Facts) -> Value {
        self.filled(&self.record, facts, None)
    }

    fn filled(&self, form: &Value, facts: &Facts, row: Option<&Facts>) -> Value {
        match form {
            Value::String(text) => Value::String(self.text(text, facts, row)),
            Value::Array(items) => items
                .iter()
                .map(|item| self.filled(item, facts, row))
                .collect(),
            Value::Object(object) => match list(object) {
                Some((group, item)) => facts
                    .rows(group)
                    .iter()
                    .map(|row| self.filled(item, facts, Some(row)))
                    .collect(),
                None => Value::Object(
                    object
                        .iter()
                        .map(|(key, value)| (key.clone(), self.filled(value, facts, row)))
                        .collect(),
                ),
            },
            other => other.clone(),
        }
    }

    fn text(&self, form: &str, facts: &Facts, row: Option<&Facts>) -> String {
        pieces(form)
            .map(|piece| match piece {
                Piece::Plain(text) => text.to_owned(),
                Piece::Name(name, form) => {
                    let (from, name) = match (row, numbered(name)) {
                        (Some(row), _) => (Some(row), name),
                        (None, Some((group, number, name))) => {
                            (facts.rows(group).get(number), name)
                        }
                        (None, None) => (Some(facts), name),
                    };
                    let fact = from.and_then(|facts| facts.get(name));
                    fact.map_or_else(String::new, |fact| self.shown(name, fact, form))
                }
            })
            .collect()
    }

    fn shown(&self, name: &str, fact: &Fact, form: &str) -> String {
        match fact {
            Fact::Text(text) => {
                let words = self.words.get(name);
                let word = words.and_then(|words| words.get(text));
                word.unwrap_or(text).clone()
            }
            Fact::Day(day) => match (form, day.month(), day.day()) {
                ("american", Some(month), Some(on)) => {
                    format!("{month:02}/{on:02}/{:04}", day.year())
                }
                ("era", _, _) => era_text(day).unwrap_or_else(|| day.iso()),
                _ => day.iso(),
            },
        }
    }
}

enum Piece<'a> {
    Plain(&'a str),
    Name(&'a str, &'a str),
}

/// The plain parts of a text and the names in it.
fn pieces(form: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut parts = form.split("${");
    let first = parts.next().map(Piece::Plain);
    first.into_iter().chain(parts.flat_map(|part| {
        let (inside, after) = part.split_once('}').unwrap_or((part, ""));
        let (name, form) = inside.split_once(':').unwrap_or((inside, ""));
        [Piece::Name(name, form), Piece::Plain(after)]
    }))
}

/// `group[1].name`: the group, the row from 0, the name in it.
fn numbered(name: &str) -> Option<(&str, usize, &str)> {
    let (group, rest) = name.split_once('[')?;
    let (number, name) = rest.split_once("].")?;
    Some((group, number.parse::<usize>().ok()?.checked_sub(1)?, name))
}

/// The group and the item's form, of an object that stands for a list.
fn list(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    Some((object.get("$each")?.as_str()?, object.get("$item")?))
}

fn wrapped(form: &Value, records: &mut Option<Vec<Value>>, count: usize) -> Value {
    match form {
        Value::String(text) if text == "$count" => count.into(),
        Value::String(text) if text == "$records" => records.take().unwrap_or_default().into(),
        Value::Array(items) => items
            .iter()
            .map(|item| wrapped(item, records, count))
            .collect(),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, value)| (key.clone(), wrapped(value, records, count)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn known(name: &str, names: &[&str]) -> bool {
    match numbered(name) {
        Some((group, _, name)) => GROUPS
            .iter()
            .any(|(known, inside)| *known == group && inside.contains(&name)),
        None => names.contains(&name),
    }
}

fn check(form: &Value, names: &[&str]) -> Result<(), String> {
    match form {
        Value::String(text) => pieces(text).try_for_each(|piece| match piece {
            Piece::Name(name, form)
                if !known(name, names) || !["", "iso", "american", "era"].contains(&form) =>
            {
                Err(format!(
                    "${{{name}}}: 知らない名前か形です / no such name or form"
                ))
            }
            Piece::Name(..) | Piece::Plain(_) => Ok(()),
        }),
        Value::Array(items) => items.iter().try_for_each(|item| check(item, names)),
        Value::Object(object) => {
            let Some((group, item)) = list(object) else {
                return object.values().try_for_each(|value| check(value, names));
            };
            let known = GROUPS.iter().find(|(name, _)| *name == group);
            let (_, inside) =
                known.ok_or_else(|| format!("{group}: 知らない繰り返しです / no such group"))?;
            check(item, inside)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_model::day::PartialDay;
    use serde_json::json;

    fn template(record: Value) -> Template {
        serde_json::from_value(json!({
            "content_type": "application/json",
            "words": {"sex": {"male": "男"}},
            "message": {"n": "$count", "data": "$records"},
            "record": record
        }))
        .unwrap()
    }

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.text("family", "濱口");
        facts.text("sex", "male");
        facts.partial("birth", PartialDay::new(1935, Some(3), Some(5)).ok());
        for name in ["一", "二"] {
            let mut row = Facts::default();
            row.text("given", name);
            row.partial("kinship", None);
            facts.row("contacts", row);
        }
        facts
    }

    #[test]
    fn a_form_is_filled() {
        let template = template(json!({
            "name": "${family}　${given}", "sex": "${sex}", "number": 3,
            "birth": ["${birth:era}", "${birth:american}", "${birth}"],
            "contacts": {"$each": "contacts", "$item": {"no": "${row}", "name": "${given}"}},
            "drugs": {"$each": "drugs", "$item": {"name": "${name}"}},
            "second": "${contacts[2].given}", "third": "${contacts[3].given}"
        }));
        template.check().unwrap();
        let record = template.record(&facts());
        assert_eq!(
            record,
            json!({
                "name": "濱口　", "sex": "男", "number": 3,
                "birth": ["昭和10年3月5日", "03/05/1935", "1935-03-05"],
                "contacts": [{"no": "1", "name": "一"}, {"no": "2", "name": "二"}],
                "drugs": [], "second": "二", "third": ""
            })
        );
        let message = template.message(vec![json!(1), json!(2)]);
        assert_eq!(message, json!({"n": 2, "data": [1, 2]}));
    }

    #[test]
    fn names_that_mean_nothing_are_found() {
        for (record, word) in [
            (json!({"a": "${surname}"}), "${surname}"),
            (json!({"a": "${birth:julian}"}), "${birth}"),
            (json!({"a": "${drugs[1].family}"}), "${drugs[1].family}"),
            (json!({"$each": "pets", "$item": {}}), "pets"),
            (
                json!({"$each": "drugs", "$item": ["${family}"]}),
                "${family}",
            ),
        ] {
            let said = template(record).check().unwrap_err();
            assert!(said.starts_with(word), "{said}");
        }
    }
}
