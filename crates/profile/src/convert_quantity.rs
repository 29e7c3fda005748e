//! Quantities as people write them: 1錠, 2.5mg ⇄ FHIR's Quantity with value and unit.
//!
//! What does not read as one number and one unit (適量, 1～2錠, 半錠) stays as it is, as the unit of a
//! Quantity without a value: people read the same words, and nobody calculates with them.

use serde_json::{Value, json};

use crate::convert::Converted;
use crate::convert_text as text;

const NO_NUMBER: &str = "数値と単位に分けられません。文字のまま渡します / \
                         not one number and its unit: passed on as text";

/// Native → a Quantity.
pub(crate) fn to_fhir(native: &str) -> Result<Converted, &'static str> {
    let native = text::clean(native)?;
    let plain = text::folded(&native);
    if let Some((number, unit)) = split(&plain) {
        let mut value = json!({ "value": number });
        if let (Some(object), false) = (value.as_object_mut(), unit.is_empty()) {
            object.insert("unit".to_owned(), json!(unit));
        }
        return Ok(Converted { value, loss: None });
    }
    Ok(Converted {
        value: json!({ "unit": native }),
        loss: Some(NO_NUMBER),
    })
}

/// A Quantity → native; `None` for one that says more than value and unit.
pub(crate) fn to_native(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let unit = match object.get("unit") {
        Some(unit) => unit.as_str()?,
        None => "",
    };
    let number = match object.get("value") {
        Some(number) => number.as_number()?.to_string(),
        None => String::new(),
    };
    let native = format!("{number}{unit}");
    // Only what comes in again as the same Quantity has an inverse.
    let again = to_fhir(&native).ok()?;
    (again.value == *value).then_some(native)
}

/// `2.5mg` → 2.5 and mg. The unit has no digits in it: 1日3回 is no quantity of 日3回.
fn split(plain: &str) -> Option<(serde_json::Number, &str)> {
    let end = plain
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(plain.len());
    let (digits, unit) = plain.split_at(end);
    let unit = unit.trim();
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && !digits.ends_with('.')
        && digits.len() <= 12
        // Without leading zeros, as JSON wants its numbers.
        && (!digits.starts_with('0') || digits == "0" || digits.starts_with("0."));
    let is_unit = unit
        .chars()
        .all(|c| c.is_alphabetic() || matches!(c, '%' | '/' | '(' | ')' | '・' | 'ー' | ' '))
        && !unit.starts_with('/');
    (is_number && is_unit).then(|| Some((digits.parse().ok()?, unit)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        for (written, quantity, back) in [
            ("1錠", json!({"value": 1, "unit": "錠"}), "1錠"),
            ("2.5mg", json!({"value": 2.5, "unit": "mg"}), "2.5mg"),
            (
                "１０ mL/日",
                json!({"value": 10, "unit": "mL/日"}),
                "10mL/日",
            ),
            ("3", json!({"value": 3}), "3"),
        ] {
            let converted = to_fhir(written).expect(written);
            assert_eq!(converted.value.to_string(), quantity.to_string());
            assert_eq!(converted.loss, None);
            assert_eq!(to_native(&converted.value).as_deref(), Some(back));
        }
    }

    #[test]
    fn texts_stay_texts() {
        for written in [
            "適量",
            "1～2錠",
            "半錠",
            "１日３回",
            "1/2錠",
            "-1錠",
            "01錠",
            "1,000単位",
            "1.",
        ] {
            let converted = to_fhir(written).expect(written);
            assert_eq!(converted.value, json!({ "unit": written }));
            assert!(converted.loss.is_some(), "{written}");
            assert_eq!(to_native(&converted.value).as_deref(), Some(written));
        }
    }

    #[test]
    fn what_we_did_not_make_has_no_inverse() {
        for strange in [
            json!({"value": 1, "unit": "tablet", "system": "http://unitsofmeasure.org", "code": "1"}),
            json!({"unit": "1錠"}),
            json!({"value": -1}),
            json!("1錠"),
            json!({}),
        ] {
            assert_eq!(to_native(&strange), None, "{strange}");
        }
    }
}
