//! What can be wrong, and what is remarkable. No text quotes what a document says about a person.

use renkei_model::message::{Fault, FaultKind, Span};

/// Why a document is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CdaError {
    /// Not UTF-8, or declared as something else.
    #[error("UTF-8で送ってください({found}) / send UTF-8, not {found} (byte {})", span.start)]
    Charset {
        /// What was found.
        found: String,
        /// Where.
        span: Span,
    },
    /// Too big, too deep, too many parts.
    #[error("{path}: {what}が多すぎます(最大{max}) / too many: at most {max}")]
    TooMuch {
        /// The element.
        path: String,
        /// Of what.
        what: &'static str,
        /// What is allowed.
        max: usize,
        /// Where it is too much.
        span: Span,
    },
    /// A document type declaration, by which files are read and memory is filled (XXE, billion laughs).
    #[error("DOCTYPEは受け付けません / a DOCTYPE is refused (byte {})", span.start)]
    Doctype {
        /// Where.
        span: Span,
    },
    /// A reference to an entity that is none of the five of XML, or to a character that XML does not have.
    #[error("{path}: 定義済みの5つ以外の実体参照や不正な文字参照は受け付けません / an entity that XML does not define, or no character (byte {})", span.start)]
    Entity {
        /// The element.
        path: String,
        /// Where.
        span: Span,
    },
    /// Not well-formed.
    #[error("{path}: {rule} (byte {})", span.start)]
    Syntax {
        /// The element.
        path: String,
        /// What is wrong.
        rule: &'static str,
        /// Where.
        span: Span,
    },
    /// The document element is not `ClinicalDocument` of `urn:hl7-org:v3`.
    #[error(
        "CDA R2(urn:hl7-org:v3のClinicalDocument)ではありません / not a ClinicalDocument of urn:hl7-org:v3"
    )]
    NotCda {
        /// Where.
        span: Span,
    },
    /// Something that no document can be without.
    #[error("{path}: 必須の要素がありません / a required element is missing")]
    Missing {
        /// Which.
        path: &'static str,
        /// The document element.
        span: Span,
    },
}

/// What is remarkable in a document that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A processing instruction, such as a stylesheet: not kept, not followed.
    #[error("処理命令は保持しません / a processing instruction is not kept (byte {})", span.start)]
    Instruction {
        /// Where.
        span: Span,
    },
    /// Something that the standard demands and that is not there.
    #[error("{path}: 規格上必須の要素がありません / the standard demands this element")]
    Lacks {
        /// Which.
        path: &'static str,
    },
    /// 外字.
    #[error("{path}: 外字があります / a character that only the sender can show (byte {})", span.start)]
    OwnCharacter {
        /// The element.
        path: String,
        /// Where.
        span: Span,
    },
}

impl CdaError {
    /// Where.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Charset { span, .. }
            | Self::TooMuch { span, .. }
            | Self::Doctype { span }
            | Self::Entity { span, .. }
            | Self::Syntax { span, .. }
            | Self::NotCda { span }
            | Self::Missing { span, .. } => *span,
        }
    }
}

impl Notice {
    /// Where; `None` for something that is not there.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::Instruction { span } | Self::OwnCharacter { span, .. } => Some(*span),
            Self::Lacks { .. } => None,
        }
    }
}

impl From<CdaError> for Fault {
    fn from(error: CdaError) -> Self {
        let kind = match error {
            CdaError::TooMuch { .. } => FaultKind::TooMuch,
            CdaError::Missing { .. } => FaultKind::Required,
            _ => FaultKind::Structure,
        };
        let field = match &error {
            CdaError::TooMuch { path, .. }
            | CdaError::Entity { path, .. }
            | CdaError::Syntax { path, .. } => path.clone(),
            CdaError::Missing { path, .. } => (*path).to_owned(),
            CdaError::Charset { .. } | CdaError::Doctype { .. } | CdaError::NotCda { .. } => {
                String::new()
            }
        };
        Self {
            field,
            rule: error.to_string(),
            span: Some(error.span()),
            kind,
        }
    }
}
