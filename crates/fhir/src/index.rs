//! What a resource can be found by.
//!
//! Values are those of the resource, unfolded: folding of names and kana is `identity`'s.

use serde_json::Value;

use crate::types::ResourceType;

/// One value under which a resource is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexRow {
    /// The search parameter, as R4 names it.
    pub param: &'static str,
    /// The token's system, where it has one.
    pub system: Option<String>,
    /// The value: a code, a date as it was written, a name, the id of a Patient.
    pub value: String,
}

/// The rows of a resource, each once, in a fixed order. Unknown types and empty values give none.
#[must_use]
pub fn index(resource: &Value) -> Vec<IndexRow> {
    let Some(kind) = ResourceType::of(resource) else {
        return Vec::new();
    };
    let mut rows = Rows(Vec::new());
    rows.identifiers(resource);
    match kind {
        ResourceType::Patient => rows.patient(resource),
        ResourceType::Practitioner => rows.names(resource),
        ResourceType::Organization => rows.text("name", resource.get("name")),
        ResourceType::RelatedPerson => {
            rows.names(resource);
            rows.phones(resource);
            rows.reference("patient", resource.get("patient"));
        }
        ResourceType::Coverage => {
            rows.reference("patient", resource.get("beneficiary"));
            rows.reference("beneficiary", resource.get("beneficiary"));
        }
        ResourceType::Encounter => {
            rows.reference("patient", resource.get("subject"));
            rows.text("date", resource.pointer("/period/start"));
        }
        ResourceType::Condition => {
            rows.reference("patient", resource.get("subject"));
            rows.text("onset-date", resource.get("onsetDateTime"));
            rows.text("recorded-date", resource.get("recordedDate"));
        }
        ResourceType::Composition => {
            rows.reference("patient", resource.get("subject"));
            rows.text("date", resource.get("date"));
        }
        ResourceType::Observation => {
            rows.reference("patient", resource.get("subject"));
            let period = resource.pointer("/effectivePeriod/start");
            rows.text("date", resource.get("effectiveDateTime").or(period));
        }
        ResourceType::Bundle => rows.text("timestamp", resource.get("timestamp")),
    }
    rows.0.sort();
    rows.0.dedup();
    rows.0
}

struct Rows(Vec<IndexRow>);

/// An element that may stand once or many times, as a list.
fn each(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(values)) => values,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

impl Rows {
    fn add(&mut self, param: &'static str, system: Option<&str>, value: &str) {
        if !value.is_empty() {
            let system = system.filter(|text| !text.is_empty()).map(str::to_owned);
            self.0.push(IndexRow {
                param,
                system,
                value: value.to_owned(),
            });
        }
    }

    fn text(&mut self, param: &'static str, value: Option<&Value>) {
        if let Some(text) = value.and_then(Value::as_str) {
            self.add(param, None, text);
        }
    }

    fn identifiers(&mut self, resource: &Value) {
        for identifier in each(resource.get("identifier")) {
            if let Some(value) = identifier.get("value").and_then(Value::as_str) {
                self.add(
                    "identifier",
                    identifier.get("system").and_then(Value::as_str),
                    value,
                );
            }
        }
    }

    fn patient(&mut self, patient: &Value) {
        self.names(patient);
        self.phones(patient);
        self.text("birthdate", patient.get("birthDate"));
        if let Some(gender) = patient.get("gender").and_then(Value::as_str) {
            self.add(
                "gender",
                Some("http://hl7.org/fhir/administrative-gender"),
                gender,
            );
        }
    }

    /// `name` finds any part; `family` and `given` their own.
    fn names(&mut self, resource: &Value) {
        for name in each(resource.get("name")) {
            for (part, param) in [
                ("text", None),
                ("family", Some("family")),
                ("given", Some("given")),
            ] {
                for value in each(name.get(part)) {
                    self.text("name", Some(value));
                    if let Some(param) = param {
                        self.text(param, Some(value));
                    }
                }
            }
        }
    }

    fn phones(&mut self, resource: &Value) {
        let telecoms = each(resource.get("telecom")).iter();
        let phones = telecoms.filter(|t| t.get("system").and_then(Value::as_str) == Some("phone"));
        for phone in phones {
            if let Some(value) = phone.get("value").and_then(Value::as_str) {
                self.add("phone", Some("phone"), value);
            }
        }
    }

    /// A reference to a Patient of this server, as the Patient's id.
    fn reference(&mut self, param: &'static str, value: Option<&Value>) {
        let target = value
            .and_then(|reference| reference.get("reference"))
            .and_then(Value::as_str);
        if let Some(id) = target.and_then(|text| text.strip_prefix("Patient/")) {
            self.add(param, None, id);
        }
    }
}
