//! Searches and histories: what is compared how, pages without gaps, and nothing hidden in them.

use renkei_model::id::{RecordId, ResourceId};
use renkei_model::{Category, Instant, Relation};

use super::case::granted;
use super::world::{HOSPITAL, NOW, OFFICE, World, look, relation, shelf, version, write};
use crate::{
    DateTest, IndexRow, NewOrigin, NewVersion, SearchCriterion, SearchOrder, SearchPlace,
    SearchQuery, SearchTest, Stretch,
};

fn row(param: &str, value: &str) -> IndexRow {
    IndexRow {
        param: param.to_owned(),
        system: None,
        value: value.to_owned(),
        folded: Some(value.to_lowercase()),
        low: None,
        high: None,
    }
}

fn day(low: i64, high: i64) -> IndexRow {
    IndexRow {
        folded: None,
        low: Some(low),
        high: Some(high),
        ..row("date", "day")
    }
}

fn query(criteria: &[(&str, SearchTest)]) -> SearchQuery {
    let criterion = |(param, test): &(&str, SearchTest)| SearchCriterion {
        param: (*param).to_owned(),
        any: vec![test.clone()],
    };
    SearchQuery {
        resource_type: "Patient".to_owned(),
        criteria: criteria.iter().map(criterion).collect(),
        broad: false,
    }
}

/// A Patient of a record that the hospital may see, or may not.
async fn patient(
    world: &World,
    seen: bool,
    at: Instant,
    index: Vec<IndexRow>,
) -> (ResourceId, RecordId) {
    let record = world.enrolled_record().await;
    let id = ResourceId::new();
    let new = NewVersion {
        at,
        index,
        ..version(id, 1, shelf(record, OFFICE, Category::Demographics))
    };
    world.put(&[new]).await.unwrap();
    if seen {
        world
            .relate(&relation(record, HOSPITAL, Relation::Exchange))
            .await;
    }
    (id, record)
}

async fn found(world: &World, query: &SearchQuery, order: SearchOrder) -> Vec<ResourceId> {
    // Page by page, two at a time: nothing is skipped, nothing comes twice.
    let (mut all, mut after): (Vec<ResourceId>, Option<SearchPlace>) = (Vec::new(), None);
    loop {
        let permit = look(HOSPITAL);
        let page = world
            .store
            .visible_search(&permit, query, order, after.as_ref(), 2)
            .await
            .unwrap()
            .rows;
        all.extend(page.iter().map(|found| found.row.resource));
        after = page.last().map(|found| found.place.clone());
        if page.len() < 2 {
            break;
        }
    }
    let total = world
        .store
        .visible_count(&look(HOSPITAL), query)
        .await
        .unwrap();
    assert_eq!(total, all.len() as u64, "{query:?} on {}", world.name);
    all
}

/// Everything that is found.
const ALL: Stretch<'static> = Stretch {
    order: SearchOrder::Id,
    after: None,
    to: None,
};

#[tokio::test]
async fn texts_are_compared_as_they_are_asked_for() {
    for world in granted().await {
        let (id, _) = patient(&world, true, NOW, vec![row("name", "A_b%c!d")]).await;
        patient(&world, true, NOW, vec![row("family", "A_b%c!d")]).await;
        let text = str::to_owned;
        for (test, finds) in [
            (SearchTest::Value(text("A_b%c!d")), true),
            (SearchTest::Value(text("a_b%c!d")), false),
            (SearchTest::Folded(text("a_b%c!d")), true),
            (SearchTest::Folded(text("a_b")), false),
            (SearchTest::Begins(text("a_b%")), true),
            (SearchTest::Begins(text("axb")), false),
            (SearchTest::Begins(text("%")), false),
            (SearchTest::Contains(text("b%c!")), true),
            (SearchTest::Contains(text("b_c")), false),
            (SearchTest::Contains(text("%d")), false),
            (SearchTest::ValueWithoutSystem(text("A_b%c!d")), true),
            (SearchTest::ValueOf(text("urn:x"), text("A_b%c!d")), false),
            (SearchTest::Id(id.to_string()), true),
            (SearchTest::Id(ResourceId::new().to_string()), false),
        ] {
            // As what is looked up, and as what is asked of what was found.
            for criteria in [
                vec![("name", test.clone())],
                vec![
                    ("name", SearchTest::Begins(text("a"))),
                    ("name", test.clone()),
                ],
            ] {
                let found = found(&world, &query(&criteria), SearchOrder::Id).await;
                assert_eq!(found == [id], finds, "{criteria:?} on {}", world.name);
            }
        }
        let either = SearchQuery {
            criteria: vec![SearchCriterion {
                param: text("name"),
                any: vec![SearchTest::Folded(text("x")), SearchTest::Begins(text("a"))],
            }],
            ..query(&[])
        };
        assert_eq!(found(&world, &either, SearchOrder::Id).await, [id]);
        assert!(
            found(&world, &query(&[]), SearchOrder::Id).await.is_empty(),
            "no criterion"
        );
    }
}

#[tokio::test]
async fn dates_stand_to_each_other_as_r4_says() {
    let (within, over, open) = ((12, 14), (12, 25), (15, i64::MAX));
    let (touches, before) = ((20, 22), (5, 10));
    for world in granted().await {
        let mut ids = Vec::new();
        for (low, high) in [within, over, open, touches, before] {
            ids.push(patient(&world, true, NOW, vec![day(low, high)]).await.0);
        }
        // Asked for: 10 to 20. In the order of the list above.
        for (how, expected) in [
            (DateTest::Within, [true, false, false, false, false]),
            (DateTest::NotWithin, [false, true, true, true, true]),
            (DateTest::EndsAfter, [false, true, true, true, false]),
            (DateTest::BeginsBefore, [false, false, false, false, true]),
            (DateTest::WithinOrAfter, [true, true, true, true, false]),
            (DateTest::WithinOrBefore, [true, false, false, false, true]),
            (DateTest::After, [false, false, false, true, false]),
            (DateTest::Before, [false, false, false, false, true]),
        ] {
            let test = SearchTest::Date {
                how,
                low: 10,
                high: 20,
            };
            let found = found(&world, &query(&[("date", test)]), SearchOrder::Id).await;
            let seen: Vec<bool> = ids.iter().map(|id| found.contains(id)).collect();
            assert_eq!(seen, expected, "{how:?} on {}", world.name);
        }
    }
}

#[tokio::test]
async fn pages_hold_what_is_visible_in_order_and_nothing_else() {
    let name = || row("name", "same");
    for world in granted().await {
        let (mut seen, mut all) = (Vec::new(), Vec::new());
        for place in 0..9 {
            let at = Instant(NOW.0 + (place * 7) % 5);
            let mut index = vec![name()];
            if place % 3 > 0 {
                index.push(day((place * 5) % 7, 100));
            }
            let (id, record) = patient(&world, place % 2 == 0, at, index).await;
            all.push(record);
            if place % 2 == 0 {
                seen.push((id, at.0, (place % 3 > 0).then_some((place * 5) % 7)));
            }
        }
        let asked = query(&[("name", SearchTest::Folded("same".to_owned()))]);
        let ids = |seen: &[(ResourceId, i64, Option<i64>)]| {
            seen.iter().map(|one| one.0).collect::<Vec<_>>()
        };
        seen.sort_by_key(|one| one.0.to_string());
        assert_eq!(found(&world, &asked, SearchOrder::Id).await, ids(&seen));
        seen.sort_by_key(|one| (one.1, one.0.to_string()));
        assert_eq!(
            found(&world, &asked, SearchOrder::Updated { descending: false }).await,
            ids(&seen)
        );
        seen.sort_by_key(|one| (-one.1, one.0.to_string()));
        assert_eq!(
            found(&world, &asked, SearchOrder::Updated { descending: true }).await,
            ids(&seen)
        );
        seen.sort_by_key(|one| (one.2.unwrap_or(i64::MAX), one.0.to_string()));
        assert_eq!(
            found(&world, &asked, SearchOrder::Date { descending: false }).await,
            ids(&seen)
        );
        seen.sort_by_key(|one| (-one.2.unwrap_or(i64::MIN + 1), one.0.to_string()));
        assert_eq!(
            found(&world, &asked, SearchOrder::Date { descending: true }).await,
            ids(&seen)
        );
        // The leaf names those who stay hidden, too.
        all.sort_unstable();
        let behind = world
            .store
            .records_behind(&look(HOSPITAL), &asked, ALL)
            .await
            .unwrap();
        assert_eq!(behind, all, "{}", world.name);
        assert!(
            world
                .store
                .visible_search(&write(HOSPITAL), &asked, SearchOrder::Id, None, 9)
                .await
                .is_err()
        );
        assert!(
            world
                .store
                .records_behind(&write(HOSPITAL), &asked, ALL)
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn a_document_is_found_and_read_only_whole() {
    for world in granted().await {
        let (_, record) = patient(&world, true, NOW, vec![]).await;
        let (sheet, part) = (ResourceId::new(), ResourceId::new());
        let document = NewVersion {
            resource_type: "Bundle".to_owned(),
            index: vec![row("identifier", "doc")],
            ..version(sheet, 1, shelf(record, OFFICE, Category::Demographics))
        };
        let open = version(part, 1, shelf(record, OFFICE, Category::Demographics));
        world.put(&[document, open.clone()]).await.unwrap();
        let origin = NewOrigin {
            native_key: sheet.to_string(),
            sheet,
            record,
            parts: vec![("sheet".to_owned(), sheet), ("part".to_owned(), part)],
            ..origin(record)
        };
        let mut tx = world.begin().await;
        tx.origin_put(&write(OFFICE), &origin).await.unwrap();
        tx.commit().await.unwrap();
        let asked = SearchQuery {
            resource_type: "Bundle".to_owned(),
            ..query(&[("identifier", SearchTest::Value("doc".to_owned()))])
        };
        let must = async |seen: bool, why: &str| {
            let (store, permit) = (&world.store, look(HOSPITAL));
            assert_eq!(
                found(&world, &asked, SearchOrder::Id).await == [sheet],
                seen,
                "{why} on {}",
                world.name
            );
            let read = store
                .visible_read(&permit, "Bundle", sheet, None)
                .await
                .unwrap();
            let old = store
                .visible_read(&permit, "Bundle", sheet, Some(1))
                .await
                .unwrap();
            assert_eq!(
                (read.is_some(), old.is_some()),
                (seen, seen),
                "{why} on {}",
                world.name
            );
            let versions = store
                .visible_versions(&permit, ("Bundle", sheet))
                .await
                .unwrap();
            assert_eq!(versions, u64::from(seen), "{why} on {}", world.name);
        };
        must(true, "every part is open").await;
        let shut = NewVersion {
            version: 2,
            ..version(part, 2, shelf(record, OFFICE, Category::Vitals))
        };
        world.put(&[shut]).await.unwrap();
        must(
            false,
            "a part is on a shelf that the hospital has no right to",
        )
        .await;
        let read = world
            .store
            .visible_read(&look(OFFICE), "Bundle", sheet, None)
            .await
            .unwrap();
        assert!(
            read.is_none(),
            "nobody has a right to that category on {}",
            world.name
        );
    }
}

#[tokio::test]
async fn a_history_has_the_versions_that_are_open_newest_first() {
    for world in granted().await {
        let (id, record) = patient(&world, true, NOW, vec![]).await;
        let (open, shut) = (
            shelf(record, OFFICE, Category::Demographics),
            shelf(record, OFFICE, Category::Vitals),
        );
        world.put(&[version(id, 2, shut.clone())]).await.unwrap();
        let history = async |before: i64, range: (usize, usize)| {
            let permit = look(HOSPITAL);
            let versions = world
                .store
                .visible_history(&permit, ("Patient", id), before, range);
            let versions = versions.await.unwrap();
            versions.iter().map(|row| row.version).collect::<Vec<_>>()
        };
        assert!(
            history(i64::MAX, (0, 9)).await.is_empty(),
            "the current version is shut"
        );
        world.put(&[version(id, 3, open.clone())]).await.unwrap();
        let gone = NewVersion {
            deleted: true,
            ..version(id, 4, open)
        };
        world.put(&[gone]).await.unwrap();
        assert_eq!(history(i64::MAX, (0, 9)).await, [4, 3, 1], "{}", world.name);
        assert_eq!(history(4, (0, 1)).await, [3]);
        assert_eq!(history(i64::MAX, (1, 1)).await, [3]);
        assert_eq!(history(1, (0, 9)).await, Vec::<i64>::new());
        let total = world
            .store
            .visible_versions(&look(HOSPITAL), ("Patient", id))
            .await;
        assert_eq!(total.unwrap(), 3);
        let other = world
            .store
            .visible_versions(&look(HOSPITAL), ("Bundle", id))
            .await;
        assert_eq!(other.unwrap(), 0, "asked for by another type");
    }
}

fn origin(record: RecordId) -> NewOrigin {
    NewOrigin {
        network: super::world::network(),
        owner: super::world::facility(OFFICE),
        kind: "slip".to_owned(),
        native_key: String::new(),
        sheet: ResourceId::new(),
        record,
        native_version: 1,
        content_sha256: [0; 32],
        kana: None,
        birth_date: None,
        event_date: None,
        destination: None,
        parts: vec![],
    }
}
