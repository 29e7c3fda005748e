//! The house: what all rooms share.

use std::sync::Arc;

use renkei_access::{GrantMask, PolicySet};
use renkei_audit::Sealer;
use renkei_model::caller::Caller;
use renkei_model::clock::SharedClock;
use renkei_model::id::NetworkName;
use renkei_model::limits::Limits;
use renkei_profile::Network;
use renkei_store::{MaskRow, Store, StoreError, Urgency};

use crate::cursor::Sealing;

/// Everything that the rooms need from outside themselves. Built once, shared, never changed.
pub struct House {
    /// What we remember.
    pub store: Store,
    /// The networks whose profiles passed their checks.
    pub networks: Networks,
    /// The time.
    pub clock: SharedClock,
    /// Sizes that are refused.
    pub limits: Limits,
    /// Makes audit leaves and pseudonyms.
    pub sealer: Sealer,
    /// Seals what goes out to callers and comes back: cursors, handles.
    pub sealing: Sealing,
    /// The active policy set.
    pub policy: Arc<PolicySet>,
}

/// The networks that this gateway serves.
pub struct Networks(Vec<Network>);

impl House {
    /// Whether a network is served here and the caller's facility belongs to it.
    #[must_use]
    pub fn admits(&self, caller: &Caller, network: &NetworkName) -> bool {
        self.networks.find(network).is_some() && caller.belongs_to(network)
    }
}

impl Networks {
    /// From loaded profiles.
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// The network of that name.
    #[must_use]
    pub fn find(&self, name: &NetworkName) -> Option<&Network> {
        self.0.iter().find(|network| network.name() == name)
    }

    /// All networks.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }
}

/// Makes a policy set the active one: its masks are loaded from the store if they are kept under its
/// hash, and computed by the engine and kept otherwise (D7).
///
/// # Errors
/// When the store cannot be read or written.
pub async fn activate(
    store: &Store,
    policy: PolicySet,
    clock: &SharedClock,
) -> Result<PolicySet, StoreError> {
    use renkei_access::Decider as _;
    if let Some(rows) = store.policy_masks(policy.policy()).await? {
        let masks: Option<Vec<GrantMask>> = rows.iter().map(typed).collect();
        return masks
            .map(|masks| policy.with_masks(masks))
            .ok_or(StoreError::Inconsistent {
                table: "grant_mask",
                what: "a word that is on none of the lists",
            });
    }
    let masks = policy.masks();
    let rows: Vec<MaskRow> = masks.iter().map(plain).collect();
    let mut tx = store.begin("policy_activate", Urgency::Ordinary).await?;
    tx.policy_activate(policy.policy(), &rows, clock.now())
        .await?;
    tx.commit().await?;
    Ok(policy.with_masks(masks))
}

fn plain(mask: &GrantMask) -> MaskRow {
    MaskRow {
        network: mask.network.clone(),
        profession: mask.profession,
        relation: mask.relation,
        purpose: mask.purpose,
        sensitivity: mask.sensitivity,
        action: mask.action.as_str().to_owned(),
        categories: mask.categories,
    }
}

fn typed(row: &MaskRow) -> Option<GrantMask> {
    Some(GrantMask {
        network: row.network.clone(),
        profession: row.profession,
        relation: row.relation,
        purpose: row.purpose,
        sensitivity: row.sensitivity,
        action: row.action.parse().ok()?,
        categories: row.categories,
    })
}
