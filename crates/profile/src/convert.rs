//! The closed list of converters. Each has its inverse; the few that have none may stand in one-way rows only.

use std::sync::Arc;

use renkei_wire::Content;
use serde_json::Value;

use crate::codes::CodeMap;
use crate::convert_day::{self as day, DayStyle};
use crate::convert_quantity as quantity;
use crate::convert_text as text;

/// What a converter does with one value.
#[derive(Debug, Clone)]
pub(crate) enum Convert {
    /// Free text, as it is.
    Text,
    /// A person's name: family and given name are divided by a full-width space there, by an ASCII space in FHIR.
    Name,
    /// The same in full-width katakana.
    Kana,
    /// A day, written like this: `MM/DD/YYYY`.
    Date(String),
    /// A day, a month or a year in any form; the form in which it goes back.
    Day(DayStyle),
    /// ASCII digits, so many.
    Digits(usize, usize),
    /// ASCII letters, digits and hyphens, so many.
    Word(usize, usize),
    /// A Japanese postal code.
    PostalCode,
    /// A Japanese telephone number.
    Phone,
    /// A number with its unit, or a text where a number was expected: a Quantity.
    Quantity,
    /// A word that FHIR wants with something in front.
    Prefix(String),
    /// Two words for true and false.
    Boolean(String, String),
    /// A whole number between two bounds.
    Integer(i64, i64),
    /// A number whose digits are kept.
    Decimal,
    /// Text as a narrative's XHTML.
    Xhtml,
    /// A code map, and what FHIR has: a CodeableConcept, a Coding or a code.
    Codes(Arc<CodeMap>, Shape),
    /// The part of a name before its first space. One way.
    FamilyName,
    /// The part after it; nothing where a name has no space. One way.
    GivenName,
    /// The same of a name in kana. One way.
    FamilyKana,
    /// The same of a name in kana. One way.
    GivenKana,
}

/// Longest name and longest anything else, in characters. No form has room for more; without a bound one
/// field could fill every reader's screen.
const NAME_MAX: usize = 200;
const TEXT_MAX: usize = 10_000;

/// What a coded element is in FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// CodeableConcept.
    Concept,
    /// Coding.
    Coding,
    /// code.
    Code,
}

/// Why a value cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// The rule, Japanese first.
    pub(crate) rule: String,
    /// Whether a code is unknown.
    pub(crate) code: bool,
}

impl Unfit {
    /// A value that breaks this rule.
    pub(crate) fn value(rule: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            code: false,
        }
    }
}

/// A value in FHIR.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Converted {
    pub(crate) value: Value,
    /// What FHIR does not say that the sender said, Japanese first.
    pub(crate) loss: Option<&'static str>,
}

/// The sender's code has no FHIR code that means exactly the same.
const INEXACT: &str =
    "FHIRのコードとは意味が完全には一致しません / the FHIR code is not exactly the same";

impl Convert {
    const fn characters_max(&self) -> usize {
        match self {
            Self::Name
            | Self::Kana
            | Self::FamilyName
            | Self::GivenName
            | Self::FamilyKana
            | Self::GivenKana
            | Self::Quantity => NAME_MAX,
            _ => TEXT_MAX,
        }
    }

    /// Whether it takes any text.
    pub(crate) const fn is_free_text(&self) -> bool {
        matches!(self, Self::Text | Self::Name | Self::Kana | Self::Xhtml)
    }

    /// What it makes, in FHIR's words.
    pub(crate) const fn output(&self) -> &'static str {
        match self {
            Self::Date(_) => "a date",
            Self::Day(_) => "a date, which may be a year or a month",
            Self::Boolean(..) => "a boolean",
            Self::Integer(..) => "an integer",
            Self::Decimal => "a decimal",
            Self::Quantity => "a Quantity",
            Self::Xhtml => "a narrative's xhtml",
            Self::Codes(_, Shape::Concept) => "a CodeableConcept",
            Self::Codes(_, Shape::Coding) => "a Coding",
            Self::Codes(_, Shape::Code) => "a code",
            _ => "a string",
        }
    }

    /// The native values of a code map; none for everything else.
    pub(crate) fn natives(&self) -> Vec<&str> {
        match self {
            Self::Codes(map, _) => map
                .codes()
                .iter()
                .map(|code| code.native.as_str())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether there is no way back.
    pub(crate) const fn is_one_way(&self) -> bool {
        matches!(
            self,
            Self::FamilyName | Self::GivenName | Self::FamilyKana | Self::GivenKana
        )
    }

    /// Native text → FHIR.
    pub(crate) fn to_fhir(&self, native: &str) -> Result<Converted, Unfit> {
        let max = self.characters_max();
        if native.chars().nth(max).is_some() {
            let rule = format!("{max}文字以内で記入してください / at most {max} characters");
            return Err(Unfit::value(rule));
        }
        let value = match self {
            Self::Boolean(yes, no) => boolean(native, yes, no)?,
            Self::Integer(min, max) => integer(native, *min, *max)?,
            Self::Decimal => decimal(native)?,
            Self::Quantity => return quantity::to_fhir(native).map_err(Unfit::value),
            Self::Codes(map, shape) => return coded(native, map, *shape),
            _ => Value::String(self.string(native).map_err(Unfit::value)?),
        };
        Ok(Converted { value, loss: None })
    }

    /// The converters that make a string.
    fn string(&self, native: &str) -> Result<String, String> {
        let kana_parts = || text::kana(native).map(|kana| kana.trim().to_owned());
        Ok(match self {
            Self::Name => text::clean(native)?.replace('\u{3000}', " "),
            Self::Kana => text::kana(native)?,
            Self::Date(form) => text::date_to_iso(native, form)?,
            Self::Day(_) => day::to_iso(native)?,
            Self::Digits(min, max) => text::digits(native, *min, *max)?,
            Self::Word(min, max) => text::word(native, *min, *max)?,
            Self::PostalCode => text::postal_code(native)?,
            Self::Phone => text::phone(native)?,
            Self::Prefix(prefix) => format!("{prefix}{}", text::word(native, 1, 64)?),
            Self::Xhtml => text::to_xhtml(&text::clean(native)?),
            Self::FamilyName => name_parts(native).0.to_owned(),
            Self::GivenName => name_parts(native).1.to_owned(),
            Self::FamilyKana => name_parts(&kana_parts()?).0.to_owned(),
            Self::GivenKana => name_parts(&kana_parts()?).1.to_owned(),
            // The others make no string, and were asked before.
            _ => text::clean(native)?,
        })
    }

    /// FHIR → native; `None` when the value is not one that this converter makes.
    pub(crate) fn to_native(&self, value: &Value) -> Option<Content> {
        let string = || value.as_str().map(str::to_owned);
        match self {
            Self::Text | Self::Digits(..) | Self::Word(..) | Self::PostalCode | Self::Phone => {
                string().map(Content::Text)
            }
            Self::Day(style) => day::from_iso(value.as_str()?, *style).map(Content::Text),
            Self::Quantity => quantity::to_native(value).map(Content::Text),
            Self::Name | Self::Kana => {
                string().map(|name| Content::Text(name.replace(' ', "\u{3000}")))
            }
            Self::Date(form) => text::date_from_iso(value.as_str()?, form).map(Content::Text),
            Self::Prefix(prefix) => value
                .as_str()?
                .strip_prefix(prefix)
                .map(|rest| Content::Text(rest.to_owned())),
            Self::Boolean(yes, no) => Some(Content::Text(if value.as_bool()? {
                yes.clone()
            } else {
                no.clone()
            })),
            Self::Integer(..) | Self::Decimal => value
                .as_number()
                .map(|number| Content::Number(number.to_string())),
            Self::Xhtml => text::from_xhtml(value.as_str()?).map(Content::Text),
            Self::Codes(map, shape) => uncoded(value, map, *shape).map(Content::Text),
            Self::FamilyName | Self::GivenName | Self::FamilyKana | Self::GivenKana => None,
        }
    }
}

fn name_parts(native: &str) -> (&str, &str) {
    let native = native.trim();
    native
        .split_once(['\u{3000}', ' '])
        .map_or((native, ""), |(family, given)| (family, given.trim()))
}

fn boolean(native: &str, yes: &str, no: &str) -> Result<Value, Unfit> {
    match native {
        word if word == yes => Ok(Value::Bool(true)),
        word if word == no => Ok(Value::Bool(false)),
        _ => Err(Unfit {
            rule: format!("「{yes}」か「{no}」で記入してください / must be one of: {yes}, {no}"),
            code: true,
        }),
    }
}

fn integer(native: &str, min: i64, max: i64) -> Result<Value, Unfit> {
    let number = native
        .parse::<i64>()
        .ok()
        .filter(|number| number.to_string() == native);
    match number {
        Some(number) if (min..=max).contains(&number) => Ok(Value::from(number)),
        _ => Err(Unfit::value(format!(
            "{min} から {max} までの整数で記入してください / must be a whole number from {min} to {max}"
        ))),
    }
}

fn decimal(native: &str) -> Result<Value, Unfit> {
    let plain = native.len() <= 18
        && native
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    match native.parse::<serde_json::Number>() {
        Ok(number) if plain => Ok(Value::Number(number)),
        _ => Err(Unfit::value(
            "半角の数値で記入してください / must be a number in ASCII digits",
        )),
    }
}

fn coded(native: &str, map: &CodeMap, shape: Shape) -> Result<Converted, Unfit> {
    let Some(code) = map.of_native(native) else {
        let known: Vec<&str> = map
            .codes()
            .iter()
            .take(20)
            .map(|code| code.native.as_str())
            .collect();
        let more = if map.codes().len() > known.len() {
            ", …"
        } else {
            ""
        };
        let list = format!("{}{more}", known.join(", "));
        let rule = format!(
            "コード表「{}」にない値です。使える値: {list} / not in the code list; must be one of: {list}",
            map.name
        );
        return Err(Unfit { rule, code: true });
    };
    let value = match shape {
        Shape::Concept => serde_json::json!({"coding": [code.coding()]}),
        Shape::Coding => code.coding(),
        Shape::Code => Value::String(code.code.clone()),
    };
    Ok(Converted {
        value,
        loss: (!code.exact).then_some(INEXACT),
    })
}

fn uncoded(value: &Value, map: &CodeMap, shape: Shape) -> Option<String> {
    let of_coding = |coding: &Value| {
        let (system, code) = (
            coding.get("system")?.as_str()?,
            coding.get("code")?.as_str()?,
        );
        map.of_coding(system, code)
    };
    let code = match shape {
        Shape::Concept => value
            .get("coding")?
            .as_array()?
            .iter()
            .find_map(of_coding)?,
        Shape::Coding => of_coding(value)?,
        Shape::Code => map.of_code(value.as_str()?)?,
    };
    Some(code.native.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::convert_parse::parse;

    #[test]
    fn samples_come_back() {
        let map = {
            let mut mistakes = crate::mistake::Mistakes::of_file("c");
            let lines = "native,system,code,display,equivalence,preferred\n男,s,male,M,,\n女,s,female,F,inexact,\n";
            Arc::new(crate::codes::read("gender", lines, &mut mistakes))
        };
        let mut all: Vec<Convert> = [
            "text",
            "name",
            "kana",
            "date(MM/DD/YYYY)",
            "date(YYYYMMDD)",
            "day(era)",
            "day(slashed)",
            "day(iso)",
            "phone",
            "quantity",
            "digits(6)",
            "word(1,15)",
            "postal-code",
            "prefix(urn:x)",
            "boolean(あり,なし)",
            "integer(0,200)",
            "decimal",
            "xhtml",
        ]
        .map(|written| parse(written).expect(written))
        .to_vec();
        all.extend(
            [Shape::Concept, Shape::Coding, Shape::Code]
                .map(|shape| Convert::Codes(map.clone(), shape)),
        );
        for convert in &all {
            for n in [0, 1, 2, 17, 123] {
                let sample = convert.sample(n);
                let (Content::Text(native) | Content::Number(native)) = &sample else {
                    panic!("a value")
                };
                let fhir = convert
                    .to_fhir(native)
                    .unwrap_or_else(|e| panic!("{convert:?} {native} {e:?}"));
                assert_eq!(convert.to_native(&fhir.value), Some(sample), "{convert:?}");
            }
        }
    }

    #[test]
    fn unknown_codes_name_the_known_ones() {
        let unfit = parse("boolean(あり,なし)").and_then(|c| c.to_fhir("不明").map_err(|u| u.rule));
        assert!(unfit.is_err_and(|rule| rule.contains("あり") && rule.contains("must be one of")));
        assert_eq!(
            parse("integer(0,9)").map(|c| c.to_fhir("10").is_err()),
            Ok(true)
        );
        assert_eq!(
            parse("decimal").map(|c| c.to_fhir("1.50").map(|v| v.value.to_string())),
            Ok(Ok("1.50".to_owned()))
        );
        assert_eq!(
            parse("decimal").map(|c| c.to_fhir("1e5").is_err()),
            Ok(true)
        );
    }

    #[test]
    fn one_way_parts_of_names() {
        for (written, expected) in [("family-name", "見本"), ("given-name", "太郎")] {
            let convert = parse(written).expect(written);
            assert!(convert.is_one_way());
            assert_eq!(
                convert.to_fhir("見本　太郎").map(|c| c.value),
                Ok(json!(expected))
            );
        }
    }
}
