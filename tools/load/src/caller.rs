//! Who asks: members of staff with tokens, a line of JSON each.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::LoadError;

/// What a caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads what its own facility has written.
    Reader,
    /// Sends slips.
    Sender,
    /// Looks people up in an emergency.
    Crew,
}

/// One member of staff.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Caller {
    /// What it does; the same person may stand in the file twice.
    pub role: Role,
    /// Staff id.
    pub staff: String,
    /// Facility code.
    pub facility: String,
    /// The bearer token.
    pub token: String,
}

/// Everybody in the file.
///
/// # Errors
/// When it cannot be read, or has a line that is no caller.
pub fn read(path: &Path) -> Result<Vec<Caller>, LoadError> {
    lines(path)
}

/// A file of one JSON value a line.
///
/// # Errors
/// When it cannot be read, or a line is something else.
pub fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, LoadError> {
    let text = std::fs::read_to_string(path).map_err(LoadError::file(path))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).map_err(|error| LoadError::content(path, error)))
        .collect()
}
