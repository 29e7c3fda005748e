//! PostgreSQL's sequencer: the one task of a process that commits the leaves of reads, together, and
//! that numbers and links leaves, in one process at a time.
//!
//! A leaf that commits with its request cannot be numbered inside: numbers given by open transactions
//! would have gaps. Whoever holds the lease, an advisory lock of this task's connection, numbers what is
//! committed; it alone knows the end of the chain, so the leaves that it commits itself have their
//! numbers at once. Where the connection ends, so does the lease, and nothing else is kept.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, histogram};
use renkei_model::leaf::SealedLeaf;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::chain::{Chain, ROUND_LEAVES};
use crate::errand::Errand;
use crate::fault::StoreError;
use crate::leaf_group::{self, LeafJob, LeafQueue, LeafSender};

/// A leaf of another process is numbered within two of these.
const ROUND_MS: u64 = 40;
/// Between two rounds at least: a round is a commit, which readers wait for.
const BUSY_MS: u64 = 15;
/// After a failed round: the database may be restarting.
const FAILED_MS: u64 = 500;

/// The running task.
pub(crate) struct Sequencer {
    pub(crate) leaves: LeafSender,
    errand: Errand,
}

impl Sequencer {
    /// Starts the task. `wake` is heard when a transaction has committed a leaf.
    pub(crate) fn start(chain: Chain, wake: Arc<Notify>) -> Self {
        let (leaves, queue) = leaf_group::queue();
        let errand = Errand::start(|asked| Task { chain, queue }.run(wake, asked));
        Self { leaves, errand }
    }

    /// Commits what waits, numbers what is committed, then ends.
    pub(crate) async fn stop(&self) {
        self.errand.stop().await;
    }
}

struct Task {
    chain: Chain,
    queue: LeafQueue,
}

impl Task {
    async fn run(mut self, wake: Arc<Notify>, mut asked: oneshot::Receiver<()>) {
        let mut last = Instant::now();
        let mut due = last;
        loop {
            if Instant::now() >= due {
                let pause = self.round().await;
                last = Instant::now();
                due = last + Duration::from_millis(pause);
            }
            tokio::select! {
                biased;
                // The sender is gone when the store is dropped: that stops the task too.
                _ = &mut asked => break,
                Some(job) = self.queue.next() => self.commit(job).await,
                () = wake.notified() => due = due.min(last + Duration::from_millis(BUSY_MS)),
                () = sleep_until(due) => {}
            }
        }
        let mut rest = Vec::new();
        self.queue.drain(&mut rest);
        self.put(rest).await;
        // What was committed before the stop gets its number now, not at the next start.
        self.round().await;
        self.chain.close().await;
    }

    /// Numbers leaves; the time to the next round, milliseconds.
    async fn round(&mut self) -> u64 {
        match self.chain.number().await {
            Ok(ROUND_LEAVES) => 0,
            Ok(_) => ROUND_MS,
            Err(error) => {
                tracing::warn!(%error, "a round of the sequencer failed");
                FAILED_MS
            }
        }
    }

    /// Commits a leaf and those that wait.
    async fn commit(&mut self, first: LeafJob) {
        let mut batch = vec![first];
        self.queue.drain(&mut batch);
        self.put(batch).await;
    }

    async fn put(&mut self, batch: Vec<LeafJob>) {
        if batch.is_empty() {
            return;
        }
        let began = Instant::now();
        let leaves: Vec<&SealedLeaf> = batch.iter().map(|job| &job.leaf).collect();
        let outcome = self.chain.put(&leaves).await;
        match outcome {
            Err(error) if !error.everybodys() => self.one_by_one(batch).await,
            outcome => {
                if let Err(error) = &outcome {
                    tracing::warn!(%error, leaves = batch.len(), "leaves were not committed");
                }
                histogram!("store_group_seconds").record(began.elapsed().as_secs_f64());
                counter!("store_group_leaves_total").increment(batch.len() as u64);
                answer(batch, &outcome);
            }
        }
    }

    /// One of the leaves cannot be written: the others are not to suffer.
    async fn one_by_one(&mut self, batch: Vec<LeafJob>) {
        let mut rest = batch.into_iter();
        while let Some(job) = rest.next() {
            let outcome = self.chain.put(&[&job.leaf]).await;
            if let Err(error) = &outcome {
                tracing::error!(%error, "a leaf cannot be written");
            }
            let lost = outcome.as_ref().is_err_and(StoreError::everybodys);
            answer([job], &outcome);
            if lost {
                answer(rest, &outcome);
                return;
            }
        }
    }
}

/// Tells all who wait; one who has gone needs no answer.
fn answer(batch: impl IntoIterator<Item = LeafJob>, outcome: &Result<(), StoreError>) {
    for job in batch {
        drop(job.answer.send(outcome.clone()));
    }
}
