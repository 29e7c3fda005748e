//! `&amp;` and `&#x41;`: the five entities of XML and characters by their numbers, and nothing else.

/// What a reference between `&` and `;` stands for.
pub(super) fn resolve(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "apos" => return Some('\''),
        "quot" => return Some('"'),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // No sign and no more digits than a character has: `from_str_radix` takes a plus.
    let fits =
        (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let character = fits
        .then(|| u32::from_str_radix(digits, radix).ok())
        .flatten()
        .and_then(char::from_u32)?;
    is_xml(character).then_some(character)
}

/// Whether XML 1.0 has the character (production 2).
pub(super) const fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// An attribute's value: references resolved, line ends and tabs as spaces. `Err` holds where a reference is wrong.
pub(super) fn attribute(raw: &str) -> Result<String, usize> {
    let mut value = String::with_capacity(raw.len());
    let mut at = 0;
    while let Some(found) = raw.get(at..).and_then(|rest| rest.find('&')) {
        let start = at + found;
        push_plain(&mut value, raw.get(at..start).unwrap_or_default());
        let rest = raw.get(start + 1..).unwrap_or_default();
        // Names are short: a far semicolon belongs to something else.
        let end = rest
            .bytes()
            .take(12)
            .position(|byte| byte == b';')
            .ok_or(start)?;
        value.push(rest.get(..end).and_then(resolve).ok_or(start)?);
        at = start + end + 2;
    }
    push_plain(&mut value, raw.get(at..).unwrap_or_default());
    Ok(value)
}

fn push_plain(value: &mut String, plain: &str) {
    let mut characters = plain.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\t' => value.push(' '),
            _ => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_entities_and_characters() {
        assert_eq!(
            attribute("a&lt;&#x3042;&#12354;&amp;&quot;\r\n\tb"),
            Ok("a<ああ&\"  b".to_owned())
        );
        for wrong in [
            "&",
            "&amp",
            "&x;",
            "&#0;",
            "&#x110000;",
            "&#xd800;",
            "&#;",
            "&#+65;",
            "&#x;",
            "&#99999999999;",
            "& amp;",
            "&nbsp;",
        ] {
            assert_eq!(attribute(&format!("ab{wrong}")), Err(2), "{wrong}");
        }
    }
}
