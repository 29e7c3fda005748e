//! The formats by name, and how the senders of each call the places of a record.
//!
//! A plan speaks of paths in the neutral tree; only here is known how a format's people name them, and
//! what divides the values of one field.

use renkei_model::limits::Limits;
use renkei_model::message::Fault;

use crate::filemaker;
use crate::hl7;
use crate::tree::{Leaf, Record};

/// A wire format that a network's messages may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Records of the FileMaker Data API; its CSV export decodes into the same tree.
    FilemakerJson,
    /// Messages of HL7 v2.5.
    Hl7,
}

/// Why records cannot be written in a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot be written: {0}")]
pub struct Unwritable(String);

/// Native bytes, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// By what the format's own head says what the records are; `None` where it does not say.
    pub layout: Option<Leaf>,
    /// The columns of a table without those of the record's key and version; `None` for what is no table.
    pub columns: Option<Vec<String>>,
    /// The records, at least one.
    pub records: Vec<Record>,
}

impl Format {
    /// Reads native bytes: a table where the content type is `text/csv`, the format's own syntax otherwise.
    ///
    /// # Errors
    /// Everything that is wrong with them, in the sender's own terms.
    pub fn read(
        self,
        bytes: &[u8],
        content_type: &str,
        limits: &Limits,
    ) -> Result<Read, Vec<Fault>> {
        if self == Self::Hl7 {
            let record = hl7::read(bytes, limits)?;
            return Ok(Read {
                layout: Some(hl7::kind_of(&record)),
                columns: None,
                records: vec![record],
            });
        }
        if content_type.split(';').next().map(str::trim) == Some("text/csv") {
            let table = filemaker::read_csv(bytes, content_type, limits)?;
            return Ok(Read {
                layout: None,
                columns: Some(table.columns),
                records: table.records,
            });
        }
        let posted = filemaker::read(bytes, content_type, limits)?;
        Ok(Read {
            layout: posted.layout,
            columns: None,
            records: posted.records,
        })
    }

    /// Records in the format's own syntax. Messages of HL7 follow each other.
    ///
    /// # Errors
    /// [`Unwritable`] for a record that is no message of HL7, or has characters that its charset lacks.
    pub fn write(self, records: &[Record]) -> Result<Vec<u8>, Unwritable> {
        match self {
            Self::FilemakerJson => Ok(filemaker::encode(records)),
            Self::Hl7 => {
                let messages: Result<Vec<_>, _> = records.iter().map(hl7::encode).collect();
                let messages = messages.map_err(|error| Unwritable(error.to_string()))?;
                Ok(messages.concat())
            }
        }
    }

    /// What a record says apart from how it was written: the same bytes for the same content.
    #[must_use]
    pub fn canonical(self, record: &Record) -> Vec<u8> {
        match self {
            Self::FilemakerJson => filemaker::canonical(record),
            Self::Hl7 => hl7::canonical(record),
        }
    }

    /// The fields of a record that have private-use characters (外字), as the format's messages name them.
    #[must_use]
    pub fn private_use(self, record: &Record) -> Vec<String> {
        match self {
            Self::FilemakerJson => filemaker::private_use(record),
            Self::Hl7 => hl7::private_use(record),
        }
    }

    /// The format that a media type (lower case, with its parameters) carries: JSON if none was declared.
    #[must_use]
    pub fn of_media(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/json" | "text/json" | "text/csv" | "" => Some(Self::FilemakerJson),
            "application/hl7-v2" | "application/hl7-v2+er7" | "x-application/hl7-v2+er7" => {
                Some(Self::Hl7)
            }
            _ => None,
        }
    }

    /// The words by which a profile names the formats.
    pub const WORDS: [(&'static str, Self); 2] = [
        ("filemaker-json", Self::FilemakerJson),
        ("hl7-v2", Self::Hl7),
    ];

    /// What divides the values of one multi-valued field.
    #[must_use]
    pub const fn value_separator(self) -> char {
        match self {
            // A FileMaker checkbox set is one text field, its values divided by returns.
            Self::FilemakerJson => '\r',
            // The text of a component never has one: it would have been escaped.
            Self::Hl7 => '~',
        }
    }

    /// A field in the sender's own terms: `data[0].fieldData.生年月日`.
    #[must_use]
    pub fn field(self, record: &Record, steps: &[String]) -> String {
        match self {
            Self::FilemakerJson => format!("data[{}].{}", record.index, steps.join(".")),
            // Nodes have the names of their places.
            Self::Hl7 => steps.last().cloned().unwrap_or_default(),
        }
    }

    /// A field of a group's item in the sender's own terms; `at` counts the items from 0. Without steps,
    /// the item itself.
    #[must_use]
    pub fn item_field(
        self,
        record: &Record,
        branch: &[String],
        at: usize,
        steps: &[String],
    ) -> String {
        if self == Self::Hl7 {
            let place = steps.last().or(branch.last()).cloned().unwrap_or_default();
            let (segment, field) = place.split_once('-').unwrap_or((&place, ""));
            if branch.last().is_some_and(|name| name == segment) && !field.is_empty() {
                // The items are a field's repetitions.
                let (number, component) = field.split_once('.').unwrap_or((field, ""));
                let dot = if component.is_empty() { "" } else { "." };
                return format!("{segment}-{number}[{}]{dot}{component}", at + 1);
            }
            let dash = if field.is_empty() { "" } else { "-" };
            return format!("{segment}[{}]{dash}{field}", at + 1);
        }
        let branch = branch.join(".");
        let inside: String = steps.iter().map(|step| format!(".{step}")).collect();
        format!("data[{}].{branch}[{at}]{inside}", record.index)
    }

    /// The record's key and version in the sender's own terms.
    #[must_use]
    pub fn key_fields(self, record: &Record) -> (String, String) {
        if self == Self::Hl7 {
            return ("MSH-10".to_owned(), "MSH-7".to_owned());
        }
        (
            format!("data[{}].recordId", record.index),
            format!("data[{}].modId", record.index),
        )
    }

    /// The name that a column of a table export stands for: `緊急連絡先[2]::氏名` is `緊急連絡先::氏名`
    /// of the second row. `None` for the columns of the record's key and version, which every message has.
    #[must_use]
    pub fn column(self, column: &str) -> Option<String> {
        if self == Self::Hl7 {
            return Some(column.to_owned());
        }
        if matches!(column, "recordId" | "modId") {
            return None;
        }
        let numbered = column.split_once("]::").and_then(|(head, field)| {
            let (table, number) = head.rsplit_once('[')?;
            let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
            let own = matches!(field, "recordId" | "modId");
            is_number.then(|| match own {
                true => field.to_owned(),
                false => format!("{table}::{field}"),
            })
        });
        Some(numbered.unwrap_or_else(|| column.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use renkei_model::message::Span;

    use super::*;
    use crate::tree::Node;

    #[test]
    fn items_of_hl7_are_segments_or_repetitions() {
        let record = Record {
            index: 0,
            key: Leaf::new("1"),
            version: Leaf::new("1"),
            span: Span::default(),
            root: Node::of_branch("message", Vec::new()),
        };
        let field = |branch: &[&str], step: &str| {
            let branch: Vec<String> = branch.iter().map(|name| (*name).to_owned()).collect();
            Format::Hl7.item_field(&record, &branch, 1, &[step.to_owned()])
        };
        assert_eq!(field(&["PID"], "PID-5.1"), "PID-5[2].1");
        assert_eq!(field(&["PATIENT", "PID"], "PID-3"), "PID-3[2]");
        assert_eq!(field(&["PATIENT"], "NK1-2.1"), "NK1[2]-2.1");
    }

    #[test]
    fn columns_are_fields_without_their_row() {
        let column = |text: &str| Format::FilemakerJson.column(text);
        assert_eq!(column("氏名").as_deref(), Some("氏名"));
        assert_eq!(
            column("緊急連絡先[12]::氏名").as_deref(),
            Some("緊急連絡先::氏名")
        );
        assert_eq!(column("緊急連絡先[1]::modId").as_deref(), Some("modId"));
        assert_eq!(column("a[x]::b").as_deref(), Some("a[x]::b"));
        assert_eq!(column("recordId"), None);
    }
}
