//! A network's folder → a checked plan that maps its messages to FHIR and back.
//!
//! The grammar of a folder is in `docs/profiles.md`. Everything regional is in the folder; the engine
//! knows paths in a record tree, elements of FHIR JSON and a closed list of converters between them.
//!
//! Invariants:
//! - pure: no clock, no database, no network; the folder is read once, by [`load`]
//! - a plan that was loaded is consistent: every row has its inverse or a reason why not
//! - what a two-way row did not carry exactly is named in the loss report of that very message

mod choose;
mod codes;
mod compile;
mod compile_check;
mod compile_roles;
mod compile_rows;
mod compile_rules;
mod convert;
mod convert_day;
mod convert_parse;
mod convert_quantity;
mod convert_sample;
mod convert_text;
mod coverage;
mod element;
mod fields;
mod find;
mod golden;
#[cfg(test)]
mod laws_tests;
mod make;
mod map_in;
mod map_out;
mod map_rules;
mod mapped;
mod mistake;
mod native;
mod network;
mod plan;
mod prove;
mod published;
mod sample;
mod target;
mod template;
mod unknown;
mod untyped;
mod yaml;

pub use choose::Native;
pub use coverage::{Carried, Coverage};
pub use golden::{Played, check_golden, golden_cases, play};
pub use mapped::{
    Claim, Consent, Demography, Lineage, MapOutError, Mapped, MappedResource, Named, ProfileError,
    Roles,
};
pub use network::{Message, Network, load};
pub use renkei_wire::Format;
