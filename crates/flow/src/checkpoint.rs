//! Signing how long the audit log is and what it holds, so that cutting it off shows.

use renkei_audit::FIRST_PREVIOUS;
use renkei_audit::checkpoint::{Signer, Statement};
use renkei_audit::merkle::Frontier;
use renkei_model::leaf::{Checkpoint, Hash};
use renkei_store::{StoreError, Urgency};

use crate::house::House;

/// Leaves read at a time.
const PAGE: usize = 1_000;

/// Keeps the Merkle tree of the log between checkpoints, so that each one reads only new leaves.
pub struct Checkpointer {
    signer: Signer,
    tree: Frontier,
    head: Hash,
}

impl Checkpointer {
    /// Starts with an empty tree; the first checkpoint reads the whole log.
    #[must_use]
    pub fn new(signer: Signer) -> Self {
        Self {
            signer,
            tree: Frontier::default(),
            head: FIRST_PREVIOUS,
        }
    }

    /// Signs the log as it is now. `None` when nothing was added since the last time.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn checkpoint(&mut self, house: &House) -> Result<Option<Checkpoint>, StoreError> {
        let before = self.tree.size();
        loop {
            let leaves = house.store.leaves(self.tree.size(), PAGE).await?;
            for leaf in &leaves {
                self.tree.append(&leaf.hash);
                self.head = leaf.link.unwrap_or(self.head);
            }
            if leaves.len() < PAGE {
                break;
            }
        }
        if self.tree.size() == before {
            return Ok(None);
        }
        let checkpoint = self.signer.sign(&Statement {
            size: self.tree.size(),
            root: self.tree.root(),
            head: self.head,
            at: house.clock.now(),
        });
        let mut tx = house.store.begin("checkpoint", Urgency::Ordinary).await?;
        tx.checkpoint_put(&checkpoint).await?;
        tx.commit().await?;
        Ok(Some(checkpoint))
    }
}
