//! Who may see what: a region's table, the Cedar policies made from it, and the grant masks.
//!
//! Invariant: the only place of Cedar. `access.csv` is the source; policies are generated from it
//! and can only be narrowed, by the `forbid` rules of `forbid.cedar`. Whatever is not allowed in so
//! many words is denied, and any error of the engine is a denial. Knows no SQL and no FHIR.
//!
//! The way of a table: [`read_table`] → [`compile`] → [`PolicySet::masks`] (stored under
//! [`Decider::policy`]) → [`PolicySet::with_masks`] → [`PolicySet::allows`] for the warm path and
//! [`Decider::decide`] for every shelf that leaves the house.

mod cedar;
mod error;
mod generate;
mod mask;
mod names;
mod question;
mod reference;
mod table;

pub use cedar::{PolicySet, compile};
pub use error::AccessError;
pub use mask::GrantMask;
pub use question::{Action, Decider, Decision, Question};
pub use reference::Reference;
pub use table::{Table, read_table};
