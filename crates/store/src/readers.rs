//! Connections for reading, with some kept back for crews: whatever else is asked of the database, an
//! ambulance finds one free.
//!
//! deadpool's and not sqlx's own pool: that one asks a connection whether it is well each time it comes
//! back, a journey to the database's thread more for every statement, as long as the statement itself.

use std::future::Future;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _};

use crate::fault::StoreError;
use crate::open::{self, ACQUIRE_MS, ASKED_AFTER};
use crate::sql::{Dialect, Query};
use crate::store::Settings;
use crate::together::Together;

tokio::task_local! {
    /// Set while a request of a crew is answered.
    static URGENT: ();
}

/// Connections that only crews use.
pub(crate) const URGENT_CONNECTIONS: u32 = 4;

/// Makes connections that cannot write.
pub(crate) struct Reading {
    settings: Settings,
    dialect: Dialect,
}

impl Manager for Reading {
    type Type = AnyConnection;
    type Error = StoreError;

    async fn create(&self) -> Result<AnyConnection, StoreError> {
        open::connect_reading(&self.settings).await
    }

    async fn recycle(
        &self,
        connection: &mut AnyConnection,
        metrics: &Metrics,
    ) -> RecycleResult<StoreError> {
        // A server may have gone meanwhile; it seldom goes between two statements.
        if self.dialect == Dialect::Postgres && metrics.last_used() >= ASKED_AFTER {
            let well = connection.ping().await;
            return well.map_err(|error| RecycleError::Backend(error.into()));
        }
        Ok(())
    }
}

/// Both kinds of connection.
pub(crate) struct Readers {
    ordinary: Pool<Reading>,
    urgent: Pool<Reading>,
    together: Option<Together>,
}

impl Readers {
    /// No connection yet.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a URL of no database that we know.
    pub(crate) fn new(settings: &Settings) -> Result<Self, StoreError> {
        let dialect = settings.dialect()?;
        let pool = |size: u32| {
            let settings = settings.clone();
            Pool::builder(Reading { settings, dialect })
                .max_size(usize::try_from(size.max(1)).unwrap_or(usize::MAX))
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(Duration::from_millis(ACQUIRE_MS)))
                .create_timeout(Some(Duration::from_millis(ACQUIRE_MS)))
                .recycle_timeout(Some(Duration::from_millis(ACQUIRE_MS)))
                // Whoever worked last has the pages at hand.
                .queue_mode(QueueMode::Lifo)
                .build()
                .map_err(|_| StoreError::Unavailable)
        };
        Ok(Self {
            ordinary: pool(settings.read_connections)?,
            urgent: pool(URGENT_CONNECTIONS)?,
            together: (dialect == Dialect::Sqlite).then(|| Together::start(settings)),
        })
    }

    /// Opens a connection of each kind.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the database is not fit.
    pub(crate) async fn open(&self) -> Result<(), StoreError> {
        for pool in [&self.ordinary, &self.urgent] {
            drop(pool.get().await.map_err(unavailable)?);
        }
        Ok(())
    }

    /// Reads at most one row.
    pub(crate) async fn find(&self, query: Query) -> Result<Option<AnyRow>, StoreError> {
        let mut connection = self.connection().await?;
        let found = query.fetch_optional(&mut *connection).await;
        found.map_err(|error| given_up(connection, error))
    }

    /// Reads rows.
    pub(crate) async fn all(&self, query: Query) -> Result<Vec<AnyRow>, StoreError> {
        let mut connection = self.connection().await?;
        let found = query.fetch_all(&mut *connection).await;
        found.map_err(|error| given_up(connection, error))
    }

    /// Reads the rows of a short question: on SQLite together with others that wait.
    pub(crate) async fn together(&self, query: Query) -> Result<Vec<AnyRow>, StoreError> {
        match &self.together {
            Some(together) if !urgent() => together.all(query).await,
            _ => self.all(query).await,
        }
    }

    /// A connection for whoever asks in this task.
    pub(crate) async fn connection(&self) -> Result<Object<Reading>, StoreError> {
        let pool = if urgent() {
            &self.urgent
        } else {
            &self.ordinary
        };
        pool.get().await.map_err(unavailable)
    }

    /// Closes those that nobody uses; nobody gets one any more.
    pub(crate) async fn close(&self) {
        if let Some(together) = &self.together {
            together.close().await;
        }
        for pool in [&self.ordinary, &self.urgent] {
            let idle = pool.retain(|_, _| false).removed;
            pool.close();
            for connection in idle {
                // One that is broken has nothing to lose.
                drop(connection.close().await);
            }
        }
    }
}

/// A connection that broke is not given to the next one.
fn given_up(connection: Object<Reading>, error: sqlx::Error) -> StoreError {
    let error = StoreError::from(error);
    if error == StoreError::Unavailable {
        drop(Object::take(connection));
    }
    error
}

fn unavailable(error: PoolError<StoreError>) -> StoreError {
    match error {
        PoolError::Backend(error) => error,
        _ => StoreError::Unavailable,
    }
}

/// Whether this task answers somebody for whom seconds count.
pub(crate) fn urgent() -> bool {
    URGENT.try_with(|()| ()).is_ok()
}

/// Answers somebody for whom seconds count: all reads of `work` use the connections kept back for it.
/// Holds for the task that runs `work`, not for tasks that it spawns.
pub async fn urgently<T>(work: impl Future<Output = T>) -> T {
    URGENT.scope((), work).await
}
