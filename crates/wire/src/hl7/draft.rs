//! A message to be written: values in their places, all of it owned and free to change.

use super::delimiter::Delimiters;
use super::escape::Part;
use super::message::{Message, Piece};
use super::place::{NoPlace, Place, SegmentName};
use crate::charset::Encoding;

/// Places beyond this number are refused: a typing error would fill the memory with empty fields.
const NUMBERS: usize = 1_000;

/// A message as values. Empty places at the end of a field or segment are kept as they are set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The separators, written as MSH-1 and MSH-2.
    pub delimiters: Delimiters,
    /// The charset of the bytes; MSH-18 and MSH-20 have to name it, see [`Self::set_encoding`].
    pub encoding: Encoding,
    /// The segments; the first is MSH.
    pub segments: Vec<DraftSegment>,
}

/// A segment to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftSegment {
    /// The name.
    pub name: SegmentName,
    /// The fields from the first one. Those of MSH begin with two that are not looked at: MSH-1 and MSH-2
    /// follow from [`Draft::delimiters`].
    pub fields: Vec<DraftField>,
}

/// A field: repetitions of components of sub-components, none of the three empty. An empty field has one
/// empty value.
pub type DraftField = Vec<Vec<Vec<Value>>>;

/// A value at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `""`: what was known before is to be deleted.
    Null,
    /// Text, line breaks and formatting; empty for nothing said.
    Parts(Vec<Part>),
}

impl Value {
    /// Nothing.
    pub const EMPTY: Self = Self::Parts(Vec::new());

    /// Text; line feeds become line breaks.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut parts = Vec::new();
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                parts.push(Part::Break);
            }
            if !line.is_empty() {
                parts.push(Part::Text(line.to_owned()));
            }
        }
        Self::Parts(parts)
    }

    fn of(piece: &Piece<'_>) -> Self {
        if piece.is_null() {
            Self::Null
        } else {
            Self::Parts(piece.parts())
        }
    }
}

fn empty_field() -> DraftField {
    vec![vec![vec![Value::EMPTY]]]
}

impl DraftSegment {
    /// A segment without fields; MSH with its first two.
    #[must_use]
    pub fn new(name: SegmentName) -> Self {
        let header = name == SegmentName::MSH;
        let fields = if header { 2 } else { 0 };
        Self {
            name,
            fields: (0..fields).map(|_| empty_field()).collect(),
        }
    }

    /// Puts a value at a place of this segment, whatever segment and sequence the place names.
    ///
    /// # Errors
    /// [`NoPlace`] for a place without field or with a number above a thousand.
    pub fn set(&mut self, place: Place, value: Value) -> Result<(), NoPlace> {
        let field = grown(&mut self.fields, place.field.unwrap_or(0), empty_field)?;
        let repetition = grown(field, place.repetition.unwrap_or(1), || {
            vec![vec![Value::EMPTY]]
        })?;
        let component = grown(repetition, place.component.unwrap_or(1), || {
            vec![Value::EMPTY]
        })?;
        let own = grown(component, place.sub_component.unwrap_or(1), || Value::EMPTY)?;
        *own = value;
        Ok(())
    }
}

/// The element of a number, from 1; the list grows as far as needed.
fn grown<T>(list: &mut Vec<T>, number: usize, empty: impl Fn() -> T) -> Result<&mut T, NoPlace> {
    let index = number.checked_sub(1).filter(|_| number <= NUMBERS);
    let index = index.ok_or(NoPlace)?;
    while list.len() <= index {
        list.push(empty());
    }
    list.get_mut(index).ok_or(NoPlace)
}

impl Draft {
    /// A message with a header that names its charset, in the usual separators.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        let mut draft = Self {
            delimiters: Delimiters::USUAL,
            encoding,
            segments: vec![DraftSegment::new(SegmentName::MSH)],
        };
        draft.set_encoding(encoding);
        draft
    }

    /// The values of a message that was read.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let values = |component: Piece<'_>| -> Vec<Value> {
            component
                .sub_components()
                .map(|sub| Value::of(&sub))
                .collect()
        };
        let segments = message.segments().map(|segment| {
            let fields = segment.fields().map(|(number, field)| {
                if segment.name() == SegmentName::MSH && number <= 2 {
                    return empty_field();
                }
                let repetitions = field.repetitions();
                repetitions
                    .map(|repetition| repetition.components().map(values).collect())
                    .collect()
            });
            DraftSegment {
                name: segment.name(),
                fields: fields.collect(),
            }
        });
        Self {
            delimiters: *message.delimiters(),
            encoding: message.encoding(),
            segments: segments.collect(),
        }
    }

    /// Writes in another charset and says so in MSH-18 and MSH-20.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
        let (labels, scheme) = encoding.labels();
        let Some(header) = self.segments.first_mut() else {
            return;
        };
        for (number, labels) in [(18, labels), (20, vec![scheme])] {
            let said = labels.iter().any(|label| !label.is_empty());
            if !said && header.fields.len() < number {
                continue;
            }
            if let Ok(field) = grown(&mut header.fields, number, empty_field) {
                *field = labels
                    .iter()
                    .map(|label| vec![vec![Value::text(label)]])
                    .collect();
                if field.is_empty() {
                    *field = empty_field();
                }
            }
        }
    }

    /// Puts a value at a place such as `PID-5[1].1`. The segment is added at the end if the message has
    /// none of the name yet, or one less than the place's sequence.
    ///
    /// # Errors
    /// [`NoPlace`] for a place that is none, is without field, or leaves out a segment.
    pub fn set(&mut self, place: &str, value: Value) -> Result<(), NoPlace> {
        let place: Place = place.parse()?;
        let same = |segment: &&mut DraftSegment| segment.name == place.segment;
        let before = self
            .segments
            .iter()
            .filter(|own| own.name == place.segment)
            .count();
        if before + 1 == place.sequence {
            self.segments.push(DraftSegment::new(place.segment));
        }
        let index = place.sequence.checked_sub(1).ok_or(NoPlace)?;
        let segment = self.segments.iter_mut().filter(same).nth(index);
        segment.ok_or(NoPlace)?.set(place, value)
    }

    /// The same for text.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_text(&mut self, place: &str, text: &str) -> Result<(), NoPlace> {
        self.set(place, Value::text(text))
    }
}
