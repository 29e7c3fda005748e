//! What callers wait for is found by an index, however many residents there are.

use renkei_model::id::ResourceId;
use sqlx::Row;

use super::world::{World, sqlite};
use crate::search_way::{behind, fitting, page, total};
use crate::sql::Dialect;
use crate::{
    DateTest, SearchCriterion, SearchOrder, SearchPlace, SearchQuery, SearchTest, Stretch,
};
use crate::{candidate, lane, lineage, near, reach, search, stand, visible};

#[tokio::test]
async fn no_statement_of_a_caller_scans_a_table() {
    let world = sqlite().await;
    let statements = visible::STATEMENTS.iter().chain(lane::STATEMENTS);
    let statements = statements.chain(stand::STATEMENTS);
    let statements = statements.chain(lineage::STATEMENTS);
    let statements = statements.chain(reach::STATEMENTS);
    let statements = statements.map(|sql| (*sql).to_owned());
    for sql in statements.chain(search::statements()).chain(searches()) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = world.store.all(sqlx::query(explain)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(!plan.is_empty(), "{sql}");
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

/// An ambulance's search: each range by the key of the terms, each face by its own.
#[tokio::test]
async fn a_search_reads_ranges_of_terms_and_single_faces() {
    let world = sqlite().await;
    let wanted: [&[&str]; 3] = [
        &["SEARCH t USING PRIMARY KEY (network=? AND kind=? AND value>? AND value<?)"],
        &["SEARCH f USING PRIMARY KEY (sheet=?)"],
        &[
            "SEARCH f USING PRIMARY KEY (sheet=?)",
            "SEARCH r USING PRIMARY KEY (id=?)",
        ],
    ];
    for (sql, wanted) in candidate::STATEMENTS.iter().zip(wanted) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = world.store.all(sqlx::query(explain)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        for step in wanted {
            assert!(plan.iter().any(|known| known == step), "{step}\n{plan:#?}");
        }
        let scans = |step: &&String| {
            step.starts_with("SCAN")
                && ![
                    "SCAN n VIRTUAL TABLE INDEX 1:",
                    "SCAN x",
                    "SCAN CONSTANT ROW",
                ]
                .contains(&step.as_str())
        };
        assert_eq!(plan.iter().find(scans), None, "{plan:#?}");
        // The ranges themselves are put in order, a handful; what they hold is read in order.
        let sorts = plan.iter().filter(|step| step.contains("ORDER BY"));
        assert!(sorts.count() <= 1, "{plan:#?}");
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
    for (first, broad) in tests
        .iter()
        .flat_map(|first| [(first, false), (first, true)])
    {
        let query = SearchQuery {
            resource_type: text(),
            criteria: std::iter::once(first)
                .chain(&tests)
                .map(criterion)
                .collect(),
            broad,
        };
        for strangers in [false, true] {
            statements.extend(orders.map(|from| page(&query, from, strangers, 1).sql));
            statements.push(total(&query, strangers).sql);
        }
        let stretch = Stretch {
            order: SearchOrder::Index,
            after,
            to: after,
        };
        statements.push(behind(Dialect::Sqlite, &query, stretch, "", 1).sql);
        statements.extend(fitting(&query, 1).map(|text| text.sql));
    }
    statements
}

/// The first page is found without the rest: in the order of the index, nothing to be sorted. Whoever is a stranger
/// to the caller is passed over by the index alone.
#[tokio::test]
async fn a_page_by_name_and_a_broad_one_are_read_in_the_order_of_an_index() {
    let place = SearchPlace {
        key: 0,
        text: "x".to_owned(),
        id: ResourceId::new(),
    };
    let date = SearchTest::Date {
        how: DateTest::WithinOrAfter,
        low: 1,
        high: 2,
    };
    let begins = SearchTest::Begins("x".to_owned());
    let contains = SearchTest::Contains("x".to_owned());
    let folded = "COVERING INDEX search_index_folded (type=? AND param=? AND ";
    let ids = "COVERING INDEX resource_walk (type=?";
    for (test, broad, index) in [
        (begins, false, folded),
        (contains, false, folded),
        (date.clone(), true, ids),
    ] {
        for after in [None, Some(&place)] {
            read_in_order((&test, broad), after, index).await;
        }
    }
    let query = asked_by_two(&date, true);
    let sql = fitting(&query, 1).unwrap().sql;
    let plan = plan(&sqlite().await, &sql).await;
    let low = "SEARCH s USING COVERING INDEX search_index_low (type=? AND param=?";
    assert!(plan.iter().any(|step| step.starts_with(low)), "{plan:#?}");
}

async fn read_in_order(
    (test, broad): (&SearchTest, bool),
    after: Option<&SearchPlace>,
    index: &str,
) {
    let world = sqlite().await;
    let query = asked_by_two(test, broad);
    let order = SearchOrder::Index;
    let stretch = Stretch {
        order,
        after,
        to: after,
    };
    let page_of = |strangers| page(&query, (order, after), strangers, 1).sql;
    let behind = behind(Dialect::Sqlite, &query, stretch, "", 1).sql;
    for sql in [page_of(false), page_of(true), behind] {
        let plan = plan(&world, &sql).await;
        let searches = plan.iter().filter(|step| step.starts_with("SEARCH"));
        let first: Vec<&String> = searches.take(2).collect();
        assert!(
            first[0].starts_with("SEARCH w") && first[0].contains(index),
            "{plan:#?}"
        );
        let stranger = "SEARCH z USING COVERING INDEX relation_facility (facility=? AND record=?)";
        assert_eq!(
            first[1] == stranger,
            sql.contains("relation z"),
            "{plan:#?}"
        );
        let sorted = plan.iter().find(|step| step.contains("ORDER BY"));
        assert_eq!(sorted, None, "{plan:#?}");
    }
}

async fn plan(world: &World, sql: &str) -> Vec<String> {
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let plan = world.store.all(sqlx::query(explain)).await.unwrap();
    plan.iter().map(|row| row.get("detail")).collect()
}

fn asked_by_two(test: &SearchTest, broad: bool) -> SearchQuery {
    let criterion = |test: SearchTest| SearchCriterion {
        param: "name".to_owned(),
        any: vec![test],
    };
    let other = SearchTest::Value("y".to_owned());
    SearchQuery {
        resource_type: "Patient".to_owned(),
        criteria: vec![criterion(test.clone()), criterion(other)],
        broad,
    }
}

/// What is looked up by its id is found in one step, not by way of an index that knows the type too.
#[tokio::test]
async fn what_the_index_knows_is_found_by_its_id() {
    let world = sqlite().await;
    let query = asked_by_two(&SearchTest::Value("x".to_owned()), false);
    let page = page(&query, (SearchOrder::Index, None), true, 1).sql;
    for sql in [page, total(&query, true).sql] {
        let plan = plan(&world, &sql).await;
        let steps: Vec<&String> = plan
            .iter()
            .filter(|step| step.starts_with("SEARCH r"))
            .collect();
        assert!(!steps.is_empty(), "{plan:#?}");
        for step in steps {
            assert!(
                step.starts_with("SEARCH r USING PRIMARY KEY (id="),
                "{plan:#?}"
            );
        }
    }
}

/// How a caller stands to a row is known without reading rows of relations and enrolments: each would be a page
/// somewhere else.
#[tokio::test]
async fn rights_are_read_from_indexes_alone() {
    let world = sqlite().await;
    let query = asked_by_two(&SearchTest::Begins("x".to_owned()), false);
    let page = page(&query, (SearchOrder::Index, None), true, 1).sql;
    let reads = visible::STATEMENTS.iter().map(|sql| (*sql).to_owned());
    for sql in reads.chain([page]) {
        let plan = plan(&world, &sql).await;
        for table in ["b", "q", "e"] {
            let wanted = if table == "e" {
                "SEARCH e USING COVERING INDEX enrolment_record (record=? AND since<?)".to_owned()
            } else {
                format!(
                    "SEARCH {table} USING COVERING INDEX relation_record (record=? AND facility=? AND kind=? AND since<?)"
                )
            };
            assert!(plan.contains(&wanted), "{wanted}\n{plan:#?}");
        }
        let rows = |step: &&String| step.starts_with("SEARCH q") && !step.contains("COVERING");
        assert_eq!(plan.iter().find(rows), None, "{plan:#?}");
    }
}
