//! Who did what with whose data, provably: leaves, their chain, the Merkle tree over them, signed
//! checkpoints, and the verifier that needs nothing but an export and a public key.
//!
//! Invariant: knows `model` and nothing else; no database, no clock. The store numbers leaves with
//! [`link`]; the chain begins with [`FIRST_PREVIOUS`].
//!
//! What is hashed starts with a byte that says what it is, so that no hash can be passed off as one
//! of another kind: 0 a leaf, 1 a node of the tree (both RFC 6962), 2 a detail, 3 a link.

mod chain;
mod entry;
mod error;
mod seal;
mod verify;

pub mod checkpoint;
pub mod export;
pub mod keys;
pub mod merkle;

pub use chain::{FIRST_PREVIOUS, leaf_hash, link};
pub use entry::{Decision, Entry, EntryDetail, EntryShelf, EntryShelves, decode, encode};
pub use error::AuditError;
pub use seal::{Leaf, Sealer};
pub use verify::{Finding, FindingKind, Report, Verifier, verify};
