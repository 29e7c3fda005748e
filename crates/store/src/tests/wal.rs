//! The write-ahead log is copied beside the writer, and not by the commit that finds it long.

use std::time::Duration;

use sqlx::Row as _;

use super::world::sqlite;
use crate::open::connect;
use crate::sql::query;

#[tokio::test]
async fn a_long_log_is_copied_while_nobody_commits() {
    let world = sqlite().await;
    let mut tx = world.begin().await;
    // 12 MB: less than the length at which a commit copies it itself.
    let sql = "-- store.test\nCREATE TABLE pages AS WITH RECURSIVE n(i) AS \
               (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT randomblob(4000) AS page FROM n";
    tx.execute(query(sql)).await.unwrap();
    tx.commit().await.unwrap();
    let mut connection = connect(&world.settings).await.unwrap();
    let mut told = (0_i64, 0_i64);
    for _ in 0..100 {
        let sql = "-- store.test\nPRAGMA wal_checkpoint(NOOP)";
        let row = query(sql).fetch_one(&mut connection).await.unwrap();
        told = (row.get("log"), row.get("checkpointed"));
        if told.1 == told.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(told.0 > 2_900, "{told:?}");
    assert_eq!(told.0, told.1, "pages in the log, pages copied");
    drop(connection);
    world.store.close().await;
}
