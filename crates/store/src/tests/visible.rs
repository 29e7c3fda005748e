//! The truth table of `visible`: each clause is turned off or on alone, beside a control that passes.

use renkei_model::caller::CallerKind;
use renkei_model::id::{RecordId, ResourceId};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Category, Instant, Permit, Profession, Purpose, Relation, Sensitivity};

use super::world::{
    HOSPITAL, NOW, OFFICE, POLICY, World, facility, facts, look, mask, network, nurse_of, relation,
    shelf, version, worlds, write,
};
use crate::sql::query;
use crate::{MaskRow, NewRelation, NewVersion};

/// A patient that the office wrote and the hospital may see by exchange.
struct Case<'w> {
    world: &'w World,
    record: RecordId,
    id: ResourceId,
}

impl<'w> Case<'w> {
    async fn new(world: &'w World) -> Self {
        let record = world.enrolled_record().await;
        let id = ResourceId::new();
        world
            .put(&[version(
                id,
                1,
                shelf(record, OFFICE, Category::Demographics),
            )])
            .await
            .unwrap();
        world
            .relate(&relation(record, HOSPITAL, Relation::Exchange))
            .await;
        let case = Self { world, record, id };
        case.must(true, "control").await;
        case
    }

    async fn sees(&self, permit: &Permit) -> bool {
        let store = &self.world.store;
        let read = store
            .visible_read(permit, "Patient", self.id, None)
            .await
            .unwrap()
            .is_some();
        let found = store
            .visible_by_identifier(permit, "Patient", Some("urn:x"), "A-1", 100)
            .await
            .unwrap();
        assert_eq!(
            read,
            found.iter().any(|v| v.resource == self.id),
            "read and search must agree"
        );
        read
    }

    async fn must(&self, see: bool, why: &str) {
        assert_eq!(
            self.sees(&look(HOSPITAL)).await,
            see,
            "{why} on {}",
            self.world.name
        );
    }

    async fn sql(&self, sql: &'static str) {
        let mut tx = self.world.begin().await;
        tx.execute(query(sql).bind(self.record.to_string()))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn deny(
        &self,
        who: (Option<&str>, Option<&str>),
        categories: i64,
        since: i64,
        until: Option<i64>,
    ) {
        let sql = "-- store.test\nINSERT INTO consent (id, network, record, effect, facility, profession, \
                   categories, since, until, source_message) VALUES ($1, 'kitamaru', $2, 'deny', $3, $4, $5, $6, $7, 'm')";
        let insert = query(sql)
            .bind(ResourceId::new().to_string())
            .bind(self.record.to_string())
            .bind(who.0.map(str::to_owned))
            .bind(who.1.map(str::to_owned))
            .bind(categories)
            .bind(since)
            .bind(until);
        let mut tx = self.world.begin().await;
        tx.execute(insert).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn granted() -> Vec<World> {
    let worlds = worlds().await;
    for world in &worlds {
        let kinds = [
            Relation::Exchange,
            Relation::AuthorFacility,
            Relation::TeamMember,
            Relation::Former,
        ];
        world
            .grant(&kinds.map(|kind| mask(kind, Category::Demographics)))
            .await;
    }
    worlds
}

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
async fn a_mask_counts_only_for_its_own_words() {
    for world in worlds().await {
        let good = mask(Relation::Exchange, Category::Demographics);
        let wrong: Vec<MaskRow> = vec![
            MaskRow {
                network: "fukui".parse().unwrap(),
                ..good.clone()
            },
            MaskRow {
                profession: Profession::Physician,
                ..good.clone()
            },
            MaskRow {
                purpose: Purpose::Emergency,
                ..good.clone()
            },
            MaskRow {
                sensitivity: Sensitivity::Psychiatric,
                ..good.clone()
            },
            MaskRow {
                action: "write".to_owned(),
                ..good.clone()
            },
            MaskRow {
                categories: !Category::Demographics.bit(),
                ..good.clone()
            },
            MaskRow {
                relation: Relation::TeamMember,
                ..good.clone()
            },
            MaskRow {
                relation: Relation::AuthorFacility,
                ..good.clone()
            },
        ];
        let masks = [(POLICY, vec![good]), ("wrong", wrong)];
        for (hash, masks) in masks {
            let mut tx = world.begin().await;
            tx.policy_activate(hash, &masks, NOW).await.unwrap();
            tx.commit().await.unwrap();
        }
        let case = Case::new(&world).await;
        let under = |policy: &str| {
            let facts = facts(nurse_of(HOSPITAL), Allows::Look);
            Permit::issue(PermitFacts {
                policy: policy.to_owned(),
                ..facts
            })
        };
        assert!(case.sees(&under(POLICY)).await);
        assert!(!case.sees(&under("wrong")).await, "{}", world.name);
        assert!(!case.sees(&under("unknown")).await);
        let emergency = PermitFacts {
            purpose: Purpose::Emergency,
            ..facts(nurse_of(HOSPITAL), Allows::Look)
        };
        assert!(!case.sees(&Permit::issue(emergency)).await);
        let facility = renkei_model::Caller {
            kind: CallerKind::Facility,
            ..nurse_of(HOSPITAL)
        };
        assert!(
            !case
                .sees(&Permit::issue(facts(facility, Allows::Look)))
                .await,
            "a vendor system, not a nurse"
        );
    }
}

#[tokio::test]
async fn what_is_not_normal_needs_its_own_mask() {
    for world in worlds().await {
        let psychiatric = |kind| MaskRow {
            sensitivity: Sensitivity::Psychiatric,
            ..mask(kind, Category::Demographics)
        };
        world
            .grant(&[
                mask(Relation::Exchange, Category::Demographics),
                psychiatric(Relation::AuthorFacility),
            ])
            .await;
        let case = Case::new(&world).await;
        let mut secret = version(
            case.id,
            2,
            shelf(case.record, OFFICE, Category::Demographics),
        );
        secret.shelf.sensitivity = Sensitivity::Psychiatric;
        world.put(&[secret]).await.unwrap();
        case.must(false, "psychiatric now").await;
        let old = world
            .store
            .visible_read(&look(HOSPITAL), "Patient", case.id, Some(1))
            .await
            .unwrap();
        assert!(
            old.is_none(),
            "an old version needs the current one too: {}",
            world.name
        );
        assert!(case.sees(&look(OFFICE)).await);
        let old = world
            .store
            .visible_read(&look(OFFICE), "Patient", case.id, Some(1))
            .await
            .unwrap();
        assert!(
            old.is_none(),
            "and its own: the author has no mask for what is normal"
        );
    }
}

#[tokio::test]
async fn a_relation_counts_for_its_staff_owner_and_time() {
    for world in granted().await {
        let case = Case::new(&world).await;
        let exchange = relation(case.record, HOSPITAL, Relation::Exchange);
        let variants: [(NewRelation, bool); 9] = [
            (exchange.clone(), true),
            (
                NewRelation {
                    facility: facility("0199999999"),
                    ..exchange.clone()
                },
                false,
            ),
            (
                NewRelation {
                    staff: "nurse-1".parse().ok(),
                    ..exchange.clone()
                },
                true,
            ),
            (
                NewRelation {
                    staff: "nurse-2".parse().ok(),
                    ..exchange.clone()
                },
                false,
            ),
            (
                NewRelation {
                    owner_limit: Some(facility(OFFICE)),
                    ..exchange.clone()
                },
                true,
            ),
            (
                NewRelation {
                    owner_limit: Some(facility(HOSPITAL)),
                    ..exchange.clone()
                },
                false,
            ),
            (
                NewRelation {
                    since: Instant(NOW.0 + 1),
                    ..exchange.clone()
                },
                false,
            ),
            (
                NewRelation {
                    until: Some(NOW),
                    ..exchange.clone()
                },
                false,
            ),
            (
                NewRelation {
                    kind: Relation::FacilityInTeam,
                    ..exchange.clone()
                },
                false,
            ),
        ];
        for (row, see) in variants {
            case.sql("-- store.test\nDELETE FROM relation WHERE record = $1")
                .await;
            case.must(false, "no relation").await;
            world.relate(&row).await;
            case.must(see, &format!("{row:?}")).await;
        }
        case.sql("-- store.test\nDELETE FROM relation WHERE record = $1")
            .await;
        let until = Some(Instant(NOW.0 + 1));
        world
            .relate(&NewRelation {
                until,
                ..relation(case.record, HOSPITAL, Relation::Former)
            })
            .await;
        case.must(true, "former counts until its date").await;
        let staffless = renkei_model::Caller {
            kind: CallerKind::Facility,
            ..nurse_of(HOSPITAL)
        };
        assert!(
            !case
                .sees(&Permit::issue(facts(staffless, Allows::Look)))
                .await
        );
    }
}

#[tokio::test]
async fn a_mask_for_no_relation_opens_the_directory_without_enrolment() {
    for world in worlds().await {
        world
            .grant(&[mask(Relation::None, Category::Directory)])
            .await;
        let mut tx = world.begin().await;
        let record = tx.directory_record(&network(), NOW).await.unwrap();
        tx.commit().await.unwrap();
        let (open, closed) = (ResourceId::new(), ResourceId::new());
        let demographics = world.enrolled_record().await;
        world
            .put(&[
                version(open, 1, shelf(record, OFFICE, Category::Directory)),
                version(
                    closed,
                    1,
                    shelf(demographics, OFFICE, Category::Demographics),
                ),
            ])
            .await
            .unwrap();
        let read = async |id| {
            world
                .store
                .visible_read(&look(HOSPITAL), "Patient", id, None)
                .await
                .unwrap()
        };
        assert!(read(open).await.is_some(), "{}", world.name);
        assert!(read(closed).await.is_none(), "{}", world.name);
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
        let found = store
            .visible_by_identifier(&look(HOSPITAL), "Patient", None, "A-1", 9)
            .await
            .unwrap();
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
            world
                .store
                .visible_by_identifier(&look(HOSPITAL), kind, system, value, 1)
                .await
                .unwrap()
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
