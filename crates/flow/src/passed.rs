//! Resources that are like one that passed the structure check are not checked again: a profile makes the same few
//! resources again and again, and what differs is what people write into them. Not a room.
//!
//! Alike are two resources with the same elements in the same order and the same values, except where every value does:
//! a text may be any other text where FHIR wants no more than a text, and a day any other day. Anything else that
//! differs makes a resource that nobody has seen.

use std::sync::LazyLock;

use quick_cache::sync::Cache;
use renkei_fhir::check::{StructureFault, check};
use serde_json::Value;

/// Resources that are remembered, and how long the description of one may be: some megabytes, whatever is sent.
const REMEMBERED: usize = 2_048;
const LONGEST: usize = 4_096;

static PASSED: LazyLock<Cache<Vec<u8>, ()>> = LazyLock::new(|| Cache::new(REMEMBERED));

/// Elements whose JSON text FHIR types as string or markdown in every resource: whatever stands in them is one.
const FREE: [&str; 16] = [
    "authorString",
    "city",
    "comment",
    "description",
    "display",
    "district",
    "family",
    "given",
    "line",
    "onsetString",
    "postalCode",
    "reference",
    "state",
    "text",
    "value",
    "valueString",
];

/// Whether a resource has FHIR's structure: see [`check`].
///
/// # Errors
/// As [`check`].
pub(crate) fn checked(resource: &Value) -> Result<(), Vec<StructureFault>> {
    let mut likeness = Vec::with_capacity(1_024);
    describe(resource, "", &mut likeness);
    if PASSED.get(&likeness).is_some() {
        return Ok(());
    }
    check(resource)?;
    if likeness.len() <= LONGEST {
        likeness.shrink_to_fit();
        PASSED.insert(likeness, ());
    }
    Ok(())
}

/// `name`: of the element in which the value stands.
fn describe(value: &Value, name: &str, likeness: &mut Vec<u8>) {
    match value {
        Value::Null => likeness.push(b'n'),
        Value::Bool(yes) => likeness.push(if *yes { b't' } else { b'f' }),
        Value::Number(number) => word(b'0', &number.to_string(), likeness),
        Value::String(text) if text.is_empty() => likeness.push(b'e'),
        Value::String(_) if FREE.contains(&name) => likeness.push(b's'),
        Value::String(text) => match moment(text) {
            Some((kind, rest)) => word(kind, rest, likeness),
            None => word(b'"', text, likeness),
        },
        Value::Array(values) => {
            likeness.push(b'[');
            for value in values {
                describe(value, name, likeness);
            }
            likeness.push(b']');
        }
        Value::Object(members) => {
            likeness.push(b'{');
            for (name, value) in members {
                word(b':', name, likeness);
                describe(value, name, likeness);
            }
            likeness.push(b'}');
        }
    }
}

/// With its length before it, so that no text can look like what follows another.
fn word(kind: u8, text: &str, likeness: &mut Vec<u8>) {
    likeness.push(kind);
    likeness.extend_from_slice(&text.len().to_le_bytes());
    likeness.extend_from_slice(text.as_bytes());
}

/// A month, a day, or a day with a time, that exist in every year: its kind, and what stands behind them. Whether an
/// element takes one of them, it takes all.
fn moment(text: &str) -> Option<(u8, &str)> {
    let bytes = text.as_bytes();
    let number = |at: usize, low: u8, high: u8| {
        let [tens, ones] = bytes.get(at..at + 2)? else {
            return None;
        };
        if !(tens.is_ascii_digit() && ones.is_ascii_digit()) {
            return None;
        }
        let number = (tens - b'0') * 10 + (ones - b'0');
        (low..=high).contains(&number).then_some(())
    };
    let sign = |at: usize, sign: u8| (bytes.get(at) == Some(&sign)).then_some(());
    number(0, 19, 20)?;
    number(2, 0, 99)?;
    sign(4, b'-')?;
    number(5, 1, 12)?;
    if bytes.len() == 7 {
        return Some((b'm', ""));
    }
    sign(7, b'-')?;
    number(8, 1, 28)?;
    if bytes.len() == 10 {
        return Some((b'd', ""));
    }
    sign(10, b'T')?;
    number(11, 0, 23)?;
    sign(13, b':')?;
    number(14, 0, 59)?;
    sign(16, b':')?;
    number(17, 0, 59)?;
    text.get(19..).map(|rest| (b'T', rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn likeness(value: &Value) -> Vec<u8> {
        let mut likeness = Vec::new();
        describe(value, "", &mut likeness);
        likeness
    }

    fn patient(family: &str, born: &str) -> Value {
        json!({
            "resourceType": "Patient",
            "identifier": [{"system": "urn:x", "value": family}],
            "name": [{"text": family, "family": family, "given": [family]}],
            "gender": "female",
            "birthDate": born,
            "address": [{"text": family, "postalCode": family, "line": [family]}],
            "contact": [{"relationship": [{"text": family}], "telecom": [{"system": "phone", "value": family}]}],
            "managingOrganization": {"reference": family, "display": family},
        })
    }

    proptest! {
        /// What is taken to be alike gets the same answer from the check itself.
        #[test]
        fn any_text_passes_where_texts_are_free(text in "\\PC{1,20}|[\\x01-\\x20]{1,5}", day in "(19|20)[0-9]{2}-(0[1-9]|1[0-2])(-(0[1-9]|1[0-9]|2[0-8]))?") {
            let one = patient(&text, &day);
            let length = if day.len() == 7 { "1935-03" } else { "1935-03-05" };
            prop_assert_eq!(likeness(&one), likeness(&patient("x", length)));
            prop_assert!(check(&one).is_ok());
        }

        #[test]
        fn a_moment_passes_like_any_other(time in "20[0-9]{2}-0[1-9]-[01][1-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]") {
            let sheet = |at: &str| json!({
                "resourceType": "Composition", "status": "final", "type": {"text": "x"}, "title": "x",
                "date": format!("{at}+09:00"), "author": [{"reference": "x"}],
            });
            let (one, other) = (sheet(&time), sheet("2026-11-21T09:00:00"));
            prop_assert_eq!(likeness(&one), likeness(&other));
            prop_assert!(check(&one).is_ok() && check(&other).is_ok());
        }
    }

    #[test]
    fn whatever_else_differs_is_checked() {
        let good = patient("佐藤", "1935-03-05");
        assert!(checked(&good).is_ok());
        let spoil = |pointer: &str, value: Value| {
            let mut spoiled = good.clone();
            *spoiled.pointer_mut(pointer).unwrap() = value;
            assert!(checked(&spoiled).is_err(), "{pointer}");
            assert!(checked(&spoiled).is_err(), "{pointer} is not remembered");
        };
        spoil("/gender", json!("frau"));
        spoil("/birthDate", json!("1935-02-31"));
        spoil("/birthDate", json!("1935-13-01"));
        spoil("/birthDate", json!(7));
        spoil("/name/0/family", json!(""));
        spoil("/name/0/family", json!(["佐藤"]));
        spoil("/name/0/given", json!("佐藤"));
        spoil("/contact/0/telecom/0/system", json!("post"));
        let mut more = good.clone();
        more["familyName"] = json!("佐藤");
        assert!(checked(&more).is_err());
        assert!(checked(&good).is_ok());
    }

    #[test]
    fn no_text_looks_like_a_structure() {
        let of = |code: &str| json!({"code": code, "a": "b"});
        let forged = json!({"code": "x\"\u{1}\0\0\0\0\0\0\0", "a": "b"});
        assert_ne!(likeness(&of("x")), likeness(&forged));
        assert_ne!(likeness(&json!(["a", "b"])), likeness(&json!([["a"], "b"])));
        assert_eq!(moment("1935-03-29"), None);
        assert_eq!(moment("1935-3-2"), None);
        assert_eq!(moment("1935"), None);
        assert_eq!(moment("令和5年"), None);
    }
}
