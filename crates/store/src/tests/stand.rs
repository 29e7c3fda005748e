//! How a caller stands to what comes to it: the same whether it comes with the row, for a list, or is asked of
//! one shelf.

use renkei_model::id::{RecordId, ResourceId};
use renkei_model::{Category, Relation};

use super::case::granted;
use super::world::{
    HOSPITAL, NOW, OFFICE, World, facility, look, nurse_of, origin, relation, shelf, version, write,
};
use crate::{NewOrigin, NewRelation, NewVersion, Stand, VisibleVersion};

/// A document of the office with three parts: itself, one on its own shelf, one that the hospital wrote about
/// another record.
struct Document {
    sheet: ResourceId,
    part: ResourceId,
    record: RecordId,
}

async fn document(world: &World, resource_type: &str) -> Document {
    let (record, other) = (world.enrolled_record().await, world.enrolled_record().await);
    let limited = |owner| NewRelation {
        owner_limit: Some(facility(owner)),
        ..relation(record, HOSPITAL, Relation::Exchange)
    };
    let rows = [
        limited(OFFICE),
        NewRelation {
            kind: Relation::TeamMember,
            ..limited(HOSPITAL)
        },
        NewRelation {
            staff: "nurse-2".parse().ok(),
            ..relation(record, HOSPITAL, Relation::FacilityInTeam)
        },
        NewRelation {
            until: Some(NOW),
            ..relation(record, HOSPITAL, Relation::Former)
        },
        relation(other, HOSPITAL, Relation::FacilityInTeam),
        relation(other, HOSPITAL, Relation::Former),
    ];
    for row in rows {
        world.relate(&row).await;
    }
    let (sheet, part, far) = (ResourceId::new(), ResourceId::new(), ResourceId::new());
    let own = shelf(record, OFFICE, Category::Demographics);
    let document = NewVersion {
        resource_type: resource_type.to_owned(),
        ..version(sheet, 1, own.clone())
    };
    let elsewhere = shelf(other, HOSPITAL, Category::Demographics);
    let versions = [document, version(part, 1, own), version(far, 1, elsewhere)];
    world.put(&versions).await.unwrap();
    let named = |name: &str, id| (name.to_owned(), id);
    let parts = vec![named("a", sheet), named("b", part), named("c", far)];
    let origin = NewOrigin {
        native_key: sheet.to_string(),
        ..origin(record, sheet, parts)
    };
    let mut tx = world.begin().await;
    tx.origin_put(&write(OFFICE), &origin).await.unwrap();
    tx.commit().await.unwrap();
    Document {
        sheet,
        part,
        record,
    }
}

async fn read(world: &World, kind: &str, id: ResourceId) -> Option<VisibleVersion> {
    let permit = look(HOSPITAL);
    let read = world.store.visible_read(&permit, kind, id, None).await;
    let old = world.store.visible_read(&permit, kind, id, Some(1)).await;
    let read = read.unwrap();
    assert_eq!(old.unwrap(), read, "the only version, on {}", world.name);
    read
}

/// What one question for each shelf says.
async fn one_by_one(world: &World, stands: &[Stand]) -> Vec<Vec<Relation>> {
    let mut all = Vec::new();
    let nurse = nurse_of(HOSPITAL);
    for stand in stands {
        let asked = world.store.relations_to(&stand.shelf, &nurse, NOW);
        all.push(asked.await.unwrap());
    }
    all
}

#[tokio::test]
async fn a_row_brings_with_it_how_its_reader_stands_to_every_shelf_of_it() {
    for world in granted().await {
        let made = document(&world, "Bundle").await;
        let row = read(&world, "Bundle", made.sheet).await.unwrap();
        let stands = row.stands.clone().unwrap();
        let expected = [
            (OFFICE, vec![Relation::Exchange, Relation::None]),
            (
                HOSPITAL,
                vec![
                    Relation::FacilityInTeam,
                    Relation::Former,
                    Relation::None,
                    Relation::AuthorFacility,
                ],
            ),
        ];
        let mut found = stands.clone();
        for stand in &mut found {
            stand.relations.sort_by_key(|one| {
                let derived = matches!(one, Relation::None | Relation::AuthorFacility);
                (derived, (*one == Relation::AuthorFacility), one.as_str())
            });
        }
        let found: Vec<_> = found
            .into_iter()
            .map(|stand| (stand.shelf.owner.to_string(), stand.relations))
            .collect();
        let expected = expected.map(|(owner, relations)| (owner.to_owned(), relations));
        assert_eq!(found, expected, "{}", world.name);
        assert_eq!(stands[0].shelf, row.shelf);
        assert_eq!(
            one_by_one(&world, &stands).await,
            expected.map(|(_, relations)| relations),
            "{}",
            world.name
        );

        let part = read(&world, "Patient", made.part).await.unwrap();
        let listed = world
            .store
            .stands(&look(HOSPITAL), &[&part, &row, &part])
            .await
            .unwrap();
        let own = part.stands.clone().unwrap();
        assert_eq!(listed, [own.clone(), stands, own], "{}", world.name);
        assert!(world.store.stands(&write(OFFICE), &[&part]).await.is_err());
        let none = world.store.stands(&look(HOSPITAL), &[]).await;
        assert_eq!(none, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn whatever_has_parts_is_read_only_whole() {
    for world in granted().await {
        let made = document(&world, "Patient").await;
        let row = read(&world, "Patient", made.sheet).await.unwrap();
        assert_eq!(row.stands.unwrap().len(), 2, "{}", world.name);
        let shut = shelf(made.record, OFFICE, Category::Vitals);
        world.put(&[version(made.part, 2, shut)]).await.unwrap();
        assert_eq!(read(&world, "Patient", made.sheet).await, None);
    }
}
