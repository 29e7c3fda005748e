//! Our own codes that a card must understand, not only show: which item of a record an Observation or a
//! component is, and answers that say no more than yes, no or unknown.

use serde_json::Value;

use crate::read::each;

/// `profiles/fhir/CodeSystem-emergency-item.json`.
const ITEMS: &str = "https://renkei.example/fhir/CodeSystem/emergency-item";
/// `profiles/fhir/CodeSystem-slip-answer.json`.
const ANSWERS: &str = "https://renkei.example/fhir/CodeSystem/slip-answer";

/// Whether there are wishes stated in advance at all.
const ACP_KNOWN: &str = "acp-known";
/// What is wished, in one word of a list.
pub(crate) const ACP_KIND: &str = "acp-kind";
/// Whether a doctor has signed.
pub(crate) const ACP_SIGNED: &str = "acp-signed";
/// By when it should be talked over again.
pub(crate) const ACP_REVIEW: &str = "acp-review";

/// Whether an Observation or a component is this item.
pub(crate) fn is_item(of: &Value, item: &str) -> bool {
    coded(of.get("code"), ITEMS, &[item])
}

/// Where a component stands among the others of its note: what is wished first, that there is a wish at
/// all last, the others as they were sent.
pub(crate) fn rank(component: &Value) -> u8 {
    match component {
        kind if is_item(kind, ACP_KIND) => 0,
        known if is_item(known, ACP_KNOWN) => 2,
        _ => 1,
    }
}

/// An Observation that says yes, no or unknown, and nothing else.
pub(crate) fn bare_answer(resource: &Value) -> bool {
    only(resource, &["yes", "no", "unknown"])
}

/// An Observation that says that there is nothing, or that nobody knows, and nothing else.
pub(crate) fn says_none(resource: &Value) -> bool {
    only(resource, &["no", "unknown"])
}

fn only(resource: &Value, answers: &[&str]) -> bool {
    let kind = resource.get("resourceType").and_then(Value::as_str);
    let components = each(resource.get("component")).iter();
    let mut values = components.chain([resource]).filter_map(value).peekable();
    kind == Some("Observation")
        && values.peek().is_some()
        && values.all(|value| coded(Some(value), ANSWERS, answers))
}

/// The value of an Observation or a component, of whatever type it is.
fn value(of: &Value) -> Option<&Value> {
    let mut members = of.as_object()?.iter();
    let found = members.find(|(name, _)| name.starts_with("value"))?;
    Some(found.1)
}

fn coded(concept: Option<&Value>, system: &str, codes: &[&str]) -> bool {
    let text = |coding: &Value, name: &str| {
        let text = coding.get(name).and_then(Value::as_str);
        text.map(str::to_owned)
    };
    let mut codings = each(concept.and_then(|concept| concept.get("coding"))).iter();
    codings.any(|coding| {
        text(coding, "system").as_deref() == Some(system)
            && text(coding, "code").is_some_and(|code| codes.contains(&&*code))
    })
}
