//! Several HL7 messages in one file: frames of MLLP as a capture has them, or one message behind the other.

use bytes::BytesMut;
use memchr::{memchr, memchr2_iter};
use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::finding::{Finding, Severity};
use crate::mllp::{END, FrameError, FrameFault, Framer, START};

/// Broken frames behind which the next one is looked for.
const BROKEN_MAX: usize = 20;

/// The messages of a file.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Where each message stands, without its frame.
    pub spans: Vec<Span>,
    /// Whether they stand in frames.
    pub framed: bool,
    /// What is wrong with frames, or odd about the file.
    pub findings: Vec<Finding>,
}

pub(super) fn split(bytes: &[u8], limits: &Limits) -> Parts {
    if bytes.first() == Some(&START) && memchr(END, bytes).is_some() {
        return frames(bytes, limits);
    }
    batch(bytes)
}

fn frames(bytes: &[u8], limits: &Limits) -> Parts {
    let mut parts = Parts {
        framed: true,
        ..Parts::default()
    };
    let (mut at, mut broken) = (0, 0);
    while let Some(error) = run(bytes, at, limits, &mut parts) {
        let wrong = at.saturating_add(usize::try_from(error.at).unwrap_or(usize::MAX));
        let span = Span {
            start: wrong,
            end: (wrong + 1).min(bytes.len()).max(wrong),
        };
        // Where the broken frame began: behind the last good one.
        let good = parts.spans.last().map_or(at, |span| (span.end + 2).max(at));
        let text = error.fault.to_string();
        parts.findings.push(Finding::fault("MLLP", text, span));
        let rest = bytes.get(good..wrong.min(bytes.len())).unwrap_or_default();
        if let Some(begin) = memchr(START, rest) {
            let trailing = usize::from(error.fault == FrameFault::NoReturn);
            let (start, end) = (good + begin + 1, wrong.min(bytes.len()) - trailing);
            if start < end {
                parts.spans.push(Span { start, end });
            }
        }
        broken += 1;
        let next = bytes.get(wrong..).and_then(|rest| memchr(START, rest));
        let Some(next) = next else { break };
        at = wrong + next;
        if broken == BROKEN_MAX {
            let text = format!(
                "壊れた枠が{BROKEN_MAX}個あり、以降は見ていません / {BROKEN_MAX} broken frames: what follows was not looked at"
            );
            let span = Span {
                start: at,
                end: bytes.len(),
            };
            parts.findings.push(Finding::fault("MLLP", text, span));
            break;
        }
    }
    parts
}

/// Frames from a place on, until there are no more or one is broken.
fn run(bytes: &[u8], at: usize, limits: &Limits, parts: &mut Parts) -> Option<FrameError> {
    let mut framer = Framer::new(limits.body_bytes);
    let mut buffer = BytesMut::from(bytes.get(at..).unwrap_or_default());
    loop {
        match framer.decode(&mut buffer) {
            Ok(Some(frame)) => {
                let start = at + usize::try_from(frame.at).unwrap_or_default() + 1;
                let end = start + frame.content.len();
                parts.spans.push(Span { start, end });
            }
            Ok(None) => return framer.finish(&buffer).err(),
            Err(error) => return Some(error),
        }
    }
}

/// Lines that begin a message, and those of a batch's envelope around it.
fn batch(bytes: &[u8]) -> Parts {
    let mut starts: Vec<(usize, bool)> = Vec::new();
    let separator = first_separator(bytes);
    let mut consider = |at: usize| {
        let line = bytes.get(at..).unwrap_or_default();
        let fields = line.get(3).copied() == separator && separator.is_some();
        match line.get(..3) {
            Some(b"MSH") if fields => starts.push((at, true)),
            Some(b"FHS" | b"BHS" | b"BTS" | b"FTS") if fields => starts.push((at, false)),
            _ => {}
        }
    };
    consider(0);
    memchr2_iter(b'\r', b'\n', bytes).for_each(|at| consider(at + 1));
    let messages = starts.iter().filter(|(_, is_message)| *is_message).count();
    let whole = Span {
        start: 0,
        end: bytes.len(),
    };
    if messages == 0 || starts.len() == 1 {
        return Parts {
            spans: vec![whole],
            ..Parts::default()
        };
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at);
    let ends = ends.chain([bytes.len()]);
    let spans = starts.iter().zip(ends).enumerate();
    let spans = spans.filter(|(_, ((_, is_message), _))| *is_message);
    // What stands before the first line of the batch is looked at with it, so that it is not lost.
    let spans = spans.map(|(index, ((start, _), end))| Span {
        start: if index == 0 { 0 } else { *start },
        end,
    });
    let spans: Vec<Span> = spans.collect();
    let envelope = starts.iter().find(|(_, is_message)| !is_message);
    let mut findings = Vec::new();
    if let Some((at, _)) = envelope {
        let span = Span {
            start: *at,
            end: at + 3,
        };
        let text = "バッチの封筒(FHS・BHS・BTS・FTS)は読みません / the envelope of a batch (FHS, BHS, BTS, FTS) is not read";
        findings.push(Finding::notice("", text, span));
    }
    if messages > 1 {
        let text = format!(
            "電文が{messages}個続いています。受け口へは1つずつ送ります / {messages} messages one behind the other: doors take them one by one"
        );
        findings.push(Finding::without_place(Severity::Notice, text));
    }
    Parts {
        spans,
        framed: false,
        findings,
    }
}

/// The field separator of the first header, of whatever kind.
fn first_separator(bytes: &[u8]) -> Option<u8> {
    let names: [&[u8]; 3] = [b"MSH", b"FHS", b"BHS"];
    let mut lines = bytes.split(|byte| matches!(byte, b'\r' | b'\n'));
    let line = lines.find(|line| names.iter().any(|name| line.starts_with(name)))?;
    line.get(3)
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
}
