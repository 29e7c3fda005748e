//! Bytes in a declared charset to text, with the way back.

use encoding_rs::{DecoderResult, SHIFT_JIS};
use memchr::memmem;
use renkei_model::message::Span;

use super::encoding::{Encoding, Sets};
use super::error::{CharsetError, CharsetFault, CharsetNote};
use super::guess;
use super::iso2022::{self, Decoded, Marks};
use super::offsets::{Offsets, Width};

/// Decodes a message's bytes. `base`: where the first of them stands in the original; `marks`: what
/// delimits fields, which the charset's own rules need to know.
///
/// # Errors
/// The first bytes that are not of this charset, and what they look like instead.
pub fn decode(
    bytes: &[u8],
    base: usize,
    encoding: Encoding,
    marks: Marks<'_>,
) -> Result<(Decoded, Encoding), CharsetError> {
    match encoding {
        Encoding::Iso2022(sets) => {
            let decoded = iso2022::decode(bytes, base, sets, marks)?;
            let used = decoded.sets;
            Ok((decoded, Encoding::Iso2022(used)))
        }
        Encoding::Utf8 => Ok((utf8(bytes, base)?, encoding)),
        Encoding::Ms932 => Ok((ms932(bytes, base)?, encoding)),
    }
}

fn utf8(bytes: &[u8], base: usize) -> Result<Decoded, CharsetError> {
    let declared = Encoding::Utf8.name();
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let rest = bytes.get(at..).unwrap_or_default();
        contradicted(base + at, declared, guess(rest))
    })?;
    if let Some(at) = memmem::find(bytes, b"\x1b$") {
        return Err(contradicted(base + at, declared, "ISO-2022-JP"));
    }
    Ok(Decoded {
        text: text.to_owned(),
        offsets: Offsets::same(base, bytes.len()),
        sets: Sets::default(),
        notes: Vec::new(),
    })
}

fn ms932(bytes: &[u8], base: usize) -> Result<Decoded, CharsetError> {
    let declared = Encoding::Ms932.name();
    if let Some(at) = japanese_utf8(bytes) {
        return Err(contradicted(base + at, declared, "UTF-8"));
    }
    if let Some(at) = memmem::find(bytes, b"\x1b$") {
        return Err(contradicted(base + at, declared, "ISO-2022-JP"));
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2);
    let mut decoder = SHIFT_JIS.new_decoder_without_bom_handling();
    let mut read = 0;
    loop {
        let rest = bytes.get(read..).unwrap_or_default();
        let room = decoder.max_utf8_buffer_length_without_replacement(rest.len());
        text.reserve(room.unwrap_or(rest.len()));
        let (result, more) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        read += more;
        match result {
            DecoderResult::InputEmpty => break,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(bad, after) => {
                let at = read.saturating_sub(usize::from(bad) + usize::from(after));
                let rest = bytes.get(at..).unwrap_or_default();
                return Err(contradicted(base + at, declared, guess(rest)));
            }
        }
    }
    Ok(with_widths(text, base, bytes.len()))
}

/// Where the first Japanese character stands if the bytes are UTF-8 with one. Two half-width kana of MS932
/// may be UTF-8 too, of a Greek or Arabic letter; kana and kanji have three bytes there.
fn japanese_utf8(bytes: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(bytes).ok()?;
    let first = text.find(|c: char| !c.is_ascii())?;
    text.contains(|c: char| c >= '\u{3000}').then_some(first)
}

/// The width of a character follows from the character: MS932 has one byte for ASCII and half-width kana,
/// two for all others.
fn with_widths(text: String, base: usize, len: usize) -> Decoded {
    let mut offsets = Offsets::of(base, len);
    let mut notes = Vec::new();
    let mut byte = base;
    for (at, c) in text.char_indices() {
        let (width, len) = match c {
            '\0'..='\u{7f}' => (Width::Same, 1),
            '\u{80}' | '\u{ff61}'..='\u{ff9f}' => (Width::One, 1),
            _ => (Width::Two, 2),
        };
        if ('\u{e000}'..='\u{f8ff}').contains(&c) && notes.is_empty() {
            let span = Span {
                start: byte,
                end: byte + len,
            };
            notes.push((CharsetNote::OwnCharacter, span));
        }
        offsets.push(width, at, byte, byte + len);
        byte += len;
    }
    Decoded {
        text,
        offsets,
        sets: Sets::default(),
        notes,
    }
}

fn contradicted(at: usize, declared: &'static str, found: &'static str) -> CharsetError {
    CharsetError {
        span: Span {
            start: at,
            end: at + 1,
        },
        kind: CharsetFault::Contradicted { declared, found },
    }
}
