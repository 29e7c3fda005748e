//! The corridor for what comes in. Read this first.

use renkei_model::id::RecordId;
use renkei_model::message::Inbound;
use renkei_store::Urgency;

use crate::accept::accept;
use crate::decode::decode;
use crate::desk::at_desk;
use crate::draft::{DraftError, draft};
use crate::house::House;
use crate::identify::{foresee, identify};
use crate::map::map;
use crate::permit::{permit, permit_knock};
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
    let mut about = Vec::new();
    // On the heap: it is large, and on its way through the doors it would be moved again and again.
    match Box::pin(walk(house, &inbound, &mut about)).await {
        Ok(receipt) => Ok(receipt),
        Err(refusal) => Err(refuse_message(house, &inbound, refusal, about).await),
    }
}

/// `about`: whom the message turned out to be about, for the leaf of a refusal.
async fn walk(
    house: &House,
    inbound: &Inbound,
    about: &mut Vec<RecordId>,
) -> Result<Recorded<Receipt>, Refusal> {
    let accepted = room!(accept => accept(house, inbound))?;
    room!(permit => permit_knock(house, &accepted))?;
    if let Recall::Known(answer) = room!(recall => async recall(house, &accepted))? {
        return Ok(record_repeat(house, &accepted, answer).await?);
    }
    let decoded = room!(decode => decode(accepted, &house.limits))?;
    let origins = decoded.origins(house).await.map_err(DraftError::Store)?;
    let drafted = at_desk(|| {
        let mapped = room!(map => map(decoded))?;
        Ok::<_, Refusal>(room!(draft => draft(mapped, origins))?)
    })
    .await?;
    let body = house.store.blob_keep(&inbound.body).await?;

    let mut tx = house.store.begin("receive", Urgency::Ordinary).await?;
    foresee(&mut tx, &drafted).await?;
    if let Recall::Known(answer) = recall_inside(&mut tx, &drafted.accepted).await? {
        tx.rollback().await;
        return Ok(record_repeat(house, &drafted.accepted, answer).await?);
    }
    let identified = room!(identify => async identify(&mut tx, drafted))
        .inspect_err(|error| about.extend(error.record()))?;
    about.extend(
        identified
            .items
            .iter()
            .filter(|item| !item.fresh)
            .map(|item| item.record),
    );
    let shelved = room!(shelve => shelve(identified))?;
    let permitted = room!(permit => async permit(house, &mut tx, shelved))?;
    let stored = room!(store => async store(&mut tx, permitted, body))?;
    let routed = room!(route => async route(&mut tx, stored))?;
    Ok(room!(record => async record(house, tx, routed))?)
}
