//! Grant masks: the cube, folded so that one number holds the answer for all categories.

use std::collections::HashMap;

use renkei_model::id::NetworkName;
use renkei_model::lists::{Profession, Purpose, Relation, Sensitivity};

use crate::question::Action;

/// The categories that one combination of the other words opens. Only masks that open something are
/// stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantMask {
    /// The network.
    pub network: NetworkName,
    /// The caller's profession.
    pub profession: Profession,
    /// How the caller stands to the shelf.
    pub relation: Relation,
    /// Why.
    pub purpose: Purpose,
    /// The shelf's sensitivity.
    pub sensitivity: Sensitivity,
    /// What.
    pub action: Action,
    /// Bits of [`renkei_model::Category`].
    pub categories: i64,
}

impl GrantMask {
    pub(crate) const fn new(network: NetworkName, key: MaskKey, categories: i64) -> Self {
        let (profession, relation, purpose, sensitivity, action) = key;
        Self {
            network,
            profession,
            relation,
            purpose,
            sensitivity,
            action,
            categories,
        }
    }
}

/// All words of a mask but network and categories.
pub(crate) type MaskKey = (Profession, Relation, Purpose, Sensitivity, Action);

/// Masks by network, so that looking one up copies no text.
#[derive(Debug, Default)]
pub(crate) struct MaskIndex(HashMap<NetworkName, HashMap<MaskKey, i64>>);

impl MaskIndex {
    pub(crate) fn new(masks: Vec<GrantMask>) -> Self {
        let mut index = Self::default();
        for mask in masks {
            let GrantMask {
                network,
                profession,
                relation,
                purpose,
                sensitivity,
                action,
                categories,
            } = mask;
            let key = (profession, relation, purpose, sensitivity, action);
            *index.0.entry(network).or_default().entry(key).or_insert(0) |= categories;
        }
        index
    }

    pub(crate) fn get(&self, network: &NetworkName, key: &MaskKey) -> i64 {
        self.0
            .get(network)
            .and_then(|masks| masks.get(key))
            .copied()
            .unwrap_or(0)
    }
}
