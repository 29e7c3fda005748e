//! Room: which record each native record is about, and which earlier version of itself it replaces.

use renkei_identity::{Demography, Known, Resolution, agrees, resolve};
use renkei_model::clock::Instant;
use renkei_model::id::RecordId;
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
    /// Identifiers that are the record's from now on.
    pub claims: Vec<(String, String, u8)>,
}

/// Why a record cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// A newer version is already here.
    #[error("a newer version is already here")]
    Stale {
        /// The version's field.
        fault: Fault,
        /// Whom it was about, for the leaf.
        record: RecordId,
    },
    /// The same version with other content, or the same key for another person, is already here.
    #[error("something else is already here under this key")]
    Conflict {
        /// The version's or the key's field.
        fault: Fault,
        /// Whom it was about, for the leaf.
        record: RecordId,
    },
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

impl IdentifyError {
    /// Whom the refused record was about, if that is known.
    #[must_use]
    pub const fn record(&self) -> Option<RecordId> {
        match self {
            Self::Stale { record, .. } | Self::Conflict { record, .. } => Some(*record),
            Self::Store(_) => None,
        }
    }
}

/// Identifies all records of a message. Later ones are compared with earlier ones too: two slips about
/// one new resident make one record.
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
    let mut identified: Vec<IdentifiedItem> = Vec::with_capacity(items.len());
    for item in items {
        let found = one(tx, &accepted, plan, item, &identified).await?;
        identified.push(found);
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
    before: &[IdentifiedItem],
) -> Result<IdentifiedItem, IdentifyError> {
    let network = accepted.network.name();
    let owner = &accepted.inbound.caller.facility;
    let content_sha256 =
        Sha256::digest(filemaker::encode(std::slice::from_ref(&item.record))).into();
    let origin = tx
        .origin_find(network, owner, plan.kind(), &item.mapped.native_key)
        .await?;
    if let Some(origin) = &origin
        && compare(origin, &item, &content_sha256)?
    {
        return Ok(IdentifiedItem {
            item,
            content_sha256,
            record: origin.record,
            fresh: false,
            conflict: false,
            origin: Some(origin.clone()),
            unchanged: true,
            claims: Vec::new(),
        });
    }
    let matches = matches(tx, accepted, &item, before).await?;
    let known: Vec<Known> = matches.iter().map(|found| found.known.clone()).collect();
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
    let claims = free(&item, &matches, record);
    let unchanged = false;
    Ok(IdentifiedItem {
        item,
        content_sha256,
        record,
        fresh,
        conflict,
        origin,
        unchanged,
        claims,
    })
}

/// Equal version and content: unchanged. Older, or equal with other content: refused.
fn compare(
    origin: &Origin,
    item: &MappedItem,
    content_sha256: &[u8; 32],
) -> Result<bool, IdentifyError> {
    let before = Demography {
        kana: origin.kana.clone(),
        birth_date: origin.birth_date.clone(),
    };
    let record = origin.record;
    let fault = |rule: &str| Fault {
        field: item.record.version.field.clone(),
        rule: rule.to_owned(),
        span: Some(item.record.version.span),
        kind: FaultKind::Value,
    };
    match item.mapped.native_version.cmp(&origin.native_version) {
        // Compared with the sender's own earlier words only: what others know does not show.
        std::cmp::Ordering::Greater if !agrees(&demography(item), &before) => {
            Err(IdentifyError::Conflict {
                fault: somebody_else(item),
                record,
            })
        }
        std::cmp::Ordering::Greater => Ok(false),
        std::cmp::Ordering::Equal if *content_sha256 == origin.content_sha256 => Ok(true),
        std::cmp::Ordering::Equal => Err(IdentifyError::Conflict {
            fault: fault(
                "同じ版で内容の異なるものを既に受け付けています / this version was accepted with other content",
            ),
            record,
        }),
        std::cmp::Ordering::Less => Err(IdentifyError::Stale {
            fault: fault(
                "より新しい版を既に受け付けています(古い版) / stale: a newer version was accepted",
            ),
            record,
        }),
    }
}

fn somebody_else(item: &MappedItem) -> Fault {
    Fault {
        field: item.record.key.field.clone(),
        rule: "この番号は別の方のレコードに使われています / this number was used for another person's record"
            .to_owned(),
        span: Some(item.record.key.span),
        kind: FaultKind::Value,
    }
}

/// An identifier of a message that a record has.
struct Match {
    system: String,
    value: String,
    known: Known,
}

async fn matches(
    tx: &mut Tx,
    accepted: &Accepted<'_>,
    item: &MappedItem,
    before: &[IdentifiedItem],
) -> Result<Vec<Match>, IdentifyError> {
    let claims = &item.mapped.roles.identifiers;
    let pairs: Vec<(String, String)> = claims
        .iter()
        .map(|claim| (claim.system.clone(), claim.value.clone()))
        .collect();
    let rank = |system: &str, value: &str| {
        let claim = claims
            .iter()
            .find(|claim| claim.system == system && claim.value == value);
        claim.map(|claim| claim.rank)
    };
    let mut matches = Vec::new();
    for found in tx.identifier_match(accepted.network.name(), &pairs).await? {
        let rank = rank(&found.system, &found.value).unwrap_or(u8::MAX);
        let (record, kana, birth_date) = (found.record, found.kana, found.birth_date);
        let known = Known {
            record,
            rank,
            kana,
            birth_date,
        };
        matches.push(Match {
            system: found.system,
            value: found.value,
            known,
        });
    }
    for earlier in before {
        for (system, value, _) in &earlier.claims {
            let Some(rank) = rank(system, value) else {
                continue;
            };
            let Demography { kana, birth_date } = demography(&earlier.item);
            let known = Known {
                record: earlier.record,
                rank,
                kana,
                birth_date,
            };
            matches.push(Match {
                system: system.clone(),
                value: value.clone(),
                known,
            });
        }
    }
    Ok(matches)
}

/// The identifiers of an item that no other record of the same human being has. One that a record of
/// somebody plainly else has is claimed all the same: a wrong number must not keep the right one out.
fn free(item: &MappedItem, matches: &[Match], record: RecordId) -> Vec<(String, String, u8)> {
    let who = demography(item);
    let elsewhere = |system: &str, value: &str| {
        matches.iter().any(|found| {
            let Known {
                record: holder,
                kana,
                birth_date,
                ..
            } = found.known.clone();
            found.system == system
                && found.value == value
                && holder != record
                && agrees(&who, &Demography { kana, birth_date })
        })
    };
    let claims = item.mapped.roles.identifiers.iter();
    claims
        .filter(|claim| !elsewhere(&claim.system, &claim.value))
        .map(|claim| (claim.system.clone(), claim.value.clone(), claim.rank))
        .collect()
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
