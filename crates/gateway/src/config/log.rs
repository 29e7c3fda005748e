//! `[log]`: what is logged. Logs are JSON lines on stderr.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::{Breach, Explained};

/// Settings of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// Directives of tracing's filter.
    pub filter: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
        }
    }
}

impl LogSection {
    pub(super) fn breaches(&self) -> Vec<Breach> {
        let rule = "tracing のフィルターではありません / not a filter as tracing writes them (info, renkei_flow=debug)";
        match EnvFilter::try_new(&self.filter) {
            Ok(_) => Vec::new(),
            Err(_) => vec![Breach {
                key: "log.filter",
                rule,
            }],
        }
    }
}

pub(super) const EXPLAINED: &[Explained] = &[Explained {
    key: "log.filter",
    japanese: "ログに残す範囲(info、warn、renkei_flow=debug など)。ライブラリは常に警告以上だけ",
    english: "what is logged: a level, or levels by module; of libraries, warnings and errors only",
}];
