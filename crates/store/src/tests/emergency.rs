//! What crews did: counted for each actor, opened and called wrong, noted and linked.

use renkei_model::caller::{Caller, CallerKind};
use renkei_model::id::{NoteId, OpeningId, RecordId, SearchId};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Instant, Permit, Profession, Purpose};

use super::link::join;
use super::world::{NOW, World, facts, network, nurse_of, worlds};
use crate::{NewNote, NewOpening, NewSearch, Rate, StoreError};

const STATION: &str = "0170000009";
/// As often as one likes.
pub(super) const ANY: Rate = Rate {
    since: Instant(0),
    most: i64::MAX,
};

fn crew(name: &str, code: &str, at: i64) -> Permit {
    let kind = CallerKind::Person {
        staff: name.parse().unwrap(),
        profession: Profession::AmbulanceCrew,
    };
    let caller = Caller {
        kind,
        ..nurse_of(code)
    };
    Permit::issue(PermitFacts {
        purpose: Purpose::Emergency,
        at: Instant(NOW.0 + at),
        ..facts(caller, Allows::Emergency)
    })
}

async fn search(world: &World, permit: &Permit) -> SearchId {
    let search = NewSearch {
        id: SearchId::new(),
        asked: 2,
        found: 1,
    };
    let mut tx = world.begin().await;
    tx.emergency_search_put(permit, &search, ANY).await.unwrap();
    tx.commit().await.unwrap();
    search.id
}

fn opening(record: RecordId, until: i64) -> NewOpening {
    NewOpening {
        id: OpeningId::new(),
        search: None,
        network: network(),
        record,
        reason_code: "unconscious".to_owned(),
        reason_text: "応答なし".to_owned(),
        dispatch: "R8-0012".to_owned(),
        until: Instant(NOW.0 + until),
    }
}

async fn open(world: &World, permit: &Permit, opening: &NewOpening) {
    let mut tx = world.begin().await;
    tx.opening_put(permit, opening, ANY).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn searches_and_different_persons_are_counted_for_the_actor() {
    for world in worlds().await {
        let (a, b, c) = (
            world.enrolled_record().await,
            world.enrolled_record().await,
            world.enrolled_record().await,
        );
        join(&world, a, b).await;
        for at in [0, 10, 20] {
            search(&world, &crew("crew-1", STATION, at)).await;
        }
        search(&world, &crew("crew-2", STATION, 20)).await;
        search(&world, &crew("crew-1", "0170000008", 20)).await;
        for (record, at) in [(a, 0), (a, 5), (b, 6), (c, 7)] {
            let permit = crew("crew-1", STATION, at);
            open(&world, &permit, &opening(record, 100)).await;
        }
        let me = crew("crew-1", STATION, 30);
        let load = async |search: i64, card: i64| {
            let (search, card) = (Instant(NOW.0 + search), Instant(NOW.0 + card));
            world.store.emergency_load(&me, search, card).await.unwrap()
        };
        assert_eq!(
            load(-1, -1).await,
            (3, 2),
            "a and b are one: {}",
            world.name
        );
        assert_eq!(load(0, 6).await, (2, 1), "strictly after");
        assert_eq!(load(20, 7).await, (0, 0));
        let other = crew("crew-2", STATION, 30);
        let before = Instant(0);
        assert_eq!(
            world.store.emergency_load(&other, before, before).await,
            Ok((1, 0))
        );
        let networks =
            "-- store.test\nSELECT count(*) FROM emergency_search WHERE networks = ',kitamaru,'";
        assert_eq!(world.count(networks).await, 5);
    }
}

/// On PostgreSQL two requests at once would each count before the other has written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_once_are_counted_one_after_the_other() {
    for world in worlds().await {
        let world = std::sync::Arc::new(world);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let world = std::sync::Arc::clone(&world);
                tokio::spawn(async move {
                    let me = crew("crew-1", STATION, 0);
                    let mut tx = world.begin().await;
                    let search = NewSearch {
                        id: SearchId::new(),
                        asked: 1,
                        found: 0,
                    };
                    let rate = Rate {
                        since: Instant(0),
                        most: 3,
                    };
                    tx.gather();
                    tx.emergency_search_put(&me, &search, rate).await.unwrap();
                    tx.commit().await
                })
            })
            .collect();
        let mut refused = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => {}
                Err(error) => {
                    assert_eq!(error, StoreError::Conflict, "{}", world.name);
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 5, "{}", world.name);
        let count = "-- store.test\nSELECT count(*) FROM emergency_search";
        assert_eq!(world.count(count).await, 3, "{}", world.name);
    }
}

#[tokio::test]
async fn the_rate_of_cards_counts_people_and_whom_it_knows_is_no_new_one() {
    for world in worlds().await {
        let (a, b, c) = (
            world.enrolled_record().await,
            world.enrolled_record().await,
            world.enrolled_record().await,
        );
        join(&world, a, b).await;
        let me = |at| crew("crew-1", STATION, at);
        let rate = |since: i64| Rate {
            since: Instant(NOW.0 + since),
            most: 1,
        };
        let attempt = async |record, at: i64, since: i64| {
            let mut tx = world.begin().await;
            let put = tx
                .opening_put(&me(at), &opening(record, 100), rate(since))
                .await;
            match put {
                Ok(()) => tx.commit().await,
                Err(error) => Err(error),
            }
        };
        assert_eq!(attempt(a, 0, -10).await, Ok(()));
        assert_eq!(
            attempt(b, 1, -10).await,
            Ok(()),
            "the same person: {}",
            world.name
        );
        assert_eq!(attempt(c, 2, -10).await, Err(StoreError::Conflict));
        assert_eq!(attempt(c, 20, 1).await, Ok(()), "strictly after");
        let count = "-- store.test\nSELECT count(*) FROM opening";
        assert_eq!(world.count(count).await, 3, "{}", world.name);
        let nobody = attempt(RecordId::new(), 3, -10).await;
        assert_eq!(nobody, Err(StoreError::Conflict), "no record, no person");
    }
}

#[tokio::test]
async fn an_opening_counts_until_its_end_and_for_its_actor() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let me = crew("crew-1", STATION, 0);
        let search = search(&world, &me).await;
        let opened = NewOpening {
            search: Some(search),
            ..opening(record, 50)
        };
        open(&world, &me, &opened).await;
        let store = &world.store;
        let active = async |permit: Permit| store.opening_active(&permit, record).await.unwrap();
        let found = active(crew("crew-1", STATION, 49)).await.unwrap();
        assert_eq!(
            (found.id, found.search, found.record),
            (opened.id, Some(search), record)
        );
        assert_eq!((found.at, found.until.0), (NOW, NOW.0 + 50));
        assert_eq!(
            (&*found.reason_code, &*found.reason_text),
            ("unconscious", "応答なし")
        );
        assert_eq!(&*found.dispatch, "R8-0012");
        assert!(
            active(crew("crew-1", STATION, 50)).await.is_none(),
            "{}",
            world.name
        );
        assert!(
            active(crew("crew-1", STATION, -1)).await.is_none(),
            "not yet"
        );
        assert!(
            active(crew("crew-2", STATION, 1)).await.is_none(),
            "a colleague"
        );
        assert!(active(crew("crew-1", "0170000008", 1)).await.is_none());
        let other = world.enrolled_record().await;
        assert_eq!(store.opening_active(&me, other).await, Ok(None));
    }
}

#[tokio::test]
async fn the_wrong_person_closes_what_is_open_and_names_the_newest() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let long_ago = opening(record, -900);
        open(&world, &crew("crew-1", STATION, -1000), &long_ago).await;
        let (first, second) = (opening(record, 100), opening(record, 110));
        open(&world, &crew("crew-1", STATION, 0), &first).await;
        open(&world, &crew("crew-1", STATION, 1), &second).await;
        open(&world, &crew("crew-2", STATION, 1), &opening(record, 100)).await;
        let me = crew("crew-1", STATION, 2);
        let mut tx = world.begin().await;
        let named = tx.opening_wrong(&me, record, "別の方でした").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(named, Some(second.id), "{}", world.name);
        assert_eq!(world.store.opening_active(&me, record).await, Ok(None));
        let colleague = crew("crew-2", STATION, 2);
        assert!(
            world
                .store
                .opening_active(&colleague, record)
                .await
                .unwrap()
                .is_some()
        );
        let marked = "-- store.test\nSELECT count(*) FROM opening WHERE wrong_at IS NOT NULL";
        assert_eq!(world.count(marked).await, 2, "not the one of long ago");
        let mut tx = world.begin().await;
        let again = tx.opening_wrong(&me, record, "x").await.unwrap();
        assert_eq!(
            again,
            Some(long_ago.id),
            "the newest that is not called wrong yet"
        );
        assert_eq!(tx.opening_wrong(&me, record, "x").await, Ok(None));
    }
}

fn note(text: &str) -> NewNote {
    NewNote {
        id: NoteId::new(),
        network: network(),
        dispatch: "R8-0013".to_owned(),
        text: text.to_owned(),
        sex: Some("male".to_owned()),
        age_text: Some("80代".to_owned()),
        place: None,
    }
}

#[tokio::test]
async fn a_note_waits_for_its_facility_and_is_linked_once() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let (me, later) = (crew("crew-1", STATION, 0), crew("crew-2", STATION, 5));
        let strangers = crew("crew-1", "0170000008", 5);
        let (first, second) = (note("杖あり"), note("眼鏡"));
        let mut tx = world.begin().await;
        tx.note_put(&me, &first).await.unwrap();
        tx.note_put(&later, &second).await.unwrap();
        tx.commit().await.unwrap();
        let store = &world.store;
        let open = store.notes_open(&later).await.unwrap();
        let ids: Vec<_> = open.iter().map(|note| note.id).collect();
        assert_eq!(ids, [second.id, first.id], "newest first: {}", world.name);
        assert_eq!(
            (&*open[1].text, open[1].age_text.as_deref()),
            ("杖あり", Some("80代"))
        );
        assert_eq!(
            (&*open[1].actor, open[1].place.as_deref()),
            ("person:crew-1", None)
        );
        assert_eq!(store.notes_open(&strangers).await, Ok(vec![]));

        let mut tx = world.begin().await;
        let elsewhere = "fukui".parse().unwrap();
        let far = tx.record_create(&elsewhere, None, None, NOW).await.unwrap();
        let directory = tx.directory_record(&network(), NOW).await.unwrap();
        for (permit, record) in [(&strangers, record), (&later, far), (&later, directory)] {
            assert_eq!(tx.note_link(permit, first.id, record).await, Ok(false));
        }
        assert_eq!(tx.note_link(&later, NoteId::new(), record).await, Ok(false));
        assert_eq!(tx.note_link(&later, first.id, record).await, Ok(true));
        assert_eq!(
            tx.note_link(&later, first.id, record).await,
            Ok(false),
            "once"
        );
        tx.commit().await.unwrap();
        let linked = store.notes_of(&strangers, &[record, far]).await.unwrap();
        assert_eq!((linked.len(), linked[0].record), (1, Some(record)));
        assert_eq!(linked[0].linked_by.as_deref(), Some("person:crew-2"));
        assert_eq!(linked[0].linked_at, Some(Instant(NOW.0 + 5)));
        assert_eq!(store.notes_open(&later).await.unwrap().len(), 1);
        assert_eq!(store.notes_of(&me, &[]).await, Ok(vec![]));
        let abroad = Permit::issue(PermitFacts {
            network: "fukui".parse().ok(),
            ..facts(nurse_of(STATION), Allows::Emergency)
        });
        assert_eq!(store.notes_of(&abroad, &[record]).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn nothing_is_kept_for_another_network() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let me = crew("crew-1", STATION, 0);
        let fukui = || "fukui".parse().unwrap();
        let mut tx = world.begin().await;
        let (opening, note) = (
            NewOpening {
                network: fukui(),
                ..opening(record, 9)
            },
            NewNote {
                network: fukui(),
                ..note("x")
            },
        );
        let opened = tx.opening_put(&me, &opening, ANY).await;
        assert!(matches!(opened, Err(StoreError::Inconsistent { .. })));
        let noted = tx.note_put(&me, &note).await;
        assert!(
            matches!(noted, Err(StoreError::Inconsistent { .. })),
            "{}",
            world.name
        );
    }
}
