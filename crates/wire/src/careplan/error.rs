//! What can be wrong, and what is remarkable. No text quotes a cell.

use std::fmt;

use renkei_model::message::{Fault, FaultKind, Span};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line of the file, from 1.
    pub line: usize,
    /// The column's name; empty for the whole line.
    pub column: String,
    /// Its bytes.
    pub span: Span,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{0}行目 / line {0}", self.line)?;
        match self.column.as_str() {
            "" => Ok(()),
            column => write!(f, ", {column}"),
        }
    }
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarePlanError {
    /// Not MS932: another charset, or a byte order mark.
    #[error("{rule}")]
    Charset {
        /// What was found.
        rule: String,
        /// Where.
        span: Span,
    },
    /// Too big, or too many rows.
    #[error("{what}が多すぎます(最大{max}) / too many: at most {max}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// What is allowed.
        max: usize,
        /// Where it is too much.
        span: Span,
    },
    /// No row at all.
    #[error("データの行がありません / no row of data")]
    Empty,
    /// A row that is no CSV, or cannot be decoded.
    #[error("{place}: {rule} (byte {})", place.span.start)]
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong.
        rule: String,
    },
    /// A row that does not begin with a version.
    #[error("{place}: CSVバージョン(YYYYMM)ではありません / not a version as YYYYMM")]
    Version {
        /// Where.
        place: Place,
    },
    /// A row with more or fewer cells than the table or the first row has.
    #[error(
        "{place}: 列の数が違います({found}列、{expected}列のはず) / {found} cells, not {expected}"
    )]
    Ragged {
        /// Where.
        place: Place,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A column that every row needs is empty.
    #[error("{place}: 必須の項目が空です / a required column is empty")]
    Required {
        /// Where.
        place: Place,
    },
    /// A number by which people are told apart, of other characters than letters and digits.
    #[error("{place}: 半角英数字です / must be letters and digits")]
    Number {
        /// Where.
        place: Place,
    },
    /// NUL or another control character that is no line end.
    #[error("{place}: 制御文字があります / a control character")]
    Control {
        /// Where.
        place: Place,
    },
    /// A plan of a table that has one row for it comes twice.
    #[error("{place}: 同じ計画の行が2つあります / a second row of the same plan")]
    Doubled {
        /// Where it comes again.
        place: Place,
    },
}

/// What is remarkable in a file that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A row of headings was passed over.
    #[error("{place}: 見出し行を読み飛ばしました / a row of headings, passed over")]
    Headings {
        /// Where.
        place: Place,
    },
    /// 外字, which the standard forbids; kept.
    #[error("{place}: 外字があります / a character that only the sender can show")]
    OwnCharacter {
        /// Where.
        place: Place,
    },
    /// A row of another version than the first.
    #[error("{place}: CSVバージョンが先頭の行と違います / another version than the first row's")]
    OtherVersion {
        /// Where.
        place: Place,
    },
}

impl CarePlanError {
    /// Where.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Charset { span, .. } | Self::TooMuch { span, .. } => *span,
            Self::Empty => Span::default(),
            Self::Syntax { place, .. }
            | Self::Version { place }
            | Self::Ragged { place, .. }
            | Self::Required { place }
            | Self::Number { place }
            | Self::Control { place }
            | Self::Doubled { place } => place.span,
        }
    }
}

impl Notice {
    /// Where.
    #[must_use]
    pub const fn place(&self) -> &Place {
        match self {
            Self::Headings { place }
            | Self::OwnCharacter { place }
            | Self::OtherVersion { place } => place,
        }
    }
}

impl From<CarePlanError> for Fault {
    fn from(error: CarePlanError) -> Self {
        let kind = match error {
            CarePlanError::TooMuch { .. } => FaultKind::TooMuch,
            CarePlanError::Required { .. } | CarePlanError::Empty => FaultKind::Required,
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
