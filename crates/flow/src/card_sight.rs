//! What a crew sees of an opened card: compact JSON or a FHIR document, both with the same head. Not a
//! room: the corridor of the card has decided before what may be on it.

use renkei_fhir::card::{CardMeta, card, in_order, lines, says_none};
use renkei_fhir::card_blocks::Laid;
use renkei_fhir::card_head::{Notice, identity, notices};
use renkei_fhir::instant::{day_text, instant_text};
use renkei_model::clock::Instant;
use renkei_model::id::ResourceId;
use renkei_store::{NewOpening, Note};
use serde_json::{Value, json};

use crate::emergency::EmergencyError;
use crate::render::{Form, Sight};

/// What a card is made from.
pub(crate) struct Content {
    /// The networks whose tables gave what is on the card, for people.
    pub author: String,
    /// Patients, the chosen record's first, and blocks.
    pub laid: Laid,
    /// Notes of crews that were linked with the person.
    pub notes: Vec<Note>,
    /// Whether a record has more than a card is made from.
    pub cut: bool,
}

impl Content {
    /// The card as a FHIR document, composed at this instant.
    ///
    /// # Errors
    /// [`EmergencyError::Card`] if it cannot be composed.
    pub fn document(&self, at: Instant) -> Result<Sight, EmergencyError> {
        // A card is composed anew each time, and each is a document of its own.
        let identifier = format!("urn:uuid:{}", ResourceId::new());
        let meta = CardMeta {
            bundle: ResourceId::new(),
            composition: ResourceId::new(),
            identifier: ("urn:ietf:rfc:3986".to_owned(), identifier),
            at,
            author: self.author.clone(),
        };
        let notices = self.notices(&day_text(at));
        let words = notices.iter().map(Notice::line);
        let words: Vec<String> = words.chain(self.notes.iter().map(told)).collect();
        let document = card(&self.laid.blocks, &self.laid.people, &words, meta)
            .map_err(|error| EmergencyError::Card(error.to_string()))?;
        Ok(seen(&document, Form::Fhir))
    }

    /// The compact card.
    pub fn compact(&self, at: Instant, opening: &NewOpening) -> Sight {
        let today = day_text(at);
        let notices = self.notices(&today);
        let notices: Vec<Value> = notices.iter().map(notice).collect();
        let blocks: Vec<Value> = in_order(&self.laid.blocks)
            .into_iter()
            .map(|block| (block, lines(&block.entries)))
            // What says nothing, such as a team without members, is left out.
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(block, lines)| {
                json!({
                    "section": block.section,
                    "title": block.title,
                    "date": block.date,
                    "source": block.source,
                    "saysNone": says_none(block),
                    "lines": lines,
                })
            })
            .collect();
        let notes: Vec<Value> = self.notes.iter().map(note).collect();
        let card = json!({
            "notices": notices,
            "identity": identity(&self.laid.people, &today),
            "blocks": blocks,
            "notes": notes,
            "opening": { "id": opening.id.to_string(), "until": instant_text(opening.until) },
        });
        seen(&card, Form::Json)
    }

    fn notices(&self, today: &str) -> Vec<Notice> {
        let mut notices = notices(&self.laid.people, &self.laid.blocks, today);
        if self.cut {
            notices.push(Notice {
                kind: "cut",
                text: "登録が多いため、古いものは省かれています / too much is registered: the oldest is left out"
                    .to_owned(),
                date: None,
                source: String::new(),
            });
        }
        notices
    }
}

fn seen(body: &Value, form: Form) -> Sight {
    Sight {
        body: body.to_string().into_bytes(),
        form,
        version: None,
        modified: None,
    }
}

fn notice(notice: &Notice) -> Value {
    json!({
        "kind": notice.kind,
        "text": notice.text,
        "date": notice.date,
        "source": notice.source,
    })
}

/// A note as a line of the document.
fn told(note: &Note) -> String {
    format!(
        "{} {} {}: {}",
        day_text(note.at),
        note.facility,
        note.dispatch,
        note.text
    )
}

fn note(note: &Note) -> Value {
    json!({
        "at": instant_text(note.at),
        "facility": note.facility.as_str(),
        "dispatch": note.dispatch,
        "text": note.text,
        "sex": note.sex,
        "age": note.age_text,
        "place": note.place,
    })
}
