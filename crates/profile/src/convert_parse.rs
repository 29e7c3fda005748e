//! Reading a converter as a row names it.

use crate::convert::Convert;
use crate::convert_day::DayStyle;
use crate::convert_text as text;

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
        "phone" => simple(Convert::Phone),
        "quantity" => simple(Convert::Quantity),
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
        "day" => DayStyle::parse(arguments).map(Convert::Day).ok_or_else(|| {
            format!(
                "day needs the form in which it goes back: {}",
                DayStyle::WORDS
            )
        }),
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
    use super::*;

    #[test]
    fn mistakes_in_converters() {
        for wrong in [
            "texts",
            "date",
            "day",
            "day(julian)",
            "date(MM/DD)",
            "digits",
            "digits(0)",
            "digits(3,2)",
            "boolean(a)",
            "integer(5,1)",
            "text(1)",
            "date(MM/DD/YYYY",
            "prefix",
            "phone(1)",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
