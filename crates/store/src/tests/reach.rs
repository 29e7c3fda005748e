//! What a search passes over without judging it is nothing that its caller could see: the same rows in the same order
//! as those that `visible` gives when it is asked for each resource alone.

use renkei_model::id::{RecordId, ResourceId};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{Category, Instant, Permit, Relation};

use super::case::by_identifier;
use super::world::{
    HOSPITAL, NOW, OFFICE, POLICY, World, facility, facts, mask, nurse_of, relation, shelf,
    version, worlds,
};
use crate::sql::query;
use crate::{
    DateTest, IndexRow, MaskRow, NewRelation, NewVersion, SearchCriterion, SearchOrder,
    SearchPlace, SearchQuery, SearchTest, Stretch,
};

const CLINIC: &str = "0110000002";
/// Its masks give something of residents to everybody.
const OPEN: &str = "policy-open";

struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below).unwrap()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64)].clone()
    }
}

async fn activate(world: &World) {
    let with = |relation, categories: &[Category]| MaskRow {
        categories: categories.iter().map(|one| one.bit()).sum(),
        ..mask(relation, Category::Demographics)
    };
    let (own, open) = (Category::Demographics, Category::Directory);
    let narrow = vec![
        with(Relation::None, &[open]),
        with(Relation::AuthorFacility, &[own, Category::Vitals, open]),
        with(Relation::Exchange, &[own]),
        with(Relation::TeamMember, &[own, Category::Vitals]),
        with(Relation::Former, &[Category::Vitals]),
    ];
    let mut broad = narrow.clone();
    broad[0] = with(Relation::None, &[open, Category::Vitals]);
    let mut tx = world.begin().await;
    tx.policy_activate(POLICY, &narrow, NOW).await.unwrap();
    tx.policy_activate(OPEN, &broad, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

/// A Patient of any facility on any shelf, changed once or not, in any relation to anybody.
async fn put(world: &World, dice: &mut Dice) -> (ResourceId, RecordId) {
    let (record, id) = (world.enrolled_record().await, ResourceId::new());
    let facilities = [OFFICE, HOSPITAL, CLINIC];
    let categories = [
        Category::Demographics,
        Category::Vitals,
        Category::Directory,
    ];
    for number in 1..=1 + i64::from(dice.below(3) == 0) {
        let name = dice.one(&["ab", "abc", "b"]).to_owned();
        let low = dice.one(&[5, 10, 15]);
        let named = IndexRow {
            param: "name".to_owned(),
            system: None,
            value: name.clone(),
            folded: Some(name),
            low: None,
            high: None,
        };
        let dated = IndexRow {
            param: "date".to_owned(),
            folded: None,
            low: Some(low),
            high: Some(low + 10),
            ..named.clone()
        };
        let (owner, category) = (dice.one(&facilities), dice.one(&categories));
        let new = NewVersion {
            at: Instant(NOW.0 + i64::try_from(dice.below(5)).unwrap()),
            index: vec![named, dated],
            deleted: dice.below(12) == 0,
            ..version(id, number, shelf(record, owner, category))
        };
        world.put(&[new]).await.unwrap();
    }
    let kinds = [
        Relation::Exchange,
        Relation::TeamMember,
        Relation::Former,
        Relation::FacilityInTeam,
        Relation::Blocked,
    ];
    for _ in 0..dice.below(3) {
        let to = dice.one(&facilities);
        let row = NewRelation {
            staff: dice.one(&[None, None, "nurse-1".parse().ok(), "nurse-2".parse().ok()]),
            owner_limit: dice.one(&[None, None, Some(facility(OFFICE))]),
            until: dice.one(&[None, None, Some(NOW)]),
            ..relation(record, to, dice.one(&kinds))
        };
        world.relate(&row).await;
    }
    if dice.below(5) == 0 {
        let sql = "-- store.test\nUPDATE enrolment SET until = 1800000000000000 WHERE record = $1";
        let mut tx = world.begin().await;
        tx.execute(query(sql).bind(record.to_string()))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    (id, record)
}

fn look(code: &str, policy: &str) -> Permit {
    Permit::issue(PermitFacts {
        policy: policy.to_owned(),
        ..facts(nurse_of(code), Allows::Look)
    })
}

fn asked(param: &str, test: SearchTest, broad: bool) -> SearchQuery {
    let (param, any) = (param.to_owned(), vec![test]);
    SearchQuery {
        resource_type: "Patient".to_owned(),
        criteria: vec![SearchCriterion { param, any }],
        broad,
    }
}

/// Page by page.
async fn found(
    world: &World,
    permit: &Permit,
    (query, order): (&SearchQuery, SearchOrder),
    size: usize,
) -> Vec<ResourceId> {
    let (mut all, mut after): (Vec<ResourceId>, Option<SearchPlace>) = (Vec::new(), None);
    loop {
        let page = world
            .store
            .visible_search(permit, query, order, after.as_ref(), size)
            .await
            .unwrap()
            .rows;
        let stands = order == SearchOrder::Index;
        for found in &page {
            let bare = world.store.stands(permit, &[&found.row]).await.unwrap();
            let own = found.row.stands.clone().unwrap_or_else(|| bare[0].clone());
            assert_eq!(own, bare[0], "{}", world.name);
            assert_eq!(found.row.stands.is_some(), stands, "{order:?}");
        }
        all.extend(page.iter().map(|found| found.row.resource));
        after = page.last().map(|found| found.place.clone());
        if page.len() < size {
            return all;
        }
    }
}

/// Which of the resources `visible` shows when it is asked for each alone.
async fn seen(world: &World, permit: &Permit, all: &[ResourceId]) -> Vec<ResourceId> {
    let mut seen = Vec::new();
    for id in all {
        let read = world.store.visible_read(permit, "Patient", *id, None).await;
        if read.unwrap().is_some_and(|row| !row.deleted) {
            seen.push(*id);
        }
    }
    seen.sort_unstable();
    seen
}

#[tokio::test]
async fn whoever_is_passed_over_could_not_have_been_seen() {
    let everything = SearchTest::Date {
        how: DateTest::WithinOrAfter,
        low: 1,
        high: 2,
    };
    let anybody = SearchTest::Contains("b".to_owned());
    let queries = [
        (asked("name", anybody, false), SearchOrder::Index),
        (asked("date", everything.clone(), true), SearchOrder::Index),
        (asked("date", everything.clone(), false), SearchOrder::Index),
        (
            asked("date", everything, true),
            SearchOrder::Updated { descending: true },
        ),
    ];
    for world in worlds().await {
        activate(&world).await;
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let mut all = Vec::new();
        for _ in 0..60 {
            all.push(put(&world, &mut dice).await.0);
        }
        let mut counts = Vec::new();
        for policy in [POLICY, OPEN] {
            for code in [OFFICE, HOSPITAL, CLINIC, "0199999999"] {
                let permit = look(code, policy);
                let expected = seen(&world, &permit, &all).await;
                counts.push(expected.len());
                for (size, (query, order)) in (3..).zip(&queries) {
                    let mut rows = found(&world, &permit, (query, *order), size).await;
                    let total = world.store.visible_count(&permit, query).await.unwrap();
                    assert_eq!(total, rows.len() as u64, "{code} {policy} {}", world.name);
                    let by_id = query.criteria[0].param == "date" && *order == SearchOrder::Index;
                    assert!(!by_id || rows.is_sorted(), "{query:?} on {}", world.name);
                    rows.sort_unstable();
                    assert_eq!(rows, expected, "{query:?} {code} {policy} {}", world.name);
                }
            }
        }
        assert!(
            counts.iter().all(|seen| (1..60).contains(seen)),
            "{counts:?}"
        );
        assert!(counts[0] < counts[4] && counts[3] < counts[7], "{counts:?}");
    }
}

/// The leaf of a broad page names whom it went past and whom it shows, and nobody behind its end.
#[tokio::test]
async fn a_broad_page_names_whom_it_looked_at() {
    let far = SearchTest::Date {
        how: DateTest::After,
        low: 1,
        high: 10,
    };
    for world in worlds().await {
        activate(&world).await;
        let mut dice = Dice(77);
        let mut all = Vec::new();
        for _ in 0..30 {
            all.push(put(&world, &mut dice).await);
        }
        let permit = look(HOSPITAL, POLICY);
        let (short, long) = (
            asked("date", far.clone(), true),
            asked("date", far.clone(), false),
        );
        let fitting = world.store.records_behind(&permit, &long, whole()).await;
        let fitting = fitting.unwrap();
        assert!(fitting.len() > 5 && fitting.len() < 30, "{}", fitting.len());
        let page = world
            .store
            .visible_search(&permit, &short, SearchOrder::Index, None, 4)
            .await
            .unwrap()
            .rows;
        let (first, last) = (&page[1].place, &page[3].place);
        let stretch = Stretch {
            order: SearchOrder::Index,
            after: Some(first),
            to: Some(last),
        };
        let behind = world.store.records_behind(&permit, &short, stretch).await;
        let mut expected: Vec<RecordId> = all
            .iter()
            .filter(|(id, record)| *id > first.id && *id <= last.id && fitting.contains(record))
            .map(|(_, record)| *record)
            .collect();
        expected.sort_unstable();
        assert!(expected.len() > 2, "some are hidden");
        assert_eq!(behind.unwrap(), expected, "{}", world.name);
        let every = world.store.records_behind(&permit, &short, whole()).await;
        assert_eq!(every.unwrap(), fitting, "{}", world.name);
        let broad = world.store.search_is_broad(&permit, &short).await;
        assert_eq!(broad, Ok(false), "few are not broad");
    }
}

const fn whole() -> Stretch<'static> {
    Stretch {
        order: SearchOrder::Index,
        after: None,
        to: None,
    }
}

/// Where few fit, the page says whom it is about, hidden or not, as the leaf's own question does.
#[tokio::test]
async fn a_narrow_page_brings_with_it_whom_it_is_about() {
    for world in worlds().await {
        activate(&world).await;
        let mut records = Vec::new();
        for number in 0..9 {
            let record = world.enrolled_record().await;
            let owner = if number == 0 { HOSPITAL } else { OFFICE };
            let new = version(
                ResourceId::new(),
                1,
                shelf(record, owner, Category::Demographics),
            );
            world.put(&[new]).await.unwrap();
            records.push(record);
            let (query, permit) = (
                by_identifier("Patient", None, "A-1"),
                look(HOSPITAL, POLICY),
            );
            let page = world
                .store
                .visible_search(&permit, &query, SearchOrder::Index, None, 5)
                .await
                .unwrap();
            assert_eq!(page.rows.len(), 1, "{}", world.name);
            records.sort_unstable();
            let expected = (records.len() <= 8).then(|| records.clone());
            assert_eq!(page.behind, expected, "{}", world.name);
            let asked = world.store.records_behind(&permit, &query, whole()).await;
            assert_eq!(asked.unwrap(), records, "{}", world.name);
        }
        let elsewhere = Permit::issue(PermitFacts {
            network: "fukui".parse().ok(),
            ..facts(nurse_of(HOSPITAL), Allows::Look)
        });
        let query = by_identifier("Patient", None, "A-1");
        let page = world
            .store
            .visible_search(&elsewhere, &query, SearchOrder::Index, None, 5)
            .await
            .unwrap();
        assert_eq!((page.rows.len(), page.behind), (0, None), "{}", world.name);
    }
}

/// Five thousand rows are: found by the same count on both databases.
#[tokio::test]
async fn much_is_broad_and_a_walk_is_not_counted() {
    for world in worlds().await {
        activate(&world).await;
        let mut dice = Dice(5);
        let (id, _) = put(&world, &mut dice).await;
        let sql = "-- store.test\nINSERT INTO search_index (resource, type, param, value, low, high) \
                   WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 4999) \
                   SELECT $1, 'Patient', 'born', '', x, x + 1 FROM n";
        let mut tx = world.begin().await;
        tx.execute(query(sql).bind(id.to_string())).await.unwrap();
        tx.commit().await.unwrap();
        let since = |low| SearchTest::Date {
            how: DateTest::WithinOrAfter,
            low,
            high: low,
        };
        let permit = look(HOSPITAL, POLICY);
        let broad = async |query: &SearchQuery| {
            let broad = world.store.search_is_broad(&permit, query).await;
            broad.unwrap()
        };
        assert!(
            !broad(&asked("born", since(0), false)).await,
            "{}",
            world.name
        );
        let sql = "-- store.test\nINSERT INTO search_index (resource, type, param, value, low, high) \
                   VALUES ($1, 'Patient', 'born', '', 5000, 5001)";
        let mut tx = world.begin().await;
        tx.execute(query(sql).bind(id.to_string())).await.unwrap();
        tx.commit().await.unwrap();
        assert!(
            broad(&asked("born", since(0), false)).await,
            "{}",
            world.name
        );
        assert!(
            !broad(&asked("born", since(2_000), false)).await,
            "{}",
            world.name
        );
        let walked = SearchTest::Contains(String::new());
        assert!(
            !broad(&asked("born", walked, false)).await,
            "{}",
            world.name
        );
    }
}
