//! HL7 v2.5 messages, as SS-MIX2 and hospitals' interfaces send them.

mod datatype;
mod decode;
mod delimiter;
#[cfg(test)]
mod double_byte_tests;
mod draft;
mod encode;
mod error;
mod escape;
mod fields;
mod head;
#[cfg(test)]
mod laws;
mod message;
mod misfit;
mod moment;
mod place;
mod record;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod samples_tests;
mod site;
mod structure;
mod structures;
#[cfg(test)]
mod value_tests;

pub use datatype::{
    Address, Authority, Coded, Entity, Identifier, Location, Organisation, Person, Quantity,
    Telecom, TypeError, Typed, moment, number, typed,
};
pub use decode::{decode, looks_like};
pub use delimiter::Delimiters;
pub use draft::{Draft, DraftField, DraftSegment, Value};
pub use error::{DecodeError, EncodeError, Note, NoteKind, Rule};
pub use escape::Part;
pub use fields::data_type;
pub use head::{header, raw_header};
pub use message::{Message, Piece, Pieces, Segment};
pub use moment::Moment;
pub use place::{NoPlace, Place, SegmentName};
pub use record::{MESSAGE, UNPLACED, encode, read};
pub use structure::{Fit, Group, Member, Missing, NoStructure};
pub use structures::structure_of;
