//! The tests' own network of HL7 v2: it loads, its golden cases hold both ways, and nothing of a message is
//! lost without a word.
//!
//! `RENKEI_BLESS=1 cargo test -p renkei-profile` writes the expected files anew; read the difference.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

use std::path::{Path, PathBuf};

use renkei_model::limits::Limits;
use renkei_profile::{Mapped, Network, check_golden, golden_cases, play};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/profiles/byoin")
}

fn network() -> Network {
    renkei_profile::load(&folder()).unwrap_or_else(|found| {
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

#[test]
fn golden_cases_hold_both_ways() {
    let network = network();
    for case in golden_cases(&folder()).expect("golden cases") {
        let played = play(&network, &case).unwrap_or_else(|error| panic!("{error}"));
        if std::env::var_os("RENKEI_BLESS").is_some() {
            for (name, text) in played.files() {
                std::fs::write(case.join(name), text).expect("a file");
            }
        }
        assert_eq!(played.difference(), None);
    }
    let checked = check_golden(&network, &folder()).expect("all hold");
    assert_eq!(checked.len(), 2);
}

/// The ordinary message, changed.
fn mapped(from: &str, to: &str) -> Mapped {
    let text = "MSH|^~\\&|HIS|0114110011|||20261121093000||ADT^A08|1|P|2.5\r\
        EVN||20261121\rPID|1||12345||SEI^MEI^^^^^L^A||19480405|F|||^^^^090-0000\r";
    let changed = text.replacen(from, to, 1);
    assert_ne!(text, changed, "{from}");
    let network = network();
    let native = network
        .read(changed.as_bytes(), "application/hl7-v2", &Limits::default())
        .expect("a message");
    native
        .message
        .map_in(&native.records[0])
        .expect("a document")
}

/// What a change of the ordinary message adds to what is lost.
fn lost(from: &str, to: &str) -> Vec<String> {
    let mapped = mapped(from, to);
    let fields = mapped.loss.into_iter().map(|loss| loss.field);
    fields.filter(|field| !field.starts_with("MSH-")).collect()
}

/// The branch of a group of fields is a segment with other fields in it.
#[test]
fn what_stands_beside_a_group_is_named() {
    assert_eq!(lost("PID|1|", "PID||"), [""; 0]);
    assert_eq!(lost("PID|1||12345", "PID|||12345^^^X"), ["PID-3.4"]);
    assert_eq!(lost("PID|1||12345", "PID||OLD|12345"), ["PID-2"]);
    assert_eq!(lost("^^^^^L^A", "^X^^^^L^A"), ["PID-1", "PID-5[1].3"]);
    assert_eq!(lost("\rPID", "\rZAB|1|2\rZAB|3\rPID"), ["PID-1", "ZAB"]);
}

/// A field that is read once may come several times.
#[test]
fn what_comes_again_is_named() {
    assert_eq!(
        lost("^^^^090-0000", "^^^^090-0000~^^^^090-0001"),
        ["PID-1", "PID-11[2]"]
    );
    assert_eq!(
        lost("|12345|", "|12345~6~7|"),
        ["PID-1", "PID-3[2]", "PID-3[3]"]
    );
    // Several names are what is read.
    assert_eq!(lost("^A||", "^A~SEI2||"), ["PID-1"]);
}
