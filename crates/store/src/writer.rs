//! SQLite's one writer: a task that owns the write connection and lends it to one transaction after
//! the other, adds the leaves that wait, and commits them together. When one is undone, all are, and what
//! the others wrote is run again (docs/decisions/0014-run-again-instead-of-savepoints.md).

use std::time::Duration;

use metrics::{counter, histogram};
use renkei_model::leaf::{Hash, LinkFn, SealedLeaf};
use sqlx::AnyConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{timeout, timeout_at};

use crate::fault::StoreError;
use crate::group::{Group, GroupLimits, Stage};
use crate::leaf::Head;
use crate::leaf_group::{self, LeafJob, LeafQueue, LeafSender};
use crate::leaf_rows::{self, Frame};
use crate::loan::{End, Loan, Returned, Trace};
use crate::sql::query;
use crate::tx::Urgency;

/// Transactions that may wait in one queue before `begin` itself waits.
const QUEUE_LENGTH: usize = 1024;
/// How long a group waits for those who are expected, from its beginning.
const SIBLINGS: Duration = Duration::from_millis(1);
/// A transaction that keeps the writer longer than this is named in the log.
const SLOW_MS: u64 = 1_000;

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) leaves: LeafSender,
    emergency: mpsc::Sender<Begin>,
    leaf: mpsc::Sender<Begin>,
    ordinary: mpsc::Sender<Job>,
}

struct Begin {
    name: &'static str,
    urgent: bool,
    answer: oneshot::Sender<Result<Loan, StoreError>>,
}

enum Job {
    Leaf(LeafJob),
    Begin(Begin),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the task on a connection that has passed the start-up check.
    pub(crate) fn start(
        connection: AnyConnection,
        head: Head,
        link: LinkFn,
        limits: GroupLimits,
    ) -> Self {
        let (leaves, leaf_jobs) = leaf_group::queue();
        let (emergency, emergency_jobs) = mpsc::channel(QUEUE_LENGTH);
        let (leaf, urgent_jobs) = mpsc::channel(QUEUE_LENGTH);
        let (ordinary, ordinary_jobs) = mpsc::channel(QUEUE_LENGTH);
        let queues = Queues {
            leaves: leaf_jobs,
            emergency: emergency_jobs,
            leaf: urgent_jobs,
            ordinary: ordinary_jobs,
        };
        let task = Task {
            connection: Some(connection),
            head,
            link,
            limits,
            queues,
            closing: None,
            last: 0,
        };
        tokio::spawn(task.run());
        Self {
            leaves,
            emergency,
            leaf,
            ordinary,
        }
    }

    pub(crate) async fn begin(
        &self,
        name: &'static str,
        urgency: Urgency,
    ) -> Result<Loan, StoreError> {
        let (answer, loan) = oneshot::channel();
        let begin = Begin {
            name,
            urgent: urgency != Urgency::Ordinary,
            answer,
        };
        let sent = match urgency {
            Urgency::Emergency => self.emergency.send(begin).await.is_ok(),
            Urgency::Leaf => self.leaf.send(begin).await.is_ok(),
            Urgency::Ordinary => self.ordinary.send(Job::Begin(begin)).await.is_ok(),
        };
        if !sent {
            return Err(StoreError::Unavailable);
        }
        loan.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// Whether the writer still takes transactions.
    pub(crate) fn alive(&self) -> bool {
        !self.ordinary.is_closed()
    }

    pub(crate) async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        if self.ordinary.send(Job::Close(answer)).await.is_ok() {
            drop(closed.await);
        }
    }
}

struct Queues {
    leaves: LeafQueue,
    emergency: mpsc::Receiver<Begin>,
    leaf: mpsc::Receiver<Begin>,
    ordinary: mpsc::Receiver<Job>,
}

impl Queues {
    /// The most urgent job; waits for one. `None` when nobody can send any more.
    async fn next(&mut self) -> Option<Job> {
        tokio::select! {
            biased;
            Some(begin) = self.emergency.recv() => Some(Job::Begin(begin)),
            Some(job) = self.leaves.next() => Some(Job::Leaf(job)),
            Some(begin) = self.leaf.recv() => Some(Job::Begin(begin)),
            Some(job) = self.ordinary.recv() => Some(job),
            else => None,
        }
    }

    /// The most urgent transaction that waits already.
    fn waiting(&mut self) -> Option<Job> {
        let first = self.emergency.try_recv().or_else(|_| self.leaf.try_recv());
        let first = first.map(Job::Begin);
        first.or_else(|_| self.ordinary.try_recv()).ok()
    }
}

struct Task {
    connection: Option<AnyConnection>,
    head: Head,
    link: LinkFn,
    limits: GroupLimits,
    queues: Queues,
    closing: Option<oneshot::Sender<()>>,
    /// How many were in the last group.
    last: usize,
}

impl Task {
    async fn run(mut self) {
        while let Some(job) = self.queues.next().await {
            if let Err(error) = self.group(job).await
                && error.disk_failed()
            {
                // After a failed fsync nobody knows what is on disk: only a restart, which replays
                // the log, may go on.
                tracing::error!(%error, "the writer stops: the disk failed");
                return;
            }
            if self.connection.is_none() {
                tracing::error!("the writer stops: it lost its connection");
                return;
            }
            if let Some(answer) = self.closing.take() {
                if let Some(connection) = self.connection.take() {
                    drop(sqlx::Connection::close(connection).await);
                }
                // Whoever asked may have gone.
                let _ = answer.send(());
                return;
            }
        }
    }

    /// One group, from its first job to COMMIT.
    async fn group(&mut self, first: Job) -> Result<(), StoreError> {
        let mut group = Group::new();
        let mut outcome = self.fill(&mut group, first).await;
        self.last = group.size();
        let leaves = group.leaves.len();
        if outcome.is_ok() {
            outcome = self.finish(&mut group).await;
        }
        if let Err(error) = &outcome {
            tracing::warn!(%error, members = group.members, leaves, "a group was not committed");
            self.recover().await;
        } else if group.members > 0 || leaves > 0 {
            histogram!("store_group_seconds").record(group.began.elapsed().as_secs_f64());
            counter!("store_group_members_total").increment(group.members as u64);
            counter!("store_group_leaves_total").increment(leaves as u64);
        }
        // Leaves are left over only when the group was lost before they were written.
        let unwritten = group.leaves.into_iter().map(|job| job.answer);
        for member in group.waiting.into_iter().chain(unwritten) {
            drop(member.send(outcome.clone()));
        }
        // Thousands of values: whoever comes next does not wait until they are gone.
        tokio::spawn(async move { drop(group.ran) });
        outcome
    }

    /// Runs transactions one after the other and collects leaves, until the group is full, late, or
    /// nobody waits.
    async fn fill(&mut self, group: &mut Group, first: Job) -> Result<(), StoreError> {
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Leaf(job) => group.leaves.push(job),
                Job::Begin(begin) => {
                    if begin.urgent {
                        group.hurry();
                    }
                    self.member(begin, group).await?;
                }
                Job::Close(answer) => {
                    // Closing is the last thing: this group goes to disk first.
                    self.closing = Some(answer);
                    return Ok(());
                }
            }
            self.queues.leaves.drain(&mut group.leaves);
            if !group.leaves.is_empty() {
                group.hurry();
            }
            if group.open(self.limits) {
                next = self.queues.waiting();
                if next.is_none() {
                    next = self.sibling(group).await;
                }
            }
        }
        Ok(())
    }

    /// Somebody who is expected: where the last group was large, as many are on their way again, and to wait for them a
    /// moment costs less than a commit for each. Who is alone waits for nobody.
    async fn sibling(&mut self, group: &Group) -> Option<Job> {
        if group.size() * 2 >= self.last {
            return None;
        }
        let expected = timeout_at(group.began + SIBLINGS, self.queues.next()).await;
        expected.ok().flatten()
    }

    /// Lends the connection to one transaction and undoes it where it does not commit.
    async fn member(&mut self, begin: Begin, group: &mut Group) -> Result<(), StoreError> {
        let Begin { name, answer, .. } = begin;
        if answer.is_closed() {
            return Ok(());
        }
        group.members += 1;
        if let Err(error) = self.enter(group).await {
            drop(answer.send(Err(error.clone())));
            return Err(error);
        }
        let connection = self.connection.take().ok_or(StoreError::Unavailable)?;
        let (loan, returned) = Loan::new(connection, self.head, self.link);
        // If nobody takes it, the loan comes back and is dropped, which returns it as a rollback.
        drop(answer.send(Ok(loan)));
        let Returned { connection, end } = wait_for(name, returned)
            .await
            .ok_or(StoreError::Unavailable)?;
        self.connection = Some(connection);
        match end {
            End::Commit { head, ran, answer } => {
                if group.stage == Stage::Free && !ran.is_empty() {
                    group.stage = Stage::Done;
                }
                group.done(ran, answer);
                self.head = head;
                Ok(())
            }
            End::Rollback {
                trace: Trace::None, ..
            } => Ok(()),
            End::Rollback { fault, .. } => self.undo_member(group, fault).await,
        }
    }

    /// Brings the database to where the next member may begin.
    async fn enter(&mut self, group: &mut Group) -> Result<(), StoreError> {
        match group.stage {
            Stage::Open | Stage::Free => {}
            Stage::New => {
                self.run_sql("-- store.writer\nBEGIN IMMEDIATE").await?;
                group.stage = Stage::Open;
            }
            Stage::Done => {
                self.run_sql("-- store.writer\nRELEASE member; SAVEPOINT member")
                    .await?;
                group.stage = Stage::Free;
            }
        }
        Ok(())
    }

    /// Takes back what the last member wrote. `fault`: what it failed by; it tells why SQLite has rolled
    /// everything back by itself, if it has.
    async fn undo_member(
        &mut self,
        group: &mut Group,
        fault: Option<StoreError>,
    ) -> Result<(), StoreError> {
        if group.stage == Stage::Free {
            let undone = self.run_sql("-- store.writer\nROLLBACK TO member").await;
            return undone.map_err(|error| fault.unwrap_or(error));
        }
        self.run_again(group, fault).await?;
        if group.stage == Stage::Open {
            // Once is enough: whoever can make transactions fail is not to make us write all of it again
            // and again.
            self.run_sql("-- store.writer\nSAVEPOINT member").await?;
            group.stage = Stage::Free;
        }
        Ok(())
    }

    /// Takes everything back, and writes what the members that are done wrote once more. Nobody else
    /// writes, so each finds what it found the first time.
    async fn run_again(
        &mut self,
        group: &mut Group,
        fault: Option<StoreError>,
    ) -> Result<(), StoreError> {
        let undone = self.run_sql("-- store.writer\nROLLBACK").await;
        undone.map_err(|error| fault.unwrap_or(error))?;
        group.stage = Stage::New;
        if group.ran.is_empty() {
            return Ok(());
        }
        self.enter(group).await?;
        let connection = self.connection.as_mut().ok_or(StoreError::Unavailable)?;
        for ran in &group.ran {
            ran.again(connection).await?;
        }
        Ok(())
    }

    /// Writes the leaves, and makes all of it durable.
    async fn finish(&mut self, group: &mut Group) -> Result<(), StoreError> {
        if group.leaves.is_empty() {
            return match group.stage {
                Stage::New => Ok(()),
                _ => self.run_sql("-- store.writer\nCOMMIT").await,
            };
        }
        let frame = match group.stage {
            Stage::New => Frame::Whole,
            _ => Frame::Last,
        };
        let Err(error) = self.leaves(group, frame).await else {
            return Ok(());
        };
        if error.everybodys() {
            return Err(error);
        }
        self.run_again(group, Some(error)).await?;
        self.enter(group).await?;
        self.leaves_one_by_one(group).await?;
        self.run_sql("-- store.writer\nCOMMIT").await
    }

    /// Writes the group's leaves together.
    async fn leaves(&mut self, group: &mut Group, frame: Frame) -> Result<(), StoreError> {
        let chain = (self.head, self.link);
        let connection = self.connection.as_mut().ok_or(StoreError::Unavailable)?;
        let leaves: Vec<&SealedLeaf> = group.leaves.iter().map(|job| &job.leaf).collect();
        self.head = leaf_rows::put(connection, frame, &leaves, chain).await?;
        let written = group.leaves.drain(..);
        group.waiting.extend(written.map(|job| job.answer));
        Ok(())
    }

    /// One of the leaves cannot be written: the others are not to suffer.
    async fn leaves_one_by_one(&mut self, group: &mut Group) -> Result<(), StoreError> {
        group.leaves.reverse();
        while let Some(job) = group.leaves.pop() {
            let chain = (self.head, self.link);
            let connection = self.connection.as_mut().ok_or(StoreError::Unavailable)?;
            match leaf_rows::put(connection, Frame::Held, &[&job.leaf], chain).await {
                Ok(head) => {
                    self.head = head;
                    group.waiting.push(job.answer);
                }
                Err(error) if error.everybodys() => {
                    group.waiting.push(job.answer);
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(%error, "a leaf cannot be written");
                    drop(job.answer.send(Err(error)));
                    self.undo_leaves().await?;
                }
            }
        }
        Ok(())
    }

    async fn undo_leaves(&mut self) -> Result<(), StoreError> {
        self.run_sql("-- store.writer\nROLLBACK TO leaves; RELEASE leaves")
            .await
    }

    async fn run_sql(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let connection = self.connection.as_mut().ok_or(StoreError::Unavailable)?;
        query(sql).execute(connection).await?;
        Ok(())
    }

    /// After a lost group: no transaction is open, and the head is what the database says.
    async fn recover(&mut self) {
        // Fails when SQLite has rolled back by itself already, which is as good.
        drop(self.run_sql("-- store.writer\nROLLBACK").await);
        let Some(connection) = self.connection.as_mut() else {
            return;
        };
        match Head::load(connection).await {
            Ok(head) => self.head = head,
            Err(error) => {
                // Without the head no leaf can be chained; without the connection no one is served.
                tracing::error!(%error, "the writer cannot read the last leaf back");
                self.connection = None;
            }
        }
    }
}

async fn wait_for(
    name: &'static str,
    mut returned: oneshot::Receiver<Returned>,
) -> Option<Returned> {
    loop {
        match timeout(Duration::from_millis(SLOW_MS), &mut returned).await {
            Ok(returned) => return returned.ok(),
            Err(_) => tracing::warn!(transaction = name, "a transaction keeps the writer waiting"),
        }
    }
}

/// The link before the first leaf.
pub(crate) const NO_LINK: Hash = [0; 32];
