//! One small durable row for each request, by group commit: one task takes everything that waits, writes
//! it with one statement, and answers when that is durable.
//!
//! The one statement is its own transaction. The table has no index: less cannot be kept.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::database::{Database, sqlite_writer};
use crate::error::BareError;

/// The most rows in a group: more than there are connections.
const GROUP: usize = 256;

/// What is kept of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Of the request.
    pub(crate) id: Uuid,
    /// Of what was asked.
    pub(crate) digest: [u8; 16],
    /// Microseconds since 1970 UTC.
    pub(crate) at: i64,
}

struct Job {
    row: Row,
    durable: oneshot::Sender<bool>,
}

/// The way to the task that writes.
#[derive(Clone)]
pub(crate) struct Rows(mpsc::Sender<Job>);

impl Rows {
    /// Opens the database, makes the table and starts the task.
    pub(crate) async fn open(database: Database) -> Result<Self, BareError> {
        let mut table = match database {
            Database::Sqlite(options) => Table::sqlite(options).await?,
            Database::Postgres(options) => Table::postgres(options).await?,
        };
        let (jobs, mut waiting) = mpsc::channel::<Job>(4 * GROUP);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(GROUP);
            while waiting.recv_many(&mut group, GROUP).await > 0 {
                let durable = table.write(&group).await.is_ok();
                for job in group.drain(..) {
                    // Who has gone needs no answer.
                    let _ = job.durable.send(durable);
                }
            }
        });
        Ok(Self(jobs))
    }

    /// Keeps a row; whether it is durable.
    pub(crate) async fn keep(&self, row: Row) -> bool {
        let (durable, answer) = oneshot::channel();
        if self.0.send(Job { row, durable }).await.is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }
}

enum Table {
    Sqlite {
        connection: Box<SqliteConnection>,
        /// By the number of rows less one.
        statements: Vec<Arc<str>>,
    },
    Postgres(Box<PgConnection>),
}

impl Table {
    async fn sqlite(options: SqliteConnectOptions) -> Result<Self, BareError> {
        let mut connection = sqlite_writer(options).connect().await?;
        let sql = "CREATE TABLE IF NOT EXISTS seen (id BLOB NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL) STRICT";
        sqlx::query(sql).execute(&mut connection).await?;
        let mut text = "INSERT INTO seen (id, digest, at) VALUES ".to_owned();
        let mut statements = Vec::with_capacity(GROUP);
        for n in 0..GROUP {
            let comma = if n == 0 { "" } else { "," };
            // Writing to a String does not fail.
            let _ = write!(text, "{comma}(?,?,?)");
            statements.push(Arc::from(text.as_str()));
        }
        Ok(Self::Sqlite {
            connection: Box::new(connection),
            statements,
        })
    }

    async fn postgres(options: PgConnectOptions) -> Result<Self, BareError> {
        let mut connection = options.connect().await?;
        let sql = "CREATE TABLE IF NOT EXISTS seen (id BYTEA NOT NULL, digest BYTEA NOT NULL, at BIGINT NOT NULL)";
        sqlx::query(sql).execute(&mut connection).await?;
        Ok(Self::Postgres(Box::new(connection)))
    }

    async fn write(&mut self, group: &[Job]) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite {
                connection,
                statements,
            } => {
                let Some(text) = group.len().checked_sub(1).and_then(|n| statements.get(n)) else {
                    return Ok(());
                };
                let mut query = sqlx::query(AssertSqlSafe(Arc::clone(text)));
                for Job { row, .. } in group {
                    query = query
                        .bind(row.id.as_bytes().as_slice())
                        .bind(row.digest.as_slice())
                        .bind(row.at);
                }
                query.execute(&mut **connection).await?;
            }
            Self::Postgres(connection) => {
                let ids: Vec<&[u8]> = group.iter().map(|job| &job.row.id.as_bytes()[..]).collect();
                let digests: Vec<&[u8]> = group.iter().map(|job| &job.row.digest[..]).collect();
                let ats: Vec<i64> = group.iter().map(|job| job.row.at).collect();
                let sql = "INSERT INTO seen (id, digest, at) SELECT * FROM unnest($1, $2, $3)";
                let query = sqlx::query(sql).bind(ids).bind(digests).bind(ats);
                query.execute(&mut **connection).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    fn row(n: i64) -> Row {
        Row {
            id: Uuid::now_v7(),
            digest: [7; 16],
            at: n,
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_row_is_there_when_its_answer_comes() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("bare.db").display());
        let rows = Rows::open(Database::of_url(&url).unwrap()).await.unwrap();
        let options: SqliteConnectOptions = url.parse().unwrap();
        let mut other = options.connect().await.unwrap();
        assert!(rows.keep(row(0)).await);
        let query = sqlx::query("SELECT count(*) FROM seen WHERE at = 0");
        let count: i64 = query.fetch_one(&mut other).await.unwrap().get(0);
        assert_eq!(count, 1, "seen by another connection: committed");
        let mut tasks = tokio::task::JoinSet::new();
        for n in 1..=600 {
            let rows = rows.clone();
            tasks.spawn(async move { rows.keep(row(n)).await });
        }
        while let Some(kept) = tasks.join_next().await {
            assert!(kept.unwrap());
        }
        let query = sqlx::query("SELECT count(*), count(DISTINCT id), sum(at) FROM seen");
        let found = query.fetch_one(&mut other).await.unwrap();
        let found: (i64, i64, i64) = (found.get(0), found.get(1), found.get(2));
        assert_eq!(found, (601, 601, 180_300));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_is_told_durable_when_the_write_fails() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("bare.db").display());
        let rows = Rows::open(Database::of_url(&url).unwrap()).await.unwrap();
        let options: SqliteConnectOptions = url.parse().unwrap();
        let mut other = options.connect().await.unwrap();
        sqlx::query("DROP TABLE seen")
            .execute(&mut other)
            .await
            .unwrap();
        assert!(!rows.keep(row(1)).await);
    }
}
