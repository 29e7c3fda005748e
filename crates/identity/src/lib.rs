//! Which record a message is about: folding of kana names, and the decision over exact matches.
//!
//! Invariant: pure. No SQL, no HTTP, no clock; the rooms look up identifiers and hand in what was
//! found. Nothing here rewrites a record: a doubtful match makes a new record and a conflict for a
//! person to look at.

mod fold;
mod resolve;

pub use fold::fold_kana;
pub use resolve::{Demography, Known, Resolution, agrees, resolve};
