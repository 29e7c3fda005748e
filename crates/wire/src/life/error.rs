//! What can be wrong, and what is remarkable.

use renkei_model::message::{Fault, FaultKind, Span};

/// Why a file is not taken. No text quotes a cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LifeError {
    /// Neither UTF-8 nor MS932, or another than declared.
    #[error("{rule}")]
    Charset {
        /// What was found.
        rule: String,
        /// Where.
        span: Span,
    },
    /// Too big, too many lines, too many columns.
    #[error("{what}が多すぎます(最大{max}) / too many: at most {max}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// What is allowed.
        max: usize,
        /// Where it is too much.
        span: Span,
    },
    /// Line 1 is no data type.
    #[error(
        "1行目がデータ種別(SERVICE_USER_INFOなど)ではありません / line 1 is no data type such as SERVICE_USER_INFO"
    )]
    DataType {
        /// Where.
        span: Span,
    },
    /// A name of line 2 that cannot be one, or comes twice.
    #[error(
        "2行目の{column}列目: 列名が正しくないか2回あります / line 2, column {column}: not a name, or twice"
    )]
    ColumnName {
        /// Which, from 1.
        column: usize,
        /// Where.
        span: Span,
    },
    /// A column that the interface needs.
    #[error("{column}: 必須の列がありません / a required column is missing")]
    MissingColumn {
        /// Its name.
        column: &'static str,
        /// Line 2.
        span: Span,
    },
    /// No line of data.
    #[error("データの行がありません / no line of data")]
    Empty,
    /// A line that is no CSV, or cannot be decoded.
    #[error("{line}行目 / line {line}: {rule} (byte {})", span.start)]
    Syntax {
        /// The line.
        line: usize,
        /// What is wrong.
        rule: String,
        /// Where.
        span: Span,
    },
    /// A line with more or fewer cells than line 2.
    #[error(
        "{line}行目 / line {line}: 列の数が見出しと違います({found}列、{expected}列のはず) / {found} cells, not {expected}"
    )]
    Ragged {
        /// The line.
        line: usize,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
        /// Where.
        span: Span,
    },
    /// A line without the sender's number.
    #[error("{line}行目 / line {line}, {column}: 必須の項目が空です / is empty")]
    NoKey {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
        /// Where.
        span: Span,
    },
    /// NUL or another control character that is no line end.
    #[error("{line}行目 / line {line}, {column}: 制御文字があります / a control character")]
    Control {
        /// The line.
        line: usize,
        /// The column.
        column: String,
        /// Where.
        span: Span,
    },
}

/// What is remarkable in a file that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A column that the interface does not have in the version that is known here.
    #[error("{column}: 未知の列です(保持します) / an unknown column, kept")]
    UnknownColumn {
        /// Its name.
        column: String,
        /// Where in line 2.
        span: Span,
    },
    /// A number that came before: the later line overwrites the earlier one.
    #[error("{line}行目 / line {line}: 同じ管理番号が前にもあります / the same number as before")]
    Again {
        /// The later line.
        line: usize,
        /// Its number.
        span: Span,
    },
    /// 外字.
    #[error(
        "{line}行目 / line {line}, {column}: 外字があります / a character that only the sender can show"
    )]
    OwnCharacter {
        /// The line.
        line: usize,
        /// The column.
        column: String,
        /// The cell.
        span: Span,
    },
}

impl Notice {
    /// Where.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::UnknownColumn { span, .. }
            | Self::Again { span, .. }
            | Self::OwnCharacter { span, .. } => *span,
        }
    }
}

impl From<LifeError> for Fault {
    fn from(error: LifeError) -> Self {
        let (span, kind) = match &error {
            LifeError::TooMuch { span, .. } => (*span, FaultKind::TooMuch),
            LifeError::MissingColumn { span, .. } | LifeError::NoKey { span, .. } => {
                (*span, FaultKind::Required)
            }
            LifeError::Empty => (Span::default(), FaultKind::Required),
            LifeError::Charset { span, .. }
            | LifeError::DataType { span }
            | LifeError::ColumnName { span, .. }
            | LifeError::Syntax { span, .. }
            | LifeError::Ragged { span, .. }
            | LifeError::Control { span, .. } => (*span, FaultKind::Structure),
        };
        Self {
            field: String::new(),
            rule: error.to_string(),
            span: Some(span),
            kind,
        }
    }
}
