//! A record that comes as a line of a table is the record that comes as JSON: same plan, same resources.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

use std::path::{Path, PathBuf};

use renkei_model::limits::Limits;
use renkei_profile::{Message, Network, load};
use renkei_wire::csv::Charset;
use renkei_wire::{Record, filemaker};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru")
}

fn network() -> Network {
    match load(&folder()) {
        Ok(network) => network,
        Err(mistakes) => panic!("{mistakes:#?}"),
    }
}

/// The golden cases that are JSON, each with its plan.
fn golden(network: &Network) -> Vec<(String, &Message, Vec<Record>)> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder().join("golden")).expect("golden cases") {
        let folder = entry.expect("a folder").path();
        let Ok(body) = std::fs::read(folder.join("native.json")) else {
            continue;
        };
        let posted = filemaker::read(&body, "application/json", &Limits::default()).expect("JSON");
        let layout = posted.layout.map(|layout| layout.text);
        let plans = network.messages();
        let plan = plans.iter().find(|plan| plan.layout() == layout.as_deref());
        cases.push((
            folder.display().to_string(),
            plan.unwrap_or(&plans[0]),
            posted.records,
        ));
    }
    assert!(cases.len() >= 3);
    cases
}

#[test]
fn a_line_of_a_table_is_the_record_that_comes_as_json() {
    let network = network();
    for (case, plan, records) in golden(&network) {
        let bytes = filemaker::encode_csv(&records, Charset::Utf8).expect("CSV");
        let table = filemaker::read_csv(&bytes, "text/csv", &Limits::default()).expect("a table");
        let known = table
            .columns
            .iter()
            .filter(|column| plan.knows(column))
            .count();
        for other in network.messages() {
            let theirs = table
                .columns
                .iter()
                .filter(|column| other.knows(column))
                .count();
            assert!(
                theirs <= known,
                "{case}: the columns look like {}",
                other.kind()
            );
        }
        for (json, csv) in records.iter().zip(table.records) {
            let csv = plan.retyped(csv);
            assert_eq!(
                filemaker::canonical(json),
                filemaker::canonical(&csv),
                "{case}"
            );
            let (json, csv) = (
                plan.map_in(json).expect("maps"),
                plan.map_in(&csv).expect("maps"),
            );
            let plain = |mapped: &renkei_profile::Mapped| -> Vec<_> {
                let resources = mapped.resources.iter();
                resources
                    .map(|resource| (resource.key.clone(), resource.json.clone()))
                    .collect()
            };
            assert_eq!(plain(&json), plain(&csv), "{case}");
            assert_eq!(json.loss, csv.loss, "{case}");
        }
    }
}

#[test]
fn what_is_no_number_stays_as_it_is_written() {
    let network = network();
    let plan = &network.messages()[0];
    let numbers = |cell: &str| {
        let body = format!("recordId,modId,食事回数,電話\n1,0,{cell},{cell}\n");
        let table = filemaker::read_csv(body.as_bytes(), "text/csv", &Limits::default());
        let record = plan.retyped(table.expect("a table").records.remove(0));
        let field = |name: &str| {
            record
                .root
                .at(&["fieldData", name])
                .cloned()
                .expect("the field")
        };
        (field("食事回数").content, field("電話").content)
    };
    use renkei_wire::Content::{Number, Text};
    assert_eq!(numbers("3"), (Number("3".to_owned()), Text("3".to_owned())));
    for text in ["03", "3.0", "+3", " 3", "三", "99", ""] {
        assert_eq!(
            numbers(text),
            (Text(text.to_owned()), Text(text.to_owned())),
            "{text}"
        );
    }
}
