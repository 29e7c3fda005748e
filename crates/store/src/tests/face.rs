//! Faces: replaced by a newer version, matched inside a transaction, shown to those who may read the
//! Patient and to nobody else.

use std::collections::HashSet;

use renkei_model::caller::{Caller, CallerKind};
use renkei_model::id::{RecordId, ResourceId};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Category, Face, Instant, Permit, Profession, Purpose, Relation};

use super::candidate::led;
use super::case::{Case, granted};
use super::world::{
    HOSPITAL, NOW, OFFICE, World, facility, facts, look, mask, network, nurse_of, relation, shelf,
    version, worlds, write,
};
use crate::{MaskRow, NewFace, NewRelation, NewVersion, StoreError, TermRange, VisibleFace};

pub(super) fn face() -> Face {
    Face {
        name: Some("見本 花子".to_owned()),
        kana: Some("ミホン ハナコ".to_owned()),
        birth_date: Some("1935-03-05".to_owned()),
        sex: Some("female".to_owned()),
        address: Some("見本市1-2".to_owned()),
        district: Some("北".to_owned()),
        postal_code: Some("0900000".to_owned()),
        phones: vec!["0157-00-0000".to_owned(), "\"'".to_owned()],
        deceased: None,
        moved: Some(String::new()),
    }
}

fn new_face(record: RecordId, patient: ResourceId) -> NewFace {
    let term = |kind: &str, value: &str| (kind.to_owned(), value.to_owned());
    NewFace {
        sheet: patient,
        patient,
        network: network(),
        record,
        owner: facility(OFFICE),
        kind: "emergency-record".to_owned(),
        face: face(),
        terms: vec![
            term("kana", "ミホンハナコ"),
            term("kana", "ミホンハナ"),
            term("name", "見本花子"),
            term("card", "123"),
            term("card", "45"),
        ],
        at: NOW,
    }
}

async fn put(world: &World, faces: &[NewFace]) -> Result<(), StoreError> {
    let mut tx = world.begin().await;
    tx.face_put(&write(OFFICE), faces).await?;
    tx.commit().await
}

/// A patient in sight of the hospital, with a face.
pub(super) async fn seen(world: &World) -> Case<'_> {
    let case = Case::new(world).await;
    put(world, &[new_face(case.record, case.id)]).await.unwrap();
    case
}

pub(super) fn range<'a>(kind: &'a str, low: &'a str, high: &'a str) -> TermRange<'a> {
    TermRange { kind, low, high }
}

/// Both ways of asking: judged range by range, and judged after ranking.
async fn find(world: &World, permit: &Permit) -> Vec<VisibleFace> {
    let store = &world.store;
    let asked = range("kana", "ミホ", "ミマ");
    let found = store.visible_faces(permit, asked, 9).await.unwrap();
    let lead = store.lead(permit, &[asked], 9).await.unwrap();
    let among = store.visible_among(permit, &led(&lead[0])).await.unwrap();
    let judged: HashSet<ResourceId> = among.into_keys().collect();
    let sheets: HashSet<ResourceId> = found.faces.iter().map(|face| face.sheet).collect();
    assert_eq!(judged, sheets, "{}", world.name);
    found.faces
}

/// Whether a search finds the face; that asking by record agrees is checked on the way.
async fn finds(world: &World, case: &Case<'_>, permit: &Permit) -> bool {
    let found = find(world, permit).await;
    let store = &world.store;
    let of = store.visible_faces_of(permit, case.record).await.unwrap();
    assert_eq!(found, of, "{}", world.name);
    !found.is_empty()
}

#[tokio::test]
async fn a_face_comes_back_as_it_was_with_its_cards_and_once() {
    for world in granted().await {
        let case = seen(&world).await;
        let found = find(&world, &look(HOSPITAL)).await;
        assert_eq!(found.len(), 1, "two terms, one face: {}", world.name);
        let first = &found[0];
        assert_eq!(first.face, face());
        assert_eq!(
            (first.record, first.patient, first.sheet),
            (case.record, case.id, case.id)
        );
        let store = &world.store;
        let cards = store.card_numbers(&[first.sheet]).await.unwrap();
        assert_eq!(cards[&first.sheet], ["123", "45"]);
        assert_eq!((&*first.kind, first.at), ("emergency-record", NOW));
        assert_eq!(first.owner, facility(OFFICE));
    }
}

#[tokio::test]
async fn a_range_is_of_bytes_its_end_is_outside_and_a_limit_holds() {
    for world in granted().await {
        let mut expected = Vec::new();
        for value in [
            "ミ",
            "ミホ",
            "ミホ\u{30fc}",
            "ミホン",
            "ミボ",
            "ム",
            "a",
            "B",
        ] {
            let case = Case::new(&world).await;
            let mut face = new_face(case.record, case.id);
            face.terms = vec![("kana".to_owned(), value.to_owned())];
            put(&world, &[face]).await.unwrap();
            expected.push((value, case.id));
        }
        let of = |value| expected.iter().find(|(v, _)| *v == value).unwrap().1;
        let ask = async |low: &str, high: &str, limit| {
            let store = &world.store;
            let found = store
                .visible_faces(&look(HOSPITAL), range("kana", low, high), limit)
                .await;
            let found = found.unwrap();
            let ranges = [range("kana", low, high)];
            let lead = store.lead(&look(HOSPITAL), &ranges, limit).await.unwrap();
            let sheets = found.faces.iter().map(|face| face.sheet);
            assert_eq!(led(&lead[0]), sheets.collect::<Vec<_>>());
            assert_eq!(lead[0].cut, found.cut);
            assert_eq!(
                found.cut,
                found.faces.len() == limit,
                "{low} {high} {limit}"
            );
            let sheets = found.faces.into_iter().map(|face| face.sheet);
            sheets.collect::<Vec<_>>()
        };
        let all = [of("ミホ"), of("ミホン"), of("ミホ\u{30fc}")];
        assert_eq!(ask("ミホ", "ミボ", 9).await, all, "{}", world.name);
        assert_eq!(ask("ミホ", "ミボ", 2).await, all[..2]);
        assert_eq!(ask("ミホ", "ミホ\0", 9).await, [of("ミホ")], "equality");
        assert_eq!(ask("A", "a", 9).await, [of("B")], "bytes, not letters");
        assert!(ask("%", "&", 9).await.is_empty());
        assert!(ask("ミホ", "ミボ", 0).await.is_empty());
        let store = &world.store;
        let found = store
            .visible_faces(&look(HOSPITAL), range("name", "", "\u{10ffff}"), 9)
            .await;
        assert_eq!(found.unwrap().faces, [], "another kind");
    }
}

#[tokio::test]
async fn a_newer_version_replaces_the_face_and_its_terms() {
    for world in granted().await {
        let case = seen(&world).await;
        let mut newer = new_face(case.record, case.id);
        newer.face.kana = Some("サトウ ハナコ".to_owned());
        newer.terms = vec![("kana".to_owned(), "サトウハナコ".to_owned())];
        put(&world, &[newer]).await.unwrap();
        assert!(
            find(&world, &look(HOSPITAL)).await.is_empty(),
            "{}",
            world.name
        );
        let store = &world.store;
        let found = store
            .visible_faces(&look(HOSPITAL), range("kana", "サ", "シ"), 9)
            .await;
        assert_eq!(
            found.unwrap().faces[0].face.kana.as_deref(),
            Some("サトウ ハナコ")
        );
        let count = "-- store.test\nSELECT count(*) FROM face_term";
        assert_eq!(world.count(count).await, 1);
        let mut tx = world.begin().await;
        tx.face_drop(&write(OFFICE), &[case.id]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM face")
                .await,
            0
        );
        assert_eq!(world.count(count).await, 0);
    }
}

#[tokio::test]
async fn long_empty_and_doubled_terms_do_no_harm() {
    for world in granted().await {
        let case = Case::new(&world).await;
        let mut face = new_face(case.record, case.id);
        let long = "長".repeat(1000);
        let values = [&*long, "", "ミホ", "ミホ"];
        face.terms = values
            .map(|value| ("address".to_owned(), value.to_owned()))
            .to_vec();
        put(&world, &[face]).await.unwrap();
        let store = &world.store;
        for low in ["長", &*long] {
            let found = store
                .visible_faces(&look(HOSPITAL), range("address", low, "長長長~"), 9)
                .await;
            assert_eq!(found.unwrap().faces.len(), 0, "the range ends before it");
            let found = store
                .visible_faces(&look(HOSPITAL), range("address", low, "門"), 9)
                .await;
            assert_eq!(found.unwrap().faces.len(), 1, "{}", world.name);
        }
        let mut tx = world.begin().await;
        let found = tx
            .faces_by_term(&network(), "address", &long, 9)
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        let terms = "-- store.test\nSELECT count(*) FROM face_term";
        tx.commit().await.unwrap();
        assert_eq!(world.count(terms).await, 2);
    }
}

#[tokio::test]
async fn matching_finds_faces_of_the_network_newest_first() {
    for world in granted().await {
        let one = seen(&world).await;
        let two = Case::new(&world).await;
        let mut later = new_face(one.record, two.id);
        later.at = Instant(NOW.0 + 1);
        later.face.name = Some("見本 花".to_owned());
        put(&world, &[later]).await.unwrap();
        let mut tx = world.begin().await;
        let of = tx.faces_of(one.record).await.unwrap();
        let names: Vec<_> = of
            .iter()
            .map(|known| known.face.name.as_deref().unwrap())
            .collect();
        assert_eq!(names, ["見本 花", "見本 花子"], "{}", world.name);
        assert_eq!((of[0].record, &of[0].network), (one.record, &network()));
        assert_eq!(
            tx.faces_by_birth(&network(), "1935-03-05", 9)
                .await
                .as_ref(),
            Ok(&of)
        );
        assert_eq!(
            tx.faces_by_birth(&network(), "1935-03-05", 1)
                .await
                .unwrap(),
            of[..1]
        );
        assert_eq!(
            tx.faces_by_birth(&network(), "1935-03", 9).await,
            Ok(vec![])
        );
        assert_eq!(
            tx.faces_by_term(&network(), "name", "見本花子", 9).await,
            Ok(of)
        );
        let fukui = "fukui".parse().unwrap();
        assert_eq!(tx.faces_by_birth(&fukui, "1935-03-05", 9).await, Ok(vec![]));
        assert_eq!(
            tx.faces_by_term(&fukui, "name", "見本花子", 9).await,
            Ok(vec![])
        );

        let keys = [("urn:k".to_owned(), "1".to_owned())];
        let claim = [("urn:k".to_owned(), "1".to_owned(), 0)];
        let message = renkei_model::id::MessageId::new();
        tx.identifiers_add(&write(OFFICE), one.record, &claim, message)
            .await
            .unwrap();
        let found = tx.identifier_match(&network(), &keys).await.unwrap();
        assert_eq!(found[0].face.name.as_deref(), Some("見本 花"), "the newest");
        assert_eq!(found[0].face.phones.len(), 2);
    }
}

#[tokio::test]
async fn a_face_without_kana_does_not_borrow_the_records() {
    for world in granted().await {
        let case = Case::new(&world).await;
        let mut bare = new_face(case.record, case.id);
        bare.face = Face::default();
        put(&world, &[bare]).await.unwrap();
        let mut tx = world.begin().await;
        let claim = [("urn:k".to_owned(), "1".to_owned(), 0)];
        let message = renkei_model::id::MessageId::new();
        tx.identifiers_add(&write(OFFICE), case.record, &claim, message)
            .await
            .unwrap();
        let keys = [("urn:k".to_owned(), "1".to_owned())];
        let found = tx.identifier_match(&network(), &keys).await.unwrap();
        assert_eq!(found[0].face, Face::default(), "{}", world.name);
    }
}

#[tokio::test]
async fn the_face_of_a_patient_who_may_not_be_seen_is_not_found() {
    for world in granted().await {
        let case = seen(&world).await;
        let nurse = look(HOSPITAL);
        assert!(finds(&world, &case, &nurse).await, "control");
        let far = Permit::issue(PermitFacts {
            network: "fukui".parse().ok(),
            ..facts(nurse_of(HOSPITAL), Allows::Look)
        });
        assert!(!finds(&world, &case, &far).await, "another network");
        let emergency = Permit::issue(PermitFacts {
            purpose: Purpose::Emergency,
            ..facts(nurse_of(HOSPITAL), Allows::Emergency)
        });
        assert!(!finds(&world, &case, &emergency).await, "another purpose");
        assert!(
            !finds(&world, &case, &look("0199999999")).await,
            "no relation"
        );

        case.deny(
            (None, None),
            Category::Demographics.bit(),
            NOW.0 - 1,
            Some(NOW.0 + 1),
        )
        .await;
        assert!(!finds(&world, &case, &nurse).await, "consent");
        case.sql("-- store.test\nDELETE FROM consent WHERE record = $1")
            .await;
        assert!(finds(&world, &case, &nurse).await, "control");

        case.sql("-- store.test\nUPDATE enrolment SET until = since + 1 WHERE record = $1")
            .await;
        assert!(!finds(&world, &case, &nurse).await, "has left");
        case.sql("-- store.test\nUPDATE enrolment SET until = NULL WHERE record = $1")
            .await;
        assert!(finds(&world, &case, &nurse).await, "control");

        let blocked = relation(case.record, HOSPITAL, Relation::Blocked);
        world
            .relate(&NewRelation {
                until: Some(Instant(NOW.0 + 1)),
                ..blocked
            })
            .await;
        assert!(
            !finds(&world, &case, &nurse).await,
            "blocked on {}",
            world.name
        );
    }
}

#[tokio::test]
async fn the_patients_current_version_decides() {
    for world in granted().await {
        let case = seen(&world).await;
        let place = shelf(case.record, OFFICE, Category::Demographics);
        let mut secret = version(case.id, 2, place.clone());
        secret.shelf.category = Category::Injection;
        world.put(&[secret]).await.unwrap();
        assert!(!finds(&world, &case, &look(HOSPITAL)).await, "secret now");
        world
            .put(&[version(case.id, 3, place.clone())])
            .await
            .unwrap();
        assert!(
            finds(&world, &case, &look(HOSPITAL)).await,
            "{}",
            world.name
        );
        let deleted = NewVersion {
            deleted: true,
            ..version(case.id, 4, place)
        };
        world.put(&[deleted]).await.unwrap();
        assert!(!finds(&world, &case, &look(HOSPITAL)).await, "deleted");
    }
}

/// A crew's mask needs no relation, and counts for emergencies only.
#[tokio::test]
async fn a_crew_sees_faces_under_the_purpose_emergency_only() {
    for world in worlds().await {
        let crew = MaskRow {
            profession: Profession::AmbulanceCrew,
            purpose: Purpose::Emergency,
            ..mask(Relation::None, Category::Demographics)
        };
        world
            .grant(&[crew, mask(Relation::Exchange, Category::Demographics)])
            .await;
        let case = seen(&world).await;
        let person = |profession| Caller {
            kind: CallerKind::Person {
                staff: "crew-1".parse().unwrap(),
                profession,
            },
            ..nurse_of("0170000009")
        };
        let permit = |profession, purpose, allows| {
            Permit::issue(PermitFacts {
                purpose,
                ..facts(person(profession), allows)
            })
        };
        let cases = [
            (
                Profession::AmbulanceCrew,
                Purpose::Emergency,
                Allows::Emergency,
                true,
            ),
            (
                Profession::AmbulanceCrew,
                Purpose::Treatment,
                Allows::Look,
                false,
            ),
            (
                Profession::Nurse,
                Purpose::Emergency,
                Allows::Emergency,
                false,
            ),
        ];
        for (profession, purpose, allows, see) in cases {
            let permit = permit(profession, purpose, allows);
            assert_eq!(
                finds(&world, &case, &permit).await,
                see,
                "{permit:?} on {}",
                world.name
            );
        }
    }
}

#[tokio::test]
async fn faces_are_written_for_the_permits_network_only() {
    for world in granted().await {
        let case = seen(&world).await;
        let far = NewFace {
            network: "fukui".parse().unwrap(),
            ..new_face(case.record, case.id)
        };
        let refused = put(&world, &[far]).await;
        assert!(
            matches!(refused, Err(StoreError::Inconsistent { .. })),
            "{}",
            world.name
        );
        let foreign = Permit::issue(PermitFacts {
            network: "fukui".parse().ok(),
            ..facts(
                nurse_of(OFFICE),
                Allows::Write {
                    categories: i64::MAX,
                },
            )
        });
        let mut tx = world.begin().await;
        tx.face_drop(&foreign, &[case.id]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            find(&world, &look(HOSPITAL)).await.len(),
            1,
            "nothing dropped"
        );
        let twice = [
            new_face(case.record, case.id),
            new_face(case.record, case.id),
        ];
        assert_eq!(put(&world, &twice).await, Err(StoreError::Conflict));
    }
}
