//! What callers wait for is found by an index, however many residents there are.

use renkei_model::id::ResourceId;
use sqlx::Row;

use super::world::sqlite;
use crate::search_text::{behind, page, total};
use crate::sql::Dialect;
use crate::{
    DateTest, SearchCriterion, SearchOrder, SearchPlace, SearchQuery, SearchTest, Stretch,
};
use crate::{lane, lineage, near, search, stand, visible};

#[tokio::test]
async fn no_statement_of_a_caller_scans_a_table() {
    let world = sqlite().await;
    let statements = visible::STATEMENTS.iter().chain(lane::STATEMENTS);
    let statements = statements.chain(stand::STATEMENTS);
    let statements = statements.chain(lineage::STATEMENTS);
    let statements = statements.map(|sql| (*sql).to_owned());
    for sql in statements.chain(search::statements()).chain(searches()) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = world.store.all(sqlx::query(explain)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(plan.len() > 5, "{plan:?}");
        let scans = plan.iter().filter(|step| {
            step.starts_with("SCAN")
                && *step != "SCAN CONSTANT ROW"
                && !step.starts_with("SCAN a VIRTUAL TABLE")
                && *step != "SCAN b"
        });
        assert_eq!(
            scans.collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "{sql}\n{plan:#?}"
        );
    }
}

/// Matching asks within the transaction that everybody waits for: each part of the question by its own index.
#[tokio::test]
async fn matching_walks_through_no_network() {
    let world = sqlite().await;
    for places in [4, 64] {
        let sql = near::statement(places);
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = world.store.all(sqlx::query(explain)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        for step in [
            "SEARCH i USING PRIMARY KEY (network=? AND system=? AND value=?)",
            "SEARCH f USING INDEX face_birth (network=? AND birth_date=?)",
            "SEARCH t USING PRIMARY KEY (network=? AND kind=? AND value=?)",
            "SEARCH o USING PRIMARY KEY (network=? AND owner=? AND kind=? AND native_key=?)",
        ] {
            assert!(plan.iter().any(|known| known == step), "{step}\n{plan:#?}");
        }
        let broad = plan.iter().find(|step| step.ends_with("(network=?)"));
        assert_eq!(broad, None, "{plan:#?}");
    }
}

/// SQLite looks at a limit that is bound alone while it plans, and so plans anew at each execution.
#[tokio::test]
async fn no_limit_is_bound_alone() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("LIMIT $"), "{}", path.display());
        }
    }
    for sql in search::statements().into_iter().chain(searches()) {
        assert!(!sql.contains("LIMIT $"), "{sql}");
    }
}

/// Every test as the one that is looked up, and every order.
fn searches() -> Vec<String> {
    let text = || "x".to_owned();
    let date = |how| SearchTest::Date {
        how,
        low: 1,
        high: 2,
    };
    let tests = [
        vec![SearchTest::Id(text()), SearchTest::Id(text())],
        vec![SearchTest::Value(text())],
        vec![
            SearchTest::ValueWithoutSystem(text()),
            SearchTest::ValueOf(text(), text()),
        ],
        vec![SearchTest::Folded(text())],
        vec![SearchTest::Begins(text()), SearchTest::Begins(text())],
        vec![SearchTest::Contains(text())],
        vec![date(DateTest::Within), date(DateTest::NotWithin)],
        vec![date(DateTest::EndsAfter), date(DateTest::BeginsBefore)],
        vec![
            date(DateTest::WithinOrAfter),
            date(DateTest::WithinOrBefore),
        ],
        vec![date(DateTest::After), date(DateTest::Before)],
    ];
    let place = SearchPlace {
        key: 1,
        text: text(),
        id: ResourceId::new(),
    };
    let after = Some(&place);
    let orders = [
        (SearchOrder::Id, None),
        (SearchOrder::Id, after),
        (SearchOrder::Index, None),
        (SearchOrder::Index, after),
        (SearchOrder::Date { descending: true }, after),
        (SearchOrder::Updated { descending: false }, after),
    ];
    let criterion = |any: &Vec<SearchTest>| SearchCriterion {
        param: text(),
        any: any.clone(),
    };
    let mut statements = Vec::new();
    for first in &tests {
        let query = SearchQuery {
            resource_type: text(),
            criteria: std::iter::once(first)
                .chain(&tests)
                .map(criterion)
                .collect(),
        };
        statements.extend(orders.map(|(order, after)| page(&query, order, after, 1).sql));
        statements.push(total(&query).sql);
        let stretch = Stretch {
            order: SearchOrder::Index,
            after,
            to: after,
        };
        statements.push(behind(Dialect::Sqlite, &query, stretch, "", 1).sql);
    }
    statements
}

/// The first page is found without the rest: in the order of the index, nothing to be sorted.
#[tokio::test]
async fn a_page_by_name_is_read_in_the_order_of_its_index() {
    let world = sqlite().await;
    let place = SearchPlace {
        key: 0,
        text: "x".to_owned(),
        id: ResourceId::new(),
    };
    let criterion = |test: SearchTest| SearchCriterion {
        param: "name".to_owned(),
        any: vec![test],
    };
    for test in [
        SearchTest::Begins("x".to_owned()),
        SearchTest::Contains("x".to_owned()),
    ] {
        for after in [None, Some(&place)] {
            let other = SearchTest::Value("y".to_owned());
            let query = SearchQuery {
                resource_type: "Patient".to_owned(),
                criteria: vec![criterion(test.clone()), criterion(other)],
            };
            let from = (SearchOrder::Index, after);
            let stretch = Stretch {
                order: SearchOrder::Index,
                after,
                to: after,
            };
            for sql in [
                page(&query, from.0, after, 1).sql,
                behind(Dialect::Sqlite, &query, stretch, "", 1).sql,
            ] {
                let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                let plan = world.store.all(sqlx::query(explain)).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
                let first = plan.iter().find(|step| step.starts_with("SEARCH s"));
                let first = first.map(String::as_str).unwrap_or_default();
                assert!(
                    first.contains("COVERING INDEX search_index_folded (type=? AND param=? AND "),
                    "{plan:#?}"
                );
                let place = plan.iter().position(|step| step == first);
                assert_eq!(
                    place,
                    plan.iter().position(|step| step.starts_with("SEARCH")),
                    "{plan:#?}"
                );
                let sorted = plan.iter().find(|step| step.contains("ORDER BY"));
                assert_eq!(sorted, None, "{plan:#?}");
            }
        }
    }
}
