//! Policy sets and their grant masks, stored under the policy's hash.

use renkei_model::id::NetworkName;
use renkei_model::{Instant, Profession, Purpose, Relation, Sensitivity};
use serde_json::json;

use crate::fault::StoreError;
use crate::sql::{Reader, Sql, insert_many, query};
use crate::store::Store;
use crate::tx::Tx;

/// What one profession in one relation may do for one purpose: bits of the categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskRow {
    /// The network.
    pub network: NetworkName,
    /// The caller's profession.
    pub profession: Profession,
    /// The relation.
    pub relation: Relation,
    /// The purpose.
    pub purpose: Purpose,
    /// The shelf's sensitivity.
    pub sensitivity: Sensitivity,
    /// `read_full`, `write`, `send`.
    pub action: String,
    /// Bits of [`renkei_model::Category`].
    pub categories: i64,
}

const MASKS: Sql = insert_many!(
    "policy_activate", "grant_mask",
    "policy" "TEXT", "network" "TEXT", "profession" "TEXT", "relation" "TEXT", "purpose" "TEXT",
    "sensitivity" "TEXT", "action" "TEXT", "categories" "BIGINT"; ""
);

impl Store {
    /// The masks of a policy set; `None` if it was never activated.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn policy_masks(&self, hash: &str) -> Result<Option<Vec<MaskRow>>, StoreError> {
        let sql = "-- store.policy_masks\nSELECT hash FROM policy WHERE hash = $1";
        if self.find(query(sql).bind(hash.to_owned())).await?.is_none() {
            return Ok(None);
        }
        let sql = "-- store.policy_masks\nSELECT network, profession, relation, purpose, sensitivity, action, \
                   categories FROM grant_mask WHERE policy = $1";
        let mut masks = Vec::new();
        for row in self.all(query(sql).bind(hash.to_owned())).await? {
            let row = Reader::new("grant_mask", &row);
            masks.push(MaskRow {
                network: row.parsed("network")?,
                profession: row.parsed("profession")?,
                relation: row.parsed("relation")?,
                purpose: row.parsed("purpose")?,
                sensitivity: row.parsed("sensitivity")?,
                action: row.text("action")?,
                categories: row.number("categories")?,
            });
        }
        Ok(Some(masks))
    }
}

impl Tx {
    /// Stores a policy set's masks. Activating the same set again changes nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn policy_activate(
        &mut self,
        hash: &str,
        masks: &[MaskRow],
        at: Instant,
    ) -> Result<(), StoreError> {
        let sql = "-- store.policy_activate\nINSERT INTO policy (hash, activated_at) VALUES ($1, $2) \
                   ON CONFLICT (hash) DO NOTHING";
        if self
            .execute(query(sql).bind(hash.to_owned()).bind(at.0))
            .await?
            == 0
        {
            return Ok(());
        }
        let rows = masks.iter().map(|mask| {
            json!({
                "policy": hash, "network": mask.network.as_str(),
                "profession": mask.profession.as_str(), "relation": mask.relation.as_str(),
                "purpose": mask.purpose.as_str(), "sensitivity": mask.sensitivity.as_str(),
                "action": mask.action, "categories": mask.categories,
            })
        });
        self.many(MASKS, rows.collect()).await.map(drop)
    }
}
