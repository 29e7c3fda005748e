//! What stood in a file, made fit to be printed: a terminal must never obey it.

use unicode_width::UnicodeWidthChar;

/// A text on one line, in at most `most` characters; everything that would move the cursor, change colours, turn the
/// direction of writing or be invisible is written between ⟨ and ⟩.
pub(super) fn printable(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most * 4));
    let mut characters = text.chars();
    for c in characters.by_ref().take(most) {
        match c {
            '\n' => out.push_str("⟨LF⟩"),
            '\r' => out.push_str("⟨CR⟩"),
            '\t' => out.push_str("⟨TAB⟩"),
            c if c.is_ascii_control() => out.push_str(&format!("⟨{:02X}⟩", u32::from(c))),
            c if is_hidden(c) => out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c))),
            c => out.push(c),
        }
    }
    let more = characters.count();
    if more > 0 {
        out.push_str(&format!("…(+{more}字 / more)"));
    }
    out
}

/// Controls, marks of direction, widthless characters, 外字, and what could not be decoded.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}'
                | '\u{e0000}'..='\u{10ffff}'
        )
}

/// How many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// A text filled up with spaces to a number of columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(spaces))
}

/// Bytes of no known charset, as text: in the first of the usual charsets that reads them, U+FFFD for what none does.
pub(super) fn guessed(bytes: &[u8]) -> String {
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // Only cut in the middle of its last character.
        Err(error) if error.error_len().is_none() => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole)
                .ok()
                .filter(|text| !text.is_ascii())
        }
        Err(_) => None,
    };
    let encoding = match utf8 {
        Some(text) if !text.contains("\u{1b}$") => return text.to_owned(),
        Some(_) => encoding_rs::ISO_2022_JP,
        None => encoding_rs::SHIFT_JIS,
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_of_it() {
        let bad = "a\u{1b}[2Jb\u{7f}\u{9b}\u{202e}\u{200b}\u{e000}\r\n\\";
        let good = "a⟨1B⟩[2Jb⟨7F⟩⟨U+009B⟩⟨U+202E⟩⟨U+200B⟩⟨U+E000⟩⟨CR⟩⟨LF⟩\\";
        assert_eq!(printable(bad, 100), good);
        assert_eq!(printable("架空太郎", 2), "架空…(+2字 / more)");
        assert_eq!((width("架空a"), padded("架", 4).as_str()), (5, "架  "));
    }

    #[test]
    fn bytes_of_each_usual_charset_read() {
        assert_eq!(guessed("架空".as_bytes()), "架空");
        assert_eq!(guessed(b"\x1b$B2M6u\x1b(B"), "架空");
        assert_eq!(
            guessed("架空\u{1f600}".as_bytes().get(..8).unwrap()),
            "架空"
        );
        assert_eq!(guessed(&encoding_rs::SHIFT_JIS.encode("架空").0), "架空");
    }
}
