//! How faces, links and what crews did are found: by an index, and ranges of terms in its order.

use sqlx::Row;

use super::world::{World, clock, link as chain, postgres, postgres_database, sqlite};
use crate::sql::query;
use crate::{Store, Urgency, card, change, emergency, face, link, review};

/// The lines of a plan; which column has them is the database's.
async fn plan(world: &World, explain: String, column: usize) -> Vec<String> {
    let explain = sqlx::query(sqlx::AssertSqlSafe(explain));
    let rows = world.store.all(explain).await.unwrap();
    rows.iter().map(|row| row.get(column)).collect()
}

#[tokio::test]
async fn no_table_is_read_from_end_to_end() {
    let world = sqlite().await;
    let own = [
        face::STATEMENTS,
        link::STATEMENTS,
        change::STATEMENTS,
        review::STATEMENTS,
        emergency::STATEMENTS,
        card::STATEMENTS,
    ];
    for sql in own.concat() {
        let plan = plan(&world, format!("EXPLAIN QUERY PLAN {sql}"), 3).await;
        let harmless = |step: &str| step == "SCAN CONSTANT ROW" || step.contains("VIRTUAL TABLE");
        let bad = plan
            .iter()
            .find(|step| step.starts_with("SCAN") && !harmless(step));
        assert_eq!(bad, None, "{sql}\n{plan:#?}");
    }
}

/// The first terms of a range are found without the rest: in the order of the key, nothing to be sorted.
#[tokio::test]
async fn a_range_of_terms_is_read_in_the_order_of_its_index() {
    let world = sqlite().await;
    let explain = format!("EXPLAIN QUERY PLAN {}", face::IN_RANGE);
    let plan = plan(&world, explain, 3).await;
    let first = "SEARCH t USING PRIMARY KEY (network=? AND kind=? AND value>? AND value<?)";
    assert_eq!(plan[0], first, "{plan:#?}");
    let sorted = plan.iter().find(|step| step.contains("TEMP B-TREE"));
    assert_eq!(sorted, None, "{plan:#?}");
}

/// As many terms as a region has, so that the planner does not take the table for a small one.
#[tokio::test]
async fn on_the_other_database_a_range_is_a_condition_of_the_index() {
    let Some(world) = postgres().await else {
        return;
    };
    let fill = [
        "-- store.test\nINSERT INTO record (id, network, kind, created_at) VALUES \
         ('r', 'kitamaru', 'resident', 1)",
        "-- store.test\nINSERT INTO resource (id, network, record, type, current, source_message) \
         SELECT n::text, 'kitamaru', 'r', 'Patient', 1, 'm' FROM generate_series(1, 50000) n",
        "-- store.test\nINSERT INTO face (sheet, patient, network, record, owner, kind, phones, at) \
         SELECT n::text, n::text, 'kitamaru', 'r', 'o', 'k', '[]', 1 FROM generate_series(1, 50000) n",
        "-- store.test\nINSERT INTO face_term (network, kind, value, sheet) \
         SELECT 'kitamaru', 'kana', n::text, n::text FROM generate_series(1, 50000) n",
        "-- store.test\nANALYZE face_term, face, resource",
    ];
    let mut tx = world.begin().await;
    for sql in fill {
        tx.execute(query(sql)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let arguments = [
        "',kitamaru,'",
        "'f'",
        "NULL",
        "'nurse'",
        "'emergency'",
        "'p'",
        "1",
        "'kitamaru'",
        "'kana'",
        "'400'",
        "'401'",
        "20",
    ];
    let mut sql = face::IN_RANGE.to_owned();
    for (position, argument) in arguments.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", position + 1), argument);
    }
    let plan = plan(&world, format!("EXPLAIN {sql}"), 0).await;
    let term = plan
        .iter()
        .position(|step| step.contains("on face_term"))
        .unwrap();
    assert!(plan[term].contains("using face_term_pkey"), "{plan:#?}");
    let condition = &plan[term + 1];
    assert!(condition.contains("Index Cond"), "{plan:#?}");
    for part in ["value >= '400'", "value < '401'", "kind = 'kana'"] {
        assert!(condition.contains(part), "{part} in {plan:#?}");
    }
}

/// A cluster that sorts as a language does would put `a` before `B`, and a range would lose its terms.
#[tokio::test]
async fn terms_are_ordered_by_their_bytes_whatever_the_clusters_language() {
    let folder = tempfile::tempdir().unwrap();
    let words = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'ja' LOCALE 'C'";
    let Some(settings) = postgres_database(&folder, words).await else {
        return;
    };
    let store = Store::open(settings, clock(), chain).await.unwrap();
    let sorted = async |sql| {
        let rows = store.all(query(sql)).await.unwrap();
        let values = rows.iter().map(|row| row.get(0));
        values.collect::<Vec<String>>()
    };
    let language = "-- store.test\nSELECT v FROM (VALUES ('B'), ('a')) AS t(v) ORDER BY v";
    assert_eq!(sorted(language).await, ["a", "B"], "control");
    let fill = [
        "-- store.test\nINSERT INTO record (id, network, kind, created_at) VALUES \
         ('r', 'kitamaru', 'resident', 1)",
        "-- store.test\nINSERT INTO resource (id, network, record, type, current, source_message) \
         VALUES ('p', 'kitamaru', 'r', 'Patient', 1, 'm')",
        "-- store.test\nINSERT INTO face (sheet, patient, network, record, owner, kind, phones, at) \
         VALUES ('p', 'p', 'kitamaru', 'r', 'o', 'k', '[]', 1)",
        "-- store.test\nINSERT INTO face_term (network, kind, value, sheet) \
         VALUES ('n', 'k', 'B', 'p'), ('n', 'k', 'a', 'p')",
        "-- store.test\nINSERT INTO search_index (resource, type, param, value, folded) \
         VALUES ('p', 'Patient', 'name', '', 'B'), ('p', 'Patient', 'name', '', 'a')",
    ];
    let mut tx = store.begin("test", Urgency::Ordinary).await.unwrap();
    for sql in fill {
        tx.execute(query(sql)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let terms = "-- store.test\nSELECT value FROM face_term ORDER BY value";
    assert_eq!(sorted(terms).await, ["B", "a"]);
    let folded = "-- store.test\nSELECT folded FROM search_index ORDER BY folded";
    assert_eq!(sorted(folded).await, ["B", "a"]);
}
