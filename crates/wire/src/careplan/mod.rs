//! ケアプランデータ連携標準仕様: care plans as CSV between 居宅介護支援事業所 and サービス事業所, in and out.
//!
//! One file is one table (第1表, 第2表, 第3表, 利用者補足情報) of several users; each row begins with the CSVバージョン (`YYYYMM`), the
//! insurer's and the insured person's number. A record is a user's plan: its key the two numbers, its version the day
//! when the plan was made or changed, its root a branch of the table's name with a branch `行` for each row. MS932 only.
//!
//! What is evidence and what is assumption:
//! - file names, charset, quotes, the columns of 第1表 and 第2表, and the first fourteen of 利用者補足情報: 介護保険最新情報 vol.1156 (2023-06-15);
//! - the thirteen columns of 第3表: read through a public reader of the later version ("V4") of the standard; that there are
//!   no more is assumed nowhere: 第3表 and 利用者補足情報 may have further columns, which are kept as `項目15`;
//! - the lengths of columns and the list of versions are not known here and not checked;
//! - that codes stand bare and free text in quotes on the way out is the standard's rule for free text, and assumed
//!   for codes; on the way in both are read.
//!
//! 第6表, 第7表 and deletions are recognised by their file names and not read.

mod decode;
mod encode;
mod error;
#[cfg(test)]
mod laws;
mod layout;
mod name;
#[cfg(test)]
mod refusals;

pub use decode::{CarePlans, read};
pub use encode::{EncodeError, encode};
pub use error::{CarePlanError, Notice, Place};
pub use layout::Table;
pub use name::{FileKind, FileName, FileNameError};

/// Name of a row's branch.
pub const ROW: &str = "行";
