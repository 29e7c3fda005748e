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

mod decode;
mod encode;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;

pub use decode::decode;
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
