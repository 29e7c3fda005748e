//! FHIR R4 documents: structure check, references, stamps, document bundles, search values.
//!
//! Invariant: knows neither storage nor networks, and a resource's JSON text is never replaced by a
//! typed value: fhir-sdk judges a copy (it turns `1` into `1.0`), and lives in `check` alone.

pub mod capability;
pub mod card;
pub mod card_blocks;
pub mod card_head;
pub mod check;
pub mod document;
pub mod face;
pub mod index;
pub mod instant;
mod items;
mod line;
mod line_words;
pub mod moment;
pub mod outcome;
pub mod params;
mod read;
pub mod reference;
pub mod search;
pub mod stamp;
pub mod types;
