//! What callers wait for is found by an index, however many residents there are.

use sqlx::Row;

use super::world::sqlite;
use crate::{lane, lineage, search, visible};

#[tokio::test]
async fn no_statement_of_a_caller_scans_a_table() {
    let world = sqlite().await;
    let statements = visible::STATEMENTS.iter().chain(lane::STATEMENTS);
    let statements = statements.chain(lineage::STATEMENTS);
    let statements = statements.map(|sql| (*sql).to_owned());
    for sql in statements.chain(search::statements()) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = sqlx::query(explain)
            .fetch_all(world.store.readers.of_task())
            .await
            .unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(plan.len() > 5, "{plan:?}");
        let scans = plan
            .iter()
            .filter(|step| step.starts_with("SCAN") && *step != "SCAN CONSTANT ROW");
        assert_eq!(
            scans.collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "{sql}\n{plan:#?}"
        );
    }
}
