//! Leaves of reads: they wait together and become durable together, on SQLite in the writer's group, on
//! PostgreSQL in one statement of the sequencer's connection.

use renkei_model::leaf::SealedLeaf;
use tokio::sync::{mpsc, oneshot};

use crate::fault::StoreError;
use crate::readers::urgent;
use crate::store::Store;

/// Leaves that may wait before who brings one waits itself.
const QUEUE_LENGTH: usize = 1024;
/// Leaves that are committed together at most.
const TOGETHER: usize = 256;

/// Tells whether it is durable.
pub(crate) type Answer = oneshot::Sender<Result<(), StoreError>>;

/// A leaf that waits.
pub(crate) struct LeafJob {
    pub(crate) leaf: SealedLeaf,
    pub(crate) answer: Answer,
}

/// The way in.
#[derive(Clone)]
pub(crate) struct LeafSender {
    emergency: mpsc::Sender<LeafJob>,
    ordinary: mpsc::Sender<LeafJob>,
}

/// The leaves that wait; those of crews go first.
pub(crate) struct LeafQueue {
    emergency: mpsc::Receiver<LeafJob>,
    ordinary: mpsc::Receiver<LeafJob>,
}

/// Both ends of a queue.
pub(crate) fn queue() -> (LeafSender, LeafQueue) {
    let (emergency, emergency_jobs) = mpsc::channel(QUEUE_LENGTH);
    let (ordinary, ordinary_jobs) = mpsc::channel(QUEUE_LENGTH);
    let sender = LeafSender {
        emergency,
        ordinary,
    };
    let queue = LeafQueue {
        emergency: emergency_jobs,
        ordinary: ordinary_jobs,
    };
    (sender, queue)
}

impl LeafSender {
    /// Durable on return.
    pub(crate) async fn commit(&self, leaf: SealedLeaf) -> Result<(), StoreError> {
        let queue = if urgent() {
            &self.emergency
        } else {
            &self.ordinary
        };
        let (answer, answered) = oneshot::channel();
        let job = LeafJob { leaf, answer };
        queue.send(job).await.map_err(|_| StoreError::Unavailable)?;
        answered.await.unwrap_or(Err(StoreError::Unavailable))
    }
}

impl LeafQueue {
    /// The next leaf; waits for one. `None` when nobody can bring one any more.
    pub(crate) async fn next(&mut self) -> Option<LeafJob> {
        tokio::select! {
            biased;
            Some(job) = self.emergency.recv() => Some(job),
            Some(job) = self.ordinary.recv() => Some(job),
            else => None,
        }
    }

    /// Takes along what waits already, but for leaves that nobody waits for any more: their requests
    /// were given up and get no answer.
    pub(crate) fn drain(&mut self, batch: &mut Vec<LeafJob>) {
        while batch.len() < TOGETHER {
            let job = self
                .emergency
                .try_recv()
                .or_else(|_| self.ordinary.try_recv());
            match job {
                Ok(job) if job.answer.is_closed() => {}
                Ok(job) => batch.push(job),
                Err(_) => return,
            }
        }
    }
}

impl Store {
    /// Appends a leaf by itself, together with others that wait. Durable when this returns `Ok`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] also when it is not known whether the leaf is durable.
    pub async fn leaf_commit(&self, leaf: SealedLeaf) -> Result<(), StoreError> {
        match self.leaves_way() {
            Some(way) => way.commit(leaf).await,
            None => Err(StoreError::Unavailable),
        }
    }
}
