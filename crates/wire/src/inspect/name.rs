//! What the file's name says: SS-MIX2 storage and the care plan's standard put half of the message there.

use super::finding::{Finding, Severity};
use crate::careplan::{FileKind, FileName};
use crate::ssmix2::{self, Condition, DataKind, Entry, NameError};

/// A file's name, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// No name, or one that follows no rule that is known here.
    Nothing,
    /// A file of an SS-MIX2 storage, or what is wrong with its path.
    Storage(Result<Entry, NameError>),
    /// A file of the care plan's standard.
    CarePlan(FileKind),
}

impl Named {
    /// Reads a name, with as many folders before it as are known.
    pub(super) fn read(name: &str, findings: &mut impl Extend<Finding>) -> Self {
        let path = name.replace('\\', "/");
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
        let last = steps.last().copied().unwrap_or_default();
        if let Some(kind) = FileKind::of_name(last) {
            if let Err(error) = FileName::decode(last) {
                let finding = Finding::without_place(Severity::Fault, error.to_string());
                findings.extend([finding]);
            }
            return Self::CarePlan(kind);
        }
        if !is_like_storage(last) {
            return Self::Nothing;
        }
        let below = steps.len().checked_sub(6).and_then(|at| steps.get(at..));
        // The first two folders are three characters each; a name with other folders before it stands alone.
        let below = below.filter(|below| below.iter().take(2).all(|step| step.len() == 3));
        let entry = match below {
            Some(below) => ssmix2::decode_path(&below.join("/")),
            None => ssmix2::decode_name(last),
        };
        if let Err(error) = &entry {
            let text = format!("ファイル名・パス / the file's path: {error}");
            findings.extend([Finding::without_place(Severity::Fault, text)]);
        }
        Self::Storage(entry)
    }

    /// What it says, as a reason or a fact.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Storage(Ok(entry)) => {
                let kind = entry.key.kind;
                let flag = match entry.condition {
                    Condition::Active => "有効 / holds",
                    Condition::Withdrawn => "取消または差し替え / withdrawn or replaced",
                    Condition::Replaced => "差し替え / replaced",
                };
                let (code, name, digit) = (kind.code(), kind.name(), entry.condition.digit());
                format!("SS-MIX2 {code} {name}, {digit}: {flag}")
            }
            Self::Storage(Err(_)) => {
                "SS-MIX2の規則に合わない名前 / a name like those of SS-MIX2, against its rules"
                    .to_owned()
            }
            Self::CarePlan(FileKind::Table(table)) => {
                format!(
                    "ケアプランデータ連携 {0} / care-plan data, {0}",
                    table.name()
                )
            }
            Self::CarePlan(FileKind::Other(word)) => {
                format!("ケアプランデータ連携 {word} / care-plan data, {word}")
            }
        })
    }
}

/// Seven parts, or a kind of data where it has to be: enough to be measured by the storage's rules.
fn is_like_storage(name: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    let kind = parts
        .get(2)
        .is_some_and(|kind| DataKind::of(kind).is_some());
    let stamp = parts
        .get(4)
        .is_some_and(|stamp| stamp.len() == 17 && stamp.bytes().all(|byte| byte.is_ascii_digit()));
    kind || (parts.len() == 7 && stamp)
}
