//! What can go wrong, in words that hold no stored value.

use std::fmt;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The start-up check: which setting, what it is, what it must be.
    #[error("the database may not be used: {0}")]
    Refused(String),
    /// Busy, or the connection is lost. The same request may succeed later.
    #[error("the database cannot be reached at the moment")]
    Unavailable,
    /// The disk is full.
    #[error("the database's disk is full")]
    Full,
    /// Somebody else was first (a unique key, a version, a deadlock). The whole transaction may be
    /// tried again.
    #[error("another transaction was first")]
    Conflict,
    /// Something that should be impossible: stored text that is no id, a permit of the wrong kind.
    #[error("table {table}: {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// What is wrong, without the value.
        what: &'static str,
    },
    /// The database refused a statement for another reason.
    #[error("the database refused a statement")]
    Database(#[source] DatabaseFault),
}

/// What is told of the driver's error: codes and names of our own schema. The driver's own text and
/// details may quote a row, so they are dropped here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFault {
    /// Kind of the driver's error.
    pub kind: &'static str,
    /// SQLite's extended result code or PostgreSQL's SQLSTATE.
    pub code: Option<String>,
    /// The constraint that was broken, where the database names it.
    pub constraint: Option<String>,
}

impl fmt::Display for DatabaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        match &self.constraint {
            Some(constraint) => write!(f, " on {constraint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DatabaseFault {}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let fault = |kind| DatabaseFault {
            kind,
            code: None,
            constraint: None,
        };
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().map(|code| code.into_owned());
                classify(code.as_deref().unwrap_or_default()).unwrap_or_else(|| {
                    let constraint = error.constraint().map(str::to_owned);
                    Self::Database(DatabaseFault {
                        kind: "error",
                        code,
                        constraint,
                    })
                })
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable,
            sqlx::Error::Configuration(reason) => Self::Refused(reason.to_string()),
            sqlx::Error::RowNotFound => Self::Database(fault("a row is missing")),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
                Self::Database(fault("a column is not of the expected type"))
            }
            sqlx::Error::Protocol(_) => Self::Database(fault("protocol error")),
            _ => Self::Database(fault("driver error")),
        }
    }
}

/// What a result code means to us. SQLSTATEs have five characters, SQLite's codes are numbers of at
/// most four digits whose low byte is the primary code.
pub(crate) fn classify(code: &str) -> Option<StoreError> {
    if code.len() == 5 {
        return match code {
            "53100" => Some(StoreError::Full),
            "23505" | "40001" | "40P01" => Some(StoreError::Conflict),
            "55P03" | "57014" | "25P03" | "53200" | "53300" => Some(StoreError::Unavailable),
            _ if code.starts_with("08") || code.starts_with("57P") => Some(StoreError::Unavailable),
            _ => None,
        };
    }
    let code = code.parse::<u32>().ok()?;
    match (code, code & 0xff) {
        (_, 13) => Some(StoreError::Full),
        (1555 | 2067, _) => Some(StoreError::Conflict),
        (_, 5 | 6) => Some(StoreError::Unavailable),
        _ => None,
    }
}

impl StoreError {
    /// Whether it is no fault of one statement: others would meet it too.
    pub(crate) fn everybodys(&self) -> bool {
        matches!(self, Self::Full | Self::Unavailable) || self.disk_failed()
    }

    /// Whether the disk failed under us: what reached it is unknown, so the writer must stop.
    pub(crate) fn disk_failed(&self) -> bool {
        let Self::Database(fault) = self else {
            return false;
        };
        let code = fault
            .code
            .as_deref()
            .and_then(|code| code.parse::<u32>().ok());
        code.is_some_and(|code| code < 10_000 && code & 0xff == 10)
    }
}

/// Short for the errors of a table's rows.
pub(crate) const fn inconsistent(table: &'static str, what: &'static str) -> StoreError {
    StoreError::Inconsistent { table, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_full_on_both() {
        assert_eq!(classify("13"), Some(StoreError::Full));
        assert_eq!(classify("53100"), Some(StoreError::Full));
    }

    #[test]
    fn races_are_conflicts_and_locks_are_unavailable() {
        for code in ["1555", "2067", "23505", "40P01", "40001"] {
            assert_eq!(classify(code), Some(StoreError::Conflict), "{code}");
        }
        for code in ["5", "6", "261", "517", "08006", "57P01", "55P03", "53300"] {
            assert_eq!(classify(code), Some(StoreError::Unavailable), "{code}");
        }
        for code in ["1", "787", "19", "42P01", "23503", ""] {
            assert_eq!(classify(code), None, "{code}");
        }
    }

    #[test]
    fn a_failed_disk_is_told_from_a_bad_statement() {
        let fault = |code: &str| {
            let code = Some(code.to_owned());
            StoreError::Database(DatabaseFault {
                kind: "error",
                code,
                constraint: None,
            })
        };
        assert!(fault("1034").disk_failed(), "SQLITE_IOERR_FSYNC");
        assert!(!fault("787").disk_failed());
        assert!(!StoreError::Full.disk_failed());
    }
}
