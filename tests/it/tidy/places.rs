//! Things that may be named in one place only.

use super::source;

/// A library, and the one crate of the product that may name it.
const ONLY_PLACES: [(&str, &str); 12] = [
    ("sqlx", "store"),
    ("libsqlite3_sys", "store"),
    ("cedar_policy", "access"),
    ("fhir_sdk", "fhir"),
    ("axum", "edge"),
    ("hyper", "edge"),
    ("hyper_util", "edge"),
    ("socket2", "edge"),
    ("tower_http", "edge"),
    ("jsonwebtoken", "edge"),
    ("p256", "edge"),
    ("rustls", "edge"),
];

/// What the pure crates never name: they do no I/O.
const PURE: [&str; 7] = [
    "model", "wire", "fhir", "profile", "identity", "access", "audit",
];
const INPUT_AND_OUTPUT: [&str; 3] = ["tokio", "TcpStream", "TcpListener"];

#[test]
fn each_library_has_its_one_place() {
    let mut findings = Vec::new();
    for name in source::rust_files("crates/") {
        let words = source::words(&name);
        for (library, place) in ONLY_PLACES {
            if name.starts_with(&format!("crates/{place}/")) {
                continue;
            }
            for (_, line) in words.iter().filter(|(word, _)| word == library) {
                findings.push(format!(
                    "{name}:{line}: {library} belongs in crates/{place} only"
                ));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn pure_crates_do_no_input_or_output() {
    let mut findings = Vec::new();
    for name in source::rust_files("crates/") {
        let Some(place) = PURE
            .iter()
            .find(|place| name.starts_with(&format!("crates/{place}/src/")))
        else {
            continue;
        };
        // The offline verifier is a program and reads the file that it verifies.
        if source::is_test_file(&name) || name.contains("/src/bin/") {
            continue;
        }
        for (word, line) in source::words(&name) {
            if INPUT_AND_OUTPUT.contains(&word.as_str()) {
                findings.push(format!(
                    "{name}:{line}: crates/{place} is pure, it must not name {word}"
                ));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn only_the_permit_room_issues_permits() {
    let mut findings = Vec::new();
    for name in source::rust_files("crates/") {
        if name == "crates/flow/src/permit.rs" || source::is_test_file(&name) {
            continue;
        }
        for window in source::words(&name).windows(4) {
            let [(permit, line), (colon, _), (_, _), (issue, _)] = window else {
                continue;
            };
            if permit == "Permit" && colon == ":" && issue == "issue" {
                findings.push(format!(
                    "{name}:{line}: Permit::issue belongs in crates/flow/src/permit.rs only"
                ));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(
        source::read("crates/flow/src/permit.rs").contains("Permit::issue("),
        "the permit room does not issue permits: this test looks for the wrong thing"
    );
}

#[test]
fn the_clock_is_read_in_one_place() {
    let mut findings = Vec::new();
    for name in source::rust_files("crates/") {
        if name == "crates/model/src/clock.rs" || source::is_test_file(&name) {
            continue;
        }
        for window in source::words(&name).windows(4) {
            let [(kind, line), (colon, _), (_, _), (now, _)] = window else {
                continue;
            };
            let clock = ["SystemTime", "Timestamp", "Zoned", "OffsetDateTime", "Utc"]
                .contains(&kind.as_str());
            if clock && colon == ":" && now == "now" {
                findings.push(format!(
                    "{name}:{line}: {kind}::now, but time comes from the Clock"
                ));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn nothing_regional_is_written_in_the_program() {
    // Regional knowledge lives in profiles/; the demo and the tests may name the network they use.
    let words = ["北見", "北まる", "釜石", "はまゆり", "ふくいメディカル"];
    let mut findings = Vec::new();
    for name in source::rust_files("crates/") {
        if source::is_test_file(&name) || name.contains("demo") {
            continue;
        }
        let text = source::read(&name);
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (line, content) in product.lines().enumerate() {
            let code = content.split("//").next().unwrap_or_default();
            for word in words.iter().filter(|word| code.contains(**word)) {
                findings.push(format!("{name}:{}: {word} belongs in profiles/", line + 1));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn sql_text_begins_with_the_name_of_its_function() {
    let mut findings = Vec::new();
    for name in source::rust_files("crates/store/src/") {
        if source::is_test_file(&name) {
            continue;
        }
        let text = source::read(&name);
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut before = "";
        for (line, content) in product.lines().enumerate() {
            let bare = [
                "\"SELECT ",
                "\"INSERT ",
                "\"UPDATE ",
                "\"DELETE ",
                "\"WITH ",
            ]
            .iter()
            .any(|verb| content.contains(verb));
            // The macros that put SQL together take the name first.
            let named_here = content.contains("visible!(\"");
            if bare && !named_here && !is_a_name(before) {
                findings.push(format!(
                    "{name}:{}: SQL without `-- store.<function>`",
                    line + 1
                ));
            }
            before = content.trim();
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// `"inbox",`
fn is_a_name(line: &str) -> bool {
    let name = line
        .strip_prefix('"')
        .and_then(|line| line.strip_suffix("\","));
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}
