//! SS-MIX2 標準化ストレージ: a tree of folders with one HL7 message in each file.
//!
//! ```text
//! <root>/000/000/0000001/20240401/OMP-01/0000001_20240401_OMP-01_000000000000123_20240401101530123_01_1
//!        患者ID    患者ID  診療日   データ種別 患者ID_診療日_データ種別_オーダNo_発生日時_診療科_コンディションフラグ
//! ```
//!
//! The name says what the file is and what became of it. Whoever corrects writes a new file and changes the
//! flag in the name of the old one; whoever deletes does so too. So a message is known by its path
//! ([`Entry::identity`]) and never by its MSH-10, which real trees repeat.
//!
//! Names are pure ([`decode_path`], [`Entry::path`], [`standing`]); [`Walk`], [`Storage`] and [`Watcher`] are the
//! only places of this crate that touch files.
//!
//! Sources: SS-MIX2 標準化ストレージ 構成の説明と構築ガイドライン Ver.1.2 (JAMI), as quoted by the
//! documents of NHO (`nhoHQ/SSMIX2_support_documents`: `transaction_strage.md`, `index_db.md`). Not here: 拡張ストレージ,
//! トランザクションストレージ and the index database.

mod decode;
mod encode;
mod entry;
mod kernel;
mod kind;
#[cfg(test)]
mod laws;
mod part;
mod pending;
#[cfg(test)]
mod refusals;
mod standing;
mod storage;
#[cfg(test)]
mod storage_laws;
mod walk;
mod watch;
#[cfg(test)]
mod watch_laws;

pub use decode::{decode_name, decode_path};
pub use entry::{Condition, Entry, Identity, Key};
pub use kind::DataKind;
pub use part::{NameError, Part};
pub use pending::Mark;
pub use standing::{Doubt, Standing, standing};
pub use storage::{Storage, StorageError, Written};
pub use walk::{Found, Walk, WalkError};
pub use watch::{Known, Settings, Sighting, Watcher};
