//! OperationOutcome: errors are answers.

use serde_json::{Map, Value, json};

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing could be done.
    Fatal,
    /// The request was refused.
    Error,
    /// Taken, with something to look at.
    Warning,
    /// Good to know: something kept only in the original.
    Information,
}

impl Severity {
    /// FHIR's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// A code of <http://hl7.org/fhir/issue-type>: `invalid`, `not-found`, `forbidden`.
    pub code: &'static str,
    /// What to tell, in words; nothing stored, nothing personal.
    pub diagnostics: String,
    /// The element, or the field in the sender's own terms.
    pub expression: Option<String>,
}

/// The OperationOutcome of these issues. FHIR demands at least one: without any, it says that all is well.
#[must_use]
pub fn outcome(issues: &[Issue]) -> Value {
    let mut listed: Vec<Value> = issues.iter().map(write_issue).collect();
    if listed.is_empty() {
        listed.push(json!({ "severity": "information", "code": "informational" }));
    }
    json!({ "resourceType": "OperationOutcome", "issue": listed })
}

fn write_issue(issue: &Issue) -> Value {
    let mut members = Map::new();
    members.insert("severity".to_owned(), issue.severity.as_str().into());
    members.insert("code".to_owned(), issue.code.into());
    if !issue.diagnostics.is_empty() {
        members.insert("diagnostics".to_owned(), issue.diagnostics.as_str().into());
    }
    if let Some(expression) = issue.expression.as_deref().filter(|text| !text.is_empty()) {
        members.insert("expression".to_owned(), json!([expression]));
    }
    Value::Object(members)
}
