//! The read: the text of a resource's current version, by primary keys.

use sqlx::{ColumnIndex, Database as Driver, Decode, PgPool, Row, SqlitePool, Type};

use crate::database::{Database, postgres_readers, sqlite_readers};
use crate::error::BareError;

const CURRENT: &str = "SELECT v.version, v.text, v.packed FROM resource r JOIN version v \
     ON v.resource = r.id AND v.version = r.current WHERE r.id = $1 AND r.type = $2 AND v.deleted = 0";

/// What a reader gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Current {
    /// Which version it is.
    pub(crate) version: i64,
    /// Its JSON, to the letter.
    pub(crate) text: Vec<u8>,
}

/// A pool of connections that only read.
pub(crate) enum Reader {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Reader {
    /// Opens all connections.
    pub(crate) async fn open(database: Database, connections: u32) -> Result<Self, BareError> {
        match database {
            Database::Sqlite(options) => {
                Ok(Self::Sqlite(sqlite_readers(options, connections).await?))
            }
            Database::Postgres(options) => Ok(Self::Postgres(
                postgres_readers(options, connections).await?,
            )),
        }
    }

    /// The current version; `None` when there is none, or it says that the resource was deleted.
    pub(crate) async fn current(
        &self,
        kind: String,
        id: String,
    ) -> Result<Option<Current>, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => {
                let query = sqlx::query(CURRENT).bind(id).bind(kind);
                let row = query.fetch_optional(pool).await?;
                row.as_ref().map(current).transpose()
            }
            Self::Postgres(pool) => {
                let query = sqlx::query(CURRENT).bind(id).bind(kind);
                let row = query.fetch_optional(pool).await?;
                row.as_ref().map(current).transpose()
            }
        }
    }
}

/// A long text is packed, and its column is empty then.
fn current<R: Row>(row: &R) -> Result<Current, sqlx::Error>
where
    usize: ColumnIndex<R>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    R::Database: Driver,
{
    let text = match row.try_get::<Option<Vec<u8>>, _>(2)? {
        None => row.try_get::<String, _>(1)?.into_bytes(),
        Some(packed) => lz4_flex::decompress_size_prepended(&packed)
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
    };
    Ok(Current {
        version: row.try_get(0)?,
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_current_version_comes_to_the_letter_packed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::of_url(&example::database(&folder).await).unwrap();
        let reader = Reader::open(database, 2).await.unwrap();
        let read = async |kind: &str, id: &str| {
            let found = reader.current(kind.to_owned(), id.to_owned()).await;
            found
                .unwrap()
                .map(|found| String::from_utf8(found.text).unwrap())
        };
        let patient = read("Patient", example::PATIENT).await;
        assert_eq!(patient.as_deref(), Some(example::PATIENT_TEXT));
        let sheet = read("Bundle", example::SHEET).await;
        assert_eq!(sheet, Some(example::sheet_text()));
        assert_eq!(read("Observation", example::PATIENT).await, None);
        assert_eq!(read("Patient", "nobody").await, None);
    }
}
