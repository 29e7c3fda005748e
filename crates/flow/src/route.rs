//! Room: who must get it. Deliveries are rows of the same transaction; nothing is sent from here.

use renkei_model::Relation;
use renkei_model::id::{DeliveryId, FacilityCode};
use renkei_model::lane::NewDelivery;
use renkei_model::message::{Fault, FaultKind};
use renkei_profile::Named;
use renkei_store::{NewRelation, StoreError, Tx};
use serde_json::{Value, json};

use crate::shelve::ShelvedItem;
use crate::store::Stored;

/// A message that lies in its lanes.
pub struct Routed<'a> {
    /// What was stored.
    pub stored: Stored<'a>,
    /// What the sender will be told.
    pub receipt: Receipt,
}

/// What the sender is told, once it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// JSON text; the same bytes whenever the same message comes again.
    pub answer: String,
    /// Given before: nothing happened this time.
    pub repeated: bool,
}

/// Why it cannot go anywhere.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The destination that the sender named cannot be reached.
    #[error("the destination cannot be reached")]
    Faults(Vec<Fault>),
    /// The store refused.
    #[error("the store refused")]
    Store(#[from] StoreError),
}

/// Puts a message into its lanes.
///
/// # Errors
/// [`RouteError`].
pub async fn route<'a>(tx: &mut Tx, stored: Stored<'a>) -> Result<Routed<'a>, RouteError> {
    let mut destinations = Vec::with_capacity(stored.shelved.items.len());
    let mut faults = Vec::new();
    for item in &stored.shelved.items {
        match destination(tx, &stored, item).await? {
            Ok(destination) => destinations.push(destination),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(RouteError::Faults(faults));
    }
    let pairs = stored.shelved.items.iter().zip(&destinations);
    for (item, destination) in pairs.filter(|(item, _)| !item.known.unchanged) {
        if let Some(destination) = destination {
            deliver(tx, &stored, item, destination).await?;
        }
    }
    let receipt = Receipt {
        answer: answer(&stored),
        repeated: false,
    };
    Ok(Routed { stored, receipt })
}

/// The facility that a sheet names, if the network knows it and it has a mailbox.
async fn destination(
    tx: &mut Tx,
    stored: &Stored<'_>,
    item: &ShelvedItem,
) -> Result<Result<Option<FacilityCode>, Fault>, StoreError> {
    let Some(named) = &item.known.item.mapped.roles.destination else {
        return Ok(Ok(None));
    };
    let Ok(code) = named.code.parse::<FacilityCode>() else {
        return Ok(Err(unknown(named)));
    };
    let network = &stored.shelved.accepted.inbound.network;
    let known = tx
        .facility_find(network, &code)
        .await?
        .is_some_and(|facility| facility.mailbox);
    Ok(if known {
        Ok(Some(code))
    } else {
        Err(unknown(named))
    })
}

fn unknown(named: &Named) -> Fault {
    Fault {
        field: named.field.clone(),
        rule: "このネットワークで受け取れる医療機関ではありません / no facility of this network that takes sheets"
            .to_owned(),
        span: Some(named.span),
        kind: FaultKind::Value,
    }
}

async fn deliver(
    tx: &mut Tx,
    stored: &Stored<'_>,
    item: &ShelvedItem,
    destination: &FacilityCode,
) -> Result<(), StoreError> {
    let shelf = &item.sheet.shelf;
    let message = stored.shelved.accepted.message;
    let at = stored.permit.at();
    // The recipient may see what this sender wrote, and no more: naming a hospital opens nothing that
    // others have written.
    tx.relation_put(
        &stored.permit,
        &NewRelation {
            network: shelf.network.clone(),
            record: shelf.record,
            facility: destination.clone(),
            staff: None,
            kind: Relation::Exchange,
            owner_limit: Some(shelf.owner.clone()),
            since: at,
            until: None,
            source: message,
        },
    )
    .await?;
    tx.delivery_put(
        &stored.permit,
        &NewDelivery {
            id: DeliveryId::new(),
            network: shelf.network.clone(),
            destination: destination.clone(),
            record: shelf.record,
            message,
            sheet: item.sheet.id,
            version: item.sheet.version,
            due_at: at,
        },
    )
    .await?;
    Ok(())
}

/// Tells the sender of its own resources and of nothing else: whether the record was known before, by
/// whom, and who else wrote on it does not show.
fn answer(stored: &Stored<'_>) -> String {
    let records: Vec<Value> = stored.shelved.items.iter().map(line).collect();
    let message = stored.shelved.accepted.message.to_string();
    json!({ "status": "accepted", "message": message, "records": records }).to_string()
}

fn line(item: &ShelvedItem) -> Value {
    let known = &item.known;
    let loss: Vec<Value> = known
        .item
        .mapped
        .loss
        .iter()
        .map(|loss| json!({ "field": loss.field, "why": loss.why }))
        .collect();
    let version = |version: i64| {
        if known.unchanged {
            version - 1
        } else {
            version
        }
    };
    let references: Vec<String> = item
        .resources
        .iter()
        .map(|part| {
            format!(
                "{}/{}/_history/{}",
                part.resource_type,
                part.id,
                version(part.version)
            )
        })
        .collect();
    json!({
        "index": known.item.record.index,
        "recordId": known.item.record.key.text,
        "modId": known.item.record.version.text,
        "outcome": if known.unchanged { "unchanged" } else { "stored" },
        "sheet": item.sheet.id.to_string(),
        "version": version(item.sheet.version),
        "references": references,
        "loss": loss,
    })
}
