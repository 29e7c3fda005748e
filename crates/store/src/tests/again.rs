//! SQLite: when a transaction is undone, its group's others are as if it had never been.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use renkei_model::leaf::{LeafDetail, SealedLeaf};
use serde_json::json;
use tokio::time::timeout;

use super::world::{NOW, World, leaf, link, sqlite_with_groups_of};
use crate::script::Step;
use crate::sql::{Sql, query};
use crate::{StoreError, Tx, Urgency};

const PERSONS: &str = "-- store.test\nSELECT count(*) FROM person";
/// Both depend on what is there.
const INSERT: &str =
    "-- store.test\nINSERT INTO person (id, created_at) SELECT ?, count(*) FROM person";
const UPDATE: &str = "-- store.test\nUPDATE person SET created_at = (created_at * 3 + ?) % 1000003";
const MANY: Sql = Sql {
    sqlite: "-- store.test\nINSERT INTO person (id, created_at) \
             SELECT value, (SELECT count(*) FROM person) FROM json_each($1) WHERE true \
             ON CONFLICT (id) DO UPDATE SET created_at = person.created_at + 7",
    postgres: "",
};

/// What a member does, or a leaf that comes while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Execute,
    Gather,
    Many,
    OnlyRead,
    Leaf,
    /// From here on nothing is left of it.
    Unused,
    DropAfterRead,
    DropAfterWrite,
    DropGathered,
    FailedStatement,
    FailedFlush,
    FailedCommit,
    FailedRead,
    Cut,
    TakenLeaf,
}

const ACTS: [Act; 15] = [
    Act::Execute,
    Act::Gather,
    Act::Many,
    Act::OnlyRead,
    Act::Leaf,
    Act::Unused,
    Act::DropAfterRead,
    Act::DropAfterWrite,
    Act::DropGathered,
    Act::FailedStatement,
    Act::FailedFlush,
    Act::FailedCommit,
    Act::FailedRead,
    Act::Cut,
    Act::TakenLeaf,
];

impl Act {
    fn stays(self) -> bool {
        matches!(
            self,
            Self::Execute | Self::Gather | Self::Many | Self::OnlyRead | Self::Leaf
        )
    }

    fn alone(self) -> bool {
        matches!(self, Self::Leaf | Self::TakenLeaf)
    }
}

/// One act with what it writes.
#[derive(Clone)]
struct Part {
    act: Act,
    name: String,
    leaf: SealedLeaf,
}

fn insert(name: &str) -> Step {
    Step::new(INSERT).bind(name)
}

fn update(number: i64) -> Step {
    Step::new(UPDATE).bind(number)
}

/// Touches no row where it must touch one.
fn miscounted() -> Step {
    Step::new("-- store.test\nUPDATE person SET created_at = 0 WHERE id = ?")
        .bind("nobody")
        .of_one_row()
}

/// Does what the part says; the transaction, if it is to be committed.
async fn play(mut tx: Tx, part: &Part) -> Option<Tx> {
    let name = &*part.name;
    match part.act {
        Act::Execute => {
            tx.execute(query(INSERT).bind(name)).await.unwrap();
            tx.leaf_put(part.leaf.clone()).await.unwrap();
            tx.execute(query(UPDATE).bind(1_i64)).await.unwrap();
        }
        Act::Gather => {
            tx.gather();
            tx.put([insert(name), update(2)]).await.unwrap();
            assert!(tx.find(query(PERSONS)).await.unwrap().is_some());
            tx.leaf_put(part.leaf.clone()).await.unwrap();
            tx.put([update(3)]).await.unwrap();
        }
        Act::Many => {
            let rows = vec![json!(format!("{name}-a")), json!("shared"), json!(name)];
            tx.many(MANY, rows).await.unwrap();
        }
        Act::OnlyRead | Act::DropAfterRead => {
            assert!(tx.find(query(PERSONS)).await.unwrap().is_some());
        }
        Act::DropAfterWrite => {
            tx.put([insert(name), update(4)]).await.unwrap();
            tx.leaf_put(part.leaf.clone()).await.unwrap();
        }
        Act::DropGathered => {
            tx.gather();
            tx.put([insert(name)]).await.unwrap();
        }
        Act::FailedStatement => {
            tx.put([update(5)]).await.unwrap();
            let taken = tx.execute(query(INSERT).bind("shared")).await;
            assert_eq!(taken, Err(StoreError::Conflict));
        }
        Act::FailedFlush => {
            let failed = tx.put([insert(name), miscounted()]).await;
            assert_eq!(failed, Err(StoreError::Conflict));
            let ended = timeout(Duration::from_secs(5), tx.commit()).await;
            assert!(matches!(ended, Ok(Err(_))), "after a miscount");
            return None;
        }
        Act::FailedCommit => {
            tx.gather();
            tx.put([insert(name), miscounted()]).await.unwrap();
            assert_eq!(tx.commit().await, Err(StoreError::Conflict));
            return None;
        }
        Act::FailedRead => {
            let none = query("-- store.test\nSELECT nothing FROM nowhere");
            assert!(tx.find(none).await.is_err());
        }
        Act::Cut => drop(timeout(Duration::ZERO, tx.put([insert(name), update(6)])).await),
        Act::Unused | Act::Leaf | Act::TakenLeaf => {}
    }
    part.act.stays().then_some(tx)
}

type Waiting<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + 's>>;

async fn queued<'s, T>(work: impl Future<Output = Result<T, StoreError>> + 's) -> Waiting<'s, T> {
    let mut work: Waiting<'s, T> = Box::pin(work);
    let polled = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    assert!(polled.await.is_pending());
    work
}

async fn next(world: &World) -> Waiting<'_, Tx> {
    queued(world.store.begin("next", Urgency::Ordinary)).await
}

/// All parts in one group.
async fn together(world: &World, parts: &[Part]) {
    let first = world.begin().await;
    let (mut leaves, mut members) = (Vec::new(), Vec::new());
    for part in parts {
        if part.act.alone() {
            let leaf = queued(world.store.leaf_commit(part.leaf.clone())).await;
            leaves.push((part.act, leaf));
        } else {
            members.push((part, next(world).await));
        }
    }
    drop(first);
    let mut commits = Vec::new();
    for (part, tx) in members {
        if let Some(tx) = play(tx.await.unwrap(), part).await {
            commits.push(tokio::spawn(tx.commit()));
        }
    }
    for commit in commits {
        commit.await.unwrap().unwrap();
    }
    for (act, leaf) in leaves {
        let meant = if act == Act::Leaf {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        };
        assert_eq!(leaf.await, meant);
    }
}

/// Only what is to stay, each part in a group of its own; leaves that come alone go last, as in a group.
async fn one_by_one(world: &World, parts: &[Part]) {
    for part in parts.iter().filter(|part| part.act.stays()) {
        if !part.act.alone() {
            let tx = play(world.begin().await, part).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
    for part in parts.iter().filter(|part| part.act == Act::Leaf) {
        world.store.leaf_commit(part.leaf.clone()).await.unwrap();
    }
}

/// Everything that the parts can have written.
async fn rows(world: &World) -> Vec<String> {
    let all = [
        "-- store.test\nSELECT id || ' ' || created_at FROM person ORDER BY id",
        "-- store.test\nSELECT seq || ' ' || id || ' ' || hex(link) FROM leaf ORDER BY seq",
        "-- store.test\nSELECT leaf || ' ' || pseudonym FROM leaf_person ORDER BY 1",
        "-- store.test\nSELECT leaf || ' ' || name || ' ' || value FROM leaf_detail ORDER BY 1",
    ];
    let mut rows = Vec::new();
    for sql in all {
        let found = world.store.all(query(sql)).await.unwrap();
        rows.extend(found.iter().map(|row| sqlx::Row::get::<String, _>(row, 0)));
    }
    rows
}

async fn assert_chained(world: &World) {
    let mut prev = [0; 32];
    for (n, leaf) in world
        .store
        .leaves(0, 100_000)
        .await
        .unwrap()
        .iter()
        .enumerate()
    {
        prev = link(&prev, n as u64, &leaf.hash);
        assert_eq!((leaf.seq, leaf.link), (Some(n as u64), Some(prev)));
    }
}

#[tokio::test]
async fn whatever_becomes_of_others_a_group_leaves_what_its_committed_members_leave_one_by_one() {
    let (grouped, meant) = (
        sqlite_with_groups_of(60_000).await,
        sqlite_with_groups_of(0).await,
    );
    let taken = leaf(0);
    for world in [&grouped, &meant] {
        world.store.leaf_commit(taken.clone()).await.unwrap();
        let mut tx = world.begin().await;
        tx.put([insert("shared")]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let any_acts = prop::collection::vec(prop::sample::select(&ACTS[..]), 1..14);
    let mut runner = TestRunner::deterministic();
    for round in 0..60 {
        let acts = any_acts.new_tree(&mut runner).unwrap().current();
        let parts: Vec<Part> = acts
            .iter()
            .enumerate()
            .map(|(n, act)| Part {
                act: *act,
                name: format!("{round}-{n}"),
                leaf: match act {
                    Act::TakenLeaf => taken.clone(),
                    _ => detailed(n),
                },
            })
            .collect();
        together(&grouped, &parts).await;
        one_by_one(&meant, &parts).await;
        assert_eq!(
            rows(&grouped).await,
            rows(&meant).await,
            "{round}: {acts:?}"
        );
    }
    assert_chained(&grouped).await;
}

fn detailed(n: usize) -> SealedLeaf {
    let detail = LeafDetail {
        name: "name".to_owned(),
        salt: [7; 16],
        value: format!("value {n}"),
    };
    SealedLeaf {
        details: vec![detail],
        ..leaf(u8::try_from(n).unwrap())
    }
}

async fn person(tx: &mut Tx, id: &str) {
    let sql = "-- store.test\nINSERT INTO person (id, created_at) VALUES ($1, $2)";
    tx.execute(query(sql).bind(id.to_owned()).bind(NOW.0))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_group_is_run_again_once_and_has_savepoints_from_then_on() {
    let world = sqlite_with_groups_of(60_000).await;
    let savepoint = || query("-- store.test\nROLLBACK TO member");
    let mut first = world.begin().await;
    let (second, third) = (next(&world).await, next(&world).await);
    let (fourth, fifth) = (next(&world).await, next(&world).await);
    person(&mut first, "first").await;
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    person(&mut second, "second").await;
    drop(second);
    let mut third = third.await.unwrap();
    person(&mut third, "third, taken back").await;
    assert!(third.all(savepoint()).await.is_ok());
    person(&mut third, "third").await;
    drop(third);
    let mut fourth = fourth.await.unwrap();
    person(&mut fourth, "fourth").await;
    let fourth = tokio::spawn(fourth.commit());
    let mut fifth = fifth.await.unwrap();
    assert!(fifth.all(savepoint()).await.is_ok());
    fifth.commit().await.unwrap();
    first.await.unwrap().unwrap();
    fourth.await.unwrap().unwrap();
    assert_eq!(world.count(PERSONS).await, 2);
    // The next group begins without.
    let mut tx = world.begin().await;
    assert!(tx.all(savepoint()).await.is_err());
}

#[tokio::test]
async fn a_group_that_does_not_write_the_same_again_is_lost() {
    // The second time another number of rows, or none because a key is taken.
    let different = [
        "-- store.test\nINSERT INTO person (id, created_at) SELECT 'a', 0 WHERE total_changes() = $1",
        "-- store.test\nINSERT INTO person (id, created_at) \
         SELECT CASE WHEN total_changes() = $1 THEN 'a' ELSE 'there' END, 0",
    ];
    for sql in different {
        let world = sqlite_with_groups_of(60_000).await;
        let mut tx = world.begin().await;
        person(&mut tx, "there").await;
        tx.commit().await.unwrap();
        let mut first = world.begin().await;
        let (undone, third) = (next(&world).await, next(&world).await);
        let reader = queued(world.store.leaf_commit(leaf(1))).await;
        let changes = query("-- store.test\nSELECT total_changes()");
        let changes = first.find(changes).await.unwrap().unwrap();
        let changes: i64 = sqlx::Row::get(&changes, 0);
        assert_eq!(first.execute(query(sql).bind(changes)).await, Ok(1));
        first.leaf_put(leaf(2)).await.unwrap();
        let first = tokio::spawn(first.commit());
        let mut undone = undone.await.unwrap();
        person(&mut undone, "undone").await;
        drop(undone);
        // Whoever comes after is in a group of its own.
        let mut third = third.await.unwrap();
        person(&mut third, "third").await;
        third.leaf_put(leaf(3)).await.unwrap();
        third.commit().await.unwrap();
        assert!(first.await.unwrap().is_err(), "{sql}");
        assert!(reader.await.is_err(), "it came with the first");
        assert_eq!(world.count(PERSONS).await, 2, "{sql}");
        assert_chained(&world).await;
    }
}

/// A full disk in the second of three, who writes by `sql`; what becomes of the first.
async fn filled(sql: &'static str, reads: bool) -> Result<(), StoreError> {
    let world = sqlite_with_groups_of(60_000).await;
    let mut first = world.begin().await;
    let (second, third) = (next(&world).await, next(&world).await);
    person(&mut first, "first").await;
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    let limit = "-- store.test\nPRAGMA max_page_count = 1";
    second.all(query(limit)).await.unwrap();
    let failed = if reads {
        second.all(query(sql)).await.map(drop)
    } else {
        second.execute(query(sql)).await.map(drop)
    };
    assert_eq!(failed, Err(StoreError::Full));
    drop(second);
    let mut third = third.await.unwrap();
    let limit = "-- store.test\nPRAGMA max_page_count = 1000000";
    third.all(query(limit)).await.unwrap();
    person(&mut third, "third").await;
    // Not outside of any transaction.
    assert_eq!(world.count(PERSONS).await, 0);
    third.commit().await.unwrap();
    let first = first.await.unwrap();
    let stayed = i64::from(first.is_ok());
    assert_eq!(world.count(PERSONS).await, 1 + stayed);
    first
}

#[tokio::test]
async fn when_sqlite_rolls_back_by_itself_the_group_is_lost() {
    // It undoes this statement alone.
    let alone =
        "-- store.test\nINSERT INTO person (id, created_at) SELECT hex(zeroblob(100000)), 0";
    assert_eq!(filled(alone, false).await, Ok(()));
    // And with these, everything.
    let all =
        "-- store.test\nINSERT INTO person (id, created_at) VALUES (hex(zeroblob(100000)), 0)";
    assert_eq!(filled(all, false).await, Err(StoreError::Full));
    // What looks like a read.
    let all =
        "-- store.test\ninsert into person (id, created_at) values (hex(zeroblob(100000)), 0)";
    assert_eq!(filled(all, true).await, Err(StoreError::Full));
}

#[tokio::test]
async fn a_group_that_would_keep_too_much_is_closed() {
    for (bytes, durable) in [(1 << 20, 0), (17 << 20, 1)] {
        let world = sqlite_with_groups_of(60_000).await;
        let mut first = world.begin().await;
        let second = next(&world).await;
        let long = "-- store.test\nINSERT INTO person (id, created_at) SELECT 'long', length($1)";
        let long = query(long).bind("a".repeat(bytes));
        first.execute(long).await.unwrap();
        let first = tokio::spawn(first.commit());
        let second = second.await.unwrap();
        assert_eq!(world.count(PERSONS).await, durable, "{bytes}");
        second.commit().await.unwrap();
        first.await.unwrap().unwrap();
    }
}
