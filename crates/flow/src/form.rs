//! Small JSON bodies from outside, read strictly: no name twice, none unknown, all faults at once. Not a
//! room: corridors that take a form ask it.

use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::RequestId;
use renkei_model::message::{Fault, FaultKind};
use serde_json::{Map, Value};

/// A form is an object with objects of texts in it.
const DEPTH: usize = 8;

/// Characters of a name that a fault repeats.
const NAME_SHOWN: usize = 64;

/// A request with a form in its body, as a door hands it on.
#[derive(Debug, Clone)]
pub struct Filled {
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// The body.
    pub body: Vec<u8>,
}

/// A form that is being read.
#[derive(Debug)]
pub struct Form {
    object: Map<String, Value>,
    path: String,
    faults: Vec<Fault>,
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON object, or one with names twice.
    pub fn read(body: &[u8], known: &[&str]) -> Result<Self, Vec<Fault>> {
        let text = std::str::from_utf8(body)
            .map_err(|error| not_json(format!("byte {}", error.valid_up_to())))?;
        renkei_wire::json::parse(text, 0, DEPTH).map_err(|error| not_json(error.path()))?;
        let value = serde_json::from_str(text)
            .map_err(|error| not_json(format!("line {}", error.line())))?;
        Ok(Self::of(value, String::new(), known))
    }

    fn of(value: Value, path: String, known: &[&str]) -> Self {
        let mut form = Self {
            object: Map::new(),
            path,
            faults: Vec::new(),
        };
        let Value::Object(object) = value else {
            let path = form.path.trim_end_matches('.').to_owned();
            form.refuse(path, "オブジェクト { } が必要です / must be an object { }");
            return form;
        };
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let shown: String = name.chars().take(NAME_SHOWN).collect();
            let rule = "未定義の項目です / not a known field";
            form.refuse(format!("{}{shown}", form.path), rule);
        }
        form.object = object;
        form
    }

    fn refuse(&mut self, field: String, rule: &str) {
        self.faults.push(fault(field, rule, FaultKind::Value));
    }

    /// Adds a fault of the caller's own about a field.
    pub fn fault(&mut self, name: &str, rule: &str) {
        self.refuse(format!("{}{name}", self.path), rule);
    }

    /// A text of at most `most` characters, trimmed; a number counts as its digits. `None` if it is absent,
    /// null or blank.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = match self.object.get(name) {
            None | Some(Value::Null) => return None,
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => {
                self.fault(name, "文字列が必要です / must be a text");
                return None;
            }
        };
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
        if text.chars().count() > most || text.chars().any(control) {
            let rule = format!(
                "{most}文字以内で、制御文字なしで書いてください / at most {most} characters and no control characters"
            );
            self.fault(name, &rule);
            return None;
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// The same, and a fault if there is none.
    pub fn required(&mut self, name: &str, most: usize) -> Option<String> {
        let before = self.faults.len();
        let text = self.text(name, most);
        if text.is_none() && self.faults.len() == before {
            let field = format!("{}{name}", self.path);
            let rule = "必須の項目です / required";
            self.faults.push(fault(field, rule, FaultKind::Required));
        }
        text
    }

    /// A form inside the form; one without anything in it if it is absent.
    pub fn inner(&mut self, name: &str, known: &[&str]) -> Self {
        let path = format!("{}{name}.", self.path);
        let value = self.object.get(name).cloned();
        Self::of(
            value.unwrap_or_else(|| Value::Object(Map::new())),
            path,
            known,
        )
    }

    /// Takes over the faults of an inner form.
    pub fn close(&mut self, inner: Self) {
        self.faults.extend(inner.faults);
    }

    /// The end of reading.
    ///
    /// # Errors
    /// All faults that were found.
    pub fn done(self) -> Result<(), Vec<Fault>> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(self.faults)
        }
    }
}

fn fault(field: String, rule: &str, kind: FaultKind) -> Fault {
    Fault {
        field,
        rule: rule.to_owned(),
        span: None,
        kind,
    }
}

fn not_json(field: String) -> Vec<Fault> {
    let rule = "JSON として読めません / not JSON";
    vec![fault(field, rule, FaultKind::Structure)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<String> {
        let form = Form::read(body.as_bytes(), &["name", "reason"]);
        let read = form.and_then(|mut form| {
            form.required("name", 5);
            let mut inner = form.inner("reason", &["code"]);
            inner.text("code", 5);
            form.close(inner);
            form.done()
        });
        let faults = read.err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn every_fault_names_its_field() {
        for (body, expected) in [
            (r#"{"name":"a"}"#, vec![]),
            (r#"{"name":12}"#, vec![]),
            (r#"{"name":" "}"#, vec!["name"]),
            (r#"{"name":"abcdef"}"#, vec!["name"]),
            (r#"{"name":"a","x":1}"#, vec!["x"]),
            (r#"{"name":"a","reason":[]}"#, vec!["reason"]),
            (
                r#"{"name":"a","reason":{"code":true,"y":1}}"#,
                vec!["reason.y", "reason.code"],
            ),
            (r#"{"name":"a","name":"b"}"#, vec!["name"]),
            ("[]", vec!["", "name"]),
            ("{", vec![""]),
            ("", vec![""]),
        ] {
            assert_eq!(faults(body), expected, "{body}");
        }
    }
}
