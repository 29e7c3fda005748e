//! From an entry to its path. What [`super::decode_path`] read comes back byte for byte.

use renkei_model::message::Span;

use super::decode;
use super::entry::{Condition, Entry, Identity};
use super::part::{NameError, Part};

impl Entry {
    /// The file's name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}_{}", self.stem(), self.condition.digit())
    }

    /// The path below the root, with `/` between its parts.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.folder(), self.name())
    }

    /// The folder that the file lies in, below the root.
    #[must_use]
    pub fn folder(&self) -> String {
        let patient = &self.key.patient;
        let head = patient.get(..3).unwrap_or(patient);
        let middle = patient.get(3..6).unwrap_or_default();
        let kind = self.key.kind.code();
        format!("{head}/{middle}/{patient}/{}/{kind}", self.date())
    }

    /// The path without its flag: by this a file is known whether or not it was taken before.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity(format!("{}/{}", self.folder(), self.stem()))
    }

    /// The same file with another flag.
    #[must_use]
    pub fn with(&self, condition: Condition) -> Self {
        Self {
            condition,
            ..self.clone()
        }
    }

    /// Whether the parts make a path of the storage: entries that come from no path may hold anything.
    ///
    /// # Errors
    /// The first part that breaks its rule.
    pub fn check(&self) -> Result<(), NameError> {
        let path = self.path();
        if decode::decode_path(&path)? == *self {
            return Ok(());
        }
        let rule = "部分に使えない文字があります / a part that reads as something else";
        let span = Span {
            start: 0,
            end: path.len(),
        };
        Err(NameError::Rule {
            part: Part::Path,
            rule,
            span,
        })
    }

    fn date(&self) -> &str {
        self.key.date.as_deref().unwrap_or("-")
    }

    fn stem(&self) -> String {
        let department = self.department.as_deref().unwrap_or("-");
        let (patient, order) = (&self.key.patient, &self.key.order);
        let (date, kind) = (self.date(), self.key.kind.code());
        format!(
            "{patient}_{date}_{kind}_{order}_{}_{department}",
            self.stamp
        )
    }
}
