//! A message to bytes again.

use super::error::EncodeError;
use super::message::Message;
use super::place::Place;
use crate::charset::{self, Lacking, Marks};

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
                wrong.extend(lacking.into_iter().map(|one: Lacking| (place, one)));
            }
            out.push(b'\r');
        }
        if wrong.is_empty() {
            Ok(out)
        } else {
            Err(EncodeError::Lacking(wrong))
        }
    }
}
