//! How rooms ask the policy engine. Not a room: it decides nothing that the engine does not.

use renkei_access::{Action, Decider as _, Decision, Question};
use renkei_model::caller::Caller;
use renkei_model::lists::{Profession, Purpose, Relation};
use renkei_model::shelf::Shelf;

use crate::house::House;

/// What the engine says of an action on a shelf to a caller in these relations: one yes is enough, and
/// `blocked` forbids whatever else there is.
#[must_use]
pub fn judge(
    house: &House,
    caller: &Caller,
    shelf: &Shelf,
    relations: &[Relation],
    action: Action,
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
            purpose: purpose(caller),
            action,
        });
        if *relation == Relation::Blocked || decision.is_allow() {
            return decision;
        }
        denial = decision;
    }
    denial
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
