//! `[tokens]`: whose tokens are believed, and for how long.

use serde::{Deserialize, Serialize};

use super::{Breach, Explained};

/// No token lives longer than twelve hours, whatever the settings say.
pub const LIFETIME_CEILING_S: i64 = 12 * 60 * 60;

/// Settings of the local issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokensSection {
    /// The `iss` claim, compared as it stands.
    pub issuer: String,
    /// The `aud` claim, compared as it stands.
    pub audience: String,
    /// The longest time between `iat` and `exp`.
    pub lifetime_max_s: i64,
}

impl Default for TokensSection {
    fn default() -> Self {
        Self {
            issuer: "https://renkei.example/issuer".to_owned(),
            audience: "https://renkei.example/gateway".to_owned(),
            lifetime_max_s: 300,
        }
    }
}

impl TokensSection {
    pub(super) fn breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        if self.issuer.is_empty() {
            breaches.push(Breach {
                key: "tokens.issuer",
                rule: "空にはできません / must not be empty",
            });
        }
        if self.audience.is_empty() {
            breaches.push(Breach {
                key: "tokens.audience",
                rule: "空にはできません / must not be empty",
            });
        }
        if !(1..=LIFETIME_CEILING_S).contains(&self.lifetime_max_s) {
            breaches.push(Breach {
                key: "tokens.lifetime_max_s",
                rule: "1 から 43200(12時間)まで / between 1 and 43200 (12 hours)",
            });
        }
        breaches
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "tokens.issuer",
        japanese: "トークンの発行者(iss)。完全一致で比べます",
        english: "issuer of tokens (iss); compared exactly",
    },
    Explained {
        key: "tokens.audience",
        japanese: "トークンの宛先(aud)。完全一致で比べます",
        english: "audience of tokens (aud); compared exactly",
    },
    Explained {
        key: "tokens.lifetime_max_s",
        japanese: "トークンの有効期間の上限、秒。これより長いトークンは受け付けません",
        english: "longest lifetime of a token in seconds; longer ones are refused",
    },
];
