//! The report's counts, made of rows that were put in by the functions that callers use.

use renkei_model::id::{ChangeId, OpeningId, RecordId, ResourceId, SearchId};
use renkei_model::permit::Allows;
use renkei_model::{Category, Face, Instant, Permit};

use super::world::{
    HOSPITAL, NOW, OFFICE, World, at, facility, facts, identity, look, network, nurse_of, origin,
    shelf, version, worlds, write,
};
use crate::{
    CardCount, ChangeKind, DistrictCount, NewChange, NewFace, NewOpening, NewOrigin, NewSearch,
    Period, SearchMade, SheetMade,
};

const PERIOD: Period = (Instant(NOW.0 - 1_000), Instant(NOW.0 + 1_000));

fn permit() -> Permit {
    Permit::issue(facts(nurse_of(OFFICE), Allows::Report))
}

fn crew(when: Instant) -> Permit {
    at(
        &Permit::issue(facts(nurse_of(OFFICE), Allows::Emergency)),
        when,
    )
}

async fn face(world: &World, record: RecordId, face: Face, when: Instant) {
    let (sheet, patient) = (ResourceId::new(), ResourceId::new());
    let shelf = shelf(record, OFFICE, Category::Demographics);
    world
        .put(&[version(sheet, 1, shelf.clone()), version(patient, 1, shelf)])
        .await
        .unwrap();
    let new = NewFace {
        sheet,
        patient,
        network: network(),
        record,
        owner: facility(OFFICE),
        kind: "emergency-record".to_owned(),
        face,
        terms: Vec::new(),
        at: when,
    };
    let mut tx = world.begin().await;
    tx.face_put(&write(OFFICE), &[new]).await.unwrap();
    tx.commit().await.unwrap();
}

fn of(district: Option<&str>) -> Face {
    Face {
        district: district.map(str::to_owned),
        ..Face::default()
    }
}

#[tokio::test]
async fn a_person_counts_once_in_the_newest_district_that_is_told() {
    for world in worlds().await {
        let earlier = |micros: i64| Instant(NOW.0 - micros);
        let [one, linked, dead, away, nowhere] = [
            world.enrolled_record().await,
            world.enrolled_record().await,
            world.enrolled_record().await,
            world.enrolled_record().await,
            world.enrolled_record().await,
        ];
        face(&world, one, of(Some("東")), earlier(3)).await;
        face(&world, linked, of(Some("西")), earlier(2)).await;
        face(&world, linked, of(None), earlier(1)).await;
        let deceased = Face {
            deceased: Some(String::new()),
            ..of(Some("西"))
        };
        face(&world, dead, deceased, NOW).await;
        let moved = Face {
            moved: Some("2026-01-01".to_owned()),
            ..of(Some("西"))
        };
        face(&world, away, moved, NOW).await;
        face(&world, nowhere, of(None), NOW).await;
        let mut tx = world.begin().await;
        // A record that nobody enrolled is nobody registered.
        let stranger = tx.record_create(&network(), None, None, NOW).await.unwrap();
        let change = NewChange {
            id: ChangeId::new(),
            network: network(),
            kind: ChangeKind::Link,
            review: None,
            reason: "same".to_owned(),
        };
        assert!(
            tx.persons_join(&identity(), &change, one, linked)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        face(&world, stranger, of(Some("東")), NOW).await;
        let counted = world
            .store
            .report_districts(&permit(), &network(), PERIOD)
            .await;
        let row = |district: Option<&str>, residents, deceased, moved| DistrictCount {
            district: district.map(str::to_owned),
            residents,
            added: residents,
            deceased,
            moved,
        };
        let mut counted = counted.unwrap();
        counted.sort_by(|a, b| a.district.cmp(&b.district));
        let expected = [row(None, 1, 0, 0), row(Some("西"), 1, 1, 1)];
        assert_eq!(counted, expected, "{}", world.name);
        let past = (Instant(0), Instant(1));
        let before = world
            .store
            .report_districts(&permit(), &network(), past)
            .await;
        assert!(before.unwrap().iter().all(|row| row.added == 0));
    }
}

async fn search(world: &World, when: Instant, found: usize) -> SearchId {
    let id = SearchId::new();
    let mut tx = world.begin().await;
    tx.emergency_search_put(
        &crew(when),
        &NewSearch {
            id,
            asked: 2,
            found,
        },
        super::emergency::ANY,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn open(world: &World, search: Option<SearchId>, record: RecordId, reason: &str) {
    let opening = NewOpening {
        id: OpeningId::new(),
        search,
        network: network(),
        record,
        reason_code: reason.to_owned(),
        reason_text: String::new(),
        dispatch: "D-1".to_owned(),
        until: Instant(NOW.0 + 10),
    };
    let mut tx = world.begin().await;
    tx.opening_put(&crew(NOW), &opening, super::emergency::ANY)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn searches_and_cards_of_the_period_are_counted() {
    for world in worlds().await {
        let (one, two) = (world.enrolled_record().await, world.enrolled_record().await);
        let early = search(&world, Instant(NOW.0 - 5), 0).await;
        let late = search(&world, NOW, 3).await;
        search(&world, PERIOD.1, 3).await;
        search(&world, Instant(PERIOD.0.0 - 1), 3).await;
        open(&world, Some(late), one, "unconscious").await;
        open(&world, None, one, "unconscious").await;
        open(&world, Some(early), two, "other").await;
        let mut tx = world.begin().await;
        let wrong = tx.opening_wrong(&crew(Instant(NOW.0 + 1)), two, "no").await;
        assert!(wrong.unwrap().is_some());
        tx.commit().await.unwrap();
        let made = |when: i64, found, opened| SearchMade {
            facility: facility(OFFICE),
            actor: "person:nurse-1".to_owned(),
            at: Instant(when),
            found,
            opened,
        };
        let store = &world.store;
        let searches = store.report_searches(&permit(), &network(), PERIOD).await;
        let expected = vec![made(NOW.0 - 5, 0, 0), made(NOW.0, 3, 1)];
        assert_eq!(searches, Ok(expected), "{}", world.name);
        let cards = store.report_cards(&permit(), &network(), PERIOD).await;
        let row = |reason: &str, cards, wrong| CardCount {
            reason: reason.to_owned(),
            cards,
            wrong,
        };
        assert_eq!(
            cards,
            Ok(vec![row("other", 1, 1), row("unconscious", 2, 0)])
        );
        let persons = store.report_persons(&permit(), &network(), PERIOD).await;
        assert_eq!(persons, Ok(1), "the same person twice, and one by mistake");
    }
}

#[tokio::test]
async fn sheets_are_counted_by_their_first_version() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let shelf = shelf(record, OFFICE, Category::Sheet);
        for (key, destination) in [("1", Some(HOSPITAL)), ("2", None)] {
            let sheet = ResourceId::new();
            world
                .put(&[version(sheet, 1, shelf.clone())])
                .await
                .unwrap();
            let mut later = version(sheet, 2, shelf.clone());
            later.at = PERIOD.1;
            world.put(&[later]).await.unwrap();
            let origin = NewOrigin {
                native_key: key.to_owned(),
                event_date: Some("2027-01-14".to_owned()),
                destination: destination.map(str::to_owned),
                ..origin(record, sheet, Vec::new())
            };
            let mut tx = world.begin().await;
            tx.origin_put(&write(OFFICE), &origin).await.unwrap();
            tx.commit().await.unwrap();
        }
        let made = SheetMade {
            kind: "admission-slip".to_owned(),
            destination: HOSPITAL.to_owned(),
            name: None,
            event_date: Some("2027-01-14".to_owned()),
            at: NOW,
        };
        let sheets = world
            .store
            .report_sheets(&permit(), &network(), PERIOD)
            .await;
        assert_eq!(sheets, Ok(vec![made]), "{}", world.name);
    }
}

#[tokio::test]
async fn only_the_reports_own_permit_counts() {
    for world in worlds().await {
        let store = &world.store;
        let elsewhere = "elsewhere".parse().unwrap();
        for (permit, network) in [(look(OFFICE), network()), (permit(), elsewhere)] {
            assert!(
                store
                    .report_districts(&permit, &network, PERIOD)
                    .await
                    .is_err()
            );
            assert!(
                store
                    .report_searches(&permit, &network, PERIOD)
                    .await
                    .is_err()
            );
            assert!(store.report_cards(&permit, &network, PERIOD).await.is_err());
            assert!(
                store
                    .report_persons(&permit, &network, PERIOD)
                    .await
                    .is_err()
            );
            assert!(
                store
                    .report_sheets(&permit, &network, PERIOD)
                    .await
                    .is_err()
            );
        }
    }
}
