//! A transaction: a member of the SQLite writer's group, or an ordinary PostgreSQL transaction.

use std::sync::Arc;

use renkei_model::leaf::SealedLeaf;
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::any::{Any, AnyRow};
use tokio::sync::Notify;

use crate::again;
use crate::fault::{StoreError, inconsistent};
use crate::foresight::{self, Foreseen};
use crate::loan::Loan;
use crate::script::{Step, grouped, joined};
use crate::sql::{Dialect, Query, Sql, query};
use crate::standing::{Forget, Standings};

/// How soon a transaction gets the SQLite writer. PostgreSQL keeps connections for emergencies.
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
    standings: Arc<Standings>,
    /// Held by a transaction that changed employments.
    forget: Option<Forget>,
    /// Writes wait here for the next read or the commit.
    gathers: bool,
    pending: Vec<Step>,
    /// Answers that hold until something is written.
    pub(crate) foreseen: Vec<Foreseen>,
}

pub(crate) enum Inner {
    Member(Loan),
    Whole(sqlx::Transaction<'static, Any>),
}

impl Tx {
    pub(crate) fn new(inner: Inner, sequencer: Arc<Notify>, standings: Arc<Standings>) -> Self {
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
            standings,
            forget: None,
            gathers: false,
            pending: Vec::new(),
            foreseen: Vec::new(),
        }
    }

    /// From now on writes go to the database together: when something is read again, or with the commit,
    /// which then also says what was wrong with them.
    pub fn gather(&mut self) {
        self.gathers = true;
    }

    /// Makes everything durable. When this returns `Ok`, it is on disk.
    ///
    /// # Errors
    /// Nothing was stored, whatever the error.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        // Dropped when the commit is over, also when nobody waits for it any more.
        let _forget = self.forget.take();
        if let Err(error) = self.flush().await {
            self.rollback().await;
            return Err(error);
        }
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

    /// At this transaction's end nobody's employment is remembered any more.
    pub(crate) fn forgets_people(&mut self) {
        self.forget = Some(Forget::at_the_end(&self.standings));
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
        self.flush().await?;
        self.foreseen.clear();
        self.enter()?;
        let result = match &mut self.inner {
            Inner::Member(loan) => loan.write(query).await.map(|touched| touched.iter().sum()),
            Inner::Whole(transaction) => {
                let done = query.execute(&mut **transaction).await;
                done.map(|done| done.rows_affected()).map_err(Into::into)
            }
        };
        self.settle(result)
    }

    /// One statement for many rows; none for none. How many rows it touched.
    pub(crate) async fn many(&mut self, sql: Sql, rows: Vec<Value>) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let sql = sql.of(self.dialect);
        self.execute(query(sql).bind(Value::Array(rows).to_string()))
            .await
    }

    /// Runs a statement that answers with at most one row.
    pub(crate) async fn find(&mut self, query: Query) -> Result<Option<AnyRow>, StoreError> {
        self.flush().await?;
        let query = self.only_reads(query);
        let connection = self.connection()?;
        let result = query.fetch_optional(connection).await;
        self.settle(result.map_err(Into::into))
    }

    /// Runs a statement that answers with rows.
    pub(crate) async fn all(&mut self, query: Query) -> Result<Vec<AnyRow>, StoreError> {
        self.flush().await?;
        let query = self.only_reads(query);
        let connection = self.connection()?;
        let result = query.fetch_all(connection).await;
        self.settle(result.map_err(Into::into))
    }

    /// The rows of each statement of a text, of tables into which nothing that waits here goes.
    pub(crate) async fn all_apart(&mut self, query: Query) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        let query = self.only_reads(query);
        let connection = self.connection()?;
        let result = foresight::answers(connection, query).await;
        self.settle(result.map_err(Into::into))
    }

    /// Writes: at once, or with the others if this transaction gathers.
    pub(crate) async fn put(
        &mut self,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<(), StoreError> {
        self.pending.extend(steps);
        if self.gathers {
            Ok(())
        } else {
            self.flush().await
        }
    }

    /// Runs what waits.
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.foreseen.clear();
        let steps = std::mem::take(&mut self.pending);
        let touches: Vec<Option<u64>> = steps.iter().map(|step| step.touches).collect();
        self.enter()?;
        let result = match &mut self.inner {
            Inner::Member(loan) => loan.write(joined(steps)).await.map(<[u64]>::to_vec),
            Inner::Whole(transaction) => run(transaction, steps).await.map_err(Into::into),
        };
        let touched = self.settle(result)?;
        let as_expected = touches.len() == touched.len()
            && touches
                .iter()
                .zip(&touched)
                .all(|(expected, touched)| expected.is_none_or(|expected| expected == *touched));
        if as_expected {
            Ok(())
        } else {
            self.spoiled = true;
            Err(StoreError::Conflict)
        }
    }

    /// Appends a leaf with its number and link, where the writer gives them.
    pub(crate) async fn leaf_numbered(&mut self, leaf: &SealedLeaf) -> Result<(), StoreError> {
        let Inner::Member(loan) = &mut self.inner else {
            return Err(inconsistent("leaf", "a number outside the writer"));
        };
        let steps = loan.leaf_steps(leaf);
        self.put(steps).await
    }

    /// Refuses after a failure: SQLite may have rolled the whole group back by itself, and a further
    /// statement would then run, and stay, outside any transaction.
    fn enter(&mut self) -> Result<(), StoreError> {
        if std::mem::replace(&mut self.spoiled, true) {
            return Err(inconsistent("transaction", "statement after a failed one"));
        }
        Ok(())
    }

    fn only_reads(&self, query: Query) -> Query {
        match self.inner {
            Inner::Member(_) => again::reading(query),
            Inner::Whole(_) => query,
        }
    }

    /// The connection, for reading: what is written by it is not written again when SQLite's group has to
    /// be.
    fn connection(&mut self) -> Result<&mut AnyConnection, StoreError> {
        self.enter()?;
        match &mut self.inner {
            Inner::Member(loan) => loan.connection(),
            Inner::Whole(transaction) => Ok(transaction),
        }
    }

    fn settle<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.spoiled = result.is_err();
        if let Inner::Member(loan) = &mut self.inner {
            match &result {
                Ok(_) => loan.settled(),
                Err(error) => loan.failed(error.clone()),
            }
        }
        result
    }
}

/// Runs steps on PostgreSQL; how many rows each touched.
async fn run(connection: &mut AnyConnection, steps: Vec<Step>) -> Result<Vec<u64>, sqlx::Error> {
    let mut touched = Vec::with_capacity(steps.len());
    for (statement, steps) in grouped(steps) {
        let done = statement.execute(&mut *connection).await?;
        touched.resize(touched.len() + steps - 1, 0);
        touched.push(done.rows_affected());
    }
    Ok(touched)
}
