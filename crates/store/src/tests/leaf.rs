use std::time::Duration;

use renkei_model::caller::CallerKind;
use renkei_model::id::{RecordId, ResourceId};
use renkei_model::leaf::{Checkpoint, LeafDetail, SealedLeaf};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Caller, Category, Permit, Profession};

use super::world::{
    NOW, OFFICE, World, facts, leaf, link, network, nurse_of, shelf, version, worlds,
};
use crate::{StoreError, Urgency};

impl World {
    async fn numbered(&self) {
        for _ in 0..500 {
            if self.store.leaves_unnumbered().await.unwrap() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the sequencer does not number");
    }
}

async fn append(world: &World, leaf: SealedLeaf, keep: bool) {
    let mut tx = world.store.begin("leaf", Urgency::Leaf).await.unwrap();
    tx.leaf_put(leaf).await.unwrap();
    if keep {
        tx.commit().await.unwrap()
    } else {
        tx.rollback().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn leaves_are_numbered_without_gaps_after_rollbacks_and_linked() {
    for world in worlds().await {
        let world = std::sync::Arc::new(world);
        let tasks: Vec<_> = (0..90)
            .map(|n: u8| {
                let world = std::sync::Arc::clone(&world);
                tokio::spawn(async move { append(&world, leaf(n), !n.is_multiple_of(3)).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        world.numbered().await;
        assert_eq!(world.store.leaf_count().await, Ok(60), "{}", world.name);
        let leaves = world.store.leaves(0, 100).await.unwrap();
        let mut prev = [0; 32];
        for (n, leaf) in leaves.iter().enumerate() {
            assert_eq!(leaf.seq, Some(n as u64), "{}", world.name);
            prev = link(&prev, n as u64, &leaf.hash);
            assert_eq!(leaf.link, Some(prev), "{}", world.name);
        }
        assert_eq!(world.store.leaves(58, 10).await.unwrap().len(), 2);
        // A store that is opened anew goes on where the chain ended.
        world.store.close().await;
        let again = crate::Store::open(world.settings.clone(), super::world::clock(), link)
            .await
            .unwrap();
        let mut tx = again.begin("leaf", Urgency::Leaf).await.unwrap();
        tx.leaf_put(leaf(200)).await.unwrap();
        tx.commit().await.unwrap();
        again.close().await;
        let again = crate::Store::open(world.settings.clone(), super::world::clock(), link)
            .await
            .unwrap();
        let last = again.leaves(60, 10).await.unwrap();
        assert_eq!(
            last[0].link,
            Some(link(&prev, 60, &last[0].hash)),
            "{}",
            world.name
        );
    }
}

/// Every process runs a sequencer; the lock lets one of them work at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_sequencers_on_one_database_make_one_chain_within_their_time() {
    let Some(world) = super::world::postgres().await else {
        return;
    };
    let other = crate::Store::open(world.settings.clone(), super::world::clock(), link)
        .await
        .unwrap();
    for n in 0..50 {
        let store = if n % 2 == 0 { &*world.store } else { &other };
        let mut tx = store.begin("leaf", Urgency::Leaf).await.unwrap();
        tx.leaf_put(leaf(n)).await.unwrap();
        tx.commit().await.unwrap();
    }
    world.numbered().await;
    let leaves = world.store.leaves(0, 100).await.unwrap();
    let mut prev = [0; 32];
    for (n, leaf) in leaves.iter().enumerate() {
        prev = link(&prev, n as u64, &leaf.hash);
        assert_eq!((leaf.seq, leaf.link), (Some(n as u64), Some(prev)));
    }
    assert_eq!(leaves.len(), 50);
}

fn about(number: u8, network: Option<&str>, pseudonyms: &[&str]) -> SealedLeaf {
    let pseudonyms = pseudonyms.iter().map(|&name| name.to_owned()).collect();
    let network = network.map(|name| name.parse().unwrap());
    SealedLeaf {
        network,
        pseudonyms,
        ..leaf(number)
    }
}

fn auditor() -> Caller {
    let (staff, profession) = ("auditor-1".parse().unwrap(), Profession::Auditor);
    let networks = vec![network(), "fukui".parse().unwrap()];
    Caller {
        kind: CallerKind::Person { staff, profession },
        networks,
        ..nurse_of(OFFICE)
    }
}

#[tokio::test]
async fn details_come_back_with_their_leaf_and_persons_lead_to_it() {
    for world in worlds().await {
        let value = "佐藤\"'\\".to_owned();
        let details = vec![LeafDetail {
            name: "actor".to_owned(),
            salt: [7; 16],
            value,
        }];
        let first = about(1, Some("kitamaru"), &["p", "p", "q"]);
        append(
            &world,
            SealedLeaf {
                details: details.clone(),
                ..first
            },
            true,
        )
        .await;
        append(&world, about(2, Some("fukui"), &["p"]), true).await;
        append(&world, about(3, None, &["p"]), true).await;
        world.numbered().await;
        let all = PermitFacts {
            network: None,
            ..facts(auditor(), Allows::Audit)
        };
        let all = Permit::issue(all);
        let names = ["kitamaru", "fukui", "hamayuri"].map(|name| name.parse().unwrap());
        let of = async |permit: &Permit, name: &str, limit| {
            world.store.leaves_of(permit, name, &names, limit).await
        };
        assert_eq!(of(&all, "p", 10).await.unwrap().len(), 2, "{}", world.name);
        assert_eq!(of(&all, "p", 1).await.unwrap().len(), 1);
        let own = Permit::issue(facts(auditor(), Allows::Audit));
        let found = of(&own, "p", 10).await.unwrap();
        assert_eq!(
            found.len(),
            1,
            "the permit reaches one network: {}",
            world.name
        );
        assert_eq!(
            (&found[0].details, &found[0].canonical),
            (&details, &vec![1, 1])
        );
        assert!(of(&own, "%", 10).await.unwrap().is_empty());
        let looking = Permit::issue(facts(auditor(), Allows::Look));
        assert!(of(&looking, "p", 10).await.is_err());
    }
}

#[tokio::test]
async fn an_auditor_finds_the_record_of_a_resource_and_a_record_by_itself() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let id = ResourceId::new();
        world
            .put(&[version(id, 1, shelf(record, OFFICE, Category::Lab))])
            .await
            .unwrap();
        let permit = Permit::issue(facts(auditor(), Allows::Audit));
        for id in [record, id.to_string().parse().unwrap()] {
            let found = world.store.record_of(&permit, id).await;
            assert_eq!(found, Ok(Some((network(), record))), "{}", world.name);
            let elsewhere = PermitFacts {
                network: "fukui".parse().ok(),
                ..facts(auditor(), Allows::Audit)
            };
            assert_eq!(
                world.store.record_of(&Permit::issue(elsewhere), id).await,
                Ok(None)
            );
        }
        assert_eq!(
            world.store.record_of(&permit, RecordId::new()).await,
            Ok(None)
        );
        assert!(
            world
                .store
                .record_of(&super::world::look(OFFICE), record)
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn checkpoints_come_back_in_order_and_one_a_size() {
    for world in worlds().await {
        let checkpoint = |size: u64| Checkpoint {
            size,
            root: [1; 32],
            head: [2; 32],
            at: NOW,
            note: "origin\n10\n".to_owned(),
        };
        for size in [10, 2] {
            let mut tx = world.begin().await;
            tx.checkpoint_put(&checkpoint(size)).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = world.begin().await;
        assert_eq!(
            tx.checkpoint_put(&checkpoint(2)).await,
            Err(StoreError::Conflict)
        );
        drop(tx);
        assert_eq!(
            world.store.checkpoints().await,
            Ok(vec![checkpoint(2), checkpoint(10)])
        );
    }
}
