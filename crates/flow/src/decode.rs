//! Room: bytes become records of the network's own format, with byte spans.

use renkei_model::limits::Limits;
use renkei_model::message::Fault;
use renkei_profile::{Format, Message};
use renkei_wire::filemaker;
use renkei_wire::tree::Record;

use crate::accept::Accepted;

/// A message as native records.
pub struct Decoded<'a> {
    /// The message.
    pub accepted: Accepted<'a>,
    /// The plan that its records follow.
    pub plan: &'a Message,
    /// The records, at least one.
    pub records: Vec<Record>,
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
    let plan = accepted
        .network
        .messages()
        .first()
        .ok_or(DecodeError::NoPlan)?;
    let inbound = accepted.inbound;
    let limits = Limits {
        entries: limits.records,
        ..*limits
    };
    let records = match plan.format() {
        Format::FilemakerJson => filemaker::decode(&inbound.body, &inbound.content_type, &limits),
    }
    .map_err(DecodeError::Faults)?;
    Ok(Decoded {
        plan,
        records,
        accepted,
    })
}
