//! The corridor for the ambulance's search: who may this be? Rights under break-glass → rate → what was
//! asked is understood → terms → visible faces → ranked → on record → at most ten, as little of each as
//! tells them apart.

use std::time::Duration;

use renkei_identity::{Asked, Query};
use renkei_model::clock::Instant;
use renkei_model::id::SearchId;
use renkei_model::message::Fault;
use renkei_model::permit::Permit;
use renkei_store::{NewSearch, Rate, StoreError, Urgency, VisibleFace};
use serde_json::{Map, Value, json};

use crate::find::{Looked, Search};
use crate::form::{Filled, Form};
use crate::handle::Handle;
use crate::house::House;
use crate::permit::{PermitError, permit_emergency};
use crate::record::{RecordError, Recorded, of_permit, record_change};
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
    let today = renkei_fhir::instant::day_text(filled.at);
    let query = Query::read(&asked, &today).map_err(EmergencyError::Faults)?;
    // One more than is shown, to know whether there are more.
    let most = house.limits.emergency_answers;
    let asking = Search {
        house,
        permit: &permit,
        query: &query,
        cards: asked.card.is_some(),
        most: most + 1,
    };
    // Asked before any work is done, and once more where two requests at once cannot both slip through.
    let (since, now) = (a_minute_before(&permit), permit.at());
    let load = house.store.emergency_load(&permit, since, now);
    let (load, near) = tokio::join!(load, asking.near());
    let (searches, _) = load.map_err(EmergencyError::Store)?;
    if searches >= most_searches(house) {
        return Err(EmergencyError::TooMany { retry_s: MINUTE_S }.into());
    }
    let found = async { asking.find(near?).await };
    let found = room!(emergency => async found).map_err(EmergencyError::Store)?;
    let told = told(found.faces.len(), most, found.looked);
    let found = found.faces;
    let search = SearchId::new();
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
    // One journey: counted, and only if it is within the rate, with its leaf.
    tx.gather();
    let most = most_searches(house);
    let rate = Rate { since, most };
    tx.emergency_search_put(&permit, &counted, rate).await?;
    match record_change(house, tx, answer, leaf).await {
        Err(RecordError::Store(StoreError::Conflict)) => {
            Err(EmergencyError::TooMany { retry_s: MINUTE_S }.into())
        }
        recorded => Ok(recorded?),
    }
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
const fn told(found: usize, most: usize, looked: Looked) -> (bool, &'static str) {
    match (found, looked) {
        (0, Looked::Everybody | Looked::Nearest | Looked::Near) => (
            false,
            "該当する方は見つかりませんでした。登録がないか、表記が違う可能性があります / nobody found: not registered, or written in another way",
        ),
        (0, Looked::Cut) => (
            true,
            "条件の近い方が多く、全員は調べられませんでした。調べた中には見つかっていません。条件を足してください / too many to look through: not among those looked at, add what you know",
        ),
        _ if found > most => (
            true,
            "ほかにも該当者がいます。条件を足してください / there are more: add what you know",
        ),
        (_, Looked::Nearest) => (
            false,
            "条件どおりの方がいるため、一部だけ似た方は表示していません。違う方であれば条件を変えてください / somebody fits in everything, so those who are only alike in part are not shown: if it is somebody else, change what you typed",
        ),
        (_, Looked::Near) => (
            false,
            "条件とほとんど同じ方がいるため、一部だけ似た方は表示していません。違う方であれば条件を変えてください / somebody fits but for a slip, so those who are only alike in part are not shown: if it is somebody else, change what you typed",
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
        let (more, note) = told(0, 10, Looked::Everybody);
        assert!(!more && note.contains("nobody"), "{note}");
        let (more, note) = told(0, 10, Looked::Cut);
        assert!(more && !note.contains("nobody"), "{note}");
        assert!(note.contains("too many to look through"), "{note}");
        assert_eq!(told(10, 10, Looked::Cut), (false, ""));
        assert_eq!(told(10, 10, Looked::Everybody), (false, ""));
        assert!(told(11, 10, Looked::Nearest).0);
        let (more, note) = told(1, 10, Looked::Nearest);
        assert!(!more && note.contains("not shown"), "{note}");
    }
}
