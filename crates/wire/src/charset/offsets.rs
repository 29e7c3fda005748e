//! Which bytes of the original message a piece of decoded text comes from.

use renkei_model::message::Span;

/// How many bytes a character of a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// Text and message have the same bytes.
    Same,
    /// One byte each: half-width kana, characters of JIS X 0201 Roman.
    One,
    /// Two bytes each.
    Two,
}

/// A stretch of text whose characters have the same width. Between the bytes of two runs stands what is no
/// text: escape sequences.
#[derive(Debug, Clone, Copy)]
struct Run {
    text: u32,
    byte: u32,
    byte_end: u32,
    width: Width,
}

/// The way back from places in decoded text to the bytes of the original. Grows with the changes of
/// charset, not with the text.
#[derive(Debug, Clone, Default)]
pub struct Offsets {
    runs: Vec<Run>,
    /// Where the decoded bytes begin and end in the message.
    bytes: (u32, u32),
}

/// Places fit into 32 bits: callers refuse messages that are longer before they decode them.
fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

const fn wide(at: u32) -> usize {
    at as usize
}

impl Offsets {
    /// A text that has the bytes of the message from `byte` on.
    pub(super) fn same(byte: usize, len: usize) -> Self {
        let mut offsets = Self::of(byte, len);
        offsets.push(Width::Same, 0, byte, byte + len);
        offsets
    }

    /// The way back into `len` bytes from `byte` on; nothing is noted yet.
    pub(super) fn of(byte: usize, len: usize) -> Self {
        Self {
            runs: Vec::new(),
            bytes: (small(byte), small(byte + len)),
        }
    }

    /// Notes that the text from `text` on comes from the bytes `byte..byte_end`.
    pub(super) fn push(&mut self, width: Width, text: usize, byte: usize, byte_end: usize) {
        if byte == byte_end {
            return;
        }
        if let Some(last) = self.runs.last_mut()
            && last.width == width
            && wide(last.byte_end) == byte
        {
            last.byte_end = small(byte_end);
            return;
        }
        self.runs.push(Run {
            text: small(text),
            byte: small(byte),
            byte_end: small(byte_end),
            width,
        });
    }

    /// The bytes of `text[start..end]`, with the escape sequences before its first and after its last
    /// character.
    #[must_use]
    pub fn span(&self, text: &str, start: usize, end: usize) -> Span {
        let from = self.after_previous(text, start);
        Span {
            start: from,
            end: self.before_next(text, end).max(from),
        }
    }

    /// The byte of the character that stands at `at`, without escape sequences before it.
    #[must_use]
    pub fn byte(&self, text: &str, at: usize) -> usize {
        self.before_next(text, at)
    }

    /// The first byte that belongs to no character before `at`.
    fn after_previous(&self, text: &str, at: usize) -> usize {
        let next = self.runs.partition_point(|run| wide(run.text) < at);
        match next.checked_sub(1).and_then(|index| self.runs.get(index)) {
            None => wide(self.bytes.0),
            Some(run) => within(run, text, at),
        }
    }

    /// The first byte of the character at `at`.
    fn before_next(&self, text: &str, at: usize) -> usize {
        if at >= text.len() {
            return wide(self.bytes.1);
        }
        let next = self.runs.partition_point(|run| wide(run.text) <= at);
        match next.checked_sub(1).and_then(|index| self.runs.get(index)) {
            None => wide(self.bytes.0),
            Some(run) => within(run, text, at),
        }
    }
}

/// The byte of a place inside a run or at its end.
fn within(run: &Run, text: &str, at: usize) -> usize {
    let start = wide(run.text);
    let bytes = match run.width {
        Width::Same => at.saturating_sub(start),
        Width::One => chars(text, start, at),
        Width::Two => 2 * chars(text, start, at),
    };
    (wide(run.byte) + bytes).min(wide(run.byte_end))
}

fn chars(text: &str, start: usize, end: usize) -> usize {
    text.get(start..end).map_or(0, |part| part.chars().count())
}
