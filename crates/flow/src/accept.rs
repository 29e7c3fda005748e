//! Room: which network and which message this is, whether the caller may knock at all, how big it is.

use renkei_model::caller::Caller;
use renkei_model::id::MessageId;
use renkei_model::message::{DedupKey, Inbound};
use renkei_profile::{Format, Network};
use sha2::{Digest, Sha256};

use crate::house::House;

/// A message at the door, not yet read.
pub struct Accepted<'a> {
    /// The network.
    pub network: &'a Network,
    /// What arrived.
    pub inbound: &'a Inbound,
    /// In which syntax.
    pub media: Media,
    /// The id that it will have.
    pub message: MessageId,
    /// SHA-256 of the bytes.
    pub body_sha256: [u8; 32],
    /// What makes it one and the same message when it comes again.
    pub dedup: DedupKey,
}

/// The syntaxes in which a network's messages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON.
    Json,
    /// A header row and a row for each record.
    Csv,
    /// A message of HL7 v2.
    Hl7,
}

impl Media {
    /// The syntax of a media type (lower case, with its parameters); JSON if none was declared.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        let declared = content_type.split(';').next().unwrap_or_default().trim();
        match Format::of_media(content_type)? {
            Format::FilemakerJson if declared == "text/csv" => Some(Self::Csv),
            Format::FilemakerJson => Some(Self::Json),
            Format::Hl7 => Some(Self::Hl7),
        }
    }
}

/// Why a message was not even read.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// No such network, or not one of the caller's: the two are the same to the caller.
    #[error("no such network here")]
    Absent,
    /// Larger than the limit.
    #[error("the message has more than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// An empty body.
    #[error("本文が空です / the message is empty")]
    Empty,
    /// Not a media type that carries JSON, CSV or HL7.
    #[error("the media type must be application/json, text/csv or application/hl7-v2")]
    MediaType,
}

/// Looks at a message from outside.
///
/// # Errors
/// [`AcceptError`].
pub fn accept<'a>(house: &'a House, inbound: &'a Inbound) -> Result<Accepted<'a>, AcceptError> {
    within(house, inbound, house.limits.body_bytes)
}

/// Looks at a file of messages from outside: it may be larger than a message.
///
/// # Errors
/// [`AcceptError`].
pub fn accept_file<'a>(
    house: &'a House,
    inbound: &'a Inbound,
) -> Result<Accepted<'a>, AcceptError> {
    within(house, inbound, house.limits.batch_bytes)
}

fn within<'a>(
    house: &'a House,
    inbound: &'a Inbound,
    limit_bytes: usize,
) -> Result<Accepted<'a>, AcceptError> {
    let network = house
        .networks
        .find(&inbound.network)
        .filter(|_| inbound.caller.belongs_to(&inbound.network))
        .ok_or(AcceptError::Absent)?;
    if inbound.body.is_empty() {
        return Err(AcceptError::Empty);
    }
    if inbound.body.len() > limit_bytes {
        return Err(AcceptError::TooLarge { limit_bytes });
    }
    let media = Media::of(&inbound.content_type).ok_or(AcceptError::MediaType)?;
    let body_sha256: [u8; 32] = Sha256::digest(&inbound.body).into();
    let key = inbound
        .sender_key
        .clone()
        .unwrap_or_else(|| hex::encode(body_sha256));
    let dedup = DedupKey {
        network: inbound.network.clone(),
        sender: sender(&inbound.caller),
        key,
    };
    Ok(Accepted {
        network,
        inbound,
        media,
        message: MessageId::new(),
        body_sha256,
        dedup,
    })
}

/// Facility, actor and profession: what somebody else in the house sends is a message of its own, and
/// is judged by the sender's own rights.
fn sender(caller: &Caller) -> String {
    format!(
        "{}/{}/{}",
        caller.facility,
        caller.actor(),
        caller.profession()
    )
}
