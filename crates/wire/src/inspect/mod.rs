//! Bytes of unknown origin, explained: what they are and why, what is wrong and where, and what stands in them.
//!
//! [`inspect`] is pure; [`text`] and [`json`] write what it found. The first line says what it is and whether it is
//! sound; then follow faults, notices and the tree. Messages are Japanese, then English. Output is bounded, and says what was cut.
//! Values are shown: whoever runs this has the file anyway. Nothing in a file can make a terminal do anything.

mod detect;
mod finding;
mod hex;
mod hl7;
mod json;
mod kind;
#[cfg(test)]
mod laws;
mod lines;
mod message;
mod name;
#[cfg(test)]
mod pictures;
mod read;
mod rows;
#[cfg(test)]
mod samples_tests;
mod show;
mod split;
mod text;

pub use finding::{Finding, Findings, Severity};
pub use json::json;
pub use kind::Kind;
pub use message::{Fact, Message};
pub use rows::{Row, Shown};
pub use text::{Colour, View, text};

use renkei_model::limits::Limits;

use self::name::Named;
use crate::careplan::Table;

/// Messages of one file that are looked at.
const MESSAGES_MAX: usize = 10_000;
/// Values of all messages of one file that are kept.
const VALUES_MAX: usize = 300_000;

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection<'b> {
    /// The file.
    pub bytes: &'b [u8],
    /// Its format; `None` if it is none that is known here.
    pub kind: Option<Kind>,
    /// Why: Japanese, then English.
    pub because: Vec<String>,
    /// What is wrong or odd about the file as a whole: its name, its frames.
    pub findings: Findings,
    /// Its messages: one, but for HL7 in frames or in a batch.
    pub messages: Vec<Message>,
    /// Messages that were not looked at, because there are more than 10,000.
    pub left_out: usize,
    /// Where the format is unknown: what was tried, and where it stopped.
    pub attempts: Vec<(Kind, Finding)>,
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing is wrong, nothing is odd.
    Sound,
    /// Something is odd, nothing is wrong.
    Odd,
    /// It was read, and something is against a rule.
    Faulty,
    /// It, or one of its messages, could not be read.
    Refused,
    /// No format was recognised.
    Unknown,
}

/// Looks at a file. `file_name`: its name, with as many folders before it as are known, since SS-MIX2 says in them what the
/// file is. Limits are those of the doors: what is too big for them is refused here, too.
#[must_use]
pub fn inspect<'b>(bytes: &'b [u8], file_name: Option<&str>, limits: &Limits) -> Inspection<'b> {
    let mut findings = Findings::default();
    let named = file_name.map_or(Named::Nothing, |name| Named::read(name, &mut findings));
    let detect::Detected { kind, because } = detect::detect(bytes, &named);
    let mut inspection = Inspection {
        bytes,
        kind,
        because,
        findings,
        messages: Vec::new(),
        left_out: 0,
        attempts: Vec::new(),
    };
    match kind {
        Some(kind) => inspection.read(kind, &named, limits),
        None => inspection.attempt(limits),
    }
    inspection.findings.sort();
    inspection
}

impl Inspection<'_> {
    /// What it comes to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.kind.is_none() {
            return Verdict::Unknown;
        }
        let own = verdict_of(&self.findings);
        let messages = self.messages.iter().map(Message::verdict);
        messages.fold(own, Verdict::max)
    }

    /// All faults and all notices, of the file and its messages.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let messages = self.messages.iter();
        let messages = messages.map(|message| message.findings.count(severity));
        self.findings.count(severity) + messages.sum::<usize>()
    }

    fn read(&mut self, kind: Kind, named: &Named, limits: &Limits) {
        self.contradiction(kind, named);
        if kind != Kind::Hl7 {
            self.messages
                .push(read::read(kind, self.bytes, named, limits));
            return;
        }
        let parts = split::split(self.bytes, limits);
        if parts.framed {
            let count = parts.spans.len();
            let broken = match parts.findings.is_empty() {
                true => ("", ""),
                false => ("(壊れたものを含む)", ", broken ones included"),
            };
            let text = format!(
                "MLLPの枠が{count}個{} / {count} MLLP frames{}",
                broken.0, broken.1
            );
            self.because.push(text);
        }
        self.findings.extend(parts.findings);
        self.left_out = parts.spans.len().saturating_sub(MESSAGES_MAX);
        let mut values = 0;
        for span in parts.spans.iter().take(MESSAGES_MAX) {
            let content = self.bytes.get(span.start..span.end).unwrap_or_default();
            let mut message = read::read(kind, content, named, limits);
            values += message.values();
            if values > VALUES_MAX && parts.spans.len() > 1 {
                message.left_out = message.records.len();
                message.records.clear();
            }
            message.shift(span.start);
            self.messages.push(message);
        }
    }

    /// A name that says another format than the content.
    fn contradiction(&mut self, kind: Kind, named: &Named) {
        let agrees = match named {
            Named::Nothing => true,
            Named::Storage(_) => kind == Kind::Hl7,
            Named::CarePlan(_) => matches!(kind, Kind::CarePlan(_) | Kind::CarePlanOther(_)),
        };
        if !agrees {
            let text = "ファイル名は別の形式を示しています / the file's name says another format";
            self.findings
                .push(Finding::without_place(Severity::Fault, text));
        }
    }

    /// No format: each codec says where it stopped.
    fn attempt(&mut self, limits: &Limits) {
        if self.bytes.is_empty() {
            let text = "ファイルが空です(0バイト) / the file is empty";
            self.findings
                .push(Finding::without_place(Severity::Fault, text));
            return;
        }
        if let Some((what, cause)) = detect::foreign(self.bytes) {
            let text = format!("{what}: {cause}");
            self.findings
                .push(Finding::without_place(Severity::Fault, text));
        }
        const TRIED: [Kind; 7] = [
            Kind::Hl7,
            Kind::JahisNotebook,
            Kind::Cda,
            Kind::CarePlan(Table::Plan1),
            Kind::Life,
            Kind::FilemakerJson,
            Kind::FilemakerCsv,
        ];
        for kind in TRIED {
            let Some(stop) = read::stop(kind, self.bytes, limits) else {
                // Who reads it is right, whatever it looked like.
                self.attempts.clear();
                self.kind = Some(kind);
                let text = "この形式として読めた / it can be read as such";
                self.because.push(text.to_owned());
                self.read(kind, &Named::Nothing, limits);
                return;
            };
            self.attempts.push((kind, stop));
        }
    }
}

impl Message {
    /// What it comes to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.readable {
            true => verdict_of(&self.findings),
            false => Verdict::Refused,
        }
    }
}

const fn verdict_of(findings: &Findings) -> Verdict {
    match (findings.faults(), findings.notices()) {
        (0, 0) => Verdict::Sound,
        (0, _) => Verdict::Odd,
        _ => Verdict::Faulty,
    }
}
