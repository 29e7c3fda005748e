//! What is wrong or odd, and where.

use renkei_model::message::{Fault, Span};

/// Findings of one message, or of the file, that are kept; the others are counted.
pub(super) const NAMED_MAX: usize = 100;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Odd, and read without guessing.
    Notice,
    /// Against a rule of the format.
    Fault,
}

/// Something that is wrong or odd. Its text quotes no value; the tree does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The place in the sender's terms: `PID-7`; empty where the text says it.
    pub place: String,
    /// Japanese, then English.
    pub text: String,
    /// The bytes in the file; `None` for what has no place in it, such as the file's name.
    pub span: Option<Span>,
}

impl Finding {
    pub(super) fn notice(place: impl Into<String>, text: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Notice,
            place: place.into(),
            text: text.into(),
            span: Some(span),
        }
    }

    pub(super) fn fault(place: impl Into<String>, text: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Fault,
            ..Self::notice(place, text, span)
        }
    }

    /// About the file's name or the file as a whole.
    pub(super) fn without_place(severity: Severity, text: impl Into<String>) -> Self {
        Self {
            severity,
            place: String::new(),
            text: text.into(),
            span: None,
        }
    }
}

impl From<Fault> for Finding {
    fn from(fault: Fault) -> Self {
        let text = match fault.span {
            Some(_) => without_byte(&fault.rule).to_owned(),
            None => fault.rule,
        };
        Self {
            severity: Severity::Fault,
            place: fault.field,
            text,
            span: fault.span,
        }
    }
}

/// A rule without the byte at its end: the finding has it, and counts from the start of the file, not of the message.
fn without_byte(rule: &str) -> &str {
    let told = rule
        .strip_suffix(')')
        .and_then(|rule| rule.rsplit_once(" (byte "));
    match told {
        Some((rule, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rule,
        _ => rule,
    }
}

/// Findings in the order of the file, faults first; the first hundred of each severity, and how many there are more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
    faults: usize,
    notices: usize,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        let count = match finding.severity {
            Severity::Fault => &mut self.faults,
            Severity::Notice => &mut self.notices,
        };
        *count += 1;
        if *count <= NAMED_MAX {
            self.list.push(finding);
        }
    }

    /// Faults that nobody names any more.
    pub(super) const fn count_faults(&mut self, more: usize) {
        self.faults += more;
    }

    /// By severity, then by place.
    pub(super) fn sort(&mut self) {
        self.list.sort_by_key(|finding| {
            let at = finding.span.map_or(0, |span| span.start);
            (std::cmp::Reverse(finding.severity), at)
        });
    }

    /// How many faults there are, kept or not.
    #[must_use]
    pub const fn faults(&self) -> usize {
        self.faults
    }

    /// How many notices there are, kept or not.
    #[must_use]
    pub const fn notices(&self) -> usize {
        self.notices
    }

    /// How many of a severity there are, kept or not.
    #[must_use]
    pub const fn count(&self, severity: Severity) -> usize {
        match severity {
            Severity::Fault => self.faults,
            Severity::Notice => self.notices,
        }
    }

    /// Those that were kept.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// Those of a severity that were kept.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.list
            .iter()
            .filter(move |finding| finding.severity == severity)
    }

    /// The same, so many bytes further behind in the file.
    pub(super) fn shift(&mut self, by: usize) {
        let spans = self
            .list
            .iter_mut()
            .filter_map(|finding| finding.span.as_mut());
        for span in spans {
            *span = shifted(*span, by);
        }
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        for finding in findings {
            self.push(finding);
        }
    }
}

/// A span of a part as a span of the whole.
pub(super) const fn shifted(span: Span, by: usize) -> Span {
    Span {
        start: span.start + by,
        end: span.end + by,
    }
}
