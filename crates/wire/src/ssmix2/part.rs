//! The parts of a path, and what can be wrong with one.

use std::fmt;

use renkei_model::message::{Fault, FaultKind, Span};

/// A part of a path below the root, as the guideline calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The path as a whole.
    Path,
    /// First folder: the first three characters of the patient's number.
    PatientHead,
    /// Second folder: its characters four to six.
    PatientMiddle,
    /// Third folder: the whole number.
    PatientFolder,
    /// Fourth folder: the day.
    DateFolder,
    /// Fifth folder: the kind of data.
    KindFolder,
    /// The file's name as a whole.
    FileName,
    /// 患者ID.
    Patient,
    /// 診療日.
    Date,
    /// データ種別.
    Kind,
    /// オーダNo.
    Order,
    /// 発生日時.
    Stamp,
    /// 診療科コード.
    Department,
    /// コンディションフラグ.
    Condition,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "パス / path",
            Self::PatientHead => "患者ID先頭3桁フォルダ / folder 1 (患者ID 1-3)",
            Self::PatientMiddle => "患者ID4～6桁フォルダ / folder 2 (患者ID 4-6)",
            Self::PatientFolder => "患者IDフォルダ / folder 3 (患者ID)",
            Self::DateFolder => "診療日フォルダ / folder 4 (診療日)",
            Self::KindFolder => "データ種別フォルダ / folder 5 (データ種別)",
            Self::FileName => "ファイル名 / file name",
            Self::Patient => "患者ID",
            Self::Date => "診療日",
            Self::Kind => "データ種別",
            Self::Order => "オーダNo",
            Self::Stamp => "発生日時",
            Self::Department => "診療科コード",
            Self::Condition => "コンディションフラグ",
        })
    }
}

/// Why a path is no path of the storage. Quotes nothing of it: a path names a patient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The path leads out of the root, or could on some system.
    #[error("{part}: ルートの外を指しうるパスです / a path that may lead out of the root: {what} (byte {})", span.start)]
    Outside {
        /// Where.
        part: Part,
        /// What leads out.
        what: &'static str,
        /// Its bytes in the path.
        span: Span,
    },
    /// The path has not the depth of the storage.
    #[error("パス / path: 階層が{found}です(6階層のはず) / {found} levels, not 6")]
    Depth {
        /// How many levels it has.
        found: usize,
        /// The path.
        span: Span,
    },
    /// The file's name has not seven parts.
    #[error(
        "ファイル名 / file name: _で区切られた部分が{found}個です(7個のはず) / {found} parts between underscores, not 7"
    )]
    Parts {
        /// How many it has.
        found: usize,
        /// The name.
        span: Span,
    },
    /// A part breaks its own rule.
    #[error("{part}: {rule} (byte {})", span.start)]
    Rule {
        /// Which part.
        part: Part,
        /// What it should be.
        rule: &'static str,
        /// Its bytes in the path.
        span: Span,
    },
    /// A folder says something else than the file's name.
    #[error("{part}: ファイル名と一致しません / does not agree with the file's name (byte {})", span.start)]
    Disagrees {
        /// The folder.
        part: Part,
        /// Its bytes in the path.
        span: Span,
    },
    /// A name under which somebody is still writing.
    #[error(
        "ファイル名 / file name: 書き込み途中の一時ファイルです / a temporary file of somebody who is writing"
    )]
    Temporary {
        /// The name.
        span: Span,
    },
}

impl NameError {
    /// The part.
    #[must_use]
    pub const fn part(&self) -> Part {
        match self {
            Self::Outside { part, .. } | Self::Rule { part, .. } | Self::Disagrees { part, .. } => {
                *part
            }
            Self::Depth { .. } => Part::Path,
            Self::Parts { .. } | Self::Temporary { .. } => Part::FileName,
        }
    }

    /// Its bytes in the path.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Outside { span, .. }
            | Self::Depth { span, .. }
            | Self::Parts { span, .. }
            | Self::Rule { span, .. }
            | Self::Disagrees { span, .. }
            | Self::Temporary { span } => *span,
        }
    }
}

impl From<NameError> for Fault {
    fn from(error: NameError) -> Self {
        Self {
            field: error.part().to_string(),
            rule: error.to_string(),
            span: Some(error.span()),
            kind: FaultKind::Structure,
        }
    }
}
