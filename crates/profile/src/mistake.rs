//! Places in a profile's files, and the mistakes found there.

use crate::mapped::ProfileError;

/// A place in a file of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// From 1; 0 when the file as a whole is meant.
    pub(crate) line: usize,
    /// From 1; 0 when the line as a whole is meant.
    pub(crate) column: usize,
}

/// The mistakes of one file. Reading goes on after a mistake, so that many are told at once.
#[derive(Debug)]
pub(crate) struct Mistakes {
    file: String,
    found: Vec<ProfileError>,
}

impl Mistakes {
    /// No mistakes yet in this file.
    pub(crate) fn of_file(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            found: Vec::new(),
        }
    }

    /// Notes a mistake.
    pub(crate) fn add(&mut self, place: Place, rule: impl Into<String>) {
        let Place { line, column } = place;
        self.found.push(ProfileError {
            file: self.file.clone(),
            line,
            column,
            rule: rule.into(),
        });
    }

    /// Whether nothing was found so far.
    pub(crate) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found, in the order of the file.
    pub(crate) fn into_found(mut self) -> Vec<ProfileError> {
        self.found.sort_by_key(|error| (error.line, error.column));
        self.found
    }
}
