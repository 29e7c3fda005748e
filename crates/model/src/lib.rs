//! What things are: typed ids, the closed lists, callers, shelves, messages, lanes, leaves, clock.
//!
//! Invariant: no I/O of any kind and no knowledge of a network, a file format or a database.
//! Everything here is a plain value that the other crates hand to each other.

pub mod caller;
pub mod clock;
pub mod day;
pub mod face;
pub mod id;
pub mod lane;
pub mod leaf;
pub mod limits;
pub mod lists;
pub mod message;
pub mod permit;
pub mod shelf;

pub use caller::Caller;
pub use clock::{Clock, Instant};
pub use face::Face;
pub use lists::{Category, Profession, Purpose, Relation, Sensitivity, View};
pub use permit::Permit;
pub use shelf::Shelf;
