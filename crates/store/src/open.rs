//! Connecting: set everything, read everything back, migrate.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Row, SqlSafeStr};

use crate::check::{PostgresFacts, SqliteFacts, check_sqlite};
use crate::fault::StoreError;
use crate::sql::{Dialect, query};
use crate::store::Settings;

/// How long a request waits for a connection of the pool.
pub(crate) const ACQUIRE_MS: u64 = 5_000;

/// How long a connection may lie idle before it is asked whether its server is still there.
pub(crate) const ASKED_AFTER: Duration = Duration::from_secs(1);

/// Everything that is not SQLite's default, and some that is: defaults differ between builds.
const SQLITE_PRAGMAS: [&str; 8] = [
    "-- store.connect\nPRAGMA busy_timeout = 5000",
    "-- store.connect\nPRAGMA journal_mode = WAL",
    "-- store.connect\nPRAGMA synchronous = FULL",
    "-- store.connect\nPRAGMA foreign_keys = ON",
    "-- store.connect\nPRAGMA trusted_schema = OFF",
    "-- store.connect\nPRAGMA cell_size_check = ON",
    "-- store.connect\nPRAGMA mmap_size = 0",
    // What a savepoint may have to undo is kept in memory, not in a file beside the database.
    "-- store.connect\nPRAGMA temp_store = MEMORY",
];

/// Pages that a connection keeps, in kB: the writer comes back to the same inner pages of every index, and what
/// is dirty does not have to leave before the commit.
const WRITER_PAGES: &str = "-- store.connect\nPRAGMA cache_size = -24000";
/// How long the write-ahead log grows before its pages go to the database: 64 MB. Pages that every leaf touches
/// go there once for many leaves.
const WRITER_LOG: [&str; 2] = [
    "-- store.connect\nPRAGMA wal_autocheckpoint = 16384",
    // A reader that stands for minutes, a backup, lets it grow to gigabytes: it shrinks again when that one has gone.
    "-- store.connect\nPRAGMA journal_size_limit = 67108864",
];
const READER_PAGES: &str = "-- store.connect\nPRAGMA cache_size = -6000";

/// A transaction that sits idle, or waits for a lock, holds everybody's vacuum back. Compiling a plan takes longer
/// than any of ours runs.
pub(crate) const POSTGRES_SETTINGS: [&str; 7] = [
    "-- store.connect\nSET idle_in_transaction_session_timeout = '30s'",
    "-- store.connect\nSET lock_timeout = '10s'",
    "-- store.connect\nSET jit = off",
    // One plan for a statement, made once (docs/decisions/0011-plans-that-stay.md). Every statement has its index.
    "-- store.connect\nSET plan_cache_mode = force_generic_plan",
    "-- store.connect\nSET enable_seqscan = off",
    "-- store.connect\nSET max_parallel_workers_per_gather = 0",
    "-- store.connect\nSET application_name = 'renkei'",
];

/// A question whose asker has gone does not go on for ever.
const POSTGRES_READING: [&str; 2] = [
    "-- store.connect\nSET default_transaction_read_only = on",
    "-- store.connect\nSET statement_timeout = '60s'",
];

fn options(settings: &Settings) -> Result<AnyConnectOptions, StoreError> {
    sqlx::any::install_default_drivers();
    let url = match settings.dialect()? {
        Dialect::Sqlite if !settings.url.contains('?') => {
            Cow::Owned(format!("{}?mode=rwc", settings.url))
        }
        _ => Cow::Borrowed(&*settings.url),
    };
    let unreadable = |_| StoreError::Refused("the URL cannot be read".to_owned());
    AnyConnectOptions::from_str(&url).map_err(unreadable)
}

/// One connection that may write, with every setting set.
pub(crate) async fn connect(settings: &Settings) -> Result<AnyConnection, StoreError> {
    let options = options(settings)?;
    let setters: &[&'static str] = match settings.dialect()? {
        Dialect::Sqlite => {
            private_file(&settings.url)?;
            &SQLITE_PRAGMAS
        }
        Dialect::Postgres => &POSTGRES_SETTINGS,
    };
    // What is written goes in texts of a hundred lines: the writer names the transaction that is slow.
    let mut connection = options.disable_statement_logging().connect().await?;
    for setter in setters {
        query(setter).execute(&mut connection).await?;
    }
    if settings.dialect()? == Dialect::Sqlite {
        query(WRITER_PAGES).execute(&mut connection).await?;
        for setter in WRITER_LOG {
            query(setter).execute(&mut connection).await?;
        }
    }
    Ok(connection)
}

/// Makes the database's file before SQLite does, readable by its owner only. The files beside it
/// inherit that.
fn private_file(url: &str) -> Result<(), StoreError> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = Path::new(path.split('?').next().unwrap_or(path));
    let mut file = OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let failed = |error: std::io::Error| {
        StoreError::Refused(format!(
            "the database's file cannot be opened for writing: {}",
            error.kind()
        ))
    };
    file.open(path).map(drop).map_err(failed)
}

/// Reads back what the connection runs with.
pub(crate) async fn sqlite_facts(
    connection: &mut AnyConnection,
) -> Result<SqliteFacts, StoreError> {
    Ok(SqliteFacts {
        version: text(connection, "-- store.sqlite_facts\nSELECT sqlite_version()").await?,
        journal_mode: text(connection, "-- store.sqlite_facts\nPRAGMA journal_mode").await?,
        synchronous: number(connection, "-- store.sqlite_facts\nPRAGMA synchronous").await?,
        foreign_keys: number(connection, "-- store.sqlite_facts\nPRAGMA foreign_keys").await?,
        trusted_schema: number(connection, "-- store.sqlite_facts\nPRAGMA trusted_schema").await?,
        cell_size_check: number(connection, "-- store.sqlite_facts\nPRAGMA cell_size_check")
            .await?,
        mmap_size: number(connection, "-- store.sqlite_facts\nPRAGMA mmap_size").await?,
        encoding: text(connection, "-- store.sqlite_facts\nPRAGMA encoding").await?,
    })
}

/// Reads back what the server runs with.
pub(crate) async fn postgres_facts(
    connection: &mut AnyConnection,
) -> Result<PostgresFacts, StoreError> {
    Ok(PostgresFacts {
        version_num: text(
            connection,
            "-- store.postgres_facts\nSHOW server_version_num",
        )
        .await?,
        fsync: text(connection, "-- store.postgres_facts\nSHOW fsync").await?,
        full_page_writes: text(connection, "-- store.postgres_facts\nSHOW full_page_writes")
            .await?,
        synchronous_commit: text(
            connection,
            "-- store.postgres_facts\nSHOW synchronous_commit",
        )
        .await?,
        encoding: text(connection, "-- store.postgres_facts\nSHOW server_encoding").await?,
    })
}

async fn first(connection: &mut AnyConnection, sql: &'static str) -> Result<AnyRow, StoreError> {
    Ok(query(sql).fetch_one(connection).await?)
}

async fn text(connection: &mut AnyConnection, sql: &'static str) -> Result<String, StoreError> {
    Ok(first(connection, sql).await?.try_get(0)?)
}

async fn number(connection: &mut AnyConnection, sql: &'static str) -> Result<i64, StoreError> {
    Ok(first(connection, sql).await?.try_get(0)?)
}

/// One connection that cannot write, with every setting set and, on SQLite, read back.
pub(crate) async fn connect_reading(settings: &Settings) -> Result<AnyConnection, StoreError> {
    let mut connection = options(settings)?.connect().await?;
    let dialect = settings.dialect()?;
    let (setters, more): (&[&'static str], &[&'static str]) = match dialect {
        Dialect::Sqlite => (
            &SQLITE_PRAGMAS,
            &[READER_PAGES, "-- store.connect\nPRAGMA query_only = ON"],
        ),
        Dialect::Postgres => (&POSTGRES_SETTINGS, &POSTGRES_READING),
    };
    for setter in setters.iter().chain(more) {
        query(setter).execute(&mut connection).await?;
    }
    if dialect == Dialect::Sqlite {
        check_sqlite(&sqlite_facts(&mut connection).await?)?;
    }
    Ok(connection)
}

/// A pool of PostgreSQL connections for transactions that write.
pub(crate) fn postgres_writers(settings: &Settings, size: u32) -> Result<AnyPool, StoreError> {
    let pool = AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_millis(ACQUIRE_MS))
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                // Asking costs as much as a short statement, and a server seldom goes between two of them.
                if used.idle_for >= ASKED_AFTER {
                    sqlx::Connection::ping(connection).await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for setter in POSTGRES_SETTINGS {
                    query(setter).execute(&mut *connection).await?;
                }
                Ok(())
            })
        });
    Ok(pool.connect_lazy_with(options(settings)?.disable_statement_logging()))
}

/// A migration's title and its text. One that ran anywhere is never edited.
const TITLES: [&str; 5] = [
    "the spine",
    "the region",
    "the speed",
    "the walk",
    "the rights",
];
pub(crate) const SQLITE: [&str; 5] = [
    include_str!("../migrations/sqlite/0001_the_spine.sql"),
    include_str!("../migrations/sqlite/0002_the_region.sql"),
    include_str!("../migrations/sqlite/0003_the_speed.sql"),
    include_str!("../migrations/sqlite/0004_the_walk.sql"),
    include_str!("../migrations/sqlite/0005_the_rights.sql"),
];
pub(crate) const POSTGRES: [&str; 5] = [
    include_str!("../migrations/postgres/0001_the_spine.sql"),
    include_str!("../migrations/postgres/0002_the_region.sql"),
    include_str!("../migrations/postgres/0003_the_speed.sql"),
    include_str!("../migrations/postgres/0004_the_walk.sql"),
    include_str!("../migrations/postgres/0005_the_rights.sql"),
];

/// Brings the schema up to date; the number of the newest migration.
pub(crate) async fn migrate(settings: &Settings) -> Result<i64, StoreError> {
    migrate_to(settings, TITLES.len()).await
}

/// Runs the first migrations only, those that have not run.
pub(crate) async fn migrate_to(settings: &Settings, count: usize) -> Result<i64, StoreError> {
    let texts = match settings.dialect()? {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    };
    let numbered = (1..).zip(TITLES).zip(texts).take(count);
    let mut newest = 0;
    let migrations: Vec<Migration> = numbered
        .map(|((number, title), sql)| {
            newest = number;
            Migration::new(
                number,
                title.into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        })
        .collect();
    let mut connection = connect(settings).await?;
    if settings.dialect()? == Dialect::Sqlite {
        check_sqlite(&sqlite_facts(&mut connection).await?)?;
    }
    Migrator::with_migrations(migrations)
        .run(&mut connection)
        .await
        .map_err(|error| StoreError::Refused(format!("migration failed: {error}")))?;
    drop(sqlx::Connection::close(connection).await);
    Ok(newest)
}
