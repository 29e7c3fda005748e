//! How a caller stands to what a row lies on: what the policy engine is asked once more before the row leaves.
//!
//! The same statement that gives a row gives this too, so both are of one instant; for rows of a list one
//! statement more asks for all of them.

use renkei_model::{Caller, Permit, Relation, Shelf};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::sql::{Reader, Sql};
use crate::store::Store;
use crate::visible::{VisibleVersion, look};

/// A shelf, and how the caller stands to it: the rows of `relation` that count now (`blocked` too),
/// `author_facility` if the caller's facility wrote the shelf, and `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// The shelf.
    pub shelf: Shelf,
    /// The relations, each at least once.
    pub relations: Vec<Relation>,
}

/// The kinds of the rows of `relation` that count for a shelf, as `a+b`. Blocked counts for the whole facility,
/// whoever asks. Facility, staff and instant are `$2`, `$3` and `$7`, as in `visible`.
macro_rules! kinds {
    ($record:literal, $owner:literal) => {
        concat!(
            "COALESCE((SELECT string_agg(q.kind, '+') FROM relation q
        WHERE q.record = ",
            $record,
            " AND q.facility = $2 AND q.since <= $7 AND (q.until IS NULL OR q.until > $7)
          AND (q.kind = 'blocked' OR ((q.staff IS NULL OR q.staff = $3)
            AND (q.owner_limit IS NULL OR q.owner_limit = ",
            $owner,
            ")))), '')"
        )
    };
}
pub(crate) use kinds;

/// The shelves of everything that a document holds now, each with its kinds: `network record category owner
/// sensitivity kinds;…`, or null. No word of these has a space or a semicolon in it. Where record and owner are
/// the document's own, so are the kinds: `=`.
macro_rules! parts {
    ($sheet:literal, $record:literal, $owner:literal) => {
        concat!(
            "(SELECT string_agg(pv.network || ' ' || pv.record || ' ' || pv.category || ' ' || pv.owner || ' '
            || pv.sensitivity || ' ' || CASE WHEN pv.record = ",
            $record,
            " AND pv.owner = ",
            $owner,
            " THEN '=' ELSE ",
            $crate::stand::kinds!("pv.record", "pv.owner"),
            " END, ';')
        FROM origin_part op JOIN resource pr ON pr.id = op.resource
        JOIN version pv ON pv.resource = pr.id AND pv.version = pr.current
        WHERE op.sheet = ",
            $sheet,
            ")"
        )
    };
}
pub(crate) use parts;

/// One row for each row that is asked about, in any order: `place` says which.
const STANDS: Sql = Sql {
    sqlite: concat!(
        "-- store.stands\nSELECT a.key AS place, ",
        kinds!("(a.value->>'$.record')", "(a.value->>'$.owner')"),
        " AS kinds, ",
        parts!(
            "(a.value->>'$.resource')",
            "(a.value->>'$.record')",
            "(a.value->>'$.owner')"
        ),
        " AS parts FROM json_each($8) a"
    ),
    postgres: concat!(
        "-- store.stands\nSELECT a.place, ",
        kinds!("a.record", "a.owner"),
        " AS kinds, ",
        parts!("a.resource", "a.record", "a.owner"),
        " AS parts FROM json_to_recordset($8::json) AS a(place BIGINT, resource TEXT, record TEXT, owner TEXT)"
    ),
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[STANDS.sqlite];

impl Store {
    /// How the caller stands to the shelves of each row: its own, and of a document those of everything that
    /// it holds now. In the order of the rows, one statement for all of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn stands(
        &self,
        permit: &Permit,
        rows: &[&VisibleVersion],
    ) -> Result<Vec<Vec<Stand>>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<_> = rows
            .iter()
            .enumerate()
            .map(|(place, row)| {
                json!({
                    "place": place, "resource": row.resource.to_string(),
                    "record": row.shelf.record.to_string(), "owner": row.shelf.owner.as_str(),
                })
            })
            .collect();
        let statement = look(permit, STANDS.of(self.dialect()))?.bind(json!(asked).to_string());
        let mut found: Vec<Vec<Stand>> = vec![Vec::new(); rows.len()];
        for answer in self.all(statement).await? {
            let place = Reader::new("relation", &answer).number("place")?;
            let place = usize::try_from(place).ok();
            let (Some(row), Some(stands)) = (
                place.and_then(|place| rows.get(place)),
                place.and_then(|place| found.get_mut(place)),
            ) else {
                return Err(inconsistent("relation", "place"));
            };
            *stands = stands_of(&answer, &row.shelf, permit.caller())?;
        }
        if found.iter().any(Vec::is_empty) {
            return Err(inconsistent("relation", "a row without an answer"));
        }
        Ok(found)
    }
}

/// Reads the columns `kinds` and `parts` of a row on this shelf. The row's own shelf comes first.
pub(crate) fn stands_of(
    row: &AnyRow,
    shelf: &Shelf,
    caller: &Caller,
) -> Result<Vec<Stand>, StoreError> {
    let row = Reader::new("relation", row);
    let kinds_of_own = row.text("kinds")?;
    let own = stand(shelf.clone(), &kinds_of_own, caller)?;
    let mut stands = vec![own];
    for part in row
        .text_or_null("parts")?
        .iter()
        .flat_map(|parts| parts.split(';'))
    {
        let (shelf, kinds) = part_shelf(part).ok_or_else(|| inconsistent("version", "parts"))?;
        // Many parts lie on one shelf.
        if stands.iter().all(|known| known.shelf != shelf) {
            let kinds = if kinds == "=" { &kinds_of_own } else { kinds };
            stands.push(stand(shelf, kinds, caller)?);
        }
    }
    Ok(stands)
}

fn part_shelf(part: &str) -> Option<(Shelf, &str)> {
    let mut words = part.split(' ');
    let shelf = Shelf {
        network: words.next()?.parse().ok()?,
        record: words.next()?.parse().ok()?,
        category: words.next()?.parse().ok()?,
        owner: words.next()?.parse().ok()?,
        sensitivity: words.next()?.parse().ok()?,
    };
    let kinds = words.next()?;
    words.next().is_none().then_some((shelf, kinds))
}

fn stand(shelf: Shelf, kinds: &str, caller: &Caller) -> Result<Stand, StoreError> {
    let kinds = kinds.split('+').filter(|kind| !kind.is_empty());
    let mut relations = kinds
        .map(|kind| kind.parse().map_err(|_| inconsistent("relation", "kind")))
        .collect::<Result<Vec<Relation>, _>>()?;
    relations.push(Relation::None);
    if shelf.owner == caller.facility {
        relations.push(Relation::AuthorFacility);
    }
    Ok(Stand { shelf, relations })
}
