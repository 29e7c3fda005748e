//! Searches: rights → visible rows that fit → each asked once more → a page.

use renkei_fhir::params::ParamKind;
use renkei_fhir::search::{
    self as fhir, Criterion, Prefix, Search, Sort, Test, TextMatch, TokenSystem,
};
use renkei_fhir::types::ResourceType;
use renkei_model::permit::Permit;
use renkei_store::{
    DateTest, SearchCriterion, SearchOrder, SearchPage, SearchPlace, SearchQuery, SearchTest,
    Stretch, VisibleVersion,
};
use serde_json::{Value, json};

use crate::fold_index::fold_term;
use crate::house::House;
use crate::look::{Ask, Found, LookError, Page, recheck_all};
use crate::page;
use crate::render_bundle::{PageOf, searchset};

/// What cursors of searches are sealed for.
const PURPOSE: &str = "page of a search";

/// The longest month, in microseconds.
const MONTH: i64 = 31 * 86_400 * 1_000_000;

/// Answers a page of a search.
///
/// The leaf names everybody whom the page looked at, also those who stay hidden, and keeps the query as a
/// salted digest.
///
/// # Errors
/// [`LookError`].
pub(crate) async fn search(
    house: &House,
    ask: &Ask,
    permit: &Permit,
    (kind, asked): (ResourceType, &Page),
) -> Result<Found, LookError> {
    let (search, after) = match asked {
        Page::First(search) => (search.clone(), None),
        Page::Next(cursor) => {
            let (search, place) = resume(house, ask, kind, cursor)?;
            (search, Some(place))
        }
    };
    let mut query = query(&search)?;
    let order = order(search.sort);
    if order == SearchOrder::Index && search.criteria.iter().all(|one| breadth(one) > NARROW) {
        query.broad = house.store.search_is_broad(permit, &query).await?;
    }
    let limit = search.count.unwrap_or(house.limits.page);
    let limit = limit.min(house.limits.page_max);
    // Without rows nothing is said of whom the page is about: the leaf asks.
    let SearchPage {
        rows: mut found,
        behind,
    } = house
        .store
        .visible_search(permit, &query, order, after.as_ref(), more_than(limit))
        .await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more).map(|row| row.place.clone());
    let next = last.as_ref().map(|place| {
        let content = json!({
            "type": kind.as_str(), "asked": search.asked, "key": place.key,
            "text": place.text, "id": place.id.to_string(),
        });
        page::seal(house, ask, PURPOSE, content)
    });
    let known = (after.is_none() && !more).then_some(found.len() as u64);
    let total = match search.total {
        Some(false) if limit > 0 => None,
        None if limit > 0 => known,
        _ => Some(house.store.visible_count(permit, &query).await?),
    };
    let rows = found.into_iter().map(|found| found.row).collect();
    let seen = recheck_all(house, permit, rows).await?;
    let rows: Vec<&VisibleVersion> = seen.iter().map(|seen| &seen.row).collect();
    let sight = searchset(&PageOf {
        base: &ask.base,
        path: kind.as_str(),
        resource_type: kind.as_str(),
        rows,
        total,
        settings: settings(&search),
        next,
    });
    let mut found = Found::of(sight, &seen);
    found.details.push(("query".to_owned(), written(&search)));
    let stretch = Stretch {
        order,
        after: after.as_ref(),
        to: last.as_ref(),
    };
    found.records = match behind {
        Some(records) => records,
        None => house.store.records_behind(permit, &query, stretch).await?,
    };
    found.network = found.network.or_else(|| permit.networks().first().cloned());
    Ok(found)
}

/// One row more says whether there is a next page; a page of no rows has none.
const fn more_than(limit: usize) -> usize {
    if limit == 0 { 0 } else { limit + 1 }
}

/// What a cursor goes on with.
fn resume(
    house: &House,
    ask: &Ask,
    kind: ResourceType,
    cursor: &str,
) -> Result<(Search, SearchPlace), LookError> {
    let content = page::open(house, ask, PURPOSE, cursor)?;
    let resumed = || -> Option<(Search, SearchPlace)> {
        if content.get("type")?.as_str()? != kind.as_str() {
            return None;
        }
        let pair = |pair: &Value| {
            let side = |place: usize| pair.get(place)?.as_str().map(str::to_owned);
            Some((side(0)?, side(1)?))
        };
        let asked: Option<Vec<_>> = content.get("asked")?.as_array()?.iter().map(pair).collect();
        let place = SearchPlace {
            key: content.get("key")?.as_i64()?,
            text: content.get("text")?.as_str()?.to_owned(),
            id: content.get("id")?.as_str()?.parse().ok()?,
        };
        Some((fhir::search(kind, &asked?).ok()?, place))
    };
    resumed().ok_or_else(page::useless)
}

/// The settings of the page, for the link to itself. What was searched for is in no URL of ours.
fn settings(search: &Search) -> Vec<(&'static str, String)> {
    let names = ["_count", "_sort", "_total"].into_iter();
    names
        .filter_map(|name| {
            let (_, value) = search.asked.iter().find(|(known, _)| known == name)?;
            Some((name, value.clone()))
        })
        .collect()
}

/// The query as one text, for the leaf's digest.
fn written(search: &Search) -> String {
    let pairs: Vec<String> = search
        .asked
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{}?{}", search.resource_type, pairs.join("&"))
}

const fn order(sort: Sort) -> SearchOrder {
    match sort {
        Sort::Id => SearchOrder::Index,
        Sort::Date { descending } => SearchOrder::Date { descending },
        Sort::Updated { descending } => SearchOrder::Updated { descending },
    }
}

/// The search in the store's terms, the narrowest criterion first.
fn query(search: &Search) -> Result<SearchQuery, LookError> {
    let mut ordered: Vec<&Criterion> = search.criteria.iter().collect();
    ordered.sort_by_key(|criterion| breadth(criterion));
    let criteria: Result<_, LookError> = ordered.into_iter().map(criterion).collect();
    Ok(SearchQuery {
        resource_type: search.resource_type.as_str().to_owned(),
        criteria: criteria?,
        broad: false,
    })
}

/// A criterion up to this [`breadth`] leaves a handful.
const NARROW: u8 = 2;

/// How much a criterion leaves to be looked at: little first.
fn breadth(criterion: &Criterion) -> u8 {
    let contains = |test: &Test| matches!(test, Test::Text(_, TextMatch::Contains));
    let day = |test: &Test| matches!(test, Test::Date(Prefix::Eq, _));
    // A handful of residents are born on a day; more of them have a name.
    let born =
        |test: &Test| matches!(test, Test::Date(Prefix::Eq, span) if span.high - span.low <= MONTH);
    match criterion.param.kind {
        ParamKind::Id => 0,
        ParamKind::Identifier | ParamKind::Phone | ParamKind::Patient => 1,
        ParamKind::Date
            if criterion.param.name == "birthdate" && criterion.tests.iter().all(born) =>
        {
            2
        }
        ParamKind::Name if !criterion.tests.iter().any(contains) => 3,
        ParamKind::Date if criterion.tests.iter().all(day) => 4,
        ParamKind::Address if !criterion.tests.iter().any(contains) => 5,
        ParamKind::Date => 6,
        ParamKind::Name | ParamKind::Address => 7,
        ParamKind::Code(_) => 8,
    }
}

fn criterion(criterion: &Criterion) -> Result<SearchCriterion, LookError> {
    let kind = criterion.param.kind;
    let any: Result<_, LookError> = criterion
        .tests
        .iter()
        .map(|asked| test(kind, asked))
        .collect();
    Ok(SearchCriterion {
        param: criterion.param.stored.to_owned(),
        any: any?,
    })
}

fn test(kind: ParamKind, asked: &Test) -> Result<SearchTest, LookError> {
    let letters = LookError::Parameter(
        "name, address: 検索できる文字がありません / nothing to search for: spaces, dots and dashes do not count",
    );
    Ok(match asked {
        Test::Id(id) => SearchTest::Id(id.clone()),
        Test::Patient(id) => SearchTest::Value(id.clone()),
        Test::Token { system, value } => match system {
            TokenSystem::Any => SearchTest::Value(value.clone()),
            TokenSystem::Without => SearchTest::ValueWithoutSystem(value.clone()),
            TokenSystem::Is(system) => SearchTest::ValueOf(system.clone(), value.clone()),
        },
        Test::Phone(text) => {
            SearchTest::Folded(fold_term(kind, text).ok_or(LookError::Parameter(
                "phone: 4桁から15桁の数字が必要です / a telephone number has 4 to 15 digits",
            ))?)
        }
        Test::Text(text, TextMatch::Exact) => SearchTest::Value(text.clone()),
        Test::Text(text, TextMatch::Begins) => {
            SearchTest::Begins(fold_term(kind, text).ok_or(letters)?)
        }
        Test::Text(text, TextMatch::Contains) => {
            SearchTest::Contains(fold_term(kind, text).ok_or(letters)?)
        }
        Test::Date(prefix, span) => SearchTest::Date {
            how: date_test(*prefix),
            low: span.low,
            high: span.high,
        },
    })
}

const fn date_test(prefix: Prefix) -> DateTest {
    match prefix {
        Prefix::Eq => DateTest::Within,
        Prefix::Ne => DateTest::NotWithin,
        Prefix::Gt => DateTest::EndsAfter,
        Prefix::Lt => DateTest::BeginsBefore,
        Prefix::Ge => DateTest::WithinOrAfter,
        Prefix::Le => DateTest::WithinOrBefore,
        Prefix::Sa => DateTest::After,
        Prefix::Eb => DateTest::Before,
    }
}
