//! What tests look up in the audit log.

use serde_json::Value;
use sqlx::Row as _;

use crate::harness::*;

/// The entries of a person; on PostgreSQL they are numbered within a moment.
pub fn entries(server: &Server, patient: &str) -> Vec<Value> {
    std::thread::sleep(std::time::Duration::from_millis(300));
    let audit = server
        .get(&auditor(), &format!("/audit?record={patient}"))
        .expect(200)
        .json();
    let mut entries = audit["entries"].as_array().expect("entries").clone();
    entries.retain(|entry| entry["action"] != "audit.read");
    entries
}

pub fn actions(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect()
}

/// For each leaf of a request, whether it says deny.
pub fn leaves_of(server: &Server, request: &str) -> Vec<bool> {
    texts_of(server, request)
        .iter()
        .map(|canonical| canonical.contains("\"deny\""))
        .collect()
}

/// What the only leaf of a request gives as the rule that decided.
#[track_caller]
pub fn rule_of(server: &Server, request: &str) -> String {
    word_of(server, request, "rule")
}

/// Whom the only leaf of a request names as the caller.
#[track_caller]
pub fn actor_of(server: &Server, request: &str) -> String {
    word_of(server, request, "actor")
}

#[track_caller]
fn word_of(server: &Server, request: &str, name: &str) -> String {
    let leaves = texts_of(server, request);
    assert_eq!(leaves.len(), 1, "{leaves:?}");
    // A byte before the JSON is the version of the form.
    let json = &leaves[0][leaves[0].find('{').expect("JSON")..];
    let leaf: Value = serde_json::from_str(json).expect("a leaf is JSON");
    leaf[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {leaf}"))
        .to_owned()
}

fn texts_of(server: &Server, request: &str) -> Vec<String> {
    let rows = server.sql("select canonical from leaf");
    rows.iter()
        .map(|row| String::from_utf8_lossy(&row.get::<Vec<u8>, _>("canonical")).into_owned())
        .filter(|canonical| canonical.contains(request))
        .collect()
}

/// A refused message as it was kept.
#[derive(Debug)]
pub struct Quarantined {
    /// The bytes that came.
    pub body: Vec<u8>,
    /// Why.
    pub reason: String,
    /// What the sender was told.
    pub answer: Value,
}

/// What was kept of a refused request.
pub fn quarantined(server: &Server, request: &str) -> Vec<Quarantined> {
    let statement =
        format!("select reason, answer, body from quarantine where request = '{request}'");
    let rows = server.sql(&statement);
    rows.iter()
        .map(|row| Quarantined {
            body: row.get("body"),
            reason: row.get("reason"),
            answer: serde_json::from_str(&row.get::<String, _>("answer"))
                .expect("the answer is JSON"),
        })
        .collect()
}
