//! HL7 CDA R2: clinical documents as XML, in.
//!
//! The whole document comes as a tree; [`header`] and [`sections`] read it. An element is a branch of its name, in it its
//! attributes as `@name`, its elements, and its text as `#text`, in the order of the document. An element that has only text is a text, one
//! that has nothing a null. Names are those of `urn:hl7-org:v3`; elements of other namespaces are called `{namespace}name`.
//!
//! Refused before anything is believed: any DOCTYPE, any entity beyond the five of XML, charsets other than UTF-8, and
//! what is too big, too deep or has too many parts. Nothing outside the bytes is ever opened.
//!
//! Normalised: whitespace alone between elements, comments, prefixes of namespaces and the order of declarations are not kept; line ends are
//! line feeds; a line end or tab in an attribute is a space. Processing instructions are not kept and reported.
//!
//! Source: HL7 Clinical Document Architecture, Release 2.0 (2005): 4.2 header, 4.3.5 narrative block.

mod decode;
mod element;
mod error;
mod header;
#[cfg(test)]
mod laws;
mod names;
mod narrative;
mod reference;
#[cfg(test)]
mod refusals;
mod section;

pub use decode::{Document, read};
pub use error::{CdaError, Notice};
pub use header::{Code, Header, Id, Name, Party, header};
pub use section::{Section, non_xml, sections};

/// Name of the root, of the record's root and of the document element.
pub const CLINICAL_DOCUMENT: &str = "ClinicalDocument";
/// Name of a text among elements.
pub const TEXT: &str = "#text";
