//! `audit-verify`: is an exported audit log the one that was written?
//!
//! Needs the export, the public key and no network; knows neither the database nor the gateway.
//! Exit code 0: sound; 1: not sound; 2: it could not be verified.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::ExitCode;

use renkei_audit::checkpoint::{VerifyingKey, split_notes};
use renkei_audit::export::{Line, read_line};
use renkei_audit::{AuditError, Report, Verifier};
use renkei_model::leaf::Checkpoint;

const USAGE: &str = "usage: audit-verify EXPORT.ndjson PUBLIC-KEY.txt [NOTES.txt]

EXPORT.ndjson   what `renkei audit export` wrote
PUBLIC-KEY.txt  the log's public key, one line: name+keyid+base64
NOTES.txt       signed notes that were kept elsewhere, one after the other";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (text, code) = match arguments.as_slice() {
        [export, key] => outcome(run(export, key, None)),
        [export, key, notes] => outcome(run(export, key, Some(notes))),
        _ => (USAGE.to_owned(), 2),
    };
    // A closed pipe is no reason to give another verdict.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::from(code)
}

fn outcome(verified: Result<Report, AuditError>) -> (String, u8) {
    match verified {
        Ok(report) => (describe(&report), u8::from(!report.is_sound())),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|source| format!(": {source}"));
            (
                format!("cannot verify: {error}{}", cause.unwrap_or_default()),
                2,
            )
        }
    }
}

fn run(export: &str, key: &str, notes: Option<&str>) -> Result<Report, AuditError> {
    let key: VerifyingKey = read_file(key)?.parse()?;
    let notes = notes.map(read_file).transpose()?;
    let notes = split_notes(&notes.unwrap_or_default());
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    let mut verifier = None;
    let file = File::open(export).map_err(|source| disk(export, source))?;
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|source| disk(export, source))?;
        let line = read_line(number, &line)?;
        if (number == 1) != (line == Line::Header) {
            return Err(AuditError::Export {
                line: number,
                rule: "the first line must be the header",
            });
        }
        match line {
            Line::Header => {}
            Line::Checkpoint(_) if verifier.is_some() => {
                let rule = "checkpoints must come before leaves";
                return Err(AuditError::Export { line: number, rule });
            }
            Line::Checkpoint(checkpoint) => checkpoints.push(checkpoint),
            Line::Leaf(leaf) => verifier
                .get_or_insert_with(|| Verifier::new(&checkpoints, &notes, &key))
                .push(&leaf),
        }
    }
    Ok(verifier
        .unwrap_or_else(|| Verifier::new(&checkpoints, &notes, &key))
        .finish())
}

fn read_file(path: &str) -> Result<String, AuditError> {
    std::fs::read_to_string(path).map_err(|source| disk(path, source))
}

fn disk(path: &str, source: std::io::Error) -> AuditError {
    AuditError::Disk {
        path: path.to_owned(),
        source,
    }
}

fn describe(report: &Report) -> String {
    let mut text = format!(
        "leaves: {}\nnot yet numbered: {}\ncheckpoints that agree: {}\nleaves after the last of them: {}\n",
        report.leaves, report.unnumbered, report.checked_checkpoints, report.unsigned_tail
    );
    for finding in &report.findings {
        let seq = finding.seq.map_or("-".to_owned(), |seq| seq.to_string());
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{seq}: {:?}: {}", finding.kind, finding.text);
    }
    if report.findings_left_out > 0 {
        let _ = writeln!(text, "and {} more", report.findings_left_out);
    }
    text.push_str(if report.is_sound() {
        "sound"
    } else {
        "NOT SOUND"
    });
    text
}
