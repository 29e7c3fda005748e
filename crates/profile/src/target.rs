//! Reading paths to FHIR elements: `patient.name[IDE].text`, `adl.component[item:transfer].valueString`.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::codes::CodeMap;
use crate::element::{Pattern, Pick, Step};
use crate::plan::Target;

/// Where a selector's pattern takes the coding that its code stands for.
const CODING: &str = "{coding}";
/// Where it takes the code's display, for example as a title.
const DISPLAY: &str = "{display}";

/// A named way to pick an element of a list.
#[derive(Debug)]
pub(crate) struct Selector {
    /// By what an element is known.
    pattern: Value,
    /// What a new element gets beside it.
    new: Map<String, Value>,
    /// Whose codes give the pattern its coding: `[item:transfer]`. Without, `[IDE]` is always the same.
    codes: Option<Arc<CodeMap>>,
}

/// The selectors of a message by name.
pub(crate) type Selectors = HashMap<String, Selector>;

impl Selector {
    /// A selector; with codes, its pattern must have a place for the coding.
    pub(crate) fn of(
        pattern: Value,
        new: Map<String, Value>,
        codes: Option<Arc<CodeMap>>,
    ) -> Result<Self, String> {
        if codes.is_some() && !holds_coding(&pattern) {
            return Err(format!(
                "a selector with codes needs \"{CODING}\" in its pattern"
            ));
        }
        Ok(Self {
            pattern,
            new,
            codes,
        })
    }
}

fn holds_coding(pattern: &Value) -> bool {
    match pattern {
        Value::Object(map) => map.values().any(holds_coding),
        Value::Array(items) => items.iter().any(holds_coding),
        other => other == CODING,
    }
}

fn with_coding(pattern: &Value, coding: &Value) -> Value {
    match pattern {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), with_coding(value, coding)))
                .collect(),
        ),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| with_coding(item, coding)).collect())
        }
        other if other == CODING => coding.clone(),
        other if other == DISPLAY => coding["display"].clone(),
        other => other.clone(),
    }
}

/// Reads a path. `resource` knows the numbers of the keys.
pub(crate) fn parse(
    written: &str,
    resource: &dyn Fn(&str) -> Option<usize>,
    selectors: &Selectors,
) -> Result<Target, String> {
    let mut parts = split_steps(written)?.into_iter();
    let key = parts.next().unwrap_or_default();
    let resource = resource(&key).ok_or_else(|| format!("unknown resource \"{key}\""))?;
    let steps = parts
        .map(|part| parse_step(&part, selectors))
        .collect::<Result<Vec<_>, _>>()?;
    if steps.is_empty() {
        return Err(format!("\"{written}\" names no element of {key}"));
    }
    let each = steps
        .iter()
        .filter(|step| matches!(step.pick, Pick::Each(_)))
        .count();
    if each > 1 {
        return Err("a path has one repeated step at most".to_owned());
    }
    Ok(Target {
        resource,
        steps,
        text: written.to_owned(),
    })
}

/// Splits at dots outside of brackets.
fn split_steps(written: &str) -> Result<Vec<String>, String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for c in written.chars() {
        match c {
            '[' => depth += 1,
            ']' if depth == 0 => return Err("a \"]\" without its \"[\"".to_owned()),
            ']' => depth -= 1,
            '.' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    if depth == 0 {
        Ok(parts)
    } else {
        Err("a \"]\" is missing".to_owned())
    }
}

fn parse_step(part: &str, selectors: &Selectors) -> Result<Step, String> {
    let (name, selector) = match part.split_once('[') {
        None => (part, None),
        Some((name, rest)) => (
            name,
            Some(rest.strip_suffix(']').ok_or("text behind a \"]\"")?),
        ),
    };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!("\"{name}\" is not the name of an element"));
    }
    let pick = selector.map_or(Ok(Pick::Whole), |selector| parse_pick(selector, selectors))?;
    Ok(Step {
        name: name.to_owned(),
        pick,
    })
}

fn parse_pick(written: &str, selectors: &Selectors) -> Result<Pick, String> {
    if written == "0" {
        return Ok(Pick::First);
    }
    let (written, each) = match written.strip_suffix('*') {
        Some(rest) => (rest, true),
        None => (written, false),
    };
    let pattern = if written.is_empty() && each {
        Pattern::of(Value::Object(Map::new()))
    } else if written.contains('=') {
        inline_pattern(written)?
    } else {
        named_pattern(written, selectors)?
    };
    Ok(if each {
        Pick::Each(pattern)
    } else {
        Pick::One(pattern)
    })
}

/// `system=phone,use=home`
fn inline_pattern(written: &str) -> Result<Pattern, String> {
    let mut map = Map::new();
    for pair in written.split(',') {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                map.insert(key.to_owned(), Value::String(value.to_owned()));
            }
            _ => return Err(format!("\"{pair}\" is not element=value")),
        }
    }
    Ok(Pattern::of(Value::Object(map)))
}

fn named_pattern(written: &str, selectors: &Selectors) -> Result<Pattern, String> {
    let (name, code) = written
        .split_once(':')
        .map_or((written, None), |(name, code)| (name, Some(code)));
    let selector = selectors
        .get(name)
        .ok_or_else(|| format!("unknown selector \"{name}\""))?;
    let pattern = match (&selector.codes, code) {
        (None, None) => selector.pattern.clone(),
        (None, Some(_)) => return Err(format!("selector \"{name}\" takes no code")),
        (Some(_), None) => return Err(format!("selector \"{name}\" needs a code: [{name}:code]")),
        (Some(codes), Some(code)) => {
            let line = codes.codes().iter().find(|line| line.code == code);
            let line = line.ok_or_else(|| {
                format!("code \"{code}\" is not in the code map \"{}\"", codes.name)
            })?;
            with_coding(&selector.pattern, &line.coding())
        }
    };
    Ok(Pattern::of(pattern).made_with(selector.new.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selectors() -> Selectors {
        let mut mistakes = crate::mistake::Mistakes::of_file("c");
        let text = "native,system,code,display,equivalence,preferred\n移乗,s,transfer,Transfer,,\n";
        let codes = Arc::new(crate::codes::read("item", text, &mut mistakes));
        let pattern = json!({"title": "{display}", "code": {"coding": ["{coding}"]}});
        let new = Map::from_iter([("text".to_owned(), json!("none"))]);
        let coded = Selector::of(pattern, new, Some(codes)).expect("a selector");
        let plain = Selector::of(json!({"use": "usual"}), Map::new(), None).expect("a selector");
        HashMap::from([("IDE".to_owned(), plain), ("item".to_owned(), coded)])
    }

    fn parse_text(written: &str) -> Result<Target, String> {
        parse(
            written,
            &|key| (key == "patient").then_some(3),
            &selectors(),
        )
    }

    #[test]
    fn paths_read() {
        let target = parse_text("patient.name[IDE].text").expect("a path");
        assert_eq!((target.resource, target.steps.len()), (3, 2));
        let target = parse_text("patient.component[item:transfer*].value").expect("a path");
        let Pick::Each(pattern) = &target.steps[0].pick else {
            panic!("each")
        };
        assert_eq!(
            pattern.create["code"]["coding"][0]["display"],
            json!("Transfer")
        );
        assert_eq!(pattern.create["title"], json!("Transfer"));
        assert_eq!(pattern.create["text"], json!("none"), "what is new only");
        assert_eq!(
            pattern.known_by,
            json!({"code": {"coding": [{"system": "s", "code": "transfer"}]}})
        );
        let target = parse_text("patient.identifier[system=http://a.b/c].value").expect("a path");
        let Pick::One(pattern) = &target.steps[0].pick else {
            panic!("one")
        };
        assert_eq!(pattern.create, json!({"system": "http://a.b/c"}));
    }

    #[test]
    fn mistakes_in_paths() {
        for wrong in [
            "patient",
            "other.name",
            "patient.name[",
            "patient.name]",
            "patient.name[x]",
            "patient.name[IDE:a]",
            "patient.a[item]",
            "patient.a[item:unknown]",
            "patient.a[*].b[*].c",
            "patient..a",
            "patient.na me",
            "patient.a[=b]",
        ] {
            assert!(parse_text(wrong).is_err(), "{wrong}");
        }
    }
}
