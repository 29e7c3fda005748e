//! The settings: compiled defaults < configuration file < `RENKEI_*` environment variables.
//!
//! One file a section. A key that nobody knows, a value of the wrong type and a value out of range all
//! refuse the start; the error names the key and the file or variable that it came from, and never the
//! value: a database URL may hold a password.

mod admission;
mod audit;
mod batch;
mod connections;
mod emergency;
mod error;
mod explain;
mod layers;
mod limits;
mod log;
mod mllp;
mod store;
pub mod tokens;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use renkei_model::limits::Limits;
use serde::{Deserialize, Serialize};

pub use admission::AdmissionSection;
pub use audit::AuditSection;
pub use batch::BatchSection;
pub use connections::ConnectionsSection;
pub use emergency::EmergencySection;
pub use error::{Breach, ConfigError, Finding};
pub use explain::Explained;
pub use layers::{Environment, Loaded, load};
pub use limits::LimitsSection;
pub use log::LogSection;
pub use mllp::MllpSection;
pub use store::StoreSection;
pub use tokens::TokensSection;

/// The file that is read when no other is named and it exists.
pub const DEFAULT_FILE: &str = "config/renkei.toml";

/// All settings of one gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the gateway listens.
    pub listen: SocketAddr,
    /// The base URL that callers see; empty when it is the listening address itself.
    pub public_base: String,
    /// Keys, blobs, checkpoints and, unless `database_url` says otherwise, the database.
    pub data_dir: PathBuf,
    /// One folder a network.
    pub profiles_dir: PathBuf,
    /// `sqlite://…` or `postgres://…`; empty for SQLite in `data_dir`.
    pub database_url: String,
    /// How the database is used.
    pub store: StoreSection,
    /// Whose tokens are believed.
    pub tokens: TokensSection,
    /// What is refused because of its size.
    pub limits: LimitsSection,
    /// How many connections, and how slow.
    pub connections: ConnectionsSection,
    /// How many requests may be under way.
    pub admission: AdmissionSection,
    /// What a batch file may be.
    pub batch: BatchSection,
    /// What crews may do.
    pub emergency: EmergencySection,
    /// The door for HL7 v2.
    pub mllp: MllpSection,
    /// How often the audit log is signed.
    pub audit: AuditSection,
    /// What is logged.
    pub log: LogSection,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8484),
            public_base: String::new(),
            data_dir: PathBuf::from("data/renkei"),
            profiles_dir: PathBuf::from("profiles"),
            database_url: String::new(),
            store: StoreSection::default(),
            tokens: TokensSection::default(),
            limits: LimitsSection::default(),
            connections: ConnectionsSection::default(),
            admission: AdmissionSection::default(),
            batch: BatchSection::default(),
            emergency: EmergencySection::default(),
            mllp: MllpSection::default(),
            audit: AuditSection::default(),
            log: LogSection::default(),
        }
    }
}

impl Config {
    /// The database: the one that is set, or `renkei.db` in the data folder.
    ///
    /// # Errors
    /// When the working directory, which a relative data folder starts from, cannot be read.
    pub fn database(&self) -> std::io::Result<String> {
        if self.database_url.is_empty() {
            database_in(&self.data_dir)
        } else {
            Ok(self.database_url.clone())
        }
    }

    /// The base URL that callers see, if it is not the listening address.
    #[must_use]
    pub fn public_base(&self) -> Option<String> {
        (!self.public_base.is_empty()).then(|| self.public_base.trim_end_matches('/').to_owned())
    }

    /// All limits as the rooms know them.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.emergency
            .within(self.batch.within(self.limits.limits()))
    }

    /// Values that have the right type and are wrong all the same.
    fn breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let base = self.public_base.as_str();
        if !(base.is_empty() || base.starts_with("http://") || base.starts_with("https://")) {
            breaches.push(Breach {
                key: "public_base",
                rule: "http:// か https:// で始めてください / must begin with http:// or https://",
            });
        }
        let url = self.database_url.as_str();
        let known = ["sqlite://", "postgres://", "postgresql://"];
        if !(url.is_empty() || known.iter().any(|scheme| url.starts_with(scheme))) {
            breaches.push(Breach {
                key: "database_url",
                rule: "sqlite:// か postgres:// で始めてください / must begin with sqlite:// or postgres://",
            });
        }
        let folder = self.data_dir.to_string_lossy();
        if folder.is_empty() || folder.contains(['?', '#', '%']) {
            breaches.push(Breach {
                key: "data_dir",
                rule: "空でなく ? # % を含まないフォルダにしてください / a folder without ? # % in its path",
            });
        }
        breaches.extend(self.store.breaches());
        breaches.extend(self.tokens.breaches());
        breaches.extend(self.limits.breaches());
        breaches.extend(self.connections.breaches());
        breaches.extend(self.admission.breaches());
        if self.admission.body_bytes < self.batch.bytes.max(self.limits.body_bytes) {
            breaches.push(Breach {
                key: "admission.body_bytes",
                rule: "limits.body_bytes と batch.bytes 以上にしてください / at least limits.body_bytes and batch.bytes",
            });
        }
        breaches.extend(self.batch.breaches());
        breaches.extend(self.emergency.breaches());
        breaches.extend(self.mllp.breaches());
        breaches.extend(self.audit.breaches());
        breaches.extend(self.log.breaches());
        breaches
    }
}

/// The rules that do not hold: whether each holds, its key, and the rule in words.
fn broken<const N: usize>(checks: [(bool, &'static str, &'static str); N]) -> Vec<Breach> {
    let broken = checks.into_iter().filter(|(holds, ..)| !holds);
    broken.map(|(_, key, rule)| Breach { key, rule }).collect()
}

/// The SQLite database of a data folder, as an absolute URL.
///
/// # Errors
/// When the working directory cannot be read.
pub fn database_in(data_dir: &Path) -> std::io::Result<String> {
    Ok(format!(
        "sqlite://{}",
        std::path::absolute(data_dir)?.join("renkei.db").display()
    ))
}

/// What the settings of this file mean.
const EXPLAINED: &[Explained] = &[
    Explained {
        key: "listen",
        japanese: "待ち受けるアドレスとポート。/metrics も同じ口で答えるため、外へは TLS を終端する前段を置いてください",
        english: "address and port to listen on; /metrics answers here too, so keep it on loopback behind a proxy that ends TLS",
    },
    Explained {
        key: "public_base",
        japanese: "利用者から見た URL(前段がある場合)。空なら待ち受けアドレス",
        english: "the base URL as callers see it, when a proxy stands in front; empty: the listening address",
    },
    Explained {
        key: "data_dir",
        japanese: "鍵、大きな原本、監査のチェックポイント、(既定では)データベースを置くフォルダ",
        english: "folder of keys, large originals, audit checkpoints and, by default, the database",
    },
    Explained {
        key: "profiles_dir",
        japanese: "ネットワークごとのフォルダを置く場所",
        english: "folder that holds one folder a network",
    },
    Explained {
        key: "database_url",
        japanese: "sqlite:///絶対パス または postgres://…。空なら data_dir の SQLite",
        english: "sqlite:///absolute/path or postgres://…; empty: SQLite in data_dir",
    },
];

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const SHIPPED: &str = include_str!("../../../../config/renkei.toml");

    #[test]
    fn the_shipped_file_shows_every_default() {
        let shown: Vec<&str> = SHIPPED
            .lines()
            .map(|line| {
                line.strip_prefix('#')
                    .filter(|rest| !rest.starts_with(' '))
                    .unwrap_or(line)
            })
            .collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(shown.join("\n").as_bytes()).unwrap();
        let loaded = load(Some(file.path()), &Environment::default()).unwrap();
        assert_eq!(loaded.config, Config::default());
        let place = file.path().display().to_string();
        for setting in loaded.explain() {
            assert_eq!(
                setting.place, place,
                "{} is not in the file",
                setting.meaning.key
            );
        }
    }

    #[test]
    fn the_shipped_file_changes_nothing() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(SHIPPED.as_bytes()).unwrap();
        let loaded = load(Some(file.path()), &Environment::default()).unwrap();
        assert_eq!(loaded.config, Config::default());
    }
}
