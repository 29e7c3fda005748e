use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use renkei_model::Permit;
use renkei_model::permit::Allows;
use tokio::time::timeout;

use super::world::{
    NOW, OFFICE, World, facts, leaf, network, nurse_of, sqlite, sqlite_with_groups_of, worlds,
};
use crate::sql::{Query, query};
use crate::{Facility, StoreError, Tx, Urgency};

const PERSONS: &str = "-- store.test\nSELECT count(*) FROM person";

async fn person(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    let sql = "-- store.test\nINSERT INTO person (id, created_at) VALUES ($1, $2)";
    tx.execute(query(sql).bind(id.to_owned()).bind(NOW.0))
        .await
        .map(drop)
}

async fn one(world: &World, id: &str) -> Result<(), StoreError> {
    let mut tx = world.store.begin("test", Urgency::Ordinary).await?;
    person(&mut tx, id).await?;
    tx.commit().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_transactions_at_once_all_commit() {
    for world in worlds().await {
        let world = Arc::new(world);
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let world = Arc::clone(&world);
                tokio::spawn(async move { one(&world, &format!("p{n}")).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(world.count(PERSONS).await, 200, "{}", world.name);
    }
}

type Begin<'s> = Pin<Box<dyn Future<Output = Result<Tx, StoreError>> + 's>>;

/// A transaction that stands in the queue and has not been served.
async fn queued(world: &World) -> Begin<'_> {
    let mut begin: Begin<'_> = Box::pin(world.store.begin("queued", Urgency::Ordinary));
    let polled = std::future::poll_fn(|context| Poll::Ready(begin.as_mut().poll(context)));
    assert!(polled.await.is_pending());
    begin
}

#[tokio::test]
async fn members_of_one_group_wait_for_its_commit_and_see_each_other() {
    let world = sqlite_with_groups_of(60_000).await;
    let mut first = world.begin().await;
    let second = queued(&world).await;
    person(&mut first, "a").await.unwrap();
    let first = async {
        first.commit().await.unwrap();
        // The group is committed as a whole: whoever has its answer finds the other's rows on disk.
        assert_eq!(world.count(PERSONS).await, 2);
    };
    let second = async {
        let mut second = second.await.unwrap();
        let rows = second
            .all(query("-- store.test\nSELECT id FROM person"))
            .await
            .unwrap();
        assert_eq!(
            rows.len(),
            1,
            "the first member's row, before it is on disk"
        );
        assert_eq!(world.count(PERSONS).await, 0, "not yet committed");
        person(&mut second, "b").await.unwrap();
        second.commit().await.unwrap();
    };
    tokio::join!(first, second);
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_and_blocks_nobody() {
    for world in worlds().await {
        let mut tx = world.begin().await;
        person(&mut tx, "dropped").await.unwrap();
        drop(tx);
        let mut tx = world.begin().await;
        person(&mut tx, "rolled back").await.unwrap();
        tx.rollback().await;
        // Dropped in the middle of a statement.
        let mut tx = world.begin().await;
        drop(timeout(Duration::ZERO, person(&mut tx, "cut")).await);
        drop(tx);
        // Dropped while waiting for the writer, and after the loan was sent but before it was taken.
        let holding = world.begin().await;
        let waiting = world.store.begin("waiting", Urgency::Ordinary);
        assert!(
            timeout(Duration::from_millis(5), waiting).await.is_err() || world.name != "SQLite"
        );
        drop(holding);
        timeout(Duration::from_secs(5), one(&world, "kept"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(world.count(PERSONS).await, 1, "{}", world.name);
    }
}

/// A statement that takes its time.
fn slow(world: &World) -> Query {
    query(if world.name == "SQLite" {
        "-- store.test\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
         SELECT count(*) FROM n"
    } else {
        "-- store.test\nSELECT pg_sleep(0.3)::text"
    })
}

#[tokio::test]
async fn a_cut_statement_spoils_its_transaction_and_nobody_elses() {
    for world in worlds().await {
        let mut tx = world.begin().await;
        person(&mut tx, "before").await.unwrap();
        let cut = timeout(Duration::from_millis(5), tx.find(slow(&world))).await;
        assert!(cut.is_err(), "the statement was too quick to be cut");
        assert!(person(&mut tx, "after").await.is_err());
        assert!(tx.commit().await.is_err());
        one(&world, "kept").await.unwrap();
        assert_eq!(world.count(PERSONS).await, 1, "{}", world.name);
    }
}

#[tokio::test]
async fn a_loan_that_nobody_takes_comes_back() {
    let world = sqlite().await;
    let never_taken = queued(&world).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(never_taken);
    timeout(Duration::from_secs(5), one(&world, "kept"))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn failure_of_one_member_hurts_nobody_else() {
    for world in worlds().await {
        one(&world, "taken").await.unwrap();
        let (good, bad, late) = tokio::join!(
            one(&world, "good"),
            async {
                let mut tx = world.begin().await;
                person(&mut tx, "half").await.unwrap();
                assert_eq!(person(&mut tx, "taken").await, Err(StoreError::Conflict));
                assert!(
                    person(&mut tx, "more").await.is_err(),
                    "only a rollback is left"
                );
                tx.commit().await
            },
            one(&world, "late"),
        );
        assert!(
            good.is_ok() && late.is_ok() && bad.is_err(),
            "{}",
            world.name
        );
        assert_eq!(world.count(PERSONS).await, 3, "{}", world.name);
    }
}

#[tokio::test]
async fn if_the_groups_commit_fails_all_its_members_fail_and_the_chain_goes_on() {
    let world = sqlite_with_groups_of(60_000).await;
    let mut before = world.begin().await;
    before.leaf_put(leaf(0)).await.unwrap();
    before.commit().await.unwrap();
    let mut breaking = world.begin().await;
    let innocent = queued(&world).await;
    // A deferred foreign key is checked by the group's COMMIT, not when the savepoint is released.
    breaking
        .execute(query("-- store.test\nPRAGMA defer_foreign_keys = ON"))
        .await
        .unwrap();
    let orphan = "-- store.test\nINSERT INTO leaf_person (leaf, pseudonym) VALUES ('none', 'p')";
    breaking.execute(query(orphan)).await.unwrap();
    breaking.leaf_put(leaf(1)).await.unwrap();
    let innocent = async {
        let mut tx = innocent.await.unwrap();
        tx.leaf_put(leaf(2)).await.unwrap();
        tx.commit().await
    };
    let (breaking, innocent) = tokio::join!(breaking.commit(), innocent);
    assert!(breaking.is_err() && innocent.is_err());
    let mut after = world.begin().await;
    after.leaf_put(leaf(3)).await.unwrap();
    after.commit().await.unwrap();
    let leaves = world.store.leaves(0, 10).await.unwrap();
    assert_eq!(
        leaves
            .iter()
            .map(|leaf| leaf.canonical[1])
            .collect::<Vec<_>>(),
        [0, 3]
    );
    assert_eq!(
        leaves.iter().map(|leaf| leaf.seq).collect::<Vec<_>>(),
        [Some(0), Some(1)]
    );
}

#[tokio::test]
async fn a_full_disk_is_full_and_passes_by() {
    let world = sqlite().await;
    one(&world, "before").await.unwrap();
    let mut tx = world.begin().await;
    let limit = "-- store.test\nPRAGMA max_page_count = 1";
    tx.all(query(limit)).await.unwrap();
    let big = "-- store.test\nINSERT INTO person (id, created_at) \
               SELECT hex(randomblob(4000)), value FROM json_each('[1,2,3,4,5,6,7,8,9,10]')";
    assert_eq!(tx.execute(query(big)).await, Err(StoreError::Full));
    assert!(
        person(&mut tx, "after").await.is_err(),
        "would run outside any transaction"
    );
    drop(tx);
    let mut tx = world.begin().await;
    tx.all(query("-- store.test\nPRAGMA max_page_count = 1000000"))
        .await
        .unwrap();
    person(&mut tx, "again").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.count(PERSONS).await, 2);
}

#[tokio::test]
async fn the_urgent_go_first() {
    let world = sqlite().await;
    let holding = world.begin().await;
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let asked = [
        (Urgency::Ordinary, "ordinary"),
        (Urgency::Ordinary, "ordinary"),
        (Urgency::Leaf, "leaf"),
        (Urgency::Emergency, "emergency"),
    ];
    let tasks = asked.map(|(urgency, name)| {
        let (store, order) = (Arc::clone(&world.store), Arc::clone(&order));
        tokio::spawn(async move {
            let tx = store.begin(name, urgency).await.unwrap();
            order.lock().unwrap().push(name);
            tx.commit().await.unwrap();
        })
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    holding.commit().await.unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        *order.lock().unwrap(),
        ["emergency", "leaf", "ordinary", "ordinary"]
    );
}

#[tokio::test]
async fn closing_waits_for_what_was_begun_and_refuses_what_comes_after() {
    for world in worlds().await {
        let mut tx = world.begin().await;
        person(&mut tx, "last").await.unwrap();
        let store = Arc::clone(&world.store);
        let closing = tokio::spawn(async move { store.close().await });
        tokio::time::sleep(Duration::from_millis(5)).await;
        tx.commit().await.unwrap();
        timeout(Duration::from_secs(5), closing)
            .await
            .unwrap()
            .unwrap();
        let refused = world.store.begin("late", Urgency::Ordinary).await;
        assert_eq!(
            refused.err(),
            Some(StoreError::Unavailable),
            "{}",
            world.name
        );
    }
}

#[tokio::test]
async fn a_permit_of_another_kind_or_network_is_refused() {
    let world = sqlite().await;
    let facility = Facility {
        network: network(),
        code: OFFICE.parse().unwrap(),
        name: "ケアプランセンター".to_owned(),
        kind: "care_office".to_owned(),
        mailbox: true,
    };
    let wrong = facts(nurse_of(OFFICE), Allows::Look);
    let elsewhere = facts(nurse_of(OFFICE), Allows::Directory);
    let elsewhere = renkei_model::permit::PermitFacts {
        network: "fukui".parse().ok(),
        ..elsewhere
    };
    for facts in [wrong, elsewhere] {
        let mut tx = world.begin().await;
        let refused = tx.facility_put(&Permit::issue(facts), &facility).await;
        assert!(matches!(refused, Err(StoreError::Inconsistent { .. })));
    }
}
