//! Room: native records become FHIR resources by the profile's rows, and are checked against FHIR.

use std::collections::HashSet;

use metrics::counter;
use renkei_model::message::{Fault, FaultKind, Loss};
use renkei_profile::{Mapped as MappedRecord, Message};
use renkei_wire::tree::Record;

use crate::accept::Accepted;
use crate::decode::{Decoded, Notation};
use crate::passed::checked;

/// A message as FHIR.
pub struct Mapped<'a> {
    /// The message.
    pub accepted: Accepted<'a>,
    /// The plan.
    pub plan: &'a Message,
    /// One item a native record, in the sender's order.
    pub items: Vec<MappedItem>,
}

/// One native record as FHIR.
pub struct MappedItem {
    /// The native record.
    pub record: Record,
    /// What became of it.
    pub mapped: MappedRecord,
}

/// Why records are not FHIR.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// What is wrong, in the sender's words.
    #[error("the message breaks rules of its profile")]
    Faults(Vec<Fault>),
    /// The profile produced something that FHIR does not know: our fault, not the sender's.
    #[error("the profile of {kind} made a {resource_type} that FHIR refuses at {path}")]
    Structure {
        /// The message's kind.
        kind: String,
        /// The resource's type.
        resource_type: String,
        /// The element.
        path: String,
    },
}

/// Maps all records; reports the faults of all of them at once.
///
/// # Errors
/// [`MapError`].
pub fn map(decoded: Decoded<'_>) -> Result<Mapped<'_>, MapError> {
    let Decoded {
        accepted,
        plan,
        records,
        notation,
    } = decoded;
    let mut items = Vec::with_capacity(records.len());
    let mut faults = Vec::new();
    let mut keys = HashSet::new();
    for record in records {
        if !keys.insert(record.key.text.clone()) {
            faults.push(twice(&record));
        }
        match plan.map_in(&record) {
            Ok(mut mapped) => {
                mapped.loss.extend(own_characters(notation, &record));
                name_fields(notation, &mut mapped);
                counter!("flow_map_losses_total").increment(mapped.loss.len() as u64);
                items.push(MappedItem { record, mapped });
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| Fault {
                field: notation.field(&fault.field),
                ..fault
            })),
        }
    }
    if !faults.is_empty() {
        return Err(MapError::Faults(faults));
    }
    for resource in items.iter().flat_map(|item| &item.mapped.resources) {
        if let Err(found) = checked(&resource.json) {
            return Err(MapError::Structure {
                kind: plan.kind().to_owned(),
                resource_type: resource.resource_type.clone(),
                path: found
                    .first()
                    .map_or_else(String::new, |fault| fault.path.clone()),
            });
        }
    }
    Ok(Mapped {
        accepted,
        plan,
        items,
    })
}

/// Characters that only the sender's own system can show are kept, and reported.
fn own_characters(notation: Notation, record: &Record) -> Vec<Loss> {
    let why = "外字を含みます。そのまま保存しましたが、他のシステムでは別の字に見えます / holds private-use characters: kept, but other systems cannot show them";
    let fields = notation.private_use(record).into_iter();
    fields
        .map(|field| Loss {
            field,
            why: why.to_owned(),
        })
        .collect()
}

/// Everything that may be told of the record later names fields as its sender does.
fn name_fields(notation: Notation, mapped: &mut MappedRecord) {
    let roles = &mut mapped.roles;
    let named = [
        &mut roles.sender,
        &mut roles.destination,
        &mut roles.family_doctor,
    ];
    for named in named.into_iter().flatten() {
        named.field = notation.field(&named.field);
    }
    if let Some(consent) = &mut roles.consent {
        consent.field = notation.field(&consent.field);
    }
    for loss in &mut mapped.loss {
        loss.field = notation.field(&loss.field);
    }
}

fn twice(record: &Record) -> Fault {
    Fault {
        field: record.key.field.clone(),
        rule: "同じ番号のレコードが一つの電文に二度あります / the same record twice in one message"
            .to_owned(),
        span: Some(record.key.span),
        kind: FaultKind::Value,
    }
}
