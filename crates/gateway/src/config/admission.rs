//! `[admission]`: how many requests may be under way.

use renkei_edge::AdmissionLimits;
use serde::{Deserialize, Serialize};

use super::{Breach, Explained, broken};

/// Limits of requests under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionSection {
    /// Ordinary requests worked on at once.
    pub places: usize,
    /// Messages worked on at once.
    pub intake: usize,
    /// Requests of one kind that wait for a place.
    pub waiting: usize,
    /// How long one waits.
    pub wait_ms: u64,
    /// Requests of one caller.
    pub per_caller: usize,
    /// CSV files worked on at once.
    pub files: usize,
    /// Crews' requests worked on at once.
    pub emergency: usize,
    /// Bytes of all bodies.
    pub body_bytes: usize,
}

impl Default for AdmissionSection {
    fn default() -> Self {
        let AdmissionLimits {
            places,
            intake,
            waiting,
            wait_ms,
            per_caller,
            files,
            emergency,
            body_bytes,
        } = AdmissionLimits::DEFAULT;
        Self {
            places,
            intake,
            waiting,
            wait_ms,
            per_caller,
            files,
            emergency,
            body_bytes,
        }
    }
}

impl AdmissionSection {
    /// The same for the doors.
    #[must_use]
    pub const fn limits(&self) -> AdmissionLimits {
        AdmissionLimits {
            places: self.places,
            intake: self.intake,
            waiting: self.waiting,
            wait_ms: self.wait_ms,
            per_caller: self.per_caller,
            files: self.files,
            emergency: self.emergency,
            body_bytes: self.body_bytes,
        }
    }

    pub(super) fn breaches(&self) -> Vec<Breach> {
        let some = 1..=10_000;
        let between = "1 から 10000 まで / between 1 and 10000";
        broken([
            (some.contains(&self.places), "admission.places", between),
            (some.contains(&self.intake), "admission.intake", between),
            (some.contains(&self.waiting), "admission.waiting", between),
            (
                (1..=30_000).contains(&self.wait_ms),
                "admission.wait_ms",
                "1 から 30000 まで / between 1 and 30000",
            ),
            (
                some.contains(&self.per_caller),
                "admission.per_caller",
                between,
            ),
            (some.contains(&self.files), "admission.files", between),
            (
                some.contains(&self.emergency),
                "admission.emergency",
                between,
            ),
            (
                (1_000_000..=4_000_000_000).contains(&self.body_bytes),
                "admission.body_bytes",
                "1000000 から 4000000000 まで / between 1000000 and 4000000000",
            ),
        ])
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "admission.places",
        japanese: "同時に処理する通常の要求の上限",
        english: "ordinary requests that are worked on at once",
    },
    Explained {
        key: "admission.intake",
        japanese: "同時に処理する電文の上限",
        english: "messages that are worked on at once",
    },
    Explained {
        key: "admission.waiting",
        japanese: "種類ごとに順番を待つ要求の上限。超えると 503",
        english: "requests of one kind that wait for a place at most; more are told 503",
    },
    Explained {
        key: "admission.wait_ms",
        japanese: "順番を待つ時間の上限、ミリ秒。過ぎると 503",
        english: "how long a request waits for a place, in milliseconds; then it is told 503",
    },
    Explained {
        key: "admission.per_caller",
        japanese: "一人の利用者・一つのシステムの同時の要求の上限。超えると 429",
        english: "requests of one caller under way at once; more are told 429",
    },
    Explained {
        key: "admission.files",
        japanese: "同時に処理する CSV ファイルの上限",
        english: "CSV files that are worked on at once",
    },
    Explained {
        key: "admission.emergency",
        japanese: "救急の要求のための別枠。一人の利用者はその半分まで",
        english: "places kept apart for the doors of crews; one caller has half of them at most",
    },
    Explained {
        key: "admission.body_bytes",
        japanese: "受信中・処理中の本文すべての合計の上限、バイト",
        english: "bytes of all bodies that are here at once at most",
    },
];
