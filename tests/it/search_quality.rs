//! Proof: crews mistype, and find the right resident all the same. Queries are made from the demo's 2,000
//! residents by named mistakes; the right one must be first in 95 of 100 and among the ten in 99.
//!
//! `RENKEI_BLESS=1` writes the table to `docs/search-quality.md`.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::emergency::crew;
use crate::harness::run::renkei_binary;
use crate::harness::*;
use crate::mistakes::{Mistake, NAMED, Trial, trials};
use crate::tidy::source;

/// As the demo makes them, and in a town of that size.
const RESIDENTS: &str = "2000";

/// What a mistake came to.
struct Tally {
    mistake: &'static Mistake,
    trials: usize,
    first: usize,
    ten: usize,
}

#[test]
fn the_right_resident_is_first_whatever_was_mistyped() {
    let server = filled();
    let residents = people(&server);
    let who = crew(&server);
    let mut tallies = Vec::new();
    let mut missed = Vec::new();
    for mistake in NAMED {
        let mut tally = Tally {
            mistake,
            trials: 0,
            first: 0,
            ten: 0,
        };
        for trial in trials(mistake, &residents) {
            let place = place(&server, &who, &trial);
            tally.trials += 1;
            tally.first += usize::from(place == Some(0));
            tally.ten += usize::from(place.is_some());
            if place != Some(0) {
                missed.push(format!(
                    "{}: {} for {}: {place:?}",
                    mistake.name, trial.asked, trial.resident["kana"]
                ));
            }
        }
        tallies.push(tally);
    }
    let table = table(&tallies);
    println!("{table}");
    if std::env::var_os("RENKEI_BLESS").is_some() {
        fs::write(source::root().join("docs/search-quality.md"), &table).expect("written");
    }
    let (named, open): (Vec<&Tally>, Vec<&Tally>) =
        tallies.iter().partition(|tally| tally.mistake.names_one);
    assert!(!open.is_empty());
    let sum = |count: fn(&Tally) -> usize| named.iter().map(|tally| count(tally)).sum::<usize>();
    let (trials, first, ten) = (
        sum(|tally| tally.trials),
        sum(|tally| tally.first),
        sum(|tally| tally.ten),
    );
    assert!(trials >= 300, "{trials} queries");
    assert!(
        first * 100 >= trials * 95,
        "{first} of {trials} first:\n{}",
        missed.join("\n")
    );
    assert!(
        ten * 100 >= trials * 99,
        "{ten} of {trials} in the ten:\n{}",
        missed.join("\n")
    );
    for tally in named {
        assert!(
            tally.trials >= 20,
            "{}: {} queries",
            tally.mistake.name,
            tally.trials
        );
    }
}

/// The demo's folder with everybody in it, served with a rate that a test needs.
fn filled() -> Server {
    let server = Start::on(Database::Sqlite)
        .with("[emergency]\nsearches_a_minute = 1000\n")
        .prepare();
    let output = server
        .command()
        .args(["demo", "--only-fill", "--residents", RESIDENTS, "--dir"])
        .arg(&server.data_dir)
        .arg("--profiles")
        .arg(source::root().join("profiles"))
        .stdout(Stdio::null())
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    server.resume();
    world::register(&server);
    server
}

fn people(server: &Server) -> Vec<Value> {
    let output = server
        .command()
        .args(["demo", "people", "--residents", RESIDENTS, "--profiles"])
        .arg(source::root().join("profiles"))
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let people: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        people.len().to_string(),
        RESIDENTS,
        "{}",
        Path::new(&renkei_binary()).display()
    );
    people
}

/// Where in the answer the right resident stands, from 0.
fn place(server: &Server, who: &Who, trial: &Trial) -> Option<usize> {
    let answer = server
        .post(who, "/emergency/search", trial.asked.to_string())
        .expect(200)
        .json();
    let wanted = &trial.resident;
    let year = wanted["birth_date"].as_str().and_then(|date| date.get(..4));
    let found = answer["found"].as_array().expect("found");
    found.iter().position(|line| {
        line["name"] == wanted["name"]
            && line["kana"] == wanted["kana"]
            && line["birthYear"] == json!(year)
    })
}

fn table(tallies: &[Tally]) -> String {
    let percent =
        |part: usize, whole: usize| format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64);
    let row = |name: &str, of: &[&Tally]| {
        let sum = |count: fn(&Tally) -> usize| of.iter().map(|tally| count(tally)).sum::<usize>();
        let (trials, first, ten) = (
            sum(|tally| tally.trials),
            sum(|tally| tally.first),
            sum(|tally| tally.ten),
        );
        format!(
            "| {name} | {trials} | {} | {} |\n",
            percent(first, trials),
            percent(ten, trials)
        )
    };
    let mut text = "# How well a crew finds whom it looks for\n\n\
        Queries made from the demo's 2,000 residents (`renkei demo people --seed 1`) by one named mistake each, asked of \
        the running program by `tests/it/search_quality.rs`. Right means: the resident whom the query was made from. Each \
        query names one resident to somebody who knows the town; where it does not, the last rows say so and do not count.\n\n\
        | mistake | queries | first | in the ten |\n|---|---|---|---|\n"
        .to_owned();
    for tally in tallies.iter().filter(|tally| tally.mistake.names_one) {
        text.push_str(&row(
            &format!("{} ({})", tally.mistake.name, tally.mistake.example),
            &[tally],
        ));
    }
    let named: Vec<&Tally> = tallies
        .iter()
        .filter(|tally| tally.mistake.names_one)
        .collect();
    text.push_str(&row("**all**", &named));
    text.push_str("\nNot one resident, but several who fit as well (not counted above):\n\n| what was known | queries | first | in the ten |\n|---|---|---|---|\n");
    for tally in tallies.iter().filter(|tally| !tally.mistake.names_one) {
        text.push_str(&row(
            &format!("{} ({})", tally.mistake.name, tally.mistake.example),
            &[tally],
        ));
    }
    text.push_str("\nWritten by `RENKEI_BLESS=1 cargo test -p renkei-tests --test it search_quality -- --nocapture`.\n");
    text
}
