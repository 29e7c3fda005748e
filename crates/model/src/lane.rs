//! Lanes: one destination × one record; order is kept inside, lanes drain side by side.

use crate::clock::Instant;
use crate::id::{DeliveryId, FacilityCode, MessageId, NetworkName, RecordId, ResourceId};

/// A message on its way to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The network of the record.
    pub network: NetworkName,
    /// Where to.
    pub destination: FacilityCode,
    /// Whose; together with the destination, the lane.
    pub record: RecordId,
    /// The message that caused it.
    pub message: MessageId,
    /// The sheet (its Bundle's id).
    pub sheet: ResourceId,
    /// The version of the sheet that is sent.
    pub version: i64,
    /// Not before.
    pub due_at: Instant,
}

/// State of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waiting in its lane.
    Open,
    /// The destination gave a positive receipt.
    Delivered,
    /// Permanently refused: set aside, alert raised.
    Parked,
}

impl DeliveryState {
    /// The word in the database and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Delivered, Self::Parked]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// The head of a lane, as a mailbox offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The network.
    pub network: NetworkName,
    /// The record.
    pub record: RecordId,
    /// The message that caused it.
    pub message: MessageId,
    /// The sheet.
    pub sheet: ResourceId,
    /// The version of the sheet.
    pub version: i64,
    /// Position in the lane, from 1.
    pub lane_seq: i64,
    /// A receipt must name the token of the offer that it answers.
    pub fencing_token: i64,
    /// When it was routed.
    pub stored_at: Instant,
}

/// What a receipt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptOutcome {
    /// The delivery is now delivered.
    Delivered,
    /// It already was: the same answer again.
    Repeated,
    /// The token is not the one of the present offer: nothing changed.
    Fenced,
    /// No such delivery in this mailbox.
    Absent,
}

/// One line of a sheet's history: stored, delivered or opened, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    /// `stored`, `delivered` or `opened`.
    pub kind: String,
    /// The destination.
    pub facility: FacilityCode,
    /// The version of the sheet.
    pub version: i64,
    /// When.
    pub at: Instant,
}
