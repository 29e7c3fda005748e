//! Reading plain values out of FHIR JSON.

use serde_json::Value;

/// An element that may stand once or many times, as a list.
pub(crate) fn each(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(values)) => values,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

/// The text at a JSON pointer; nothing when it is empty.
pub(crate) fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}
