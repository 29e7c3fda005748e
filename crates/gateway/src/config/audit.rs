//! `[audit]`: how often the log is signed.

use serde::{Deserialize, Serialize};

use super::{Breach, Explained};

/// Settings of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSection {
    /// The log's name in its checkpoints; a URL without scheme, by convention.
    pub origin: String,
    /// Time between two signed checkpoints.
    pub checkpoint_s: u64,
    /// A checkpoint also comes after so many leaves.
    pub checkpoint_leaves: u64,
}

impl Default for AuditSection {
    fn default() -> Self {
        Self {
            origin: "renkei.example/audit".to_owned(),
            checkpoint_s: 60,
            checkpoint_leaves: 1_000,
        }
    }
}

impl AuditSection {
    pub(super) fn breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let unfit = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
        if self.origin.is_empty() || self.origin.chars().any(unfit) {
            breaches.push(Breach {
                key: "audit.origin",
                rule: "空白と + を含まない名前にしてください / a name without spaces and plus signs",
            });
        }
        if !(1..=3_600).contains(&self.checkpoint_s) {
            breaches.push(Breach {
                key: "audit.checkpoint_s",
                rule: "1 から 3600 まで / between 1 and 3600",
            });
        }
        if !(1..=1_000_000).contains(&self.checkpoint_leaves) {
            breaches.push(Breach {
                key: "audit.checkpoint_leaves",
                rule: "1 から 1000000 まで / between 1 and 1000000",
            });
        }
        breaches
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "audit.origin",
        japanese: "監査記録の名前。チェックポイントに書かれ、後から変えられません",
        english: "name of the audit log, written into every checkpoint; do not change it later",
    },
    Explained {
        key: "audit.checkpoint_s",
        japanese: "監査記録に署名する間隔、秒。署名前の末尾は改ざんを証明できません",
        english: "seconds between two signed checkpoints; the tail after the last one is not yet protected",
    },
    Explained {
        key: "audit.checkpoint_leaves",
        japanese: "この件数に達したときも署名します",
        english: "a checkpoint is also signed after so many leaves",
    },
];
