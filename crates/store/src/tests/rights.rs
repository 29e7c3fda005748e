//! The truth table of `visible`, part two: masks, sensitivity, relations. Each clause is turned off or
//! on alone, beside a control that passes.

use renkei_model::caller::CallerKind;
use renkei_model::id::ResourceId;
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Caller, Category, Instant, Permit, Profession, Purpose, Relation, Sensitivity};

use super::case::{Case, granted};
use super::world::{
    HOSPITAL, NOW, OFFICE, POLICY, facility, facts, look, mask, network, nurse_of, relation, shelf,
    version, worlds,
};
use crate::{MaskRow, NewRelation};

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
        let facility = Caller {
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
    type Change = fn(&mut NewRelation);
    let changes: [(&str, Change, bool); 10] = [
        ("as it is", |_| (), true),
        (
            "other facility",
            |row| row.facility = facility("0199999999"),
            false,
        ),
        ("this nurse", |row| row.staff = "nurse-1".parse().ok(), true),
        (
            "another nurse",
            |row| row.staff = "nurse-2".parse().ok(),
            false,
        ),
        (
            "this owner",
            |row| row.owner_limit = Some(facility(OFFICE)),
            true,
        ),
        (
            "another owner",
            |row| row.owner_limit = Some(facility(HOSPITAL)),
            false,
        ),
        ("begins now", |row| row.since = NOW, true),
        ("begins later", |row| row.since = Instant(NOW.0 + 1), false),
        ("ends now", |row| row.until = Some(NOW), false),
        (
            "no mask for it",
            |row| row.kind = Relation::FacilityInTeam,
            false,
        ),
    ];
    for world in granted().await {
        let case = Case::new(&world).await;
        for (why, change, see) in changes {
            case.sql("-- store.test\nDELETE FROM relation WHERE record = $1")
                .await;
            case.must(false, "no relation").await;
            let mut row = relation(case.record, HOSPITAL, Relation::Exchange);
            change(&mut row);
            world.relate(&row).await;
            case.must(see, why).await;
        }
        let other = Case::new(&world).await;
        other
            .sql("-- store.test\nDELETE FROM relation WHERE record = $1")
            .await;
        other
            .must(false, "somebody else's record is in a relation")
            .await;
    }
}

#[tokio::test]
async fn a_former_relation_counts_until_its_date_and_a_named_one_for_the_named() {
    for world in granted().await {
        let case = Case::new(&world).await;
        case.sql("-- store.test\nDELETE FROM relation WHERE record = $1")
            .await;
        let former = relation(case.record, HOSPITAL, Relation::Former);
        world
            .relate(&NewRelation {
                until: Some(Instant(NOW.0 + 1)),
                ..former
            })
            .await;
        case.must(true, "former counts until its date").await;
        let staffless = Caller {
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
