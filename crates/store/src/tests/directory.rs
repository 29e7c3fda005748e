//! The directory, records, origins, versions, policies.

use std::sync::Arc;

use renkei_model::id::{MessageId, ResourceId};
use renkei_model::permit::Allows;
use renkei_model::{Category, Instant, Permit, Relation};

use super::world::{
    HOSPITAL, NOW, OFFICE, POLICY, World, facility, facts, mask, network, nurse_of, origin,
    relation, shelf, version, worlds, write,
};
use crate::sql::query;
use crate::{Facility, Kept, NewOrigin, NewRelation, NewVersion, StoreError, Urgency};

#[tokio::test]
async fn facilities_are_replaced_and_found() {
    for world in worlds().await {
        let permit = Permit::issue(facts(nurse_of(OFFICE), Allows::Directory));
        let office = Facility {
            network: network(),
            code: facility(OFFICE),
            name: "旧".to_owned(),
            kind: "care_office".to_owned(),
            mailbox: false,
        };
        let office_now = Facility {
            name: "新".to_owned(),
            mailbox: true,
            ..office.clone()
        };
        let mut tx = world.begin().await;
        for facility in [&office, &office_now] {
            tx.facility_put(&permit, facility).await.unwrap();
        }
        let found = tx.facility_find(&network(), &office.code).await.unwrap();
        assert_eq!(found.as_ref(), Some(&office_now), "{}", world.name);
        tx.commit().await.unwrap();
        assert_eq!(
            world.store.facility_find(&network(), &office.code).await,
            Ok(found)
        );
        assert_eq!(
            world
                .store
                .facility_find(&"fukui".parse().unwrap(), &office.code)
                .await,
            Ok(None)
        );
    }
}

async fn resident(world: &World, keys: &[(String, String, u8)]) -> renkei_model::id::RecordId {
    let pairs: Vec<_> = keys
        .iter()
        .map(|(system, value, _)| (system.clone(), value.clone()))
        .collect();
    let locks: Vec<_> = pairs
        .iter()
        .map(|(system, value)| format!("{system}|{value}"))
        .collect();
    let mut tx = world
        .store
        .begin("receive", Urgency::Ordinary)
        .await
        .unwrap();
    tx.identity_lock(&locks).await.unwrap();
    let found = tx.identifier_match(&network(), &pairs).await.unwrap();
    let record = match found.first() {
        Some(found) => found.record,
        None => tx
            .record_create(&network(), Some("カナ"), Some("1940-01-02"), NOW)
            .await
            .unwrap(),
    };
    tx.identifiers_add(&write(OFFICE), record, keys, MessageId::new())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_messages_about_one_new_human_being_make_one_record() {
    for world in worlds().await {
        let world = Arc::new(world);
        let key = |system: &str, rank| (format!("urn:{system}"), "1".to_owned(), rank);
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let world = Arc::clone(&world);
                let mut keys = vec![key("a", 0), key("b", 2)];
                if n % 2 == 0 {
                    keys.reverse();
                }
                tokio::spawn(async move { resident(&world, &keys).await })
            })
            .collect();
        let mut records = Vec::new();
        for task in tasks {
            records.push(task.await.unwrap());
        }
        records.dedup();
        assert_eq!(records.len(), 1, "{}", world.name);
        let mut tx = world.begin().await;
        let pairs = [
            ("urn:b".to_owned(), "1".to_owned()),
            ("urn:b".to_owned(), "%".to_owned()),
        ];
        let found = tx.identifier_match(&network(), &pairs).await.unwrap();
        assert_eq!((found.len(), found[0].rank), (1, 2), "{}", world.name);
        assert_eq!(found[0].face.kana.as_deref(), Some("カナ"));
        assert!(
            tx.identifier_match(&"fukui".parse().unwrap(), &pairs)
                .await
                .unwrap()
                .is_empty()
        );
        let directory = tx.directory_record(&network(), NOW).await.unwrap();
        assert_eq!(tx.directory_record(&network(), NOW).await, Ok(directory));
        assert_ne!(
            tx.directory_record(&"fukui".parse().unwrap(), NOW).await,
            Ok(directory)
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn text_is_stored_to_the_letter() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let id = ResourceId::new();
        let text = "{\"resourceType\": \"Patient\",\n \"x\":1.50,\"y\":1e-7,\"名\":\"𠮷\\u0000\\\"'\\\\ \u{7f}\u{1f600}\"}";
        let new = NewVersion {
            text: Kept::resource(text.to_owned()),
            ..version(id, 1, shelf(record, OFFICE, Category::Demographics))
        };
        world.put(&[new]).await.unwrap();
        world
            .grant(&[mask(Relation::AuthorFacility, Category::Demographics)])
            .await;
        let found = world
            .store
            .visible_read(&super::world::look(OFFICE), "Patient", id, None)
            .await
            .unwrap();
        assert_eq!(
            found.map(|found| found.text).as_deref(),
            Some(text),
            "{}",
            world.name
        );
    }
}

#[tokio::test]
async fn versions_follow_one_another_and_the_index_is_of_the_current_ones() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let shelf = shelf(record, OFFICE, Category::Demographics);
        let (one, two) = (ResourceId::new(), ResourceId::new());
        world
            .put(&[
                version(one, 1, shelf.clone()),
                version(two, 1, shelf.clone()),
            ])
            .await
            .unwrap();
        let gap = world.put(&[version(one, 3, shelf.clone())]).await;
        assert_eq!(gap, Err(StoreError::Conflict), "{}", world.name);
        let again = world.put(&[version(one, 1, shelf.clone())]).await;
        assert_eq!(again, Err(StoreError::Conflict), "{}", world.name);
        let other = crate::tests::world::shelf(
            world.enrolled_record().await,
            OFFICE,
            Category::Demographics,
        );
        let moved = world.put(&[version(one, 2, other)]).await;
        assert_eq!(
            moved,
            Err(StoreError::Conflict),
            "a resource never changes its record"
        );
        let deleted = NewVersion {
            deleted: true,
            ..version(two, 2, shelf.clone())
        };
        let third = version(ResourceId::new(), 1, shelf.clone());
        world
            .put(&[version(one, 2, shelf.clone()), deleted, third])
            .await
            .unwrap();
        let count = "-- store.test\nSELECT count(*) FROM search_index";
        assert_eq!(
            world.count(count).await,
            2,
            "one and the third; two is deleted"
        );
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM lineage")
                .await,
            5
        );
        world.put(&[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_category_or_network_that_the_permit_does_not_allow_is_refused() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let new = version(
            ResourceId::new(),
            1,
            shelf(record, OFFICE, Category::Diagnosis),
        );
        let only = |category: Category| {
            Permit::issue(facts(
                nurse_of(OFFICE),
                Allows::Write {
                    categories: category.bit(),
                },
            ))
        };
        let mut tx = world.begin().await;
        let refused = tx
            .versions_put(&only(Category::Lab), std::slice::from_ref(&new))
            .await;
        assert!(matches!(
            refused,
            Err(StoreError::Inconsistent {
                table: "version",
                ..
            })
        ));
        let mut elsewhere = new.clone();
        elsewhere.shelf.network = "fukui".parse().unwrap();
        assert!(
            tx.versions_put(&only(Category::Diagnosis), &[elsewhere])
                .await
                .is_err()
        );
        tx.versions_put(&only(Category::Diagnosis), &[new])
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_origin_leads_back_to_its_sheet_and_parts() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let shelf = shelf(record, OFFICE, Category::Sheet);
        let (sheet, patient) = (ResourceId::new(), ResourceId::new());
        let parts = vec![
            ("bundle".to_owned(), sheet),
            ("patient".to_owned(), patient),
        ];
        let mut origin = origin(record, sheet, parts);
        world
            .put(&[
                version(sheet, 1, shelf.clone()),
                version(patient, 1, shelf.clone()),
            ])
            .await
            .unwrap();
        let mut tx = world.begin().await;
        assert_eq!(
            tx.origin_find(&network(), &origin.owner, &origin.kind, "12")
                .await,
            Ok(None)
        );
        tx.origin_put(&write(OFFICE), &origin).await.unwrap();
        origin.native_version = 4;
        origin.parts = vec![("patient".to_owned(), patient)];
        tx.origin_put(&write(OFFICE), &origin).await.unwrap();
        let deleted = NewVersion {
            deleted: true,
            ..version(patient, 2, shelf)
        };
        tx.versions_put(&write(OFFICE), &[deleted]).await.unwrap();
        let found = tx
            .origin_find(&network(), &origin.owner, &origin.kind, "12")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.sheet, found.record, found.native_version),
            (sheet, record, 4)
        );
        let parts: Vec<_> = found
            .parts
            .iter()
            .map(|p| (&*p.key, p.version, p.deleted))
            .collect();
        assert_eq!(
            parts,
            [("bundle", 1, false), ("patient", 2, true)],
            "{}",
            world.name
        );
        let moved = NewOrigin {
            sheet: ResourceId::new(),
            ..origin
        };
        assert_eq!(
            tx.origin_put(&write(OFFICE), &moved).await,
            Err(StoreError::Conflict)
        );
    }
}

#[tokio::test]
async fn the_same_relation_again_is_no_second_row_and_enrolment_begins_once() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        world.enrolled_record().await;
        let count = "-- store.test\nSELECT count(*) FROM relation";
        let exchange = relation(record, HOSPITAL, Relation::Exchange);
        world.relate(&exchange).await;
        world
            .relate(&NewRelation {
                since: NOW,
                ..exchange.clone()
            })
            .await;
        assert_eq!(world.count(count).await, 1, "{}", world.name);
        world
            .relate(&NewRelation {
                owner_limit: Some(facility(OFFICE)),
                ..exchange.clone()
            })
            .await;
        world
            .relate(&NewRelation {
                staff: "s".parse().ok(),
                ..exchange.clone()
            })
            .await;
        world
            .relate(&relation(record, HOSPITAL, Relation::Blocked))
            .await;
        let former = relation(record, HOSPITAL, Relation::Former);
        world
            .relate(&NewRelation {
                until: Some(NOW),
                ..former.clone()
            })
            .await;
        world
            .relate(&NewRelation {
                until: Some(Instant(NOW.0 - 1)),
                ..former.clone()
            })
            .await;
        assert_eq!(world.count(count).await, 5, "a shorter one is covered");
        let mut tx = world.begin().await;
        let never = NewRelation {
            kind: Relation::AuthorFacility,
            ..former
        };
        assert!(tx.relation_put(&write(OFFICE), &never).await.is_err());
    }
}

#[tokio::test]
async fn relations_to_a_shelf_are_the_active_rows_and_what_needs_no_row() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let to = |kind| relation(record, HOSPITAL, kind);
        world.relate(&to(Relation::Blocked)).await;
        world
            .relate(&NewRelation {
                owner_limit: Some(facility(OFFICE)),
                ..to(Relation::Exchange)
            })
            .await;
        world
            .relate(&NewRelation {
                owner_limit: Some(facility(HOSPITAL)),
                ..to(Relation::FacilityInTeam)
            })
            .await;
        world
            .relate(&NewRelation {
                staff: "nurse-2".parse().ok(),
                ..to(Relation::TeamMember)
            })
            .await;
        world
            .relate(&NewRelation {
                until: Some(NOW),
                ..to(Relation::Former)
            })
            .await;
        let mut tx = world.begin().await;
        let (hospital, shelf) = (nurse_of(HOSPITAL), shelf(record, OFFICE, Category::Sheet));
        let found = tx.relations_to(&shelf, &hospital, NOW).await.unwrap();
        assert_eq!(
            found,
            [Relation::Blocked, Relation::Exchange, Relation::None],
            "former ended"
        );
        let before = Instant(NOW.0 - 2);
        let found = tx.relations_to(&shelf, &hospital, before).await.unwrap();
        let three = [Relation::Blocked, Relation::Exchange, Relation::Former];
        assert_eq!(found, [&three[..], &[Relation::None]].concat());
        let author = tx
            .relations_to(&shelf, &nurse_of(OFFICE), NOW)
            .await
            .unwrap();
        assert_eq!(
            author,
            [Relation::None, Relation::AuthorFacility],
            "{}",
            world.name
        );
    }
}

#[tokio::test]
async fn enrolment_begins_once() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        world.enrolled_record().await;
        let mut tx = world.begin().await;
        let enrolment = crate::NewEnrolment {
            network: network(),
            record,
            basis: "slip".to_owned(),
            since: NOW,
            source: MessageId::new(),
        };
        tx.enrolment_begin(&write(OFFICE), &enrolment)
            .await
            .unwrap();
        let rows = tx
            .all(query("-- store.test\nSELECT id FROM enrolment"))
            .await
            .unwrap();
        assert_eq!(rows.len(), 2, "one a record: {}", world.name);
    }
}

#[tokio::test]
async fn masks_are_stored_once_under_their_hash() {
    for world in worlds().await {
        let masks = [
            mask(Relation::None, Category::Lab),
            mask(Relation::Exchange, Category::Sheet),
        ];
        assert_eq!(world.store.policy_masks(POLICY).await, Ok(None));
        world.grant(&masks).await;
        world.grant(&[]).await;
        let mut found = world.store.policy_masks(POLICY).await.unwrap().unwrap();
        found.sort_by_key(|mask| mask.categories);
        assert_eq!(found, masks, "{}", world.name);
    }
}
