//! Bytes to records: the golden admission slip and emergency record as FileMaker's JSON, and a hundred
//! lines of an export as CSV in MS932, which is decoded twice: looked through as a whole, and line by
//! line. Throughput is in bytes of the message. `cargo bench -p renkei-wire`.

#![expect(
    clippy::expect_used,
    reason = "a bench says what it expects by failing"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use renkei_model::limits::Limits;
use renkei_wire::filemaker::{FIELD_DATA, decode, export, read_csv};
use renkei_wire::{Record, filemaker};

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=ms932";
const LINES: usize = 100;

fn golden(file: &str) -> Vec<u8> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru/golden");
    std::fs::read(golden.join(file)).expect("a golden case")
}

fn field<'r>(record: &'r Record, name: &str) -> Option<&'r str> {
    record.root.at(&[FIELD_DATA, name])?.text()
}

fn json(criterion: &mut Criterion) {
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("decode FileMaker JSON");
    for (name, file) in [
        ("slip", "ordinary/native.json"),
        ("emergency record", "emergency-ordinary/native.json"),
    ] {
        let body = golden(file);
        let records = decode(&body, JSON, &limits).expect("records");
        assert_eq!(records.len(), 1, "{file}");
        assert!(field(&records[0], "氏名").is_some(), "{file}");
        let again = filemaker::encode(&records);
        assert_eq!(
            decode(&again, JSON, &limits).expect("records")[0]
                .clone()
                .without_spans(),
            records[0].clone().without_spans(),
            "what was read can be written"
        );
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| decode(black_box(&body), JSON, &limits));
        });
    }
    group.finish();
}

/// The golden export's first line, a hundred times under its header.
fn lines() -> Vec<u8> {
    let body = golden("emergency-csv-ms932/native.csv");
    let export = export(&body, CSV, LINES).expect("an export");
    let line = export.lines.first().expect("a line").span;
    let mut lines = body[export.header.start..export.header.end].to_vec();
    for _ in 0..LINES {
        lines.extend_from_slice(&body[line.start..line.end]);
    }
    lines
}

fn csv(criterion: &mut Criterion) {
    let limits = Limits::default();
    let body = lines();
    let table = read_csv(&body, CSV, &limits).expect("a table");
    assert_eq!(table.records.len(), LINES);
    assert!(
        table
            .records
            .iter()
            .all(|record| field(record, "氏名").is_some())
    );
    let found = export(&body, CSV, LINES).expect("an export");
    assert_eq!(found.lines.len(), LINES);
    let mut group = criterion.benchmark_group("decode CSV, 100 lines");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("look through", |bencher| {
        bencher.iter(|| export(black_box(&body), CSV, LINES));
    });
    group.bench_function("records", |bencher| {
        bencher.iter(|| read_csv(black_box(&body), CSV, &limits));
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    json(&mut criterion);
    csv(&mut criterion);
    criterion.final_summary();
}
