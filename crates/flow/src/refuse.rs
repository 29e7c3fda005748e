//! What happens after a no: the denial goes into the audit log, and a refused message of an
//! authenticated sender into quarantine, so that nothing that reached us is ever only in a log.

use renkei_audit::Decision;
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RecordId, RequestId};
use renkei_model::lists::Purpose;
use renkei_model::message::Inbound;
use renkei_store::{NewQuarantine, StoreError, Urgency};

use crate::house::House;
use crate::judge::purpose;
use crate::outcome::outcome;
use crate::record::{Note, note, note_alone};
use crate::refusal::{Kind, Refusal};

/// A no whose leaf is durable, or one that could not be recorded and therefore only says "later".
#[derive(Debug)]
pub struct Refused {
    /// The no.
    pub refusal: Refusal,
    /// The request.
    pub request: RequestId,
}

/// Who asked what, for a leaf.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// What was asked.
    pub action: &'static str,
    /// Whom it was about, as far as we know: the leaf names that person also when the caller is told
    /// nothing.
    pub about: Option<(NetworkName, RecordId)>,
}

/// Refuses a request that carried no message.
pub async fn refuse(house: &House, asker: Asker, refusal: Refusal) -> Refused {
    let request = asker.request;
    let refusal = match written(house, asker, &refusal, (None, Vec::new())).await {
        Ok(()) => refusal,
        // A full disk is no reason of the reader's: "later" is all there is to say.
        Err(_) => unrecorded(&refusal, StoreError::Unavailable),
    };
    Refused { refusal, request }
}

/// Refuses a request that was about somebody, as far as the store could tell. Where it could not, nothing
/// can be recorded either.
pub async fn refuse_about(
    house: &House,
    asker: Asker,
    about: Result<Option<(NetworkName, RecordId)>, StoreError>,
    refusal: Refusal,
) -> Refused {
    match about {
        Ok(about) => refuse(house, Asker { about, ..asker }, refusal).await,
        Err(error) => Refused {
            refusal: error.into(),
            request: asker.request,
        },
    }
}

/// The same where it was about several people, who are all of one network.
pub async fn refuse_about_all(
    house: &House,
    asker: Asker,
    about: Result<Vec<(NetworkName, RecordId)>, StoreError>,
    refusal: Refusal,
) -> Refused {
    let request = asker.request;
    let mut about = match about {
        Ok(about) => about,
        Err(error) => {
            return Refused {
                refusal: error.into(),
                request,
            };
        }
    };
    let last = about.pop();
    let others = about.into_iter().map(|(_, record)| record).collect();
    let asker = Asker {
        about: last,
        ..asker
    };
    let refusal = match written(house, asker, &refusal, (None, others)).await {
        Ok(()) => refusal,
        Err(_) => unrecorded(&refusal, StoreError::Unavailable),
    };
    Refused { refusal, request }
}

/// Refuses a message.
///
/// `about`: the records that it turned out to be about, as far as it got.
pub async fn refuse_message(
    house: &House,
    inbound: &Inbound,
    refusal: Refusal,
    about: Vec<RecordId>,
) -> Refused {
    let asker = Asker {
        caller: inbound.caller.clone(),
        request: inbound.request,
        at: inbound.at,
        action: "message.receive",
        about: None,
    };
    let kept = Some(inbound).filter(|_| worth_keeping(refusal.kind()));
    let refusal = match written(house, asker, &refusal, (kept, about)).await {
        Ok(()) => refusal,
        Err(error) => unrecorded(&refusal, error),
    };
    Refused {
        refusal,
        request: inbound.request,
    }
}

/// What a door let in is kept, also when it has too many records; a body over the limit never gets
/// here. A message for a network that is not the sender's is not kept, and one that we could not take
/// comes again.
const fn worth_keeping(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Forbidden
            | Kind::Structure
            | Kind::Fields
            | Kind::Conflict
            | Kind::MediaType
            | Kind::Parameter
            | Kind::TooLarge
            | Kind::Bug
    )
}

/// No audit, no answer: the caller learns that it must come again, and not what would have been said.
fn unrecorded(refusal: &Refusal, error: StoreError) -> Refusal {
    tracing::error!(room = %refusal, "a denial could not be recorded");
    Refusal::Begin(match error {
        StoreError::Full => StoreError::Full,
        _ => StoreError::Unavailable,
    })
}

async fn written(
    house: &House,
    asker: Asker,
    refusal: &Refusal,
    (kept, mut records): (Option<&Inbound>, Vec<RecordId>),
) -> Result<(), StoreError> {
    if matches!(refusal.kind(), Kind::Busy | Kind::Full) {
        return Ok(());
    }
    let purpose = asked_for(&asker);
    let network = asker.about.map(|(network, record)| {
        records.push(record);
        network
    });
    let leaf = Note {
        purpose,
        caller: asker.caller,
        request: asker.request,
        at: asker.at,
        action: asker.action,
        network: kept.map(|inbound| inbound.network.clone()).or(network),
        records,
        shelves: Vec::new(),
        decision: Decision::Deny,
        rule: rule(refusal),
        bytes_out: 0,
        details: Vec::new(),
    };
    let Some(inbound) = kept else {
        return note_alone(house, leaf).await;
    };
    let body = house.store.blob_keep(&inbound.body).await?;
    let mut tx = house.store.begin("refuse", Urgency::Leaf).await?;
    tx.quarantine_put(&NewQuarantine {
        network: inbound.network.clone(),
        sender: inbound.caller.facility.clone(),
        received_at: inbound.at,
        body,
        reason: reason(refusal),
        answer: outcome(refusal).to_string(),
        request: inbound.request,
    })
    .await?;
    note(house, &mut tx, leaf).await?;
    tx.commit().await
}

/// Why somebody asked: at a door for crews, the emergency that it is there for.
fn asked_for(asker: &Asker) -> Purpose {
    if asker.action.starts_with("emergency.") {
        Purpose::Emergency
    } else {
        purpose(&asker.caller)
    }
}

/// The room, and the rule where it was one of the rights.
fn rule(refusal: &Refusal) -> String {
    match std::error::Error::source(refusal) {
        Some(cause) if refusal.kind() == Kind::Forbidden => format!("{refusal}: {cause}"),
        _ => refusal.to_string(),
    }
}

/// The room and the fields, without anything that was in them.
fn reason(refusal: &Refusal) -> String {
    let faults: Vec<String> = refusal
        .faults()
        .iter()
        .map(|fault| format!("{}: {}", fault.field, fault.rule))
        .collect();
    if faults.is_empty() {
        refusal.to_string()
    } else {
        format!("{refusal}: {}", faults.join("; "))
    }
}
