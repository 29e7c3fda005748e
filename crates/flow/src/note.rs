//! The corridor for notes on a patient whom nobody can name yet: made now, linked with a record later.
//!
//! A note belongs to the crew's own facility until it is linked; from then on whoever opens that
//! person's card sees it.

use renkei_fhir::instant::instant_text;
use renkei_model::id::{NetworkName, NoteId};
use renkei_model::message::Fault;
use renkei_model::permit::Permit;
use renkei_store::{NewNote, Note, Urgency};
use serde_json::{Value, json};

use crate::emergency::EmergencyError;
use crate::form::{Filled, Form};
use crate::handle::Handle;
use crate::house::House;
use crate::permit::permit_emergency;
use crate::record::{Recorded, of_permit, record_change, record_look};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse};

/// What is done with notes.
#[derive(Debug, Clone)]
pub enum Noting {
    /// A new one; the request's body is the note.
    Make(Filled),
    /// Those of the own facility that have no record yet.
    List(Filled),
    /// One of them is about somebody whom a search found; the body names the handle.
    Link {
        /// Who, when, with which handle.
        filled: Filled,
        /// The note's id, still text.
        note: String,
    },
}

impl Noting {
    const fn filled(&self) -> &Filled {
        match self {
            Self::Make(filled) | Self::List(filled) | Self::Link { filled, .. } => filled,
        }
    }

    const fn action(&self) -> &'static str {
        match self {
            Self::Make(_) => "emergency.note",
            Self::List(_) => "emergency.notes",
            Self::Link { .. } => "emergency.note-link",
        }
    }
}

const TEXT: usize = 2_000;
const WORD: usize = 200;

/// Makes, lists or links notes.
///
/// # Errors
/// [`Refused`].
pub async fn note(house: &House, noting: Noting) -> Result<Recorded<Vec<u8>>, Refused> {
    let filled = noting.filled();
    let asker = Asker {
        caller: filled.caller.clone(),
        request: filled.request,
        at: filled.at,
        action: noting.action(),
        about: None,
    };
    match walk(house, &noting).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(refuse(house, asker, refusal).await),
    }
}

async fn walk(house: &House, noting: &Noting) -> Result<Recorded<Vec<u8>>, Refusal> {
    let filled = noting.filled();
    let permit = permit_emergency(house, &filled.caller, filled.request, filled.at)
        .map_err(EmergencyError::Permit)?;
    match noting {
        Noting::Make(filled) => make(house, &permit, &filled.body).await,
        Noting::List(_) => list(house, &permit).await,
        Noting::Link { filled, note } => link(house, &permit, note, &filled.body).await,
    }
}

async fn make(house: &House, permit: &Permit, body: &[u8]) -> Result<Recorded<Vec<u8>>, Refusal> {
    let new = read(permit, body).map_err(EmergencyError::Faults)?;
    let answer = json!({ "status": "stored", "note": new.id.to_string() });
    let answer = answer.to_string().into_bytes();
    let mut leaf = of_permit(permit, "emergency.note", "break-glass: note");
    leaf.network = Some(new.network.clone());
    leaf.bytes_out = answer.len() as u64;
    leaf.details = vec![("dispatch".to_owned(), new.dispatch.clone())];
    let mut tx = house.store.begin("note", Urgency::Emergency).await?;
    tx.note_put(permit, &new).await?;
    Ok(record_change(house, tx, answer, leaf).await?)
}

fn read(permit: &Permit, body: &[u8]) -> Result<NewNote, Vec<Fault>> {
    let known = ["dispatch", "text", "sex", "age", "place", "network"];
    let mut form = Form::read(body, &known)?;
    let dispatch = form.required("dispatch", 64);
    let text = form.required("text", TEXT);
    let sex = form.text("sex", WORD);
    let age_text = form.text("age", WORD);
    let place = form.text("place", WORD);
    let network = form.text("network", WORD);
    // A station of one network need not name it.
    let network: Option<NetworkName> = match network {
        None => permit.networks().first().cloned(),
        Some(name) => {
            let own = permit.networks().iter();
            let found = own.into_iter().find(|own| own.as_str() == name).cloned();
            if found.is_none() {
                form.fault(
                    "network",
                    "所属するネットワークではありません / no network of yours",
                );
            }
            found
        }
    };
    form.done()?;
    let (Some(network), Some(dispatch), Some(text)) = (network, dispatch, text) else {
        return Err(Vec::new());
    };
    Ok(NewNote {
        id: NoteId::new(),
        network,
        dispatch,
        text,
        sex,
        age_text,
        place,
    })
}

async fn list(house: &House, permit: &Permit) -> Result<Recorded<Vec<u8>>, Refusal> {
    let notes = house
        .store
        .notes_open(permit)
        .await
        .map_err(EmergencyError::Store)?;
    let lines: Vec<Value> = notes.iter().map(line).collect();
    let answer = json!({ "notes": lines }).to_string().into_bytes();
    let mut leaf = of_permit(
        permit,
        "emergency.notes",
        "break-glass: own facility's notes",
    );
    leaf.network = permit.networks().first().cloned();
    leaf.bytes_out = answer.len() as u64;
    Ok(record_look(house, answer, leaf).await?)
}

fn line(note: &Note) -> Value {
    json!({
        "note": note.id.to_string(),
        "at": instant_text(note.at),
        "dispatch": note.dispatch,
        "text": note.text,
        "sex": note.sex,
        "age": note.age_text,
        "place": note.place,
        "network": note.network.as_str(),
    })
}

async fn link(
    house: &House,
    permit: &Permit,
    note: &str,
    body: &[u8],
) -> Result<Recorded<Vec<u8>>, Refusal> {
    let handle = named(body).map_err(EmergencyError::Faults)?;
    let note: NoteId = note.parse().map_err(|_| EmergencyError::Absent)?;
    let handle = Handle::open(house, permit, &handle).ok_or(EmergencyError::Absent)?;
    let faces = house
        .store
        .visible_faces_of(permit, handle.record)
        .await
        .map_err(EmergencyError::Store)?;
    let opening = house
        .store
        .opening_active(permit, handle.record)
        .await
        .map_err(EmergencyError::Store)?;
    // Whoever links a note has looked at the card first, and is on record with a reason.
    if faces.is_empty() || opening.is_none() {
        return Err(EmergencyError::Absent.into());
    }
    let mut tx = house.store.begin("note_link", Urgency::Emergency).await?;
    if !tx.note_link(permit, note, handle.record).await? {
        return Err(EmergencyError::Absent.into());
    }
    let answer = json!({ "status": "linked", "note": note.to_string() });
    let answer = answer.to_string().into_bytes();
    let mut leaf = of_permit(
        permit,
        "emergency.note-link",
        "break-glass: own facility's note",
    );
    leaf.network = permit.networks().first().cloned();
    leaf.records = vec![handle.record];
    leaf.bytes_out = answer.len() as u64;
    Ok(record_change(house, tx, answer, leaf).await?)
}

fn named(body: &[u8]) -> Result<String, Vec<Fault>> {
    let mut form = Form::read(body, &["record"])?;
    let handle = form.required("record", 500);
    form.done()?;
    Ok(handle.unwrap_or_default())
}
