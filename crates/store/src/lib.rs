//! What we remember: all SQL, both databases, the folder of large bodies.
//!
//! One file a table family. What a patient row needs is reached by callers only through `visible.rs`.
//! On SQLite one task owns the write connection and commits transactions in groups (`writer.rs`);
//! on PostgreSQL transactions are the pool's and one sequencer numbers audit leaves (`sequencer.rs`).

mod blob;
mod check;
mod facility;
mod fault;
mod lane;
mod leaf;
mod message;
mod open;
mod permit;
mod policy;
mod record;
mod relation;
mod resource;
mod sequencer;
mod sql;
mod store;
#[cfg(test)]
mod tests;
mod tx;
mod visible;
mod writer;

pub use blob::Body;
pub use facility::{Facility, Staff};
pub use fault::{DatabaseFault, StoreError};
pub use lane::SheetHistory;
pub use message::{NewMessage, NewQuarantine};
pub use policy::MaskRow;
pub use record::{IdentifierMatch, NewConflict};
pub use relation::{NewEnrolment, NewRelation};
pub use resource::{IndexRow, NewOrigin, NewVersion, Origin, OriginPart};
pub use store::{Settings, Store};
pub use tx::{Tx, Urgency};
pub use visible::VisibleVersion;
