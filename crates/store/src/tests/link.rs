//! Links: joining, taking apart, undoing, and who wins when two do it at once.

use std::sync::Arc;

use renkei_model::id::{ChangeId, NetworkName, RecordId};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Instant, Permit};

use super::world::{NOW, OFFICE, World, at, facts, identity, network, nurse_of, worlds, write};
use crate::{ChangeKind, NewChange, StoreError, Undone};

pub(super) fn change(kind: ChangeKind) -> NewChange {
    NewChange {
        id: ChangeId::new(),
        network: network(),
        kind,
        review: None,
        reason: "本人確認済み".to_owned(),
    }
}

async fn records<const N: usize>(world: &World) -> [RecordId; N] {
    let mut records = Vec::new();
    for _ in 0..N {
        records.push(world.enrolled_record().await);
    }
    records.try_into().unwrap()
}

pub(super) async fn join(world: &World, one: RecordId, other: RecordId) -> (bool, ChangeId) {
    let change = change(ChangeKind::Link);
    let mut tx = world.begin().await;
    let joined = tx.persons_join(&identity(), &change, one, other).await;
    tx.commit().await.unwrap();
    (joined.unwrap(), change.id)
}

async fn auto(world: &World, one: RecordId, other: RecordId) -> bool {
    let change = change(ChangeKind::Auto);
    let mut tx = world.begin().await;
    let joined = tx.persons_join(&write(OFFICE), &change, one, other).await;
    tx.commit().await.unwrap();
    joined.unwrap()
}

async fn part(world: &World, record: RecordId) -> (bool, ChangeId) {
    let change = change(ChangeKind::Unlink);
    let mut tx = world.begin().await;
    let parted = tx.record_apart(&identity(), &change, record).await.unwrap();
    tx.commit().await.unwrap();
    (parted, change.id)
}

async fn undo(world: &World, undone: ChangeId) -> Undone {
    let by = change(ChangeKind::Undo);
    let mut tx = world.begin().await;
    let result = tx.change_undo(&identity(), undone, &by).await.unwrap();
    tx.commit().await.unwrap();
    result
}

/// The records of a record's person, as the transaction and as a reader see them.
async fn together(world: &World, record: RecordId) -> Vec<RecordId> {
    let permit = super::world::look(OFFICE);
    let read = world.store.person_records(&permit, record).await.unwrap();
    let mut tx = world.begin().await;
    let person = tx.person_of(record).await.unwrap();
    assert_eq!(tx.records_of(person).await.unwrap(), read, "{}", world.name);
    read.into_iter().map(|(record, _)| record).collect()
}

fn sorted<const N: usize>(mut records: [RecordId; N]) -> Vec<RecordId> {
    records.sort_unstable();
    records.to_vec()
}

#[tokio::test]
async fn joining_moves_all_records_of_the_other_person_and_undoing_brings_them_back() {
    for world in worlds().await {
        let [a, b, c, d] = records(&world).await;
        let (_, first) = join(&world, b, c).await;
        let (joined, second) = join(&world, a, c).await;
        assert!(joined, "{}", world.name);
        assert_eq!(together(&world, b).await, sorted([a, b, c]));
        assert_eq!(together(&world, d).await, [d]);
        assert!(!join(&world, b, a).await.0, "one person already");

        assert_eq!(undo(&world, first).await, Undone::Later, "{}", world.name);
        assert_eq!(undo(&world, second).await, Undone::Done);
        assert_eq!(together(&world, a).await, [a]);
        assert_eq!(together(&world, c).await, sorted([b, c]));
        assert_eq!(undo(&world, second).await, Undone::Already);
        assert_eq!(
            undo(&world, first).await,
            Undone::Done,
            "nothing later stands"
        );
        assert_eq!(together(&world, c).await, [c]);
        assert_eq!(undo(&world, ChangeId::new()).await, Undone::Absent);
    }
}

#[tokio::test]
async fn a_later_change_of_the_same_persons_is_to_be_undone_first() {
    for world in worlds().await {
        let [a, b, c] = records(&world).await;
        let (_, joined) = join(&world, a, b).await;
        // c joins the person of a: whether for a's sake or for b's cannot be told.
        let (_, later) = join(&world, a, c).await;
        assert_eq!(undo(&world, joined).await, Undone::Later, "{}", world.name);
        assert_eq!(
            together(&world, a).await,
            sorted([a, b, c]),
            "nothing moved"
        );
        assert_eq!(undo(&world, later).await, Undone::Done);
        assert_eq!(undo(&world, joined).await, Undone::Done);

        let [e, f, g] = records(&world).await;
        let (_, _) = join(&world, e, f).await;
        let (parted, apart) = part(&world, f).await;
        assert!(parted);
        join(&world, f, g).await;
        assert_eq!(undo(&world, apart).await, Undone::Later);
        assert_eq!(together(&world, g).await, sorted([f, g]));
    }
}

#[tokio::test]
async fn a_record_is_taken_apart_and_put_back() {
    for world in worlds().await {
        let [a, b, c] = records(&world).await;
        join(&world, a, b).await;
        join(&world, a, c).await;
        assert!(
            !part(&world, world.enrolled_record().await).await.0,
            "alone"
        );
        let (parted, apart) = part(&world, a).await;
        assert!(parted);
        assert_eq!(together(&world, a).await, [a], "{}", world.name);
        assert_eq!(together(&world, b).await, sorted([b, c]));
        assert_eq!(undo(&world, apart).await, Undone::Done);
        assert_eq!(together(&world, a).await, sorted([a, b, c]));
        let count = "-- store.test\nSELECT count(*) FROM link WHERE until IS NULL";
        assert_eq!(world.count(count).await, 4, "one open link a record");
    }
}

#[tokio::test]
async fn matching_never_overrules_the_office() {
    for world in worlds().await {
        let [a, b, c] = records(&world).await;
        assert!(auto(&world, a, b).await, "{}", world.name);
        part(&world, b).await;
        let mut tx = world.begin().await;
        assert_eq!(tx.kept_apart(b, a).await, Ok(true));
        assert_eq!(tx.kept_apart(a, c).await, Ok(false));
        tx.commit().await.unwrap();
        assert!(!auto(&world, a, b).await);
        assert!(auto(&world, c, b).await);
        assert!(
            !auto(&world, a, c).await,
            "c's person has b among its records"
        );
        assert_eq!(together(&world, a).await, [a]);
        assert!(join(&world, a, b).await.0, "the office may think again");
        let mut tx = world.begin().await;
        assert_eq!(tx.kept_apart(a, b).await, Ok(false));
    }
}

#[tokio::test]
async fn an_undone_link_is_not_made_again_by_matching() {
    for world in worlds().await {
        let [a, b] = records(&world).await;
        let (_, joined) = join(&world, a, b).await;
        undo(&world, joined).await;
        assert!(!auto(&world, b, a).await, "{}", world.name);
        assert_eq!(undo(&world, joined).await, Undone::Already);
    }
}

#[tokio::test]
async fn the_changes_of_a_record_tell_who_moved_what() {
    for world in worlds().await {
        let [a, b, c] = records(&world).await;
        let (_, joined) = join(&world, a, b).await;
        let by = change(ChangeKind::Undo);
        let mut tx = world.begin().await;
        let later = at(&identity(), Instant(NOW.0 + 7));
        tx.change_undo(&later, joined, &by).await.unwrap();
        tx.commit().await.unwrap();
        let changes = world.store.changes_of(&identity(), a).await.unwrap();
        assert_eq!(changes.len(), 2, "{}", world.name);
        let (newest, first) = (&changes[0], &changes[1]);
        assert_eq!(
            (newest.id, newest.undoes, newest.at.0),
            (by.id, Some(joined), NOW.0 + 7)
        );
        assert_eq!((first.id, first.undone_by), (joined, Some(by.id)));
        assert_eq!(
            (first.kind, &*first.by_actor),
            (ChangeKind::Link, "person:nurse-1")
        );
        assert_eq!((&first.moved, &newest.moved), (&vec![b], &vec![b]));
        assert_eq!(world.store.changes_of(&identity(), c).await, Ok(vec![]));
        let elsewhere = Permit::issue(PermitFacts {
            network: "fukui".parse().ok(),
            ..facts(nurse_of(OFFICE), Allows::Identity)
        });
        assert_eq!(world.store.changes_of(&elsewhere, a).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn one_change_may_join_more_than_two_and_is_undone_as_one() {
    for world in worlds().await {
        let [a, b, c] = records(&world).await;
        let change = change(ChangeKind::Link);
        let mut tx = world.begin().await;
        assert_eq!(tx.persons_join(&identity(), &change, a, b).await, Ok(true));
        assert_eq!(tx.persons_join(&identity(), &change, c, b).await, Ok(true));
        tx.commit().await.unwrap();
        assert_eq!(together(&world, a).await, sorted([a, b, c]));
        assert_eq!(
            undo(&world, change.id).await,
            Undone::Done,
            "{}",
            world.name
        );
        for record in [a, b, c] {
            assert_eq!(together(&world, record).await, [record]);
        }
    }
}

#[tokio::test]
async fn permits_and_networks_are_checked() {
    for world in worlds().await {
        let [a, b] = records(&world).await;
        let elsewhere: NetworkName = "fukui".parse().unwrap();
        let mut tx = world.begin().await;
        let stranger = tx.record_create(&elsewhere, None, None, NOW).await.unwrap();
        let directory = tx.directory_record(&network(), NOW).await.unwrap();
        assert_eq!(tx.record_network(stranger).await, Ok(Some(elsewhere)));
        assert_eq!(tx.record_network(directory).await, Ok(None));
        tx.commit().await.unwrap();
        let office = identity();
        let cases = [
            (write(OFFICE), ChangeKind::Link, a, b),
            (office.clone(), ChangeKind::Auto, a, b),
            (office.clone(), ChangeKind::Unlink, a, b),
            (office.clone(), ChangeKind::Link, a, stranger),
            (office.clone(), ChangeKind::Link, stranger, a),
            (office.clone(), ChangeKind::Link, a, directory),
            (
                office.clone(),
                ChangeKind::Link,
                a,
                renkei_model::id::RecordId::new(),
            ),
        ];
        for (permit, kind, one, other) in cases {
            let mut tx = world.begin().await;
            let result = tx.persons_join(&permit, &change(kind), one, other).await;
            assert!(
                matches!(result, Err(StoreError::Inconsistent { .. })),
                "{kind} {result:?} on {}",
                world.name
            );
        }
        let (_, joined) = join(&world, a, b).await;
        let foreign = Permit::issue(PermitFacts {
            network: "fukui".parse().ok(),
            ..facts(nurse_of(OFFICE), Allows::Identity)
        });
        let by = NewChange {
            network: "fukui".parse().unwrap(),
            ..change(ChangeKind::Undo)
        };
        let mut tx = world.begin().await;
        assert_eq!(
            tx.change_undo(&foreign, joined, &by).await,
            Ok(Undone::Absent)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_link_at_once_lose_nobody() {
    for world in worlds().await {
        let world = Arc::new(world);
        let all: [RecordId; 6] = records(&world).await;
        let tasks: Vec<_> = (0..12)
            .map(|n| {
                let world = Arc::clone(&world);
                let (one, other) = (all[n % 6], all[(n * 5 + 1) % 6]);
                tokio::spawn(async move {
                    for _ in 0..20 {
                        let mut tx = world.begin().await;
                        let change = change(ChangeKind::Link);
                        match tx.persons_join(&identity(), &change, one, other).await {
                            Ok(_) => return tx.commit().await.unwrap(),
                            Err(StoreError::Conflict) => tx.rollback().await,
                            Err(error) => panic!("{error}"),
                        }
                    }
                    panic!("twenty conflicts");
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let open = "-- store.test\nSELECT count(*) FROM link WHERE until IS NULL";
        assert_eq!(world.count(open).await, 6, "{}", world.name);
        let persons = "-- store.test\nSELECT count(DISTINCT person) FROM link WHERE until IS NULL";
        let joins = "-- store.test\nSELECT count(*) FROM identity_change";
        assert_eq!(6 - world.count(joins).await, world.count(persons).await);
    }
}
