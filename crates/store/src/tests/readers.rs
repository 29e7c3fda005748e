//! Crews have connections of their own.

use std::time::Duration;

use tokio::time::timeout;

use super::world::worlds;
use crate::readers::urgently;
use crate::sql::query;

#[tokio::test]
async fn a_crew_reads_while_everybody_else_waits() {
    for world in worlds().await {
        let short = Duration::from_millis(300);
        let readers = &world.store.readers;
        let mut held = Vec::new();
        while let Ok(Ok(connection)) = timeout(short, readers.connection()).await {
            held.push(connection);
        }
        let ask = || {
            world
                .store
                .find(query("-- store.test\nSELECT COUNT(*) AS n FROM record"))
        };
        assert!(timeout(short, ask()).await.is_err(), "nothing is free");
        let answered = timeout(Duration::from_secs(10), urgently(ask())).await;
        assert!(answered.is_ok_and(|row| row.is_ok_and(|row| row.is_some())));
        drop(held);
        assert!(timeout(Duration::from_secs(10), ask()).await.is_ok());
    }
}
