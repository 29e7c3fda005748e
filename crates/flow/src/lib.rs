//! What happens, in order.
//!
//! Three corridors name all rooms: [`receive`](mod@receive) for what comes in, [`look`](mod@look) for
//! reads, [`deliver`](mod@deliver) for what recipients do with their mailbox. [`register`](mod@register)
//! is a short corridor for the directory. Each room is one file with one verb, one type in, one type out;
//! no room calls another.
//!
//! [`batch`](mod@batch) sends the lines of a file through [`receive`](mod@receive), each as a message.
//!
//! Invariants: no HTTP, no SQL, no file format, no network by name. Nothing leaves a corridor but a
//! [`Recorded`] value, which exists only after its audit leaf was committed, or a [`Refused`].
//!
//! To add a room: a file named by its verb, its error in [`refusal::Refusal`], its line in a corridor,
//! its test in `tests/it/`.

pub mod accept;
pub mod batch;
pub mod card;
mod card_sight;
pub mod checkpoint;
pub mod cursor;
pub mod decode;
pub mod deliver;
mod desk;
pub mod draft;
pub mod emergency;
mod find;
pub mod fold_index;
pub mod form;
pub mod handle;
pub mod house;
pub mod identify;
pub mod judge;
pub mod kin;
pub mod lineage;
pub mod look;
mod look_history;
mod look_search;
pub mod map;
pub mod note;
pub mod outcome;
pub mod page;
mod passed;
pub mod permit;
pub mod recall;
pub mod receive;
pub mod record;
pub mod refusal;
pub mod refuse;
pub mod register;
pub mod register_change;
#[cfg(test)]
mod register_change_tests;
pub mod register_file;
pub mod register_staff;
pub mod register_words;
pub mod render;
pub mod render_bundle;
pub mod report;
pub mod review;
pub mod room;
pub mod route;
mod sheet_text;
pub mod shelve;
pub mod staff;
pub mod store;
pub mod writing;

pub use batch::batch;
pub use house::{House, Networks, activate};
pub use look::look;
pub use receive::receive;
pub use record::Recorded;
pub use refusal::{Kind, Refusal};
pub use refuse::Refused;
pub use renkei_store::urgently;
