//! What crews did under break-glass: searches, opened cards, notes on patients without a name.
//!
//! Who, where and when are always the permit's. What was searched for is not kept: an audit leaf holds
//! that somebody searched, the tables here hold what is counted and what is worked on.

use renkei_model::id::{
    FacilityCode, NetworkName, NoteId, OpeningId, PersonId, RecordId, SearchId,
};
use renkei_model::{Instant, Permit};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::permit::{emergency_permit, on_network};
use crate::script::Step;
use crate::sql::{Query, Reader, Sql, query};
use crate::store::Store;
use crate::tx::Tx;

/// Notes that wait for a name, at most; a facility has a handful.
const NOTES: i64 = 200;

/// A search that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSearch {
    /// Its id.
    pub id: SearchId,
    /// How many things were asked for: name, age, part of an address, ...
    pub asked: usize,
    /// How many people were found.
    pub found: usize,
}

/// What one crew member may do: fewer than so many before this one, strictly after an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Strictly after.
    pub since: Instant,
    /// So many in all, this one counted in.
    pub most: i64,
}

/// A card that is opened now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOpening {
    /// Its id.
    pub id: OpeningId,
    /// The search that led to it.
    pub search: Option<SearchId>,
    /// The record's network.
    pub network: NetworkName,
    /// The record that was opened.
    pub record: RecordId,
    /// Why, a code of the closed list.
    pub reason_code: String,
    /// Why, in the crew's own words.
    pub reason_text: String,
    /// The dispatch's number (出動番号).
    pub dispatch: String,
    /// How long it counts as open (exclusive).
    pub until: Instant,
}

/// A card that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its id.
    pub id: OpeningId,
    /// The search that led to it.
    pub search: Option<SearchId>,
    /// The record's network.
    pub network: NetworkName,
    /// The record that was opened.
    pub record: RecordId,
    /// Of whom it was then.
    pub person: PersonId,
    /// Why, a code of the closed list.
    pub reason_code: String,
    /// Why, in the crew's own words.
    pub reason_text: String,
    /// The dispatch's number (出動番号).
    pub dispatch: String,
    /// When.
    pub at: Instant,
    /// How long it counts as open (exclusive).
    pub until: Instant,
}

/// A note on a patient whom nobody can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNote {
    /// Its id.
    pub id: NoteId,
    /// The network that it is made in.
    pub network: NetworkName,
    /// The dispatch's number (出動番号).
    pub dispatch: String,
    /// What is to be said.
    pub text: String,
    /// `male`, `female`, `other` or `unknown`.
    pub sex: Option<String>,
    /// About how old, as it was typed.
    pub age_text: Option<String>,
    /// Where the patient was found.
    pub place: Option<String>,
}

/// A note, and the record it was linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The network that it was made in.
    pub network: NetworkName,
    /// The crew's facility.
    pub facility: FacilityCode,
    /// Who wrote it: the word of audit leaves.
    pub actor: String,
    /// The dispatch's number (出動番号).
    pub dispatch: String,
    /// What it says.
    pub text: String,
    /// `male`, `female`, `other` or `unknown`.
    pub sex: Option<String>,
    /// About how old, as it was typed.
    pub age_text: Option<String>,
    /// Where the patient was found.
    pub place: Option<String>,
    /// When.
    pub at: Instant,
    /// Whom it turned out to be about.
    pub record: Option<RecordId>,
    /// When that was said.
    pub linked_at: Option<Instant>,
    /// By whom.
    pub linked_by: Option<String>,
}

const LOAD: &str = "-- store.emergency_load\nSELECT (SELECT count(*) FROM emergency_search s \
                    WHERE s.facility = $1 AND s.actor = $2 AND s.at > $3) AS searches, \
                    (SELECT count(DISTINCT o.person) FROM opening o \
                    WHERE o.facility = $1 AND o.actor = $2 AND o.at > $4) AS cards";
const ACTIVE: &str = "-- store.opening_active\nSELECT o.* FROM opening o WHERE o.record = $1 \
                      AND o.facility = $2 AND o.actor = $3 AND o.at <= $4 AND o.until > $4 \
                      AND o.wrong_at IS NULL ORDER BY o.at DESC, o.id DESC LIMIT 1";
const NEWEST: &str = "-- store.opening_wrong\nSELECT o.id FROM opening o WHERE o.record = $1 \
                      AND o.facility = $2 AND o.actor = $3 AND o.wrong_at IS NULL \
                      ORDER BY o.at DESC, o.id DESC LIMIT 1";
const WAITING: &str = "-- store.notes_open\nSELECT n.* FROM emergency_note n WHERE n.facility = $1 \
                       AND n.record IS NULL AND $2 LIKE '%,' || n.network || ',%' \
                       ORDER BY n.at DESC, n.id DESC LIMIT ($3 + 0)";
const ABOUT: Sql = Sql {
    sqlite: "-- store.notes_of\nSELECT n.* FROM emergency_note n \
             WHERE n.record IN (SELECT value FROM json_each($1)) \
             AND $2 LIKE '%,' || n.network || ',%' ORDER BY n.at DESC, n.id DESC",
    postgres: "-- store.notes_of\nSELECT n.* FROM emergency_note n \
               WHERE n.record IN (SELECT json_array_elements_text($1::json)) \
               AND $2 LIKE '%,' || n.network || ',%' ORDER BY n.at DESC, n.id DESC",
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LOAD, ACTIVE, NEWEST, WAITING];

impl Tx {
    /// Counts a search.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the caller has searched as often as it may; in a transaction that gathers, at the
    /// commit.
    pub async fn emergency_search_put(
        &mut self,
        permit: &Permit,
        search: &NewSearch,
        rate: Rate,
    ) -> Result<(), StoreError> {
        emergency_permit(permit, "emergency_search")?;
        self.hold_crew(permit).await?;
        let sql = "-- store.emergency_search_put\nINSERT INTO emergency_search (id, networks, facility, \
                   actor, asked, found, at) SELECT ?, ?, ?, ?, ?, ?, ? \
                   WHERE (SELECT count(*) FROM emergency_search s \
                     WHERE s.facility = ? AND s.actor = ? AND s.at > ?) < ?";
        let (facility, actor) = crew(permit);
        let put = Step::new(sql)
            .bind(search.id.to_string())
            .bind(networks(permit))
            .bind(facility.clone())
            .bind(actor.clone())
            .bind(i64::try_from(search.asked).unwrap_or(i64::MAX))
            .bind(i64::try_from(search.found).unwrap_or(i64::MAX))
            .bind(permit.at().0)
            .bind(facility)
            .bind(actor)
            .bind(rate.since.0)
            .bind(rate.most);
        self.put([put.of_one_row()]).await
    }

    /// Keeps that a card was opened. The rate counts different people; whom the caller opened since is no new one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the caller has opened as many as it may, or for a record without a person; in a
    /// transaction that gathers, at the commit.
    pub async fn opening_put(
        &mut self,
        permit: &Permit,
        opening: &NewOpening,
        rate: Rate,
    ) -> Result<(), StoreError> {
        emergency_permit(permit, "opening")?;
        on_network(permit, &opening.network, "opening")?;
        self.hold_crew(permit).await?;
        let sql = "-- store.opening_put\nINSERT INTO opening (id, search, network, record, person, facility, \
                   actor, reason_code, reason_text, dispatch, at, until) \
                   SELECT ?, ?, ?, l.record, l.person, ?, ?, ?, ?, ?, ?, ? FROM link l \
                   WHERE l.record = ? AND l.until IS NULL \
                   AND (SELECT count(DISTINCT o.person) FROM opening o WHERE o.facility = ? AND o.actor = ? \
                     AND o.at > ? AND o.person <> l.person) < ?";
        let (facility, actor) = crew(permit);
        let put = Step::new(sql)
            .bind(opening.id.to_string())
            .bind(opening.search.map(|id| id.to_string()))
            .bind(opening.network.to_string())
            .bind(facility.clone())
            .bind(actor.clone())
            .bind(opening.reason_code.clone())
            .bind(opening.reason_text.clone())
            .bind(opening.dispatch.clone())
            .bind(permit.at().0)
            .bind(opening.until.0)
            .bind(opening.record.to_string())
            .bind(facility)
            .bind(actor)
            .bind(rate.since.0)
            .bind(rate.most);
        self.put([put.of_one_row()]).await
    }

    /// Of two requests of one crew member at once the second counts the first.
    async fn hold_crew(&mut self, permit: &Permit) -> Result<(), StoreError> {
        let (facility, actor) = crew(permit);
        self.hold("crew", &[&facility, &actor]).await
    }

    /// The caller says that the record it opened is not its patient: its newest opening that is not
    /// called wrong yet, and every other one of its own that still counts as open, are closed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn opening_wrong(
        &mut self,
        permit: &Permit,
        record: RecordId,
        text: &str,
    ) -> Result<Option<OpeningId>, StoreError> {
        emergency_permit(permit, "opening")?;
        let Some(row) = self.find(own(permit, NEWEST, record)).await? else {
            return Ok(None);
        };
        let newest: OpeningId = Reader::new("opening", &row).parsed("id")?;
        let sql = "-- store.opening_wrong\nUPDATE opening SET wrong_at = $4, wrong_text = $5 \
                   WHERE record = $1 AND facility = $2 AND actor = $3 AND wrong_at IS NULL \
                   AND (id = $6 OR until > $4)";
        let mark = own(permit, sql, record)
            .bind(permit.at().0)
            .bind(text.to_owned())
            .bind(newest.to_string());
        let marked = self.execute(mark).await?;
        Ok((marked > 0).then_some(newest))
    }

    /// Keeps a note on a patient whom nobody can name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_put(&mut self, permit: &Permit, note: &NewNote) -> Result<(), StoreError> {
        emergency_permit(permit, "emergency_note")?;
        on_network(permit, &note.network, "emergency_note")?;
        let sql = "-- store.note_put\nINSERT INTO emergency_note (id, network, facility, actor, dispatch, \
                   text, sex, age_text, place, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let put = query(sql)
            .bind(note.id.to_string())
            .bind(note.network.to_string())
            .bind(permit.caller().facility.to_string())
            .bind(permit.caller().actor())
            .bind(note.dispatch.clone())
            .bind(note.text.clone())
            .bind(note.sex.clone())
            .bind(note.age_text.clone())
            .bind(note.place.clone())
            .bind(permit.at().0);
        self.execute(put).await.map(drop)
    }

    /// Says whom a note is about. `false`: the caller's facility has no such note, it was linked before,
    /// or the record is no resident's of the note's network.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_link(
        &mut self,
        permit: &Permit,
        note: NoteId,
        record: RecordId,
    ) -> Result<bool, StoreError> {
        emergency_permit(permit, "emergency_note")?;
        let sql = "-- store.note_link\nUPDATE emergency_note SET record = $1, linked_at = $2, linked_by = $3 \
                   WHERE id = $4 AND facility = $5 AND record IS NULL \
                   AND $6 LIKE '%,' || network || ',%' \
                   AND network = (SELECT r.network FROM record r WHERE r.id = $1 AND r.kind = 'resident')";
        let link = query(sql)
            .bind(record.to_string())
            .bind(permit.at().0)
            .bind(permit.caller().actor())
            .bind(note.to_string())
            .bind(permit.caller().facility.to_string())
            .bind(networks(permit));
        Ok(self.execute(link).await? == 1)
    }
}

impl Store {
    /// What the caller did lately: searches, and different people whose card it opened, each strictly
    /// after an instant.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn emergency_load(
        &self,
        permit: &Permit,
        since_search: Instant,
        since_card: Instant,
    ) -> Result<(i64, i64), StoreError> {
        emergency_permit(permit, "opening")?;
        let row = self.find(load(permit, since_search, since_card)).await?;
        loaded(row.as_ref())
    }

    /// The caller's own opening of a record that counts as open at the permit's instant.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn opening_active(
        &self,
        permit: &Permit,
        record: RecordId,
    ) -> Result<Option<Opening>, StoreError> {
        emergency_permit(permit, "opening")?;
        let active = own(permit, ACTIVE, record).bind(permit.at().0);
        self.find(active)
            .await?
            .as_ref()
            .map(opening_of)
            .transpose()
    }

    /// Notes that were linked to these records, on the permit's networks, newest first. Whether the
    /// caller may see the records is asked elsewhere.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn notes_of(
        &self,
        permit: &Permit,
        records: &[RecordId],
    ) -> Result<Vec<Note>, StoreError> {
        emergency_permit(permit, "emergency_note")?;
        let records: Vec<String> = records.iter().map(ToString::to_string).collect();
        let about = query(ABOUT.of(self.dialect()))
            .bind(json!(records).to_string())
            .bind(networks(permit));
        self.all(about).await?.iter().map(note_of).collect()
    }

    /// Notes of the caller's facility that nobody has linked, newest first, at most 200.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn notes_open(&self, permit: &Permit) -> Result<Vec<Note>, StoreError> {
        emergency_permit(permit, "emergency_note")?;
        let waiting = query(WAITING)
            .bind(permit.caller().facility.to_string())
            .bind(networks(permit))
            .bind(NOTES);
        self.all(waiting).await?.iter().map(note_of).collect()
    }
}

/// The permit's networks as `,a,b,`: a network's name has neither comma nor wildcard in it.
fn networks(permit: &Permit) -> String {
    let names: String = permit
        .networks()
        .iter()
        .map(|name| format!("{name},"))
        .collect();
    format!(",{names}")
}

/// Facility and actor.
fn crew(permit: &Permit) -> (String, String) {
    let caller = permit.caller();
    (caller.facility.to_string(), caller.actor())
}

/// `$1` record `$2` facility `$3` actor.
fn own(permit: &Permit, sql: &'static str, record: RecordId) -> Query {
    query(sql)
        .bind(record.to_string())
        .bind(permit.caller().facility.to_string())
        .bind(permit.caller().actor())
}

fn load(permit: &Permit, since_search: Instant, since_card: Instant) -> Query {
    query(LOAD)
        .bind(permit.caller().facility.to_string())
        .bind(permit.caller().actor())
        .bind(since_search.0)
        .bind(since_card.0)
}

fn loaded(row: Option<&AnyRow>) -> Result<(i64, i64), StoreError> {
    let row = row.ok_or(inconsistent("opening", "a count without a row"))?;
    let row = Reader::new("opening", row);
    Ok((row.number("searches")?, row.number("cards")?))
}

fn opening_of(row: &AnyRow) -> Result<Opening, StoreError> {
    let row = Reader::new("opening", row);
    Ok(Opening {
        id: row.parsed("id")?,
        search: row.parsed_or_null("search")?,
        network: row.parsed("network")?,
        record: row.parsed("record")?,
        person: row.parsed("person")?,
        reason_code: row.text("reason_code")?,
        reason_text: row.text("reason_text")?,
        dispatch: row.text("dispatch")?,
        at: row.instant("at")?,
        until: row.instant("until")?,
    })
}

fn note_of(row: &AnyRow) -> Result<Note, StoreError> {
    let row = Reader::new("emergency_note", row);
    Ok(Note {
        id: row.parsed("id")?,
        network: row.parsed("network")?,
        facility: row.parsed("facility")?,
        actor: row.text("actor")?,
        dispatch: row.text("dispatch")?,
        text: row.text("text")?,
        sex: row.text_or_null("sex")?,
        age_text: row.text_or_null("age_text")?,
        place: row.text_or_null("place")?,
        at: row.instant("at")?,
        record: row.parsed_or_null("record")?,
        linked_at: row.instant_or_null("linked_at")?,
        linked_by: row.text_or_null("linked_by")?,
    })
}
