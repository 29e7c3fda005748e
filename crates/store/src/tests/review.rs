//! Reviews: raised once, decided once, opened again by an undo.

use std::sync::Arc;

use renkei_model::id::{MessageId, RecordId, ReviewId};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Instant, Permit};

use super::link::{change, join};
use super::world::{NOW, OFFICE, World, at, facts, identity, network, nurse_of, worlds, write};
use crate::{ChangeKind, Decision, NewChange, NewReview, Review, ReviewState, Undone};

fn doubt(record: RecordId, other: Option<RecordId>) -> NewReview {
    NewReview {
        network: network(),
        record,
        other,
        score: 7,
        grounds: "{\"grounds\":[\"kana\"]}".to_owned(),
        message: Some(MessageId::new()),
    }
}

async fn raise(world: &World, review: &NewReview, when: i64) -> bool {
    let mut tx = world.begin().await;
    let permit = at(&write(OFFICE), Instant(NOW.0 + when));
    let raised = tx.review_put(&permit, review).await.unwrap();
    tx.commit().await.unwrap();
    raised
}

async fn list(world: &World, states: &[ReviewState]) -> Vec<Review> {
    let store = &world.store;
    store.reviews(&identity(), states, None, 100).await.unwrap()
}

async fn decide(world: &World, id: ReviewId, state: ReviewState) -> bool {
    let decision = Decision {
        state,
        reason: "確認".to_owned(),
        change: None,
    };
    let mut tx = world.begin().await;
    let decided = tx.review_decide(&identity(), id, &decision).await.unwrap();
    tx.commit().await.unwrap();
    decided
}

#[tokio::test]
async fn a_pair_is_raised_once_whichever_way_round() {
    for world in worlds().await {
        let (a, b) = (world.enrolled_record().await, world.enrolled_record().await);
        assert!(raise(&world, &doubt(b, Some(a)), 0).await, "{}", world.name);
        assert!(!raise(&world, &doubt(a, Some(b)), 1).await);
        assert!(
            !raise(&world, &doubt(a, Some(a)), 1).await,
            "nobody is in doubt with himself"
        );
        assert!(raise(&world, &doubt(a, None), 2).await);
        assert!(
            !raise(&world, &doubt(a, None), 3).await,
            "one open is enough"
        );
        assert!(raise(&world, &doubt(b, None), 4).await);
        let open = list(&world, &[ReviewState::Open]).await;
        assert_eq!(open.len(), 3);
        assert_eq!((open[0].record, open[0].other), (a.min(b), Some(a.max(b))));
        assert_eq!((open[0].score, open[0].raised_at), (7, NOW));
        assert_eq!(&*open[0].grounds, "{\"grounds\":[\"kana\"]}");
    }
}

#[tokio::test]
async fn what_is_settled_is_not_raised_again_and_what_was_put_off_is() {
    for world in worlds().await {
        let (a, b) = (world.enrolled_record().await, world.enrolled_record().await);
        raise(&world, &doubt(a, Some(b)), 0).await;
        let id = list(&world, &[ReviewState::Open]).await[0].id;
        assert!(
            decide(&world, id, ReviewState::Later).await,
            "{}",
            world.name
        );
        assert!(list(&world, &[ReviewState::Open]).await.is_empty());
        assert!(raise(&world, &doubt(a, Some(b)), 5).await, "new evidence");
        let open = list(&world, &[ReviewState::Open]).await;
        assert_eq!((open[0].id, open[0].raised_at.0), (id, NOW.0 + 5));
        assert_eq!((&open[0].decided_by, open[0].decided_at), (&None, None));
        assert!(decide(&world, id, ReviewState::Different).await);
        assert!(!decide(&world, id, ReviewState::Same).await, "decided");
        assert!(!raise(&world, &doubt(a, Some(b)), 6).await);
        let settled = list(&world, &[ReviewState::Different]).await;
        assert_eq!(settled[0].decided_by.as_deref(), Some("person:nurse-1"));
        assert_eq!(settled[0].reason.as_deref(), Some("確認"));
        let mut tx = world.begin().await;
        assert_eq!(tx.kept_apart(b, a).await, Ok(true));
        let auto = change(ChangeKind::Auto);
        assert_eq!(
            tx.persons_join(&write(OFFICE), &auto, a, b).await,
            Ok(false)
        );
        tx.commit().await.unwrap();

        let (c, d) = (world.enrolled_record().await, world.enrolled_record().await);
        join(&world, c, d).await;
        assert!(
            !raise(&world, &doubt(c, Some(d)), 9).await,
            "one person already"
        );
        assert!(!decide(&world, ReviewId::new(), ReviewState::Same).await);
    }
}

#[tokio::test]
async fn a_decision_is_linked_to_its_change_and_undoing_opens_it_again() {
    for world in worlds().await {
        let (a, b) = (world.enrolled_record().await, world.enrolled_record().await);
        raise(&world, &doubt(a, Some(b)), 0).await;
        let id = list(&world, &[ReviewState::Open]).await[0].id;
        let linked = NewChange {
            review: Some(id),
            ..change(ChangeKind::Link)
        };
        let mut tx = world.begin().await;
        let found = tx.review_find(&identity(), id).await.unwrap().unwrap();
        assert_eq!(found.state, ReviewState::Open);
        assert_eq!(tx.persons_join(&identity(), &linked, a, b).await, Ok(true));
        let decision = Decision {
            state: ReviewState::Same,
            reason: "同一".to_owned(),
            change: Some(linked.id),
        };
        assert_eq!(tx.review_decide(&identity(), id, &decision).await, Ok(true));
        tx.commit().await.unwrap();
        assert_eq!(
            list(&world, &[ReviewState::Same]).await[0].change,
            Some(linked.id)
        );

        let mut tx = world.begin().await;
        let undo = change(ChangeKind::Undo);
        let undone = tx.change_undo(&identity(), linked.id, &undo).await;
        assert_eq!(undone, Ok(Undone::Done), "{}", world.name);
        tx.commit().await.unwrap();
        let open = list(&world, &[ReviewState::Open, ReviewState::Later]).await;
        assert_eq!((open.len(), open[0].id, open[0].change), (1, id, None));
        assert!(decide(&world, id, ReviewState::Different).await);
    }
}

#[tokio::test]
async fn the_queue_is_paged_oldest_first_and_only_of_the_own_networks() {
    for world in worlds().await {
        let mut expected = Vec::new();
        for n in 0..5 {
            let pair = (world.enrolled_record().await, world.enrolled_record().await);
            raise(&world, &doubt(pair.0, Some(pair.1)), n / 2).await;
            expected.push(pair.0);
        }
        let store = &world.store;
        let states = [ReviewState::Open, ReviewState::Later];
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.reviews(&identity(), &states, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= 2);
            after = Some((last.raised_at, last.id));
            found.extend(page.iter().map(|review| review.record));
        }
        assert_eq!(found, expected, "{}", world.name);
        let elsewhere = Permit::issue(PermitFacts {
            network: "fukui".parse().ok(),
            ..facts(nurse_of(OFFICE), Allows::Identity)
        });
        assert_eq!(
            store.reviews(&elsewhere, &states, None, 9).await,
            Ok(vec![])
        );
        let id = list(&world, &states).await[0].id;
        let mut tx = world.begin().await;
        assert_eq!(tx.review_find(&elsewhere, id).await, Ok(None));
        assert!(
            tx.review_put(&elsewhere, &doubt(expected[0], None))
                .await
                .is_err()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_decisions_at_once_have_one_effect() {
    for world in worlds().await {
        let world = Arc::new(world);
        let (a, b) = (world.enrolled_record().await, world.enrolled_record().await);
        raise(&world, &doubt(a, Some(b)), 0).await;
        let id = list(&world, &[ReviewState::Open]).await[0].id;
        let tasks: Vec<_> = (0..6)
            .map(|n| {
                let world = Arc::clone(&world);
                tokio::spawn(async move {
                    let mut tx = world.begin().await;
                    let review = tx.review_find(&identity(), id).await.unwrap().unwrap();
                    if review.state != ReviewState::Open {
                        tx.rollback().await;
                        return false;
                    }
                    let linked = NewChange {
                        review: Some(id),
                        ..change(ChangeKind::Link)
                    };
                    let (one, two) = if n % 2 == 0 { (a, b) } else { (b, a) };
                    let joined = tx.persons_join(&identity(), &linked, one, two).await;
                    assert_eq!(joined, Ok(true));
                    let decision = Decision {
                        state: ReviewState::Same,
                        reason: n.to_string(),
                        change: Some(linked.id),
                    };
                    let decided = tx.review_decide(&identity(), id, &decision).await.unwrap();
                    tx.commit().await.unwrap();
                    decided
                })
            })
            .collect();
        let mut effects = 0;
        for task in tasks {
            effects += usize::from(task.await.unwrap());
        }
        assert_eq!(effects, 1, "{}", world.name);
        let changes = "-- store.test\nSELECT count(*) FROM identity_change";
        assert_eq!(world.count(changes).await, 1);
    }
}
