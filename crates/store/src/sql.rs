//! Small things that make one function body serve both databases.

use std::str::FromStr;

use renkei_model::{Instant, Shelf, leaf::Hash};
use sqlx::Row;
use sqlx::any::{Any, AnyArguments, AnyRow};

use crate::fault::{StoreError, inconsistent};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A statement that the two databases spell differently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    pub(crate) const fn of(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// A statement with its arguments.
pub(crate) type Query = sqlx::query::Query<'static, Any, AnyArguments>;

/// Starts a statement. Its text must begin with `-- store.<function>`.
pub(crate) fn query(sql: &'static str) -> Query {
    debug_assert!(
        sql.starts_with("-- store."),
        "a statement begins with its function's name"
    );
    sqlx::query(sql)
}

/// One statement that inserts many rows from one JSON array of objects (`$1`), whatever their
/// number: one plan, one round trip. The literals are the columns and their PostgreSQL types.
macro_rules! insert_many {
    ($name:literal, $table:literal,
     $first:literal $first_type:literal $(, $column:literal $column_type:literal)* ; $tail:literal) => {
        $crate::sql::Sql {
            sqlite: concat!(
                "-- store.", $name, "\nINSERT INTO ", $table, " (", $first $(, ", ", $column)*, ")",
                " SELECT value->>'$.", $first, "'" $(, ", value->>'$.", $column, "'")*,
                " FROM json_each($1) WHERE true ", $tail
            ),
            postgres: concat!(
                "-- store.", $name, "\nINSERT INTO ", $table, " (", $first $(, ", ", $column)*, ")",
                " SELECT ", $first $(, ", ", $column)*, " FROM json_to_recordset($1::json) AS r(",
                $first, " ", $first_type $(, ", ", $column, " ", $column_type)*, ") ", $tail
            ),
        }
    };
}
pub(crate) use insert_many;

/// Reads typed columns; what does not parse is an inconsistency of the named table.
pub(crate) struct Reader<'r> {
    table: &'static str,
    row: &'r AnyRow,
}

impl<'r> Reader<'r> {
    pub(crate) const fn new(table: &'static str, row: &'r AnyRow) -> Self {
        Self { table, row }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        Ok(self.row.try_get::<String, _>(column)?)
    }

    pub(crate) fn text_or_null(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        Ok(self.row.try_get::<Option<String>, _>(column)?)
    }

    pub(crate) fn number(&self, column: &'static str) -> Result<i64, StoreError> {
        Ok(self.row.try_get::<i64, _>(column)?)
    }

    pub(crate) fn number_or_null(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        Ok(self.row.try_get::<Option<i64>, _>(column)?)
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.number(column)? != 0)
    }

    pub(crate) fn instant(&self, column: &'static str) -> Result<Instant, StoreError> {
        Ok(Instant(self.number(column)?))
    }

    pub(crate) fn instant_or_null(
        &self,
        column: &'static str,
    ) -> Result<Option<Instant>, StoreError> {
        Ok(self.number_or_null(column)?.map(Instant))
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        Ok(self.row.try_get::<Vec<u8>, _>(column)?)
    }

    pub(crate) fn bytes_or_null(
        &self,
        column: &'static str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.row.try_get::<Option<Vec<u8>>, _>(column)?)
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<Hash, StoreError> {
        self.bytes(column)?
            .try_into()
            .map_err(|_| inconsistent(self.table, column))
    }

    pub(crate) fn hash_or_null(&self, column: &'static str) -> Result<Option<Hash>, StoreError> {
        let bytes = self.row.try_get::<Option<Vec<u8>>, _>(column)?;
        bytes
            .map(|b| b.try_into().map_err(|_| inconsistent(self.table, column)))
            .transpose()
    }

    /// The five columns of a shelf.
    pub(crate) fn shelf(&self) -> Result<Shelf, StoreError> {
        Ok(Shelf {
            network: self.parsed("network")?,
            record: self.parsed("record")?,
            category: self.parsed("category")?,
            owner: self.parsed("owner")?,
            sensitivity: self.parsed("sensitivity")?,
        })
    }

    /// An id, a code or a word of a list.
    pub(crate) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.text(column)?
            .parse()
            .map_err(|_| inconsistent(self.table, column))
    }

    /// As [`Reader::parsed`], or nothing.
    pub(crate) fn parsed_or_null<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text = self.text_or_null(column)?;
        text.map(|text| text.parse())
            .transpose()
            .map_err(|_| inconsistent(self.table, column))
    }
}
