//! References between resources that have no ids yet.
//!
//! Mapped resources refer to each other by key, `{"reference":"key:patient"}`. What the key becomes
//! is for the caller to say: `Patient/ID` in the store, `urn:uuid:ID` in a document.

use serde_json::Value;

/// How an unbound reference begins.
pub const KEY_PREFIX: &str = "key:";

/// A reference to a key that nobody has. Keys come from the profile, not from a sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no resource has the key {key}")]
pub struct UnboundReference {
    /// The key.
    pub key: String,
}

/// Replaces every `key:…` reference by what `target` returns for the key.
///
/// # Errors
/// The first key for which `target` has nothing; the resource is then half bound.
pub fn bind(
    resource: &mut Value,
    target: &dyn Fn(&str) -> Option<String>,
) -> Result<(), UnboundReference> {
    match resource {
        Value::Object(members) => members
            .iter_mut()
            .try_for_each(|(name, value)| match value {
                Value::String(text) if name == "reference" => {
                    if let Some(key) = text.strip_prefix(KEY_PREFIX) {
                        let bound = target(key);
                        *text = bound.ok_or_else(|| UnboundReference {
                            key: key.to_owned(),
                        })?;
                    }
                    Ok(())
                }
                _ => bind(value, target),
            }),
        Value::Array(values) => values.iter_mut().try_for_each(|value| bind(value, target)),
        _ => Ok(()),
    }
}
