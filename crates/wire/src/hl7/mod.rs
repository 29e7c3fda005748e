//! HL7 v2.5 messages, as SS-MIX2 and hospitals' interfaces send them.

mod decode;
mod delimiter;
mod draft;
mod encode;
mod error;
mod escape;
mod head;
#[cfg(test)]
mod laws;
mod message;
mod place;
#[cfg(test)]
mod refusals;
mod site;
mod structure;
mod structures;

pub use decode::{decode, looks_like};
pub use delimiter::Delimiters;
pub use draft::{Draft, DraftField, DraftSegment, Value};
pub use error::{DecodeError, EncodeError, Note, NoteKind, Rule};
pub use escape::Part;
pub use message::{Message, Piece, Pieces, Segment};
pub use place::{NoPlace, Place, SegmentName};
pub use structure::{Fit, Group, Member, Missing, NoStructure};
pub use structures::structure_of;
