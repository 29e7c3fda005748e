//! The corridor for what comes in. Read this first.

use renkei_model::message::Inbound;
use renkei_store::Urgency;

use crate::accept::accept;
use crate::decode::decode;
use crate::house::House;
use crate::identify::identify;
use crate::map::map;
use crate::permit::permit;
use crate::recall::{Recall, recall, recall_inside};
use crate::record::{Recorded, record, record_repeat};
use crate::refusal::Refusal;
use crate::refuse::{Refused, refuse_message};
use crate::room;
use crate::route::{Receipt, route};
use crate::shelve::shelve;
use crate::store::store;

/// Takes a message in: all of it durable, or none of it.
///
/// # Errors
/// [`Refused`]: nothing of the message was stored but, for an authenticated sender, a quarantine row;
/// the denial is in the audit log.
pub async fn receive(house: &House, inbound: Inbound) -> Result<Recorded<Receipt>, Refused> {
    match walk(house, &inbound).await {
        Ok(receipt) => Ok(receipt),
        Err(refusal) => Err(refuse_message(house, &inbound, refusal).await),
    }
}

async fn walk(house: &House, inbound: &Inbound) -> Result<Recorded<Receipt>, Refusal> {
    let accepted = room!(accept => accept(house, inbound))?;
    if let Recall::Known(answer) = room!(recall => async recall(house, &accepted))? {
        return Ok(record_repeat(house, &accepted, answer).await?);
    }
    let decoded = room!(decode => decode(accepted, &house.limits))?;
    let mapped = room!(map => map(decoded))?;
    let body = house.store.blob_keep(&inbound.body).await?;

    let mut tx = house.store.begin("receive", Urgency::Ordinary).await?;
    if let Recall::Known(answer) = recall_inside(&mut tx, &mapped.accepted).await? {
        tx.rollback().await;
        return Ok(record_repeat(house, &mapped.accepted, answer).await?);
    }
    let identified = room!(identify => async identify(&mut tx, mapped))?;
    let shelved = room!(shelve => shelve(identified))?;
    let permitted = room!(permit => async permit(house, &mut tx, shelved))?;
    let stored = room!(store => async store(&mut tx, permitted, body))?;
    let routed = room!(route => async route(&mut tx, stored))?;
    Ok(room!(record => async record(house, tx, routed))?)
}
