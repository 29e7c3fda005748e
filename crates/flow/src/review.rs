//! The corridor for those who decide which records are one human being: the list of doubtful pairs, a
//! decision, a link or its end, and the undoing of a change.
//!
//! Links join records and never rewrite them; every change says who, when and why, and can be undone.

use renkei_fhir::instant::instant_text;
use renkei_model::clock::Instant;
use renkei_model::id::{ChangeId, NetworkName, RecordId, ResourceId, ReviewId};
use renkei_model::message::Fault;
use renkei_model::permit::Permit;
use renkei_store::{
    ChangeKind, Decision, NewChange, Review, ReviewState, StoreError, Tx, Undone, Urgency,
    VisibleFace,
};
use serde_json::{Value, json};

use crate::form::{Filled, Form};
use crate::house::House;
use crate::permit::{PermitError, permit_identity};
use crate::record::{Recorded, of_permit, record_change, record_look};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse};
use crate::room;

/// What the office does.
#[derive(Debug, Clone)]
pub struct Reviewing {
    /// Who, when, with which form.
    pub filled: Filled,
    /// What.
    pub what: What,
}

/// What the office can do. Ids are still text.
#[derive(Debug, Clone)]
pub enum What {
    /// See the doubtful pairs in these states, a page at a time.
    List {
        /// `open`, `later`, `same`, `different`; open and later if none is named.
        state: Option<String>,
        /// Pairs of a page.
        count: Option<usize>,
        /// Where the page before ended.
        cursor: Option<String>,
    },
    /// Decide on a pair.
    Decide {
        /// The pair.
        review: String,
    },
    /// Link two records that the form names.
    Link,
    /// Take the record that the form names out of its person.
    Unlink,
    /// Undo a change.
    Undo {
        /// The change.
        change: String,
    },
    /// What was ever changed about a record's links.
    Changes {
        /// The record.
        record: String,
    },
}

impl What {
    const fn action(&self) -> &'static str {
        match self {
            Self::List { .. } => "identity.reviews",
            Self::Decide { .. } => "identity.decide",
            Self::Link => "identity.link",
            Self::Unlink => "identity.unlink",
            Self::Undo { .. } => "identity.undo",
            Self::Changes { .. } => "identity.changes",
        }
    }
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// Not the network's office.
    #[error("permit")]
    Permit(#[from] PermitError),
    /// No such pair, record or change in the caller's networks.
    #[error("not found")]
    Absent,
    /// What is wrong, field by field.
    #[error("the request cannot be read")]
    Faults(Vec<Fault>),
    /// It was decided already, is so already, or something later stands on it.
    #[error("{0}")]
    Conflict(&'static str),
    /// A parameter that is not of its form.
    #[error("{0}")]
    Parameter(&'static str),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

const REASON: usize = 500;
const CURSOR: &str = "identity reviews";

/// What a change did, for answer and leaf.
struct Done {
    answer: Value,
    network: Option<NetworkName>,
    records: Vec<RecordId>,
    details: Vec<(String, String)>,
}

/// Does what the office asks for.
///
/// # Errors
/// [`Refused`].
pub async fn review(house: &House, reviewing: Reviewing) -> Result<Recorded<Vec<u8>>, Refused> {
    let filled = &reviewing.filled;
    let asker = Asker {
        caller: filled.caller.clone(),
        request: filled.request,
        at: filled.at,
        action: reviewing.what.action(),
        about: None,
    };
    match walk(house, &reviewing).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(refuse(house, asker, refusal).await),
    }
}

async fn walk(house: &House, reviewing: &Reviewing) -> Result<Recorded<Vec<u8>>, Refusal> {
    let filled = &reviewing.filled;
    let permit = permit_identity(house, &filled.caller, filled.request, filled.at)
        .map_err(ReviewError::Permit)?;
    let action = reviewing.what.action();
    let done = match &reviewing.what {
        What::List {
            state,
            count,
            cursor,
        } => {
            let asked = (state.as_deref(), *count, cursor.as_deref());
            let done = room!(review => async list(house, &permit, asked))?;
            return seen(house, &permit, action, done).await;
        }
        What::Changes { record } => {
            let done = changes(house, &permit, record).await?;
            return seen(house, &permit, action, done).await;
        }
        What::Decide { .. } | What::Link | What::Unlink | What::Undo { .. } => {
            let mut tx = house.store.begin("review", Urgency::Ordinary).await?;
            let done = room!(review => async change(&mut tx, &permit, reviewing))?;
            (tx, done)
        }
    };
    let (tx, done) = done;
    let answer = done.answer.to_string().into_bytes();
    let mut leaf = of_permit(&permit, action, "the network's office");
    leaf.network = done.network;
    leaf.records = done.records;
    leaf.details = done.details;
    leaf.bytes_out = answer.len() as u64;
    Ok(record_change(house, tx, answer, leaf).await?)
}

async fn seen(
    house: &House,
    permit: &Permit,
    action: &'static str,
    done: Done,
) -> Result<Recorded<Vec<u8>>, Refusal> {
    let answer = done.answer.to_string().into_bytes();
    let mut leaf = of_permit(permit, action, "the network's office");
    leaf.network = done.network.or_else(|| permit.networks().first().cloned());
    leaf.records = done.records;
    leaf.bytes_out = answer.len() as u64;
    Ok(record_look(house, answer, leaf).await?)
}

async fn list(
    house: &House,
    permit: &Permit,
    (state, count, cursor): (Option<&str>, Option<usize>, Option<&str>),
) -> Result<Done, ReviewError> {
    let states = match state {
        None => vec![ReviewState::Open, ReviewState::Later],
        Some(word) => {
            let state = word
                .parse()
                .map_err(|_| ReviewError::Parameter("state: open, later, same or different"))?;
            vec![state]
        }
    };
    let count = count.unwrap_or(house.limits.page);
    if !(1..=house.limits.page_max).contains(&count) {
        return Err(ReviewError::Parameter("_count: from 1 to the page's limit"));
    }
    let bound = format!("{}|{states:?}", permit.caller().actor());
    let after = match cursor {
        None => None,
        Some(text) => {
            let opened = house.sealing.open(CURSOR, bound.as_bytes(), text);
            let place = opened.as_deref().and_then(place);
            Some(place.ok_or(ReviewError::Parameter("cursor: not one of this list"))?)
        }
    };
    let mut reviews = house
        .store
        .reviews(permit, &states, after, count + 1)
        .await?;
    let more = reviews.len() > count;
    reviews.truncate(count);
    let next = reviews.last().filter(|_| more).map(|last| {
        let plain = format!("{} {}", last.raised_at.0, last.id);
        house
            .sealing
            .seal(CURSOR, bound.as_bytes(), plain.as_bytes())
    });
    let mut lines = Vec::with_capacity(reviews.len());
    let mut records = Vec::new();
    for review in &reviews {
        lines.push(line(house, permit, review).await?);
        records.push(review.record);
        records.extend(review.other);
    }
    Ok(Done {
        answer: json!({ "reviews": lines, "next": next }),
        network: reviews.first().map(|review| review.network.clone()),
        records,
        details: Vec::new(),
    })
}

fn place(plain: &[u8]) -> Option<(Instant, ReviewId)> {
    let (at, id) = std::str::from_utf8(plain).ok()?.split_once(' ')?;
    Some((Instant(at.parse().ok()?), id.parse().ok()?))
}

/// A pair with what the office may see of both: their faces, side by side.
async fn line(house: &House, permit: &Permit, review: &Review) -> Result<Value, ReviewError> {
    let grounds: Value = serde_json::from_str(&review.grounds).unwrap_or_default();
    let record = side(house, permit, review.record).await?;
    let other = match review.other {
        Some(other) => side(house, permit, other).await?,
        None => Value::Null,
    };
    Ok(json!({
        "id": review.id.to_string(),
        "network": review.network.as_str(),
        "state": review.state.as_str(),
        "score": review.score,
        "grounds": grounds,
        "raisedAt": instant_text(review.raised_at),
        "decidedAt": review.decided_at.map(instant_text),
        "decidedBy": review.decided_by,
        "reason": review.reason,
        "change": review.change.map(|change| change.to_string()),
        "record": record,
        "other": other,
    }))
}

async fn side(house: &House, permit: &Permit, record: RecordId) -> Result<Value, ReviewError> {
    let faces = house.store.visible_faces_of(permit, record).await?;
    let sheets: Vec<ResourceId> = faces.iter().map(|face| face.sheet).collect();
    let cards = house.store.card_numbers(&sheets).await?;
    let faces: Vec<Value> = faces
        .iter()
        .map(|one| face(one, cards.get(&one.sheet).map_or(&[], Vec::as_slice)))
        .collect();
    Ok(json!({ "id": record.to_string(), "faces": faces }))
}

fn face(face: &VisibleFace, cards: &[String]) -> Value {
    json!({
        "name": face.face.name,
        "kana": face.face.kana,
        "birthDate": face.face.birth_date,
        "sex": face.face.sex,
        "address": face.face.address,
        "phones": face.face.phones,
        "cards": cards,
        "facility": face.owner.as_str(),
        "kind": face.kind,
        "at": instant_text(face.at),
    })
}

async fn changes(house: &House, permit: &Permit, record: &str) -> Result<Done, ReviewError> {
    let record: RecordId = record.parse().map_err(|_| ReviewError::Absent)?;
    let changes = house.store.changes_of(permit, record).await?;
    if changes.is_empty() && house.store.person_records(permit, record).await?.is_empty() {
        return Err(ReviewError::Absent);
    }
    let lines: Vec<Value> = changes
        .iter()
        .map(|change| {
            let moved: Vec<String> = change.moved.iter().map(ToString::to_string).collect();
            json!({
                "id": change.id.to_string(),
                "kind": change.kind.as_str(),
                "at": instant_text(change.at),
                "by": change.by_actor,
                "reason": change.reason,
                "review": change.review.map(|review| review.to_string()),
                "undoes": change.undoes.map(|undone| undone.to_string()),
                "undoneBy": change.undone_by.map(|undoing| undoing.to_string()),
                "moved": moved,
            })
        })
        .collect();
    Ok(Done {
        answer: json!({ "changes": lines }),
        network: changes.first().map(|change| change.network.clone()),
        records: vec![record],
        details: Vec::new(),
    })
}

async fn change(tx: &mut Tx, permit: &Permit, reviewing: &Reviewing) -> Result<Done, ReviewError> {
    let body = &reviewing.filled.body;
    match &reviewing.what {
        What::Decide { review } => decide(tx, permit, review, body).await,
        What::Link => link(tx, permit, body).await,
        What::Unlink => unlink(tx, permit, body).await,
        What::Undo { change } => undo(tx, permit, change, body).await,
        What::List { .. } | What::Changes { .. } => Err(ReviewError::Absent),
    }
}

async fn decide(
    tx: &mut Tx,
    permit: &Permit,
    review: &str,
    body: &[u8],
) -> Result<Done, ReviewError> {
    let mut form = Form::read(body, &["decision", "reason"]).map_err(ReviewError::Faults)?;
    let decision = form.required("decision", REASON);
    let reason = form.required("reason", REASON).unwrap_or_default();
    let state: Option<ReviewState> = decision.and_then(|word| word.parse().ok());
    let state = state.filter(|state| *state != ReviewState::Open);
    if state.is_none() {
        form.fault(
            "decision",
            "same, different, later のどれかです / same, different or later",
        );
    }
    form.done().map_err(ReviewError::Faults)?;
    let state = state.ok_or(ReviewError::Absent)?;
    let id: ReviewId = review.parse().map_err(|_| ReviewError::Absent)?;
    let found = tx.review_find(permit, id).await?;
    let found = found.ok_or(ReviewError::Absent)?;
    let mut change = None;
    if state == ReviewState::Same {
        let other = found
            .other
            .ok_or(ReviewError::Conflict("there is no second record to link"))?;
        let new = new_change(&found.network, ChangeKind::Link, Some(id), &reason);
        if matches!(found.state, ReviewState::Open | ReviewState::Later)
            && tx.persons_join(permit, &new, found.record, other).await?
        {
            change = Some(new.id);
        }
    }
    let decision = Decision {
        state,
        reason: reason.clone(),
        change,
    };
    if !tx.review_decide(permit, id, &decision).await? {
        return Err(ReviewError::Conflict(
            "この組は判断済みです。取り消しは変更の undo で / decided already: undo its change first",
        ));
    }
    let records = std::iter::once(found.record).chain(found.other).collect();
    let change = change.map(|change| change.to_string());
    Ok(Done {
        answer: json!({ "review": id.to_string(), "state": state.as_str(), "change": change }),
        network: Some(found.network),
        records,
        details: vec![
            ("decision".to_owned(), state.as_str().to_owned()),
            ("reason".to_owned(), reason),
        ],
    })
}

fn new_change(
    network: &NetworkName,
    kind: ChangeKind,
    review: Option<ReviewId>,
    reason: &str,
) -> NewChange {
    NewChange {
        id: ChangeId::new(),
        network: network.clone(),
        kind,
        review,
        reason: reason.to_owned(),
    }
}

/// The network of a record, if it is one of the permit's.
async fn network_of(
    tx: &mut Tx,
    permit: &Permit,
    record: RecordId,
) -> Result<NetworkName, ReviewError> {
    let network = tx.record_network(record).await?;
    network
        .filter(|network| permit.networks().contains(network))
        .ok_or(ReviewError::Absent)
}

async fn link(tx: &mut Tx, permit: &Permit, body: &[u8]) -> Result<Done, ReviewError> {
    let known = ["record", "other", "reason"];
    let mut form = Form::read(body, &known).map_err(ReviewError::Faults)?;
    let record = form.required("record", REASON).unwrap_or_default();
    let other = form.required("other", REASON).unwrap_or_default();
    let reason = form.required("reason", REASON).unwrap_or_default();
    form.done().map_err(ReviewError::Faults)?;
    let record: RecordId = record.parse().map_err(|_| ReviewError::Absent)?;
    let other: RecordId = other.parse().map_err(|_| ReviewError::Absent)?;
    let network = network_of(tx, permit, record).await?;
    network_of(tx, permit, other).await?;
    let change = new_change(&network, ChangeKind::Link, None, &reason);
    if !tx.persons_join(permit, &change, record, other).await? {
        return Err(ReviewError::Conflict(
            "すでに同一人として結ばれています / linked already",
        ));
    }
    Ok(changed(change, vec![record, other]))
}

async fn unlink(tx: &mut Tx, permit: &Permit, body: &[u8]) -> Result<Done, ReviewError> {
    let mut form = Form::read(body, &["record", "reason"]).map_err(ReviewError::Faults)?;
    let record = form.required("record", REASON).unwrap_or_default();
    let reason = form.required("reason", REASON).unwrap_or_default();
    form.done().map_err(ReviewError::Faults)?;
    let record: RecordId = record.parse().map_err(|_| ReviewError::Absent)?;
    let network = network_of(tx, permit, record).await?;
    let change = new_change(&network, ChangeKind::Unlink, None, &reason);
    if !tx.record_apart(permit, &change, record).await? {
        return Err(ReviewError::Conflict(
            "ほかの記録と結ばれていません / linked with no other record",
        ));
    }
    Ok(changed(change, vec![record]))
}

fn changed(change: NewChange, records: Vec<RecordId>) -> Done {
    Done {
        answer: json!({ "change": change.id.to_string(), "kind": change.kind.as_str() }),
        network: Some(change.network),
        records,
        details: vec![("reason".to_owned(), change.reason)],
    }
}

async fn undo(
    tx: &mut Tx,
    permit: &Permit,
    change: &str,
    body: &[u8],
) -> Result<Done, ReviewError> {
    let mut form = Form::read(body, &["reason"]).map_err(ReviewError::Faults)?;
    let reason = form.required("reason", REASON).unwrap_or_default();
    form.done().map_err(ReviewError::Faults)?;
    let undone: ChangeId = change.parse().map_err(|_| ReviewError::Absent)?;
    let (network, records) = tx
        .change_moved(permit, undone)
        .await?
        .ok_or(ReviewError::Absent)?;
    let by = new_change(&network, ChangeKind::Undo, None, &reason);
    match tx.change_undo(permit, undone, &by).await? {
        Undone::Done => Ok(changed(by, records)),
        Undone::Absent => Err(ReviewError::Absent),
        Undone::Later => Err(ReviewError::Conflict(
            "後の変更があります。先にそれを取り消してください / a later change stands on it: undo that first",
        )),
        Undone::Already => Err(ReviewError::Conflict("取り消し済みです / undone already")),
    }
}
