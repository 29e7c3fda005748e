//! Records to FHIR and back: the golden admission slip and emergency record, as the rooms map and decode
//! do it: bytes to a mapped record (decoding included), the mapping alone, the document that is shown
//! back in the network's own form. Throughput is in records. `cargo bench -p renkei-profile`.

#![expect(
    clippy::expect_used,
    reason = "a bench says what it expects by failing"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput};
use renkei_model::limits::Limits;
use renkei_profile::{Network, play};

const JSON: &str = "application/json";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru")
}

fn mapping(criterion: &mut Criterion, network: &Network, name: &str, case: &str) {
    let limits = Limits::default();
    let case = folder().join("golden").join(case);
    assert_eq!(
        play(network, &case).expect("a golden case").difference(),
        None,
        "the case holds both ways"
    );
    let body = std::fs::read(case.join("native.json")).expect("native bytes");
    let native = network.read(&body, JSON, &limits).expect("records");
    let (message, record) = (native.message, &native.records[0]);
    let mapped = message.map_in(record).expect("mapped");
    let document = message.specimen(&mapped).expect("a document");
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    group.bench_function("bytes to FHIR", |bencher| {
        bencher.iter(|| {
            let native = network.read(black_box(&body), JSON, &limits)?;
            native.message.map_in(&native.records[0])
        });
    });
    group.bench_function("record to FHIR", |bencher| {
        bencher.iter(|| message.map_in(black_box(record)));
    });
    group.bench_function("FHIR to record", |bencher| {
        bencher.iter(|| message.map_out(black_box(&document)));
    });
    let back = [message.map_out(&document).expect("the way back")];
    group.bench_function("record to bytes", |bencher| {
        bencher.iter(|| message.write(black_box(&back)));
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    let network = renkei_profile::load(&folder())
        .map_err(|faults| faults.first().map(ToString::to_string))
        .expect("the network's folder");
    mapping(&mut criterion, &network, "map a slip", "ordinary");
    mapping(
        &mut criterion,
        &network,
        "map an emergency record",
        "emergency-ordinary",
    );
    criterion.final_summary();
}
