//! What a transaction wrote, kept so that it can be written again: when a later transaction of its group is
//! undone, everything is undone, and what the earlier ones wrote is run once more.

use futures_util::TryStreamExt as _;
use sqlx::any::{Any, AnyArguments, AnyTypeInfoKind, AnyValue};
use sqlx::{AnyConnection, Decode, Either, Execute as _, Executor as _, SqlStr, Value as _};

use crate::fault::{StoreError, inconsistent};
use crate::sql::Query;

/// A text of one or more statements that ran.
pub(crate) struct Ran {
    sql: SqlStr,
    arguments: AnyArguments,
    /// Rows that each of its statements touched.
    touched: Vec<u64>,
    /// Roughly what is kept of it.
    pub(crate) bytes: usize,
}

impl Ran {
    /// Runs a text that writes, and keeps it: its words and values are shared with the query that runs, not
    /// copied.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(crate) async fn run(
        connection: &mut AnyConnection,
        mut query: Query,
    ) -> Result<Self, StoreError> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        let arguments = arguments.unwrap_or_default();
        let sql = query.sql();
        let mut ran = Self {
            bytes: sql.as_str().len() + size(&arguments),
            sql,
            arguments,
            touched: Vec::new(),
        };
        ran.touched = touched(connection, ran.query()).await?;
        Ok(ran)
    }

    /// How many rows each statement touched.
    pub(crate) fn touched(&self) -> &[u64] {
        &self.touched
    }

    /// Runs it again where the same came before it.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] if it now touches another number of rows than the first time.
    pub(crate) async fn again(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        if touched(connection, self.query()).await? == self.touched {
            Ok(())
        } else {
            Err(inconsistent("group", "run again, it touched other rows"))
        }
    }

    fn query(&self) -> Query {
        let mut arguments = AnyArguments::default();
        arguments.values.0.clone_from(&self.arguments.values.0);
        sqlx::query_with(self.sql.clone(), arguments)
    }
}

/// A statement that is only to read. What it wrote would be lost when its group is run again, so a debug
/// build looks.
pub(crate) fn reading(mut query: Query) -> Query {
    if cfg!(debug_assertions)
        && let Ok(arguments) = query.take_arguments()
    {
        let sql = query.sql();
        debug_assert!(!writes(sql.as_str()), "a read that writes");
        return sqlx::query_with(sql, arguments.unwrap_or_default());
    }
    query
}

fn writes(sql: &str) -> bool {
    sql.split_whitespace()
        .any(|word| ["INSERT", "UPDATE", "DELETE", "REPLACE"].contains(&word))
}

async fn touched(connection: &mut AnyConnection, query: Query) -> Result<Vec<u64>, sqlx::Error> {
    let mut touched = Vec::new();
    let mut results = connection.fetch_many(query);
    while let Some(result) = results.try_next().await? {
        if let Either::Left(done) = result {
            touched.push(done.rows_affected());
        }
    }
    Ok(touched)
}

/// Roughly how many bytes arguments take.
fn size(arguments: &AnyArguments) -> usize {
    let values = arguments.values.0.iter();
    let long = values.map(|kind| {
        let value = AnyValue { kind: kind.clone() };
        let held = match value.type_info().kind() {
            AnyTypeInfoKind::Text => <&str as Decode<Any>>::decode(value.as_ref()).map(str::len),
            AnyTypeInfoKind::Blob => {
                <&[u8] as Decode<Any>>::decode(value.as_ref()).map(<[u8]>::len)
            }
            _ => Ok(0),
        };
        held.unwrap_or_default()
    });
    long.sum::<usize>() + size_of_val(arguments.values.0.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_writes_is_known_by_its_words() {
        assert!(writes(
            "-- store.a\nINSERT INTO t (a) VALUES ($1) RETURNING a"
        ));
        assert!(writes(
            "-- store.a\nWITH n AS (SELECT 1) UPDATE t SET a = 1"
        ));
        assert!(!writes(
            "-- store.a\nSELECT updated FROM t WHERE replace(a, 'b', 'c') = $1"
        ));
    }

    #[test]
    fn what_is_kept_is_measured() {
        let text = "a".repeat(1_000);
        let query = || crate::sql::query("-- store.test\nSELECT ?, ?, ?, ?");
        let held = |mut query: Query| size(&query.take_arguments().unwrap().unwrap());
        let short = held(
            query()
                .bind(1_i64)
                .bind(None::<String>)
                .bind("")
                .bind(&[][..]),
        );
        let long = held(
            query()
                .bind(1_i64)
                .bind(None::<String>)
                .bind(&*text)
                .bind(text.as_bytes()),
        );
        assert_eq!(long - short, 2_000);
        assert!(short > 0);
    }
}
