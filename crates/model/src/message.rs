//! A message on its way in, and the answer to it.

use bytes::Bytes;

use crate::caller::Caller;
use crate::clock::Instant;
use crate::id::{MessageId, NetworkName, RecordId, RequestId};

/// Bytes as a door took them in, with what the door knows.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The network that the door belongs to.
    pub network: NetworkName,
    /// Who sends.
    pub caller: Caller,
    /// The bytes, at most [`crate::limits::Limits::body_bytes`].
    pub body: Bytes,
    /// The media type as declared, lower case, with its parameters; empty if none was.
    pub content_type: String,
    /// The sender's own message id, if the transport carries one.
    pub sender_key: Option<String>,
    /// The request.
    pub request: RequestId,
    /// When it arrived.
    pub at: Instant,
}

/// A byte range of the original message. Start inclusive, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// What is wrong with one field, in the sender's own terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field as the sender knows it: `data[0].fieldData.生年月日`.
    pub field: String,
    /// The rule that was broken, in plain Japanese and English. Quotes nothing that is stored.
    pub rule: String,
    /// Where in the message.
    pub span: Option<Span>,
    /// What kind of fault.
    pub kind: FaultKind,
}

/// Kinds of fault, as FHIR's issue codes name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The bytes are not of the format.
    Structure,
    /// Something that must be there is not.
    Required,
    /// A value that breaks a rule.
    Value,
    /// A code that is not in the code map.
    Code,
    /// Too big, too deep, too many.
    TooMuch,
}

/// Something that was taken in but has no place, or not all of its place, in FHIR.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Loss {
    /// The field as the sender knows it.
    pub field: String,
    /// Why: `unknown field: kept in the original`, or the profile's own reason.
    pub why: String,
}

/// Who sent a message: with the network and the key, what makes it one and the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DedupKey {
    /// The network.
    pub network: NetworkName,
    /// The sender's facility, actor and profession.
    pub sender: String,
    /// The sender's message id, or the SHA-256 of the bytes where the format has none.
    pub key: String,
}

/// The answer that was given, kept to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The message.
    pub message: MessageId,
    /// SHA-256 of its bytes.
    pub body_sha256: [u8; 32],
    /// The answer's JSON text.
    pub answer: String,
    /// Whom the message was about: the leaf of a repeat names them again.
    pub records: Vec<RecordId>,
}
