//! A connection's part in a run: turn after turn.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::act::{Act, Part};
use crate::client::Connection;
use crate::heard::heard;
use crate::pace::Pacer;
use crate::slip::scattered;
use crate::stage::Stage;
use crate::tally::{Ended, Sample, Tally};

/// After a failure to connect, the next attempt waits as long: a client that spins measures itself.
const BREATH: Duration = Duration::from_millis(20);

/// When what is measured.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// From here on, what ends (closed loop) or is due (open loop) counts.
    pub from: Instant,
    /// Until here.
    pub until: Instant,
}

/// Slips that were accepted: the sheet, and who sent it.
pub type Accepted = Mutex<Vec<(String, String)>>;

/// What a server said when it refused for the first time for another reason than too much work: without it,
/// a wrong token or a wrong body is a number and no more.
pub type Refusal = OnceLock<String>;

/// What the connections write to.
#[derive(Debug, Clone)]
pub struct Book {
    /// Counts.
    pub tally: Arc<Mutex<Tally>>,
    /// Slips that were accepted, if they are wanted.
    pub accepted: Option<Arc<Accepted>>,
    /// The first refusal.
    pub refusal: Arc<Refusal>,
}

/// One connection.
#[derive(Debug)]
pub struct Player {
    stage: Arc<Stage>,
    connection: Connection,
    rng: fastrand::Rng,
    request: Vec<u8>,
    body: Vec<u8>,
    span: Span,
    book: Book,
    /// When the present turn was due; none in a closed loop.
    due: Option<Instant>,
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    found: Vec<Hit<'a>>,
}

#[derive(Deserialize)]
struct Hit<'a> {
    record: &'a str,
}

#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    records: Vec<Sheet<'a>>,
}

#[derive(Deserialize)]
struct Sheet<'a> {
    sheet: &'a str,
}

impl Player {
    /// Connection `number` of a run.
    pub fn new(stage: Arc<Stage>, number: u64, span: Span, book: Book) -> Self {
        Self {
            connection: Connection::to(stage.base.address),
            stage,
            rng: fastrand::Rng::with_seed(scattered(number + 1)),
            request: Vec::new(),
            body: Vec::new(),
            span,
            book,
            due: None,
        }
    }

    /// Turn after turn, the next as soon as the last has ended.
    pub async fn closed(mut self) {
        while Instant::now() < self.span.until {
            self.turn().await;
        }
    }

    /// A turn whenever one is due.
    pub async fn open(mut self, pacer: Arc<Pacer>) {
        while let Some(due) = pacer.ticket().await {
            self.due = Some(due);
            self.turn().await;
        }
    }

    async fn turn(&mut self) {
        let began = self.due.unwrap_or_else(Instant::now);
        let act = self.stage.scenario.act(self.rng.u32(..100));
        match act {
            Act::Read => self.get(act, Part::Read, began).await,
            Act::Identifier => self.get(act, Part::Identifier, began).await,
            Act::Name => self.get(act, Part::Name, began).await,
            Act::Emergency => self.look_up(began).await,
            Act::Slip => self.slip(began).await,
        }
    }

    async fn get(&mut self, act: Act, part: Part, began: Instant) {
        let (path, token) = self.stage.path(act, &mut self.rng);
        self.stage.base.get(&mut self.request, path, token);
        self.ask(part, began).await;
    }

    /// Searches, and opens the first card.
    async fn look_up(&mut self, began: Instant) {
        let stage = Arc::clone(&self.stage);
        let token = stage.crew(&mut self.rng);
        let person = &stage.people[self.rng.usize(..stage.people.len())];
        let heard = heard(person, &mut self.rng);
        let content = ("application/json", heard.body.as_bytes());
        stage
            .base
            .post(&mut self.request, "/emergency/search", token, content);
        let searched = self.ask(Part::Search, began).await;
        if !searched.is_good() {
            return;
        }
        let found: Option<Found<'_>> = serde_json::from_slice(self.connection.body()).ok();
        let Some(path) = found
            .and_then(|found| Some(format!("/emergency/{}/card", found.found.first()?.record)))
        else {
            // Everybody who is asked for is registered: nobody found is a fault, unless the crew made a mistake. Then
            // there is no card to open, and no look-up to count.
            if !heard.is_mistaken {
                self.note(Part::LookUp, began, Ended::Failed("nobody found"));
            }
            return;
        };
        let content = ("application/json", REASON.as_bytes());
        stage.base.post(&mut self.request, &path, token, content);
        let opened = self.ask(Part::Card, Instant::now()).await;
        self.note(Part::LookUp, began, opened);
    }

    async fn slip(&mut self, began: Instant) {
        let stage = Arc::clone(&self.stage);
        let sender = stage.slip(&mut self.rng, &mut self.body);
        let content = ("application/json", self.body.as_slice());
        stage
            .base
            .post(&mut self.request, &stage.messages, &sender.token, content);
        let ended = self.ask(Part::Slip, began).await;
        if let (true, Some(accepted)) = (ended.is_good(), &self.book.accepted) {
            let answer: Option<Stored<'_>> = serde_json::from_slice(self.connection.body()).ok();
            let sheet = answer.and_then(|answer| Some(answer.records.first()?.sheet.to_owned()));
            // A slip without a sheet is looked for under this name, and not found.
            let sheet = sheet.unwrap_or_else(|| "none".to_owned());
            let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
            accepted.push((sender.staff.clone(), sheet));
        }
    }

    async fn ask(&mut self, part: Part, began: Instant) -> Ended {
        let ended = match self.connection.ask(&self.request).await {
            Ok(head) => Ended::Answered(head.status, head.retry_after),
            Err(error) => Ended::Failed(error.word()),
        };
        self.note(part, began, ended);
        if let Ended::Answered(status, _) = ended
            && status >= 400
            && !matches!(status, 429 | 503)
        {
            self.book.refusal.get_or_init(|| {
                let text = String::from_utf8_lossy(self.connection.body()).into_owned();
                format!("{} {status}: {text}", part.name())
                    .chars()
                    .take(600)
                    .collect()
            });
        }
        if ended == Ended::Failed("connect") {
            tokio::time::sleep(BREATH).await;
        }
        ended
    }

    fn note(&self, part: Part, began: Instant, ended: Ended) {
        let now = Instant::now();
        let counts = self.due.unwrap_or(now);
        if counts < self.span.from || counts >= self.span.until {
            return;
        }
        let sample = Sample {
            part,
            at: counts - self.span.from,
            took: now.saturating_duration_since(began),
            ended,
        };
        self.book
            .tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(&sample);
    }
}

/// Why a card is opened.
const REASON: &str =
    r#"{"reason":{"code":"unconscious","text":"呼びかけに反応なし"},"dispatch":"K-2026-0001"}"#;
