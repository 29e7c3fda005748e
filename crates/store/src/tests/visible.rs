//! The truth table of `visible`, part one: networks, blocks, enrolment, consent, versions. Each clause
//! is turned off or on alone, beside a control that passes.

use renkei_model::id::ResourceId;
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Category, Instant, Permit, Relation};

use super::case::{Case, by_identifier, granted};
use super::world::{
    HOSPITAL, NOW, OFFICE, facility, facts, look, nurse_of, relation, shelf, version, write,
};
use crate::{NewRelation, NewVersion, SearchOrder};

#[tokio::test]
async fn the_network_must_be_one_of_the_callers() {
    for world in granted().await {
        let case = Case::new(&world).await;
        let across = |networks: &[&str]| {
            let mut caller = nurse_of(HOSPITAL);
            caller.networks = networks.iter().map(|name| name.parse().unwrap()).collect();
            Permit::issue(PermitFacts {
                network: None,
                ..facts(caller, Allows::Look)
            })
        };
        assert!(case.sees(&across(&["fukui", "kitamaru", "hamayuri"])).await);
        for networks in [
            &["fukui"][..],
            &[],
            &["kita"],
            &["kitamaru-2"],
            &["itamaru"],
        ] {
            assert!(
                !case.sees(&across(networks)).await,
                "{networks:?} on {}",
                world.name
            );
        }
    }
}

#[tokio::test]
async fn blocked_wins_over_everything_while_it_lasts() {
    for world in granted().await {
        let case = Case::new(&world).await;
        let blocked = relation(case.record, HOSPITAL, Relation::Blocked);
        world
            .relate(&NewRelation {
                until: Some(NOW),
                ..blocked.clone()
            })
            .await;
        world
            .relate(&NewRelation {
                since: Instant(NOW.0 + 1),
                ..blocked.clone()
            })
            .await;
        world
            .relate(&NewRelation {
                facility: facility("0199999999"),
                ..blocked.clone()
            })
            .await;
        case.must(true, "blocked before, blocked later, somebody else blocked")
            .await;
        world
            .relate(&NewRelation {
                since: NOW,
                ..blocked
            })
            .await;
        case.must(false, "blocked").await;
        assert!(
            case.sees(&look(OFFICE)).await,
            "the author is another facility"
        );
        world
            .relate(&relation(case.record, OFFICE, Relation::Blocked))
            .await;
        assert!(
            !case.sees(&look(OFFICE)).await,
            "blocked wins over authorship"
        );
    }
}

#[tokio::test]
async fn without_enrolment_only_the_author_sees_and_the_directory_is_open() {
    for world in granted().await {
        world.enrolled_record().await;
        let case = Case::new(&world).await;
        case.sql("-- store.test\nUPDATE enrolment SET until = 1800000000000000 WHERE record = $1")
            .await;
        case.must(false, "enrolment ended").await;
        assert!(case.sees(&look(OFFICE)).await, "the author sees on");
        case.sql("-- store.test\nUPDATE enrolment SET until = 1800000000000001 WHERE record = $1")
            .await;
        case.must(true, "enrolment lasts a microsecond more").await;
        case.sql("-- store.test\nUPDATE enrolment SET since = 1800000000000001 WHERE record = $1")
            .await;
        case.must(false, "enrolment has not begun").await;
        case.sql("-- store.test\nDELETE FROM enrolment WHERE record = $1")
            .await;
        case.must(false, "never enrolled").await;
        assert!(case.sees(&look(OFFICE)).await);
    }
}

#[tokio::test]
async fn a_denial_covers_what_it_names_and_never_the_author() {
    let (all, bit) = (i64::MAX, Category::Demographics.bit());
    let now = NOW.0;
    for world in granted().await {
        let case = Case::new(&world).await;
        case.deny((None, None), !bit, now, None).await;
        case.deny((Some("0199999999"), None), all, now, None).await;
        case.deny((None, Some("physician")), all, now, None).await;
        case.deny((Some(HOSPITAL), Some("physician")), all, now, None)
            .await;
        case.deny((None, None), all, now - 5, Some(now)).await;
        case.deny((None, None), all, now + 1, None).await;
        case.must(true, "other category, facility, profession, time")
            .await;
        case.sql(
            "-- store.test\nINSERT INTO consent (id, network, record, effect, categories, since, \
                  source_message) VALUES ('permit', 'kitamaru', $1, 'permit', 1, 0, 'm')",
        )
        .await;
        case.must(true, "a permit is no denial").await;
        for who in [
            (None, None),
            (Some(HOSPITAL), None),
            (None, Some("nurse")),
            (Some(HOSPITAL), Some("nurse")),
        ] {
            let case = Case::new(&world).await;
            case.deny(who, bit, now, Some(now + 1)).await;
            case.must(false, "denied").await;
            assert!(
                case.sees(&look(OFFICE)).await,
                "the author sees on: {}",
                world.name
            );
        }
        case.sql("-- store.test\nDELETE FROM consent WHERE id = 'permit' AND record = $1")
            .await;
    }
}

#[tokio::test]
async fn only_current_versions_answer_and_deletion_is_told_to_those_who_may_know() {
    for world in granted().await {
        let case = Case::new(&world).await;
        let store = &world.store;
        let shelf = shelf(case.record, OFFICE, Category::Demographics);
        world
            .put(&[version(case.id, 2, shelf.clone())])
            .await
            .unwrap();
        let read = async |number| {
            store
                .visible_read(&look(HOSPITAL), "Patient", case.id, number)
                .await
                .unwrap()
        };
        assert_eq!(read(None).await.unwrap().version, 2);
        assert_eq!(read(Some(1)).await.unwrap().version, 1);
        assert!(read(Some(3)).await.is_none() && read(Some(0)).await.is_none());
        let deleted = NewVersion {
            deleted: true,
            ..version(case.id, 3, shelf)
        };
        world.put(&[deleted]).await.unwrap();
        assert!(read(None).await.unwrap().deleted, "{}", world.name);
        assert_eq!(read(Some(1)).await.unwrap().version, 1);
        let query = by_identifier("Patient", None, "A-1");
        let found = store
            .visible_search(&look(HOSPITAL), &query, SearchOrder::Id, None, 9)
            .await
            .unwrap()
            .rows;
        assert!(
            found.is_empty(),
            "a deleted one is not found: {}",
            world.name
        );
        assert!(
            store
                .visible_read(&look(HOSPITAL), "Bundle", case.id, None)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            store
                .visible_read(&write(HOSPITAL), "Patient", case.id, None)
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn a_search_counts_its_limit_after_hiding() {
    for world in granted().await {
        for _ in 0..5 {
            let record = world.enrolled_record().await;
            world
                .put(&[version(
                    ResourceId::new(),
                    1,
                    shelf(record, OFFICE, Category::Demographics),
                )])
                .await
                .unwrap();
        }
        let case = Case::new(&world).await;
        let find = async |kind: &'static str, system: Option<&'static str>, value: &'static str| {
            let query = by_identifier(kind, system, value);
            let found = world
                .store
                .visible_search(&look(HOSPITAL), &query, SearchOrder::Id, None, 1)
                .await
                .unwrap()
                .rows;
            found.into_iter().map(|found| found.row).collect::<Vec<_>>()
        };
        let found = find("Patient", Some("urn:x"), "A-1").await;
        assert_eq!(
            found.iter().map(|v| v.resource).collect::<Vec<_>>(),
            [case.id],
            "{}",
            world.name
        );
        assert_eq!(
            found[0].shelf,
            shelf(case.record, OFFICE, Category::Demographics)
        );
        assert_eq!(find("Patient", None, "A-1").await.len(), 1);
        assert!(find("Patient", Some("urn:y"), "A-1").await.is_empty());
        assert!(find("Patient", None, "%").await.is_empty());
        assert!(find("Bundle", None, "A-1").await.is_empty());
    }
}
