//! Reads that go together: each gets its own rows, sees what was committed before it asked, and fails alone.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::any::AnyRow;
use tokio::time::timeout;

use super::world::{World, sqlite, worlds};
use crate::sql::query;
use crate::{StoreError, Urgency};

const TWO: &str = "-- store.test\nSELECT CAST($2 AS TEXT) || $1 AS two WHERE $1 <> 'nobody'";
const PARSED: &str = "-- store.test\nSELECT json_extract($1, '$.n') AS n";

async fn two(world: &World, one: &str, more: &str) -> Result<Vec<AnyRow>, StoreError> {
    let question = query(TWO).bind(one.to_owned()).bind(more.to_owned());
    world.store.all_short(question).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_the_own_rows() {
    for world in worlds().await {
        let world = Arc::new(world);
        let asked = (0..200).map(|n| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                // One in five finds nothing, and one in seven asks something else.
                let one = if n % 5 == 0 {
                    "nobody".to_owned()
                } else {
                    n.to_string()
                };
                if n % 7 == 0 {
                    let other = query("-- store.test\nSELECT CAST($1 AS TEXT) AS two");
                    let row = world.store.find_short(other.bind(one.clone())).await;
                    assert_eq!(row.unwrap().unwrap().get::<String, _>("two"), one);
                    return;
                }
                let rows = two(&world, &one, "and ").await.unwrap();
                let found: Vec<String> = rows.iter().map(|row| row.get("two")).collect();
                let wanted = (n % 5 != 0).then(|| format!("and {one}"));
                assert_eq!(found, Vec::from_iter(wanted), "{n} on {}", world.name);
            })
        });
        for asked in asked.collect::<Vec<_>>() {
            asked.await.unwrap();
        }
    }
}

/// What was committed before somebody asked is seen, whoever else is asked for in the same transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_seen_by_whoever_asks_after_it() {
    const COUNT: &str = "-- store.test\nSELECT COUNT(*) AS n FROM checkpoint WHERE $1 = $1";
    let world = Arc::new(sqlite().await);
    let count = |world: Arc<World>| async move {
        let row = world.store.find_short(query(COUNT).bind(1_i64)).await;
        row.unwrap().unwrap().get::<i64, _>("n")
    };
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let crowd = (0..32).map(|_| {
        let (world, mut stopped) = (Arc::clone(&world), stopped.clone());
        tokio::spawn(async move {
            while !*stopped.borrow_and_update() {
                count(Arc::clone(&world)).await;
            }
        })
    });
    let crowd: Vec<_> = crowd.collect();
    for n in 1..=50 {
        let mut tx = world.store.begin("test", Urgency::Ordinary).await.unwrap();
        let insert = "-- store.test\nINSERT INTO checkpoint (size, root, head, at, note) VALUES ($1, x'', x'', 0, '')";
        tx.execute(query(insert).bind(n)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(Arc::clone(&world)).await, n);
    }
    stop.send_replace(true);
    stopped.borrow_and_update();
    for one in crowd {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_fails_alone_and_leaves_no_transaction_behind() {
    let world = Arc::new(sqlite().await);
    let asked = (0..64).map(|n| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let text = if n % 8 == 3 {
                "{".to_owned()
            } else {
                format!(r#"{{"n":{n}}}"#)
            };
            let row = world.store.find_short(query(PARSED).bind(text)).await;
            match row {
                Ok(row) => assert_eq!(row.unwrap().get::<i64, _>("n"), n),
                Err(error) => assert!(n % 8 == 3, "{n}: {error}"),
            }
            n % 8 == 3
        })
    });
    let mut failed = 0;
    for asked in asked.collect::<Vec<_>>() {
        failed += usize::from(asked.await.unwrap());
    }
    assert_eq!(failed, 8);
    // A transaction left open would still see the table as it was.
    let mut tx = world.store.begin("test", Urgency::Ordinary).await.unwrap();
    tx.execute(query("-- store.test\nUPDATE record SET created_at = 77"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let seen = "-- store.test\nSELECT COUNT(*) AS n FROM record WHERE created_at <> 77 AND $1 = $1";
    for _ in 0..20 {
        let row = world.store.find_short(query(seen).bind(1_i64)).await;
        assert_eq!(row.unwrap().unwrap().get::<i64, _>("n"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_takes_nobody_along_and_after_the_end_nobody_waits() {
    let world = Arc::new(sqlite().await);
    let asked = (0..100).map(|n: usize| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let asked = two(&world, "a", "b");
            if n.is_multiple_of(2) {
                drop(timeout(Duration::from_micros(50), asked).await);
            } else {
                assert_eq!(asked.await.unwrap().len(), 1);
            }
        })
    });
    for asked in asked.collect::<Vec<_>>() {
        asked.await.unwrap();
    }
    world.store.close().await;
    let after = timeout(Duration::from_secs(5), two(&world, "a", "b")).await;
    assert!(matches!(after, Ok(Err(StoreError::Unavailable))));
}
