//! The shelf: what rights are decided on.

use crate::id::{FacilityCode, NetworkName, RecordId};
use crate::lists::{Category, Sensitivity};

/// Record × category × owner × sensitivity. Every stored version carries these four columns,
/// set when it comes in and never taken from what a client claims.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shelf {
    /// The network whose rules govern.
    pub network: NetworkName,
    /// The record.
    pub record: RecordId,
    /// What it is about.
    pub category: Category,
    /// The facility that wrote it.
    pub owner: FacilityCode,
    /// How sensitive it is.
    pub sensitivity: Sensitivity,
}
