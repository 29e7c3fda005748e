//! What a search gives instead of an id: a word that means nothing outside its answer. Not a room.

use std::time::Duration;

use renkei_model::clock::Instant;
use renkei_model::id::{RecordId, SearchId};
use renkei_model::permit::Permit;

use crate::house::House;

const PURPOSE: &str = "emergency handle";

/// Whom a line of a search's answer meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    /// The record.
    pub record: RecordId,
    /// The search that found it.
    pub search: SearchId,
}

impl Handle {
    /// Seals the handle for its caller. Another text each time, useless to anybody else, and useless
    /// after `emergency_open_ms`.
    #[must_use]
    pub fn seal(&self, house: &House, permit: &Permit) -> String {
        let until = permit
            .at()
            .plus(Duration::from_millis(house.limits.emergency_open_ms));
        let plain = format!("{} {} {}", self.record, self.search, until.0);
        house
            .sealing
            .seal(PURPOSE, bound(permit).as_bytes(), plain.as_bytes())
    }

    /// Opens what this caller was given not too long ago. Everything else is `None`.
    #[must_use]
    pub fn open(house: &House, permit: &Permit, text: &str) -> Option<Self> {
        let plain = house
            .sealing
            .open(PURPOSE, bound(permit).as_bytes(), text)?;
        let plain = String::from_utf8(plain).ok()?;
        let mut words = plain.split(' ');
        let record = words.next()?.parse().ok()?;
        let search = words.next()?.parse().ok()?;
        let until: i64 = words.next()?.parse().ok()?;
        (permit.at() < Instant(until)).then_some(Self { record, search })
    }
}

/// The caller in the words of the log, and the facility.
fn bound(permit: &Permit) -> String {
    let caller = permit.caller();
    format!(
        "{}|{}|{}",
        caller.actor(),
        caller.facility,
        caller.profession()
    )
}
