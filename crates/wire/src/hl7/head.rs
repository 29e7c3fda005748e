//! What must be known of the header before the message can be decoded: its separators, its charset.

use memchr::memmem;
use renkei_model::message::Span;

use super::delimiter::Delimiters;
use super::error::{DecodeError, Rule};
use super::place::Place;
use crate::charset::{self, Encoding};

const ESC: u8 = 0x1b;
const CHARSET: usize = 18;
const SCHEME: usize = 20;

/// The header before decoding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub delimiters: Delimiters,
    pub encoding: Encoding,
}

/// Reads the header at the beginning of `bytes`, which stand at `base` in the original.
pub(super) fn read(bytes: &[u8], base: usize) -> Result<Head, DecodeError> {
    let delimiters = delimiters(bytes, base)?;
    let end = bytes
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default();
    let fields = fields(line, delimiters.field, Reading::Iso2022);
    let found = encoding(line, &fields, delimiters, base);
    // The second byte of a kanji of MS932 may be a bar: a header with such a kanji before MSH-18 is cut in
    // the wrong place unless it is read as MS932, which is right if MSH-18 then says so.
    if found.as_ref().ok() != Some(&Encoding::Utf8) && !line.is_ascii() {
        let fields = self::fields(line, delimiters.field, Reading::Ms932);
        if encoding(line, &fields, delimiters, base) == Ok(Encoding::Ms932) {
            let encoding = Encoding::Ms932;
            return Ok(Head {
                delimiters,
                encoding,
            });
        }
    }
    Ok(Head {
        delimiters,
        encoding: found?,
    })
}

/// MSH-1 and MSH-2.
pub(super) fn delimiters(bytes: &[u8], base: usize) -> Result<Delimiters, DecodeError> {
    let field = bytes.get(3).copied().unwrap_or(b'\r');
    let rest = bytes.get(4..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| *byte == field || matches!(byte, b'\r' | b'\n'))
        .unwrap_or(rest.len());
    let found = rest.get(..end).unwrap_or_default();
    Delimiters::read(field, found).ok_or_else(|| DecodeError {
        place: Some(Box::new(Place::header(2))),
        span: Span {
            start: base + 3.min(bytes.len()),
            end: base + (4 + end.min(6)).min(bytes.len()),
        },
        rule: Rule::Delimiters,
    })
}

/// How bytes of the header are taken before the charset is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Escape sequences switch to double-byte characters and back.
    Iso2022,
    /// A byte 81–9F or E0–FC begins a double-byte character.
    Ms932,
}

/// Where each field of the header's line is: index 0 is MSH-2.
fn fields(line: &[u8], separator: u8, reading: Reading) -> Vec<(usize, usize)> {
    let mut fields = Vec::new();
    // The escape character stands third in MSH-2.
    let escape = line.get(6).copied().unwrap_or(separator);
    let (mut start, mut at) = (4, 4);
    let mut double = Double::No;
    while let Some(&byte) = line.get(at) {
        let switched = match double {
            Double::ByEscape => None,
            _ if byte == escape => charset::hl7_switch(line, at, escape),
            _ => None,
        };
        match (reading, byte) {
            (Reading::Ms932, 0x81..=0x9f | 0xe0..=0xfc) => at += 1,
            (Reading::Iso2022, ESC) => double = Double::behind(line.get(at + 1..)),
            (Reading::Iso2022, _) if let Some((len, _)) = switched => {
                let kanji = line.get(at + 1) == Some(&b'M');
                double = if kanji { Double::ByHl7 } else { Double::No };
                at += len - 1;
            }
            _ if double == Double::ByHl7 => at += 1,
            _ if byte == separator && double == Double::No => {
                fields.push((start, at));
                start = at + 1;
                if fields.len() > SCHEME {
                    return fields;
                }
            }
            _ => {}
        }
        at += 1;
    }
    fields.push((start.min(line.len()), line.len()));
    fields
}

/// Whether the bytes of the header are two a character, and what switched to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Double {
    No,
    ByEscape,
    ByHl7,
}

impl Double {
    /// By what stands behind an ESC. Half-width kana count too: their bytes may be separators.
    fn behind(rest: Option<&[u8]>) -> Self {
        match rest {
            Some([b'$', ..] | [b'(', b'I', ..]) => Self::ByEscape,
            _ => Self::No,
        }
    }
}

/// The header's line of something that may be a message: from the first MSH that stands at the beginning or
/// behind a control byte, to the end of the line. Empty if there is none.
#[must_use]
pub fn header(bytes: &[u8]) -> &[u8] {
    let begins = |at: &usize| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        before.is_none_or(|byte| byte.is_ascii_control() || *byte == 0xbf)
    };
    let Some(start) = memmem::find_iter(bytes, b"MSH").find(begins) else {
        return &[];
    };
    let line = bytes.get(start..).unwrap_or_default();
    let end = line
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n' | 0x0b | 0x1c));
    line.get(..end.unwrap_or(line.len())).unwrap_or_default()
}

/// The fields of such a header as they stand, MSH-2 first; double-byte characters of ISO 2022 are not cut.
#[must_use]
pub fn raw_header(bytes: &[u8]) -> Vec<&[u8]> {
    let line = header(bytes);
    let Some(&separator) = line.get(3).filter(|byte| byte.is_ascii_punctuation()) else {
        return Vec::new();
    };
    let fields = fields(line, separator, Reading::Iso2022);
    fields
        .into_iter()
        .map(|(start, end)| line.get(start..end).unwrap_or_default())
        .collect()
}

fn encoding(
    line: &[u8],
    fields: &[(usize, usize)],
    delimiters: Delimiters,
    base: usize,
) -> Result<Encoding, DecodeError> {
    let place = |number: usize| {
        fields
            .get(number - 2)
            .copied()
            .unwrap_or((line.len(), line.len()))
    };
    let text = |number: usize| {
        let (start, end) = place(number);
        // A label is ASCII; whatever is not will be no label.
        line.get(start..end)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("?")
    };
    let repetition = delimiters.repetition.map_or('\r', char::from);
    let labels = text(CHARSET).split(repetition);
    Encoding::of_labels(labels, text(SCHEME)).map_err(|(index, error)| {
        let number = if index.is_some() { CHARSET } else { SCHEME };
        let (start, end) = place(number);
        let mut place = Place::header(number);
        place.repetition = index.map(|index| index + 1);
        DecodeError {
            place: Some(Box::new(place)),
            span: Span {
                start: base + start,
                end: base + end,
            },
            rule: error.into(),
        }
    })
}
