//! Room: which record each native record is about, and which earlier version of itself it replaces.

use renkei_identity::{Demography, Known, Resolution, resolve};
use renkei_model::clock::Instant;
use renkei_model::id::{RecordId, ResourceId};
use renkei_model::message::{Fault, FaultKind};
use renkei_profile::Message;
use renkei_store::{Origin, StoreError, Tx};
use renkei_wire::filemaker;
use sha2::{Digest, Sha256};

use crate::accept::Accepted;
use crate::map::{Mapped, MappedItem};

/// A message whose records are known.
pub struct Identified<'a> {
    /// The message.
    pub accepted: Accepted<'a>,
    /// The plan.
    pub plan: &'a Message,
    /// One item a native record.
    pub items: Vec<IdentifiedItem>,
}

/// One native record whose record is known.
pub struct IdentifiedItem {
    /// What was mapped.
    pub item: MappedItem,
    /// Hash of the native record without the accidents of its bytes.
    pub content_sha256: [u8; 32],
    /// The record that it is about.
    pub record: RecordId,
    /// Made just now, because nothing matched.
    pub fresh: bool,
    /// Identifiers pointed elsewhere too; the network's office should look.
    pub conflict: bool,
    /// What this sender sent before under the same native key.
    pub origin: Option<Origin>,
    /// The same version with the same content came before: nothing is to be done.
    pub unchanged: bool,
    /// The sender's Patient on this record, and its current version.
    pub patient: Option<(ResourceId, i64)>,
}

/// Why a record cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// A newer version is already here.
    #[error("a newer version is already here")]
    Stale(Fault),
    /// The same version with other content is already here.
    #[error("the same version with other content is already here")]
    Conflict(Fault),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

/// Identifies all records of a message.
///
/// # Errors
/// [`IdentifyError`].
pub async fn identify<'a>(
    tx: &mut Tx,
    mapped: Mapped<'a>,
) -> Result<Identified<'a>, IdentifyError> {
    let Mapped {
        accepted,
        plan,
        items,
    } = mapped;
    tx.identity_lock(&lock_keys(&accepted, plan, &items))
        .await?;
    let mut identified = Vec::with_capacity(items.len());
    for item in items {
        identified.push(one(tx, &accepted, plan, item).await?);
    }
    Ok(Identified {
        accepted,
        plan,
        items: identified,
    })
}

/// Everything that two messages about one human being could have in common, so that on PostgreSQL they
/// wait for each other instead of making two records.
fn lock_keys(accepted: &Accepted<'_>, plan: &Message, items: &[MappedItem]) -> Vec<String> {
    let network = accepted.network.name();
    let owner = &accepted.inbound.caller.facility;
    let mut keys: Vec<String> = items
        .iter()
        .flat_map(|item| {
            let origin = format!(
                "origin|{network}|{owner}|{}|{}",
                plan.kind(),
                item.record.key.text
            );
            let claims = item.mapped.roles.identifiers.iter();
            claims
                .map(move |claim| format!("identifier|{network}|{}|{}", claim.system, claim.value))
                .chain(std::iter::once(origin))
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

async fn one(
    tx: &mut Tx,
    accepted: &Accepted<'_>,
    plan: &Message,
    item: MappedItem,
) -> Result<IdentifiedItem, IdentifyError> {
    let network = accepted.network.name();
    let owner = &accepted.inbound.caller.facility;
    let content_sha256 =
        Sha256::digest(filemaker::encode(std::slice::from_ref(&item.record))).into();
    let origin = tx
        .origin_find(network, owner, plan.kind(), &item.mapped.native_key)
        .await?;
    let unchanged = match &origin {
        Some(origin) => compare(origin, &item, &content_sha256)?,
        None => false,
    };
    if let (true, Some(origin)) = (unchanged, &origin) {
        let record = origin.record;
        let patient = tx.patient_find(record, owner).await?;
        return Ok(IdentifiedItem {
            item,
            content_sha256,
            record,
            fresh: false,
            conflict: false,
            origin: Some(origin.clone()),
            unchanged,
            patient,
        });
    }
    let known = matches(tx, accepted, &item).await?;
    let (record, fresh, conflict) = match (resolve(&demography(&item), &known), &origin) {
        // What came before under this key stays on its record; that identifiers now say otherwise is
        // for the network's office to settle.
        (Resolution::Existing { record, conflict }, Some(origin)) => {
            (origin.record, false, conflict || record != origin.record)
        }
        (Resolution::New { conflict }, Some(origin)) => (origin.record, false, conflict),
        (Resolution::Existing { record, conflict }, None) => (record, false, conflict),
        (Resolution::New { conflict }, None) => (
            create(tx, accepted, &item, accepted.inbound.at).await?,
            true,
            conflict,
        ),
    };
    let patient = tx.patient_find(record, owner).await?;
    Ok(IdentifiedItem {
        item,
        content_sha256,
        record,
        fresh,
        conflict,
        origin,
        unchanged,
        patient,
    })
}

/// Equal version and content: unchanged. Older, or equal with other content: refused.
fn compare(
    origin: &Origin,
    item: &MappedItem,
    content_sha256: &[u8; 32],
) -> Result<bool, IdentifyError> {
    let fault = |rule: &str| Fault {
        field: item.record.version.field.clone(),
        rule: rule.to_owned(),
        span: Some(item.record.version.span),
        kind: FaultKind::Value,
    };
    match item.mapped.native_version.cmp(&origin.native_version) {
        std::cmp::Ordering::Greater => Ok(false),
        std::cmp::Ordering::Equal if *content_sha256 == origin.content_sha256 => Ok(true),
        std::cmp::Ordering::Equal => Err(IdentifyError::Conflict(fault(
            "同じ版で内容の異なるものを既に受け付けています / this version was accepted with other content",
        ))),
        std::cmp::Ordering::Less => Err(IdentifyError::Stale(fault(
            "より新しい版を既に受け付けています(古い版) / stale: a newer version was accepted",
        ))),
    }
}

async fn matches(
    tx: &mut Tx,
    accepted: &Accepted<'_>,
    item: &MappedItem,
) -> Result<Vec<Known>, IdentifyError> {
    let claims = &item.mapped.roles.identifiers;
    let pairs: Vec<(String, String)> = claims
        .iter()
        .map(|claim| (claim.system.clone(), claim.value.clone()))
        .collect();
    let found = tx.identifier_match(accepted.network.name(), &pairs).await?;
    Ok(found
        .into_iter()
        .map(|found| Known {
            rank: claims
                .iter()
                .find(|claim| claim.system == found.system && claim.value == found.value)
                .map_or(u8::MAX, |claim| claim.rank),
            record: found.record,
            kana: found.kana,
            birth_date: found.birth_date,
        })
        .collect())
}

fn demography(item: &MappedItem) -> Demography {
    let claimed = &item.mapped.demography;
    Demography {
        kana: claimed.kana.clone(),
        birth_date: claimed.birth_date.clone(),
    }
}

async fn create(
    tx: &mut Tx,
    accepted: &Accepted<'_>,
    item: &MappedItem,
    at: Instant,
) -> Result<RecordId, IdentifyError> {
    let demography = &item.mapped.demography;
    let kana = demography.kana.as_deref().map(renkei_identity::fold_kana);
    let network = accepted.network.name();
    Ok(tx
        .record_create(
            network,
            kana.as_deref(),
            demography.birth_date.as_deref(),
            at,
        )
        .await?)
}
