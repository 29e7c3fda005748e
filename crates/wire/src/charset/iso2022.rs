//! ISO-2022-JP as HL7 uses it: bytes to text before anything is split, because the second byte of a kanji
//! may be a delimiter.
//!
//! Rules (ISO 2022; HL7 2.5 sections 2.7.2, 2.15.9.18 and 2.15.9.20; JAHIS データ交換規約 共通編):
//! text is ASCII at the beginning of each segment and after each delimiter. A double-byte set and half-width
//! kana are left by an escape sequence before that: what is not closed there is refused, since their bytes
//! may look like delimiters. JIS X 0201 Roman has the delimiters in ASCII's places and ends with them.

use memchr::{memchr, memchr2_iter};
use renkei_model::message::Span;

use super::encoding::{Sets, Switch};
use super::error::{CharsetError, CharsetFault, CharsetNote};
use super::guess;
use super::jis::{KANJI, SUPPLEMENT, Table, is_vendor_row};
use super::offsets::{Offsets, Width};

pub(super) const ESC: u8 = 0x1b;

/// Decoded bytes with the way back.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// Where its parts stood.
    pub offsets: Offsets,
    /// The sets that were declared or used.
    pub sets: Sets,
    /// What was odd; each kind once, at its first place.
    pub notes: Vec<(CharsetNote, Span)>,
}

/// The bytes that mean something to HL7 in a single-byte set.
#[derive(Debug, Clone, Copy)]
pub struct Marks<'a> {
    /// Field, component, repetition and sub-component separators.
    pub delimiters: &'a [u8],
    /// The escape character, if the message has one.
    pub escape: Option<u8>,
}

impl Marks<'_> {
    /// `|^~&` and `\`.
    pub const USUAL: Self = Self {
        delimiters: b"|^~&",
        escape: Some(b'\\'),
    };

    pub(super) fn has(&self, byte: u8) -> bool {
        self.escape == Some(byte) || self.delimiters.contains(&byte)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    Roman,
    Kana,
    Kanji,
    Supplement,
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    /// How far in the original message `bytes` begin.
    base: usize,
    marks: Marks<'b>,
    declared: Sets,
    set: Set,
    /// Where the set in use was switched to.
    since: Span,
    switch: Switch,
    out: Decoded,
}

/// Decodes a message in ISO 2022. `base`: where its first byte stands in the original.
///
/// # Errors
/// The first bytes that cannot be read.
pub fn decode(
    bytes: &[u8],
    base: usize,
    declared: Sets,
    marks: Marks<'_>,
) -> Result<Decoded, CharsetError> {
    let mut reader = Reader {
        bytes,
        at: 0,
        base,
        marks,
        declared,
        set: Set::Ascii,
        since: Span::default(),
        switch: Switch::Escape,
        out: Decoded {
            text: String::with_capacity(bytes.len() + bytes.len() / 2),
            offsets: Offsets::of(base, bytes.len()),
            sets: declared,
            notes: Vec::new(),
        },
    };
    while reader.at < bytes.len() {
        match reader.set {
            Set::Ascii => reader.ascii()?,
            Set::Roman => reader.roman()?,
            Set::Kana => reader.kana()?,
            Set::Kanji => reader.double(&KANJI)?,
            Set::Supplement => reader.double(&SUPPLEMENT)?,
        }
    }
    if !matches!(reader.set, Set::Ascii | Set::Roman) {
        return Err(reader.not_closed());
    }
    Ok(reader.out)
}

impl Reader<'_> {
    fn ascii(&mut self) -> Result<(), CharsetError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = match self.marks.escape {
            None => memchr(ESC, rest),
            Some(escape) => next_switch(rest, escape, self.marks),
        };
        let end = end.unwrap_or(rest.len());
        let run = rest.get(..end).unwrap_or_default();
        match std::str::from_utf8(run) {
            Ok(text) if text.is_ascii() => self.push_same(text, end),
            _ => return self.beyond_ascii(run),
        }
        if end < rest.len() {
            self.switch()?;
        }
        Ok(())
    }

    /// Takes what is ASCII, then one byte that is not.
    fn beyond_ascii(&mut self, run: &[u8]) -> Result<(), CharsetError> {
        let plain = run.iter().position(|b| !b.is_ascii()).unwrap_or(run.len());
        let text = run.get(..plain).map(std::str::from_utf8);
        self.push_same(text.and_then(Result::ok).unwrap_or_default(), plain);
        match self.bytes.get(self.at) {
            Some(byte @ 0xa1..=0xdf) if self.declared.kana => {
                self.note(CharsetNote::EightBitKana, 1);
                self.push_one(half_width(byte & 0x7f));
                Ok(())
            }
            _ => Err(self.contradicted()),
        }
    }

    fn roman(&mut self) -> Result<(), CharsetError> {
        let Some(&byte) = self.bytes.get(self.at) else {
            return Ok(());
        };
        if byte == ESC || self.escape_switch().is_some() {
            return self.switch();
        }
        let ends = matches!(byte, b'\r' | b'\n') || self.marks.delimiters.contains(&byte);
        if ends {
            self.set = Set::Ascii;
            return Ok(());
        }
        match byte {
            _ if self.marks.escape == Some(byte) => {
                let len = other_escape(self.bytes, self.at, self.marks).unwrap_or(1);
                let own = self.bytes.get(self.at..self.at + len).unwrap_or_default();
                self.push_same(std::str::from_utf8(own).unwrap_or_default(), len);
            }
            0x5c => self.push_one('¥'),
            0x7e => self.push_one('‾'),
            _ if byte.is_ascii() => self.push_same_byte(byte),
            _ => return Err(self.contradicted()),
        }
        Ok(())
    }

    fn kana(&mut self) -> Result<(), CharsetError> {
        let Some(&byte) = self.bytes.get(self.at) else {
            return Ok(());
        };
        if byte == ESC || self.escape_switch().is_some() {
            return self.switch();
        }
        match byte {
            0x21..=0x5f => self.push_one(half_width(byte)),
            b' ' => self.push_same_byte(byte),
            0x80.. => return Err(self.contradicted()),
            _ => return Err(self.not_closed()),
        }
        Ok(())
    }

    fn double(&mut self, table: &Table) -> Result<(), CharsetError> {
        let (text_start, byte_start) = (self.out.text.len(), self.at);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let hl7 = self.switch == Switch::Hl7;
        let mut vendor = None;
        let mut pairs = rest.chunks_exact(2);
        for pair in pairs.by_ref() {
            let &[first, second] = pair else { break };
            if hl7 && self.escape_switch().is_some() {
                break;
            }
            let Some(c) = table.decode(first, second) else {
                break;
            };
            self.out.text.push(c);
            if is_vendor_row(first) && vendor.is_none() {
                vendor = Some(self.at);
            }
            self.at += 2;
        }
        let (from, to) = (self.base + byte_start, self.base + self.at);
        self.out.offsets.push(Width::Two, text_start, from, to);
        if self.set == Set::Kanji
            && let Some(at) = vendor
        {
            self.out.sets.vendor_rows = true;
            self.note_at(CharsetNote::VendorRow, at, 2);
        }
        self.after_pairs()
    }

    /// What stands where no further double-byte character does.
    fn after_pairs(&mut self) -> Result<(), CharsetError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match *rest {
            [] => Ok(()),
            [ESC, ..] => self.switch(),
            _ if self.escape_switch().is_some() => self.switch(),
            // ISO 2022: a set of 94 leaves the space where it is.
            [b' ', ..] => {
                self.note(CharsetNote::SpaceBetween, 1);
                self.push_same_byte(b' ');
                Ok(())
            }
            [b'\r' | b'\n', ..] => Err(self.not_closed()),
            [first @ 0x21..=0x7e, second @ 0x21..=0x7e, ..] => {
                let set = match self.set {
                    Set::Supplement => "JIS X 0212",
                    _ => "JIS X 0208",
                };
                let (row, cell) = (first - 0x20, second - 0x20);
                Err(self.error(2, CharsetFault::Unassigned { set, row, cell }))
            }
            [first, ..] if !first.is_ascii() => Err(self.contradicted()),
            // The second byte is no byte of a character: the text had gone back to ASCII unannounced.
            [_, b'\r' | b'\n', ..] => Err(self.not_closed()),
            _ => Err(self.error(1, CharsetFault::Half)),
        }
    }

    /// An HL7 switch at this place, where the text is in a set that one of them switched to.
    fn escape_switch(&self) -> Option<(usize, &[u8])> {
        let single = matches!(self.set, Set::Ascii | Set::Roman);
        if self.switch != Switch::Hl7 && !single {
            return None;
        }
        hl7_switch(self.bytes, self.at, self.marks.escape?)
    }

    /// Follows an escape sequence, of ISO 2022 or of HL7.
    fn switch(&mut self) -> Result<(), CharsetError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut body = [0_u8; 3];
        let (target, len, switch) = if rest.first() == Some(&ESC) {
            let (target, len) = target(rest.get(1..).unwrap_or_default())
                .ok_or_else(|| self.error(rest.len().min(3), CharsetFault::UnknownEscape))?;
            (target, len + 1, Switch::Escape)
        } else {
            let (len, hex) = self.escape_switch().unwrap_or((1, &[]));
            for (slot, pair) in body.iter_mut().zip(hex.chunks(2)) {
                *slot = hex_byte(pair).unwrap_or(0);
            }
            let target = target(body.get(..hex.len() / 2).unwrap_or_default());
            let target = target.ok_or_else(|| self.error(len, CharsetFault::UnknownEscape))?;
            (target.0, len, Switch::Hl7)
        };
        self.enter(target, len, switch);
        Ok(())
    }

    fn enter(&mut self, target: Target, len: usize, switch: Switch) {
        let (set, declared) = match target {
            Target::Announcement => (self.set, true),
            Target::Ascii => (Set::Ascii, true),
            Target::Roman => (Set::Roman, self.declared.roman),
            Target::Kana => (Set::Kana, self.declared.kana),
            Target::Kanji { of_1978 } => {
                if of_1978 {
                    self.note(CharsetNote::Set1978, len);
                }
                (Set::Kanji, self.declared.kanji)
            }
            Target::Supplement => (Set::Supplement, self.declared.supplement),
        };
        let used = &mut self.out.sets;
        match set {
            Set::Ascii => {}
            Set::Roman => used.roman = true,
            Set::Kana => used.kana = true,
            Set::Kanji => used.kanji = true,
            Set::Supplement => used.supplement = true,
        }
        if set == Set::Roman {
            self.note(CharsetNote::Roman, len);
        }
        if !declared || (set != Set::Ascii && switch != self.declared.switch) {
            self.note(CharsetNote::Undeclared, len);
        }
        let empty = switch == Switch::Escape && self.since.end == self.base + self.at;
        if set == self.set || empty {
            self.note(CharsetNote::IdleEscape, len);
        }
        if set != Set::Ascii {
            self.switch = switch;
            self.out.sets.switch = switch;
        }
        self.set = set;
        self.at += len;
        let end = self.base + self.at;
        self.since = Span {
            start: end - len,
            end,
        };
    }

    fn push_same(&mut self, text: &str, len: usize) {
        let (from, to) = (self.base + self.at, self.base + self.at + len);
        self.out
            .offsets
            .push(Width::Same, self.out.text.len(), from, to);
        self.out.text.push_str(text);
        self.at += len;
    }

    fn push_same_byte(&mut self, byte: u8) {
        let mut own = [0; 4];
        let text: &str = char::from(byte).encode_utf8(&mut own);
        self.push_same(text, 1);
    }

    fn push_one(&mut self, c: char) {
        let from = self.base + self.at;
        self.out
            .offsets
            .push(Width::One, self.out.text.len(), from, from + 1);
        self.out.text.push(c);
        self.at += 1;
    }

    fn note(&mut self, note: CharsetNote, len: usize) {
        self.note_at(note, self.at, len);
    }

    fn note_at(&mut self, note: CharsetNote, at: usize, len: usize) {
        if self.out.notes.iter().all(|(known, _)| *known != note) {
            let start = self.base + at;
            let end = start + len;
            self.out.notes.push((note, Span { start, end }));
        }
    }

    fn error(&self, len: usize, kind: CharsetFault) -> CharsetError {
        let start = self.base + self.at;
        let span = Span {
            start,
            end: start + len,
        };
        CharsetError { span, kind }
    }

    /// Points at the escape sequence that was never taken back.
    fn not_closed(&self) -> CharsetError {
        CharsetError {
            span: self.since,
            kind: CharsetFault::NotClosed,
        }
    }

    fn contradicted(&self) -> CharsetError {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let found = if std::str::from_utf8(rest).is_ok() {
            "UTF-8"
        } else {
            guess(rest)
        };
        let declared = super::Encoding::Iso2022(self.declared).name();
        self.error(1, CharsetFault::Contradicted { declared, found })
    }
}

/// What an escape sequence switches to.
#[derive(Debug, Clone, Copy)]
enum Target {
    Ascii,
    Roman,
    Kana,
    Kanji {
        of_1978: bool,
    },
    Supplement,
    /// Says something about the next sequence, or about bytes above 7F; switches nothing.
    Announcement,
}

/// The set that is designated by the bytes behind an ESC, and how many they are.
fn target(rest: &[u8]) -> Option<(Target, usize)> {
    Some(match *rest {
        [b'(', b'B', ..] => (Target::Ascii, 2),
        [b'(', b'J', ..] => (Target::Roman, 2),
        [b'(', b'I', ..] => (Target::Kana, 2),
        [b'$', b'@', ..] => (Target::Kanji { of_1978: true }, 2),
        [b'$', b'B', ..] => (Target::Kanji { of_1978: false }, 2),
        [b'$', b'(', b'@', ..] => (Target::Kanji { of_1978: true }, 3),
        [b'$', b'(', b'B', ..] => (Target::Kanji { of_1978: false }, 3),
        [b'$', b'(', b'D', ..] => (Target::Supplement, 3),
        // JIS X 0208-1990: its announcement comes before `ESC $ B`.
        [b'&', b'@', ESC, b'$', b'B', ..] => (Target::Announcement, 2),
        [b')', b'I', ..] => (Target::Announcement, 2),
        _ => return None,
    })
}

/// Where the next escape sequence of ISO 2022 or switch of HL7 begins in text of a single-byte set. HL7's
/// other escapes are stepped over as a whole: the end of one is not the beginning of a switch.
fn next_switch(rest: &[u8], escape: u8, marks: Marks<'_>) -> Option<usize> {
    let mut passed = 0;
    for at in memchr2_iter(ESC, escape, rest) {
        if rest.get(at) == Some(&ESC) {
            return Some(at);
        }
        if at < passed {
            continue;
        }
        if hl7_switch(rest, at, escape).is_some() {
            return Some(at);
        }
        passed = at + other_escape(rest, at, marks).unwrap_or(1);
    }
    None
}

/// The length of an escape of HL7 that begins at this place, with both its escape characters.
pub(super) fn other_escape(bytes: &[u8], at: usize, marks: Marks<'_>) -> Option<usize> {
    let body = bytes.get(at + 1..)?;
    let inside = |byte: &u8| matches!(byte, b' '..=b'~') && !marks.has(*byte);
    let len = body.iter().position(|byte| !inside(byte))?;
    let begins = matches!(body.first()?, b'A'..=b'Z' | b'.');
    (len > 0 && begins && body.get(len).copied() == marks.escape).then_some(len + 2)
}

/// `\C2842\` or `\M2442\` at this place: its length and its hexadecimal digits.
pub(crate) fn hl7_switch(bytes: &[u8], at: usize, escape: u8) -> Option<(usize, &[u8])> {
    let rest = bytes.get(at..)?;
    let [first, kind @ (b'C' | b'M'), ..] = *rest else {
        return None;
    };
    let lengths: &[usize] = match kind {
        b'C' => &[4],
        _ => &[4, 6],
    };
    lengths.iter().find_map(|digits| {
        let hex = rest.get(2..2 + digits)?;
        let closed = first == escape && rest.get(2 + digits) == Some(&escape);
        (closed && hex.iter().all(u8::is_ascii_hexdigit)).then_some((digits + 3, hex))
    })
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// The half-width kana of a byte 21–5F of JIS X 0201.
fn half_width(byte: u8) -> char {
    char::from_u32(0xff40 + u32::from(byte)).unwrap_or('\u{fffd}')
}
