//! Text to bytes of a charset. Nothing is replaced: what the charset does not have is reported, all of it.

use encoding_rs::{EncoderResult, SHIFT_JIS};

use super::encoding::{Encoding, Sets, Switch};
use super::error::Lacking;
use super::iso2022::{ESC, Marks, hl7_switch, other_escape};
use super::jis::{KANJI, SUPPLEMENT, is_vendor_row, same_code};

/// At most so many characters are reported for a text.
const REPORTED: usize = 100;

/// Appends a text in a charset; text in ISO 2022 begins and ends in ASCII. `marks`: what delimits fields in
/// the message that it becomes part of.
///
/// # Errors
/// The characters that the charset lacks, at most a hundred; `out` then has the others.
pub fn encode(
    text: &str,
    encoding: Encoding,
    marks: Marks<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Vec<Lacking>> {
    let mut lacking = Vec::new();
    match encoding {
        Encoding::Utf8 => out.extend_from_slice(text.as_bytes()),
        Encoding::Ms932 => ms932(text, out, &mut lacking),
        Encoding::Iso2022(sets) => iso2022(text, sets, marks, out, &mut lacking),
    }
    if lacking.is_empty() {
        Ok(())
    } else {
        Err(lacking)
    }
}

/// The first characters of a text that a charset lacks.
#[must_use]
pub fn lacking(text: &str, encoding: Encoding) -> Vec<Lacking> {
    encode(text, encoding, Marks::USUAL, &mut Vec::new())
        .err()
        .unwrap_or_default()
}

fn report(lacking: &mut Vec<Lacking>, character: char, at: usize, encoding: Encoding) {
    if lacking.len() < REPORTED {
        lacking.push(Lacking {
            character,
            at,
            charset: encoding.name(),
        });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Ascii,
    Kanji,
    Supplement,
    Kana,
    Roman,
}

fn iso2022(
    text: &str,
    sets: Sets,
    marks: Marks<'_>,
    out: &mut Vec<u8>,
    lacking: &mut Vec<Lacking>,
) {
    let mut state = State {
        sets,
        marks,
        current: Written::Ascii,
        form: sets.switch,
        lone: false,
    };
    // Behind the HL7 escape that was met last.
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        let Some((set, code, len)) = code(c, sets, marks) else {
            report(lacking, c, at, Encoding::Iso2022(sets));
            continue;
        };
        state.go(set, out);
        out.extend_from_slice(code.get(..len).unwrap_or_default());
        let is_escape = marks.escape == Some(code[0]);
        if set != Written::Ascii {
            // This one character begins like the switch back, `\C`; behind it the reader is told once more.
            if is_escape && state.form == Switch::Hl7 {
                state.go(Written::Ascii, out);
            }
        } else if is_escape && at >= passed {
            // Text that reads like a switch is none once an idle escape sequence divides it.
            if hl7_switch(text.as_bytes(), at, code[0]).is_some() {
                switch(Written::Ascii, Switch::Escape, None, out);
            }
            let whole = other_escape(text.as_bytes(), at, marks);
            state.lone = whole.is_none();
            passed = at + whole.unwrap_or(1);
        } else if marks.has(code[0]) && at >= passed {
            state.lone = false;
        }
    }
    state.go(Written::Ascii, out);
}

/// Where the text stands.
struct State<'m> {
    sets: Sets,
    marks: Marks<'m>,
    current: Written,
    /// How the set in use was switched to, and is left.
    form: Switch,
    /// An escape character that opens nothing came before: a switch of HL7 would close it.
    lone: bool,
}

impl State<'_> {
    fn go(&mut self, set: Written, out: &mut Vec<u8>) {
        if set == self.current {
            return;
        }
        if self.current == Written::Ascii {
            self.form = if self.lone {
                Switch::Escape
            } else {
                self.sets.switch
            };
            self.lone = false;
        }
        switch(set, self.form, self.marks.escape, out);
        self.current = set;
    }
}

fn code(c: char, sets: Sets, marks: Marks<'_>) -> Option<(Written, [u8; 2], usize)> {
    if let Ok(byte) = u8::try_from(u32::from(c))
        && byte.is_ascii()
    {
        return (byte != ESC).then_some((Written::Ascii, [byte, 0], 1));
    }
    if sets.kana && ('\u{ff61}'..='\u{ff9f}').contains(&c) {
        let byte = u8::try_from(u32::from(c) - 0xff40).ok()?;
        return Some((Written::Kana, [byte, 0], 1));
    }
    let roman = match c {
        '¥' => Some(0x5c),
        '‾' => Some(0x7e),
        _ => None,
    };
    if let Some(byte) = roman.filter(|byte| sets.roman && !marks.has(*byte)) {
        return Some((Written::Roman, [byte, 0], 1));
    }
    let kanji = sets.kanji.then(|| KANJI.encode(same_code(c))).flatten();
    if let Some(code) = kanji
        && (sets.vendor_rows || !is_vendor_row(code[0]))
    {
        return Some((Written::Kanji, code, 2));
    }
    let code = sets.supplement.then(|| SUPPLEMENT.encode(c)).flatten()?;
    Some((Written::Supplement, code, 2))
}

fn switch(set: Written, form: Switch, escape: Option<u8>, out: &mut Vec<u8>) {
    let (designation, kind, digits): (&[u8], u8, &[u8]) = match set {
        Written::Ascii => (b"(B", b'C', b"2842"),
        Written::Kanji => (b"$B", b'M', b"2442"),
        Written::Supplement => (b"$(D", b'M', b"242844"),
        Written::Kana => (b"(I", b'C', b"2849"),
        Written::Roman => (b"(J", b'C', b"284A"),
    };
    match (form, escape) {
        (Switch::Hl7, Some(escape)) => {
            out.extend_from_slice(&[escape, kind]);
            out.extend_from_slice(digits);
            out.push(escape);
        }
        _ => {
            out.push(ESC);
            out.extend_from_slice(designation);
        }
    }
}

fn ms932(text: &str, out: &mut Vec<u8>, lacking: &mut Vec<Lacking>) {
    let mut encoder = SHIFT_JIS.new_encoder();
    let mut own = [0_u8; 8];
    for (at, c) in text.char_indices() {
        if c.is_ascii() {
            out.extend(u8::try_from(u32::from(c)));
            continue;
        }
        if let Some(code) = own_character(c) {
            out.extend_from_slice(&code);
            continue;
        }
        let (result, _, written) = encoder.encode_from_utf8_without_replacement(
            same_code(c).encode_utf8(&mut [0; 4]),
            &mut own,
            false,
        );
        // The WHATWG table maps ¥ and ‾ to the backslash and the tilde: another character, another meaning.
        if result == EncoderResult::InputEmpty && !matches!(c, '¥' | '‾') {
            out.extend_from_slice(own.get(..written).unwrap_or_default());
        } else {
            report(lacking, c, at, Encoding::Ms932);
        }
    }
}

/// 外字: U+E000–U+E757 are F040–F9FC.
fn own_character(c: char) -> Option<[u8; 2]> {
    let index = u32::from(c).checked_sub(0xe000).filter(|i| *i < 1_880)?;
    let lead = u8::try_from(0xf0 + index / 188).ok()?;
    let trail = u8::try_from(index % 188).ok()?;
    Some([lead, trail + if trail < 0x3f { 0x40 } else { 0x41 }])
}
