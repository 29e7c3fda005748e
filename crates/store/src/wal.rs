//! SQLite's write-ahead log goes back into the database on a connection of its own.
//!
//! Left to itself, SQLite copies the log's pages inside the COMMIT that finds it long: for a fifth of a second nobody
//! writes, and no leaf, so nobody is answered. Copied piece by piece beside the writer, little is left for that COMMIT.
//! Two connections that commit and copy at once were a way to lose transactions before SQLite 3.51.3; an older one is
//! refused at the start (`check.rs`).

use std::time::Duration;

use sqlx::AnyConnection;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::errand::Errand;
use crate::fault::StoreError;
use crate::open;
use crate::sql::{Reader, query};
use crate::store::Settings;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// Pages that are worth a walk: 8 MB. Fewer would be copied again and again, because every commit touches the same few.
const PAGES: i64 = 2_048;
/// After a failure: the disk may be full.
const PAUSE: Duration = Duration::from_secs(5);

/// Starts the task.
///
/// # Errors
/// See [`StoreError`].
pub(crate) async fn start(settings: &Settings) -> Result<Errand, StoreError> {
    let connection = open::connect(settings).await?;
    Ok(Errand::start(|asked| run(connection, asked)))
}

async fn run(mut connection: AnyConnection, mut asked: oneshot::Receiver<()>) {
    let mut pause = EVERY;
    loop {
        tokio::select! {
            biased;
            // The sender is gone when the store is dropped: that stops the task too.
            _ = &mut asked => break,
            () = sleep(pause) => {}
        }
        pause = match walk(&mut connection).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log was not copied: the next long commit copies it");
                PAUSE
            }
        };
    }
    drop(sqlx::Connection::close(connection).await);
}

/// Copies what is there, if it is enough.
async fn walk(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let (log, copied) = told(connection, "-- store.wal\nPRAGMA wal_checkpoint(NOOP)").await?;
    if log - copied >= PAGES {
        told(connection, "-- store.wal\nPRAGMA wal_checkpoint(PASSIVE)").await?;
    }
    Ok(())
}

/// Pages in the log, and how many of them are copied.
async fn told(connection: &mut AnyConnection, sql: &'static str) -> Result<(i64, i64), StoreError> {
    let row = query(sql).fetch_one(connection).await?;
    let row = Reader::new("wal", &row);
    Ok((row.number("log")?, row.number("checkpointed")?))
}
