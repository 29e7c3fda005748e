use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use renkei_model::leaf::{LeafDetail, SealedLeaf};
use tokio::time::timeout;

use super::world::{NOW, World, clock, leaf, link, postgres, sqlite, sqlite_settings, worlds};
use crate::readers::urgently;
use crate::sql::query;
use crate::{Settings, Store, StoreError, Tx, Urgency};

const PERSONS: &str = "-- store.test\nSELECT count(*) FROM person";

type Waiting<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + 's>>;

/// Something that stands in a queue and has not been served.
async fn queued<'s, T>(work: impl Future<Output = Result<T, StoreError>> + 's) -> Waiting<'s, T> {
    let mut work: Waiting<'s, T> = Box::pin(work);
    let polled = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    assert!(polled.await.is_pending());
    work
}

async fn person(tx: &mut Tx, id: &str) {
    let sql = "-- store.test\nINSERT INTO person (id, created_at) VALUES ($1, $2)";
    let insert = query(sql).bind(id.to_owned()).bind(NOW.0);
    tx.execute(insert).await.unwrap();
}

impl World {
    /// The first bytes of the leaves in the order of the chain, which must be whole.
    async fn chained(&self) -> Vec<u8> {
        for _ in 0..500 {
            if self.store.leaves_unnumbered().await.unwrap() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let leaves = self.store.leaves(0, 10_000).await.unwrap();
        let mut prev = [0; 32];
        for (n, leaf) in leaves.iter().enumerate() {
            prev = link(&prev, n as u64, &leaf.hash);
            assert_eq!(
                (leaf.seq, leaf.link),
                (Some(n as u64), Some(prev)),
                "{}",
                self.name
            );
        }
        leaves.iter().map(|leaf| leaf.canonical[1]).collect()
    }
}

/// A SQLite store whose groups stay open as long as nobody urgent is in them.
async fn patient() -> World {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        group_work_ms: 0,
        group_busy_ms: 60_000,
        ..sqlite_settings(&folder)
    };
    let store = Store::open(settings.clone(), clock(), link).await.unwrap();
    World {
        store: Arc::new(store),
        settings,
        name: "SQLite",
        folder,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn leaves_of_every_way_make_one_chain() {
    for world in worlds().await {
        let world = Arc::new(world);
        let tasks: Vec<_> = (0..200)
            .map(|n: u8| {
                let world = Arc::clone(&world);
                tokio::spawn(async move {
                    match n % 4 {
                        0 => world.store.leaf_commit(leaf(n)).await.unwrap(),
                        1 => urgently(world.store.leaf_commit(leaf(n))).await.unwrap(),
                        kind => {
                            let mut tx = world.begin().await;
                            tx.leaf_put(leaf(n)).await.unwrap();
                            if kind == 2 {
                                tx.commit().await.unwrap();
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut found = world.chained().await;
        found.sort_unstable();
        let meant: Vec<u8> = (0..200).filter(|n| n % 4 != 3).collect();
        assert_eq!(found, meant, "{}", world.name);
    }
}

#[tokio::test]
async fn leaves_keep_their_order_and_those_of_crews_go_first() {
    let world = sqlite().await;
    let holding = world.begin().await;
    let mut asked = Vec::new();
    for n in 0..100 {
        asked.push(queued(world.store.leaf_commit(leaf(n))).await);
    }
    let crew = queued(urgently(world.store.leaf_commit(leaf(200)))).await;
    holding.commit().await.unwrap();
    crew.await.unwrap();
    for leaf in asked {
        leaf.await.unwrap();
    }
    let meant: Vec<u8> = std::iter::once(200).chain(0..100).collect();
    assert_eq!(world.chained().await, meant);
}

#[tokio::test]
async fn what_hangs_on_many_leaves_comes_back() {
    for world in worlds().await {
        let detail = |n: usize| LeafDetail {
            name: format!("name {n}"),
            salt: [7; 16],
            value: "佐藤\"'\\".to_owned(),
        };
        let full = |byte: u8, persons: usize, details: usize| SealedLeaf {
            pseudonyms: (0..persons).map(|n| format!("p{}", n % 450)).collect(),
            details: (0..details).map(detail).collect(),
            ..leaf(byte)
        };
        let sizes = [(1, 1), (2, 1), (3, 1), (500, 3), (9, 100), (0, 0), (0, 5)];
        let leaves: Vec<SealedLeaf> = (0..70)
            .map(|n: u8| {
                let (persons, details) = sizes[usize::from(n) % sizes.len()];
                full(n, persons, details)
            })
            .collect();
        let asked = leaves
            .iter()
            .map(|leaf| world.store.leaf_commit(leaf.clone()));
        let done = futures_util::future::join_all(asked).await;
        assert!(done.iter().all(Result::is_ok), "{}", world.name);
        assert_eq!(world.chained().await.len(), 70);
        for stored in world.store.leaves(0, 100).await.unwrap() {
            let mut meant = leaves[usize::from(stored.canonical[1])].details.clone();
            meant.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(stored.details, meant, "{}", world.name);
        }
        let persons = "-- store.test\nSELECT count(*) FROM leaf_person";
        assert_eq!(world.count(persons).await, 10 * (1 + 2 + 3 + 450 + 9));
    }
}

#[tokio::test]
async fn a_leaf_that_cannot_be_written_fails_alone() {
    for world in worlds().await {
        let taken = leaf(0);
        world.store.leaf_commit(taken.clone()).await.unwrap();
        let poison = || world.store.leaf_commit(taken.clone());
        // Alone, in a group of leaves, and in a group with a transaction.
        assert_eq!(poison().await, Err(StoreError::Conflict));
        let good = |n| world.store.leaf_commit(leaf(n));
        let (a, b, c) = tokio::join!(good(1), poison(), good(2));
        assert_eq!(
            (a, b, c),
            (Ok(()), Err(StoreError::Conflict), Ok(())),
            "{}",
            world.name
        );
        let mut holding = world.begin().await;
        person(&mut holding, "kept").await;
        let holding = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            holding.commit().await
        };
        let (a, b, c, held) = tokio::join!(good(3), poison(), good(4), holding);
        assert_eq!(
            (a, b, c, held),
            (Ok(()), Err(StoreError::Conflict), Ok(()), Ok(())),
            "{}",
            world.name
        );
        assert_eq!(world.chained().await, [0, 1, 2, 3, 4], "{}", world.name);
        assert_eq!(world.count(PERSONS).await, 1);
    }
}

#[tokio::test]
async fn a_group_goes_on_for_senders_and_closes_for_a_reader() {
    for reader_waits in [false, true] {
        let world = patient().await;
        let mut first = world.begin().await;
        person(&mut first, "a").await;
        let second = queued(world.store.begin("second", Urgency::Ordinary)).await;
        let reader = if reader_waits {
            Some(queued(world.store.leaf_commit(leaf(1))).await)
        } else {
            None
        };
        let second = async {
            let second = second.await.unwrap();
            let durable = (world.count(PERSONS).await, world.chained().await.len());
            let meant = if reader_waits { (1, 1) } else { (0, 0) };
            assert_eq!(durable, meant, "what is on disk when the second begins");
            second.commit().await.unwrap();
        };
        let (first, ()) = tokio::join!(first.commit(), second);
        first.unwrap();
        if let Some(reader) = reader {
            reader.await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_undone_transaction_takes_no_leaf_with_it() {
    let world = sqlite().await;
    let mut undone = world.begin().await;
    undone.leaf_put(leaf(9)).await.unwrap();
    person(&mut undone, "undone").await;
    let reader = queued(world.store.leaf_commit(leaf(1))).await;
    let after = queued(world.store.begin("after", Urgency::Ordinary)).await;
    undone.rollback().await;
    let after = async {
        let mut after = after.await.unwrap();
        person(&mut after, "after").await;
        after.commit().await.unwrap();
    };
    let (reader, ()) = tokio::join!(reader, after);
    reader.unwrap();
    assert_eq!(world.chained().await, [1]);
    assert_eq!(world.count(PERSONS).await, 1);
}

#[tokio::test]
async fn if_the_groups_commit_fails_its_leaves_fail_too() {
    let world = sqlite().await;
    let mut breaking = world.begin().await;
    let reader = queued(world.store.leaf_commit(leaf(1))).await;
    let deferred = "-- store.test\nPRAGMA defer_foreign_keys = ON";
    breaking.execute(query(deferred)).await.unwrap();
    let orphan = "-- store.test\nINSERT INTO leaf_person (leaf, pseudonym) VALUES ('none', 'p')";
    breaking.execute(query(orphan)).await.unwrap();
    let (breaking, reader) = tokio::join!(breaking.commit(), reader);
    assert!(breaking.is_err() && reader.is_err());
    world.store.leaf_commit(leaf(2)).await.unwrap();
    assert_eq!(world.chained().await, [2]);
}

#[tokio::test]
async fn a_full_disk_fails_the_leaves_that_wait_and_passes_by() {
    let world = sqlite().await;
    let limit = async |pages: &'static str| {
        let mut tx = world.begin().await;
        tx.all(query(pages)).await.unwrap();
        tx.commit().await.unwrap();
    };
    limit("-- store.test\nPRAGMA max_page_count = 1").await;
    let big = |n| SealedLeaf {
        canonical: vec![n; 100_000],
        ..leaf(n)
    };
    let (a, b) = tokio::join!(
        world.store.leaf_commit(big(1)),
        world.store.leaf_commit(big(2))
    );
    assert_eq!((a, b), (Err(StoreError::Full), Err(StoreError::Full)));
    limit("-- store.test\nPRAGMA max_page_count = 1000000").await;
    world.store.leaf_commit(leaf(3)).await.unwrap();
    assert_eq!(world.chained().await, [3]);
}

#[tokio::test]
async fn a_leaf_that_nobody_waits_for_harms_nobody() {
    let world = sqlite().await;
    let holding = world.begin().await;
    let gone = queued(world.store.leaf_commit(leaf(1))).await;
    let stays = queued(world.store.leaf_commit(leaf(2))).await;
    drop(gone);
    holding.commit().await.unwrap();
    stays.await.unwrap();
    assert_eq!(world.chained().await, [2]);
    // The only one in its group.
    let holding = world.begin().await;
    drop(queued(world.store.leaf_commit(leaf(3))).await);
    drop(holding);
    world.store.leaf_commit(leaf(4)).await.unwrap();
    assert_eq!(world.chained().await, [2, 4]);
}

#[tokio::test]
async fn after_closing_no_leaf_is_taken() {
    for world in worlds().await {
        world.store.leaf_commit(leaf(1)).await.unwrap();
        world.store.close().await;
        let late = timeout(Duration::from_secs(5), world.store.leaf_commit(leaf(2))).await;
        assert_eq!(late, Ok(Err(StoreError::Unavailable)), "{}", world.name);
        let reading = Store::open_reading(world.settings.clone()).await.unwrap();
        assert_eq!(
            reading.leaf_commit(leaf(3)).await,
            Err(StoreError::Unavailable)
        );
    }
}

/// Ends the connections of this database that hold the lease.
async fn cut_the_lease(world: &World) {
    let sql = "-- store.test\nSELECT count(pg_terminate_backend(pid)) FROM pg_locks \
               WHERE locktype = 'advisory' AND granted \
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(world.count(sql).await, 1, "somebody held the lease");
}

#[tokio::test]
async fn a_lost_connection_fails_who_waits_and_the_chain_goes_on() {
    let Some(world) = postgres().await else {
        return;
    };
    world.store.leaf_commit(leaf(0)).await.unwrap();
    assert_eq!(world.chained().await, [0]);
    for n in 1..6 {
        cut_the_lease(&world).await;
        // Told or not: after "unavailable" nobody knows, after `Ok` it is there.
        let cut = world.store.leaf_commit(leaf(100 + n)).await;
        assert!(
            matches!(cut, Ok(()) | Err(StoreError::Unavailable)),
            "{cut:?}"
        );
        world.store.leaf_commit(leaf(n)).await.unwrap();
        let found = world.chained().await;
        assert!(found.contains(&n) && (cut.is_err() || found.contains(&(100 + n))));
        // The next round takes the lease back.
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
}

#[tokio::test]
async fn the_lease_passes_on_when_its_holder_ends() {
    let Some(world) = postgres().await else {
        return;
    };
    let other = Store::open(world.settings.clone(), clock(), link)
        .await
        .unwrap();
    world.store.leaf_commit(leaf(0)).await.unwrap();
    other.leaf_commit(leaf(1)).await.unwrap();
    assert_eq!(world.chained().await.len(), 2);
    other.leaf_commit(leaf(2)).await.unwrap();
    world.store.leaf_commit(leaf(3)).await.unwrap();
    world.store.close().await;
    other.leaf_commit(leaf(4)).await.unwrap();
    let world = World {
        store: Arc::new(other),
        ..world
    };
    let mut found = world.chained().await;
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3, 4]);
}
