//! PostgreSQL's sequencer: numbers and links committed leaves, one process at a time.
//!
//! A leaf commits with its request, so its number cannot be given inside: numbers given by open
//! transactions would have gaps. Every process runs this task; whoever holds the advisory lock of a
//! round does the work. Nothing is kept between rounds, so a lost process leaves nothing behind.

use std::sync::Arc;
use std::time::Duration;

use renkei_model::leaf::LinkFn;
use sqlx::AnyPool;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::fault::StoreError;
use crate::leaf::Head;
use crate::sql::{Reader, query};

/// A leaf of another process is numbered within two of these.
const ROUND_MS: u64 = 40;
/// After a failed round: the database may be restarting.
const FAILED_MS: u64 = 500;
/// Leaves of one round.
const ROUND_LEAVES: i64 = 500;

/// The running task.
pub(crate) struct Sequencer {
    stop: std::sync::Mutex<Option<oneshot::Sender<()>>>,
    stopped: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Sequencer {
    /// Starts the task on a pool of its own.
    pub(crate) fn start(pool: AnyPool, link: LinkFn, wake: Arc<Notify>) -> Self {
        let (stop, mut asked) = oneshot::channel::<()>();
        let task = async move {
            loop {
                let pause = match round(&pool, link).await {
                    Ok(ROUND_LEAVES) => 0,
                    Ok(_) => ROUND_MS,
                    Err(error) => {
                        tracing::warn!(%error, "a round of the sequencer failed");
                        FAILED_MS
                    }
                };
                // The sender is gone when the store is dropped: that stops the task too.
                tokio::select! {
                    _ = &mut asked => break,
                    _ = timeout(Duration::from_millis(pause), wake.notified()) => {}
                }
            }
            // What was committed before the stop gets its number now, not at the next start.
            drop(round(&pool, link).await);
            pool.close().await;
        };
        let handle = tokio::spawn(task);
        Self {
            stop: Some(stop).into(),
            stopped: Some(handle).into(),
        }
    }

    /// Numbers what is committed, then ends.
    pub(crate) async fn stop(&self) {
        let stop = self.stop.lock().ok().and_then(|mut stop| stop.take());
        drop(stop);
        if let Some(handle) = self.stopped.lock().await.take() {
            drop(handle.await);
        }
    }
}

/// Numbers what is committed and has no number; how many.
async fn round(pool: &AnyPool, link: LinkFn) -> Result<i64, StoreError> {
    // The common case, an idle log, costs one statement.
    let sql = "-- store.sequencer\nSELECT id FROM leaf WHERE seq IS NULL LIMIT 1";
    if query(sql).fetch_optional(pool).await?.is_none() {
        return Ok(0);
    }
    let mut tx = pool.begin().await?;
    let sql = "-- store.sequencer\nSELECT CASE WHEN pg_try_advisory_xact_lock(hashtextextended('leaf', 0)) \
               THEN 1 ELSE 0 END AS mine";
    let mine = query(sql).fetch_one(&mut *tx).await?;
    if !Reader::new("leaf", &mine).flag("mine")? {
        tx.rollback().await?;
        return Ok(0);
    }
    let sql =
        "-- store.sequencer\nSELECT id, hash FROM leaf WHERE seq IS NULL ORDER BY at, id LIMIT $1";
    let rows = query(sql).bind(ROUND_LEAVES).fetch_all(&mut *tx).await?;
    if rows.is_empty() {
        tx.rollback().await?;
        return Ok(0);
    }
    let mut head = Head::load(&mut tx).await?;
    let mut numbered = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = Reader::new("leaf", row);
        let seq = head.next_seq;
        let linked = link(&head.link, seq.unsigned_abs(), &row.hash("hash")?);
        head = Head {
            next_seq: seq + 1,
            link: linked,
        };
        numbered.push(
            serde_json::json!({ "id": row.text("id")?, "seq": seq, "link": hex::encode(linked) }),
        );
    }
    let sql = "-- store.sequencer\nUPDATE leaf SET seq = n.seq, link = decode(n.link, 'hex') \
               FROM json_to_recordset($1::json) AS n(id TEXT, seq BIGINT, link TEXT) \
               WHERE leaf.id = n.id AND leaf.seq IS NULL";
    let count = numbered.len() as u64;
    let update = query(sql).bind(serde_json::Value::Array(numbered).to_string());
    if update.execute(&mut *tx).await?.rows_affected() != count {
        return Err(StoreError::Conflict);
    }
    tx.commit().await?;
    Ok(i64::try_from(count).unwrap_or(ROUND_LEAVES))
}
