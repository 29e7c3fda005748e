//! Which database, and connections to it with Renkei's settings.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::error::BareError;

/// As many prepared statements as a connection may need: none is ever prepared twice.
const STATEMENTS: usize = 1024;

/// A database by its URL.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl Database {
    /// Reads a URL: `sqlite:…` or `postgres://…`.
    pub(crate) fn of_url(url: &str) -> Result<Self, BareError> {
        if url.starts_with("sqlite:") {
            Ok(Self::Sqlite(SqliteConnectOptions::from_str(url)?))
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Ok(Self::Postgres(PgConnectOptions::from_str(url)?))
        } else {
            let told = format!("{url}: the URL of a database begins with sqlite: or postgres:");
            Err(BareError::Argument(told))
        }
    }

    /// What is printed.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// For writing: Renkei's settings.
pub(crate) fn sqlite_writer(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .busy_timeout(Duration::from_secs(5))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("mmap_size", "0")
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-24000")
        .pragma("wal_autocheckpoint", "16384")
        .statement_cache_capacity(STATEMENTS)
}

/// For reading: Renkei's settings, all connections open.
pub(crate) async fn sqlite_readers(
    options: SqliteConnectOptions,
    connections: u32,
) -> Result<SqlitePool, BareError> {
    let options = options
        .create_if_missing(false)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("mmap_size", "0")
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-6000")
        .pragma("query_only", "ON");
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    Ok(pool.connect_with(options).await?)
}

/// For reading: connections that cannot write, all open.
pub(crate) async fn postgres_readers(
    options: PgConnectOptions,
    connections: u32,
) -> Result<PgPool, BareError> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .min_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    let options = options.options([("default_transaction_read_only", "on")]);
    Ok(pool.connect_with(options).await?)
}

/// A file beside SQLite's.
pub(crate) fn beside(options: &SqliteConnectOptions, name: &str) -> PathBuf {
    options.get_filename().with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_database() {
        let sqlite = Database::of_url("sqlite:folder/renkei.db").unwrap();
        let Database::Sqlite(options) = &sqlite else {
            panic!("not SQLite");
        };
        assert_eq!(
            beside(options, "bare.db"),
            PathBuf::from("folder/bare.db"),
            "beside it"
        );
        let postgres = Database::of_url("postgres://postgres@127.0.0.1:5432/renkei").unwrap();
        assert_eq!((sqlite.name(), postgres.name()), ("sqlite", "postgres"));
        assert!(Database::of_url("mysql://x").is_err());
    }
}
