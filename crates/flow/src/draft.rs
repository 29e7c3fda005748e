//! Room: everything is written out before the transaction begins, while nobody waits for it: ids and
//! versions as they follow from what the sender sent before. Identify asks once more, where it counts.

use std::collections::HashMap;

use renkei_model::Face;
use renkei_profile::Message;
use renkei_store::{Origin, StoreError};
use renkei_wire::tree::Record;
use sha2::{Digest, Sha256};

use crate::accept::Accepted;
use crate::decode::Decoded;
use crate::house::House;
use crate::map::{Mapped, MappedItem};
use crate::writing::{Unwritable, Writing, write};

/// A message that is written out.
pub struct Drafted<'a> {
    /// The message.
    pub accepted: Accepted<'a>,
    /// The plan.
    pub plan: &'a Message,
    /// One item a native record.
    pub items: Vec<DraftedItem>,
}

/// One native record, written out.
pub struct DraftedItem {
    /// What was mapped; its resources are used up.
    pub item: MappedItem,
    /// Who it says that it is about.
    pub face: Face,
    /// Kind and folded value of what that is found by.
    pub terms: Vec<(String, String)>,
    /// Hash of the native record without the accidents of its bytes.
    pub content_sha256: [u8; 32],
    /// What this sender had sent before under the same native key when the record was written out.
    pub origin: Option<Origin>,
    /// What will be stored.
    pub writing: Writing,
}

/// Why a message cannot be written out.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The document could not be put together.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

/// What a sender had sent before, by its own numbers.
pub type Origins = HashMap<String, Origin>;

impl Decoded<'_> {
    /// What this sender had sent before under the numbers of the message.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn origins(&self, house: &House) -> Result<Origins, StoreError> {
        let keys: Vec<String> = self
            .records
            .iter()
            .map(|record| record.key.text.clone())
            .collect();
        let network = self.accepted.network.name();
        let owner = &self.accepted.inbound.caller.facility;
        let kind = self.plan.kind();
        house.store.origins(network, owner, kind, &keys).await
    }
}

/// Writes a message out.
///
/// # Errors
/// [`DraftError`].
pub fn draft<'a>(mapped: Mapped<'a>, mut origins: Origins) -> Result<Drafted<'a>, DraftError> {
    let Mapped {
        accepted,
        plan,
        items,
    } = mapped;
    let mut drafted = Vec::with_capacity(items.len());
    for mut item in items {
        let origin = origins.remove(&item.mapped.native_key);
        let face = face(&item);
        let resources = std::mem::take(&mut item.mapped.resources);
        drafted.push(DraftedItem {
            terms: terms(&face, &item),
            face,
            content_sha256: content(plan, &item.record),
            writing: write(&accepted, resources, origin.as_ref())?,
            origin,
            item,
        });
    }
    Ok(Drafted {
        accepted,
        plan,
        items: drafted,
    })
}

/// Hash of a native record, the same for the same values however its bytes were laid out.
fn content(plan: &Message, record: &Record) -> [u8; 32] {
    Sha256::digest(plan.format().canonical(record)).into()
}

/// What a face is found by, with the numbers of its cards.
fn terms(face: &Face, item: &MappedItem) -> Vec<(String, String)> {
    let claims = item.mapped.roles.identifiers.iter();
    let cards: Vec<String> = claims.map(|claim| claim.value.clone()).collect();
    renkei_identity::terms(face, &cards)
        .into_iter()
        .map(|term| (term.kind.as_str().to_owned(), term.value))
        .collect()
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
