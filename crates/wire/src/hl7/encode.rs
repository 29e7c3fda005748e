//! A message to bytes again: one that was read, or a draft.

use super::delimiter::Delimiters;
use super::draft::{Draft, DraftSegment, Value};
use super::error::EncodeError;
use super::escape::{self, Unescapable};
use super::message::{Message, NULL};
use super::place::{Place, SegmentName};
use crate::charset::{self, Encoding, Lacking, Marks};

/// At most so many characters that the charset lacks are reported for a message.
const REPORTED: usize = 100;

impl Message {
    /// The message's bytes: those that were read, but for what [`Self::notes`] says. Segments end in CR;
    /// escape sequences stand where the charset changes and nowhere else; double-byte characters that stand
    /// twice in the table have the standard's code.
    ///
    /// # Errors
    /// Characters that the charset lacks; none for a message that was read.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(self.text().len() + self.len());
        let mut wrong = Vec::new();
        let separators = self.delimiters().separators();
        let marks = Marks {
            delimiters: &separators,
            escape: self.delimiters().escape,
        };
        for segment in self.segments() {
            if let Err(lacking) = charset::encode(segment.raw(), self.encoding(), marks, &mut out) {
                let place = Place::segment(segment.name(), segment.sequence());
                wrong.extend(lacking.into_iter().map(|one| (place, one)));
                wrong.truncate(REPORTED);
            }
            out.push(b'\r');
        }
        finished(out, wrong)
    }
}

fn finished(out: Vec<u8>, wrong: Vec<(Place, Lacking)>) -> Result<Vec<u8>, EncodeError> {
    if wrong.is_empty() {
        Ok(out)
    } else {
        Err(EncodeError::Lacking(wrong))
    }
}

impl Draft {
    /// The draft's bytes. Reading them gives the draft again.
    ///
    /// # Errors
    /// What cannot be written, by place; of characters that the charset lacks, at most a hundred.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let header = self.segments.first().ok_or(EncodeError::MshNotFirst)?;
        if header.name != SegmentName::MSH {
            return Err(EncodeError::MshNotFirst);
        }
        self.check_label(header)?;
        let separators = self.delimiters.separators();
        let mut writer = Writer {
            delimiters: &self.delimiters,
            encoding: self.encoding,
            marks: Marks {
                delimiters: &separators,
                escape: self.delimiters.escape,
            },
            text: String::new(),
            out: Vec::new(),
            wrong: Vec::new(),
        };
        let mut sequences = std::collections::HashMap::new();
        for segment in &self.segments {
            let sequence: &mut usize = sequences.entry(segment.name).or_insert(0);
            *sequence += 1;
            writer.segment(segment, *sequence)?;
        }
        finished(writer.out, writer.wrong)
    }

    /// A receiver reads by MSH-18 and MSH-20, so they have to name the family of the charset.
    fn check_label(&self, header: &DraftSegment) -> Result<(), EncodeError> {
        let text = |number: usize, repetition: usize| {
            let field = header.fields.get(number - 1)?;
            let value = field.get(repetition)?.first()?.first()?;
            match value {
                Value::Null => None,
                Value::Parts(parts) => Some(escape::plain(parts, &self.delimiters)),
            }
        };
        let repetitions = header.fields.get(17).map_or(0, Vec::len);
        let labels: Vec<String> = (0..repetitions)
            .map(|repetition| text(18, repetition).unwrap_or_default())
            .collect();
        let scheme = text(20, 0).unwrap_or_default();
        let named = Encoding::of_labels(labels.iter().map(String::as_str), &scheme);
        let same = named.is_ok_and(|named| named.is_like(self.encoding));
        same.then_some(()).ok_or(EncodeError::Label)
    }
}

struct Writer<'d> {
    delimiters: &'d Delimiters,
    encoding: Encoding,
    marks: Marks<'d>,
    /// The value that is being written, before its charset.
    text: String,
    out: Vec<u8>,
    wrong: Vec<(Place, Lacking)>,
}

impl Writer<'_> {
    fn segment(&mut self, segment: &DraftSegment, sequence: usize) -> Result<(), EncodeError> {
        self.out.extend_from_slice(segment.name.as_str().as_bytes());
        let header = segment.name == SegmentName::MSH && !segment.fields.is_empty();
        if header {
            self.out.push(self.delimiters.field);
            let marks = self.delimiters.encoding_characters();
            self.out.extend_from_slice(marks.as_bytes());
        }
        for (index, field) in segment.fields.iter().enumerate() {
            if header && index < 2 {
                continue;
            }
            self.out.push(self.delimiters.field);
            let mut place = Place::field(segment.name, sequence, index + 1);
            for (index, repetition) in field.iter().enumerate() {
                place.repetition = Some(index + 1);
                self.divide(index, self.delimiters.repetition, place)?;
                for (index, component) in repetition.iter().enumerate() {
                    place.component = Some(index + 1);
                    self.divide(index, self.delimiters.component, place)?;
                    for (index, value) in component.iter().enumerate() {
                        place.sub_component = (component.len() > 1).then_some(index + 1);
                        self.divide(index, self.delimiters.sub_component, place)?;
                        self.value(value, place)?;
                    }
                }
                place.component = None;
                place.sub_component = None;
            }
        }
        self.out.push(b'\r');
        Ok(())
    }

    fn divide(&mut self, index: usize, mark: Option<u8>, place: Place) -> Result<(), EncodeError> {
        if index > 0 {
            self.out.push(mark.ok_or(EncodeError::NoSeparator(place))?);
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, place: Place) -> Result<(), EncodeError> {
        self.text.clear();
        match value {
            Value::Null => self.text.push_str(NULL),
            Value::Parts(parts) => {
                let told = |why| match why {
                    Unescapable::NoEscape => EncodeError::NoEscape(place),
                    Unescapable::Command => EncodeError::Command(place),
                };
                escape::write(parts, self.delimiters, &mut self.text).map_err(told)?;
                // Two quotes as text are no null value.
                if self.text == NULL {
                    self.text.clear();
                    escape::enclose("X2222", self.delimiters, &mut self.text).map_err(told)?;
                }
            }
        }
        let written = charset::encode(&self.text, self.encoding, self.marks, &mut self.out);
        if let Err(lacking) = written {
            self.wrong
                .extend(lacking.into_iter().map(|one| (place, one)));
            self.wrong.truncate(REPORTED);
        }
        Ok(())
    }
}
