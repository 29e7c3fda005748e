//! Bytes ⇄ neutral record tree: the formats in which networks and vendors write.
//!
//! Invariant: knows neither FHIR nor a network, and touches files only where the format is a tree of files
//! ([`ssmix2`]). Every node keeps the byte range of the original
//! message that it came from, also after a change of charset: lineage and error texts point with it.

pub mod careplan;
pub mod cda;
pub mod charset;
pub mod csv;
pub mod filemaker;
pub mod format;
pub mod hl7;
pub mod inspect;
pub mod jahis;
pub mod json;
#[cfg(test)]
mod json_laws;
pub mod life;
pub mod mllp;
#[cfg(test)]
mod mutants;
pub mod ssmix2;
pub mod tree;

pub use format::Format;
pub use tree::{Content, Leaf, Node, Record};
