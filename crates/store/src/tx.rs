//! A transaction: a member of the SQLite writer's group, or an ordinary PostgreSQL transaction.

use std::sync::Arc;

use sqlx::AnyConnection;
use sqlx::any::{Any, AnyRow};
use tokio::sync::Notify;

use crate::fault::{StoreError, inconsistent};
use crate::sql::{Dialect, Query};
use crate::writer::Loan;

/// How soon a transaction gets the SQLite writer. PostgreSQL keeps two connections for emergencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// An ambulance crew waits.
    Emergency,
    /// The audit leaf of a read: somebody waits for an answer.
    Leaf,
    /// Everything else.
    Ordinary,
}

/// A transaction. Dropped without [`Tx::commit`] it leaves nothing.
///
/// Between `begin` and `commit` only the database may be awaited: on SQLite everybody else waits.
/// After a statement has failed (or its future was dropped) the transaction can only be rolled back,
/// on both databases.
pub struct Tx {
    pub(crate) inner: Inner,
    dialect: Dialect,
    spoiled: bool,
    /// Set when a leaf was put that PostgreSQL's sequencer has to number.
    pub(crate) wakes: bool,
    sequencer: Arc<Notify>,
}

pub(crate) enum Inner {
    Member(Loan),
    Whole(sqlx::Transaction<'static, Any>),
}

impl Tx {
    pub(crate) fn new(inner: Inner, sequencer: Arc<Notify>) -> Self {
        let dialect = match inner {
            Inner::Member(_) => Dialect::Sqlite,
            Inner::Whole(_) => Dialect::Postgres,
        };
        Self {
            inner,
            dialect,
            spoiled: false,
            wakes: false,
            sequencer,
        }
    }

    /// Makes everything durable. When this returns `Ok`, it is on disk.
    ///
    /// # Errors
    /// Nothing was stored, whatever the error.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.spoiled {
            self.rollback().await;
            return Err(inconsistent(
                "transaction",
                "commit after a failed statement",
            ));
        }
        match self.inner {
            Inner::Member(loan) => loan.commit().await,
            Inner::Whole(transaction) => {
                transaction.commit().await?;
                if self.wakes {
                    self.sequencer.notify_one();
                }
                Ok(())
            }
        }
    }

    /// Leaves nothing. The same as dropping it, but the database has heard of it on return.
    pub async fn rollback(self) {
        match self.inner {
            Inner::Member(loan) => drop(loan),
            Inner::Whole(transaction) => drop(transaction.rollback().await),
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) async fn execute(&mut self, query: Query) -> Result<u64, StoreError> {
        let connection = self.connection()?;
        let result = query
            .execute(connection)
            .await
            .map(|done| done.rows_affected());
        self.settle(result)
    }

    /// Runs a statement that answers with at most one row.
    pub(crate) async fn find(&mut self, query: Query) -> Result<Option<AnyRow>, StoreError> {
        let connection = self.connection()?;
        let result = query.fetch_optional(connection).await;
        self.settle(result)
    }

    /// Runs a statement that answers with rows.
    pub(crate) async fn all(&mut self, query: Query) -> Result<Vec<AnyRow>, StoreError> {
        let connection = self.connection()?;
        let result = query.fetch_all(connection).await;
        self.settle(result)
    }

    /// Refuses after a failure: SQLite may have rolled the whole group back by itself, and a further
    /// statement would then run, and stay, outside any transaction.
    fn connection(&mut self) -> Result<&mut AnyConnection, StoreError> {
        if std::mem::replace(&mut self.spoiled, true) {
            return Err(inconsistent("transaction", "statement after a failed one"));
        }
        match &mut self.inner {
            Inner::Member(loan) => loan.connection(),
            Inner::Whole(transaction) => Ok(transaction),
        }
    }

    fn settle<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        match result {
            Ok(value) => {
                self.spoiled = false;
                Ok(value)
            }
            Err(error) => {
                let error = StoreError::from(error);
                if let Inner::Member(loan) = &mut self.inner {
                    loan.fault = Some(error.clone());
                }
                Err(error)
            }
        }
    }
}
