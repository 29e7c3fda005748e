//! Pages in the order of the index: everybody once, the least value that fits first, whatever comes in meanwhile.

use renkei_model::id::{RecordId, ResourceId};
use renkei_model::{Category, Relation};

use super::case::granted;
use super::world::{HOSPITAL, NOW, OFFICE, World, look, relation, shelf, version};
use crate::{
    IndexRow, NewVersion, SearchCriterion, SearchOrder, SearchPlace, SearchQuery, SearchTest,
    Stretch,
};

/// A Patient, what it is found by, and whether the hospital may see it.
struct One {
    id: ResourceId,
    record: RecordId,
    folded: Vec<String>,
    seen: bool,
}

/// Names of one to three letters out of three, so that many begin alike; some are there twice, written
/// differently.
fn names(seed: u64) -> Vec<(String, String)> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut names = Vec::new();
    for _ in 0..=next(3) {
        let length = 1 + next(3);
        let folded: String = (0..length)
            .map(|_| ['a', 'b', '山'][usize::try_from(next(3)).unwrap()])
            .collect();
        if next(3) == 0 {
            names.push((folded.to_uppercase(), folded.clone()));
        }
        names.push((folded.clone(), folded));
    }
    names
}

async fn put(world: &World, seed: u64) -> One {
    let record = world.enrolled_record().await;
    let (id, seen) = (ResourceId::new(), !seed.is_multiple_of(3));
    let names = names(seed);
    let index = names.iter().map(|(value, folded)| IndexRow {
        param: "name".to_owned(),
        system: None,
        value: value.clone(),
        folded: Some(folded.clone()),
        low: None,
        high: None,
    });
    let new = NewVersion {
        at: NOW,
        index: index.collect(),
        ..version(id, 1, shelf(record, OFFICE, Category::Demographics))
    };
    world.put(&[new]).await.unwrap();
    if seen {
        let exchange = relation(record, HOSPITAL, Relation::Exchange);
        world.relate(&exchange).await;
    }
    let folded = names.into_iter().map(|(_, folded)| folded).collect();
    One {
        id,
        record,
        folded,
        seen,
    }
}

fn asked(test: &SearchTest) -> SearchQuery {
    SearchQuery {
        resource_type: "Patient".to_owned(),
        criteria: vec![SearchCriterion {
            param: "name".to_owned(),
            any: vec![test.clone()],
        }],
        broad: false,
    }
}

/// The least value that fits.
fn least(one: &One, test: &SearchTest) -> Option<String> {
    let fits = |folded: &&String| match test {
        SearchTest::Begins(asked) => folded.starts_with(asked.as_str()),
        SearchTest::Contains(asked) => folded.contains(asked.as_str()),
        _ => false,
    };
    one.folded.iter().filter(fits).min().cloned()
}

/// Everybody visible who fits, in the order of the index.
fn expected(all: &[One], test: &SearchTest) -> Vec<ResourceId> {
    let mut fitting: Vec<(String, String, ResourceId)> = all
        .iter()
        .filter(|one| one.seen)
        .filter_map(|one| Some((least(one, test)?, one.id.to_string(), one.id)))
        .collect();
    fitting.sort();
    fitting.into_iter().map(|(_, _, id)| id).collect()
}

#[tokio::test]
async fn pages_in_the_order_of_the_index_hold_everybody_once_whatever_comes_in_between() {
    let begins = |text: &str| SearchTest::Begins(text.to_owned());
    let contains = |text: &str| SearchTest::Contains(text.to_owned());
    let tests = [
        begins("a"),
        begins("ba"),
        begins("山"),
        contains("b"),
        contains("山a"),
        begins("x"),
    ];
    for world in granted().await {
        let mut all = Vec::new();
        for seed in 1..=24 {
            all.push(put(&world, seed).await);
        }
        let mut seed = 100;
        for (size, test) in (1..).zip(&tests) {
            let there = expected(&all, test);
            let (mut found, mut after): (Vec<ResourceId>, Option<SearchPlace>) = (Vec::new(), None);
            loop {
                let permit = look(HOSPITAL);
                let page = world
                    .store
                    .visible_search(
                        &permit,
                        &asked(test),
                        SearchOrder::Index,
                        after.as_ref(),
                        size,
                    )
                    .await
                    .unwrap()
                    .rows;
                found.extend(page.iter().map(|row| row.row.resource));
                after = page.last().map(|row| row.place.clone());
                if page.len() < size {
                    break;
                }
                all.push(put(&world, seed).await);
                seed += 1;
            }
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), found.len(), "{test:?} twice on {}", world.name);
            found.retain(|id| there.contains(id));
            assert_eq!(found, there, "{test:?} on {}", world.name);
            let total = world
                .store
                .visible_count(&look(HOSPITAL), &asked(test))
                .await
                .unwrap();
            assert_eq!(
                total,
                expected(&all, test).len() as u64,
                "{test:?} on {}",
                world.name
            );
            behind(&world, &all, test).await;
        }
    }
}

/// The leaf's names: hidden or not, from the place on where the page begins.
async fn behind(world: &World, all: &[One], test: &SearchTest) {
    let mut fitting: Vec<(String, String, &One)> = all
        .iter()
        .filter_map(|one| Some((least(one, test)?, one.id.to_string(), one)))
        .collect();
    fitting.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    let half = fitting.len() / 2;
    let (whole, rest) = ((0, fitting.len()), (half, fitting.len()));
    for (skipped, end) in [whole, rest, (0, half), (half / 2, half)] {
        let place = |rows: usize| {
            let (text, _, one) = fitting.get(rows.checked_sub(1)?)?;
            let (text, id) = (text.clone(), one.id);
            Some(SearchPlace { key: 0, text, id })
        };
        let (after, to) = (place(skipped), place(end));
        let to = to.filter(|_| end < fitting.len());
        if end < fitting.len() && to.is_none() {
            continue;
        }
        let stretch = Stretch {
            order: SearchOrder::Index,
            after: after.as_ref(),
            to: to.as_ref(),
        };
        let found = world
            .store
            .records_behind(&look(HOSPITAL), &asked(test), stretch)
            .await
            .unwrap();
        let mut records: Vec<RecordId> = fitting[skipped..end]
            .iter()
            .map(|(_, _, one)| one.record)
            .collect();
        records.sort_unstable();
        assert_eq!(
            found, records,
            "{test:?} from {skipped} to {end} on {}",
            world.name
        );
    }
}
