//! HL7's escapes in values (HL7 2.5 section 2.7): text to parts and back.

use super::delimiter::Delimiters;

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as people read it: escaped separators and hexadecimal ASCII are characters here.
    Text(String),
    /// A line break: `\.br\`.
    Break,
    /// Any other escape, without its escape characters: `H` and `N` (highlighting), `.sp2`, `.in+4`
    /// (layout), `Z..` (the sender's own), `X..` that is no ASCII, and what is unknown.
    Command(String),
}

/// One step of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text without escapes.
    Plain(&'t str),
    /// What stands between two escape characters.
    Escape(&'t str),
    /// An escape character that opens nothing.
    Lone,
}

/// Goes through a value's raw text. An escape is what stands between two escape characters, up to 60 000
/// bytes, without separators or control characters in it, which the raw text of one value cannot have.
#[derive(Debug, Clone)]
pub(super) struct Pieces<'t> {
    rest: &'t str,
    escape: Option<char>,
}

impl<'t> Pieces<'t> {
    pub(super) fn new(raw: &'t str, delimiters: &Delimiters) -> Self {
        Self {
            rest: raw,
            escape: delimiters.escape.map(char::from),
        }
    }
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((escape, at)) = self.escape.and_then(|e| Some((e, self.rest.find(e)?))) else {
            return Some(Piece::Plain(std::mem::take(&mut self.rest)));
        };
        if at > 0 {
            let (plain, rest) = self.rest.split_at(at);
            self.rest = rest;
            return Some(Piece::Plain(plain));
        }
        let inside = self.rest.get(1..).unwrap_or_default();
        match inside.split_once(escape) {
            Some((body, rest)) if is_body(body) => {
                self.rest = rest;
                Some(Piece::Escape(body))
            }
            _ => {
                self.rest = inside;
                Some(Piece::Lone)
            }
        }
    }
}

/// Whether this can stand in an escape: begins with a letter or a dot, all of it printable ASCII. `\100円\`
/// is two lone escape characters with text between them.
pub(super) fn is_body(body: &str) -> bool {
    let first = body
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_uppercase() || b == b'.');
    first && body.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

/// Whether an escape is of a kind that the standard has.
pub(super) fn is_known(body: &str, delimiters: &Delimiters) -> bool {
    match body.as_bytes() {
        [letter] => matches!(letter, b'H' | b'N') || delimiters.of_letter(*letter).is_some(),
        [b'X', digits @ ..] => {
            digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)
        }
        [b'Z', ..] => true,
        [b'.', command @ ..] => {
            let word: String = command
                .iter()
                .map(|b| char::from(*b))
                .take_while(char::is_ascii_lowercase)
                .collect();
            matches!(
                word.as_str(),
                "br" | "sp" | "fi" | "nf" | "in" | "ti" | "sk" | "ce"
            )
        }
        _ => false,
    }
}

/// The parts of a value's raw text.
pub(super) fn parts(raw: &str, delimiters: &Delimiters) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for piece in Pieces::new(raw, delimiters) {
        let part = part(piece, delimiters);
        match (parts.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(more)) => before.push_str(&more),
            (_, part) => parts.push(part),
        }
    }
    parts
}

fn part(piece: Piece<'_>, delimiters: &Delimiters) -> Part {
    let escape = delimiters.escape.map(char::from);
    match piece {
        Piece::Plain(text) => Part::Text(text.to_owned()),
        Piece::Lone => Part::Text(escape.map(String::from).unwrap_or_default()),
        Piece::Escape(".br") => Part::Break,
        Piece::Escape(body) => match body.as_bytes() {
            [letter] => match delimiters.of_letter(*letter) {
                Some(mark) => Part::Text(char::from(mark).to_string()),
                None => Part::Command(body.to_owned()),
            },
            [b'X', digits @ ..] => match ascii(digits) {
                Some(text) => Part::Text(text),
                None => Part::Command(body.to_owned()),
            },
            _ => Part::Command(body.to_owned()),
        },
    }
}

/// The ASCII that pairs of hexadecimal digits mean.
fn ascii(digits: &[u8]) -> Option<String> {
    if digits.is_empty() || digits.len() % 2 == 1 {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| {
            let both = pair.iter().all(u8::is_ascii_hexdigit);
            let byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            (both && byte.is_ascii()).then(|| char::from(byte))
        })
        .collect()
}

/// Text with line breaks, and commands as they stand in the message.
pub(super) fn plain(parts: &[Part], delimiters: &Delimiters) -> String {
    let escape = delimiters.escape.map_or('\\', char::from);
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Break => out.push('\n'),
            Part::Command(body) => {
                out.push(escape);
                out.push_str(body);
                out.push(escape);
            }
        }
    }
    out
}

/// Why parts cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unescapable {
    /// The message declares no escape character.
    NoEscape,
    /// A command with a character that cannot stand in an escape.
    Command,
}

/// Writes parts as raw text. Separators, and control characters other than tab, become escapes: a value can
/// neither end its field nor its segment nor an MLLP frame.
pub(super) fn write(
    parts: &[Part],
    delimiters: &Delimiters,
    out: &mut String,
) -> Result<(), Unescapable> {
    for part in parts {
        match part {
            Part::Break => enclose(".br", delimiters, out)?,
            Part::Command(body) => {
                // What reads as text or as a line break is to be given as such.
                let is_command = matches!(
                    self::part(Piece::Escape(body), delimiters),
                    Part::Command(_)
                );
                let mut marks = delimiters.separators();
                marks.extend(delimiters.escape);
                let marks = body.bytes().any(|b| marks.contains(&b));
                if !is_body(body) || marks || !is_command {
                    return Err(Unescapable::Command);
                }
                enclose(body, delimiters, out)?;
            }
            Part::Text(text) => write_text(text, delimiters, out)?,
        }
    }
    Ok(())
}

fn write_text(text: &str, delimiters: &Delimiters, out: &mut String) -> Result<(), Unescapable> {
    for c in text.chars() {
        match u8::try_from(u32::from(c)).ok().filter(u8::is_ascii) {
            Some(byte) => match delimiters.letter_of(byte) {
                Some(letter) => {
                    enclose(char::from(letter).encode_utf8(&mut [0; 4]), delimiters, out)?;
                }
                None if byte.is_ascii_control() && byte != b'\t' => {
                    enclose(&format!("X{byte:02X}"), delimiters, out)?;
                }
                None => out.push(c),
            },
            None => out.push(c),
        }
    }
    Ok(())
}

/// An escape: its body between two escape characters.
pub(super) fn enclose(
    body: &str,
    delimiters: &Delimiters,
    out: &mut String,
) -> Result<(), Unescapable> {
    let escape = char::from(delimiters.escape.ok_or(Unescapable::NoEscape)?);
    out.push(escape);
    out.push_str(body);
    out.push(escape);
    Ok(())
}
