//! Room: may this caller do this? The only place where a [`Permit`] is made, one verb a corridor:
//! [`permit_knock`] and [`permit`] for messages, [`permit_look`] for reads, [`permit_directory`] and [`permit_audit`].

use renkei_access::{Action, Decider as _, Decision};
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RequestId};
use renkei_model::lists::{Category, Profession, Relation, Sensitivity};
use renkei_model::message::{Fault, FaultKind};
use renkei_model::permit::{Allows, Permit, PermitFacts};
use renkei_store::{StoreError, Tx};

use crate::accept::Accepted;
use crate::house::House;
use crate::judge::{joined, judge, purpose};
use crate::shelve::{Shelved, ShelvedItem};

/// A message that its caller may write and send.
pub struct Permitted<'a> {
    /// The message.
    pub shelved: Shelved<'a>,
    /// The proof.
    pub permit: Permit,
    /// The policies that said yes, for the leaf.
    pub rule: String,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum PermitError {
    /// The rights give the caller's profession and facility no such thing. The sender is told the same
    /// words whatever the rule; the leaf names it.
    #[error("forbidden by {rule}")]
    Forbidden {
        /// The rule that decided.
        rule: String,
    },
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
    let caller = &inbound.caller;
    let faults: Vec<Fault> = shelved
        .items
        .iter()
        .flat_map(|item| own_words(caller, item))
        .collect();
    if !faults.is_empty() {
        return Err(PermitError::Faults(faults));
    }
    let mut categories = 0;
    let mut rules = Vec::new();
    for item in &shelved.items {
        // All shelves of an item have one record and one owner, and so the same relations.
        let sheet = &item.sheet_shelf;
        let relations = tx.relations_to(sheet, caller, inbound.at).await?;
        rules.push(allowed(judge(
            house,
            caller,
            sheet,
            &relations,
            Action::Send,
        ))?);
        let shelves = item.resources.iter().map(|resource| &resource.shelf);
        for shelf in shelves.chain(std::iter::once(sheet)) {
            rules.push(allowed(judge(
                house,
                caller,
                shelf,
                &relations,
                Action::Write,
            ))?);
            categories |= shelf.category.bit();
        }
    }
    let allows = Allows::Write { categories };
    let network = Some(inbound.network.clone());
    let permit = issue(
        house,
        caller,
        network,
        allows,
        (inbound.request, inbound.at),
    );
    Ok(Permitted {
        shelved,
        permit,
        rule: joined(rules),
    })
}

/// Whether the caller's profession may send sheets in this network at all, asked before anything that is
/// stored is compared: who may not send learns nothing by trying.
///
/// # Errors
/// [`PermitError::Forbidden`].
pub fn permit_knock(house: &House, accepted: &Accepted<'_>) -> Result<(), PermitError> {
    let caller = &accepted.inbound.caller;
    let network = accepted.network.name();
    let sends = |relation: &Relation| {
        let (profession, purpose) = (caller.profession(), purpose(caller));
        let normal = Sensitivity::Normal;
        let mask = house.policy.allows(
            network,
            profession,
            *relation,
            purpose,
            normal,
            Action::Send,
        );
        mask & Category::Sheet.bit() != 0
    };
    if Relation::ALL.iter().any(sends) {
        Ok(())
    } else {
        Err(PermitError::Forbidden {
            rule: "sends no sheets".to_owned(),
        })
    }
}

/// A permit to look: the masks of the caller's profession do the rest, row by row.
#[must_use]
pub fn permit_look(house: &House, caller: &Caller, request: RequestId, at: Instant) -> Permit {
    issue(house, caller, None, Allows::Look, (request, at))
}

/// A permit to keep a network's directory.
///
/// # Errors
/// [`PermitError::Forbidden`] unless the rights let the caller write the directory.
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
        return Err(PermitError::Forbidden {
            rule: "directory write".to_owned(),
        });
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
        return Err(PermitError::Forbidden {
            rule: "auditors only".to_owned(),
        });
    }
    Ok(issue(house, caller, None, Allows::Audit, (request, at)))
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

/// The rule of a yes.
fn allowed(decision: Decision) -> Result<String, PermitError> {
    let rule = decision.rule();
    if decision.is_allow() {
        Ok(rule)
    } else {
        Err(PermitError::Forbidden { rule })
    }
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
