//! `[connections]`: how many connections there may be, and how slow.

use renkei_edge::ConnectionLimits;
use serde::{Deserialize, Serialize};

use super::{Breach, Explained, broken};

/// Limits of connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsSection {
    /// Connections at most.
    pub max: usize,
    /// Time for a request's head.
    pub header_ms: u64,
    /// Time without a request.
    pub idle_ms: u64,
    /// Time without a byte of a body.
    pub body_stall_ms: u64,
    /// Time in which nothing of an answer is taken.
    pub write_stall_ms: u64,
    /// Time in which the rest of a refused body is thrown away.
    pub linger_ms: u64,
    /// Bytes a second of a body or an answer at least.
    pub pace: u64,
}

impl Default for ConnectionsSection {
    fn default() -> Self {
        let ConnectionLimits {
            max,
            header_ms,
            idle_ms,
            body_stall_ms,
            write_stall_ms,
            linger_ms,
            pace,
        } = ConnectionLimits::DEFAULT;
        Self {
            max,
            header_ms,
            idle_ms,
            body_stall_ms,
            write_stall_ms,
            linger_ms,
            pace,
        }
    }
}

impl ConnectionsSection {
    /// The same for the doors.
    #[must_use]
    pub const fn limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            max: self.max,
            header_ms: self.header_ms,
            idle_ms: self.idle_ms,
            body_stall_ms: self.body_stall_ms,
            write_stall_ms: self.write_stall_ms,
            linger_ms: self.linger_ms,
            pace: self.pace,
        }
    }

    pub(super) fn breaches(&self) -> Vec<Breach> {
        let times = 50..=600_000;
        let between = "50 から 600000 まで / between 50 and 600000";
        broken([
            (
                (1..=1_000_000).contains(&self.max),
                "connections.max",
                "1 から 1000000 まで / between 1 and 1000000",
            ),
            (
                times.contains(&self.header_ms),
                "connections.header_ms",
                between,
            ),
            (
                times.contains(&self.idle_ms),
                "connections.idle_ms",
                between,
            ),
            (
                times.contains(&self.body_stall_ms),
                "connections.body_stall_ms",
                between,
            ),
            (
                times.contains(&self.write_stall_ms),
                "connections.write_stall_ms",
                between,
            ),
            (
                times.contains(&self.linger_ms),
                "connections.linger_ms",
                between,
            ),
            (
                (1..=1_000_000).contains(&self.pace),
                "connections.pace",
                "1 から 1000000 まで / between 1 and 1000000",
            ),
        ])
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "connections.max",
        japanese: "同時接続の上限。満ちたら、要求のない最も古い接続を閉じて新しい接続を受ける",
        english: "connections at most; when full, those without a request for longest are closed for the newcomer",
    },
    Explained {
        key: "connections.header_ms",
        japanese: "要求のヘッダーが最初の1バイトから届き終わるまでの時間の上限、ミリ秒",
        english: "time for a request's whole header block from its first byte, in milliseconds",
    },
    Explained {
        key: "connections.idle_ms",
        japanese: "要求のない接続を保つ時間、ミリ秒",
        english: "how long a connection without a request is kept, in milliseconds",
    },
    Explained {
        key: "connections.body_stall_ms",
        japanese: "本文が1バイトも届かない時間の上限、ミリ秒",
        english: "time in which nothing of a body comes at most, in milliseconds",
    },
    Explained {
        key: "connections.write_stall_ms",
        japanese: "応答が1バイトも読まれない時間の上限、ミリ秒",
        english: "time in which nothing of an answer is read at most, in milliseconds",
    },
    Explained {
        key: "connections.linger_ms",
        japanese: "断った要求の本文の残りを読み捨てて、相手が応答を読めるようにする時間、ミリ秒",
        english: "how long what is left of a refused request's body is thrown away, so that its sender can read the answer, in milliseconds",
    },
    Explained {
        key: "connections.pace",
        japanese: "本文と応答の最低の速さ、1秒あたりバイト",
        english: "slowest pace of a body or an answer in bytes a second",
    },
];
