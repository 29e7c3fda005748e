//! One word names a room in file, function, types, error, span, metric and test.

use super::source;

/// The rooms along the corridors, in the order in which a message passes them; then the other corridors.
const ROOMS: [&str; 17] = [
    "accept",
    "recall",
    "decode",
    "map",
    "draft",
    "identify",
    "shelve",
    "permit",
    "store",
    "route",
    "record", // a message
    "look",
    "deliver",
    "register",
    "emergency",
    "card",
    "review",
];

#[test]
fn every_room_has_a_test_file_of_its_name() {
    let main = source::read("tests/it/main.rs");
    let files = source::files();
    for room in ROOMS {
        let (code, tests) = (
            format!("crates/flow/src/{room}.rs"),
            format!("tests/it/{room}.rs"),
        );
        assert!(
            files.contains(&code),
            "{code} does not exist: is {room} still a room?"
        );
        assert!(files.contains(&tests), "{room} has no test: {tests}");
        assert!(
            main.contains(&format!("\nmod {room};")),
            "{tests} is never run"
        );
        let text = source::read(&tests);
        assert!(
            text.starts_with(&format!("//! Room: {room}. ")),
            "{tests} says what it tests"
        );
        assert!(
            text.contains("on_both! {\n    fn "),
            "{tests} tests nothing"
        );
    }
}

#[test]
fn every_room_of_a_corridor_is_on_the_list() {
    let mut found = 0;
    for name in source::rust_files("crates/flow/src/") {
        let text = source::read(&name);
        for rest in text.split("room!(").skip(1) {
            let word: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            if word.is_empty() {
                continue;
            }
            assert!(
                ROOMS.contains(&word.as_str()),
                "{name}: {word} is no room of the list in this file"
            );
            found += 1;
        }
    }
    assert!(
        found >= ROOMS.len(),
        "only {found} rooms are entered: this test looks for the wrong thing"
    );
}
