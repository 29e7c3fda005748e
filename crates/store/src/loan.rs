//! SQLite's write connection, lent to one transaction of a group.

use renkei_model::leaf::{LinkFn, SealedLeaf};
use sqlx::AnyConnection;
use tokio::sync::oneshot;

use crate::again::Ran;
use crate::fault::StoreError;
use crate::leaf::Head;
use crate::leaf_group::Answer;
use crate::leaf_rows;
use crate::script::Step;
use crate::sql::Query;

/// The write connection, lent to one transaction. Dropping it gives the connection back and undoes
/// what the transaction did, also when the loan never reached the one who asked for it.
pub(crate) struct Loan {
    connection: Option<AnyConnection>,
    back: Option<oneshot::Sender<Returned>>,
    /// The last leaf, as this transaction sees it.
    head: Head,
    link: LinkFn,
    /// What was written.
    ran: Vec<Ran>,
    trace: Trace,
    /// The error that spoiled the transaction: tells why SQLite rolled the group back by itself.
    fault: Option<StoreError>,
}

/// What a transaction leaves behind in the group's if it does not commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trace {
    /// Nothing: it read, if anything, and every answer was good.
    None,
    /// Perhaps something, until the statement that is under way has given a good answer.
    Open,
    /// Perhaps something: it wrote.
    Written,
}

/// The connection on its way back.
pub(crate) struct Returned {
    pub(crate) connection: AnyConnection,
    pub(crate) end: End,
}

/// How the transaction ended.
pub(crate) enum End {
    Commit {
        head: Head,
        ran: Vec<Ran>,
        answer: Answer,
    },
    Rollback {
        trace: Trace,
        fault: Option<StoreError>,
    },
}

impl Loan {
    /// Lends a connection; it comes back through the receiver.
    pub(crate) fn new(
        connection: AnyConnection,
        head: Head,
        link: LinkFn,
    ) -> (Self, oneshot::Receiver<Returned>) {
        let (back, returned) = oneshot::channel();
        let loan = Self {
            connection: Some(connection),
            back: Some(back),
            head,
            link,
            ran: Vec::new(),
            trace: Trace::None,
            fault: None,
        };
        (loan, returned)
    }

    /// The connection, for reading. Followed by [`Loan::settled`] or [`Loan::failed`].
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, StoreError> {
        if self.trace == Trace::None {
            self.trace = Trace::Open;
        }
        self.connection.as_mut().ok_or(StoreError::Unavailable)
    }

    /// Writes; how many rows each statement of the text touched.
    pub(crate) async fn write(&mut self, query: Query) -> Result<&[u64], StoreError> {
        self.trace = Trace::Written;
        let ran = Ran::run(self.connection()?, query).await?;
        self.ran.push(ran);
        Ok(self.ran.last().map_or(&[], Ran::touched))
    }

    /// The statement that was under way has given a good answer.
    pub(crate) fn settled(&mut self) {
        if self.trace == Trace::Open {
            self.trace = Trace::None;
        }
    }

    /// The statement that was under way failed.
    pub(crate) fn failed(&mut self, error: StoreError) {
        self.fault = Some(error);
    }

    /// A leaf with its number and link as steps: the number is taken now, the rows follow. If they fail, so
    /// does the transaction, and the number is free again.
    pub(crate) fn leaf_steps(&mut self, leaf: &SealedLeaf) -> Vec<Step> {
        let seq = self.head.next_seq;
        self.head = self.head.after(&leaf.hash, self.link);
        leaf_rows::steps(leaf, seq, &self.head.link)
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let (head, ran) = (self.head, std::mem::take(&mut self.ran));
        self.give_back(End::Commit { head, ran, answer });
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
        let (trace, fault) = (self.trace, self.fault.take());
        self.give_back(End::Rollback { trace, fault });
    }
}
