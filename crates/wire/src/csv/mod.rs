//! CSV in plain (RFC 4180): bytes in UTF-8 or MS932 ⇄ rows of cells, each with its bytes in the original.
//!
//! Knows nothing of what the columns mean: [`crate::filemaker`] names them. The syntax is read here and
//! not by a library: those take `"a"b` and a quote that is never closed without a word, and then one wrong
//! line swallows its neighbours. A property test compares both on well-formed files.

#[cfg(test)]
mod laws;
mod syntax;
mod text;
mod write;

pub use syntax::{Cell, Row, Rows, WHOLE_LINE};
pub(crate) use text::Walk;
pub use text::{Charset, Text};
pub(crate) use write::write_plain;
pub use write::{Unwritable, write_cell};
