//! SQLite's one writer: a task that owns the write connection and lends it to one transaction after
//! the other, each inside its own savepoint, and commits them together.

use std::time::Duration;

use renkei_model::leaf::{Hash, LinkFn};
use sqlx::AnyConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::fault::StoreError;
use crate::leaf::Head;
use crate::sql::query;
use crate::tx::Urgency;

/// Transactions that may wait in one queue before `begin` itself waits.
const QUEUE_LENGTH: usize = 1024;
/// A transaction that keeps the writer longer than this is named in the log.
const SLOW_MS: u64 = 1_000;

/// When a group is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupLimits {
    pub(crate) members: usize,
    pub(crate) work: Duration,
}

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct Writer {
    emergency: mpsc::Sender<Job>,
    leaf: mpsc::Sender<Job>,
    ordinary: mpsc::Sender<Job>,
}

enum Job {
    Begin {
        name: &'static str,
        answer: oneshot::Sender<Result<Loan, StoreError>>,
    },
    Close {
        answer: oneshot::Sender<()>,
    },
}

/// The write connection, lent to one transaction. Dropping it gives the connection back and undoes
/// what the transaction did, also when the loan never reached the one who asked for it.
pub(crate) struct Loan {
    connection: Option<AnyConnection>,
    back: Option<oneshot::Sender<Returned>>,
    /// The last leaf, as this transaction sees it.
    pub(crate) head: Head,
    pub(crate) link: LinkFn,
    /// The error that spoiled the transaction: tells why SQLite rolled the group back by itself.
    pub(crate) fault: Option<StoreError>,
}

struct Returned {
    connection: AnyConnection,
    end: End,
}

enum End {
    Commit {
        head: Head,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    Rollback {
        fault: Option<StoreError>,
    },
}

impl Loan {
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Unavailable)
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let head = self.head;
        self.give_back(End::Commit { head, answer });
        answered.await.unwrap_or(Err(StoreError::Unavailable))
    }

    fn give_back(&mut self, end: End) {
        if let (Some(connection), Some(back)) = (self.connection.take(), self.back.take()) {
            // The writer is gone only when the program ends; SQLite then rolls back by itself.
            drop(back.send(Returned { connection, end }));
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let fault = self.fault.take();
        self.give_back(End::Rollback { fault });
    }
}

impl Writer {
    /// Starts the task on a connection that has passed the start-up check.
    pub(crate) fn start(
        connection: AnyConnection,
        head: Head,
        link: LinkFn,
        limits: GroupLimits,
    ) -> Self {
        let (emergency, emergency_jobs) = mpsc::channel(QUEUE_LENGTH);
        let (leaf, leaf_jobs) = mpsc::channel(QUEUE_LENGTH);
        let (ordinary, ordinary_jobs) = mpsc::channel(QUEUE_LENGTH);
        let queues = Queues {
            emergency: emergency_jobs,
            leaf: leaf_jobs,
            ordinary: ordinary_jobs,
        };
        let task = Task {
            connection: Some(connection),
            head,
            link,
            limits,
            queues,
            closing: None,
        };
        tokio::spawn(task.run());
        Self {
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
        let queue = match urgency {
            Urgency::Emergency => &self.emergency,
            Urgency::Leaf => &self.leaf,
            Urgency::Ordinary => &self.ordinary,
        };
        let (answer, loan) = oneshot::channel();
        let job = Job::Begin { name, answer };
        queue.send(job).await.map_err(|_| StoreError::Unavailable)?;
        loan.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// Whether the writer still takes transactions.
    pub(crate) fn alive(&self) -> bool {
        !self.ordinary.is_closed()
    }

    pub(crate) async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        if self.ordinary.send(Job::Close { answer }).await.is_ok() {
            drop(closed.await);
        }
    }
}

struct Queues {
    emergency: mpsc::Receiver<Job>,
    leaf: mpsc::Receiver<Job>,
    ordinary: mpsc::Receiver<Job>,
}

impl Queues {
    /// The most urgent job; waits for one. `None` when nobody can send any more.
    async fn next(&mut self) -> Option<Job> {
        tokio::select! {
            biased;
            Some(job) = self.emergency.recv() => Some(job),
            Some(job) = self.leaf.recv() => Some(job),
            Some(job) = self.ordinary.recv() => Some(job),
            else => None,
        }
    }

    /// The most urgent job that waits already.
    fn waiting(&mut self) -> Option<Job> {
        let first = self.emergency.try_recv().or_else(|_| self.leaf.try_recv());
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
}

/// Members of the open group that wait for its COMMIT.
type Waiting = Vec<oneshot::Sender<Result<(), StoreError>>>;

/// Why a group ended before its COMMIT.
struct GroupLost(StoreError);

impl Task {
    async fn run(mut self) {
        while let Some(job) = self.queues.next().await {
            match job {
                Job::Close { answer } => self.closing = Some(answer),
                Job::Begin { name, answer } => {
                    if let Err(error) = self.group(name, answer).await
                        && error.disk_failed()
                    {
                        // After a failed fsync nobody knows what is on disk: only a restart,
                        // which replays the log, may go on.
                        tracing::error!(%error, "the writer stops: the disk failed");
                        return;
                    }
                }
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

    /// One group, from BEGIN to COMMIT.
    async fn group(
        &mut self,
        name: &'static str,
        answer: oneshot::Sender<Result<Loan, StoreError>>,
    ) -> Result<(), StoreError> {
        if let Err(error) = self.run_sql("-- store.writer\nBEGIN IMMEDIATE").await {
            drop(answer.send(Err(error.clone())));
            return Err(error);
        }
        let mut waiting = Waiting::new();
        let mut outcome = self
            .members(name, answer, &mut waiting)
            .await
            .map_err(|lost| lost.0);
        if outcome.is_ok() {
            outcome = self.run_sql("-- store.writer\nCOMMIT").await;
        }
        if let Err(error) = &outcome {
            tracing::warn!(%error, members = waiting.len(), "a group was not committed");
            self.recover().await;
        }
        for member in waiting {
            drop(member.send(outcome.clone()));
        }
        outcome
    }

    /// Runs members one after the other until the group is full, late, or nobody waits.
    async fn members(
        &mut self,
        name: &'static str,
        answer: oneshot::Sender<Result<Loan, StoreError>>,
        waiting: &mut Waiting,
    ) -> Result<(), GroupLost> {
        let began = Instant::now();
        let mut next = Some(Job::Begin { name, answer });
        let mut taken = 0;
        while let Some(job) = next.take() {
            match job {
                Job::Begin { name, answer } => self.member(name, answer, waiting).await?,
                Job::Close { answer } => {
                    // Closing is the last thing: this group goes to disk first.
                    self.closing = Some(answer);
                    return Ok(());
                }
            }
            taken += 1;
            if taken < self.limits.members && began.elapsed() < self.limits.work {
                next = self.queues.waiting();
            }
        }
        Ok(())
    }

    /// Lends the connection to one transaction and ends its savepoint.
    async fn member(
        &mut self,
        name: &'static str,
        answer: oneshot::Sender<Result<Loan, StoreError>>,
        waiting: &mut Waiting,
    ) -> Result<(), GroupLost> {
        if answer.is_closed() {
            return Ok(());
        }
        if let Err(error) = self.run_sql("-- store.writer\nSAVEPOINT member").await {
            drop(answer.send(Err(error.clone())));
            return Err(GroupLost(error));
        }
        let (back, returned) = oneshot::channel();
        let connection = self.connection.take();
        let loan = Loan {
            connection,
            back: Some(back),
            head: self.head,
            link: self.link,
            fault: None,
        };
        // If nobody takes it, the loan comes back and is dropped, which returns it as a rollback.
        drop(answer.send(Ok(loan)));
        let Some(Returned { connection, end }) = wait_for(name, returned).await else {
            return Err(GroupLost(StoreError::Unavailable));
        };
        self.connection = Some(connection);
        match end {
            End::Commit { head, answer } => {
                waiting.push(answer);
                self.run_sql("-- store.writer\nRELEASE member")
                    .await
                    .map_err(GroupLost)?;
                self.head = head;
            }
            End::Rollback { fault } => {
                let undone = async {
                    self.run_sql("-- store.writer\nROLLBACK TO member").await?;
                    self.run_sql("-- store.writer\nRELEASE member").await
                };
                undone
                    .await
                    .map_err(|error| GroupLost(fault.unwrap_or(error)))?;
            }
        }
        Ok(())
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
