//! Acknowledgements (ACK): made of a request and a verdict, and read.

use renkei_model::message::{Fault, FaultKind};

use super::request::{Level, Request};
use crate::charset::{self, Encoding};
use crate::hl7::{Draft, Message, Place, Value};

/// An acknowledgement is shorter than this many bytes: senders read their answer in one go of 4 kB.
const LONGEST: usize = 4_000;
/// So much room is kept for the line that tells how many are not told.
const ROOM_FOR_REST: usize = 300;
/// A text of an error has at most so many characters.
const TEXT: usize = 400;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Taken, and safely stored: AA, CA.
    Accept,
    /// Something in it is wrong: AE, CE. Sent again unchanged it will be refused again.
    Error,
    /// Not for us, or not now: AR, CR.
    Reject,
}

/// What is wrong with a message, for one ERR segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where; `None` for the message as a whole.
    pub place: Option<Place>,
    /// Code of table 0357: 100 segment sequence, 101 required field missing, 102 data type, 103 table
    /// value not found, 200 unsupported message type, 207 internal error.
    pub code: u16,
    /// For the people at the sender's side. Never a patient's values.
    pub text: String,
}

impl Trouble {
    /// A fault whose field is a place such as `PID-3.1`; other fields are named in the text.
    #[must_use]
    pub fn of(fault: &Fault) -> Self {
        let place: Option<Place> = fault.field.parse().ok();
        let code = match fault.kind {
            FaultKind::Required => 101,
            FaultKind::Code => 103,
            FaultKind::Value => 102,
            FaultKind::Structure if place.is_some_and(|place| place.field.is_some()) => 102,
            FaultKind::Structure => 100,
            FaultKind::TooMuch => 207,
        };
        let text = match place {
            None if !fault.field.is_empty() => format!("{}: {}", fault.field, fault.rule),
            _ => fault.rule.clone(),
        };
        Self { place, code, text }
    }
}

/// The words of table 0357.
const fn code_text(code: u16) -> &'static str {
    match code {
        0 => "Message accepted",
        100 => "Segment sequence error",
        101 => "Required field missing",
        102 => "Data type error",
        103 => "Table value not found",
        200 => "Unsupported message type",
        201 => "Unsupported event code",
        202 => "Unsupported processing id",
        203 => "Unsupported version id",
        204 => "Unknown key identifier",
        205 => "Duplicate key identifier",
        206 => "Application record locked",
        _ => "Application internal error",
    }
}

/// What an acknowledgement says.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Which of the two.
    pub level: Level,
    /// What became of the message.
    pub verdict: Verdict,
    /// A text for people (MSA-3); may be empty.
    pub text: &'a str,
    /// What was wrong.
    pub troubles: &'a [Trouble],
    /// When: `YYYYMMDDHHMMSS+ZZZZ`.
    pub at: &'a str,
    /// The acknowledgement's own id (MSH-10).
    pub control_id: &'a str,
}

impl Answer<'_> {
    const fn code(&self) -> &'static str {
        match (self.level, self.verdict) {
            (Level::Accept, Verdict::Accept) => "CA",
            (Level::Accept, Verdict::Error) => "CE",
            (Level::Accept, Verdict::Reject) => "CR",
            (Level::Application, Verdict::Accept) => "AA",
            (Level::Application, Verdict::Error) => "AE",
            (Level::Application, Verdict::Reject) => "AR",
        }
    }
}

impl Request {
    /// The acknowledgement's bytes, without frame, fewer than 4,000. MSA-2 is the request's MSH-10; sender
    /// and receiver change places; separators are the usual ones; the charset is the request's, or
    /// ASCII where that is not known; texts in `日本語 / English` are English where the charset lacks
    /// Japanese. Of very many troubles the first are told, and how many more there are.
    #[must_use]
    pub fn acknowledge(&self, answer: &Answer<'_>) -> Vec<u8> {
        let encoding = self.encoding.unwrap_or(Encoding::ASCII);
        let mut draft = self.head(answer, encoding);
        for (index, trouble) in answer.troubles.iter().enumerate() {
            let mut longer = draft.clone();
            add(&mut longer, index + 1, trouble, encoding);
            let last = index + 1 == answer.troubles.len();
            let room = if last { 0 } else { ROOM_FOR_REST };
            let fits = longer
                .encode()
                .is_ok_and(|bytes| bytes.len() + room < LONGEST);
            if !fits {
                let rest = Trouble {
                    place: None,
                    code: trouble.code,
                    text: format!("+{}", answer.troubles.len() - index),
                };
                add(&mut draft, index + 1, &rest, encoding);
                break;
            }
            draft = longer;
        }
        // Nothing in the draft can be refused: values are checked before they are put in.
        draft.encode().unwrap_or_default()
    }

    fn head(&self, answer: &Answer<'_>, encoding: Encoding) -> Draft {
        let mut draft = Draft::new(encoding);
        let [our_application, our_facility] = &self.receiving;
        let [their_application, their_facility] = &self.sending;
        let or = |text: &'_ str, otherwise: &str| {
            if text.is_empty() { otherwise } else { text }.to_owned()
        };
        let fields = [
            ("MSH-3", our_application.clone()),
            ("MSH-4", our_facility.clone()),
            ("MSH-5", their_application.clone()),
            ("MSH-6", their_facility.clone()),
            ("MSH-7", answer.at.to_owned()),
            ("MSH-9.1", "ACK".to_owned()),
            ("MSH-9.2", self.event.clone()),
            ("MSH-9.3", "ACK".to_owned()),
            ("MSH-10", answer.control_id.to_owned()),
            ("MSH-11", or(&self.processing, "P")),
            ("MSH-12", or(&self.version, "2.5")),
            ("MSA-1", answer.code().to_owned()),
            ("MSA-2", self.control_id.clone()),
            ("MSA-3", spoken(answer.text, encoding)),
        ];
        for (place, text) in fields {
            put(&mut draft, place, &text, encoding);
        }
        draft
    }
}

/// Puts a value at a place, if there is one and the charset has it.
fn put(draft: &mut Draft, place: &str, text: &str, encoding: Encoding) {
    let optional = text.is_empty() && !matches!(place, "MSA-2");
    if !optional && charset::lacking(text, encoding).is_empty() {
        // The places are written in this file.
        let known = draft.set(place, Value::text(text));
        debug_assert!(known.is_ok(), "{place}");
    }
}

/// An ERR segment: ERR-2 where, ERR-3 what, ERR-4 how bad, ERR-8 in words.
fn add(draft: &mut Draft, number: usize, trouble: &Trouble, encoding: Encoding) {
    let mut set = |field: &str, text: &str| {
        put(draft, &format!("ERR[{number}]-{field}"), text, encoding);
    };
    if let Some(place) = trouble.place {
        let number = |part: Option<usize>| part.map(|n| n.to_string()).unwrap_or_default();
        set("2.1", place.segment.as_str());
        set("2.2", &place.sequence.to_string());
        set("2.3", &number(place.field));
        set(
            "2.4",
            &number(place.field.map(|_| place.repetition.unwrap_or(1))),
        );
        set("2.5", &number(place.component));
        set("2.6", &number(place.sub_component));
    }
    set("3.1", &trouble.code.to_string());
    set("3.2", code_text(trouble.code));
    set("3.3", "HL70357");
    set("4", "E");
    set("8", &spoken(&trouble.text, encoding));
}

/// A text as far as the charset can say it: whole, or its English half, or not at all. At most 400
/// characters.
fn spoken(text: &str, encoding: Encoding) -> String {
    let has = |text: &str| charset::lacking(text, encoding).is_empty();
    let english = text.rsplit_once(" / ").map(|(_, english)| english);
    let found = [Some(text), english]
        .into_iter()
        .flatten()
        .find(|text| has(text));
    found.unwrap_or_default().chars().take(TEXT).collect()
}

/// An acknowledgement that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Which of the two.
    pub level: Level,
    /// What became of the message.
    pub verdict: Verdict,
    /// The message that is meant: MSA-2.
    pub control_id: String,
    /// What was said, in words: MSA-3 and each ERR-8.
    pub texts: Vec<String>,
    /// The places that were named: each ERR-2.
    pub places: Vec<Place>,
}

/// A message that is no acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "MSA-1がAA・AE・AR・CA・CE・CRではありません / no acknowledgement: MSA-1 is none of AA, AE, AR, CA, CE, CR"
)]
pub struct NoAcknowledgement;

/// Reads an acknowledgement, for a sender that waits for one.
///
/// # Errors
/// The message has no MSA, or one that says none of the six.
pub fn acknowledged(message: &Message) -> Result<Acknowledged, NoAcknowledgement> {
    let (level, verdict) = match message.text_at("MSA-1").as_ref() {
        "CA" => (Level::Accept, Verdict::Accept),
        "CE" => (Level::Accept, Verdict::Error),
        "CR" => (Level::Accept, Verdict::Reject),
        "AA" => (Level::Application, Verdict::Accept),
        "AE" => (Level::Application, Verdict::Error),
        "AR" => (Level::Application, Verdict::Reject),
        _ => return Err(NoAcknowledgement),
    };
    let mut texts = vec![message.text_at("MSA-3").into_owned()];
    let mut places = Vec::new();
    for segment in message.all("ERR") {
        let part = |component: usize| {
            let location = segment
                .field(2)
                .and_then(|field| field.component(component));
            location
                .map(|part| part.text().into_owned())
                .unwrap_or_default()
        };
        let number = |component: usize| part(component).parse().ok();
        if let Ok(named) = part(1).parse::<Place>() {
            places.push(Place {
                sequence: number(2).unwrap_or(1),
                field: number(3),
                repetition: number(4),
                component: number(5),
                sub_component: number(6),
                ..named
            });
        }
        texts.extend(segment.field(8).map(|field| field.text().into_owned()));
    }
    texts.retain(|text| !text.is_empty());
    Ok(Acknowledged {
        level,
        verdict,
        control_id: message.text_at("MSA-2").into_owned(),
        texts,
        places,
    })
}
