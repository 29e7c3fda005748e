//! A scratch database with Renkei's schema, beside the one that is read from, and gone at the end.

use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use crate::database::{Database, beside, sqlite_writer};
use crate::error::BareError;
use crate::insert::Statements;
use crate::schema::{POSTGRES, Row, SQLITE, Schema};

/// A connection that may write, and what to do away with.
enum Held {
    Sqlite(Box<SqliteConnection>, PathBuf),
    Postgres {
        connection: Box<PgConnection>,
        admin: Box<PgConnectOptions>,
        name: String,
        backend: i32,
    },
}

/// The scratch database.
pub(crate) struct Scratch {
    held: Held,
    schema: Schema,
    statements: Vec<Statements>,
}

impl Scratch {
    /// Makes it beside `database`.
    pub(crate) async fn open(database: &Database, schema: Schema) -> Result<Self, BareError> {
        let name = format!("renkei_bare_{}", std::process::id());
        let held = match database {
            Database::Sqlite(options) => {
                let file = beside(options, &format!("{name}.db"));
                remove(&file);
                let options = sqlite_writer(options.clone().filename(&file));
                let mut connection = options.connect().await?;
                for text in SQLITE {
                    sqlx::raw_sql(*text).execute(&mut connection).await?;
                }
                Held::Sqlite(Box::new(connection), file)
            }
            Database::Postgres(options) => {
                let admin = options.clone().database("postgres");
                let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
                let mut server = admin.connect().await?;
                sqlx::query(AssertSqlSafe(create))
                    .execute(&mut server)
                    .await?;
                let mut connection = options.clone().database(&name).connect().await?;
                for text in POSTGRES {
                    sqlx::raw_sql(*text).execute(&mut connection).await?;
                }
                let backend = sqlx::query_scalar("SELECT pg_backend_pid()");
                Held::Postgres {
                    backend: backend.fetch_one(&mut connection).await?,
                    connection: Box::new(connection),
                    admin: Box::new(admin),
                    name,
                }
            }
        };
        Ok(Self {
            held,
            statements: Statements::of(&schema),
            schema,
        })
    }

    /// The process of the server that serves this connection, if that is not this one.
    pub(crate) const fn server(&self) -> Option<i32> {
        match self.held {
            Held::Sqlite(..) => None,
            Held::Postgres { backend, .. } => Some(backend),
        }
    }

    /// Writes rows, by table in the order of writing, in one transaction. They are durable when this
    /// returns.
    pub(crate) async fn write(&mut self, rows: &[Vec<Row>]) -> Result<(), sqlx::Error> {
        let tables = self.schema.0.iter().zip(&self.statements).zip(rows);
        match &mut self.held {
            Held::Sqlite(connection, _) => {
                let mut transaction = connection.begin().await?;
                for ((_, statements), rows) in tables {
                    statements.sqlite(&mut transaction, rows).await?;
                }
                transaction.commit().await
            }
            Held::Postgres { connection, .. } => {
                let mut transaction = connection.begin().await?;
                for ((table, statements), rows) in tables {
                    statements.postgres(&mut transaction, table, rows).await?;
                }
                transaction.commit().await
            }
        }
    }

    /// How many rows a table has.
    #[cfg(test)]
    pub(crate) async fn count(&mut self, table: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        match &mut self.held {
            Held::Sqlite(connection, _) => {
                sqlx::query_scalar(sql).fetch_one(&mut **connection).await
            }
            Held::Postgres { connection, .. } => {
                sqlx::query_scalar(sql).fetch_one(&mut **connection).await
            }
        }
        .unwrap()
    }

    /// Does away with it.
    pub(crate) async fn close(self) -> Result<(), BareError> {
        match self.held {
            Held::Sqlite(connection, file) => {
                connection.close().await?;
                remove(&file);
            }
            Held::Postgres {
                connection,
                admin,
                name,
                ..
            } => {
                connection.close().await?;
                let mut server = admin.connect().await?;
                let drop = AssertSqlSafe(format!("DROP DATABASE {name}"));
                sqlx::query(drop).execute(&mut server).await?;
            }
        }
        Ok(())
    }
}

/// The file and its log; they may not be there.
fn remove(file: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        drop(std::fs::remove_file(name));
    }
}
