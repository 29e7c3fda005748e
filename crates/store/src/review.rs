//! Reviews: pairs of records that may be one human being, for the network's office to decide.

use std::fmt;
use std::str::FromStr;

use renkei_model::id::{ChangeId, IdError, MessageId, NetworkName, RecordId, ReviewId};
use renkei_model::permit::Allows;
use renkei_model::{Instant, Permit};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::fault::StoreError;
use crate::permit::{identity_permit, on_network, write_permit};
use crate::sql::{Reader, Sql, query};
use crate::store::Store;
use crate::tx::Tx;

/// What is decided of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// Nothing yet.
    Open,
    /// Somebody looked and wants to look again.
    Later,
    /// They are one human being.
    Same,
    /// They are two.
    Different,
}

impl ReviewState {
    const ALL: [Self; 4] = [Self::Open, Self::Later, Self::Same, Self::Different];

    /// The word in the database, in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Later => "later",
            Self::Same => "same",
            Self::Different => "different",
        }
    }
}

impl fmt::Display for ReviewState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ReviewState {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or(IdError {
            kind: "state of a review",
        })
    }
}

/// A doubt to be decided by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReview {
    /// The network of both records.
    pub network: NetworkName,
    /// One record.
    pub record: RecordId,
    /// The other one; none where a message contradicts the very record that it went into.
    pub other: Option<RecordId>,
    /// How much speaks for one human being, as `docs/identity.md` counts.
    pub score: i64,
    /// JSON: what agrees and what differs, in words of a list; never a stored value.
    pub grounds: String,
    /// The message that raised it.
    pub message: Option<MessageId>,
}

/// A doubt and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// The network of both records.
    pub network: NetworkName,
    /// The record with the lower id.
    pub record: RecordId,
    /// The other one.
    pub other: Option<RecordId>,
    /// How much speaks for one human being.
    pub score: i64,
    /// JSON: what agrees and what differs.
    pub grounds: String,
    /// The message that raised it.
    pub message: Option<MessageId>,
    /// What is decided.
    pub state: ReviewState,
    /// Since when it waits.
    pub raised_at: Instant,
    /// When it was decided.
    pub decided_at: Option<Instant>,
    /// By whom: the word of audit leaves.
    pub decided_by: Option<String>,
    /// Why, in the office's own words.
    pub reason: Option<String>,
    /// The change of links that it led to.
    pub change: Option<ChangeId>,
}

/// What the office decides. Who and when are the permit's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub state: ReviewState,
    /// Why, in the office's own words.
    pub reason: String,
    /// The change of links that it led to, stored before.
    pub change: Option<ChangeId>,
}

const COLUMNS_OF: &str = "-- store.review_find\nSELECT * FROM identity_review WHERE id = $1";

/// A pair has one row. What is in doubt with itself only has one that waits.
const PUT: &str = "-- store.review_put\nINSERT INTO identity_review (id, network, record, other, score, \
           grounds, message, state, raised_at) SELECT $1, $2, $3, $4, $5, $6, $7, 'open', $8 \
           WHERE NOT EXISTS (SELECT 1 FROM link a JOIN link b ON b.person = a.person \
           AND b.until IS NULL WHERE a.until IS NULL AND a.record = $3 AND b.record = $4) \
           AND ($4 IS NOT NULL OR NOT EXISTS (SELECT 1 FROM identity_review v \
           WHERE v.record = $3 AND v.other IS NULL AND v.state IN ('open', 'later'))) \
           ON CONFLICT (record, other) WHERE other IS NOT NULL DO UPDATE SET state = 'open', \
           score = excluded.score, grounds = excluded.grounds, message = excluded.message, \
           raised_at = excluded.raised_at, decided_at = NULL, decided_by = NULL, reason = NULL \
           WHERE identity_review.state = 'later'";

const QUEUE: Sql = Sql {
    sqlite: "-- store.reviews\nSELECT v.* FROM identity_review v \
             WHERE v.network IN (SELECT value FROM json_each($1)) \
             AND v.state IN (SELECT value FROM json_each($2)) \
             AND (v.raised_at > $3 OR (v.raised_at = $3 AND v.id > $4)) \
             ORDER BY v.raised_at, v.id LIMIT ($5 + 0)",
    postgres: "-- store.reviews\nSELECT v.* FROM identity_review v \
               WHERE v.network IN (SELECT json_array_elements_text($1::json)) \
               AND v.state IN (SELECT json_array_elements_text($2::json)) \
               AND (v.raised_at > $3 OR (v.raised_at = $3 AND v.id > $4)) \
               ORDER BY v.raised_at, v.id LIMIT ($5 + 0)",
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[PUT, QUEUE.sqlite];

impl Tx {
    /// Raises a doubt. `false`: the pair is open or decided already, or both are one person by now. A
    /// pair that was put off is open again: there is new evidence.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn review_put(
        &mut self,
        permit: &Permit,
        review: &NewReview,
    ) -> Result<bool, StoreError> {
        match permit.allows() {
            Allows::Identity => on_network(permit, &review.network, "identity_review")?,
            _ => write_permit(permit, &review.network, "identity_review")?,
        }
        let record = review.record.to_string();
        let (first, second) = match review.other {
            Some(other) if other == review.record => return Ok(false),
            Some(other) => (
                review.record.min(other).to_string(),
                Some(review.record.max(other).to_string()),
            ),
            None => (record, None),
        };
        if second.is_none() {
            self.hold("review", &[&first]).await?;
        }
        let put = query(PUT)
            .bind(ReviewId::new().to_string())
            .bind(review.network.to_string())
            .bind(first)
            .bind(second)
            .bind(review.score)
            .bind(review.grounds.clone())
            .bind(review.message.map(|id| id.to_string()))
            .bind(permit.at().0);
        Ok(self.execute(put).await? == 1)
    }

    /// A review on the permit's networks, held until the transaction ends: of two who decide it at once
    /// the second finds what the first decided.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn review_find(
        &mut self,
        permit: &Permit,
        id: ReviewId,
    ) -> Result<Option<Review>, StoreError> {
        identity_permit(permit, "identity_review")?;
        self.hold("review", &[&id.to_string()]).await?;
        let Some(row) = self.find(query(COLUMNS_OF).bind(id.to_string())).await? else {
            return Ok(None);
        };
        let review = review_of(&row)?;
        Ok(Some(review).filter(|review| permit.networks().contains(&review.network)))
    }

    /// Settles a review, or puts it off. `false`: there is none on the permit's networks, or it was
    /// settled before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn review_decide(
        &mut self,
        permit: &Permit,
        id: ReviewId,
        decision: &Decision,
    ) -> Result<bool, StoreError> {
        if self.review_find(permit, id).await?.is_none() {
            return Ok(false);
        }
        let sql = "-- store.review_decide\nUPDATE identity_review SET state = $1, decided_at = $2, \
                   decided_by = $3, reason = $4, change = $5 WHERE id = $6 AND state IN ('open', 'later')";
        let decide = query(sql)
            .bind(decision.state.as_str())
            .bind(permit.at().0)
            .bind(permit.caller().actor())
            .bind(decision.reason.clone())
            .bind(decision.change.map(|id| id.to_string()))
            .bind(id.to_string());
        Ok(self.execute(decide).await? == 1)
    }

    /// Opens the review again that led to a change which is undone now.
    pub(crate) async fn review_reopen(&mut self, undone: ChangeId) -> Result<(), StoreError> {
        let sql = "-- store.review_reopen\nUPDATE identity_review SET state = 'open', change = NULL, \
                   decided_at = NULL, decided_by = NULL, reason = NULL WHERE change = $1 \
                   AND id = (SELECT review FROM identity_change WHERE id = $1)";
        self.execute(query(sql).bind(undone.to_string()))
            .await
            .map(drop)
    }
}

impl Store {
    /// Reviews in these states on the permit's networks, those that wait longest first; after the one
    /// that was raised at this instant and has this id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reviews(
        &self,
        permit: &Permit,
        states: &[ReviewState],
        after: Option<(Instant, ReviewId)>,
        limit: usize,
    ) -> Result<Vec<Review>, StoreError> {
        identity_permit(permit, "identity_review")?;
        let networks: Vec<&str> = permit.networks().iter().map(NetworkName::as_str).collect();
        let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        let (at, id) = match after {
            Some((at, id)) => (at.0, id.to_string()),
            None => (i64::MIN, String::new()),
        };
        let query = query(QUEUE.of(self.dialect()))
            .bind(json!(networks).to_string())
            .bind(json!(states).to_string())
            .bind(at)
            .bind(id)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        self.all(query).await?.iter().map(review_of).collect()
    }
}

fn review_of(row: &AnyRow) -> Result<Review, StoreError> {
    let row = Reader::new("identity_review", row);
    Ok(Review {
        id: row.parsed("id")?,
        network: row.parsed("network")?,
        record: row.parsed("record")?,
        other: row.parsed_or_null("other")?,
        score: row.number("score")?,
        grounds: row.text("grounds")?,
        message: row.parsed_or_null("message")?,
        state: row.parsed("state")?,
        raised_at: row.instant("raised_at")?,
        decided_at: row.instant_or_null("decided_at")?,
        decided_by: row.text_or_null("decided_by")?,
        reason: row.text_or_null("reason")?,
        change: row.parsed_or_null("change")?,
    })
}
