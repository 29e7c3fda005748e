//! Room: the audit leaf, and the commit. Nothing leaves the house but what this room has recorded.

use renkei_audit::{Decision, Leaf};
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RecordId, RequestId};
use renkei_model::leaf::SealedLeaf;
use renkei_model::lists::Purpose;
use renkei_model::message::StoredAnswer;
use renkei_model::permit::Permit;
use renkei_model::shelf::Shelf;
use renkei_store::{StoreError, Tx};

use crate::accept::Accepted;
use crate::house::House;
use crate::judge::purpose;
use crate::route::{Receipt, Routed};

/// A value whose audit leaf is durable. There is no other way to make one, and doors answer with
/// nothing else.
#[derive(Debug)]
pub struct Recorded<T>(T);

impl<T> Recorded<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// The value in another form; still recorded.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Recorded<U> {
        Recorded(form(self.0))
    }
}

/// Why nothing could be recorded; then nothing is answered either.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The store refused the leaf or the commit.
    #[error("the audit leaf could not be committed")]
    Store(#[from] StoreError),
}

/// What a leaf says of a request, before it is sealed.
pub struct Note {
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// Why, from our own records.
    pub purpose: Purpose,
    /// What was asked: `message.receive`, `fhir.read` …
    pub action: &'static str,
    /// The network whose data it is about, if one.
    pub network: Option<NetworkName>,
    /// Whom it touched.
    pub records: Vec<RecordId>,
    /// Shelves and versions that were read or written.
    pub shelves: Vec<(Shelf, i64)>,
    /// The decision.
    pub decision: Decision,
    /// The rule that decided, in one word.
    pub rule: String,
    /// Bytes that will leave.
    pub bytes_out: u64,
    /// Details that are kept as salted digests.
    pub details: Vec<(String, String)>,
}

/// Seals a note into a leaf and puts it into the transaction.
///
/// # Errors
/// When the store refuses.
pub async fn note(house: &House, tx: &mut Tx, note: Note) -> Result<(), StoreError> {
    tx.leaf_put(sealed(house, note)).await
}

/// Seals a note into a leaf and makes it durable, together with others that wait.
///
/// # Errors
/// When the store refuses.
pub async fn note_alone(house: &House, note: Note) -> Result<(), StoreError> {
    house.store.leaf_commit(sealed(house, note)).await
}

fn sealed(house: &House, note: Note) -> SealedLeaf {
    let leaf = Leaf {
        at: note.at,
        network: note.network,
        caller: note.caller,
        records: note.records,
        shelves: note.shelves,
        purpose: note.purpose,
        action: note.action,
        decision: note.decision,
        rule: note.rule,
        policy: policy(house),
        request: note.request,
        bytes_out: note.bytes_out,
        details: note.details,
    };
    house.sealer.seal(&leaf)
}

fn policy(house: &House) -> String {
    use renkei_access::Decider as _;
    house.policy.policy().to_owned()
}

/// Records a message that was taken in, keeps its answer, and commits.
///
/// # Errors
/// [`RecordError`].
pub async fn record(
    house: &House,
    mut tx: Tx,
    routed: Routed<'_>,
) -> Result<Recorded<Receipt>, RecordError> {
    let Routed { stored, receipt } = routed;
    let accepted = &stored.shelved.accepted;
    let answer = StoredAnswer {
        message: accepted.message,
        body_sha256: accepted.body_sha256,
        answer: receipt.answer.clone(),
        records: stored
            .shelved
            .items
            .iter()
            .map(|item| item.known.record)
            .collect(),
    };
    tx.dedup_put(&accepted.dedup, &answer).await?;
    let items = &stored.shelved.items;
    let mut shelves = Vec::new();
    for item in items.iter().filter(|item| !item.known.unchanged) {
        shelves.extend(
            item.resources
                .iter()
                .map(|part| (part.shelf.clone(), part.version)),
        );
        shelves.push((item.sheet.shelf.clone(), item.sheet.version));
    }
    let mut leaf = of_message(accepted, "message.receive", &receipt.answer);
    leaf.records = answer.records;
    leaf.shelves = shelves;
    leaf.rule.clone_from(&stored.rule);
    note(house, &mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Recorded(receipt))
}

/// Records that an earlier answer is given again.
///
/// # Errors
/// [`RecordError`].
pub async fn record_repeat(
    house: &House,
    accepted: &Accepted<'_>,
    answer: StoredAnswer,
) -> Result<Recorded<Receipt>, RecordError> {
    let mut leaf = of_message(accepted, "message.repeat", &answer.answer);
    leaf.records.clone_from(&answer.records);
    note_alone(house, leaf).await?;
    Ok(Recorded(Receipt {
        answer: answer.answer,
        repeated: true,
    }))
}

fn of_message(accepted: &Accepted<'_>, action: &'static str, answer: &str) -> Note {
    Note {
        caller: accepted.inbound.caller.clone(),
        request: accepted.inbound.request,
        at: accepted.inbound.at,
        purpose: purpose(&accepted.inbound.caller),
        action,
        network: Some(accepted.inbound.network.clone()),
        records: Vec::new(),
        shelves: Vec::new(),
        decision: Decision::Allow,
        rule: "the answer given before".to_owned(),
        bytes_out: answer.len() as u64,
        details: Vec::new(),
    }
}

/// Records a read: the leaf is committed before the first byte leaves.
///
/// # Errors
/// [`RecordError`].
pub async fn record_look<T>(
    house: &House,
    sight: T,
    leaf: Note,
) -> Result<Recorded<T>, RecordError> {
    note_alone(house, leaf).await?;
    Ok(Recorded(sight))
}

/// Records a change that was made in a transaction of its own, and commits it.
///
/// # Errors
/// [`RecordError`].
pub async fn record_change<T>(
    house: &House,
    mut tx: Tx,
    change: T,
    leaf: Note,
) -> Result<Recorded<T>, RecordError> {
    note(house, &mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Recorded(change))
}

/// A note with nothing in it yet, for requests made under a permit.
#[must_use]
pub fn of_permit(permit: &Permit, action: &'static str, rule: &str) -> Note {
    Note {
        caller: permit.caller().clone(),
        request: permit.request(),
        at: permit.at(),
        purpose: permit.purpose(),
        action,
        network: None,
        records: Vec::new(),
        shelves: Vec::new(),
        decision: Decision::Allow,
        rule: rule.to_owned(),
        bytes_out: 0,
        details: Vec::new(),
    }
}
