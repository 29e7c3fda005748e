//! The corridor for opening an emergency card (break-glass): handle → rights → reason → rate → what each
//! linked record shows under its own network's table → laid out → the opening and the leaf committed
//! together → bytes. Its sister says that the wrong person was opened.

use std::time::Duration;

use renkei_access::Decision;
use renkei_fhir::card_blocks::{CardPart, lay};
use renkei_fhir::instant::day_text;
use renkei_model::id::{NetworkName, OpeningId, RecordId, ResourceId};
use renkei_model::lists::EmergencyReason;
use renkei_model::message::Fault;
use renkei_model::permit::Permit;
use renkei_model::shelf::Shelf;
use renkei_store::{CardRow, NewOpening, Rate, StoreError, Urgency, VisibleVersion};
use serde_json::json;

use crate::card_sight::Content;
use crate::emergency::EmergencyError;
use crate::form::{Filled, Form};
use crate::handle::Handle;
use crate::house::House;
use crate::judge::{joined, readable};
use crate::permit::permit_emergency;
use crate::record::{RecordError, Recorded, of_permit, record_change};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse_about};
use crate::render::Sight;
use crate::room;

/// A card that somebody wants to open.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Who, when, with which reason.
    pub filled: Filled,
    /// The handle that a search gave, still text.
    pub record: String,
    /// Whether a FHIR document is wanted instead of the compact card.
    pub document: bool,
}

const OPEN: &str = "emergency.card";
const WRONG: &str = "emergency.wrong-person";

const TEXT: usize = 500;
/// Resources of one record that a card is made from at most: some fifty admission slips. A card that leaves
/// something out says so.
const RESOURCES: usize = 2_000;

/// Opens a card.
///
/// # Errors
/// [`Refused`]; a handle that is none, that is somebody else's or too old, and a person who is hidden all
/// look the same.
pub async fn open_card(house: &House, opened: Opened) -> Result<Recorded<Sight>, Refused> {
    match walk(house, &opened).await {
        Ok(sight) => Ok(sight),
        Err(refusal) => Err(unopened(house, &opened, OPEN, refusal).await),
    }
}

/// The leaf of a refusal names whom the handle meant, if it was one of this caller's.
async fn unopened(house: &House, opened: &Opened, action: &'static str, no: Refusal) -> Refused {
    let filled = &opened.filled;
    let about = permit_emergency(house, &filled.caller, filled.request, filled.at)
        .ok()
        .and_then(|permit| Handle::open(house, &permit, &opened.record));
    let about = match about {
        Some(handle) => {
            let id = handle.record.to_string().parse();
            match id {
                Ok(id) => house.store.record_behind(id).await,
                Err(_) => Ok(None),
            }
        }
        None => Ok(None),
    };
    let asker = Asker {
        caller: filled.caller.clone(),
        request: filled.request,
        at: filled.at,
        action,
        about: None,
    };
    refuse_about(house, asker, about, no).await
}

async fn walk(house: &House, opened: &Opened) -> Result<Recorded<Sight>, Refusal> {
    let filled = &opened.filled;
    let permit = permit_emergency(house, &filled.caller, filled.request, filled.at)
        .map_err(EmergencyError::Permit)?;
    let handle = Handle::open(house, &permit, &opened.record).ok_or(EmergencyError::Absent)?;
    let reason = read(&filled.body).map_err(EmergencyError::Faults)?;
    let gathered = room!(card => async gather(house, &permit, handle.record))?;
    let until = filled
        .at
        .plus(Duration::from_millis(house.limits.emergency_open_ms));
    let opening = NewOpening {
        id: OpeningId::new(),
        search: Some(handle.search),
        network: gathered.network.clone(),
        record: handle.record,
        reason_code: reason.code.clone(),
        reason_text: reason.text.clone(),
        dispatch: reason.dispatch.clone(),
        until,
    };
    let mut leaf = of_permit(&permit, OPEN, &joined(gathered.rules.clone()));
    leaf.network = Some(gathered.network.clone());
    leaf.records.clone_from(&gathered.records);
    leaf.shelves.clone_from(&gathered.shelves);
    leaf.details = vec![
        ("reason".to_owned(), reason.code),
        ("reason text".to_owned(), reason.text),
        ("dispatch".to_owned(), reason.dispatch),
    ];
    let sight = if opened.document {
        gathered.content.document(filled.at)?
    } else {
        gathered.content.compact(filled.at, &opening)
    };
    leaf.bytes_out = sight.body.len() as u64;
    let mut tx = house.store.begin("open_card", Urgency::Emergency).await?;
    // One journey: the opening, if it is within the rate, with its leaf.
    tx.gather();
    let rate = rate(house, &permit);
    tx.opening_put(&permit, &opening, rate).await?;
    match record_change(house, tx, sight, leaf).await {
        Err(RecordError::Store(StoreError::Conflict)) => {
            Err(EmergencyError::TooMany { retry_s: HOUR_S }.into())
        }
        recorded => Ok(recorded?),
    }
}

struct Reason {
    code: String,
    text: String,
    dispatch: String,
}

fn read(body: &[u8]) -> Result<Reason, Vec<Fault>> {
    let mut form = Form::read(body, &["reason", "dispatch"])?;
    let mut inner = form.inner("reason", &["code", "text"]);
    let code = inner.required("code", TEXT);
    let text = inner.text("text", TEXT);
    let reason: Option<EmergencyReason> = code.as_deref().and_then(|code| code.parse().ok());
    match (&code, reason) {
        (Some(_), None) => {
            let known: Vec<String> = EmergencyReason::ALL
                .iter()
                .map(|reason| format!("{reason} {}", reason.japanese()))
                .collect();
            let rule = format!(
                "理由コードは次のどれかです / a reason code is one of: {}",
                known.join(", ")
            );
            inner.fault("code", &rule);
        }
        (_, Some(EmergencyReason::Other)) if text.is_none() => {
            inner.fault("text", "other には説明が必要です / other needs words");
        }
        _ => {}
    }
    form.close(inner);
    let dispatch = form.required("dispatch", 64);
    form.done()?;
    Ok(Reason {
        code: code.unwrap_or_default(),
        text: text.unwrap_or_default(),
        dispatch: dispatch.unwrap_or_default(),
    })
}

const HOUR_S: u64 = 3_600;

/// A crew opens the cards of those it stands before, this one counted in. The same person again is no
/// new one.
fn rate(house: &House, permit: &Permit) -> Rate {
    Rate {
        since: permit.at().minus(Duration::from_secs(HOUR_S)),
        most: i64::try_from(house.limits.emergency_cards_an_hour).unwrap_or(i64::MAX),
    }
}

/// Everything that a card shows, and what its leaf says of it.
struct Gathered {
    network: NetworkName,
    records: Vec<RecordId>,
    content: Content,
    shelves: Vec<(Shelf, i64)>,
    rules: Vec<String>,
}

async fn gather(
    house: &House,
    permit: &Permit,
    record: RecordId,
) -> Result<Gathered, EmergencyError> {
    let seen = see(house, permit, record).await?;
    let mut judged = Judged::default();
    let parts = judged.parts(house, permit, seen.rows).await?;
    let records: Vec<RecordId> = seen.records.iter().map(|(record, _)| *record).collect();
    let is_shown = |one: &RecordId| judged.shelves.iter().any(|(shelf, _)| shelf.record == *one);
    let shown: Vec<RecordId> = records.iter().copied().filter(is_shown).collect();
    let notes = house.store.notes_of(permit, &shown).await?;
    let laid = lay(parts);
    // The policy engine said no where SQL said yes: nobody to speak of.
    if laid.people.is_empty() {
        return Err(EmergencyError::Absent);
    }
    Ok(Gathered {
        network: seen.network,
        records,
        content: Content {
            author: titles(house, seen.records.iter().map(|(_, network)| network)),
            laid,
            notes,
            cut: seen.cut,
        },
        shelves: judged.shelves,
        rules: judged.rules,
    })
}

/// What the store shows of a person.
struct Seen {
    /// The network of the record that was chosen.
    network: NetworkName,
    /// The person's records, the chosen one first.
    records: Vec<(RecordId, NetworkName)>,
    rows: Vec<CardRow>,
    /// Whether a record had more rows than a card takes.
    cut: bool,
}

async fn see(house: &House, permit: &Permit, record: RecordId) -> Result<Seen, EmergencyError> {
    let store = &house.store;
    let chosen = [record];
    let (faces, persons, own) = tokio::join!(
        store.visible_faces_of(permit, record),
        store.persons(permit, &chosen),
        store.visible_of_record(permit, record, RESOURCES)
    );
    // Hidden since the search, or from the first: no face, no card.
    let face = faces?.into_iter().next().ok_or(EmergencyError::Absent)?;
    let (mut persons, mut own) = (persons?, Some(own?));
    let person = persons.remove(&record).unwrap_or_default();
    if person.limits.hide() {
        return Err(EmergencyError::Absent);
    }
    let mut records = person.records;
    // The record that was chosen says who this is.
    records.sort_by_key(|(one, _)| *one != record);
    let others: Vec<RecordId> = records.iter().skip(1).map(|(other, _)| *other).collect();
    if !others.is_empty() {
        persons = store.persons(permit, &others).await?;
    }
    let mut cut = false;
    let mut rows = Vec::new();
    for (one, _) in &records {
        // The chosen record's own are known already.
        let limits = persons.get(one).map_or(person.limits, |other| other.limits);
        if limits.hide() {
            continue;
        }
        let found = match own.take_if(|_| *one == record) {
            Some(own) => own,
            None => store.visible_of_record(permit, *one, RESOURCES).await?,
        };
        cut |= found.len() == RESOURCES;
        let found = found.into_iter();
        rows.extend(found.filter(|row| limits.denied & row.row.shelf.category.bit() == 0));
    }
    Ok(Seen {
        network: face.network,
        records,
        rows,
        cut,
    })
}

/// The networks by their titles, each once.
fn titles<'n>(house: &House, networks: impl Iterator<Item = &'n NetworkName>) -> String {
    let mut titles: Vec<&str> = networks
        .filter_map(|name| house.networks.find(name))
        .map(renkei_profile::Network::title)
        .collect();
    titles.sort_unstable();
    titles.dedup();
    titles.join("、")
}

/// What the policy engine said of the rows.
#[derive(Default)]
struct Judged {
    shelves: Vec<(Shelf, i64)>,
    rules: Vec<String>,
}

impl Judged {
    /// The rows that the policy engine lets out, too.
    async fn parts(
        &mut self,
        house: &House,
        permit: &Permit,
        rows: Vec<CardRow>,
    ) -> Result<Vec<CardPart>, EmergencyError> {
        let (told, rows): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|row| ((row.sheet, row.source), row.row))
            .unzip();
        let decisions = readable(house, permit, &rows).await?;
        let mut parts = Vec::new();
        for ((told, row), decision) in told.into_iter().zip(rows).zip(decisions) {
            if let Decision::Allow { policies } = decision {
                self.rules.extend(policies);
                self.shelves.push((row.shelf.clone(), row.version));
                parts.push(part(told, row)?);
            }
        }
        Ok(parts)
    }
}

/// A row as the card takes it. Whose word it is: the facility's name, or its code where the directory does not know it.
fn part(
    (sheet, source): (Option<ResourceId>, Option<String>),
    row: VisibleVersion,
) -> Result<CardPart, EmergencyError> {
    let json = serde_json::from_str(&row.text)
        .map_err(|_| EmergencyError::Card("a stored text cannot be read".to_owned()))?;
    Ok(CardPart {
        sheet: sheet.map_or_else(|| row.message.to_string(), |sheet| sheet.to_string()),
        source: source.unwrap_or_else(|| row.shelf.owner.to_string()),
        day: day_text(row.at),
        category: row.shelf.category,
        json,
    })
}

/// Says that the wrong person's card was opened: the opening ends, and the office sees it in the report.
///
/// # Errors
/// [`Refused`]; without an opening of this caller's own it looks like a handle that is none.
pub async fn wrong_person(house: &House, opened: Opened) -> Result<Recorded<Vec<u8>>, Refused> {
    match walk_wrong(house, &opened).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(unopened(house, &opened, WRONG, refusal).await),
    }
}

async fn walk_wrong(house: &House, opened: &Opened) -> Result<Recorded<Vec<u8>>, Refusal> {
    let filled = &opened.filled;
    let permit = permit_emergency(house, &filled.caller, filled.request, filled.at)
        .map_err(EmergencyError::Permit)?;
    let handle = Handle::open(house, &permit, &opened.record).ok_or(EmergencyError::Absent)?;
    let text = read_wrong(&filled.body).map_err(EmergencyError::Faults)?;
    let mut tx = house
        .store
        .begin("wrong_person", Urgency::Emergency)
        .await?;
    let opening = tx.opening_wrong(&permit, handle.record, &text).await?;
    let opening = opening.ok_or(EmergencyError::Absent)?;
    let answer = json!({ "status": "recorded", "opening": opening.to_string() });
    let answer = answer.to_string().into_bytes();
    let mut leaf = of_permit(&permit, WRONG, "break-glass: own opening");
    leaf.network = permit.networks().first().cloned();
    leaf.records = vec![handle.record];
    leaf.bytes_out = answer.len() as u64;
    leaf.details = vec![("text".to_owned(), text)];
    Ok(record_change(house, tx, answer, leaf).await?)
}

fn read_wrong(body: &[u8]) -> Result<String, Vec<Fault>> {
    let mut form = Form::read(body, &["text"])?;
    let text = form.text("text", TEXT);
    form.done()?;
    Ok(text.unwrap_or_default())
}
