//! Many rows with few prepared statements.
//!
//! SQLite: `VALUES` with 256, 64, 16, 4 and 1 rows, so that the same few texts come again. PostgreSQL: one
//! statement a table, an array for each column.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use crate::schema::{Cell, Kind, Row, Schema, Table};

/// How many rows a statement of SQLite's writes.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// The texts of a table's statements.
pub(crate) struct Statements {
    sqlite: [Arc<str>; SIZES.len()],
    postgres: Arc<str>,
}

impl Statements {
    /// For all tables of a schema.
    pub(crate) fn of(schema: &Schema) -> Vec<Self> {
        schema.0.iter().map(Self::of_table).collect()
    }

    fn of_table(table: &Table) -> Self {
        let names: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
        let head = format!("INSERT INTO {} ({})", table.name, names.join(", "));
        let row = format!("({})", vec!["?"; names.len()].join(","));
        let values =
            |size: usize| Arc::from(format!("{head} VALUES {}", vec![&*row; size].join(",")));
        let array = |(n, kind): (usize, Kind)| {
            let name = match kind {
                Kind::Text => "text",
                Kind::Integer => "bigint",
                Kind::Blob => "bytea",
            };
            format!("${}::{name}[]", n + 1)
        };
        let kinds = table.columns.iter().map(|column| column.kind);
        let arrays: Vec<String> = kinds.enumerate().map(array).collect();
        Self {
            sqlite: SIZES.map(values),
            postgres: format!("{head} SELECT * FROM unnest({})", arrays.join(", ")).into(),
        }
    }

    /// Writes rows to SQLite.
    pub(crate) async fn sqlite(
        &self,
        connection: &mut SqliteConnection,
        rows: &[Row],
    ) -> Result<(), sqlx::Error> {
        let mut rest = rows;
        for (size, text) in SIZES.into_iter().zip(&self.sqlite) {
            while rest.len() >= size {
                let (now, later) = rest.split_at(size);
                let mut query = sqlx::query(AssertSqlSafe(Arc::clone(text)));
                for cell in now.iter().flatten() {
                    query = match cell {
                        Cell::Null => query.bind(None::<i64>),
                        Cell::Text(text) => query.bind(Arc::clone(text)),
                        Cell::Integer(number) => query.bind(*number),
                        Cell::Blob(bytes) => query.bind(Arc::clone(bytes)),
                    };
                }
                query.execute(&mut *connection).await?;
                rest = later;
            }
        }
        Ok(())
    }

    /// Writes rows to PostgreSQL.
    pub(crate) async fn postgres(
        &self,
        connection: &mut PgConnection,
        table: &Table,
        rows: &[Row],
    ) -> Result<(), sqlx::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut query = sqlx::query(AssertSqlSafe(Arc::clone(&self.postgres)));
        for (n, column) in table.columns.iter().enumerate() {
            let cells = rows.iter().map(|row| &row[n]);
            query = match column.kind {
                Kind::Text => query.bind(cells.map(Cell::as_text).collect::<Vec<_>>()),
                Kind::Integer => query.bind(cells.map(Cell::as_number).collect::<Vec<_>>()),
                Kind::Blob => query.bind(cells.map(Cell::as_bytes).collect::<Vec<_>>()),
            };
        }
        query.execute(connection).await.map(drop)
    }
}
