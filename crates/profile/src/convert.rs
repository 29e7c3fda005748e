//! The closed list of converters. Each has its inverse; the few that have none may stand in one-way rows only.

use std::sync::Arc;

use renkei_wire::Content;
use serde_json::Value;

use crate::codes::CodeMap;
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
    /// ASCII digits, so many.
    Digits(usize, usize),
    /// ASCII letters, digits and hyphens, so many.
    Word(usize, usize),
    /// A Japanese postal code.
    PostalCode,
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
    fn value(rule: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            code: false,
        }
    }
}

/// A value in FHIR, and whether its code means exactly the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Converted {
    pub(crate) value: Value,
    pub(crate) exact: bool,
}

impl Convert {
    const fn characters_max(&self) -> usize {
        match self {
            Self::Name
            | Self::Kana
            | Self::FamilyName
            | Self::GivenName
            | Self::FamilyKana
            | Self::GivenKana => NAME_MAX,
            _ => TEXT_MAX,
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
            Self::Text => Value::String(text::clean(native).map_err(Unfit::value)?),
            Self::Name => Value::String(
                text::clean(native)
                    .map_err(Unfit::value)?
                    .replace('\u{3000}', " "),
            ),
            Self::Kana => Value::String(text::kana(native).map_err(Unfit::value)?),
            Self::Date(form) => {
                Value::String(text::date_to_iso(native, form).map_err(Unfit::value)?)
            }
            Self::Digits(min, max) => {
                Value::String(text::digits(native, *min, *max).map_err(Unfit::value)?)
            }
            Self::Word(min, max) => {
                Value::String(text::word(native, *min, *max).map_err(Unfit::value)?)
            }
            Self::PostalCode => Value::String(text::postal_code(native).map_err(Unfit::value)?),
            Self::Prefix(prefix) => Value::String(format!(
                "{prefix}{}",
                text::word(native, 1, 64).map_err(Unfit::value)?
            )),
            Self::Boolean(yes, no) => boolean(native, yes, no)?,
            Self::Integer(min, max) => integer(native, *min, *max)?,
            Self::Decimal => decimal(native)?,
            Self::Xhtml => {
                Value::String(text::to_xhtml(&text::clean(native).map_err(Unfit::value)?))
            }
            Self::Codes(map, shape) => return coded(native, map, *shape),
            Self::FamilyName => Value::String(name_parts(native).0.to_owned()),
            Self::GivenName => Value::String(name_parts(native).1.to_owned()),
            Self::FamilyKana => Value::String(
                name_parts(&text::kana(native).map_err(Unfit::value)?)
                    .0
                    .to_owned(),
            ),
            Self::GivenKana => Value::String(
                name_parts(&text::kana(native).map_err(Unfit::value)?)
                    .1
                    .to_owned(),
            ),
        };
        Ok(Converted { value, exact: true })
    }

    /// FHIR → native; `None` when the value is not one that this converter makes.
    pub(crate) fn to_native(&self, value: &Value) -> Option<Content> {
        let string = || value.as_str().map(str::to_owned);
        match self {
            Self::Text | Self::Digits(..) | Self::Word(..) | Self::PostalCode => {
                string().map(Content::Text)
            }
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

    /// A native value that this converter takes, the `n`th of many; for proving a plan.
    pub(crate) fn sample(&self, n: usize) -> Content {
        Content::Text(match self {
            Self::Text | Self::Xhtml => format!("見本{n} <&>\r二行目"),
            Self::Name => format!("見本　名前{n}"),
            Self::Kana => "ミホン　ナマエ".to_owned() + &"ア".repeat(n % 9 + 1),
            Self::Date(form) => text::sample_date(n, form),
            Self::Digits(min, max) | Self::Word(min, max) => {
                let digits = format!("{n:0width$}", width = *min.max(&1));
                digits
                    .chars()
                    .rev()
                    .take(*max)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect()
            }
            Self::PostalCode => format!("{:03}-{:04}", n % 1000, n),
            Self::Prefix(_) => format!("W{n}"),
            Self::Boolean(yes, no) => {
                if n.is_multiple_of(2) {
                    yes.clone()
                } else {
                    no.clone()
                }
            }
            Self::Integer(min, max) => {
                let width = max.saturating_sub(*min).saturating_add(1).max(1);
                let offset = i64::try_from(n).unwrap_or(0) % width;
                return Content::Number((min + offset).to_string());
            }
            Self::Decimal => return Content::Number(format!("{n}.50")),
            Self::Codes(map, _) => map
                .codes()
                .get(n % map.codes().len().max(1))
                .map_or_else(String::new, |c| c.native.clone()),
            Self::FamilyName | Self::GivenName | Self::FamilyKana | Self::GivenKana => {
                String::new()
            }
        })
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
        exact: code.exact,
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

/// Reads a converter as it is written: `date(MM/DD/YYYY)`.
pub(crate) fn parse(written: &str) -> Result<Convert, String> {
    let (name, arguments) = match written.split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')').ok_or("a \")\" is missing")?),
        None => (written, ""),
    };
    let count = |what: &str| arguments_of(arguments).ok_or(format!("{name} needs {what}"));
    let simple = |convert: Convert| {
        if arguments.is_empty() {
            Ok(convert)
        } else {
            Err(format!("{name} takes nothing in brackets"))
        }
    };
    match name {
        "text" => simple(Convert::Text),
        "name" => simple(Convert::Name),
        "kana" => simple(Convert::Kana),
        "postal-code" => simple(Convert::PostalCode),
        "decimal" => simple(Convert::Decimal),
        "xhtml" => simple(Convert::Xhtml),
        "family-name" => simple(Convert::FamilyName),
        "given-name" => simple(Convert::GivenName),
        "family-kana" => simple(Convert::FamilyKana),
        "given-kana" => simple(Convert::GivenKana),
        "date" if text::is_date_form(arguments) => Ok(Convert::Date(arguments.to_owned())),
        "date" => {
            Err("date needs its form: date(MM/DD/YYYY), with YYYY, MM and DD once each".to_owned())
        }
        "digits" => count("a length: digits(6) or digits(1,8)").map(|(a, b)| Convert::Digits(a, b)),
        "word" => count("a length: word(6) or word(1,8)").map(|(a, b)| Convert::Word(a, b)),
        "prefix" if !arguments.is_empty() => Ok(Convert::Prefix(arguments.to_owned())),
        "prefix" => Err("prefix needs the text in front: prefix(urn:oid:1.2)".to_owned()),
        "boolean" => match arguments.split_once(',') {
            Some((yes, no)) if !yes.is_empty() && !no.is_empty() && yes != no => {
                Ok(Convert::Boolean(yes.to_owned(), no.to_owned()))
            }
            _ => Err("boolean needs two words: boolean(あり,なし)".to_owned()),
        },
        "integer" => match arguments
            .split_once(',')
            .map(|(a, b)| (a.parse(), b.parse()))
        {
            Some((Ok(min), Ok(max))) if min <= max => Ok(Convert::Integer(min, max)),
            _ => Err("integer needs two bounds: integer(0,99)".to_owned()),
        },
        _ => Err(format!("unknown converter \"{name}\"")),
    }
}

/// `6` is 6 to 6, `1,8` is 1 to 8.
fn arguments_of(arguments: &str) -> Option<(usize, usize)> {
    let (min, max) = arguments.split_once(',').unwrap_or((arguments, arguments));
    let (min, max) = (min.parse().ok()?, max.parse().ok()?);
    (1 <= min && min <= max).then_some((min, max))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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

    #[test]
    fn mistakes_in_converters() {
        for wrong in [
            "texts",
            "date",
            "date(MM/DD)",
            "digits",
            "digits(0)",
            "digits(3,2)",
            "boolean(a)",
            "integer(5,1)",
            "text(1)",
            "date(MM/DD/YYYY",
            "prefix",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
