//! How rooms ask the policy engine. Not a room: it decides nothing that the engine does not.

use renkei_access::{Action, Decider as _, Decision, Question};
use renkei_model::caller::Caller;
use renkei_model::lists::{Profession, Purpose, Relation};
use renkei_model::permit::Permit;
use renkei_model::shelf::Shelf;
use renkei_store::{Stand, StoreError, VisibleVersion};

use crate::house::House;

/// What the engine says of an action on a shelf to a caller in these relations: one yes is enough, and
/// `blocked` forbids whatever else there is.
#[must_use]
pub fn judge(
    house: &House,
    caller: &Caller,
    shelf: &Shelf,
    relations: &[Relation],
    (purpose, action): (Purpose, Action),
) -> Decision {
    let mut denial = Decision::Deny {
        reason: "no relation".to_owned(),
    };
    let blocked = relations
        .iter()
        .filter(|relation| **relation == Relation::Blocked);
    let others = relations
        .iter()
        .filter(|relation| **relation != Relation::Blocked);
    for relation in blocked.chain(others) {
        let decision = house.policy.decide(&Question {
            network: shelf.network.clone(),
            profession: caller.profession(),
            category: shelf.category,
            sensitivity: shelf.sensitivity,
            relation: *relation,
            purpose,
            action,
        });
        if *relation == Relation::Blocked || decision.is_allow() {
            return decision;
        }
        denial = decision;
    }
    denial
}

/// Whether the caller may read what lies on one shelf in full, asked of the engine anew.
///
/// # Errors
/// When the store cannot say how the caller stands to it.
pub async fn readable_shelf(
    house: &House,
    permit: &Permit,
    shelf: &Shelf,
) -> Result<Decision, StoreError> {
    let caller = permit.caller();
    let relations = house.store.relations_to(shelf, caller, permit.at()).await?;
    let asked = (permit.purpose(), Action::ReadFull);
    Ok(judge(house, caller, shelf, &relations, asked))
}

/// Whether the caller may read these shelves in full, each asked of the engine anew: one no is enough, and of no
/// shelf at all nothing is known.
fn readable_in(house: &House, permit: &Permit, stands: &[Stand]) -> Decision {
    let asked = (permit.purpose(), Action::ReadFull);
    let mut rules = Vec::new();
    for Stand { shelf, relations } in stands {
        match judge(house, permit.caller(), shelf, relations, asked) {
            Decision::Allow { policies } => rules.extend(policies),
            denied => return denied,
        }
    }
    if rules.is_empty() {
        return Decision::Deny {
            reason: "no rule allows it".to_owned(),
        };
    }
    rules.sort_unstable();
    rules.dedup();
    Decision::Allow { policies: rules }
}

/// Whether the caller may read each row in full, asked of the engine anew. A document is read in full only by
/// who may read all that it holds: a sheet is no way round the table. What the rows did not bring with them is
/// asked of the store for all of them at once.
///
/// # Errors
/// When the store cannot say how the caller stands to them.
pub async fn readable(
    house: &House,
    permit: &Permit,
    rows: &[VisibleVersion],
) -> Result<Vec<Decision>, StoreError> {
    let bare: Vec<&VisibleVersion> = rows.iter().filter(|row| row.stands.is_none()).collect();
    let mut asked = house.store.stands(permit, &bare).await?.into_iter();
    let decisions = rows.iter().map(|row| match &row.stands {
        Some(stands) => readable_in(house, permit, stands),
        None => readable_in(house, permit, &asked.next().unwrap_or_default()),
    });
    Ok(decisions.collect())
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

/// Several rules as one line of a leaf: each once, in order.
#[must_use]
pub fn joined(mut rules: Vec<String>) -> String {
    rules.sort_unstable();
    rules.dedup();
    rules.join(",")
}
