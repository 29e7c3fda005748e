//! How bytes come in and go out: routes, tokens, answers.
//!
//! Invariants: the only place of axum and jsonwebtoken; no rule of any kind about patients; no store.
//! An audited route can answer only with a [`renkei_flow::Recorded`] value: see [`door`].
//!
//! To add a route: a line in [`door::list`], a handler in the file of its family, a refusal case in
//! `tests/it/refused_doors.rs` (the test fails until there is one).

pub mod answer;
mod attend;
mod crew;
pub mod door;
pub mod emergency;
pub mod fhir;
pub mod guard;
mod hall;
pub mod identity;
pub mod incoming;
pub mod key;
mod known;
mod line;
mod linger;
pub mod mailbox;
pub mod mllp;
pub mod network;
pub mod office;
pub mod open;
mod place;
mod pulse;
pub mod serve;
mod tally;

pub use door::{RouteLine, routes};
pub use hall::ConnectionLimits;
pub use key::{IssuerKey, KeyError};
pub use mllp::{MllpDoor, MllpSettings};
pub use place::AdmissionLimits;
pub use serve::{Door, DoorError};

use std::net::SocketAddr;

use renkei_model::limits::Limits;

/// What the doors need to know.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The base that links in answers start with, when a proxy stands in front: `https://gw.example`.
    pub public_base: Option<String>,
    /// `iss` of tokens, compared exactly.
    pub issuer: String,
    /// `aud` of tokens, compared exactly.
    pub audience: String,
    /// `exp - iat` at most.
    pub token_lifetime_max_s: i64,
    /// Sizes that are refused.
    pub limits: Limits,
    /// How many connections, and how slow they may be.
    pub connections: ConnectionLimits,
    /// How many requests may be under way.
    pub admission: AdmissionLimits,
}
