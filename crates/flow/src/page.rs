//! Cursors of pages: what a next link needs to go on, sealed for the caller who asked.
//!
//! A cursor is bound to who asks (actor, facility, networks) and to the policy set, holds the query and
//! the place, and ends after a quarter of an hour. It is no proof of a right: each page asks for the rights
//! again. Not a room.

use renkei_access::Decider as _;
use serde_json::{Value, json};

use crate::house::House;
use crate::look::{Ask, LookError};

/// How long a cursor can be used, in microseconds: 15 minutes.
const CURSOR_MICROS: i64 = 15 * 60 * 1_000_000;

/// What a cursor that cannot be used is answered with, whatever is wrong with it.
const USELESS: LookError = LookError::Parameter(
    "cursor: 使えないか期限が切れています。最初から検索してください / not usable, or no more: search again from the start",
);

/// Seals the content of a cursor.
#[must_use]
pub fn seal(house: &House, ask: &Ask, purpose: &str, content: Value) -> String {
    let until = ask.at.0.saturating_add(CURSOR_MICROS);
    let plain = json!({ "until": until, "content": content }).to_string();
    let bound = bound(house, ask);
    house.sealing.seal(purpose, &bound, plain.as_bytes())
}

/// The content of a cursor.
///
/// # Errors
/// [`LookError::Parameter`], the same for every cursor that is not this caller's of the last minutes.
pub fn open(house: &House, ask: &Ask, purpose: &str, cursor: &str) -> Result<Value, LookError> {
    let bound = bound(house, ask);
    let plain = house.sealing.open(purpose, &bound, cursor).ok_or(USELESS)?;
    let mut plain: Value = serde_json::from_slice(&plain).map_err(|_| USELESS)?;
    let until = plain.get("until").and_then(Value::as_i64);
    if until.is_none_or(|until| until < ask.at.0) {
        return Err(USELESS);
    }
    Ok(plain.get_mut("content").map_or(Value::Null, Value::take))
}

/// A cursor whose content is not what it must be.
#[must_use]
pub const fn useless() -> LookError {
    USELESS
}

/// What must be the same when the next page is asked for.
fn bound(house: &House, ask: &Ask) -> Vec<u8> {
    let mut networks: Vec<&str> = ask
        .caller
        .networks
        .iter()
        .map(|name| name.as_str())
        .collect();
    networks.sort_unstable();
    let profession = ask.caller.profession();
    json!([
        ask.caller.actor(),
        profession.as_str(),
        ask.caller.facility.as_str(),
        networks,
        house.policy.policy(),
    ])
    .to_string()
    .into_bytes()
}
