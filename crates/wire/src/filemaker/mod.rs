//! Records as the FileMaker Data API gives and takes them: an envelope of JSON.
//!
//! ```text
//! {"response":{"dataInfo":{…},
//!              "data":[{"fieldData":{"氏名":"…"},
//!                       "portalData":{"緊急連絡先":[{"recordId":"1","modId":"0","緊急連絡先::氏名":"…"}]},
//!                       "recordId":"12","modId":"3"}]},
//!  "messages":[{"code":"0","message":"OK"}]}
//! ```
//!
//! A record's root is a branch `record` with the branches `fieldData` (values) and `portalData`
//! (one branch for each portal, in it one branch `row` for each row). Names stay as they are,
//! `緊急連絡先::氏名` too; a row's own `recordId` and `modId` are kept as values of the row.
//! Members of a record that the envelope does not define follow as further children of the root,
//! so that whoever maps the record can name them.
//!
//! An export as CSV ([`export`], [`read_csv`], [`encode_csv`]) has the same tree: a header row of the
//! columns `recordId`, `modId`, the field names, and `緊急連絡先[1]::氏名` for the first row of a portal.

mod canonical;
mod column;
mod csv_in;
#[cfg(test)]
mod csv_laws;
mod csv_out;
#[cfg(test)]
mod csv_refusals;
mod decode;
mod encode;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;

pub use canonical::{canonical, private_use};
pub use column::as_column;
pub use csv_in::{Export, Line, Table, decode_csv, export, read_csv};
pub use csv_out::encode_csv;
pub use decode::{Posted, decode, read};
pub use encode::encode;

/// Name of a record's root.
pub const RECORD: &str = "record";
/// Name of the branch of plain fields.
pub const FIELD_DATA: &str = "fieldData";
/// Name of the branch of portals: tables of related records.
pub const PORTAL_DATA: &str = "portalData";
/// Name of one related record.
pub const ROW: &str = "row";
/// The sender's key of a record or a row.
pub const RECORD_ID: &str = "recordId";
/// The sender's version of a record or a row.
pub const MOD_ID: &str = "modId";
