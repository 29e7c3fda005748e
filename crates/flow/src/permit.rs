//! Room: may this caller do this? The only place where a [`Permit`] is made, one verb a corridor:
//! [`permit_knock`] and [`permit`] for messages, [`permit_look`] for reads, [`permit_emergency`] under
//! break-glass, [`permit_identity`], [`permit_directory`] and [`permit_audit`] for those who run a network.

use renkei_access::{Action, Decider as _, Decision};
use renkei_model::caller::{Caller, CallerKind};
use renkei_model::clock::Instant;
use renkei_model::id::{IdError, NetworkName, RequestId};
use renkei_model::lists::{Category, Profession, Purpose, Relation, Sensitivity};
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
        let sheet = &item.sheet.shelf;
        let relations = if item.known.fresh {
            // Nobody stands to a new record in any way but by writing it.
            vec![Relation::None, Relation::AuthorFacility]
        } else {
            tx.relations_to(sheet, caller, inbound.at).await?
        };
        let judged = |shelf, action| {
            allowed(judge(
                house,
                caller,
                shelf,
                &relations,
                (purpose(caller), action),
            ))
        };
        if item.known.item.mapped.roles.destination.is_some() {
            rules.push(judged(sheet, Action::Send)?);
        }
        let shelves = item.resources.iter().map(|resource| &resource.shelf);
        for shelf in shelves.chain(std::iter::once(sheet)) {
            rules.push(judged(shelf, Action::Write)?);
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

/// Whether the caller's profession may bring any of the network's messages at all, asked before anything
/// that is stored is compared: who may not learns nothing by trying.
///
/// # Errors
/// [`PermitError::Forbidden`].
pub fn permit_knock(house: &House, accepted: &Accepted<'_>) -> Result<(), PermitError> {
    let caller = &accepted.inbound.caller;
    let network = accepted.network.name();
    let brings = |category: Category| {
        let action = if category == Category::Sheet {
            Action::Send
        } else {
            Action::Write
        };
        let relations = Relation::ALL.iter();
        relations
            .map(|relation| opened(house, caller, network, (*relation, purpose(caller)), action))
            .any(|mask| mask & category.bit() != 0)
    };
    let mut plans = accepted.network.messages().iter();
    if plans.any(|plan| brings(plan.category())) {
        Ok(())
    } else {
        Err(PermitError::Forbidden {
            rule: "brings no messages".to_owned(),
        })
    }
}

/// The categories of normal sensitivity that are open to the caller's profession: the warm path.
fn opened(
    house: &House,
    caller: &Caller,
    network: &NetworkName,
    (relation, purpose): (Relation, Purpose),
    action: Action,
) -> i64 {
    house.policy.allows(
        network,
        caller.profession(),
        relation,
        purpose,
        Sensitivity::Normal,
        action,
    )
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
    let asked = (Relation::None, purpose(caller));
    let mask = opened(house, caller, network, asked, Action::Write);
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

/// A permit to look under break-glass (救急). Whoever asks is on record before anything is told.
///
/// # Errors
/// [`PermitError::Forbidden`] for every profession to which no network of the caller's opens anything of a
/// stranger in an emergency: the same whether there is anybody to find or not.
pub fn permit_emergency(
    house: &House,
    caller: &Caller,
    request: RequestId,
    at: Instant,
) -> Result<Permit, PermitError> {
    let asked = (Relation::None, Purpose::Emergency);
    let caller = where_opened(house, caller, asked, Action::ReadFull);
    if caller.networks.is_empty() {
        return Err(PermitError::Forbidden {
            rule: "no break-glass".to_owned(),
        });
    }
    Ok(Permit::issue(PermitFacts {
        caller,
        network: None,
        purpose: Purpose::Emergency,
        allows: Allows::Emergency,
        policy: house.policy.policy().to_owned(),
        request,
        at,
    }))
}

/// The caller with the networks that open demographics in this way: a right in one network is none in
/// another.
fn where_opened(
    house: &House,
    caller: &Caller,
    asked: (Relation, Purpose),
    action: Action,
) -> Caller {
    let needed = Category::Demographics.bit();
    let networks = caller.networks.iter();
    let networks =
        networks.filter(|network| opened(house, caller, network, asked, action) & needed != 0);
    Caller {
        networks: networks.cloned().collect(),
        ..caller.clone()
    }
}

/// A permit to decide which records are one human being: for who runs a network and may write its
/// demographics.
///
/// # Errors
/// [`PermitError::Forbidden`] for everybody else.
pub fn permit_identity(
    house: &House,
    caller: &Caller,
    request: RequestId,
    at: Instant,
) -> Result<Permit, PermitError> {
    let asked = (Relation::None, Purpose::Operation);
    let here = where_opened(house, caller, asked, Action::Write);
    if caller.profession() != Profession::NetworkOffice || here.networks.is_empty() {
        return Err(PermitError::Forbidden {
            rule: "the network's office only".to_owned(),
        });
    }
    Ok(issue(house, &here, None, Allows::Identity, (request, at)))
}

/// A permit to count for a network's report.
///
/// # Errors
/// [`PermitError::Forbidden`] for everybody but the network's office.
pub fn permit_report(
    house: &House,
    caller: &Caller,
    network: &NetworkName,
    when: (RequestId, Instant),
) -> Result<Permit, PermitError> {
    if caller.profession() != Profession::NetworkOffice || !caller.belongs_to(network) {
        return Err(PermitError::Forbidden {
            rule: "the network's office only".to_owned(),
        });
    }
    let network = Some(network.clone());
    Ok(issue(house, caller, network, Allows::Report, when))
}

/// The same for whoever runs the program on its own data folder and could read the database itself.
///
/// # Errors
/// Never: the names below are well-formed.
pub fn permit_report_here(network: &NetworkName, at: Instant) -> Result<Permit, IdError> {
    let kind = CallerKind::System {
        client: "operator".parse()?,
    };
    let caller = Caller {
        kind,
        facility: "0000000000".parse()?,
        networks: vec![network.clone()],
    };
    Ok(Permit::issue(PermitFacts {
        caller,
        network: Some(network.clone()),
        purpose: Purpose::Operation,
        allows: Allows::Report,
        policy: String::new(),
        request: RequestId::new(),
        at,
    }))
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
            rule:
                "本人・家族の同意がない情報は送れません / needs the consent of resident or family"
                    .to_owned(),
            span: Some(consent.span),
            kind: FaultKind::Value,
        });
    }
    faults
}
