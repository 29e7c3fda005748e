//! Lines of results, and medians of them.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::LoadError;
use crate::watch::median;

/// All results.
#[derive(Debug)]
pub struct Results(Vec<Value>);

/// The results of one database.
#[derive(Debug)]
pub struct Of<'a>(Vec<&'a Value>);

impl Results {
    /// The lines of some files.
    ///
    /// # Errors
    /// When a file cannot be read, or a line is no JSON.
    pub fn read(files: &[PathBuf]) -> Result<Self, LoadError> {
        let mut all = Vec::new();
        for path in files {
            let text = std::fs::read_to_string(path).map_err(LoadError::file(path))?;
            let parsed = Self::parse(&text).map_err(|error| LoadError::content(path, error))?;
            all.extend(parsed.0);
        }
        Ok(Self(all))
    }

    /// Lines of JSON.
    ///
    /// # Errors
    /// When a line is something else.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The databases in the order of their appearance.
    pub fn databases(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for line in &self.0 {
            let name = line["database"].as_str().unwrap_or_default();
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// What belongs to a database.
    pub fn of(&self, database: &str) -> Of<'_> {
        let lines = self.0.iter();
        Of(lines.filter(|line| line["database"] == database).collect())
    }
}

impl<'a> Of<'a> {
    /// The lines of a label.
    pub fn lines(&self, label: &str) -> impl Iterator<Item = &'a Value> {
        let lines = self.0.iter().copied();
        lines.filter(move |line| line["label"] == label)
    }

    /// The newest line of a label: of steps that are not repeated in rounds.
    pub fn last(&self, label: &str) -> Option<&'a Value> {
        self.lines(label).last()
    }

    /// The median of a figure over all lines of a label; the place is a JSON pointer.
    pub fn figure(&self, label: &str, place: &str) -> Option<f64> {
        let figures: Vec<f64> = self
            .lines(label)
            .filter_map(|line| line.pointer(place)?.as_f64())
            .collect();
        (!figures.is_empty()).then(|| median(figures))
    }

    /// The largest of a figure over all runs.
    pub fn largest(&self, place: &str) -> Option<f64> {
        let figures = self
            .0
            .iter()
            .filter_map(|line| line.pointer(place)?.as_f64());
        figures.reduce(f64::max)
    }
}
