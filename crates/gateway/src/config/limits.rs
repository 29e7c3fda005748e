//! `[limits]`: sizes, depths and times that are refused.

use renkei_model::limits::Limits;
use serde::{Deserialize, Serialize};

use super::{Breach, Explained, broken};

/// The limits of the contracts as settings. All sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsSection {
    /// A JSON body or an HL7 v2 message.
    pub body_bytes: usize,
    /// Nesting of JSON or XML.
    pub depth: usize,
    /// Entries of a bundle, rows of an answer that has no pages.
    pub entries: usize,
    /// Records of a posted message.
    pub records: usize,
    /// Rows of a page unless asked otherwise.
    pub page: usize,
    /// Rows of a page at most.
    pub page_max: usize,
    /// The request's header block.
    pub header_bytes: usize,
    /// The request's URL.
    pub url_bytes: usize,
    /// Time for a request.
    pub request_ms: u64,
}

impl Default for LimitsSection {
    fn default() -> Self {
        let Limits {
            body_bytes,
            depth,
            entries,
            records,
            page,
            page_max,
            header_bytes,
            url_bytes,
            request_ms,
            ..
        } = Limits::default();
        Self {
            body_bytes,
            depth,
            entries,
            records,
            page,
            page_max,
            header_bytes,
            url_bytes,
            request_ms,
        }
    }
}

impl LimitsSection {
    /// These limits in their places; the others have sections of their own.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        Limits {
            body_bytes: self.body_bytes,
            depth: self.depth,
            entries: self.entries,
            records: self.records,
            page: self.page,
            page_max: self.page_max,
            header_bytes: self.header_bytes,
            url_bytes: self.url_bytes,
            request_ms: self.request_ms,
            ..Limits::DEFAULT
        }
    }

    pub(super) fn breaches(&self) -> Vec<Breach> {
        broken([
            (
                (1_000..=100_000_000).contains(&self.body_bytes),
                "limits.body_bytes",
                "1000 から 100000000 まで / between 1000 and 100000000",
            ),
            (
                (8..=128).contains(&self.depth),
                "limits.depth",
                "8 から 128 まで / between 8 and 128",
            ),
            (
                (1..=10_000).contains(&self.entries),
                "limits.entries",
                "1 から 10000 まで / between 1 and 10000",
            ),
            (
                (1..=500).contains(&self.records),
                "limits.records",
                "1 から 500 まで / between 1 and 500",
            ),
            (
                (1..=self.page_max).contains(&self.page),
                "limits.page",
                "1 から page_max まで / between 1 and page_max",
            ),
            (
                (1..=1_000).contains(&self.page_max),
                "limits.page_max",
                "1 から 1000 まで / between 1 and 1000",
            ),
            (
                // hyper's own buffer cannot be smaller than 8 kB.
                (8_192..=1_000_000).contains(&self.header_bytes),
                "limits.header_bytes",
                "8192 から 1000000 まで / between 8192 and 1000000",
            ),
            (
                (256..=65_535).contains(&self.url_bytes),
                "limits.url_bytes",
                "256 から 65535 まで / between 256 and 65535",
            ),
            (
                (100..=600_000).contains(&self.request_ms),
                "limits.request_ms",
                "100 から 600000 まで / between 100 and 600000",
            ),
        ])
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "limits.body_bytes",
        japanese: "受け付ける本文の上限、バイト",
        english: "largest request body in bytes",
    },
    Explained {
        key: "limits.depth",
        japanese: "JSON の入れ子の深さの上限",
        english: "deepest nesting of JSON",
    },
    Explained {
        key: "limits.entries",
        japanese: "ページのない一覧の件数の上限",
        english: "rows of an answer that has no pages at most",
    },
    Explained {
        key: "limits.records",
        japanese: "一つの電文に入るレコードの上限",
        english: "records of one message at most",
    },
    Explained {
        key: "limits.page",
        japanese: "一覧の既定の件数",
        english: "rows of a page unless asked otherwise",
    },
    Explained {
        key: "limits.page_max",
        japanese: "一覧の件数の上限",
        english: "rows of a page at most",
    },
    Explained {
        key: "limits.header_bytes",
        japanese: "リクエストヘッダー全体の上限、バイト",
        english: "largest header block in bytes",
    },
    Explained {
        key: "limits.url_bytes",
        japanese: "URL の長さの上限、バイト",
        english: "longest URL in bytes",
    },
    Explained {
        key: "limits.request_ms",
        japanese: "一つのリクエストにかける時間の上限、ミリ秒",
        english: "longest time for one request in milliseconds",
    },
];
