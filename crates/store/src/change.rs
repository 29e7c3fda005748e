//! Changes of links: what was done, by whom, why, and what undid it.

use std::fmt;
use std::str::FromStr;

use renkei_model::id::{ChangeId, IdError, NetworkName, RecordId, ReviewId};
use renkei_model::{Instant, Permit};

use crate::fault::StoreError;
use crate::permit::{identity_permit, on_network};
use crate::sql::{Reader, query};
use crate::store::Store;
use crate::tx::Tx;

/// What kind of change of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Matching found two records to be one human being beyond doubt.
    Auto,
    /// The network's office put records together.
    Link,
    /// The network's office took a record apart.
    Unlink,
    /// The network's office undid a change.
    Undo,
}

impl ChangeKind {
    const ALL: [Self; 4] = [Self::Auto, Self::Link, Self::Unlink, Self::Undo];

    /// The word in the database and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Link => "link",
            Self::Unlink => "unlink",
            Self::Undo => "undo",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChangeKind {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or(IdError {
            kind: "kind of change",
        })
    }
}

/// A change to be made. Who and when are the permit's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Its id.
    pub id: ChangeId,
    /// The network whose office, or whose message, makes it.
    pub network: NetworkName,
    /// What kind.
    pub kind: ChangeKind,
    /// The review that it settles.
    pub review: Option<ReviewId>,
    /// Why, in the office's own words.
    pub reason: String,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// The network whose office, or whose message, made it.
    pub network: NetworkName,
    /// What kind.
    pub kind: ChangeKind,
    /// The review that it settled.
    pub review: Option<ReviewId>,
    /// When.
    pub at: Instant,
    /// Who: the word of audit leaves.
    pub by_actor: String,
    /// Why.
    pub reason: String,
    /// The change that this one undid.
    pub undoes: Option<ChangeId>,
    /// The change that undid this one.
    pub undone_by: Option<ChangeId>,
    /// The records that it moved, those on the permit's networks.
    pub moved: Vec<RecordId>,
}

/// What became of undoing a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Everybody is where they were before it.
    Done,
    /// No such change on the permit's networks, or one that is itself an undo: link again instead.
    Absent,
    /// A later change touched the same persons: that one has to be undone first.
    Later,
    /// It was undone before.
    Already,
}

/// Every change that touched a person whom the record ever belonged to, with what it moved.
const CHANGES: &str = "-- store.changes_of\nSELECT c.id, c.network, c.kind, c.review, c.at, c.by_actor, \
                       c.reason, c.undoes, c.undone_by, c.nth, m.record, r.network AS of_network \
                       FROM identity_change c JOIN link m ON m.change = c.id \
                       JOIN record r ON r.id = m.record \
                       WHERE c.id IN (SELECT t.change FROM link o JOIN link t ON t.person = o.person \
                                      WHERE o.record = $1 AND t.change IS NOT NULL \
                                      UNION SELECT t.ended_by FROM link o JOIN link t ON t.person = o.person \
                                      WHERE o.record = $1 AND t.ended_by IS NOT NULL) \
                       ORDER BY c.nth DESC, c.id DESC, m.record";

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[CHANGES];

impl Tx {
    /// Stores a change, or that it has a further effect. Numbered while its persons are held, so that of
    /// two changes that touch one person the later has the higher number.
    pub(crate) async fn change_put(
        &mut self,
        permit: &Permit,
        change: &NewChange,
        undoes: Option<ChangeId>,
    ) -> Result<(), StoreError> {
        let sql = "-- store.change_put\nINSERT INTO identity_change (id, network, kind, review, at, \
                   by_actor, reason, undoes, nth) \
                   SELECT $1, $2, $3, $4, $5, $6, $7, $8, coalesce(max(nth), 0) + 1 FROM identity_change \
                   WHERE true ON CONFLICT (id) DO UPDATE SET nth = excluded.nth \
                   WHERE identity_change.kind = excluded.kind AND identity_change.undoes IS NULL \
                   AND identity_change.undone_by IS NULL AND identity_change.network = excluded.network";
        let put = query(sql)
            .bind(change.id.to_string())
            .bind(change.network.to_string())
            .bind(change.kind.as_str())
            .bind(change.review.map(|id| id.to_string()))
            .bind(permit.at().0)
            .bind(permit.caller().actor())
            .bind(change.reason.clone())
            .bind(undoes.map(|id| id.to_string()));
        if self.execute(put).await? == 1 {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }
}

impl Tx {
    /// Whose links a change moved, and the network that made it, for the answer and the leaf of undoing
    /// it; `None` if there is no such change on the permit's networks.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn change_moved(
        &mut self,
        permit: &Permit,
        change: ChangeId,
    ) -> Result<Option<(NetworkName, Vec<RecordId>)>, StoreError> {
        identity_permit(permit, "identity_change")?;
        let sql = "-- store.change_moved\nSELECT c.network, m.record FROM identity_change c \
                   JOIN link m ON m.change = c.id WHERE c.id = $1 ORDER BY m.record";
        let mut moved: Option<(NetworkName, Vec<RecordId>)> = None;
        for row in self.all(query(sql).bind(change.to_string())).await? {
            let row = Reader::new("identity_change", &row);
            let network: NetworkName = row.parsed("network")?;
            if !permit.networks().contains(&network) {
                return Ok(None);
            }
            let (_, records) = moved.get_or_insert_with(|| (network, Vec::new()));
            records.push(row.parsed("record")?);
        }
        Ok(moved)
    }
}

impl Store {
    /// The changes on the permit's networks that touched a person of whom the record ever was, newest
    /// first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn changes_of(
        &self,
        permit: &Permit,
        record: RecordId,
    ) -> Result<Vec<Change>, StoreError> {
        identity_permit(permit, "identity_change")?;
        let mut changes: Vec<Change> = Vec::new();
        let rows = self.all(query(CHANGES).bind(record.to_string())).await?;
        for row in &rows {
            let row = Reader::new("identity_change", row);
            let change = change_of(&row)?;
            if !permit.networks().contains(&change.network) {
                continue;
            }
            let moved = permit.networks().contains(&row.parsed("of_network")?);
            let moved: Option<RecordId> = moved.then(|| row.parsed("record")).transpose()?;
            if changes.last().is_none_or(|last| last.id != change.id) {
                changes.push(change);
            }
            if let Some(last) = changes.last_mut() {
                last.moved.extend(moved);
            }
        }
        Ok(changes)
    }
}

/// The permit must be the office's, for the network that makes the change.
pub(crate) fn office(permit: &Permit, change: &NewChange) -> Result<(), StoreError> {
    identity_permit(permit, "identity_change")?;
    on_network(permit, &change.network, "identity_change")
}

fn change_of(row: &Reader<'_>) -> Result<Change, StoreError> {
    Ok(Change {
        id: row.parsed("id")?,
        network: row.parsed("network")?,
        kind: row.parsed("kind")?,
        review: row.parsed_or_null("review")?,
        at: row.instant("at")?,
        by_actor: row.text("by_actor")?,
        reason: row.text("reason")?,
        undoes: row.parsed_or_null("undoes")?,
        undone_by: row.parsed_or_null("undone_by")?,
        moved: Vec::new(),
    })
}
