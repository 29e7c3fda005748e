//! What an acknowledgement has to know of the message it answers, also of one that cannot be read.

use renkei_model::limits::Limits;

use super::acknowledge::Verdict;
use crate::charset::Encoding;
use crate::hl7::{self, Delimiters, Message};

/// MSH-10 is given back if it has at most so many bytes of UTF-8: HL7's own limit, later versions included.
const LONGEST_ID: usize = 199;
/// The same for every other value of the header, so that an answer stays short.
const LONGEST: usize = 60;

/// Which of the two acknowledgements of the enhanced mode; the original mode has the second only (HL7 2.5
/// section 2.9.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// That the message is safely stored: CA, CE, CR.
    Accept,
    /// What became of it: AA, AE, AR.
    Application,
}

/// The header of a message, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    pub(super) sending: [String; 2],
    pub(super) receiving: [String; 2],
    pub(super) event: String,
    pub(super) control_id: String,
    pub(super) processing: String,
    pub(super) version: String,
    accept: String,
    application: String,
    /// The charset of the answer's text; `None` where the message's own is not known.
    pub(super) encoding: Option<Encoding>,
}

impl Request {
    /// Reads as much as there is of the header. Never fails: the header of a message that is refused for
    /// another reason is still known, and of one that is no message nothing is.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let unlimited = Limits {
            body_bytes: usize::MAX,
            ..Limits::default()
        };
        match hl7::decode(hl7::header(bytes), &unlimited) {
            Ok(message) => Self::of(&message),
            Err(_) => Self::of_fields(&hl7::raw_header(bytes)),
        }
    }

    /// Of a message that was read.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let text = |place: &str| bounded(&message.text_at(place), LONGEST);
        Self {
            sending: [text("MSH-3"), text("MSH-4")],
            receiving: [text("MSH-5"), text("MSH-6")],
            event: text("MSH-9.2"),
            control_id: bounded(&message.control_id(), LONGEST_ID),
            processing: text("MSH-11"),
            version: text("MSH-12"),
            accept: text("MSH-15"),
            application: text("MSH-16"),
            encoding: Some(message.encoding()),
        }
    }

    /// Of the raw fields of a header, the first of them MSH-2. What is not ASCII has no charset to be read
    /// in and is left out.
    fn of_fields(fields: &[&[u8]]) -> Self {
        let delimiters = fields
            .first()
            .and_then(|marks| Delimiters::read(b'|', marks));
        let component = delimiters.unwrap_or_default().component.unwrap_or(b'^');
        let raw = |number: usize| {
            let field = fields.get(number - 2).copied().unwrap_or_default();
            let plain = field.iter().all(|byte| matches!(byte, b' '..=b'~'));
            std::str::from_utf8(field)
                .ok()
                .filter(|_| plain)
                .unwrap_or_default()
        };
        let text = |number: usize| bounded(raw(number), LONGEST);
        let event = raw(9).split(char::from(component)).nth(1);
        Self {
            sending: [text(3), text(4)],
            receiving: [text(5), text(6)],
            event: bounded(event.unwrap_or_default(), LONGEST),
            control_id: bounded(raw(10), LONGEST_ID),
            processing: text(11),
            version: text(12),
            accept: text(15),
            application: text(16),
            encoding: None,
        }
    }

    /// The sender's id of the message (MSH-10); empty where it is not known.
    #[must_use]
    pub fn control_id(&self) -> &str {
        &self.control_id
    }

    /// Whether the sender asks for the enhanced mode: it says anything in MSH-15 or MSH-16.
    #[must_use]
    pub const fn is_enhanced(&self) -> bool {
        !self.accept.is_empty() || !self.application.is_empty()
    }

    /// Whether the sender wants an acknowledgement of a level, if the verdict is this one (table 0155:
    /// AL always, NE never, ER on errors only, SU on success only). In the original mode it wants one of the
    /// application, always. What is neither of the four words counts as always: an answer too many is
    /// better than a sender that waits.
    #[must_use]
    pub fn wants(&self, level: Level, verdict: Verdict) -> bool {
        if !self.is_enhanced() {
            return level == Level::Application;
        }
        let said = match level {
            Level::Accept => &self.accept,
            Level::Application => &self.application,
        };
        match said.as_str() {
            "" | "NE" => false,
            "ER" => verdict != Verdict::Accept,
            "SU" => verdict == Verdict::Accept,
            _ => true,
        }
    }
}

/// A value, or nothing where it is longer than any that the standard has: half an id is another one.
fn bounded(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        text.to_owned()
    } else {
        String::new()
    }
}
