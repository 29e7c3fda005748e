//! The two databases, and a way to look into one or to damage a copy of one.

use std::path::Path;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// Where the program under test keeps what it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// SQLite in the data folder.
    Sqlite,
    /// A database of the private cluster.
    Postgres,
}

/// Runs SQL on a database and gives back the rows. Only for looking, or for damaging a copy: what tests
/// put into the program goes through its doors.
pub fn sql(url: &str, statement: &str) -> Vec<AnyRow> {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut connection = AnyConnection::connect(url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        let rows = connection
            .fetch_all(AssertSqlSafe(statement.to_owned()))
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
        connection.close().await.expect("the connection closes");
        rows
    })
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the copy's folder is made");
    for entry in std::fs::read_dir(from)
        .expect("the folder is read")
        .flatten()
    {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("a file is copied");
        }
    }
}
