//! Room: which record each native record is about, and which earlier version of itself it replaces.

use renkei_identity::{Known, Resolution, agrees, resolve};
use renkei_model::Face;
use renkei_model::id::{FacilityCode, RecordId};
use renkei_model::message::{Fault, FaultKind};
use renkei_profile::Message;
use renkei_store::{Asked, Near, Origin, Question, StoreError, Tx};

use crate::accept::Accepted;
use crate::draft::{Drafted, DraftedItem};
use crate::kin::{CANDIDATES, Doubt, kin};
use crate::map::MappedItem;
use crate::writing::Writing;

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
    /// What was mapped; its resources are used up.
    pub item: MappedItem,
    /// Who it says that it is about.
    pub face: Face,
    /// Kind and folded value of what that is found by.
    pub terms: Vec<(String, String)>,
    /// Hash of the native record without the accidents of its bytes.
    pub content_sha256: [u8; 32],
    /// The record that it is about.
    pub record: RecordId,
    /// A new one, because nothing matched: it is not stored yet.
    pub fresh: bool,
    /// Records that are the same human being beyond doubt, and are not linked yet.
    pub same: Vec<RecordId>,
    /// Records that may be the same human being, or that an identifier wrongly leads to: the network's
    /// office should look.
    pub doubts: Vec<Doubt>,
    /// What this sender sent before under the same native key.
    pub origin: Option<Origin>,
    /// What will be stored; `None` if somebody was faster and it has to be written anew.
    pub writing: Option<Writing>,
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
    drafted: Drafted<'a>,
) -> Result<Identified<'a>, IdentifyError> {
    let Drafted {
        accepted,
        plan,
        items,
    } = drafted;
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
fn lock_keys(accepted: &Accepted<'_>, plan: &Message, items: &[DraftedItem]) -> Vec<String> {
    let network = accepted.network.name();
    let owner = &accepted.inbound.caller.facility;
    let mut keys: Vec<String> = items
        .iter()
        .flat_map(|DraftedItem { item, .. }| {
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
    drafted: DraftedItem,
    before: &[IdentifiedItem],
) -> Result<IdentifiedItem, IdentifyError> {
    let near = near(tx, accepted, plan, &drafted).await?;
    let known = near.origin;
    let DraftedItem {
        item,
        face,
        terms,
        content_sha256,
        origin,
        writing,
    } = drafted;
    // A version that is stored never changes: the same sheet and number is the same in all.
    let same = origin
        .as_ref()
        .map(|origin| (origin.sheet, origin.native_version))
        == known;
    let origin = if same {
        origin
    } else {
        let (network, owner) = (accepted.network.name(), &accepted.inbound.caller.facility);
        tx.origin_find(network, owner, plan.kind(), &item.mapped.native_key)
            .await?
    };
    let mut identified = IdentifiedItem {
        record: RecordId::new(),
        fresh: true,
        same: Vec::new(),
        doubts: Vec::new(),
        unchanged: false,
        claims: Vec::new(),
        writing: same.then_some(writing),
        item,
        face,
        terms,
        content_sha256,
        origin,
    };
    if let Some(origin) = &identified.origin {
        (identified.record, identified.fresh) = (origin.record, false);
        if compare(origin, &identified)? {
            identified.unchanged = true;
            return Ok(identified);
        }
    }
    settle(tx, identified, near, before).await
}

/// What the database knows that is near.
async fn near(
    tx: &mut Tx,
    accepted: &Accepted<'_>,
    plan: &Message,
    drafted: &DraftedItem,
) -> Result<Near, StoreError> {
    let words = Words::of(drafted);
    tx.near(&words.asked(accepted, plan, drafted)).await
}

/// What matching asks by.
struct Words {
    identifiers: Vec<(String, String)>,
    kana: Option<String>,
}

impl Words {
    fn of(drafted: &DraftedItem) -> Self {
        let claims = drafted.item.mapped.roles.identifiers.iter();
        let kana = drafted.face.kana.as_deref();
        Self {
            identifiers: claims
                .map(|claim| (claim.system.clone(), claim.value.clone()))
                .collect(),
            kana: kana.map(renkei_identity::loose_kana),
        }
    }

    fn asked<'a>(
        &'a self,
        accepted: &'a Accepted<'_>,
        plan: &'a Message,
        drafted: &'a DraftedItem,
    ) -> Asked<'a> {
        Asked {
            network: accepted.network.name(),
            owner: &accepted.inbound.caller.facility,
            kind: plan.kind(),
            native_key: &drafted.item.mapped.native_key,
            record: drafted.origin.as_ref().map(|origin| origin.record),
            identifiers: &self.identifiers,
            birth_date: drafted.face.birth_date.as_deref(),
            kana: self.kana.as_deref().filter(|kana| !kana.is_empty()),
            limit: CANDIDATES,
        }
    }
}

/// Has asked in one journey what the rooms are going to ask of a message with one record: while they ask, everybody
/// else waits.
///
/// # Errors
/// See [`StoreError`].
pub async fn foresee(tx: &mut Tx, drafted: &Drafted<'_>) -> Result<(), StoreError> {
    let Drafted {
        accepted,
        plan,
        items,
    } = drafted;
    let [item] = items.as_slice() else {
        return Ok(());
    };
    let words = Words::of(item);
    let asked = words.asked(accepted, plan, item);
    let destination = item.item.mapped.roles.destination.as_ref();
    let destination = destination.and_then(|named| named.code.parse::<FacilityCode>().ok());
    let network = &accepted.inbound.network;
    let mut questions = vec![Question::Dedup(&accepted.dedup), Question::Near(&asked)];
    questions.extend(
        destination
            .iter()
            .map(|code| Question::Facility(network, code)),
    );
    tx.foresee(&questions).await
}

/// Which record it is, which others may be the same human being, whose its identifiers are.
async fn settle(
    tx: &mut Tx,
    mut item: IdentifiedItem,
    near: Near,
    before: &[IdentifiedItem],
) -> Result<IdentifiedItem, IdentifyError> {
    let matches = matches(&item.item, &near, before);
    let known: Vec<Known> = matches.iter().map(|found| found.known.clone()).collect();
    let (found, mut doubtful) = match resolve(&item.face, &known) {
        Resolution::Existing { record, doubts } => (Some(record), doubts),
        Resolution::New { doubts } => (None, doubts),
    };
    // What came before under this key stays on its record; that identifiers now say otherwise is for
    // the network's office to settle.
    match (&item.origin, found) {
        (Some(origin), Some(found)) if found != origin.record => doubtful.push(found),
        (None, Some(found)) => (item.record, item.fresh) = (found, false),
        _ => {}
    }
    let record = item.record;
    item.doubts = doubtful
        .into_iter()
        .filter(|other| *other != record)
        .map(|other| doubt_of_number(&item.face, other, &known))
        .collect();
    let own = match near.faces.get(&record) {
        Some(own) => own.clone(),
        None if item.fresh => Vec::new(),
        // Another item of the message led to it.
        None => {
            let faces = tx.faces_of(record).await?;
            faces.into_iter().map(|known| known.face).collect()
        }
    };
    let kin = kin((record, &item.face), &own, near.alike, before);
    item.doubts.extend(kin.doubts);
    item.same = kin.same;
    item.claims = free(&item.item, &item.face, &matches, record);
    Ok(item)
}

fn doubt_of_number(face: &Face, other: RecordId, known: &[Known]) -> Doubt {
    let holder = known.iter().find(|one| one.record == other);
    let score = holder.map(|holder| renkei_identity::compare(face, &holder.face).1);
    Doubt::new(other, score, "identifier")
}

/// Equal version and content: unchanged. Older, or equal with other content: refused.
fn compare(origin: &Origin, identified: &IdentifiedItem) -> Result<bool, IdentifyError> {
    let IdentifiedItem {
        item,
        face,
        content_sha256,
        ..
    } = identified;
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

fn matches(item: &MappedItem, near: &Near, before: &[IdentifiedItem]) -> Vec<Match> {
    let claims = &item.mapped.roles.identifiers;
    let rank = |system: &str, value: &str| {
        let claim = claims
            .iter()
            .find(|claim| claim.system == system && claim.value == value);
        claim.map(|claim| claim.rank)
    };
    let mut matches: Vec<Match> = near
        .identified
        .iter()
        .map(|found| Match {
            system: found.system.clone(),
            value: found.value.clone(),
            known: Known {
                record: found.record,
                rank: rank(&found.system, &found.value).unwrap_or(u8::MAX),
                face: found.face.clone(),
            },
        })
        .collect();
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
    matches
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
