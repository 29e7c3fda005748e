//! Room: bytes become records of the network's own format, with byte spans, and find the plan that they
//! follow.

use renkei_model::limits::Limits;
use renkei_model::message::Fault;
use renkei_profile::{Format, Message};
use renkei_wire::filemaker;
use renkei_wire::tree::Record;

use crate::accept::{Accepted, Media};

/// A message as native records.
pub struct Decoded<'a> {
    /// The message.
    pub accepted: Accepted<'a>,
    /// The plan that its records follow.
    pub plan: &'a Message,
    /// The records, at least one.
    pub records: Vec<Record>,
    /// How its sender names fields.
    pub notation: Notation,
}

/// How a sender names the fields of a record: it is told of them in these words.
#[derive(Debug, Clone, Copy)]
pub struct Notation {
    format: Format,
    media: Media,
}

impl Notation {
    /// A field as this sender names it, from the name that the format's messages have.
    #[must_use]
    pub fn field(self, field: &str) -> String {
        match (self.format, self.media) {
            (Format::FilemakerJson, Media::Csv) => filemaker::as_column(field),
            _ => field.to_owned(),
        }
    }

    /// The fields of a record that have private-use characters (外字), as the format's messages name them.
    #[must_use]
    pub fn private_use(self, record: &Record) -> Vec<String> {
        self.format.private_use(record)
    }
}

/// Why bytes are not records.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The network takes no such message.
    #[error("the network takes no messages here")]
    NoPlan,
    /// What is wrong, in the sender's words.
    #[error("the message cannot be read")]
    Faults(Vec<Fault>),
}

/// Reads the bytes.
///
/// # Errors
/// [`DecodeError`].
pub fn decode<'a>(accepted: Accepted<'a>, limits: &Limits) -> Result<Decoded<'a>, DecodeError> {
    let (inbound, media) = (accepted.inbound, accepted.media);
    if accepted.network.messages().is_empty() {
        return Err(DecodeError::NoPlan);
    }
    let limits = Limits {
        entries: limits.records,
        ..*limits
    };
    let native = accepted
        .network
        .read(&inbound.body, &inbound.content_type, &limits)
        .map_err(DecodeError::Faults)?;
    let format = native.message.format();
    Ok(Decoded {
        plan: native.message,
        records: native.records,
        notation: Notation { format, media },
        accepted,
    })
}
