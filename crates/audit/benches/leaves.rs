//! The audit leaf: sealing (pseudonyms, encoding, hash) of a read of one resource and of a slip's thirty
//! shelves, the encoding alone, chaining sixty-four leaves as a group commit does, and appending them to
//! the Merkle tree. Throughput is in leaves. `cargo bench -p renkei-audit`.

#![expect(
    clippy::expect_used,
    reason = "a bench says what it expects by failing"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use renkei_audit::merkle::{Frontier, root};
use renkei_audit::{Decision, FIRST_PREVIOUS, Leaf, Sealer, decode, encode, leaf_hash, link};
use renkei_model::caller::{Caller, CallerKind};
use renkei_model::id::{RecordId, RequestId};
use renkei_model::leaf::Hash;
use renkei_model::{Category, Instant, Purpose, Sensitivity, Shelf};

const GROUP: usize = 64;

/// A request that touched so many shelves of one record.
fn leaf(shelves: usize) -> Leaf {
    let record = RecordId::new();
    let shelf = |n: usize| Shelf {
        network: "kitamaru".parse().expect("a network"),
        record,
        category: Category::ALL[n % Category::ALL.len()],
        owner: "0170100001".parse().expect("a facility"),
        sensitivity: Sensitivity::Normal,
    };
    Leaf {
        at: Instant(1_795_312_800_000_000),
        network: Some("kitamaru".parse().expect("a network")),
        caller: Caller {
            kind: CallerKind::System {
                client: "ehr-1".parse().expect("a client"),
            },
            facility: "0110100011".parse().expect("a facility"),
            networks: vec!["kitamaru".parse().expect("a network")],
        },
        records: vec![record],
        shelves: (0..shelves).map(|n| (shelf(n), 1)).collect(),
        purpose: Purpose::Treatment,
        action: "fhir.read",
        decision: Decision::Allow,
        rule: "kitamaru.vendor_system.exchange.read_full".to_owned(),
        policy: "54e8a0d236e709bba4a817d51be3ad7aa96c82a40298392fa01bb947c4faa64b".to_owned(),
        request: RequestId::new(),
        bytes_out: 1_300,
        details: Vec::new(),
    }
}

fn sealing(criterion: &mut Criterion, sealer: &Sealer) {
    let mut group = criterion.benchmark_group("seal a leaf");
    group.throughput(Throughput::Elements(1));
    for (name, shelves) in [("of a read", 1), ("of a slip, 30 shelves", 30)] {
        let leaf = leaf(shelves);
        let sealed = sealer.seal(&leaf);
        let entry = decode(&sealed.canonical).expect("an entry");
        assert_eq!(encode(&entry), sealed.canonical, "one encoding");
        assert_eq!(leaf_hash(&sealed.canonical), sealed.hash);
        assert_eq!(sealed.pseudonyms, [sealer.pseudonym(&leaf.records[0])]);
        group.bench_function(name, |bencher| {
            bencher.iter(|| sealer.seal(black_box(&leaf)))
        });
        group.bench_function(format!("{name}, its encoding"), |bencher| {
            bencher.iter(|| encode(black_box(&entry)));
        });
    }
    group.finish();
}

fn chain(hashes: &[Hash]) -> Hash {
    let numbered = (0..).zip(hashes);
    numbered.fold(FIRST_PREVIOUS, |previous, (seq, hash)| {
        link(&previous, seq, hash)
    })
}

fn tree(hashes: &[Hash]) -> Frontier {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.append(hash);
    }
    frontier
}

fn chaining(criterion: &mut Criterion, sealer: &Sealer) {
    let hashes: Vec<Hash> = (0..GROUP).map(|_| sealer.seal(&leaf(1)).hash).collect();
    let mut other = hashes.clone();
    other.swap(3, 4);
    assert_ne!(chain(&hashes), chain(&other), "the order counts");
    assert_eq!(tree(&hashes).root(), root(&hashes));
    let mut group = criterion.benchmark_group("chain 64 leaves");
    group.throughput(Throughput::Elements(GROUP as u64));
    group.bench_function("links", |bencher| {
        bencher.iter(|| chain(black_box(&hashes)))
    });
    group.bench_function("Merkle tree", |bencher| {
        bencher.iter(|| tree(black_box(&hashes)).root());
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    let sealer = Sealer::new([9; 32]);
    sealing(&mut criterion, &sealer);
    chaining(&mut criterion, &sealer);
    criterion.final_summary();
}
