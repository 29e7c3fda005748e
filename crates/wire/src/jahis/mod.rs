//! JAHIS: the drug notebook (電子版お薬手帳データフォーマット, `JAHISTC`) and the symbol on a prescription
//! (院外処方箋2次元シンボル, `JAHIS10`), in and out.
//!
//! Both are lines of items between commas, in MS932, the first item a record number. A line's meaning depends on
//! lines before it; the tree says so by its branches, and each record is a branch named by its number:
//!
//! ```text
//! JAHISTC: バージョン 出力区分 1 2… 3… 31… 4… 調剤… 701… ; 調剤: 5 11 15 処方… 401… ;
//!          処方: 51 医師… ; 医師: 55 RP… ; RP: 201… 281… 291… 301 311… 391…
//! JAHIS:   バージョン 1 2 … 82 RP… ; RP: 101 102 111 181… 薬品… ; 薬品: 201 211 221 231 241 281…
//! ```
//!
//! 処方 and 医師 are there also where no record 51 or 55 opened them, so that a path to a drug is always the same. Items beyond
//! those that are known are kept as `項目12`, records beyond those as a branch of their number; both are reported.
//!
//! A notebook that did not fit into one symbol comes in parts, each with a record 911: [`join`] brings them in order, and
//! [`read`] takes the parts one behind the other.
//!
//! Sources: the layouts of 電子版お薬手帳データフォーマット仕様書 Ver.2.6 (JAHIS技術文書 24-104) and of 院外処方箋2次元シンボル
//! 記録条件規約 Ver.1.10, as documented in `YasushiMatsumoto/jahis-rx-parser` (`docs/*/record-spec.md`). Older versions have fewer
//! items at the ends of their records and read the same. Assumed, not seen in the standards: each part of a set
//! begins with the version line and may repeat record 1; a part of another version is none of the set.

mod decode;
mod encode;
mod error;
mod group;
#[cfg(test)]
mod laws;
mod layout;
mod line;
mod parts;
#[cfg(test)]
mod refusals;

pub use decode::{Message, read};
pub use encode::{EncodeError, encode};
pub use error::{JahisError, Notice, Place};
pub use layout::Standard;
pub use parts::join;

/// Name of the version's node.
pub const VERSION: &str = "バージョン";
/// Name of the node that says who speaks: 1 an institution, 2 the patient. Notebook only.
pub const CATEGORY: &str = "出力区分";
/// A dispensing (調剤): record 5 and what follows.
pub const DISPENSING: &str = "調剤";
/// A prescription (処方): record 51 and what follows.
pub const PRESCRIPTION: &str = "処方";
/// A prescriber (医師): record 55 and the drugs that he prescribed.
pub const PRESCRIBER: &str = "医師";
/// Drugs taken in the same way: joined by RP番号.
pub const RP: &str = "RP";
/// A drug of a prescription symbol: joined by RP内連番.
pub const DRUG: &str = "薬品";
