//! A message that was read: its text once, and where its segments and fields are.

use std::borrow::Cow;

use renkei_model::message::Span;

use super::delimiter::Delimiters;
use super::error::{Note, NoteKind};
use super::escape::{self, Part};
use super::place::{Place, SegmentName};
use crate::charset::{Encoding, Offsets};

/// A message. Cheap to read from: fields are found by index, what is inside a field is split when asked.
#[derive(Debug, Clone)]
pub struct Message {
    pub(super) text: String,
    pub(super) offsets: Offsets,
    pub(super) delimiters: Delimiters,
    pub(super) encoding: Encoding,
    pub(super) lines: Vec<Line>,
    /// Where each field behind a separator begins in the text, line after line.
    pub(super) fields: Vec<u32>,
    pub(super) notes: Vec<Note>,
}

/// A segment's place in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub name: SegmentName,
    pub start: u32,
    pub end: u32,
    pub first_field: u32,
    pub fields: u32,
}

impl Message {
    /// The separators of MSH-1 and MSH-2.
    #[must_use]
    pub const fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// The charset: what MSH-18 and MSH-20 declare, and the sets that were used besides.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What was odd; each kind once.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The decoded text, escapes and separators as they stand.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of segments, at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Never: a message has its header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All segments in order.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment<'_>> {
        self.lines.iter().enumerate().map(|(index, line)| Segment {
            message: self,
            index,
            line,
        })
    }

    /// The segment at an index from 0.
    #[must_use]
    pub fn segment(&self, index: usize) -> Option<Segment<'_>> {
        let line = self.lines.get(index)?;
        Some(Segment {
            message: self,
            index,
            line,
        })
    }

    /// The segments of a name, in order.
    pub fn all<'m>(&'m self, name: &str) -> impl Iterator<Item = Segment<'m>> {
        let name = SegmentName::read(name.as_bytes()).filter(|_| name.len() == 3);
        self.segments()
            .filter(move |segment| Some(segment.name()) == name)
    }

    /// What stands at a place such as `PID-3[1].1`; `None` for a place that is no place or that the message
    /// does not have. A place without component is the whole field, all its repetitions.
    #[must_use]
    pub fn get(&self, place: &str) -> Option<Piece<'_>> {
        self.at(place.parse().ok()?)
    }

    /// What stands at a place.
    #[must_use]
    pub fn at(&self, place: Place) -> Option<Piece<'_>> {
        let segment = self
            .segments()
            .filter(|segment| segment.name() == place.segment)
            .nth(place.sequence.checked_sub(1)?)?;
        segment.at(place)
    }

    /// The text at a place, without escapes; empty if there is nothing.
    #[must_use]
    pub fn text_at(&self, place: &str) -> Cow<'_, str> {
        self.get(place)
            .map(|piece| piece.text())
            .unwrap_or_default()
    }

    /// The message's type: MSH-9, `ADT`, `A08` and, if it says so, `ADT_A01`.
    #[must_use]
    pub fn kind(&self) -> (Cow<'_, str>, Cow<'_, str>, Cow<'_, str>) {
        let part = |n: usize| {
            let mut place = Place::header(9);
            place.component = Some(n);
            self.at(place).map(|piece| piece.text()).unwrap_or_default()
        };
        (part(1), part(2), part(3))
    }

    /// The sender's id of the message: MSH-10.
    #[must_use]
    pub fn control_id(&self) -> Cow<'_, str> {
        self.at(Place::header(10))
            .map(|piece| piece.text())
            .unwrap_or_default()
    }

    /// The bytes of a part of the text.
    pub(super) fn span_of(&self, start: usize, end: usize) -> Span {
        self.offsets.span(&self.text, start, end)
    }

    pub(super) fn note(&mut self, kind: NoteKind, start: usize, end: usize) {
        if self.notes.iter().all(|note| note.kind != kind) {
            let span = self.span_of(start, end);
            self.notes.push(Note { kind, span });
        }
    }
}

/// One segment of a message.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'m> {
    message: &'m Message,
    index: usize,
    line: &'m Line,
}

impl<'m> Segment<'m> {
    /// The name: `PID`.
    #[must_use]
    pub const fn name(&self) -> SegmentName {
        self.line.name
    }

    /// Its position in the message, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Which of the segments of its name it is, from 1. Counts the segments before it.
    #[must_use]
    pub fn sequence(&self) -> usize {
        let before = self.message.lines.iter().take(self.index);
        1 + before.filter(|line| line.name == self.line.name).count()
    }

    /// Its bytes in the original message, without the segment end.
    #[must_use]
    pub fn span(&self) -> Span {
        self.whole().span()
    }

    /// Its text as it stands.
    #[must_use]
    pub fn raw(&self) -> &'m str {
        self.whole().raw()
    }

    fn whole(&self) -> Piece<'m> {
        Piece {
            message: self.message,
            start: self.line.start as usize,
            end: self.line.end as usize,
            whole: true,
        }
    }

    /// The number of the last field.
    #[must_use]
    pub fn last_field(&self) -> usize {
        let fields = self.line.fields as usize;
        match self.line.name {
            SegmentName::MSH if fields > 0 => fields + 1,
            _ => fields,
        }
    }

    /// A field by its number, from 1; `None` behind the last one. MSH-1 is the field separator itself.
    #[must_use]
    pub fn field(&self, number: usize) -> Option<Piece<'m>> {
        let header = self.line.name == SegmentName::MSH;
        let index = match (header, number) {
            (_, 0) => return None,
            (true, 1) => {
                let start = self.line.start as usize + 3;
                return (self.line.fields > 0).then_some(Piece {
                    message: self.message,
                    start,
                    end: start + 1,
                    whole: true,
                });
            }
            (true, _) => number - 2,
            (false, _) => number - 1,
        };
        if index >= self.line.fields as usize {
            return None;
        }
        let own = self.line.first_field as usize + index;
        let start = *self.message.fields.get(own)? as usize;
        let last = index + 1 == self.line.fields as usize;
        let end = match self.message.fields.get(own + 1) {
            Some(next) if !last => *next as usize - 1,
            _ => self.line.end as usize,
        };
        Some(Piece {
            message: self.message,
            start,
            end,
            whole: header && number == 2,
        })
    }

    /// All fields with their numbers.
    pub fn fields(&self) -> impl Iterator<Item = (usize, Piece<'m>)> {
        let own = *self;
        (1..=self.last_field()).filter_map(move |number| Some((number, own.field(number)?)))
    }

    /// What stands at a place of this segment; the place's segment does not matter.
    #[must_use]
    pub fn at(&self, place: Place) -> Option<Piece<'m>> {
        let Some(number) = place.field else {
            return Some(self.whole());
        };
        let mut piece = self.field(number)?;
        if place.repetition.is_some() || place.component.is_some() {
            piece = piece.repetition(place.repetition.unwrap_or(1))?;
        }
        if let Some(component) = place.component {
            piece = piece.component(component)?;
        }
        match place.sub_component {
            Some(sub) => piece.sub_component(sub),
            None => Some(piece),
        }
    }
}

/// A part of a message: a field, a repetition, a component or a sub-component.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'m> {
    message: &'m Message,
    start: usize,
    end: usize,
    /// MSH-1 and MSH-2, which have separators for text, and whole segments: never split.
    whole: bool,
}

impl<'m> Piece<'m> {
    /// The text as it stands, escapes and inner separators included.
    #[must_use]
    pub fn raw(&self) -> &'m str {
        self.message
            .text
            .get(self.start..self.end)
            .unwrap_or_default()
    }

    /// Its bytes in the original message, with the escape sequences that belong to its characters.
    #[must_use]
    pub fn span(&self) -> Span {
        self.message.span_of(self.start, self.end)
    }

    /// Nothing was said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// `""`: what was known before is to be deleted (HL7 2.5 section 2.7.1).
    #[must_use]
    pub fn is_null(&self) -> bool {
        !self.whole && self.raw() == NULL
    }

    /// The repetitions of a field, at least one.
    pub fn repetitions(&self) -> Pieces<'m> {
        self.split(self.message.delimiters.repetition)
    }

    /// The components of a repetition, at least one.
    pub fn components(&self) -> Pieces<'m> {
        self.split(self.message.delimiters.component)
    }

    /// The sub-components of a component, at least one.
    pub fn sub_components(&self) -> Pieces<'m> {
        self.split(self.message.delimiters.sub_component)
    }

    /// A repetition by its number, from 1.
    #[must_use]
    pub fn repetition(&self, number: usize) -> Option<Self> {
        self.repetitions().nth(number.checked_sub(1)?)
    }

    /// A component of a repetition by its number, from 1. Of a field with repetitions, say which one first.
    #[must_use]
    pub fn component(&self, number: usize) -> Option<Self> {
        self.components().nth(number.checked_sub(1)?)
    }

    /// A sub-component by its number, from 1.
    #[must_use]
    pub fn sub_component(&self, number: usize) -> Option<Self> {
        self.sub_components().nth(number.checked_sub(1)?)
    }

    /// The text that people read: escaped separators and hexadecimal ASCII as characters, `\.br\` as a line
    /// break, `""` as nothing. Every other escape stays as it stands, see [`Self::parts`].
    #[must_use]
    pub fn text(&self) -> Cow<'m, str> {
        let raw = self.raw();
        if self.is_null() {
            return Cow::Borrowed("");
        }
        match self.message.delimiters.escape {
            Some(escape) if !self.whole && raw.as_bytes().contains(&escape) => {
                Cow::Owned(escape::plain(&self.parts(), &self.message.delimiters))
            }
            _ => Cow::Borrowed(raw),
        }
    }

    /// Text, line breaks and formatting commands, in order.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        if self.whole {
            return vec![Part::Text(self.raw().to_owned())];
        }
        escape::parts(self.raw(), &self.message.delimiters)
    }

    fn split(&self, separator: Option<u8>) -> Pieces<'m> {
        Pieces {
            message: self.message,
            at: Some(self.start),
            end: self.end,
            separator: separator.filter(|_| !self.whole),
            whole: self.whole,
        }
    }
}

/// `""`.
pub(super) const NULL: &str = "\"\"";

/// The parts of a piece, in order.
#[derive(Debug, Clone)]
pub struct Pieces<'m> {
    message: &'m Message,
    at: Option<usize>,
    end: usize,
    separator: Option<u8>,
    whole: bool,
}

impl<'m> Iterator for Pieces<'m> {
    type Item = Piece<'m>;

    fn next(&mut self) -> Option<Piece<'m>> {
        let start = self.at?;
        let rest = self.message.text.as_bytes().get(start..self.end)?;
        let found = self
            .separator
            .and_then(|separator| rest.iter().position(|byte| *byte == separator));
        let end = match found {
            Some(len) => start + len,
            None => self.end,
        };
        self.at = found.map(|_| end + 1);
        Some(Piece {
            message: self.message,
            start,
            end,
            whole: self.whole,
        })
    }
}
