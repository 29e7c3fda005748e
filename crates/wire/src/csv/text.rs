//! From bytes to text, before anything is split: the second byte of a kanji in MS932 may be a backslash
//! or a bar.

use encoding_rs::{DecoderResult, EUC_JP, SHIFT_JIS};
use renkei_model::message::{Fault, FaultKind, Span};

use crate::charset::{BOM, declared, guess, utf16};

/// The charsets in which files come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// MS932: Shift_JIS with the characters of NEC and IBM, and 外字 (characters that a sender made
    /// itself) in the rows F040–F9FC, which read as U+E000–U+E757.
    Ms932,
}

impl Charset {
    /// The name as IANA registers it, for a `charset=`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Ms932 => "windows-31j",
        }
    }

    /// The charset that is called so, by any of its usual names.
    #[must_use]
    pub fn of_label(label: &str) -> Option<Self> {
        match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" => Some(Self::Utf8),
            "windows-31j" | "cswindows31j" | "ms932" | "cp932" | "windows-932" | "shift_jis"
            | "shift-jis" | "sjis" | "x-sjis" | "ms_kanji" | "csshiftjis" => Some(Self::Ms932),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Ms932 => "MS932 (Shift_JIS)",
        }
    }

    fn reads(self, bytes: &[u8]) -> bool {
        self.wrong_at(bytes).is_none()
    }

    /// The first byte that is none of this charset.
    fn wrong_at(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).err().map(|e| e.valid_up_to()),
            Self::Ms932 => {
                let mut text = Text::empty(self, 0);
                text.push_ms932(bytes);
                let broken = text.broken.first()?;
                Some(text.walk().to(broken.at))
            }
        }
    }
}

/// Decoded bytes that know where each character stood.
#[derive(Debug, Clone)]
pub struct Text {
    charset: Charset,
    /// The text without byte order mark; what could not be decoded is U+FFFD.
    text: String,
    /// Bytes of the byte order mark.
    start: usize,
    /// What could not be decoded, in order.
    broken: Vec<Broken>,
}

/// Bytes that are no character.
#[derive(Debug, Clone, Copy)]
struct Broken {
    /// Where in the text a U+FFFD stands for them.
    at: usize,
    /// How many bytes.
    bytes: usize,
}

impl Text {
    /// Decodes a file. `content_type`: as declared, lower case; empty if nothing was.
    ///
    /// A declared charset is taken unless the bytes contradict it. Without one: a byte order mark, or
    /// UTF-8 if it reads as that, else MS932. What decides is the first line that is not ASCII, which is
    /// the header in a Japanese file: one broken line further down is that line's fault and changes
    /// nothing for the others.
    ///
    /// # Errors
    /// One fault with the byte: another charset than declared, or none of the two.
    pub fn read(body: &[u8], content_type: &str) -> Result<Self, Fault> {
        if body.is_empty() {
            return Err(refuse("本文が空です / the body is empty", 0));
        }
        let charset = choose(body, content_type)?;
        let start = if body.starts_with(BOM) { BOM.len() } else { 0 };
        let mut text = Self::empty(charset, start);
        let content = body.get(start..).unwrap_or_default();
        match charset {
            Charset::Utf8 => text.push_utf8(content),
            Charset::Ms932 => text.push_ms932(content),
        }
        Ok(text)
    }

    /// The charset.
    #[must_use]
    pub const fn charset(&self) -> Charset {
        self.charset
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    const fn empty(charset: Charset, start: usize) -> Self {
        Self {
            charset,
            text: String::new(),
            start,
            broken: Vec::new(),
        }
    }

    fn push_utf8(&mut self, bytes: &[u8]) {
        self.text.reserve(bytes.len());
        for chunk in bytes.utf8_chunks() {
            self.text.push_str(chunk.valid());
            self.push_broken(chunk.invalid().len());
        }
    }

    fn push_ms932(&mut self, bytes: &[u8]) {
        let mut decoder = SHIFT_JIS.new_decoder_without_bom_handling();
        let mut rest = bytes;
        loop {
            let room = decoder.max_utf8_buffer_length_without_replacement(rest.len());
            self.text.reserve(room.unwrap_or(rest.len()));
            let (result, read) =
                decoder.decode_to_string_without_replacement(rest, &mut self.text, true);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, after) => {
                    self.push_broken(usize::from(bad) + usize::from(after));
                    if rest.is_empty() {
                        return;
                    }
                }
            }
        }
    }

    fn push_broken(&mut self, bytes: usize) {
        if bytes > 0 {
            let at = self.text.len();
            self.broken.push(Broken { at, bytes });
            self.text.push('\u{fffd}');
        }
    }

    /// Where the first character of a part of the text stands that could not be decoded.
    pub(crate) fn broken_in(&self, start: usize, end: usize) -> Option<usize> {
        let from = self.broken.partition_point(|broken| broken.at < start);
        let broken = self.broken.get(from)?;
        (broken.at < end).then_some(broken.at)
    }

    /// A walk from the beginning.
    pub(crate) const fn walk(&self) -> Walk<'_> {
        Walk {
            text: self,
            at: 0,
            byte: self.start,
        }
    }
}

/// Goes forward through a text and counts the bytes of the original. The width of a character follows
/// from the character: MS932 has one byte for ASCII and half-width kana, two for all others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk<'t> {
    text: &'t Text,
    at: usize,
    byte: usize,
}

impl Walk<'_> {
    /// The byte of the original that a place of the text comes from. Places come in order.
    pub(crate) fn to(&mut self, at: usize) -> usize {
        let Text {
            charset,
            text,
            broken,
            ..
        } = self.text;
        let passed = text.get(self.at..at).unwrap_or_default();
        let mut next = broken.partition_point(|broken| broken.at < self.at);
        for (offset, c) in passed.char_indices() {
            let here = self.at + offset;
            self.byte += match broken.get(next) {
                Some(broken) if broken.at == here => {
                    next += 1;
                    broken.bytes
                }
                _ => width(*charset, c),
            };
        }
        self.at = self.at.max(at);
        self.byte
    }
}

const fn width(charset: Charset, c: char) -> usize {
    match (charset, c) {
        (Charset::Utf8, _) => c.len_utf8(),
        (Charset::Ms932, '\0'..='\u{80}' | '\u{ff61}'..='\u{ff9f}') => 1,
        (Charset::Ms932, _) => 2,
    }
}

fn refuse(rule: &str, at: usize) -> Fault {
    Fault {
        field: String::new(),
        rule: format!("{rule} (byte {at})"),
        span: Some(Span { start: at, end: at }),
        kind: FaultKind::Structure,
    }
}

fn choose(body: &[u8], content_type: &str) -> Result<Charset, Fault> {
    let declared = match declared(content_type) {
        None => None,
        Some(label) => Some(Charset::of_label(label).ok_or_else(|| {
            refuse(
                "文字コードはUTF-8かMS932で送ってください / send charset=utf-8 or charset=windows-31j",
                0,
            )
        })?),
    };
    if let Some(name) = utf16(body) {
        return Err(refuse_found(name, 0));
    }
    if let Some(at) = body.windows(2).position(|pair| pair == b"\x1b$") {
        return Err(refuse_found("ISO-2022-JP", at));
    }
    if body.starts_with(BOM) {
        return match declared {
            Some(Charset::Ms932) => Err(contradicts(Charset::Ms932, "UTF-8", 0)),
            _ => Ok(Charset::Utf8),
        };
    }
    let Some((start, line)) = first_line_beyond_ascii(body) else {
        return Ok(declared.unwrap_or(Charset::Utf8));
    };
    let wrong_at = |charset: Charset| start + charset.wrong_at(line).unwrap_or_default();
    let beyond = || start + line.iter().position(|b| !b.is_ascii()).unwrap_or_default();
    match declared {
        Some(Charset::Utf8) if !Charset::Utf8.reads(line) => Err(contradicts(
            Charset::Utf8,
            guess(line),
            wrong_at(Charset::Utf8),
        )),
        // A line of Japanese in MS932 is hardly ever UTF-8: the first bytes of most characters, 81–9F, are
        // never the first of one there. What half-width kana make of it is not Japanese.
        Some(Charset::Ms932) if reads_as_japanese(line) => {
            Err(contradicts(Charset::Ms932, "UTF-8", beyond()))
        }
        Some(Charset::Ms932) if !Charset::Ms932.reads(line) => Err(contradicts(
            Charset::Ms932,
            guess(line),
            wrong_at(Charset::Ms932),
        )),
        Some(declared) => Ok(declared),
        None if Charset::Utf8.reads(line) => Ok(Charset::Utf8),
        None if reads_as_euc_jp(line) => Err(refuse_found("EUC-JP", beyond())),
        None if Charset::Ms932.reads(line) => Ok(Charset::Ms932),
        None => Err(refuse_found(guess(line), wrong_at(Charset::Ms932))),
    }
}

fn refuse_found(found: &str, at: usize) -> Fault {
    let rule = format!("UTF-8かMS932で送ってください({found}) / send UTF-8 or MS932, not {found}");
    refuse(&rule, at)
}

fn contradicts(declared: Charset, found: &str, at: usize) -> Fault {
    let name = declared.name();
    let rule = format!(
        "charsetは{name}ですが、内容は{found}です / declared as {name}, but the bytes are {found}"
    );
    refuse(&rule, at)
}

/// Lines by their bytes: neither charset has 0A or 0D inside a character.
fn first_line_beyond_ascii(body: &[u8]) -> Option<(usize, &[u8])> {
    let at = body.iter().position(|byte| !byte.is_ascii())?;
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = body
        .get(..at)?
        .iter()
        .rposition(ends)
        .map_or(0, |end| end + 1);
    let rest = body.get(start..)?;
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    Some((start, rest.get(..end)?))
}

/// UTF-8 in which all that is further out than Greek and Cyrillic is what Japanese uses.
fn reads_as_japanese(line: &[u8]) -> bool {
    let far = |c: &char| *c >= '\u{800}';
    let japanese = |c: char| {
        matches!(c, '\u{2000}'..='\u{2fff}' | '\u{3000}'..='\u{9fff}' | '\u{e000}'..='\u{faff}'
            | '\u{ff00}'..='\u{ffef}' | '\u{10000}'..)
    };
    std::str::from_utf8(line)
        .is_ok_and(|text| text.chars().any(|c| far(&c)) && text.chars().filter(far).all(japanese))
}

/// MS932 with a kanji or hiragana in it does not read as EUC-JP; a line of half-width kana alone may, and
/// then the sender has to declare its charset.
fn reads_as_euc_jp(line: &[u8]) -> bool {
    let text = EUC_JP.decode_without_bom_handling_and_without_replacement(line);
    text.is_some()
}
