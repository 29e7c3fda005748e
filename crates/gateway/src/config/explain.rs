//! What every setting means, and where its value came from.

use super::{Config, Loaded};

/// What one setting means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// The setting, with dots: `limits.depth`.
    pub key: &'static str,
    /// Meaning and unit in Japanese.
    pub japanese: &'static str,
    /// Meaning and unit in English.
    pub english: &'static str,
}

/// One setting with its present value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedValue {
    /// What it means.
    pub meaning: Explained,
    /// The value as the configuration file would write it, without passwords.
    pub value: String,
    /// The file, the variable, or `既定 / default`.
    pub place: String,
}

/// Every setting, in the order of the sections.
fn all() -> impl Iterator<Item = Explained> {
    [
        super::EXPLAINED,
        super::store::EXPLAINED,
        super::tokens::EXPLAINED,
        super::limits::EXPLAINED,
        super::connections::EXPLAINED,
        super::admission::EXPLAINED,
        super::batch::EXPLAINED,
        super::emergency::EXPLAINED,
        super::mllp::EXPLAINED,
        super::audit::EXPLAINED,
        super::log::EXPLAINED,
    ]
    .into_iter()
    .flatten()
    .copied()
}

impl Loaded {
    /// Every setting with its value, its origin and its meaning.
    #[must_use]
    pub fn explain(&self) -> Vec<ExplainedValue> {
        let values = tree(&self.config);
        all()
            .map(|meaning| ExplainedValue {
                meaning,
                value: value_text(&values, meaning.key),
                place: self.place_of(meaning.key),
            })
            .collect()
    }
}

/// The settings as one tree, for looking up by dotted key.
fn tree(config: &Config) -> serde_json::Value {
    serde_json::to_value(config).unwrap_or_default()
}

fn value_text(values: &serde_json::Value, key: &str) -> String {
    let pointer = format!("/{}", key.replace('.', "/"));
    match values.pointer(&pointer) {
        Some(serde_json::Value::String(text)) => format!("\"{}\"", without_password(text)),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// `scheme://user:***@host/…` for `scheme://user:password@host/…`; everything else unchanged. Also the
/// parameters of a URL are hidden: PostgreSQL takes a password there too.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (rest, parameters) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?***"),
        None => (rest, ""),
    };
    // A password may hold slashes or at signs that should have been encoded: the last @ counts.
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split_once(':').map_or(user, |(name, _)| name);
            format!("{scheme}://{name}:***@{host}{parameters}")
        }
        None => format!("{scheme}://{rest}{parameters}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(value: &serde_json::Value, prefix: &str, into: &mut Vec<String>) {
        let serde_json::Value::Object(members) = value else {
            into.push(prefix.to_owned());
            return;
        };
        for (name, member) in members {
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}.{name}")
            };
            keys(member, &path, into);
        }
    }

    #[test]
    fn every_setting_is_explained_once() {
        let mut present = Vec::new();
        keys(&tree(&Config::default()), "", &mut present);
        let mut explained: Vec<String> = all().map(|meaning| meaning.key.to_owned()).collect();
        present.sort();
        explained.sort();
        assert_eq!(present, explained);
    }

    #[test]
    fn passwords_are_not_shown() {
        for url in [
            "postgres://renkei:s3cret@db.example/renkei",
            "postgres://renkei:s3/cret@db.example/renkei",
            "postgres://renkei:s3@cret@db.example/renkei",
            "postgres://db.example/renkei?user=renkei&password=s3cret",
        ] {
            let shown = without_password(url);
            assert!(!shown.contains("cret"), "{shown}");
            assert!(shown.contains("db.example/renkei"), "{shown}");
        }
        assert_eq!(
            without_password("sqlite:///var/lib/renkei.db"),
            "sqlite:///var/lib/renkei.db"
        );
    }
}
