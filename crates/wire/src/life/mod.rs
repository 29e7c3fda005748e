//! LIFE (科学的介護情報システム): the CSV that care software sends, in.
//!
//! Line 1 is the data type (`SERVICE_USER_INFO`, `FORM_0000_2021`), line 2 the columns by their physical names, all others data. A
//! record's key is 外部システム管理番号, with 外部システム管理明細番号 behind a `#` where the form has one; the same number sent again overwrites.
//!
//! An empty cell says "leave it as it is" and is empty text; **one half-width space says "delete it"** and is a null. A
//! full-width space, or two half-width ones, are text.
//!
//! Evidence: the rules of the file, and the columns of two of its 22 interfaces, from CSV連携仕様 v1.0 (令和3年3月). For other interfaces
//! the columns are those that line 2 names. The layout of 2024 is not known here. Lengths and codes are not checked.

mod decode;
mod error;
#[cfg(test)]
mod laws;
mod layout;
#[cfg(test)]
mod refusals;

pub use decode::{Life, read};
pub use error::{LifeError, Notice};
