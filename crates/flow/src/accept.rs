//! Room: which network and which message this is, whether the caller may knock at all, how big it is.

use renkei_model::caller::Caller;
use renkei_model::id::MessageId;
use renkei_model::message::{DedupKey, Inbound};
use renkei_profile::Network;
use sha2::{Digest, Sha256};

use crate::house::House;

/// A message at the door, not yet read.
pub struct Accepted<'a> {
    /// The network.
    pub network: &'a Network,
    /// What arrived.
    pub inbound: &'a Inbound,
    /// The id that it will have.
    pub message: MessageId,
    /// SHA-256 of the bytes.
    pub body_sha256: [u8; 32],
    /// What makes it one and the same message when it comes again.
    pub dedup: DedupKey,
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
    #[error("the message is empty")]
    Empty,
    /// Not a media type that carries JSON.
    #[error("the media type must be application/json")]
    MediaType,
}

/// Looks at a message from outside.
///
/// # Errors
/// [`AcceptError`].
pub fn accept<'a>(house: &'a House, inbound: &'a Inbound) -> Result<Accepted<'a>, AcceptError> {
    let network = house
        .networks
        .find(&inbound.network)
        .filter(|_| inbound.caller.belongs_to(&inbound.network))
        .ok_or(AcceptError::Absent)?;
    if inbound.body.is_empty() {
        return Err(AcceptError::Empty);
    }
    if inbound.body.len() > house.limits.body_bytes {
        return Err(AcceptError::TooLarge {
            limit_bytes: house.limits.body_bytes,
        });
    }
    let media_type = inbound
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !matches!(media_type, "application/json" | "text/json" | "") {
        return Err(AcceptError::MediaType);
    }
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
