//! The corridor for files: a network's periodical export, one record a line.
//!
//! Each line is a message of its own — the header and the line, in the file's charset — and walks the
//! corridor for messages: its own transaction, its own answer, its own leaf, its own row of quarantine when
//! it is refused. What is wrong with one line stops no other. What is wrong with the file as a whole
//! (charset, header) refuses it as a message is refused. The file itself leaves one leaf more.
//!
//! Sent again, a file has no second effect: its lines are known.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant as Stopwatch};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use renkei_audit::Decision;
use renkei_model::message::{Fault, Inbound, Span};
use renkei_store::{StoreError, Urgency};
use renkei_wire::csv::Charset;
use renkei_wire::filemaker::{self, Export, Line};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::accept::accept_file;
use crate::decode::DecodeError;
use crate::house::House;
use crate::judge::purpose;
use crate::outcome::outcome;
use crate::permit::permit_knock;
use crate::receive::receive;
use crate::record::{Note, Recorded, record_change};
use crate::refusal::{Kind, Refusal};
use crate::refuse::{Asker, Refused, refuse, refuse_message};
use crate::room;
use crate::route::Receipt;

/// Lines that are on their way at once: enough to share a commit, too few to fill the writer's queue.
const ABREAST: usize = 8;

/// A file with so many wrong lines is a wrong file: the rest of it is not looked at.
const REFUSED_MAX: usize = 1_000;

/// How often a line is tried that the store could not take just now.
const TRIES: usize = 3;

/// What became of one line.
struct Fate {
    line: usize,
    outcome: Outcome,
    told: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Stored,
    Unchanged,
    Refused,
}

/// Takes a file in, line by line. What comes back is the answer's JSON text: each line's fate, in order.
///
/// # Errors
/// [`Refused`]: the file as a whole; nothing of it was stored but, for an authenticated sender, a
/// quarantine row.
pub async fn batch(house: &House, inbound: Inbound) -> Result<Recorded<String>, Refused> {
    let Export {
        charset,
        header,
        lines,
        ..
    } = match open(house, &inbound) {
        Ok(export) => export,
        Err(refusal) => return Err(refuse_message(house, &inbound, refusal, Vec::new()).await),
    };
    let until = Stopwatch::now() + Duration::from_millis(house.limits.batch_ms);
    let file = File {
        house,
        inbound: &inbound,
        charset,
        header,
        until,
        refused: AtomicUsize::new(0),
    };
    let fates: Vec<Vec<Fate>> = stream::iter(lanes(lines))
        .map(|lane| file.lane(lane))
        .buffer_unordered(ABREAST)
        .collect()
        .await;
    let mut fates: Vec<Fate> = fates.into_iter().flatten().collect();
    fates.sort_by_key(|fate| fate.line);
    let counts = Counts::of(&fates);
    let answer = answer(&counts, fates);
    let note = file.note(&counts, answer.len());
    match conclude(house, answer, note).await {
        Ok(recorded) => Ok(recorded),
        Err(refusal) => {
            let asker = Asker {
                caller: inbound.caller.clone(),
                request: inbound.request,
                at: inbound.at,
                action: "batch.receive",
                about: None,
            };
            Err(refuse(house, asker, refusal).await)
        }
    }
}

/// Looks at the file as a whole.
fn open(house: &House, inbound: &Inbound) -> Result<Export, Refusal> {
    let accepted = room!(accept => accept_file(house, inbound))?;
    room!(permit => permit_knock(house, &accepted))?;
    let lines_max = house.limits.batch_lines;
    let export = filemaker::export(&inbound.body, &inbound.content_type, lines_max)
        .map_err(DecodeError::Faults)?;
    let plan = accepted.network.of_columns(&export.columns);
    plan.map_err(|fault| DecodeError::Faults(vec![fault]))?;
    Ok(export)
}

/// Lines of one record one after the other, in the order of the file; those of different records beside
/// each other.
fn lanes(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut lanes: Vec<Vec<Line>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for line in lines {
        let next = lanes.len();
        let lane = match &line.key {
            Some(key) => *known.entry(key.clone()).or_insert(next),
            None => next,
        };
        match lanes.get_mut(lane) {
            Some(lane) => lane.push(line),
            None => lanes.push(vec![line]),
        }
    }
    lanes
}

/// A file on its way in.
struct File<'a> {
    house: &'a House,
    inbound: &'a Inbound,
    charset: Charset,
    /// The bytes of the header row.
    header: Span,
    /// Lines that have not begun by then do not begin.
    until: Stopwatch,
    /// Lines that were refused so far.
    refused: AtomicUsize,
}

impl File<'_> {
    async fn lane(&self, lines: Vec<Line>) -> Vec<Fate> {
        let mut fates = Vec::with_capacity(lines.len());
        for line in lines {
            fates.push(self.line(&line).await);
        }
        fates
    }

    async fn line(&self, line: &Line) -> Fate {
        if Stopwatch::now() >= self.until {
            let rule = "時間切れで処理していません。ファイルを再送してください / out of time, not looked at: send the file again";
            return self.refused(line, "timeout", vec![json!({ "field": "", "rule": rule })]);
        }
        if self.refused.load(Ordering::Relaxed) >= REFUSED_MAX {
            let rule = format!(
                "誤りが{REFUSED_MAX}行を超えたため処理していません / not looked at: {REFUSED_MAX} lines of this file were wrong"
            );
            return self.refused(
                line,
                "too-costly",
                vec![json!({ "field": "", "rule": rule })],
            );
        }
        let mut tries = 1;
        loop {
            breathe().await;
            match receive(self.house, self.message(line)).await {
                Ok(receipt) => return taken(line, &receipt.into_inner()),
                // Nothing was taken: another line held what this one needed.
                Err(no) if no.refusal.kind() == Kind::Busy && tries < TRIES => tries += 1,
                Err(no) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    return self.told(line, &no.refusal);
                }
            }
        }
    }

    /// The line as a message of its own.
    fn message(&self, line: &Line) -> Inbound {
        let bytes = |span: Span| {
            self.inbound
                .body
                .get(span.start..span.end)
                .unwrap_or_default()
        };
        let body = [bytes(self.header), bytes(line.span)].concat();
        let charset = self.charset.label();
        let key = self.inbound.sender_key.as_ref();
        Inbound {
            body: Bytes::from(body),
            content_type: format!("text/csv; charset={charset}"),
            sender_key: key.map(|key| format!("{key}:{}", line.number)),
            ..self.inbound.clone()
        }
    }

    fn told(&self, line: &Line, refusal: &Refusal) -> Fate {
        let told = outcome(refusal);
        let code = told["issue"][0]["code"].as_str().unwrap_or("exception");
        let faults: Vec<Value> = match refusal.faults() {
            [] => vec![json!({ "field": "", "rule": told["issue"][0]["diagnostics"] })],
            faults => faults.iter().map(|fault| self.fault(line, fault)).collect(),
        };
        self.refused(line, code, faults)
    }

    /// A fault with its place in the file.
    fn fault(&self, line: &Line, fault: &Fault) -> Value {
        let header = self.header;
        let length = header.end - header.start;
        let place = |at: usize| match at.checked_sub(length) {
            Some(inside) => line.span.start + inside,
            None => header.start + at,
        };
        let mut told = json!({ "field": fault.field, "rule": fault.rule });
        if let (Some(span), Some(told)) = (fault.span, told.as_object_mut()) {
            told.insert(
                "bytes".to_owned(),
                json!([place(span.start), place(span.end)]),
            );
        }
        told
    }

    fn refused(&self, line: &Line, code: &str, faults: Vec<Value>) -> Fate {
        let mut told = json!({ "line": line.number });
        if let (Some(told), Some(key)) = (told.as_object_mut(), readable_key(line)) {
            told.insert("recordId".to_owned(), json!(key));
        }
        if let Some(told) = told.as_object_mut() {
            told.insert("outcome".to_owned(), json!("refused"));
            told.insert("code".to_owned(), json!(code));
            told.insert("faults".to_owned(), json!(faults));
        }
        Fate {
            line: line.number,
            outcome: Outcome::Refused,
            told,
        }
    }

    fn note(&self, counts: &Counts, bytes_out: usize) -> Note {
        let inbound = self.inbound;
        let detail = |name: &str, value: String| (name.to_owned(), value);
        Note {
            caller: inbound.caller.clone(),
            request: inbound.request,
            at: inbound.at,
            purpose: purpose(&inbound.caller),
            action: "batch.receive",
            network: Some(inbound.network.clone()),
            records: Vec::new(),
            shelves: Vec::new(),
            decision: Decision::Allow,
            rule: "each line has a leaf of its own".to_owned(),
            bytes_out: bytes_out as u64,
            details: vec![
                detail("sha256", hex::encode(Sha256::digest(&inbound.body))),
                detail("lines", counts.lines.to_string()),
                detail("stored", counts.stored.to_string()),
                detail("unchanged", counts.unchanged.to_string()),
                detail("refused", counts.refused.to_string()),
            ],
        }
    }
}

/// Lets the others go first: between two lines whoever reads or looks somebody up gets the processor.
async fn breathe() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The key of a line, if it is one that a sender could have meant.
fn readable_key(line: &Line) -> Option<&str> {
    let digits = |key: &&str| key.len() <= 18 && key.bytes().all(|byte| byte.is_ascii_digit());
    line.key.as_deref().filter(digits)
}

/// What a line's own answer says, in one line of the file's.
fn taken(line: &Line, receipt: &Receipt) -> Fate {
    let answer: Value = serde_json::from_str(&receipt.answer).unwrap_or_default();
    let record = &answer["records"][0];
    let outcome = if receipt.repeated || record["outcome"] == "unchanged" {
        Outcome::Unchanged
    } else {
        Outcome::Stored
    };
    let word = if outcome == Outcome::Stored {
        "stored"
    } else {
        "unchanged"
    };
    let told = json!({
        "line": line.number,
        "recordId": record["recordId"],
        "modId": record["modId"],
        "outcome": word,
        "message": answer["message"],
        "sheet": record["sheet"],
        "version": record["version"],
        "loss": record["loss"],
    });
    Fate {
        line: line.number,
        outcome,
        told,
    }
}

/// How many lines ended how.
struct Counts {
    lines: usize,
    stored: usize,
    unchanged: usize,
    refused: usize,
}

impl Counts {
    fn of(fates: &[Fate]) -> Self {
        let count = |outcome| fates.iter().filter(|fate| fate.outcome == outcome).count();
        Self {
            lines: fates.len(),
            stored: count(Outcome::Stored),
            unchanged: count(Outcome::Unchanged),
            refused: count(Outcome::Refused),
        }
    }
}

fn answer(counts: &Counts, fates: Vec<Fate>) -> String {
    let fates: Vec<Value> = fates.into_iter().map(|fate| fate.told).collect();
    json!({
        "status": "batch",
        "lines": counts.lines,
        "stored": counts.stored,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
        "fates": fates,
    })
    .to_string()
}

async fn conclude(house: &House, answer: String, note: Note) -> Result<Recorded<String>, Refusal> {
    let tx = house.store.begin("batch", Urgency::Leaf).await;
    let tx = tx.map_err(|error: StoreError| Refusal::Begin(error))?;
    Ok(record_change(house, tx, answer, note).await?)
}
