//! `[store]`: how the database is used.

use serde::{Deserialize, Serialize};

use super::{Breach, Explained};

/// Settings of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSection {
    /// Connections for reading.
    pub read_connections: u32,
    /// Members of one group commit at most (SQLite).
    pub group_members: usize,
    /// Work in one group commit at most, once a reader or a crew waits for it (SQLite).
    pub group_work_ms: u64,
    /// Work in one group commit at most, while only senders wait for it (SQLite).
    pub group_busy_ms: u64,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self {
            read_connections: 8,
            group_members: 64,
            group_work_ms: 5,
            group_busy_ms: 50,
        }
    }
}

impl StoreSection {
    pub(super) fn breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        if !(1..=256).contains(&self.read_connections) {
            breaches.push(Breach {
                key: "store.read_connections",
                rule: "1 から 256 まで / between 1 and 256",
            });
        }
        if !(1..=1_024).contains(&self.group_members) {
            breaches.push(Breach {
                key: "store.group_members",
                rule: "1 から 1024 まで / between 1 and 1024",
            });
        }
        if !(1..=1_000).contains(&self.group_work_ms) {
            breaches.push(Breach {
                key: "store.group_work_ms",
                rule: "1 から 1000 まで / between 1 and 1000",
            });
        }
        if !(1..=1_000).contains(&self.group_busy_ms) {
            breaches.push(Breach {
                key: "store.group_busy_ms",
                rule: "1 から 1000 まで / between 1 and 1000",
            });
        }
        breaches
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "store.read_connections",
        japanese: "読み取り用の接続の数",
        english: "connections for reading",
    },
    Explained {
        key: "store.group_members",
        japanese: "一度にまとめて確定する取引の上限(SQLite)",
        english: "transactions that share one durable commit at most (SQLite)",
    },
    Explained {
        key: "store.group_work_ms",
        japanese: "閲覧や救急が待つとき、まとめて確定するまでの作業時間の上限、ミリ秒(SQLite)",
        english: "work before a group is committed at most, once a reader or a crew waits, in milliseconds (SQLite)",
    },
    Explained {
        key: "store.group_busy_ms",
        japanese: "送信だけが待つとき、まとめて確定するまでの作業時間の上限、ミリ秒(SQLite)",
        english: "work before a group is committed at most, while only senders wait, in milliseconds (SQLite)",
    },
];
