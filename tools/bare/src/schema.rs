//! Renkei's schema: the migrations, the tables that a message leaves rows in, their columns.

use std::sync::Arc;

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::error::BareError;

macro_rules! migrations {
    ($folder:literal) => {
        [
            include_str!(concat!(
                "../../../crates/store/migrations/",
                $folder,
                "/0001_the_spine.sql"
            )),
            include_str!(concat!(
                "../../../crates/store/migrations/",
                $folder,
                "/0002_the_region.sql"
            )),
            include_str!(concat!(
                "../../../crates/store/migrations/",
                $folder,
                "/0003_the_speed.sql"
            )),
            include_str!(concat!(
                "../../../crates/store/migrations/",
                $folder,
                "/0004_the_walk.sql"
            )),
            include_str!(concat!(
                "../../../crates/store/migrations/",
                $folder,
                "/0005_the_rights.sql"
            )),
        ]
    };
}

/// SQLite's migrations, in their order.
pub(crate) const SQLITE: &[&str] = &migrations!("sqlite");
/// PostgreSQL's migrations, in their order.
pub(crate) const POSTGRES: &[&str] = &migrations!("postgres");

/// The tables that say who somebody is; a message about a known resident leaves nothing in them.
pub(crate) const WHO: usize = 3;
/// The tables that a message leaves rows in, each after those that it refers to.
const WRITTEN: [&str; 22] = [
    "record",
    "person",
    "link",
    "identifier",
    "message",
    "resource",
    "version",
    "search_index",
    "origin",
    "origin_part",
    "lineage",
    "relation",
    "enrolment",
    "face",
    "face_term",
    "dedup",
    "lane",
    "delivery",
    "receipt",
    "leaf",
    "leaf_detail",
    "leaf_person",
];
/// The tables that an ordinary message leaves nothing in. Pairs for the office are left out: few messages
/// make one, and it would tie two messages together.
const NOT_WRITTEN: [&str; 14] = [
    "_sqlx_migrations",
    "attempt",
    "checkpoint",
    "consent",
    "emergency_note",
    "emergency_search",
    "facility",
    "grant_mask",
    "identity_change",
    "identity_review",
    "opening",
    "policy",
    "quarantine",
    "staff",
];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Blob,
}

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// A table that a message leaves rows in.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
}

/// A value. Copies share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Text(Arc<str>),
    Integer(i64),
    Blob(Arc<[u8]>),
}

/// A row: a cell for each column.
pub(crate) type Row = Vec<Cell>;

impl Cell {
    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(crate) const fn as_number(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The bytes, if they are no text.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text; empty for anything else.
    pub(crate) fn text(&self) -> &str {
        self.as_text().unwrap_or_default()
    }

    /// The number; 0 for anything else.
    pub(crate) fn number(&self) -> i64 {
        self.as_number().unwrap_or_default()
    }
}

/// The tables, in the order in which they are written.
#[derive(Debug, Clone)]
pub(crate) struct Schema(pub(crate) Vec<Table>);

impl Schema {
    /// Reads the tables and columns of a database of Renkei's.
    pub(crate) async fn read(
        connection: &mut AnyConnection,
        sqlite: bool,
    ) -> Result<Self, BareError> {
        let sql = if sqlite {
            "SELECT CAST(name AS TEXT) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        } else {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
        };
        for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
            let name: String = row.try_get(0)?;
            if !WRITTEN.contains(&&*name) && !NOT_WRITTEN.contains(&&*name) {
                let told = format!(
                    "does a message leave rows in {name}? tools/bare/src/schema.rs does not say"
                );
                return Err(BareError::Argument(told));
            }
        }
        let mut tables = Vec::new();
        for name in WRITTEN {
            let columns = columns(connection, sqlite, name).await?;
            tables.push(Table { name, columns });
        }
        Ok(Self(tables))
    }

    /// The place of a table in the order of writing.
    pub(crate) fn table(&self, name: &str) -> Result<usize, BareError> {
        let place = self.0.iter().position(|table| table.name == name);
        place.ok_or_else(|| BareError::Argument(format!("{name}: no such table")))
    }

    /// The place of a column.
    pub(crate) fn column(&self, table: &str, column: &str) -> Result<usize, BareError> {
        let columns = &self.0[self.table(table)?].columns;
        let place = columns.iter().position(|known| known.name == column);
        place.ok_or_else(|| BareError::Argument(format!("{table}.{column}: no such column")))
    }
}

async fn columns(
    connection: &mut AnyConnection,
    sqlite: bool,
    table: &str,
) -> Result<Vec<Column>, BareError> {
    let sql = if sqlite {
        format!(
            "SELECT CAST(name AS TEXT), CAST(type AS TEXT) FROM pragma_table_info('{table}') ORDER BY cid"
        )
    } else {
        format!(
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        )
    };
    let mut columns = Vec::new();
    for row in sqlx::query(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await?
    {
        let (name, kind): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let kind = match kind.to_ascii_lowercase().as_str() {
            "text" => Kind::Text,
            "integer" | "bigint" => Kind::Integer,
            "blob" | "bytea" => Kind::Blob,
            other => {
                let told = format!("{table}.{name}: columns of type {other} are not known");
                return Err(BareError::Argument(told));
            }
        };
        columns.push(Column { name, kind });
    }
    if columns.is_empty() {
        return Err(BareError::Argument(format!("{table}: no such table")));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn no_migration_is_left_out() {
        for (folder, texts) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/store/migrations");
            let mut files: Vec<_> = std::fs::read_dir(path.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            files.sort();
            let read: Vec<String> = files
                .iter()
                .map(|file| std::fs::read_to_string(file).unwrap())
                .collect();
            assert_eq!(read, texts, "{folder}");
        }
    }
}
