//! SQLite's write connection, lent to one transaction of a group.

use renkei_model::leaf::{LinkFn, SealedLeaf};
use sqlx::AnyConnection;
use tokio::sync::oneshot;

use crate::fault::StoreError;
use crate::leaf::Head;
use crate::leaf_group::Answer;
use crate::leaf_rows::{self, Frame};
use crate::script::Step;

/// The write connection, lent to one transaction. Dropping it gives the connection back and undoes
/// what the transaction did, also when the loan never reached the one who asked for it.
pub(crate) struct Loan {
    connection: Option<AnyConnection>,
    back: Option<oneshot::Sender<Returned>>,
    /// The last leaf, as this transaction sees it.
    head: Head,
    link: LinkFn,
    /// The error that spoiled the transaction: tells why SQLite rolled the group back by itself.
    pub(crate) fault: Option<StoreError>,
}

/// The connection on its way back.
pub(crate) struct Returned {
    pub(crate) connection: AnyConnection,
    pub(crate) end: End,
}

/// How the transaction ended.
pub(crate) enum End {
    Commit { head: Head, answer: Answer },
    Rollback { fault: Option<StoreError> },
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
            fault: None,
        };
        (loan, returned)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Unavailable)
    }

    /// Appends a leaf with its number and link.
    pub(crate) async fn leaf_put(&mut self, leaf: &SealedLeaf) -> Result<(), StoreError> {
        let chain = (self.head, self.link);
        let connection = self.connection()?;
        match leaf_rows::put(connection, Frame::Bare, &[leaf], chain).await {
            Ok(head) => {
                self.head = head;
                Ok(())
            }
            Err(error) => {
                self.fault = Some(error.clone());
                Err(error)
            }
        }
    }

    /// The same for a transaction that gathers its writes: the number is taken now, the rows follow. If they
    /// fail, so does the transaction, and the number is free again.
    pub(crate) fn leaf_steps(&mut self, leaf: &SealedLeaf) -> Vec<Step> {
        let seq = self.head.next_seq;
        self.head = self.head.after(&leaf.hash, self.link);
        leaf_rows::steps(leaf, seq, &self.head.link)
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
