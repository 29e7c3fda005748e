//! What can be asked for: written by `prepare`, read by `run`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::caller::lines;
use crate::error::LoadError;

/// Paths, each with the staff id of somebody who may see what it shows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Targets {
    /// Resources by id, of several types.
    pub reads: Vec<(String, String)>,
    /// Searches by identifier.
    pub identifiers: Vec<(String, String)>,
    /// Searches by name, each of which fills its page.
    pub names: Vec<(String, String)>,
}

/// An invented resident, as `renkei demo people` prints one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// Family and given name with a space.
    pub name: String,
    /// The same in kana.
    pub kana: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub birth_date: String,
    /// `male` or `female`.
    pub sex: String,
    /// Postal code.
    pub postal_code: String,
    /// Town.
    pub town: String,
    /// Address.
    pub address: String,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// The number of the regional card.
    pub region_id: String,
}

/// The file of targets in a folder.
pub const TARGETS: &str = "targets.json";
/// The file of people in a folder.
pub const PEOPLE: &str = "people.jsonl";

/// The targets of a folder.
///
/// # Errors
/// When the file cannot be read or is something else.
pub fn read(folder: &Path) -> Result<Targets, LoadError> {
    let path = folder.join(TARGETS);
    let bytes = std::fs::read(&path).map_err(LoadError::file(&path))?;
    serde_json::from_slice(&bytes).map_err(|error| LoadError::content(&path, error))
}

/// The people of a folder.
///
/// # Errors
/// When the file cannot be read, is something else, or is empty.
pub fn people(folder: &Path) -> Result<Vec<Person>, LoadError> {
    let path = folder.join(PEOPLE);
    let people: Vec<Person> = lines(&path)?;
    if people.is_empty() {
        return Err(LoadError::content(&path, "nobody"));
    }
    Ok(people)
}
