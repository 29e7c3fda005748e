//! The corridor for the ambulance's search: who may this be? Rights under break-glass → rate → what was
//! asked is understood → terms → visible faces → ranked → on record → at most ten, as little of each as
//! tells them apart.

use std::collections::HashSet;
use std::time::Duration;

use renkei_identity::{Asked, Query};
use renkei_model::clock::Instant;
use renkei_model::id::{RecordId, SearchId};
use renkei_model::message::Fault;
use renkei_model::permit::Permit;
use renkei_store::{NewSearch, StoreError, Tx, Urgency, VisibleFace};
use serde_json::{Map, Value, json};

use crate::form::{Filled, Form};
use crate::handle::Handle;
use crate::house::House;
use crate::permit::{PermitError, permit_emergency};
use crate::record::{Recorded, of_permit, record_change};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse};
use crate::room;

/// Why a crew is told nothing.
#[derive(Debug, thiserror::Error)]
pub enum EmergencyError {
    /// The profession breaks no glass in any network of the caller's.
    #[error("permit")]
    Permit(#[from] PermitError),
    /// Nobody behind this handle for this caller: never was, no longer is, or is hidden.
    #[error("not found")]
    Absent,
    /// What is wrong, field by field.
    #[error("the request cannot be read")]
    Faults(Vec<Fault>),
    /// One member of a crew asks more than crews do.
    #[error("too many: try again in {retry_s} s")]
    TooMany {
        /// Seconds until it makes sense again.
        retry_s: u64,
    },
    /// The card could not be put together: our fault.
    #[error("the card could not be put together: {0}")]
    Card(String),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

const ACTION: &str = "emergency.search";

/// Faces that one probe brings at most.
const PROBE: usize = 500;
/// Faces that are ranked at most; beyond that more of the same name would not change the first ten.
const RANKED: usize = 3_000;
/// Longer than any name, address or number that a crew types.
const TYPED: usize = 200;
/// What can be asked for.
const FIELDS: [&str; 7] = [
    "name",
    "birthDate",
    "age",
    "sex",
    "address",
    "phone",
    "card",
];

/// Searches.
///
/// # Errors
/// [`Refused`].
pub async fn search(house: &House, filled: Filled) -> Result<Recorded<Vec<u8>>, Refused> {
    let asker = Asker {
        caller: filled.caller.clone(),
        request: filled.request,
        at: filled.at,
        action: ACTION,
        about: None,
    };
    match walk(house, &filled).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(refuse(house, asker, refusal).await),
    }
}

async fn walk(house: &House, filled: &Filled) -> Result<Recorded<Vec<u8>>, Refusal> {
    let permit = permit_emergency(house, &filled.caller, filled.request, filled.at)
        .map_err(EmergencyError::Permit)?;
    let asked = read(&filled.body).map_err(EmergencyError::Faults)?;
    // Asked before any work is done, and once more where two requests at once cannot both slip through.
    let (since, now) = (a_minute_before(&permit), permit.at());
    let load = house.store.emergency_load(&permit, since, now).await;
    let (searches, _) = load.map_err(EmergencyError::Store)?;
    if searches >= most_searches(house) {
        return Err(EmergencyError::TooMany { retry_s: MINUTE_S }.into());
    }
    let today = renkei_fhir::instant::day_text(filled.at);
    let query = Query::read(&asked, &today).map_err(EmergencyError::Faults)?;
    let gathered = room!(emergency => async gather(house, &permit, &query, asked.card.is_some()))
        .map_err(EmergencyError::Store)?;
    let everybody = gathered.everybody;
    let candidates = gathered
        .faces
        .into_iter()
        .map(|face| (face.face.clone(), face.cards.clone(), face))
        .collect();
    let ranked: Vec<VisibleFace> = query
        .rank(candidates)
        .into_iter()
        .map(|(_, face)| face)
        .collect();
    // One more than is shown, to know whether there are more.
    let most = house.limits.emergency_answers;
    let found = one_a_person(house, &permit, ranked, most + 1)
        .await
        .map_err(EmergencyError::Store)?;
    let search = SearchId::new();
    let told = told(found.len(), most, everybody);
    let answer = answer(house, &permit, (search, &found), &query, told);
    let mut leaf = of_permit(&permit, ACTION, "break-glass: search");
    leaf.network = permit.networks().first().cloned();
    leaf.records = found.iter().take(most).map(|face| face.record).collect();
    leaf.bytes_out = answer.len() as u64;
    leaf.details = details(&asked);
    let mut tx = house.store.begin("search", Urgency::Emergency).await?;
    let counted = NewSearch {
        id: search,
        asked: leaf.details.len(),
        found: found.len().min(most),
    };
    tx.emergency_search_put(&permit, &counted).await?;
    within_rate(house, &mut tx, &permit).await?;
    Ok(record_change(house, tx, answer, leaf).await?)
}

fn read(body: &[u8]) -> Result<Asked, Vec<Fault>> {
    let mut form = Form::read(body, &FIELDS)?;
    let [name, birth_date, age, sex, address, phone, card] =
        FIELDS.map(|field| form.text(field, TYPED));
    form.done()?;
    Ok(Asked {
        name,
        birth_date,
        age,
        sex,
        address,
        phone,
        card,
    })
}

/// What was typed, for the leaf's salted digests.
fn details(asked: &Asked) -> Vec<(String, String)> {
    let typed = [
        &asked.name,
        &asked.birth_date,
        &asked.age,
        &asked.sex,
        &asked.address,
        &asked.phone,
        &asked.card,
    ];
    FIELDS
        .iter()
        .zip(typed)
        .filter_map(|(field, typed)| Some(((*field).to_owned(), typed.clone()?)))
        .collect()
}

const MINUTE_S: u64 = 60;

fn a_minute_before(permit: &Permit) -> Instant {
    permit.at().minus(Duration::from_secs(MINUTE_S))
}

fn most_searches(house: &House) -> i64 {
    i64::try_from(house.limits.emergency_searches_a_minute).unwrap_or(i64::MAX)
}

/// Somebody who searches faster than people type is no crew; this search is counted in.
async fn within_rate(house: &House, tx: &mut Tx, permit: &Permit) -> Result<(), EmergencyError> {
    let since = a_minute_before(permit);
    let (searches, _) = tx.emergency_load(permit, since, permit.at()).await?;
    if searches > most_searches(house) {
        return Err(EmergencyError::TooMany { retry_s: MINUTE_S });
    }
    Ok(())
}

/// Who was looked at.
struct Gathered {
    faces: Vec<VisibleFace>,
    /// Whether these are all to whom the query leads. If not, finding nobody means nothing.
    everybody: bool,
}

/// The visible faces that the query's terms lead to, each once, with their cards if a card was asked for.
async fn gather(
    house: &House,
    permit: &Permit,
    query: &Query,
    cards: bool,
) -> Result<Gathered, StoreError> {
    let mut seen = HashSet::new();
    let mut faces = Vec::new();
    let probes = query.probes();
    let mut everybody = !probes.left_out;
    for probe in probes.ranges {
        if faces.len() >= RANKED {
            everybody = false;
            break;
        }
        let found = house
            .store
            .visible_faces(permit, probe.kind.as_str(), &probe.low, &probe.high, PROBE)
            .await?;
        everybody &= !found.cut;
        let new = found.faces.into_iter();
        faces.extend(new.filter(|face| seen.insert(face.sheet)));
    }
    if cards {
        faces = house.store.with_cards(faces).await?;
    }
    Ok(Gathered { faces, everybody })
}

/// The best face of each human being: records that are linked are one line. As many records are asked about at
/// once as there are lines, the best first.
async fn one_a_person(
    house: &House,
    permit: &Permit,
    ranked: Vec<VisibleFace>,
    most: usize,
) -> Result<Vec<VisibleFace>, StoreError> {
    let mut covered: HashSet<RecordId> = HashSet::new();
    let mut found = Vec::new();
    let mut ranked = ranked.into_iter().peekable();
    while found.len() < most && ranked.peek().is_some() {
        let mut next: Vec<VisibleFace> = Vec::new();
        while next.len() < most
            && let Some(face) = ranked.next()
        {
            let known = next.iter().any(|one| one.record == face.record);
            if !known && !covered.contains(&face.record) {
                next.push(face);
            }
        }
        let records: Vec<RecordId> = next.iter().map(|face| face.record).collect();
        let mut persons = house.store.persons(permit, &records).await?;
        for face in next {
            if found.len() == most || !covered.insert(face.record) {
                continue;
            }
            let person = persons.remove(&face.record).unwrap_or_default();
            covered.extend(person.records.into_iter().map(|(record, _)| record));
            if !person.limits.hide() {
                found.push(face);
            }
        }
    }
    Ok(found)
}

fn answer(
    house: &House,
    permit: &Permit,
    (search, found): (SearchId, &[VisibleFace]),
    query: &Query,
    (more, note): (bool, &str),
) -> Vec<u8> {
    let most = house.limits.emergency_answers;
    let lines: Vec<Value> = found
        .iter()
        .take(most)
        .map(|face| {
            let handle = Handle {
                record: face.record,
                search,
            };
            line(face, &handle.seal(house, permit))
        })
        .collect();
    let searched: Map<String, Value> = query
        .searched()
        .into_iter()
        .map(|(field, understood)| (field, Value::from(understood)))
        .collect();
    let networks: Vec<&str> = permit
        .networks()
        .iter()
        .map(renkei_model::id::NetworkName::as_str)
        .collect();
    let answer = json!({
        "searched": searched,
        "networks": networks,
        "found": lines,
        "more": more,
        "note": note,
    });
    answer.to_string().into_bytes()
}

/// Whether there are more, or may be, and what to do about it. Nobody is said only where everybody was
/// looked at.
const fn told(found: usize, most: usize, everybody: bool) -> (bool, &'static str) {
    match (found, everybody) {
        (0, true) => (
            false,
            "該当する方は見つかりませんでした。登録がないか、表記が違う可能性があります / nobody found: not registered, or written in another way",
        ),
        (0, false) => (
            true,
            "条件の近い方が多く、全員は調べられませんでした。調べた中には見つかっていません。条件を足してください / too many to look through: not among those looked at, add what you know",
        ),
        _ if found > most => (
            true,
            "ほかにも該当者がいます。条件を足してください / there are more: add what you know",
        ),
        _ => (false, ""),
    }
}

/// As little as tells people apart: no day of birth, no street, no number.
fn line(face: &VisibleFace, handle: &str) -> Value {
    let birth_year = face
        .face
        .birth_date
        .as_deref()
        .and_then(|date| date.get(..4));
    json!({
        "record": handle,
        "name": face.face.name,
        "kana": face.face.kana,
        "birthYear": birth_year,
        "sex": face.face.sex,
        "district": face.face.district,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_said_only_when_everybody_was_looked_at() {
        let (more, note) = told(0, 10, true);
        assert!(!more && note.contains("nobody"), "{note}");
        let (more, note) = told(0, 10, false);
        assert!(more && !note.contains("nobody"), "{note}");
        assert!(note.contains("too many to look through"), "{note}");
        assert_eq!(told(10, 10, false), (false, ""));
        assert!(told(11, 10, true).0);
    }
}
