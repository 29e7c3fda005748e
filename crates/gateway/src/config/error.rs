//! What is wrong with the settings: the place, the key, the rule; never the value.

use std::fmt;

/// A value that has the right type and breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// The setting.
    pub key: &'static str,
    /// The rule, Japanese first.
    pub rule: &'static str,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file or the variable; empty when neither is known.
    pub place: String,
    /// The setting; empty when it is the whole file.
    pub key: String,
    /// What is wrong with it, Japanese first.
    pub rule: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.place, &self.key] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.rule)
    }
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("設定に誤りがあります / the settings are wrong{}", lines(.0))]
pub struct ConfigError(pub Vec<Finding>);

fn lines(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| format!("\n  {finding}"))
        .collect()
}
