//! `[batch]`: files of many lines.

use renkei_model::limits::Limits;
use serde::{Deserialize, Serialize};

use super::{Breach, Explained, broken};

/// What a batch file (CSV) may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchSection {
    /// Its size.
    pub bytes: usize,
    /// Its lines.
    pub lines: usize,
    /// Time for all of it.
    pub time_ms: u64,
}

impl Default for BatchSection {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            bytes: limits.batch_bytes,
            lines: limits.batch_lines,
            time_ms: limits.batch_ms,
        }
    }
}

impl BatchSection {
    /// The limits with these settings in their places.
    #[must_use]
    pub const fn within(&self, limits: Limits) -> Limits {
        Limits {
            batch_bytes: self.bytes,
            batch_lines: self.lines,
            batch_ms: self.time_ms,
            ..limits
        }
    }

    pub(super) fn breaches(&self) -> Vec<Breach> {
        broken([
            (
                (1_000..=1_000_000_000).contains(&self.bytes),
                "batch.bytes",
                "1000 から 1000000000 まで / between 1000 and 1000000000",
            ),
            (
                (1..=1_000_000).contains(&self.lines),
                "batch.lines",
                "1 から 1000000 まで / between 1 and 1000000",
            ),
            (
                (1_000..=86_400_000).contains(&self.time_ms),
                "batch.time_ms",
                "1000 から 86400000 まで / between 1000 and 86400000",
            ),
        ])
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "batch.bytes",
        japanese: "一括ファイル(CSV)の大きさの上限、バイト",
        english: "largest batch file (CSV) in bytes",
    },
    Explained {
        key: "batch.lines",
        japanese: "一括ファイルの行数の上限",
        english: "lines of a batch file at most",
    },
    Explained {
        key: "batch.time_ms",
        japanese: "一括ファイルの処理時間の上限、ミリ秒。済んだ行は残ります",
        english: "longest time for a batch file in milliseconds; lines that are done stay",
    },
];
