//! Room: has this message been answered before? Then the same answer is given again.
//!
//! Asked twice: before the message is read, so that a later change of a profile cannot change the
//! answer to a repeat, and inside the transaction, so that two copies at once have one effect.

use renkei_model::message::StoredAnswer;
use renkei_store::{StoreError, Tx};

use crate::accept::Accepted;
use crate::house::House;

/// What is remembered of a message.
pub enum Recall {
    /// Never seen.
    New,
    /// Seen, with the answer that was given.
    Known(StoredAnswer),
}

/// Why a message cannot be compared with the one before.
#[derive(Debug, thiserror::Error)]
pub enum RecallError {
    /// The sender used a message id again for other bytes.
    #[error("this message id was used before for other content")]
    KeyReused,
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

/// Looks for an earlier answer.
///
/// # Errors
/// [`RecallError`].
pub async fn recall(house: &House, accepted: &Accepted<'_>) -> Result<Recall, RecallError> {
    judge(house.store.dedup_find(&accepted.dedup).await?, accepted)
}

/// The same inside the transaction, where no other copy can slip in between.
///
/// # Errors
/// [`RecallError`].
pub async fn recall_inside(tx: &mut Tx, accepted: &Accepted<'_>) -> Result<Recall, RecallError> {
    judge(tx.dedup_find(&accepted.dedup).await?, accepted)
}

fn judge(found: Option<StoredAnswer>, accepted: &Accepted<'_>) -> Result<Recall, RecallError> {
    match found {
        None => Ok(Recall::New),
        Some(answer) if answer.body_sha256 == accepted.body_sha256 => Ok(Recall::Known(answer)),
        Some(_) => Err(RecallError::KeyReused),
    }
}
