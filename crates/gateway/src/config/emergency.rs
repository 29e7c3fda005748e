//! `[emergency]`: what crews may do.

use renkei_model::limits::Limits;
use serde::{Deserialize, Serialize};

use super::{Breach, Explained, broken};

/// Limits of the emergency doors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencySection {
    /// Time for a search or a card.
    pub time_ms: u64,
    /// Residents that a search names at most.
    pub answers: usize,
    /// Searches of one member of a crew in a minute.
    pub searches_a_minute: usize,
    /// Different residents whose card one member of a crew opens in an hour.
    pub cards_an_hour: usize,
    /// How long a search result can be used and an opened card counts as open.
    pub open_ms: u64,
}

impl Default for EmergencySection {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            time_ms: limits.emergency_ms,
            answers: limits.emergency_answers,
            searches_a_minute: limits.emergency_searches_a_minute,
            cards_an_hour: limits.emergency_cards_an_hour,
            open_ms: limits.emergency_open_ms,
        }
    }
}

impl EmergencySection {
    /// The limits with these settings in their places.
    #[must_use]
    pub const fn within(&self, limits: Limits) -> Limits {
        Limits {
            emergency_ms: self.time_ms,
            emergency_answers: self.answers,
            emergency_searches_a_minute: self.searches_a_minute,
            emergency_cards_an_hour: self.cards_an_hour,
            emergency_open_ms: self.open_ms,
            ..limits
        }
    }

    pub(super) fn breaches(&self) -> Vec<Breach> {
        broken([
            (
                (100..=60_000).contains(&self.time_ms),
                "emergency.time_ms",
                "100 から 60000 まで / between 100 and 60000",
            ),
            (
                (1..=50).contains(&self.answers),
                "emergency.answers",
                "1 から 50 まで / between 1 and 50",
            ),
            (
                (1..=1_000).contains(&self.searches_a_minute),
                "emergency.searches_a_minute",
                "1 から 1000 まで / between 1 and 1000",
            ),
            (
                (1..=10_000).contains(&self.cards_an_hour),
                "emergency.cards_an_hour",
                "1 から 10000 まで / between 1 and 10000",
            ),
            (
                (1_000..=86_400_000).contains(&self.open_ms),
                "emergency.open_ms",
                "1000 から 86400000 まで / between 1000 and 86400000",
            ),
        ])
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "emergency.time_ms",
        japanese: "救急の検索とカードにかける時間の上限、ミリ秒",
        english: "longest time for an emergency search or card in milliseconds",
    },
    Explained {
        key: "emergency.answers",
        japanese: "救急の検索で示す人数の上限",
        english: "residents that an emergency search names at most",
    },
    Explained {
        key: "emergency.searches_a_minute",
        japanese: "隊員一人の1分間の検索回数の上限",
        english: "searches of one member of a crew in a minute",
    },
    Explained {
        key: "emergency.cards_an_hour",
        japanese: "隊員一人が1時間に開けるカードの人数の上限",
        english: "residents whose card one member of a crew opens in an hour",
    },
    Explained {
        key: "emergency.open_ms",
        japanese: "検索結果を使える時間、カードが開いているとみなす時間、ミリ秒",
        english: "how long a search result can be used and an opened card counts as open, in milliseconds",
    },
];
