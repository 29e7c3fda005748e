//! The store itself: opened once, shared by everything.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use renkei_model::clock::SharedClock;
use renkei_model::leaf::LinkFn;
use sqlx::AnyPool;
use sqlx::any::AnyRow;
use tokio::sync::Notify;

use crate::blob;
use crate::chain::Chain;
use crate::check::{check_postgres, check_sqlite};
use crate::errand::Errand;
use crate::fault::StoreError;
use crate::group::GroupLimits;
use crate::leaf::Head;
use crate::leaf_group::LeafSender;
use crate::open;
use crate::reach::Reaches;
use crate::readers::Readers;
use crate::sequencer::Sequencer;
use crate::sql::{Dialect, Query, query};
use crate::standing::Standings;
use crate::tx::{Inner, Tx, Urgency};
use crate::wal;
use crate::writer::Writer;

/// Connections that PostgreSQL keeps for [`Urgency::Emergency`].
const EMERGENCY_CONNECTIONS: u32 = 4;

/// Where the data lies and how the writer groups.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite:///absolute/path.db` or `postgres://…`.
    pub url: String,
    /// Folder of large bodies (`blobs/` inside).
    pub data_dir: PathBuf,
    /// Connections for reading; on PostgreSQL as many again for writing.
    pub read_connections: u32,
    /// SQLite: transactions in one group commit at most.
    pub group_members: usize,
    /// SQLite: work of one group from the moment that a crew or a reader waits for it, milliseconds.
    pub group_work_ms: u64,
    /// SQLite: work of one group while nobody but senders waits for it, milliseconds.
    pub group_busy_ms: u64,
}

/// Leaves the URL out: it may hold a password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("data_dir", &self.data_dir)
            .field("read_connections", &self.read_connections)
            .field("group_members", &self.group_members)
            .field("group_work_ms", &self.group_work_ms)
            .field("group_busy_ms", &self.group_busy_ms)
            .finish_non_exhaustive()
    }
}

impl Settings {
    pub(crate) fn dialect(&self) -> Result<Dialect, StoreError> {
        if self.url.starts_with("sqlite:") {
            Ok(Dialect::Sqlite)
        } else if self.url.starts_with("postgres:") || self.url.starts_with("postgresql:") {
            Ok(Dialect::Postgres)
        } else {
            Err(StoreError::Refused(
                "the URL must begin with sqlite: or postgres:".to_owned(),
            ))
        }
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.data_dir.join("blobs")
    }
}

/// The database and the folder of large bodies. Share it behind an `Arc`.
pub struct Store {
    pub(crate) readers: Readers,
    pub(crate) blobs: PathBuf,
    backend: Backend,
    dialect: Dialect,
    report: Vec<(String, String)>,
    wake: Arc<Notify>,
    pub(crate) standings: Arc<Standings>,
    pub(crate) reaches: Reaches,
}

enum Backend {
    Reading,
    Sqlite(Writer, Errand),
    Postgres {
        writers: AnyPool,
        emergency: AnyPool,
        sequencer: Sequencer,
    },
}

impl Store {
    /// Brings the schema up to date, checks that the database keeps what it acknowledges, sweeps
    /// orphaned bodies, starts the writer (SQLite) or the sequencer (PostgreSQL).
    ///
    /// # Errors
    /// [`StoreError::Refused`] names the setting that makes the database unfit.
    pub async fn open(
        settings: Settings,
        clock: SharedClock,
        link: LinkFn,
    ) -> Result<Self, StoreError> {
        Self::migrate(&settings).await?;
        let dialect = settings.dialect()?;
        let wake = Arc::new(Notify::new());
        let (readers, backend, report) = match dialect {
            Dialect::Sqlite => Self::open_sqlite(&settings, link).await?,
            Dialect::Postgres => Self::open_postgres(&settings, link, &wake).await?,
        };
        let store = Self {
            readers,
            blobs: settings.blobs(),
            backend,
            dialect,
            report,
            wake,
            standings: Arc::new(Standings::new()),
            reaches: Reaches::new(),
        };
        blob::sweep(&store, clock.now()).await?;
        Ok(store)
    }

    /// Opens a database for reading only: nothing is migrated, swept, numbered or written, and
    /// [`Store::begin`] gives nothing. For checking and for verifying copies.
    ///
    /// # Errors
    /// [`StoreError::Refused`] as in [`Store::open`].
    pub async fn open_reading(settings: Settings) -> Result<Self, StoreError> {
        let dialect = settings.dialect()?;
        let mut connection = open::connect(&settings).await?;
        let report = match dialect {
            Dialect::Sqlite => {
                let facts = open::sqlite_facts(&mut connection).await?;
                check_sqlite(&facts)?;
                facts.report()
            }
            Dialect::Postgres => {
                let facts = open::postgres_facts(&mut connection).await?;
                check_postgres(&facts)?;
                facts.report()
            }
        };
        drop(sqlx::Connection::close(connection).await);
        let readers = Readers::new(&settings)?;
        readers.open().await?;
        Ok(Self {
            readers,
            blobs: settings.blobs(),
            backend: Backend::Reading,
            dialect,
            report,
            wake: Arc::new(Notify::new()),
            standings: Arc::new(Standings::new()),
            reaches: Reaches::new(),
        })
    }

    /// Brings the schema up to date; the number of the newest migration.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a migration that ran already is not the one we know.
    pub async fn migrate(settings: &Settings) -> Result<i64, StoreError> {
        open::migrate(settings).await
    }

    async fn open_sqlite(settings: &Settings, link: LinkFn) -> Result<Opened, StoreError> {
        let mut connection = open::connect(settings).await?;
        let facts = open::sqlite_facts(&mut connection).await?;
        check_sqlite(&facts)?;
        let head = Head::load(&mut connection).await?;
        let limits = GroupLimits {
            members: settings.group_members.max(1),
            work: Duration::from_millis(settings.group_work_ms),
            busy: Duration::from_millis(settings.group_busy_ms),
        };
        let readers = Readers::new(settings)?;
        readers.open().await?;
        let writer = Writer::start(connection, head, link, limits);
        let backfill = wal::start(settings).await?;
        Ok((readers, Backend::Sqlite(writer, backfill), facts.report()))
    }

    async fn open_postgres(
        settings: &Settings,
        link: LinkFn,
        wake: &Arc<Notify>,
    ) -> Result<Opened, StoreError> {
        let mut connection = open::connect(settings).await?;
        let facts = open::postgres_facts(&mut connection).await?;
        check_postgres(&facts)?;
        drop(sqlx::Connection::close(connection).await);
        let size = settings.read_connections.max(1);
        let readers = Readers::new(settings)?;
        let writers = open::postgres_writers(settings, size)?;
        let emergency = open::postgres_writers(settings, EMERGENCY_CONNECTIONS)?;
        let sequencer = Sequencer::start(Chain::new(settings, link)?, Arc::clone(wake));
        Ok((
            readers,
            Backend::Postgres {
                writers,
                emergency,
                sequencer,
            },
            facts.report(),
        ))
    }

    /// Waits for the writer. `name` is the corridor's; it appears in the log when the transaction
    /// keeps others waiting.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no writer.
    pub async fn begin(&self, name: &'static str, urgency: Urgency) -> Result<Tx, StoreError> {
        let inner = match &self.backend {
            Backend::Reading => return Err(StoreError::Unavailable),
            Backend::Sqlite(writer, _) => Inner::Member(writer.begin(name, urgency).await?),
            Backend::Postgres {
                writers, emergency, ..
            } => {
                let pool = if urgency == Urgency::Emergency {
                    emergency
                } else {
                    writers
                };
                Inner::Whole(pool.begin().await?)
            }
        };
        Ok(Tx::new(
            inner,
            Arc::clone(&self.wake),
            Arc::clone(&self.standings),
        ))
    }

    /// Where leaves wait to be committed together.
    pub(crate) fn leaves_way(&self) -> Option<&LeafSender> {
        match &self.backend {
            Backend::Reading => None,
            Backend::Sqlite(writer, _) => Some(&writer.leaves),
            Backend::Postgres { sequencer, .. } => Some(&sequencer.leaves),
        }
    }

    /// Whether reading and writing work at the moment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when they do not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.find(query("-- store.ping\nSELECT 1")).await?;
        match &self.backend {
            Backend::Reading => Ok(()),
            Backend::Sqlite(writer, _) if writer.alive() => Ok(()),
            Backend::Sqlite(..) => Err(StoreError::Unavailable),
            Backend::Postgres { writers, .. } => {
                query("-- store.ping\nSELECT 1").execute(writers).await?;
                Ok(())
            }
        }
    }

    /// Waits for what was begun, then closes every connection.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Reading => self.readers.close().await,
            Backend::Sqlite(writer, backfill) => {
                self.readers.close().await;
                backfill.stop().await;
                writer.close().await;
            }
            Backend::Postgres {
                writers,
                emergency,
                sequencer,
            } => {
                sequencer.stop().await;
                writers.close().await;
                emergency.close().await;
                self.readers.close().await;
            }
        }
    }

    /// The settings that were read back and found good, by the database's own names.
    #[must_use]
    pub fn settings_report(&self) -> Vec<(String, String)> {
        self.report.clone()
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Reads at most one row through the read pool.
    pub(crate) async fn find(&self, query: Query) -> Result<Option<AnyRow>, StoreError> {
        self.readers.find(query).await
    }

    /// At most one row of a short question: on SQLite it is asked together with others that wait.
    pub(crate) async fn find_short(&self, query: Query) -> Result<Option<AnyRow>, StoreError> {
        Ok(self.readers.together(query).await?.into_iter().next())
    }

    /// The rows of a short question.
    pub(crate) async fn all_short(&self, query: Query) -> Result<Vec<AnyRow>, StoreError> {
        self.readers.together(query).await
    }

    /// Reads rows through the read pool.
    pub(crate) async fn all(&self, query: Query) -> Result<Vec<AnyRow>, StoreError> {
        self.readers.all(query).await
    }
}

type Opened = (Readers, Backend, Vec<(String, String)>);
