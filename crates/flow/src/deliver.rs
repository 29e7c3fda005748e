//! The corridor for what recipients say of their deliveries. Mailboxes only: a receipt ends a delivery.

use renkei_access::{Action, Decision};
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{DeliveryId, RequestId};
use renkei_model::lane::ReceiptOutcome;
use renkei_model::{Permit, Shelf};
use renkei_store::{Stand, StoreError, Urgency};
use serde_json::Value;

use crate::house::House;
use crate::judge::{judge, readable};
use crate::permit::{PermitError, permit_look};
use crate::record::{Recorded, of_permit, record_change};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse_about};
use crate::room;

/// A recipient's word that a delivery arrived.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Who says so.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// The delivery's id, still text.
    pub delivery: String,
    /// The request's body: `{"fencingToken": n}`.
    pub body: Vec<u8>,
}

/// Why a receipt changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// No such delivery in the caller's mailbox.
    #[error("not found")]
    Absent,
    /// The body is not a receipt.
    #[error("the body must be {{\"fencingToken\": number}} with the number of the offer")]
    Body,
    /// Another offer of the same lane is current.
    #[error("the fencing token is not the one of the present offer: read the inbox again")]
    Fenced,
    /// The caller reads the mailbox but may not answer for it.
    #[error("permit")]
    Permit(#[from] PermitError),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

const ACTION: &str = "inbox.receipt";

/// Takes a receipt. The same receipt again gives the same answer and changes nothing.
///
/// # Errors
/// [`Refused`].
pub async fn deliver(house: &House, delivered: Delivered) -> Result<Recorded<Vec<u8>>, Refused> {
    match walk(house, &delivered).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(unheard(house, delivered, refusal).await),
    }
}

/// A receipt that was refused is a leaf about the person whose sheet it was, whoever gave it.
async fn unheard(house: &House, delivered: Delivered, refusal: Refusal) -> Refused {
    let about = match delivered.delivery.parse() {
        Ok(id) => house.store.delivery_behind(id).await,
        Err(_) => Ok(None),
    };
    let asker = Asker {
        action: ACTION,
        caller: delivered.caller,
        request: delivered.request,
        at: delivered.at,
        about: None,
    };
    refuse_about(house, asker, about, refusal).await
}

async fn walk(house: &House, delivered: &Delivered) -> Result<Recorded<Vec<u8>>, Refusal> {
    let id: DeliveryId = delivered
        .delivery
        .parse()
        .map_err(|_| DeliverError::Absent)?;
    let token = token(&delivered.body).ok_or(DeliverError::Body)?;
    let permit = permit_look(house, &delivered.caller, delivered.request, delivered.at);
    let (shelf, rule) = seen(house, &permit, id).await?;
    let mut tx = house.store.begin("deliver", Urgency::Ordinary).await?;
    let actor = delivered.caller.actor();
    let written = room!(deliver => async tx.receipt_put(&permit, id, token, delivered.at, &actor));
    match written.map_err(DeliverError::Store)? {
        ReceiptOutcome::Delivered | ReceiptOutcome::Repeated => {
            let mut leaf = of_permit(&permit, ACTION, &rule);
            let answer = serde_json::json!({ "id": id.to_string(), "status": "delivered" });
            let answer = answer.to_string().into_bytes();
            leaf.bytes_out = answer.len() as u64;
            leaf.network = Some(shelf.network);
            leaf.records = vec![shelf.record];
            Ok(record_change(house, tx, answer, leaf).await?)
        }
        ReceiptOutcome::Fenced => Err(DeliverError::Fenced.into()),
        ReceiptOutcome::Absent => Err(DeliverError::Absent.into()),
    }
}

/// Only who may read a sheet and may send sheets back may say that it has arrived: nobody else takes it
/// out of the mailbox. The sheet's shelf, and the rule.
async fn seen(
    house: &House,
    permit: &Permit,
    id: DeliveryId,
) -> Result<(Shelf, String), DeliverError> {
    let (sheet, version) = house
        .store
        .delivery_sheet(permit, id)
        .await?
        .ok_or(DeliverError::Absent)?;
    let row = house
        .store
        .visible_read(permit, "Bundle", sheet, Some(version))
        .await?;
    let row = row.ok_or(DeliverError::Absent)?;
    let decisions = readable(house, permit, std::slice::from_ref(&row)).await?;
    if !decisions.iter().all(Decision::is_allow) {
        return Err(DeliverError::Absent);
    }
    // The row's own shelf comes first.
    let own = row.stands.iter().flatten().next();
    let Stand { shelf, relations } = own.ok_or(DeliverError::Absent)?;
    let asked = (permit.purpose(), Action::Send);
    let decision = judge(house, permit.caller(), shelf, relations, asked);
    let rule = decision.rule();
    if decision.is_allow() {
        Ok((row.shelf, rule))
    } else {
        Err(PermitError::Forbidden { rule }.into())
    }
}

fn token(body: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(body).ok()?;
    // Strictly first: no name twice.
    renkei_wire::json::parse(text, 0, 2).ok()?;
    let body: Value = serde_json::from_str(text).ok()?;
    let object = body.as_object()?;
    if object.len() != 1 {
        return None;
    }
    object.get("fencingToken")?.as_i64()
}
