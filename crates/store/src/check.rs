//! The start-up check: what the database says of itself, and whether that keeps our promise that
//! what was acknowledged survives a power cut. Pure functions over values that were read back.

use crate::fault::StoreError;

/// SQLite before this version can lose a committed transaction (WAL reset).
const SQLITE_OLDEST: [u32; 3] = [3, 51, 3];
/// `server_version_num` of PostgreSQL 15.
const POSTGRES_OLDEST: u32 = 150_000;

/// What one SQLite connection says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqliteFacts {
    pub(crate) version: String,
    pub(crate) journal_mode: String,
    pub(crate) synchronous: i64,
    pub(crate) foreign_keys: i64,
    pub(crate) trusted_schema: i64,
    pub(crate) cell_size_check: i64,
    pub(crate) mmap_size: i64,
    pub(crate) encoding: String,
}

impl SqliteFacts {
    pub(crate) fn report(&self) -> Vec<(String, String)> {
        [
            ("sqlite_version", self.version.clone()),
            ("journal_mode", self.journal_mode.clone()),
            ("synchronous", self.synchronous.to_string()),
            ("foreign_keys", self.foreign_keys.to_string()),
            ("trusted_schema", self.trusted_schema.to_string()),
            ("cell_size_check", self.cell_size_check.to_string()),
            ("mmap_size", self.mmap_size.to_string()),
            ("encoding", self.encoding.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// What a PostgreSQL server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PostgresFacts {
    pub(crate) version_num: String,
    pub(crate) fsync: String,
    pub(crate) full_page_writes: String,
    pub(crate) synchronous_commit: String,
    pub(crate) encoding: String,
}

impl PostgresFacts {
    pub(crate) fn report(&self) -> Vec<(String, String)> {
        [
            ("server_version_num", &self.version_num),
            ("fsync", &self.fsync),
            ("full_page_writes", &self.full_page_writes),
            ("synchronous_commit", &self.synchronous_commit),
            ("server_encoding", &self.encoding),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .to_vec()
    }
}

/// Refuses a SQLite that may lose or corrupt what it acknowledged.
pub(crate) fn check_sqlite(facts: &SqliteFacts) -> Result<(), StoreError> {
    let version: Vec<u32> = facts
        .version
        .split('.')
        .map_while(|n| n.parse().ok())
        .collect();
    if version.as_slice() < SQLITE_OLDEST.as_slice() {
        let oldest = SQLITE_OLDEST.map(|n| n.to_string()).join(".");
        return Err(refused(
            "SQLite's version",
            &facts.version,
            &format!("{oldest} or newer"),
        ));
    }
    must_be("journal_mode", &facts.journal_mode, &["wal"])?;
    must_be("synchronous", &facts.synchronous.to_string(), &["2"])?;
    must_be("foreign_keys", &facts.foreign_keys.to_string(), &["1"])?;
    must_be("trusted_schema", &facts.trusted_schema.to_string(), &["0"])?;
    must_be(
        "cell_size_check",
        &facts.cell_size_check.to_string(),
        &["1"],
    )?;
    must_be("mmap_size", &facts.mmap_size.to_string(), &["0"])?;
    must_be("encoding", &facts.encoding, &["UTF-8"])
}

/// Refuses a PostgreSQL that may lose what it acknowledged.
pub(crate) fn check_postgres(facts: &PostgresFacts) -> Result<(), StoreError> {
    let version = facts.version_num.parse::<u32>().unwrap_or(0);
    if version < POSTGRES_OLDEST {
        let must = format!("{POSTGRES_OLDEST} or more");
        return Err(refused("server_version_num", &facts.version_num, &must));
    }
    must_be("fsync", &facts.fsync, &["on"])?;
    must_be("full_page_writes", &facts.full_page_writes, &["on"])?;
    must_be(
        "synchronous_commit",
        &facts.synchronous_commit,
        &["on", "remote_apply"],
    )?;
    must_be("server_encoding", &facts.encoding, &["UTF8"])
}

fn must_be(setting: &str, value: &str, allowed: &[&str]) -> Result<(), StoreError> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        Err(refused(setting, value, allowed[0]))
    }
}

fn refused(setting: &str, value: &str, must: &str) -> StoreError {
    StoreError::Refused(format!("{setting} is {value}, must be {must}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite() -> SqliteFacts {
        SqliteFacts {
            version: "3.51.3".to_owned(),
            journal_mode: "wal".to_owned(),
            synchronous: 2,
            foreign_keys: 1,
            trusted_schema: 0,
            cell_size_check: 1,
            mmap_size: 0,
            encoding: "UTF-8".to_owned(),
        }
    }

    fn refusal(facts: &SqliteFacts) -> String {
        check_sqlite(facts)
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn a_good_sqlite_passes_and_every_other_value_is_refused_by_name() {
        assert_eq!(check_sqlite(&sqlite()), Ok(()));
        let journal_mode = "delete".to_owned();
        assert!(
            refusal(&SqliteFacts {
                journal_mode,
                ..sqlite()
            })
            .contains("journal_mode is delete, must be wal")
        );
        assert!(
            refusal(&SqliteFacts {
                synchronous: 1,
                ..sqlite()
            })
            .contains("synchronous is 1, must be 2")
        );
        assert!(
            refusal(&SqliteFacts {
                foreign_keys: 0,
                ..sqlite()
            })
            .contains("foreign_keys")
        );
        assert!(
            refusal(&SqliteFacts {
                trusted_schema: 1,
                ..sqlite()
            })
            .contains("trusted_schema")
        );
        assert!(
            refusal(&SqliteFacts {
                cell_size_check: 0,
                ..sqlite()
            })
            .contains("cell_size_check")
        );
        assert!(
            refusal(&SqliteFacts {
                mmap_size: 4096,
                ..sqlite()
            })
            .contains("mmap_size")
        );
        let encoding = "UTF-16le".to_owned();
        assert!(
            refusal(&SqliteFacts {
                encoding,
                ..sqlite()
            })
            .contains("encoding")
        );
    }

    #[test]
    fn an_old_sqlite_is_refused_and_a_new_one_is_not() {
        for version in ["3.51.2", "3.50.7", "3.9.9", "2.99.99", "", "x"] {
            let version = version.to_owned();
            assert!(
                refusal(&SqliteFacts {
                    version,
                    ..sqlite()
                })
                .contains("3.51.3 or newer")
            );
        }
        for version in ["3.51.3", "3.51.10", "3.52.0", "4.0.0"] {
            let version = version.to_owned();
            assert_eq!(
                check_sqlite(&SqliteFacts {
                    version,
                    ..sqlite()
                }),
                Ok(())
            );
        }
    }

    #[test]
    fn a_postgres_that_may_lose_commits_is_refused() {
        let good = PostgresFacts {
            version_num: "150018".to_owned(),
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            synchronous_commit: "on".to_owned(),
            encoding: "UTF8".to_owned(),
        };
        assert_eq!(check_postgres(&good), Ok(()));
        let off = || "off".to_owned();
        assert!(
            check_postgres(&PostgresFacts {
                fsync: off(),
                ..good.clone()
            })
            .is_err()
        );
        assert!(
            check_postgres(&PostgresFacts {
                full_page_writes: off(),
                ..good.clone()
            })
            .is_err()
        );
        for value in ["off", "local", "remote_write"] {
            let synchronous_commit = value.to_owned();
            assert!(
                check_postgres(&PostgresFacts {
                    synchronous_commit,
                    ..good.clone()
                })
                .is_err()
            );
        }
        let version_num = "140099".to_owned();
        assert!(
            check_postgres(&PostgresFacts {
                version_num,
                ..good.clone()
            })
            .is_err()
        );
        let encoding = "SQL_ASCII".to_owned();
        assert!(check_postgres(&PostgresFacts { encoding, ..good }).is_err());
    }
}
