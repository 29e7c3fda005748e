//! What SQLite's writer commits together, and how far the database has been told of it.

use std::time::Duration;

use tokio::time::Instant;

use crate::again::Ran;
use crate::leaf_group::{Answer, LeafJob};

/// A group that keeps more than this for being run again takes nobody in, bytes.
const KEPT_MAX: usize = 16 << 20;

/// When a group is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupLimits {
    /// Transactions.
    pub(crate) members: usize,
    /// Its work from the moment that somebody urgent is in it.
    pub(crate) work: Duration,
    /// Its work while nobody urgent is in it.
    pub(crate) busy: Duration,
}

/// How far the database has been told of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No transaction is open.
    New,
    /// One is open; undoing a member undoes all, and the others are run again.
    Open,
    /// Somebody was undone so. Since then every member has a savepoint, and this is that of one who is
    /// done.
    Done,
    /// The savepoint of nobody yet: the last member left nothing in it.
    Free,
}

/// What is committed together.
pub(crate) struct Group {
    pub(crate) began: Instant,
    urgent_at: Option<Instant>,
    pub(crate) stage: Stage,
    pub(crate) members: usize,
    /// What the members that are done wrote, in order.
    pub(crate) ran: Vec<Ran>,
    kept: usize,
    /// Leaves that are yet to be written.
    pub(crate) leaves: Vec<LeafJob>,
    /// Who waits for the COMMIT.
    pub(crate) waiting: Vec<Answer>,
}

impl Group {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            urgent_at: None,
            stage: Stage::New,
            members: 0,
            ran: Vec::new(),
            kept: 0,
            leaves: Vec::new(),
            waiting: Vec::new(),
        }
    }

    pub(crate) fn hurry(&mut self) {
        self.urgent_at.get_or_insert_with(Instant::now);
    }

    /// A member is done: it waits for the COMMIT, and what it wrote is kept until then.
    pub(crate) fn done(&mut self, ran: Vec<Ran>, answer: Answer) {
        self.kept += ran.iter().map(|ran| ran.bytes).sum::<usize>();
        self.ran.extend(ran);
        self.waiting.push(answer);
    }

    /// Transactions and leaves.
    pub(crate) fn size(&self) -> usize {
        self.members + self.leaves.len()
    }

    /// Whether one more transaction may join.
    pub(crate) fn open(&self, limits: GroupLimits) -> bool {
        let now = Instant::now();
        let late = now >= self.began + limits.busy;
        let hurried = self.urgent_at.is_some_and(|at| now >= at + limits.work);
        self.members < limits.members && self.kept < KEPT_MAX && !late && !hurried
    }
}
