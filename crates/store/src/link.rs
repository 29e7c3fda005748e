//! Which records are one human being: links, and what makes, ends and restores them.
//!
//! A link says of which person a record is, and since when; ended rows stay. Records are never merged. A
//! change moves records from person to person, as one, and is undone as one. On PostgreSQL whoever
//! changes links holds the persons that they touch, in sorted order, until the transaction ends.

use renkei_model::Permit;
use renkei_model::id::{ChangeId, NetworkName, PersonId, RecordId};
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::change::{ChangeKind, NewChange, Undone, office};
use crate::fault::{StoreError, inconsistent};
use crate::permit::{look_permit, on_network, write_permit};
use crate::sql::{Reader, query};
use crate::store::Store;
use crate::tx::Tx;

/// How often the persons of records are looked up anew because somebody else moved them meanwhile.
const LOOKS: usize = 8;

const PERSON: &str =
    "-- store.person_of\nSELECT person FROM link WHERE record = $1 AND until IS NULL";
const RECORDS: &str = "-- store.records_of\nSELECT l.record, r.network FROM link l \
                       JOIN record r ON r.id = l.record \
                       WHERE l.person = $1 AND l.until IS NULL ORDER BY l.record";
const PERSON_RECORDS: &str = "-- store.person_records\nSELECT l.record, r.network FROM link a \
                              JOIN link l ON l.person = a.person AND l.until IS NULL \
                              JOIN record r ON r.id = l.record \
                              WHERE a.record = $1 AND a.until IS NULL ORDER BY l.record";

/// Two records that were one person at one time; whether they still are is asked elsewhere.
const PARTED: &str = "-- store.kept_apart\nSELECT 1 AS found FROM link a JOIN link b ON b.person = a.person \
                      AND a.since <= coalesce(b.until, a.since) AND b.since <= coalesce(a.until, b.since) \
                      WHERE a.record = $1 AND b.record = $2 LIMIT 1";
const DIFFERENT: &str = "-- store.kept_apart\nSELECT 1 AS found FROM identity_review \
                         WHERE record = $1 AND other = $2 AND state = 'different'";

/// What a change that is to be undone made: of whom each record was in the end, of whom it had been, and
/// of whom it is now.
const MADE: &str = "-- store.change_undo\nSELECT m.record, m.person AS made, b.person AS before, \
                    n.person AS now FROM link m \
                    JOIN link b ON b.record = m.record AND b.ended_by = $1 \
                    AND b.change IS DISTINCT FROM $1 \
                    JOIN link n ON n.record = m.record AND n.until IS NULL \
                    WHERE m.change = $1 AND m.ended_by IS DISTINCT FROM $1 ORDER BY m.record";
const LATER: &str = "-- store.change_undo\nSELECT 1 AS found FROM link own \
                     JOIN link t ON t.person = own.person \
                     JOIN identity_change x ON x.id = t.change OR x.id = t.ended_by \
                     WHERE (own.change = $1 OR own.ended_by = $1) AND x.id <> $1 AND x.nth > $2 \
                     AND x.kind <> 'undo' AND x.undone_by IS NULL LIMIT 1";

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[PERSON_RECORDS, PARTED, MADE, LATER];

impl Tx {
    /// The person of whom a record is.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a record that does not exist.
    pub async fn person_of(&mut self, record: RecordId) -> Result<PersonId, StoreError> {
        let row = self.find(query(PERSON).bind(record.to_string())).await?;
        let row = row.ok_or(inconsistent("link", "a record without a person"))?;
        Reader::new("link", &row).parsed("person")
    }

    /// The records of a person, on whatever network, by id. What it finds must reach no caller unasked.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn records_of(
        &mut self,
        person: PersonId,
    ) -> Result<Vec<(RecordId, NetworkName)>, StoreError> {
        let rows = self.all(query(RECORDS).bind(person.to_string())).await?;
        rows.iter().map(record_of).collect()
    }

    /// Makes two records one person: all records of `other`'s person move to that of `record`. The change
    /// is stored if that has an effect. `false`: they are one already; or the change is automatic, and
    /// the office has kept a record of the one apart from one of the other.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a permit that is not for this kind of change;
    /// [`StoreError::Conflict`] if somebody else moves the same records.
    pub async fn persons_join(
        &mut self,
        permit: &Permit,
        change: &NewChange,
        record: RecordId,
        other: RecordId,
    ) -> Result<bool, StoreError> {
        match change.kind {
            ChangeKind::Auto => write_permit(permit, &change.network, "link")?,
            ChangeKind::Link => office(permit, change)?,
            ChangeKind::Unlink | ChangeKind::Undo => {
                return Err(inconsistent(
                    "identity_change",
                    "this kind joins no records",
                ));
            }
        }
        self.on_permit(permit, record).await?;
        self.on_permit(permit, other).await?;
        let persons = self.hold_persons(&[record, other]).await?;
        let [to, from] = persons[..] else {
            return Err(inconsistent("link", "a record without a person"));
        };
        if to == from {
            return Ok(false);
        }
        let moving = self.records_of(from).await?;
        if change.kind == ChangeKind::Auto {
            let staying = self.records_of(to).await?;
            for (one, _) in &staying {
                for (two, _) in &moving {
                    if self.apart(*one, *two).await? {
                        return Ok(false);
                    }
                }
            }
        }
        self.change_put(permit, change, None).await?;
        for (moved, _) in moving {
            self.relink(permit, change, moved, to).await?;
        }
        Ok(true)
    }

    /// Gives a record a person of its own. The change is stored if that has an effect; `false` if the
    /// record is its person's only one.
    ///
    /// # Errors
    /// As [`Tx::persons_join`].
    pub async fn record_apart(
        &mut self,
        permit: &Permit,
        change: &NewChange,
        record: RecordId,
    ) -> Result<bool, StoreError> {
        office(permit, change)?;
        if change.kind != ChangeKind::Unlink {
            return Err(inconsistent(
                "identity_change",
                "this kind takes nothing apart",
            ));
        }
        self.on_permit(permit, record).await?;
        let persons = self.hold_persons(&[record]).await?;
        let [from] = persons[..] else {
            return Err(inconsistent("link", "a record without a person"));
        };
        if self.records_of(from).await?.len() < 2 {
            return Ok(false);
        }
        let to = PersonId::new();
        let sql = "-- store.record_apart\nINSERT INTO person (id, created_at) VALUES ($1, $2)";
        self.execute(query(sql).bind(to.to_string()).bind(permit.at().0))
            .await?;
        self.change_put(permit, change, None).await?;
        self.relink(permit, change, record, to).await?;
        Ok(true)
    }

    /// Undoes a change as a whole, and stores `by`, which says so. If a review led to the change, it is
    /// open again.
    ///
    /// # Errors
    /// As [`Tx::persons_join`].
    pub async fn change_undo(
        &mut self,
        permit: &Permit,
        undone: ChangeId,
        by: &NewChange,
    ) -> Result<Undone, StoreError> {
        office(permit, by)?;
        if by.kind != ChangeKind::Undo {
            return Err(inconsistent("identity_change", "this kind undoes nothing"));
        }
        self.hold("change", &[&undone.to_string()]).await?;
        let sql = "-- store.change_undo\nSELECT network, kind, undone_by, nth FROM identity_change WHERE id = $1";
        let Some(row) = self.find(query(sql).bind(undone.to_string())).await? else {
            return Ok(Undone::Absent);
        };
        let row = Reader::new("identity_change", &row);
        if row.parsed::<NetworkName>("network")? != by.network
            || row.parsed::<ChangeKind>("kind")? == ChangeKind::Undo
        {
            return Ok(Undone::Absent);
        }
        if row.text_or_null("undone_by")?.is_some() {
            return Ok(Undone::Already);
        }
        let nth = row.number("nth")?;
        self.hold_touched(undone).await?;
        let later = query(LATER).bind(undone.to_string()).bind(nth);
        if self.find(later).await?.is_some() {
            return Ok(Undone::Later);
        }
        let made = self.all(query(MADE).bind(undone.to_string())).await?;
        let made: Result<Vec<_>, _> = made.iter().map(made_of).collect();
        let made = made?;
        if made.iter().any(|made| made.now != made.made) {
            return Ok(Undone::Later);
        }
        self.change_put(permit, by, Some(undone)).await?;
        for made in made {
            self.relink(permit, by, made.record, made.before).await?;
        }
        let sql = "-- store.change_undo\nUPDATE identity_change SET undone_by = $1 WHERE id = $2";
        let mark = query(sql).bind(by.id.to_string()).bind(undone.to_string());
        self.execute(mark).await?;
        self.review_reopen(undone).await?;
        Ok(Undone::Done)
    }

    /// Whether the office wants these two to be two people: it decided so, or they were one person and
    /// were taken apart.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn kept_apart(
        &mut self,
        record: RecordId,
        other: RecordId,
    ) -> Result<bool, StoreError> {
        if self.person_of(record).await? == self.person_of(other).await? {
            return Ok(false);
        }
        self.apart(record, other).await
    }
}

impl Tx {
    async fn apart(&mut self, record: RecordId, other: RecordId) -> Result<bool, StoreError> {
        let (first, second) = (record.min(other), record.max(other));
        let decided = query(DIFFERENT)
            .bind(first.to_string())
            .bind(second.to_string());
        if self.find(decided).await?.is_some() {
            return Ok(true);
        }
        let parted = query(PARTED)
            .bind(first.to_string())
            .bind(second.to_string());
        Ok(self.find(parted).await?.is_some())
    }

    /// The network of a resident's record, if there is such a record.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_network(
        &mut self,
        record: RecordId,
    ) -> Result<Option<NetworkName>, StoreError> {
        let sql = "-- store.record_network\nSELECT network FROM record WHERE id = $1 AND kind = 'resident'";
        let row = self.find(query(sql).bind(record.to_string())).await?;
        row.map(|row| Reader::new("record", &row).parsed("network"))
            .transpose()
    }

    async fn on_permit(&mut self, permit: &Permit, record: RecordId) -> Result<(), StoreError> {
        let network = self.record_network(record).await?;
        let network = network.ok_or(inconsistent("link", "no such resident"))?;
        on_network(permit, &network, "link")
    }

    /// The persons of these records, held until the transaction ends. Somebody else may move a record
    /// while we wait for its person; then we wait for the new one too.
    async fn hold_persons(&mut self, records: &[RecordId]) -> Result<Vec<PersonId>, StoreError> {
        let mut held: Vec<PersonId> = Vec::new();
        for _ in 0..LOOKS {
            let mut persons = Vec::with_capacity(records.len());
            for record in records {
                persons.push(self.person_of(*record).await?);
            }
            let mut missing = persons.clone();
            missing.retain(|person| !held.contains(person));
            if missing.is_empty() {
                return Ok(persons);
            }
            self.hold_all(&mut missing).await?;
            held.extend(missing);
        }
        Err(StoreError::Conflict)
    }

    /// Holds every person that a change touched.
    async fn hold_touched(&mut self, change: ChangeId) -> Result<(), StoreError> {
        let sql = "-- store.change_undo\nSELECT DISTINCT person FROM link \
                   WHERE change = $1 OR ended_by = $1";
        let rows = self.all(query(sql).bind(change.to_string())).await?;
        let persons: Result<Vec<PersonId>, _> = rows
            .iter()
            .map(|row| Reader::new("link", row).parsed("person"))
            .collect();
        self.hold_all(&mut persons?).await
    }

    /// In sorted order: nobody waits in a circle.
    async fn hold_all(&mut self, persons: &mut Vec<PersonId>) -> Result<(), StoreError> {
        persons.sort_unstable();
        persons.dedup();
        for person in persons {
            self.hold("person", &[&person.to_string()]).await?;
        }
        Ok(())
    }

    /// Ends a record's link and begins another.
    async fn relink(
        &mut self,
        permit: &Permit,
        change: &NewChange,
        record: RecordId,
        person: PersonId,
    ) -> Result<(), StoreError> {
        let sql = "-- store.relink\nUPDATE link SET until = CASE WHEN since > $1 THEN since ELSE $1 END, \
                   ended_by = $2 WHERE record = $3 AND until IS NULL";
        let end = query(sql)
            .bind(permit.at().0)
            .bind(change.id.to_string())
            .bind(record.to_string());
        if self.execute(end).await? != 1 {
            return Err(StoreError::Conflict);
        }
        let sql = "-- store.relink\nINSERT INTO link (id, record, person, since, by_actor, why, change) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let begin = query(sql)
            .bind(Uuid::now_v7().to_string())
            .bind(record.to_string())
            .bind(person.to_string())
            .bind(permit.at().0)
            .bind(permit.caller().actor())
            .bind(change.reason.clone())
            .bind(change.id.to_string());
        self.execute(begin).await.map(drop)
    }
}

impl Store {
    /// The records of a record's person, those on the permit's networks, the record itself among them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn person_records(
        &self,
        permit: &Permit,
        record: RecordId,
    ) -> Result<Vec<(RecordId, NetworkName)>, StoreError> {
        look_permit(permit, "link")?;
        let rows = self
            .all(query(PERSON_RECORDS).bind(record.to_string()))
            .await?;
        let records: Result<Vec<_>, _> = rows.iter().map(record_of).collect();
        let mut records = records?;
        records.retain(|(_, network)| permit.networks().contains(network));
        Ok(records)
    }
}

fn record_of(row: &AnyRow) -> Result<(RecordId, NetworkName), StoreError> {
    let row = Reader::new("link", row);
    Ok((row.parsed("record")?, row.parsed("network")?))
}

/// Of whom a record was before a change, after it, and now.
struct Made {
    record: RecordId,
    before: PersonId,
    made: PersonId,
    now: PersonId,
}

fn made_of(row: &AnyRow) -> Result<Made, StoreError> {
    let row = Reader::new("link", row);
    Ok(Made {
        record: row.parsed("record")?,
        before: row.parsed("before")?,
        made: row.parsed("made")?,
        now: row.parsed("now")?,
    })
}
