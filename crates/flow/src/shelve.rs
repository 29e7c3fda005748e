//! Room: everything that was written out gets its shelf. Pure.

use renkei_model::id::ResourceId;
use renkei_model::lists::{Category, Sensitivity};
use renkei_model::shelf::Shelf;
use renkei_profile::Message;
use renkei_store::{IndexRow, Kept};

use crate::accept::Accepted;
use crate::identify::{Identified, IdentifiedItem};
use crate::writing::{Unwritable, Writing, Written, write};

/// A message whose resources have their shelves.
pub struct Shelved<'a> {
    /// The message.
    pub accepted: Accepted<'a>,
    /// The plan.
    pub plan: &'a Message,
    /// One item a native record.
    pub items: Vec<ShelvedItem>,
}

/// One native record as shelved resources.
pub struct ShelvedItem {
    /// What is known of it.
    pub known: IdentifiedItem,
    /// The document's Bundle.
    pub sheet: ShelvedResource,
    /// The resources that stand in it.
    pub resources: Vec<ShelvedResource>,
    /// Resources of the version before that are gone.
    pub gone: Vec<GoneResource>,
    /// Lineage of the resources.
    pub lineage: Kept,
}

/// One resource with its place.
pub struct ShelvedResource {
    /// Its name inside the message: `patient`, `contact[0]`.
    pub key: String,
    /// FHIR type.
    pub resource_type: String,
    /// Its id.
    pub id: ResourceId,
    /// Its version.
    pub version: i64,
    /// Its shelf.
    pub shelf: Shelf,
    /// Its text.
    pub text: Kept,
    /// What a search finds it by.
    pub index: Vec<IndexRow>,
}

/// A resource that the new version of a message no longer has.
pub struct GoneResource {
    /// Its name inside the message: `contact[1]`.
    pub key: String,
    /// FHIR type.
    pub resource_type: String,
    /// Its id.
    pub id: ResourceId,
    /// The version that says so.
    pub version: i64,
    /// The shelf that it had.
    pub shelf: Shelf,
}

/// Why resources have no shelf.
#[derive(Debug, thiserror::Error)]
pub enum ShelveError {
    /// Written anew, the document could not be put together.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// Mapped once more, the record broke rules that it did not break before.
    #[error("a record cannot be mapped again")]
    Unmapped,
}

/// Gives every resource its place.
///
/// # Errors
/// [`ShelveError`].
pub fn shelve(identified: Identified<'_>) -> Result<Shelved<'_>, ShelveError> {
    let Identified {
        accepted,
        plan,
        items,
    } = identified;
    let items = items
        .into_iter()
        .map(|item| one(&accepted, plan, item))
        .collect::<Result<_, _>>()?;
    Ok(Shelved {
        accepted,
        plan,
        items,
    })
}

fn one(
    accepted: &Accepted<'_>,
    plan: &Message,
    mut known: IdentifiedItem,
) -> Result<ShelvedItem, ShelveError> {
    let writing = match known.writing.take() {
        Some(writing) => writing,
        None => {
            // The draft used up what was mapped.
            let mapped = plan.map_in(&known.item.record);
            let mapped = mapped.map_err(|_| ShelveError::Unmapped)?;
            write(accepted, mapped.resources, known.origin.as_ref())?
        }
    };
    let shelf = |category: Category, sensitivity: Sensitivity| Shelf {
        network: accepted.network.name().clone(),
        record: known.record,
        category,
        owner: accepted.inbound.caller.facility.clone(),
        sensitivity,
    };
    let shelved = |written: Written| ShelvedResource {
        shelf: shelf(written.category, written.sensitivity),
        key: written.key,
        resource_type: written.resource_type,
        id: written.id,
        version: written.version,
        text: written.text,
        index: written.index,
    };
    let Writing {
        sheet,
        resources,
        gone,
        lineage,
    } = writing;
    let gone = gone.into_iter().map(|part| GoneResource {
        key: part.key,
        resource_type: part.resource_type,
        id: part.resource,
        version: part.version + 1,
        shelf: part.shelf,
    });
    Ok(ShelvedItem {
        sheet: shelved(sheet),
        resources: resources.into_iter().map(shelved).collect(),
        gone: gone.collect(),
        lineage,
        known,
    })
}
