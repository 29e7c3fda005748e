//! What the resources of one golden admission slip cost: the structure check of its Patient, of each of
//! its resources and of the whole document; putting the document together (stamps, references); the rows
//! by which its resources are found; its face. Throughput is in resources or documents.
//! `cargo bench -p renkei-fhir`.

#![expect(
    clippy::expect_used,
    reason = "a bench says what it expects by failing"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use renkei_fhir::check::check;
use renkei_fhir::document::{DocumentPart, document};
use renkei_fhir::face::face;
use renkei_fhir::index::index;
use renkei_model::Instant;
use renkei_model::id::ResourceId;
use serde_json::Value;

/// As the golden case has them: what identifies the document, its id, when it was made.
const IDENTIFIER: (&str, &str) = ("https://renkei.example/fhir/NamingSystem/sheet", "golden");
const BUNDLE: &str = "00000000-0000-7000-8000-000000000000";
const AT: Instant = Instant(1_795_219_200_000_000);

fn golden() -> Value {
    let case = "../../profiles/kitamaru/golden/ordinary/fhir.json";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(case));
    serde_json::from_str(&text.expect("a golden case")).expect("JSON")
}

fn resources(bundle: &Value) -> Vec<Value> {
    let entries = bundle["entry"].as_array().expect("entries").iter();
    entries.map(|entry| entry["resource"].clone()).collect()
}

fn id(resource: &Value) -> &str {
    resource["id"].as_str().expect("an id")
}

/// The resources as a mapping makes them: they refer to each other by keys.
fn parts(resources: &[Value]) -> Vec<DocumentPart> {
    let unbound = |resource: &Value| {
        let mut text = resource.to_string();
        for (n, other) in resources.iter().enumerate() {
            text = text.replace(&format!("urn:uuid:{}", id(other)), &format!("key:part{n}"));
        }
        serde_json::from_str(&text).expect("JSON")
    };
    let part = |(n, resource): (usize, &Value)| DocumentPart {
        key: format!("part{n}"),
        id: id(resource).parse().expect("an id"),
        resource: unbound(resource),
    };
    resources.iter().enumerate().map(part).collect()
}

fn checking(criterion: &mut Criterion, bundle: &Value, resources: &[Value]) {
    let patient = patient(resources);
    let mut spoiled = patient.clone();
    spoiled["birthDate"] = Value::from(7);
    assert!(check(patient).is_ok() && check(bundle).is_ok() && check(&spoiled).is_err());
    let mut group = criterion.benchmark_group("check the structure");
    group.throughput(Throughput::Elements(1));
    group.bench_function("Patient", |bencher| {
        bencher.iter(|| check(black_box(patient)))
    });
    group.bench_function("document", |bencher| {
        bencher.iter(|| check(black_box(bundle)))
    });
    group.throughput(Throughput::Elements(resources.len() as u64));
    group.bench_function("each resource of a slip", |bencher| {
        bencher.iter(|| {
            let checked = black_box(resources).iter().map(check);
            checked.filter(Result::is_ok).count()
        });
    });
    group.finish();
}

fn patient(resources: &[Value]) -> &Value {
    let patient = |resource: &&Value| resource["resourceType"] == "Patient";
    resources.iter().find(patient).expect("a Patient")
}

fn building(criterion: &mut Criterion, bundle: &Value, resources: &[Value]) {
    let parts = parts(resources);
    let whole: ResourceId = BUNDLE.parse().expect("an id");
    let built = document(&parts, whole, IDENTIFIER, AT).expect("a document");
    assert_eq!(&built, bundle, "as the golden case has it");
    let mut group = criterion.benchmark_group("build a document");
    group.throughput(Throughput::Elements(1));
    group.bench_function("of a slip", |bencher| {
        bencher.iter(|| document(black_box(&parts), whole, IDENTIFIER, AT));
    });
    group.bench_function("and its text", |bencher| {
        bencher.iter(|| {
            document(black_box(&parts), whole, IDENTIFIER, AT).map(|json| json.to_string())
        });
    });
    let text = bundle.to_string();
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("its text read", |bencher| {
        bencher.iter(|| serde_json::from_str::<Value>(black_box(&text)));
    });
    group.finish();
}

fn indexing(criterion: &mut Criterion, resources: &[Value]) {
    let patient = patient(resources);
    let rows = index(patient);
    for param in ["identifier", "name", "birthdate"] {
        assert!(
            rows.iter().any(|row| row.param == param),
            "{param}: {rows:?}"
        );
    }
    assert!(face(patient).birth_date.is_some());
    let mut group = criterion.benchmark_group("index rows");
    group.throughput(Throughput::Elements(1));
    group.bench_function("Patient", |bencher| {
        bencher.iter(|| index(black_box(patient)))
    });
    group.bench_function("face of a Patient", |bencher| {
        bencher.iter(|| face(black_box(patient)));
    });
    group.throughput(Throughput::Elements(resources.len() as u64));
    group.bench_function("each resource of a slip", |bencher| {
        bencher.iter(|| {
            black_box(resources)
                .iter()
                .map(|one| index(one).len())
                .sum::<usize>()
        });
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    let bundle = golden();
    let resources = resources(&bundle);
    checking(&mut criterion, &bundle, &resources);
    building(&mut criterion, &bundle, &resources);
    indexing(&mut criterion, &resources);
    criterion.final_summary();
}
