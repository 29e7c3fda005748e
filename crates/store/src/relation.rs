//! Dated relations between a facility (or one of its staff) and a record; enrolment.

use renkei_model::id::{FacilityCode, MessageId, NetworkName, RecordId, StaffId};
use renkei_model::{Caller, Instant, Permit, Relation, Shelf};
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::fault::{StoreError, inconsistent};
use crate::permit::write_permit;
use crate::script::Step;
use crate::sql::{Query, Reader, query};
use crate::store::Store;
use crate::tx::Tx;

/// A relation row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRelation {
    /// The record's network.
    pub network: NetworkName,
    /// The record.
    pub record: RecordId,
    /// The facility that stands in the relation.
    pub facility: FacilityCode,
    /// One member of its staff; everybody there, if not given.
    pub staff: Option<StaffId>,
    /// Which relation; never `none` or `author_facility`, which follow from elsewhere.
    pub kind: Relation,
    /// Only for shelves of this owner; for all, if not given.
    pub owner_limit: Option<FacilityCode>,
    /// From when.
    pub since: Instant,
    /// Until when (exclusive); open, if not given.
    pub until: Option<Instant>,
    /// The message that it follows from.
    pub source: MessageId,
}

/// The beginning of a record's enrolment (参加).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnrolment {
    /// The record's network.
    pub network: NetworkName,
    /// The record.
    pub record: RecordId,
    /// `consent_on_slip`, `key_code`, ...: the profile's word.
    pub basis: String,
    /// From when.
    pub since: Instant,
    /// The message that it follows from.
    pub source: MessageId,
}

/// Rows of a relation that count for a shelf. Blocked counts for the whole facility, whoever asks.
fn to_shelf(shelf: &Shelf, caller: &Caller, at: Instant) -> Query {
    let sql = "-- store.relations_to\nSELECT DISTINCT kind FROM relation WHERE record = $1 \
               AND facility = $2 AND (staff IS NULL OR staff = $3 OR kind = 'blocked') \
               AND (owner_limit IS NULL OR owner_limit = $4 OR kind = 'blocked') \
               AND since <= $5 AND (until IS NULL OR until > $5) ORDER BY kind";
    query(sql)
        .bind(shelf.record.to_string())
        .bind(caller.facility.to_string())
        .bind(caller.staff().map(ToString::to_string))
        .bind(shelf.owner.to_string())
        .bind(at.0)
}

fn with_those_of_no_row(
    rows: &[AnyRow],
    shelf: &Shelf,
    caller: &Caller,
) -> Result<Vec<Relation>, StoreError> {
    let kinds = rows
        .iter()
        .map(|row| Reader::new("relation", row).parsed("kind"));
    let author = (shelf.owner == caller.facility).then_some(Relation::AuthorFacility);
    kinds
        .chain([Relation::None].into_iter().chain(author).map(Ok))
        .collect()
}

impl Store {
    /// How a caller stands to a shelf at an instant: its rows (`blocked` too), `author_facility` if
    /// its facility wrote the shelf, and `none`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn relations_to(
        &self,
        shelf: &Shelf,
        caller: &Caller,
        at: Instant,
    ) -> Result<Vec<Relation>, StoreError> {
        let rows = self.all(to_shelf(shelf, caller, at)).await?;
        with_those_of_no_row(&rows, shelf, caller)
    }
}

impl Tx {
    /// Adds a relation, unless a row that says the same and lasts as long is there already.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a relation that no row may hold.
    pub async fn relation_put(
        &mut self,
        permit: &Permit,
        relation: &NewRelation,
    ) -> Result<(), StoreError> {
        write_permit(permit, &relation.network, "relation")?;
        if matches!(relation.kind, Relation::None | Relation::AuthorFacility) {
            return Err(inconsistent("relation", "this relation is never a row"));
        }
        let sql = "-- store.relation_put\nINSERT INTO relation (id, network, record, facility, staff, kind, \
                   owner_limit, since, until, source_message) \
                   SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, \
                   column10 FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS n WHERE NOT EXISTS \
                   (SELECT 1 FROM relation q WHERE q.record = column3 AND q.facility = column4 \
                   AND q.staff IS NOT DISTINCT FROM column5 AND q.kind = column6 \
                   AND q.owner_limit IS NOT DISTINCT FROM column7 AND q.since <= column8 \
                   AND (q.until IS NULL OR q.until >= column9))";
        let step = Step::new(sql)
            .bind(Uuid::now_v7().to_string())
            .bind(relation.network.as_str())
            .bind(relation.record.to_string())
            .bind(relation.facility.as_str())
            .bind(relation.staff.as_ref().map(ToString::to_string))
            .bind(relation.kind.as_str())
            .bind(relation.owner_limit.as_ref().map(ToString::to_string))
            .bind(relation.since.0)
            .bind(relation.until.map(|at| at.0))
            .bind(relation.source.to_string());
        // Rows of an earlier record of the same message stand in an earlier statement.
        self.put([step.beside()]).await
    }

    /// How a caller stands to a shelf: see [`Store::relations_to`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn relations_to(
        &mut self,
        shelf: &Shelf,
        caller: &Caller,
        at: Instant,
    ) -> Result<Vec<Relation>, StoreError> {
        let rows = self.all(to_shelf(shelf, caller, at)).await?;
        with_those_of_no_row(&rows, shelf, caller)
    }

    /// Begins a record's enrolment, unless it ever had one: who has left does not come back by a slip.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn enrolment_begin(
        &mut self,
        permit: &Permit,
        enrolment: &NewEnrolment,
    ) -> Result<(), StoreError> {
        write_permit(permit, &enrolment.network, "enrolment")?;
        let sql = "-- store.enrolment_begin\nINSERT INTO enrolment (id, network, record, basis, since, \
                   source_message) SELECT column1, column2, column3, column4, column5, column6 \
                   FROM (VALUES (?, ?, ?, ?, ?, ?)) AS n \
                   WHERE NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.record = column3)";
        let step = Step::new(sql)
            .bind(Uuid::now_v7().to_string())
            .bind(enrolment.network.as_str())
            .bind(enrolment.record.to_string())
            .bind(&*enrolment.basis)
            .bind(enrolment.since.0)
            .bind(enrolment.source.to_string());
        // Rows of an earlier record of the same message stand in an earlier statement.
        self.put([step.beside()]).await
    }
}
