//! Room: may this caller do this? The only place where a [`Permit`] is made.

use renkei_access::{Action, Decider as _, Decision, Question};
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RequestId};
use renkei_model::lists::{Category, Profession, Purpose, Relation, Sensitivity};
use renkei_model::message::{Fault, FaultKind};
use renkei_model::permit::{Allows, Permit, PermitFacts};
use renkei_model::shelf::Shelf;
use renkei_store::{StoreError, Tx};

use crate::house::House;
use crate::shelve::{Shelved, ShelvedItem};

/// A message that its caller may write and send.
pub struct Permitted<'a> {
    /// The message.
    pub shelved: Shelved<'a>,
    /// The proof.
    pub permit: Permit,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum PermitError {
    /// The table gives the caller's profession no such right. The same words whether the record exists
    /// or not, whether the facility is blocked or not.
    #[error("not permitted to this profession and facility")]
    Forbidden,
    /// Something in the message itself forbids it.
    #[error("the message cannot be taken from this caller")]
    Faults(Vec<Fault>),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

/// Decides on a message that came in.
///
/// # Errors
/// [`PermitError`].
pub async fn permit<'a>(
    house: &House,
    tx: &mut Tx,
    shelved: Shelved<'a>,
) -> Result<Permitted<'a>, PermitError> {
    let inbound = shelved.accepted.inbound;
    let faults: Vec<Fault> = shelved
        .items
        .iter()
        .flat_map(|item| own_words(&inbound.caller, item))
        .collect();
    if !faults.is_empty() {
        return Err(PermitError::Faults(faults));
    }
    let mut categories = 0;
    for item in &shelved.items {
        // All shelves of an item have one record and one owner, and so the same relations.
        let relations = tx
            .relations_to(&item.sheet_shelf, &inbound.caller, inbound.at)
            .await?;
        let shelves = item.resources.iter().map(|resource| &resource.shelf);
        for shelf in shelves.chain(std::iter::once(&item.sheet_shelf)) {
            if !allowed(house, &inbound.caller, &relations, shelf, Action::Write) {
                return Err(PermitError::Forbidden);
            }
            categories |= shelf.category.bit();
        }
        if !allowed(
            house,
            &inbound.caller,
            &relations,
            &item.sheet_shelf,
            Action::Send,
        ) {
            return Err(PermitError::Forbidden);
        }
    }
    let permit = Permit::issue(PermitFacts {
        caller: inbound.caller.clone(),
        network: Some(inbound.network.clone()),
        purpose: purpose(&inbound.caller),
        allows: Allows::Write { categories },
        policy: house.policy.policy().to_owned(),
        request: inbound.request,
        at: inbound.at,
    });
    Ok(Permitted { shelved, permit })
}

/// A permit to look: the masks of the caller's profession do the rest, row by row.
#[must_use]
pub fn permit_look(house: &House, caller: &Caller, request: RequestId, at: Instant) -> Permit {
    issue(house, caller, None, Allows::Look, (request, at))
}

/// A permit to keep a network's directory.
///
/// # Errors
/// [`PermitError::Forbidden`] unless the table lets the caller write the directory.
pub fn permit_directory(
    house: &House,
    caller: &Caller,
    network: &NetworkName,
    (request, at): (RequestId, Instant),
) -> Result<Permit, PermitError> {
    let mask = house.policy.allows(
        network,
        caller.profession(),
        Relation::None,
        purpose(caller),
        Sensitivity::Normal,
        Action::Write,
    );
    if mask & Category::Directory.bit() == 0 {
        return Err(PermitError::Forbidden);
    }
    Ok(issue(
        house,
        caller,
        Some(network.clone()),
        Allows::Directory,
        (request, at),
    ))
}

/// A permit to read the audit log: auditors only.
///
/// # Errors
/// [`PermitError::Forbidden`] for every other profession.
pub fn permit_audit(
    house: &House,
    caller: &Caller,
    request: RequestId,
    at: Instant,
) -> Result<Permit, PermitError> {
    if caller.profession() != Profession::Auditor {
        return Err(PermitError::Forbidden);
    }
    Ok(issue(house, caller, None, Allows::Audit, (request, at)))
}

/// Asks the engine once more about a row that is about to leave.
#[must_use]
pub fn still_visible(
    house: &House,
    caller: &Caller,
    shelf: &Shelf,
    relations: &[Relation],
) -> bool {
    if relations.contains(&Relation::Blocked) {
        return false;
    }
    relations.iter().any(|relation| {
        let question = question(caller, shelf, *relation, Action::ReadFull);
        matches!(house.policy.decide(&question), Decision::Allow { .. })
    })
}

/// Purpose of use follows from who the caller is, never from what a client says. Emergency has a door of
/// its own.
#[must_use]
pub const fn purpose(caller: &Caller) -> Purpose {
    match caller.profession() {
        Profession::Auditor => Purpose::Audit,
        Profession::NetworkOffice | Profession::FacilityAdministrator => Purpose::Operation,
        _ => Purpose::Treatment,
    }
}

fn issue(
    house: &House,
    caller: &Caller,
    network: Option<NetworkName>,
    allows: Allows,
    (request, at): (RequestId, Instant),
) -> Permit {
    Permit::issue(PermitFacts {
        caller: caller.clone(),
        network,
        purpose: purpose(caller),
        allows,
        policy: house.policy.policy().to_owned(),
        request,
        at,
    })
}

/// A sender speaks for its own facility, and only with the resident's consent.
fn own_words(caller: &Caller, item: &ShelvedItem) -> Vec<Fault> {
    let roles = &item.known.item.mapped.roles;
    let mut faults = Vec::new();
    if let Some(sender) = &roles.sender
        && sender.code != caller.facility.as_str()
    {
        faults.push(Fault {
            field: sender.field.clone(),
            rule: "送信者の事業所番号と一致しません / not the facility of the sender".to_owned(),
            span: Some(sender.span),
            kind: FaultKind::Value,
        });
    }
    if let Some(consent) = &roles.consent
        && !consent.given
    {
        faults.push(Fault {
            field: consent.field.clone(),
            rule: "本人・家族の同意がない連絡票は送れません / a slip needs the consent of resident or family"
                .to_owned(),
            span: Some(consent.span),
            kind: FaultKind::Value,
        });
    }
    faults
}

fn allowed(
    house: &House,
    caller: &Caller,
    relations: &[Relation],
    shelf: &Shelf,
    action: Action,
) -> bool {
    !relations.contains(&Relation::Blocked)
        && relations.iter().any(|relation| {
            let question = question(caller, shelf, *relation, action);
            matches!(house.policy.decide(&question), Decision::Allow { .. })
        })
}

fn question(caller: &Caller, shelf: &Shelf, relation: Relation, action: Action) -> Question {
    Question {
        network: shelf.network.clone(),
        profession: caller.profession(),
        category: shelf.category,
        sensitivity: shelf.sensitivity,
        relation,
        purpose: purpose(caller),
        action,
    }
}
