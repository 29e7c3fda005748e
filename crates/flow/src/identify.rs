//! Room: which record each native record is about, and which earlier version of itself it replaces.

use renkei_identity::{Known, Resolution, agrees, resolve};
use renkei_model::Face;
use renkei_model::id::RecordId;
use renkei_model::message::{Fault, FaultKind};
use renkei_profile::Message;
use renkei_store::{Origin, StoreError, Tx};
use renkei_wire::filemaker;
use renkei_wire::tree::Record;
use sha2::{Digest, Sha256};

use crate::accept::Accepted;
use crate::kin::{Doubt, kin};
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
    /// Who it says that it is about.
    pub face: Face,
    /// Hash of the native record without the accidents of its bytes.
    pub content_sha256: [u8; 32],
    /// The record that it is about.
    pub record: RecordId,
    /// Made just now, because nothing matched.
    pub fresh: bool,
    /// Records that are the same human being beyond doubt, and are not linked yet.
    pub same: Vec<RecordId>,
    /// Records that may be the same human being, or that an identifier wrongly leads to: the network's
    /// office should look.
    pub doubts: Vec<Doubt>,
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
/// wait for each other instead of making two records that do not know of each other.
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
            let born = item.mapped.demography.birth_date.iter();
            let born = born.map(move |date| format!("born|{network}|{date}"));
            let claims = item.mapped.roles.identifiers.iter();
            claims
                .map(move |claim| format!("identifier|{network}|{}|{}", claim.system, claim.value))
                .chain(std::iter::once(origin))
                .chain(born)
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
    let content_sha256 = content(&item.record);
    let face = face(&item);
    let origin = tx
        .origin_find(network, owner, plan.kind(), &item.mapped.native_key)
        .await?;
    if let Some(origin) = &origin
        && compare(origin, &item, &face, &content_sha256)?
    {
        return Ok(unchanged(item, face, content_sha256, origin.clone()));
    }
    let matches = matches(tx, accepted, &item, before).await?;
    let known: Vec<Known> = matches.iter().map(|found| found.known.clone()).collect();
    let (found, mut doubtful) = match resolve(&face, &known) {
        Resolution::Existing { record, doubts } => (Some(record), doubts),
        Resolution::New { doubts } => (None, doubts),
    };
    // What came before under this key stays on its record; that identifiers now say otherwise is for
    // the network's office to settle.
    let record = match (&origin, found) {
        (Some(origin), Some(found)) if found != origin.record => {
            doubtful.push(found);
            Some(origin.record)
        }
        (Some(origin), _) => Some(origin.record),
        (None, found) => found,
    };
    let fresh = record.is_none();
    let record = match record {
        Some(record) => record,
        None => create(tx, accepted, &face).await?,
    };
    let mut doubts: Vec<Doubt> = doubtful
        .into_iter()
        .filter(|other| *other != record)
        .map(|other| doubt_of_number(&face, other, &known))
        .collect();
    let kin = kin(tx, network, (record, &face), before).await?;
    doubts.extend(kin.doubts);
    let claims = free(&item, &face, &matches, record);
    Ok(IdentifiedItem {
        item,
        face,
        content_sha256,
        record,
        fresh,
        same: kin.same,
        doubts,
        origin,
        unchanged: false,
        claims,
    })
}

/// The same version with the same content: nothing is to be done.
const fn unchanged(
    item: MappedItem,
    face: Face,
    content_sha256: [u8; 32],
    origin: Origin,
) -> IdentifiedItem {
    IdentifiedItem {
        item,
        face,
        content_sha256,
        record: origin.record,
        fresh: false,
        same: Vec::new(),
        doubts: Vec::new(),
        origin: Some(origin),
        unchanged: true,
        claims: Vec::new(),
    }
}

/// Hash of a native record, the same for the same values however its bytes were laid out.
fn content(record: &Record) -> [u8; 32] {
    Sha256::digest(filemaker::canonical(record)).into()
}

/// Who a native record says that it is about: the face of its Patient.
fn face(item: &MappedItem) -> Face {
    let patient = item
        .mapped
        .resources
        .iter()
        .find(|resource| resource.resource_type == "Patient");
    patient.map_or_else(Face::default, |patient| {
        renkei_fhir::face::face(&patient.json)
    })
}

fn doubt_of_number(face: &Face, other: RecordId, known: &[Known]) -> Doubt {
    let holder = known.iter().find(|one| one.record == other);
    let score = holder.map(|holder| renkei_identity::compare(face, &holder.face).1);
    Doubt::new(other, score, "identifier")
}

/// Equal version and content: unchanged. Older, or equal with other content: refused.
fn compare(
    origin: &Origin,
    item: &MappedItem,
    face: &Face,
    content_sha256: &[u8; 32],
) -> Result<bool, IdentifyError> {
    let before = Face {
        kana: origin.kana.clone(),
        birth_date: origin.birth_date.clone(),
        ..Face::default()
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
        std::cmp::Ordering::Greater if !agrees(face, &before) => Err(IdentifyError::Conflict {
            fault: somebody_else(item),
            record,
        }),
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
        let known = Known {
            record: found.record,
            rank,
            face: found.face,
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
            let known = Known {
                record: earlier.record,
                rank,
                face: earlier.face.clone(),
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
fn free(
    item: &MappedItem,
    face: &Face,
    matches: &[Match],
    record: RecordId,
) -> Vec<(String, String, u8)> {
    let elsewhere = |system: &str, value: &str| {
        matches.iter().any(|found| {
            found.system == system
                && found.value == value
                && found.known.record != record
                && agrees(face, &found.known.face)
        })
    };
    let claims = item.mapped.roles.identifiers.iter();
    claims
        .filter(|claim| !elsewhere(&claim.system, &claim.value))
        .map(|claim| (claim.system.clone(), claim.value.clone(), claim.rank))
        .collect()
}

async fn create(
    tx: &mut Tx,
    accepted: &Accepted<'_>,
    face: &Face,
) -> Result<RecordId, IdentifyError> {
    let kana = face.kana.as_deref().map(renkei_identity::fold_kana);
    Ok(tx
        .record_create(
            accepted.network.name(),
            kana.as_deref(),
            face.birth_date.as_deref(),
            accepted.inbound.at,
        )
        .await?)
}
