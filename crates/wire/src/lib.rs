//! Bytes ⇄ neutral record tree: the formats in which networks and vendors write.
//!
//! Invariant: knows neither FHIR nor a network. Every node keeps the byte range of the original
//! message that it came from, also after a change of charset: lineage and error texts point with it.

pub mod careplan;
pub mod charset;
pub mod csv;
pub mod filemaker;
pub mod format;
pub mod jahis;
pub mod json;
#[cfg(test)]
mod json_laws;
pub mod life;
#[cfg(test)]
mod mutants;
pub mod ssmix2;
pub mod tree;

pub use format::Format;
pub use tree::{Content, Leaf, Node, Record};
