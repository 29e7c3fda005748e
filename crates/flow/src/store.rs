//! Room: texts, index rows, lineage and the original go into the database, in the corridor's transaction.

use metrics::counter;
use renkei_identity::Verdict;
use renkei_model::Face;
use renkei_model::id::{ChangeId, EpisodeId, FacilityCode, NetworkName, RecordId};
use renkei_model::permit::Permit;
use renkei_store::{
    Body, ChangeKind, Kept, NewChange, NewEnrolment, NewFace, NewMessage, NewOrigin, NewReview,
    NewVersion, StoreError, Tx,
};

use crate::identify::IdentifiedItem;
use crate::kin::Doubt;
use crate::permit::Permitted;
use crate::shelve::{GoneResource, Shelved, ShelvedItem, ShelvedResource};

/// A message whose parts lie in the database, not yet committed.
pub struct Stored<'a> {
    /// The message.
    pub shelved: Shelved<'a>,
    /// The proof.
    pub permit: Permit,
    /// The policies that said yes.
    pub rule: String,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum StoreRoomError {
    /// The store refused.
    #[error("the store refused")]
    Store(#[from] StoreError),
}

/// Stores a message and everything that was made of it.
///
/// # Errors
/// [`StoreRoomError`].
pub async fn store<'a>(
    tx: &mut Tx,
    permitted: Permitted<'a>,
    body: Body,
) -> Result<Stored<'a>, StoreRoomError> {
    let Permitted {
        mut shelved,
        permit,
        rule,
    } = permitted;
    // From here on things are written; they go to the database together.
    tx.gather();
    let accepted = &shelved.accepted;
    tx.message_put(
        &permit,
        &NewMessage {
            id: accepted.message,
            network: accepted.inbound.network.clone(),
            sender: accepted.inbound.caller.facility.clone(),
            kind: shelved.plan.kind().to_owned(),
            received_at: accepted.inbound.at,
            body,
            request: accepted.inbound.request,
            episode: episode(&shelved),
            profile_version: accepted.network.version().to_owned(),
            policy: permit.policy().to_owned(),
        },
    )
    .await?;
    let mut items = std::mem::take(&mut shelved.items);
    for item in items.iter_mut().filter(|item| !item.known.unchanged) {
        one(tx, &permit, &shelved, item).await?;
    }
    shelved.items = items;
    Ok(Stored {
        shelved,
        permit,
        rule,
    })
}

/// One slip is one stay: its sheet's id is the episode's, in every version. A message of several slips
/// belongs to no single one.
fn episode(shelved: &Shelved<'_>) -> Option<EpisodeId> {
    match shelved.items.as_slice() {
        [only] => only.sheet.id.to_string().parse().ok(),
        _ => None,
    }
}

async fn one(
    tx: &mut Tx,
    permit: &Permit,
    shelved: &Shelved<'_>,
    item: &mut ShelvedItem,
) -> Result<(), StoreRoomError> {
    if item.known.fresh {
        create(tx, shelved, &item.known).await?;
    }
    let versions = versions(shelved, item);
    tx.versions_put(permit, &versions).await?;
    let message = shelved.accepted.message;
    let network = &shelved.accepted.inbound.network;
    let roles = &item.known.item.mapped.roles;
    tx.identifiers_add(permit, item.known.record, &item.known.claims, message)
        .await?;
    tx.origin_put(permit, &origin(shelved, item)).await?;
    if roles.consent.as_ref().is_some_and(|consent| consent.given) {
        tx.enrolment_begin(
            permit,
            &NewEnrolment {
                network: network.clone(),
                record: item.known.record,
                basis: shelved.accepted.network.enrolment().to_owned(),
                since: permit.at(),
                source: message,
            },
        )
        .await?;
    }
    let terms = std::mem::take(&mut item.known.terms);
    settle(tx, permit, shelved, item, terms).await?;
    Ok(())
}

/// A record of its own, with what the message says of whom it is about.
async fn create(
    tx: &mut Tx,
    shelved: &Shelved<'_>,
    known: &IdentifiedItem,
) -> Result<(), StoreError> {
    let inbound = shelved.accepted.inbound;
    let kana = known.face.kana.as_deref().map(renkei_identity::fold_kana);
    let face = (kana.as_deref(), known.face.birth_date.as_deref());
    tx.record_put(&inbound.network, known.record, face, inbound.at)
        .await
}

fn origin(shelved: &Shelved<'_>, item: &ShelvedItem) -> NewOrigin {
    let kept = item
        .resources
        .iter()
        .map(|resource| (resource.key.clone(), resource.id));
    let gone = item.gone.iter().map(|gone| (gone.key.clone(), gone.id));
    let demography = &item.known.item.mapped.demography;
    NewOrigin {
        network: shelved.accepted.inbound.network.clone(),
        owner: shelved.accepted.inbound.caller.facility.clone(),
        kind: shelved.plan.kind().to_owned(),
        native_key: item.known.item.mapped.native_key.clone(),
        sheet: item.sheet.id,
        record: item.known.record,
        native_version: item.known.item.mapped.native_version,
        content_sha256: item.known.content_sha256,
        kana: demography.kana.as_deref().map(renkei_identity::fold_kana),
        birth_date: demography.birth_date.clone(),
        event_date: item.known.item.mapped.roles.event_date.clone(),
        destination: destination(item).map(|code| code.to_string()),
        parts: std::iter::once((item.sheet.key.clone(), item.sheet.id))
            .chain(kept)
            .chain(gone)
            .collect(),
    }
}

/// The facility that the sheet goes to, if it names one that has a facility's code.
fn destination(item: &ShelvedItem) -> Option<FacilityCode> {
    let named = item.known.item.mapped.roles.destination.as_ref()?;
    named.code.parse().ok()
}

/// Doubtful pairs that one item brings before the office at most.
const DOUBTS: usize = 3;

/// What the item says of who it is about becomes findable, and its record is linked with those that are
/// the same human being beyond doubt. What is doubtful goes to the network's office.
async fn settle(
    tx: &mut Tx,
    permit: &Permit,
    shelved: &Shelved<'_>,
    item: &ShelvedItem,
    terms: Vec<(String, String)>,
) -> Result<(), StoreError> {
    let known = &item.known;
    let network = &shelved.accepted.inbound.network;
    if let Some(patient) = patient(item) {
        let face = face(shelved, item, patient, terms);
        tx.face_put(permit, &[face]).await?;
    } else {
        tx.face_drop(permit, &[item.sheet.id]).await?;
    }
    let mut doubts = Vec::new();
    if !linked(tx, permit, network, known).await? {
        // Those who are the same as this one are not the same as each other: that is for a person to see,
        // before everything else.
        let same = known.same.iter();
        doubts.extend(same.map(|other| Doubt::new(*other, None, "several")));
    }
    // Then the strongest: whoever floods the office's list with numbers of others does not get far.
    let mut weaker = known.doubts.clone();
    weaker.sort_by_key(|doubt| std::cmp::Reverse(doubt.points));
    doubts.extend(weaker);
    let left_out = doubts.len().saturating_sub(DOUBTS);
    counter!("flow_store_doubts_left_out_total").increment(left_out as u64);
    for doubt in doubts.into_iter().take(DOUBTS) {
        tx.review_put(
            permit,
            &NewReview {
                network: network.clone(),
                record: known.record,
                other: Some(doubt.other),
                score: doubt.points,
                grounds: doubt.grounds,
                message: Some(shelved.accepted.message),
            },
        )
        .await?;
    }
    Ok(())
}

/// Links the record with those that are the same beyond doubt. Not if that would join people who are two
/// by what is known of them, or whom the office has told apart: then it answers false.
async fn linked(
    tx: &mut Tx,
    permit: &Permit,
    network: &NetworkName,
    known: &IdentifiedItem,
) -> Result<bool, StoreError> {
    if known.same.is_empty() {
        return Ok(true);
    }
    let own = tx.person_of(known.record).await?;
    let mut others = Vec::new();
    for other in &known.same {
        let person = tx.person_of(*other).await?;
        if person != own {
            others.push((person, *other));
        }
    }
    others.sort_unstable();
    others.dedup_by_key(|(person, _)| *person);
    let other = match others.as_slice() {
        [] => return Ok(true),
        [(_, other)] => *other,
        _ => return Ok(false),
    };
    if strangers(tx, known.record, other).await? {
        return Ok(false);
    }
    let change = NewChange {
        id: ChangeId::new(),
        network: network.clone(),
        kind: ChangeKind::Auto,
        review: None,
        reason: "beyond doubt".to_owned(),
    };
    tx.persons_join(permit, &change, known.record, other)
        .await?;
    Ok(true)
}

/// Whether anything that is known of one person speaks against anything that is known of the other: one
/// face may be like both, and both are two people all the same.
async fn strangers(tx: &mut Tx, record: RecordId, other: RecordId) -> Result<bool, StoreError> {
    let own = faces(tx, record).await?;
    let others = faces(tx, other).await?;
    let differ = |one: &Face| {
        let verdict = |face: &Face| renkei_identity::compare(one, face).0;
        others
            .iter()
            .any(|face| verdict(face) == Verdict::Different)
    };
    Ok(own.iter().any(differ))
}

/// All faces of a record's person.
async fn faces(tx: &mut Tx, record: RecordId) -> Result<Vec<Face>, StoreError> {
    let person = tx.person_of(record).await?;
    let mut faces = Vec::new();
    for (record, _) in tx.records_of(person).await? {
        let known = tx.faces_of(record).await?;
        faces.extend(known.into_iter().map(|known| known.face));
    }
    Ok(faces)
}

fn patient(item: &ShelvedItem) -> Option<&ShelvedResource> {
    item.resources
        .iter()
        .find(|resource| resource.resource_type == "Patient")
}

fn face(
    shelved: &Shelved<'_>,
    item: &ShelvedItem,
    patient: &ShelvedResource,
    terms: Vec<(String, String)>,
) -> NewFace {
    NewFace {
        sheet: item.sheet.id,
        patient: patient.id,
        network: patient.shelf.network.clone(),
        record: patient.shelf.record,
        owner: patient.shelf.owner.clone(),
        kind: shelved.plan.kind().to_owned(),
        terms,
        face: item.known.face.clone(),
        at: shelved.accepted.inbound.at,
    }
}

/// All new versions of an item: its resources, its document, and tombstones for what is gone.
fn versions(shelved: &Shelved<'_>, item: &mut ShelvedItem) -> Vec<NewVersion> {
    let mut versions = Vec::with_capacity(item.resources.len() + item.gone.len() + 1);
    for resource in &mut item.resources {
        versions.push(version(shelved, resource));
    }
    versions.push(NewVersion {
        lineage: Some(item.lineage.clone()),
        ..version(shelved, &mut item.sheet)
    });
    versions.extend(item.gone.iter().map(|gone| tombstone(shelved, gone)));
    versions
}

/// Text and index rows move into it: nobody needs them afterwards.
fn version(shelved: &Shelved<'_>, resource: &mut ShelvedResource) -> NewVersion {
    NewVersion {
        resource: resource.id,
        resource_type: resource.resource_type.clone(),
        version: resource.version,
        shelf: resource.shelf.clone(),
        at: shelved.accepted.inbound.at,
        message: shelved.accepted.message,
        index: std::mem::take(&mut resource.index),
        text: std::mem::take(&mut resource.text),
        deleted: false,
        profile_version: shelved.accepted.network.version().to_owned(),
        lineage: None,
    }
}

/// What a sender took out of a newer version is deleted, not forgotten: the older version stays.
fn tombstone(shelved: &Shelved<'_>, gone: &GoneResource) -> NewVersion {
    NewVersion {
        resource: gone.id,
        resource_type: gone.resource_type.clone(),
        version: gone.version,
        shelf: gone.shelf.clone(),
        at: shelved.accepted.inbound.at,
        message: shelved.accepted.message,
        text: Kept::default(),
        deleted: true,
        profile_version: shelved.accepted.network.version().to_owned(),
        index: Vec::new(),
        lineage: None,
    }
}
