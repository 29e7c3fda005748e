//! What matching asks about one face: who has its identifiers, who is like it, what the sender sent
//! before. One statement, inside the transaction. What it finds must never reach a caller.

use std::collections::HashMap;

use renkei_model::Face;
use renkei_model::id::{FacilityCode, NetworkName, RecordId, ResourceId};
use sqlx::any::AnyRow;

use crate::face::{KnownFace, face_of, kept};
use crate::fault::{StoreError, inconsistent};
use crate::record::IdentifierMatch;
use crate::script::{Argument, Step};
use crate::sql::Reader;
use crate::tx::Tx;

/// A face and its native record, as matching asks about them.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The network.
    pub network: &'a NetworkName,
    /// The facility that wrote the native record.
    pub owner: &'a FacilityCode,
    /// The profile's kind of message.
    pub kind: &'a str,
    /// The sender's number of the native record.
    pub native_key: &'a str,
    /// The record that it went to before, as far as is known.
    pub record: Option<RecordId>,
    /// System and value of the identifiers.
    pub identifiers: &'a [(String, String)],
    /// Date of birth, `YYYY-MM-DD`.
    pub birth_date: Option<&'a str>,
    /// The name in kana, as terms of kind `kana` are folded.
    pub kana: Option<&'a str>,
    /// How many faces with the same date of birth, and how many with the same kana, at most.
    pub limit: usize,
}

/// What is near.
#[derive(Debug, Clone, Default)]
pub struct Near {
    /// Records that carry one of the identifiers, in the order of the identifiers, then of the records.
    pub identified: Vec<IdentifierMatch>,
    /// All faces, newest first, of the records with an identifier and of [`Asked::record`].
    pub faces: HashMap<RecordId, Vec<Face>>,
    /// Faces with the same date of birth or the same kana.
    pub alike: Vec<KnownFace>,
    /// The sheet and the sender's number of the version that is stored, if the native record came before.
    pub origin: Option<(ResourceId, i64)>,
}

const IDENTIFIED: i64 = 1;
const OWN: i64 = 2;
const ALIKE: i64 = 3;
const ORIGIN: i64 = 4;

/// The columns of a face in every part of the statement.
macro_rules! face_columns {
    () => {
        "f.at, f.sheet, f.name, f.kana, f.birth_date, f.sex, f.address, f.district, f.postal_code, \
         coalesce(f.phones, '[]') AS phones, f.deceased, f.moved"
    };
}

const WITH_IDENTIFIERS: &str = concat!(
    "-- store.near\nSELECT CAST(1 AS BIGINT) AS how, i.system, i.value, i.rank, i.record, r.kana_folded, \
     r.birth_date AS born, ",
    face_columns!(),
    " FROM (VALUES "
);
/// A cross join: SQLite keeps its order, and asks the index for each pair. As a join with a condition it walks
/// through all identifiers of the network.
const AND_THE_OTHERS: &str = concat!(
    ") AS n CROSS JOIN identifier i JOIN record r ON r.id = i.record LEFT JOIN face f ON f.record = i.record \
     WHERE i.network = ? AND i.system = n.column1 AND i.value = n.column2 \
     UNION ALL SELECT 2, NULL, NULL, 0, f.record, NULL, NULL, ",
    face_columns!(),
    " FROM face f WHERE f.record = ? \
     UNION ALL SELECT 3, NULL, NULL, 0, f.record, NULL, NULL, ",
    face_columns!(),
    " FROM (SELECT f.* FROM face f WHERE f.network = ? AND f.birth_date = ? \
     ORDER BY f.at DESC, f.sheet DESC LIMIT (? + 0)) AS f \
     UNION ALL SELECT 3, NULL, NULL, 0, f.record, NULL, NULL, ",
    face_columns!(),
    " FROM (SELECT f.* FROM face_term t JOIN face f ON f.sheet = t.sheet \
     WHERE t.network = ? AND t.kind = 'kana' AND t.value = ? \
     ORDER BY f.at DESC, f.sheet DESC LIMIT (? + 0)) AS f \
     UNION ALL SELECT 4, o.sheet, NULL, o.native_version, o.record, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
     NULL, NULL, NULL, NULL, NULL, NULL, NULL \
     FROM origin o WHERE o.network = ? AND o.owner = ? AND o.kind = ? AND o.native_key = ?"
);

/// Places for identifiers: few texts, each prepared once.
const PLACES: [usize; 3] = [4, 16, 64];

/// The statement with so many places.
pub(crate) fn statement(places: usize) -> String {
    let pairs = vec!["(?,?)"; places].join(",");
    format!("{WITH_IDENTIFIERS}{pairs}{AND_THE_OTHERS}")
}

/// One row of the answer.
struct Found {
    how: i64,
    system: Option<String>,
    value: Option<String>,
    rank: i64,
    record: RecordId,
    kana_folded: Option<String>,
    born: Option<String>,
    /// When the sheet was stored, and its id; `None` where there is no face.
    place: Option<(i64, String)>,
    face: Face,
}

fn found_of(row: &AnyRow) -> Result<Found, StoreError> {
    let row = Reader::new("face", row);
    let how = row.number("how")?;
    let place = row.number_or_null("at")?.zip(row.text_or_null("sheet")?);
    Ok(Found {
        how,
        system: row.text_or_null("system")?,
        value: row.text_or_null("value")?,
        rank: row.number("rank")?,
        record: row.parsed("record")?,
        kana_folded: row.text_or_null("kana_folded")?,
        born: row.text_or_null("born")?,
        face: match place {
            Some(_) => face_of(&row)?,
            None => Face::default(),
        },
        place,
    })
}

impl Tx {
    /// Asks what is near, as this transaction sees it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn near(&mut self, asked: &Asked<'_>) -> Result<Near, StoreError> {
        let pairs = pairs(asked);
        let largest = PLACES[PLACES.len() - 1];
        let mut rows = Vec::new();
        // What has more identifiers than there are places asks for the rest once more.
        for (nth, pairs) in chunks(&pairs, largest).enumerate() {
            for row in &self.ask(step(asked, pairs, nth == 0)).await? {
                rows.push(found_of(row)?);
            }
        }
        rows.sort_by(|one, other| other.place.cmp(&one.place));
        near_of(asked, rows)
    }
}

/// Each identifier once.
fn pairs<'a>(asked: &Asked<'a>) -> Vec<&'a (String, String)> {
    let mut pairs: Vec<&(String, String)> = asked.identifiers.iter().collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// What is asked first.
pub(crate) fn first(asked: &Asked<'_>) -> Step {
    let pairs = pairs(asked);
    let largest = PLACES[PLACES.len() - 1].min(pairs.len());
    step(asked, &pairs[..largest], true)
}

/// At least one, also of nothing.
fn chunks<T>(pairs: &[T], size: usize) -> impl Iterator<Item = &[T]> {
    let none = pairs.is_empty().then_some(pairs);
    none.into_iter().chain(pairs.chunks(size))
}

/// `first`: asks for everything, not only who has the identifiers.
fn step(asked: &Asked<'_>, pairs: &[&(String, String)], first: bool) -> Step {
    let places = PLACES.into_iter().find(|places| pairs.len() <= *places);
    let places = places.unwrap_or(pairs.len());
    let mut step = Step::composed(statement(places));
    for place in 0..places {
        let pair = pairs.get(place);
        step = step
            .bind(pair.map(|(system, _)| system.clone()))
            .bind(pair.map(|(_, value)| value.clone()));
    }
    let network = || Argument::from(asked.network.as_str());
    let limit = i64::try_from(asked.limit).unwrap_or(i64::MAX);
    let when_first = |text: Option<String>| text.filter(|_| first);
    step.bind(network())
        .bind(when_first(asked.record.map(|record| record.to_string())))
        .bind(network())
        .bind(when_first(asked.birth_date.map(str::to_owned)))
        .bind(limit)
        .bind(network())
        .bind(when_first(asked.kana.map(kept)))
        .bind(limit)
        .bind(network())
        .bind(asked.owner.as_str())
        .bind(asked.kind)
        .bind(when_first(Some(asked.native_key.to_owned())))
}

/// Rows are newest first.
fn near_of(asked: &Asked<'_>, rows: Vec<Found>) -> Result<Near, StoreError> {
    let mut near = Near::default();
    let mut identified: Vec<IdentifierMatch> = Vec::new();
    for found in rows {
        match found.how {
            IDENTIFIED => {
                if found.place.is_some() {
                    let faces = near.faces.entry(found.record).or_default();
                    if !faces.contains(&found.face) {
                        faces.push(found.face.clone());
                    }
                } else {
                    near.faces.entry(found.record).or_default();
                }
                if let Some(one) = match_of(found, &identified) {
                    identified.push(one);
                }
            }
            OWN => {
                let faces = near.faces.entry(found.record).or_default();
                if !faces.contains(&found.face) {
                    faces.push(found.face);
                }
            }
            ALIKE => near.alike.push(KnownFace {
                record: found.record,
                network: asked.network.clone(),
                face: found.face,
            }),
            _ => {
                debug_assert_eq!(found.how, ORIGIN);
                let sheet = found.system.unwrap_or_default().parse();
                let sheet = sheet.map_err(|_| inconsistent("origin", "sheet"))?;
                near.origin = Some((sheet, found.rank));
            }
        }
    }
    if let Some(record) = asked.record {
        near.faces.entry(record).or_default();
    }
    identified.sort_by_key(|one| one.record);
    for (system, value) in asked.identifiers {
        let of_pair = identified.iter();
        let of_pair = of_pair.filter(|one| one.system == *system && one.value == *value);
        near.identified.extend(of_pair.cloned());
    }
    Ok(near)
}

/// The first row of a match has the newest face; of a record without one, what the record itself says.
fn match_of(found: Found, before: &[IdentifierMatch]) -> Option<IdentifierMatch> {
    let (system, value) = (found.system?, found.value?);
    let known = |one: &IdentifierMatch| {
        one.record == found.record && one.system == system && one.value == value
    };
    if before.iter().any(known) {
        return None;
    }
    let face = match found.place {
        Some(_) => found.face,
        None => Face {
            kana: found.kana_folded,
            birth_date: found.born,
            ..Face::default()
        },
    };
    Some(IdentifierMatch {
        system,
        value,
        rank: found.rank,
        record: found.record,
        face,
    })
}
