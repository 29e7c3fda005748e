//! Conversions of text: what the converters are made of. Each rule is Japanese first, then English.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

/// The years in which residents of a network were born or treated; outside, a date is a slip of the pen.
const YEARS: std::ops::RangeInclusive<i16> = 1850..=2200;

/// Text that FHIR can hold. A soft return (vertical tab, in some databases) becomes a line feed.
pub(crate) fn clean(native: &str) -> Result<String, &'static str> {
    let text = native.replace('\u{b}', "\n");
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
    {
        return Err("制御文字は使えません / control characters are not allowed");
    }
    if text.chars().any(is_invisible) {
        return Err("見えない制御文字は使えません / invisible control characters are not allowed");
    }
    Ok(text)
}

/// Characters that turn the direction of what follows, or that nobody sees: a name must read as it is.
/// Variation selectors stay, they choose the shape of a kanji.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
}

/// Full-width katakana, from half-width kana and hiragana too; parts divided by an ASCII space.
pub(crate) fn kana(native: &str) -> Result<String, &'static str> {
    let folded: String = native.nfkc().map(to_katakana).collect();
    let fits = |c: char| c == ' ' || ('\u{30a1}'..='\u{30fe}').contains(&c);
    if folded.chars().all(fits) && !folded.trim().is_empty() {
        Ok(folded)
    } else {
        Err("カタカナで記入してください / must be in katakana")
    }
}

fn to_katakana(c: char) -> char {
    match c {
        '\u{3041}'..='\u{3096}' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        other => other,
    }
}

/// Whether a form has year, month and day once each.
pub(crate) fn is_date_form(form: &str) -> bool {
    ["YYYY", "MM", "DD"]
        .iter()
        .all(|part| form.matches(part).count() == 1)
        && form
            .chars()
            .all(|c| matches!(c, 'Y' | 'M' | 'D') || c.is_ascii_punctuation())
        && form.chars().filter(|c| c.is_ascii_alphabetic()).count() == 8
}

/// A day in a form → `YYYY-MM-DD`.
pub(crate) fn date_to_iso(native: &str, form: &str) -> Result<String, String> {
    let wrong_form =
        || format!("日付は {form} の形で記入してください / a date must be written {form}");
    let shaped = native.len() == form.len()
        && native.chars().zip(form.chars()).all(|(c, f)| {
            if f.is_ascii_alphabetic() {
                c.is_ascii_digit()
            } else {
                c == f
            }
        });
    if !shaped {
        return Err(wrong_form());
    }
    let part = |name: &str| {
        let at = form.find(name)?;
        native.get(at..at + name.len())?.parse::<i16>().ok()
    };
    let (Some(year), Some(month), Some(day)) = (part("YYYY"), part("MM"), part("DD")) else {
        return Err(wrong_form());
    };
    let (month, day) = (
        i8::try_from(month).unwrap_or(0),
        i8::try_from(day).unwrap_or(0),
    );
    match Date::new(year, month, day) {
        Ok(date) if YEARS.contains(&year) => Ok(date.to_string()),
        _ => Err(format!(
            "実在しない日付です({form}) / not a date that exists ({form})"
        )),
    }
}

/// `YYYY-MM-DD` → a day in a form. The day of a longer date and time counts.
pub(crate) fn date_from_iso(iso: &str, form: &str) -> Option<String> {
    let day: Date = iso.get(..10)?.parse().ok()?;
    if !(iso.len() == 10 || iso.get(10..11) == Some("T")) {
        return None;
    }
    let (year, month, day) = (day.year(), day.month(), day.day());
    Some(
        form.replace("YYYY", &format!("{year:04}"))
            .replace("MM", &format!("{month:02}"))
            .replace("DD", &format!("{day:02}")),
    )
}

/// A day in a form, the `n`th of many: later ones come later.
pub(crate) fn sample_date(n: usize, form: &str) -> String {
    let days = i64::try_from(n % 1_000).unwrap_or(0) * 97;
    let day = Date::constant(1900, 1, 1).checked_add(jiff::Span::new().days(days));
    day.ok()
        .and_then(|day| date_from_iso(&day.to_string(), form))
        .unwrap_or_default()
}

/// ASCII digits, so many.
pub(crate) fn digits(native: &str, min: usize, max: usize) -> Result<String, String> {
    if native.chars().all(|c| c.is_ascii_digit()) && (min..=max).contains(&native.len()) {
        return Ok(native.to_owned());
    }
    let count = count_text(min, max);
    Err(format!(
        "半角数字{count}桁で記入してください / must be {count} ASCII digits"
    ))
}

/// ASCII letters, digits and hyphens, so many.
pub(crate) fn word(native: &str, min: usize, max: usize) -> Result<String, String> {
    if native
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-')
        && (min..=max).contains(&native.len())
    {
        return Ok(native.to_owned());
    }
    let count = count_text(min, max);
    Err(format!(
        "半角英数字{count}文字で記入してください / must be {count} ASCII letters or digits"
    ))
}

fn count_text(min: usize, max: usize) -> String {
    if min == max {
        min.to_string()
    } else {
        format!("{min}-{max}")
    }
}

/// A Japanese postal code, with or without its hyphen.
pub(crate) fn postal_code(native: &str) -> Result<String, &'static str> {
    let digits = native.chars().filter(char::is_ascii_digit).count() == 7;
    let hyphen =
        native.len() == 7 || (native.len() == 8 && native.as_bytes().get(3) == Some(&b'-'));
    if digits && hyphen {
        Ok(native.to_owned())
    } else {
        Err("郵便番号は 090-0000 の形で記入してください / a postal code must be written 090-0000")
    }
}

/// Full-width letters and digits as ASCII, half-width kana as full-width.
pub(crate) fn folded(native: &str) -> String {
    native.nfkc().collect()
}

/// A Japanese telephone number: ten or eleven digits, with or without hyphens. Full-width digits and the
/// many dashes that keyboards offer become ASCII.
pub(crate) fn phone(native: &str) -> Result<String, &'static str> {
    let plain: String = native
        .nfkc()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| match letter {
            '‐' | '‑' | '–' | '—' | '―' | '−' | 'ー' => '-',
            other => other,
        })
        .collect();
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    let hyphens = plain.split('-').all(|part| !part.is_empty());
    let only = plain.chars().all(|c| c.is_ascii_digit() || c == '-');
    if only && hyphens && (10..=11).contains(&digits) && plain.starts_with('0') {
        Ok(plain)
    } else {
        Err(
            "電話番号は 0157-23-1234 の形で記入してください / a telephone number must be written 0157-23-1234: 10 or 11 digits, hyphens",
        )
    }
}

const DIV: &str = "<div xmlns=\"http://www.w3.org/1999/xhtml\">";

/// Text as a narrative: markup escaped, returns as line breaks.
pub(crate) fn to_xhtml(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\r', "<br/>");
    format!("{DIV}{escaped}</div>")
}

/// A narrative of ours → its text; `None` for other markup.
pub(crate) fn from_xhtml(narrative: &str) -> Option<String> {
    let inside = narrative
        .strip_prefix(DIV)?
        .strip_suffix("</div>")?
        .replace("<br/>", "\r");
    if inside.contains('<') {
        return None;
    }
    Some(
        inside
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist() {
        let form = "MM/DD/YYYY";
        assert_eq!(date_to_iso("02/29/1940", form).as_deref(), Ok("1940-02-29"));
        for wrong in [
            "02/30/2026",
            "13/01/2026",
            "00/10/2026",
            "02/29/2023",
            "01/01/0000",
        ] {
            assert!(
                date_to_iso(wrong, form).is_err_and(|rule| rule.contains("実在しない日付")),
                "{wrong}"
            );
        }
        for wrong in [
            "2026-02-03",
            "2/3/2026",
            "02/03/26",
            "０２/03/2026",
            "",
            "02/03/2026 ",
        ] {
            assert!(
                date_to_iso(wrong, form).is_err_and(|rule| rule.contains("形で")),
                "{wrong}"
            );
        }
        assert_eq!(
            date_from_iso("1940-02-29", form).as_deref(),
            Some("02/29/1940")
        );
        assert_eq!(
            date_from_iso("1940-02-29T10:00:00+09:00", form).as_deref(),
            Some("02/29/1940")
        );
        assert_eq!(date_from_iso("1940-02", form), None);
        assert!(
            is_date_form("YYYYMMDD") && !is_date_form("YYYY/MM") && !is_date_form("DD.MM.YYYYY")
        );
    }

    #[test]
    fn kana_is_folded_to_full_width_katakana() {
        assert_eq!(kana("ｷﾀﾐ　ﾀﾛｳ").as_deref(), Ok("キタミ タロウ"));
        assert_eq!(kana("きたみ　たろう").as_deref(), Ok("キタミ タロウ"));
        assert_eq!(kana("ｶﾞｰﾈｯﾄ").as_deref(), Ok("ガーネット"));
        assert!(kana("北見").is_err() && kana("Kitami").is_err() && kana("　").is_err());
    }

    #[test]
    fn narratives_keep_every_character() {
        for text in ["一行", "二\r行", "a & b < c > d &amp; <br/>", "\ttab\nline"] {
            assert_eq!(from_xhtml(&to_xhtml(text)).as_deref(), Some(text));
        }
        assert_eq!(
            from_xhtml("<div xmlns=\"http://www.w3.org/1999/xhtml\"><b>x</b></div>"),
            None
        );
    }

    #[test]
    fn lengths_and_shapes() {
        assert!(
            digits("123456", 6, 6).is_ok()
                && digits("12345", 6, 6).is_err()
                && digits("１２３４５６", 6, 6).is_err()
        );
        assert!(word("H123456789", 10, 10).is_ok() && word("%' OR 1=1", 1, 10).is_err());
        assert!(
            postal_code("090-0015").is_ok()
                && postal_code("0900015").is_ok()
                && postal_code("09-00015").is_err()
        );
        for (written, number) in [
            ("0157-23-1234", "0157-23-1234"),
            ("０９０ー１２３４−５６７８", "090-1234-5678"),
            ("0157231234", "0157231234"),
        ] {
            assert_eq!(phone(written).as_deref(), Ok(number));
        }
        for wrong in [
            "",
            "23-1234",
            "0157--231234",
            "0157-23-1234-",
            "内線12",
            "+81157231234",
        ] {
            assert!(phone(wrong).is_err(), "{wrong}");
        }
        assert!(clean("a\u{0}").is_err() && clean("a\u{b}b").as_deref() == Ok("a\nb"));
    }
}
