//! From bytes to a document.

use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::CLINICAL_DOCUMENT;
use super::element::{Builder, NOTICES_MAX};
use super::error::{CdaError, Notice};
use super::header::header;
use crate::charset::{BOM, guess, utf16};
use crate::tree::{Leaf, Node, Record};

/// A document, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it says. The key is the setId, which all versions of a document share, or its id where it has none; the version its
    /// versionNumber, or else its effectiveTime.
    pub record: Record,
    /// What is remarkable, at most the first hundred.
    pub notices: Vec<Notice>,
}

/// What must be there, and what the standard demands besides.
const NEEDED: [&str; 3] = ["id", "recordTarget", "component"];
const DEMANDED: [(&str, &str); 5] = [
    ("code", "ClinicalDocument/code"),
    ("effectiveTime", "ClinicalDocument/effectiveTime"),
    (
        "confidentialityCode",
        "ClinicalDocument/confidentialityCode",
    ),
    ("author", "ClinicalDocument/author"),
    ("custodian", "ClinicalDocument/custodian"),
];

/// Reads a document.
///
/// # Errors
/// The first thing that is wrong; behind it nothing can be believed.
pub fn read(body: &[u8], limits: &Limits) -> Result<Document, CdaError> {
    if body.len() > limits.body_bytes {
        let (max, span) = (
            limits.body_bytes,
            Span {
                start: limits.body_bytes,
                end: body.len(),
            },
        );
        let path = CLINICAL_DOCUMENT.to_owned();
        return Err(CdaError::TooMuch {
            path,
            what: "バイト / bytes",
            max,
            span,
        });
    }
    let (text, offset) = text(body)?;
    let (root, mut notices) = Builder::new(text, offset, limits.depth).build()?;
    if root.name != CLINICAL_DOCUMENT {
        return Err(CdaError::NotCda { span: root.span });
    }
    for path in NEEDED {
        let there = root.children(path).any(|node| !node.is_empty());
        if !there {
            return Err(CdaError::Missing {
                path,
                span: root.span,
            });
        }
    }
    let lacks = DEMANDED
        .iter()
        .filter(|(name, _)| root.child(name).is_none());
    notices.extend(lacks.map(|(_, path)| Notice::Lacks { path }));
    notices.truncate(NOTICES_MAX);
    let record = record(root, body.len());
    Ok(Document { record, notices })
}

fn text(body: &[u8]) -> Result<(&str, usize), CdaError> {
    let wrong = |found: &str, at: usize| CdaError::Charset {
        found: found.to_owned(),
        span: Span { start: at, end: at },
    };
    if body.is_empty() {
        return Err(wrong("空 / an empty body", 0));
    }
    if let Some(found) = utf16(body) {
        return Err(wrong(found, 0));
    }
    let offset = if body.starts_with(BOM) { BOM.len() } else { 0 };
    let content = body.get(offset..).unwrap_or_default();
    let text = std::str::from_utf8(content).map_err(|error| {
        let at = error.valid_up_to();
        wrong(guess(content.get(at..).unwrap_or_default()), offset + at)
    })?;
    Ok((text, offset))
}

fn record(root: Node, length: usize) -> Record {
    let header = header(&root);
    let key = header.set_id.as_ref().or(header.id.as_ref());
    let key = key.map_or_else(
        || Leaf::new(""),
        |id| Leaf {
            field: if header.set_id.is_some() {
                "ClinicalDocument/setId"
            } else {
                "ClinicalDocument/id"
            }
            .to_owned(),
            text: id.text(),
            span: id.span,
        },
    );
    let version = header.version.or(header.effective_time);
    Record {
        index: 0,
        key,
        version: version.unwrap_or_else(|| Leaf::new("")),
        span: Span {
            start: 0,
            end: length,
        },
        root,
    }
}
