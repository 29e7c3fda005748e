//! What a path says.

use super::kind::DataKind;

/// A file of the storage, by its path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    /// What the file is about: the same for all its corrections.
    pub key: Key,
    /// 発生日時: when the sender wrote it, `YYYYMMDDHHMMSSfff`.
    pub stamp: String,
    /// 診療科コード; `None` where the kind of data has none (`-`).
    pub department: Option<String>,
    /// What became of it.
    pub condition: Condition,
}

/// What files have in common that correct each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// 患者ID.
    pub patient: String,
    /// 診療日, `YYYYMMDD`; `None` for kinds that belong to no day (`-`).
    pub date: Option<String>,
    /// データ種別.
    pub kind: DataKind,
    /// オーダNo. Kinds without one have a number that the sender repeats: `999999999999999`.
    pub order: String,
}

/// A path without its flag: what stays the same when somebody corrects or deletes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(pub(super) String);

impl Identity {
    /// As text, for a ledger of what was taken.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// コンディションフラグ.
///
/// 0 and 1 are in the guideline. 2 is NHO's reading of it (`transaction_strage.md`, 2021-12-28): a correction changes the flag
/// of the corrected file from 1 to 2, a deletion those of all to 0. Other senders write 0 for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// 0: deleted, or replaced where the sender does not write 2.
    Withdrawn,
    /// 1: it holds.
    Active,
    /// 2: another file replaced it.
    Replaced,
}

impl Condition {
    /// The flag that is written so.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "0" => Some(Self::Withdrawn),
            "1" => Some(Self::Active),
            "2" => Some(Self::Replaced),
            _ => None,
        }
    }

    /// As it stands in a name.
    #[must_use]
    pub const fn digit(self) -> char {
        match self {
            Self::Withdrawn => '0',
            Self::Active => '1',
            Self::Replaced => '2',
        }
    }
}
