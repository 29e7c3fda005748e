//! What happens, in order.
//!
//! Three corridors name all rooms: [`receive`](mod@receive) for what comes in, [`look`](mod@look) for
//! reads, [`deliver`](mod@deliver) for what recipients do with their mailbox. [`register`](mod@register)
//! is a short corridor for the directory. Each room is one file with one verb, one type in, one type out;
//! no room calls another.
//!
//! Invariants: no HTTP, no SQL, no file format, no network by name. Nothing leaves a corridor but a
//! [`Recorded`] value, which exists only after its audit leaf was committed, or a [`Refused`].
//!
//! To add a room: a file named by its verb, its error in [`refusal::Refusal`], its line in a corridor,
//! its test in `tests/it/`.

pub mod accept;
pub mod checkpoint;
pub mod decode;
pub mod deliver;
pub mod house;
pub mod identify;
pub mod judge;
pub mod look;
pub mod map;
pub mod outcome;
pub mod permit;
pub mod recall;
pub mod receive;
pub mod record;
pub mod refusal;
pub mod refuse;
pub mod register;
pub mod render;
pub mod room;
pub mod route;
pub mod shelve;
pub mod store;

pub use house::{House, Networks, activate};
pub use look::look;
pub use receive::receive;
pub use record::Recorded;
pub use refusal::{Kind, Refusal};
pub use refuse::Refused;
