//! What can be wrong, and what is remarkable. No text quotes what a message says about a person.

use std::fmt;

use renkei_model::message::{Fault, FaultKind, Span};

/// A place in a message, in the words of the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The record's number; empty where the line has none.
    pub record: String,
    /// The item's name; empty for a whole line.
    pub item: String,
    /// Its bytes.
    pub span: Span,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{0}行目 / line {0}", self.line)?;
        for part in [&self.record, &self.item]
            .into_iter()
            .filter(|part| !part.is_empty())
        {
            write!(f, ", {part}")?;
        }
        Ok(())
    }
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JahisError {
    /// The bytes are in no charset that the standard allows.
    #[error("{rule}")]
    Charset {
        /// What was found.
        rule: String,
        /// Where.
        span: Span,
    },
    /// Bytes that are no character of MS932.
    #[error("{place}: MS932として読めません / not readable as MS932 (byte {})", place.span.start)]
    Unreadable {
        /// Where.
        place: Place,
    },
    /// Too big, too many lines, too many items.
    #[error("{what}が多すぎます(最大{max}) / too many: at most {max}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// What is allowed.
        max: usize,
        /// Where it is too much.
        span: Span,
    },
    /// The first line says no version.
    #[error(
        "1行目がバージョン(JAHISTC08、JAHIS10など)ではありません / line 1 is no version such as JAHISTC08 or JAHIS10"
    )]
    NoVersion {
        /// The first line.
        span: Span,
    },
    /// 出力区分 is neither 1 nor 2.
    #[error(
        "{place}: 1(医療機関等)か2(患者等)です / must be 1 (an institution) or 2 (the patient)"
    )]
    Category {
        /// Where.
        place: Place,
    },
    /// A version line where no part of a set begins.
    #[error("{place}: バージョンが途中にあります / another version line in one message")]
    SecondVersion {
        /// Where.
        place: Place,
    },
    /// A line that begins with no record number.
    #[error("{place}: レコード番号がありません / does not begin with a record number")]
    NoNumber {
        /// Where.
        place: Place,
    },
    /// NUL or another control character.
    #[error("{place}: 制御文字があります / a control character (byte {})", place.span.start)]
    Control {
        /// Where.
        place: Place,
    },
    /// A record before the one that it belongs to.
    #[error("{place}: このレコードの前に{before}が必要です / needs a record {before} before it")]
    Homeless {
        /// Where.
        place: Place,
        /// What is missing before it.
        before: &'static str,
    },
    /// A record that is there once is there twice.
    #[error("{place}: このレコードは1つだけです / this record may come only once here")]
    Doubled {
        /// Where it comes again.
        place: Place,
    },
    /// An RP番号 or RP内連番 that is no number: nothing can be joined by it.
    #[error("{place}: 数字3桁までです / must be a number of up to three digits")]
    NotANumber {
        /// Where.
        place: Place,
    },
    /// One of several parts has no record 911.
    #[error("{place}: 分割データに911(分割制御)がありません / a part without record 911")]
    PartWithoutControl {
        /// The part's version line.
        place: Place,
    },
    /// A record 911 that makes no sense.
    #[error(
        "{place}: 911(データID14桁、分割数、連番)が正しくありません / record 911 must have an id of 14 digits, a count and a number within it"
    )]
    Control911 {
        /// Where.
        place: Place,
    },
    /// A part of another set, of another version, or of another patient.
    #[error("{place}: 別のデータの分割です / this part belongs to another set")]
    ForeignPart {
        /// Where it shows.
        place: Place,
    },
    /// A part comes twice.
    #[error("{place}: 分割{number}が2回あります / part {number} comes twice")]
    DoubledPart {
        /// Where it comes again.
        place: Place,
        /// Its number.
        number: usize,
    },
    /// Parts are missing.
    #[error(
        "分割{}が足りません(全{of}) / missing parts: {} of {of}",
        list(missing),
        list(missing)
    )]
    MissingParts {
        /// Their numbers, at most the first twenty.
        missing: Vec<usize>,
        /// How many parts the set has.
        of: usize,
        /// The record 911 that says so.
        span: Span,
    },
}

fn list(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(",")
}

/// What is remarkable in a message that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A line that does not end in CR LF.
    #[error("{place}: 行末がCR LFではありません / does not end in CR LF")]
    LineEnd {
        /// Where first; it is said once.
        place: Place,
    },
    /// An empty line.
    #[error("{place}: 空行です / an empty line")]
    EmptyLine {
        /// Where first; it is said once.
        place: Place,
    },
    /// 外字: characters that only the sender's system can show.
    #[error("{place}: 外字があります / a character that only the sender can show")]
    OwnCharacter {
        /// Where.
        place: Place,
    },
    /// A record that the standard does not have in the version that is known here.
    #[error("{place}: 未知のレコードです(保持します) / an unknown record, kept")]
    UnknownRecord {
        /// Where.
        place: Place,
    },
    /// Items behind the last known one.
    #[error("{place}: 未知の項目です(保持します) / an unknown item, kept")]
    UnknownItem {
        /// Where.
        place: Place,
    },
    /// A record that should be there is not.
    #[error("{place}: {record}がありません / lacks record {record}")]
    Lacks {
        /// The group, by its first line.
        place: Place,
        /// The missing record.
        record: &'static str,
    },
    /// A date that the calendar does not have, or that is not written as one.
    #[error("{place}: 実在しない日付です(YYYYMMDD か 元号の頭文字とYYMMDD) / no date that exists")]
    NoDay {
        /// Where.
        place: Place,
    },
    /// A part of a set repeats the patient.
    #[error("{place}: 分割データの患者情報の繰り返しです / repeats the patient of the first part")]
    Repeated {
        /// Where.
        place: Place,
    },
}

impl JahisError {
    /// Where.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Charset { span, .. }
            | Self::TooMuch { span, .. }
            | Self::NoVersion { span }
            | Self::MissingParts { span, .. } => *span,
            Self::Unreadable { place }
            | Self::Category { place }
            | Self::SecondVersion { place }
            | Self::NoNumber { place }
            | Self::Control { place }
            | Self::Homeless { place, .. }
            | Self::Doubled { place }
            | Self::NotANumber { place }
            | Self::PartWithoutControl { place }
            | Self::Control911 { place }
            | Self::ForeignPart { place }
            | Self::DoubledPart { place, .. } => place.span,
        }
    }
}

impl Notice {
    /// Where.
    #[must_use]
    pub const fn place(&self) -> &Place {
        match self {
            Self::LineEnd { place }
            | Self::EmptyLine { place }
            | Self::OwnCharacter { place }
            | Self::UnknownRecord { place }
            | Self::UnknownItem { place }
            | Self::Lacks { place, .. }
            | Self::NoDay { place }
            | Self::Repeated { place } => place,
        }
    }
}

impl From<JahisError> for Fault {
    fn from(error: JahisError) -> Self {
        let kind = match error {
            JahisError::TooMuch { .. } => FaultKind::TooMuch,
            JahisError::MissingParts { .. } => FaultKind::Required,
            JahisError::Category { .. } | JahisError::NotANumber { .. } => FaultKind::Value,
            _ => FaultKind::Structure,
        };
        Self {
            field: String::new(),
            rule: error.to_string(),
            span: Some(error.span()),
            kind,
        }
    }
}
