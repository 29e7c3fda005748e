//! Who may see what, with the table of the Kitami network: looking up a mask (what a search's statement
//! is built from), a decision that was asked before (each shelf that leaves the house), and decisions
//! that Cedar has to make, each question once to a set that was just compiled. Throughput is in
//! questions. `cargo bench -p renkei-access`.

#![expect(
    clippy::expect_used,
    reason = "a bench says what it expects by failing"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use renkei_access::{
    Action, Decider as _, PolicySet, Question, Reference, Table, compile, read_table,
};
use renkei_model::id::NetworkName;
use renkei_model::{Category, Profession, Purpose, Relation, Sensitivity};

fn table() -> Table {
    let text = include_str!("../../../profiles/kitamaru/access.csv");
    read_table("profiles/kitamaru/access.csv", text)
        .map_err(|faults| faults.first().map(ToString::to_string))
        .expect("a table")
}

fn network() -> NetworkName {
    "kitamaru".parse().expect("a network")
}

/// What a care manager may read: every category, by the relations that a sender and its team have.
fn questions() -> Vec<Question> {
    let relations = [
        Relation::None,
        Relation::AuthorFacility,
        Relation::TeamMember,
    ];
    let question = |relation, category| Question {
        network: network(),
        profession: Profession::CareManager,
        category,
        sensitivity: Sensitivity::Normal,
        relation,
        purpose: Purpose::Treatment,
        action: Action::ReadFull,
    };
    let of = |relation| {
        Category::ALL
            .iter()
            .map(move |category| question(relation, *category))
    };
    relations.into_iter().flat_map(of).collect()
}

fn mask(policies: &PolicySet, question: &Question) -> i64 {
    policies.allows(
        &question.network,
        question.profession,
        question.relation,
        question.purpose,
        question.sensitivity,
        question.action,
    )
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    let table = table();
    let compiled = || compile(std::slice::from_ref(&table)).expect("policies");
    let reference = Reference::new(std::slice::from_ref(&table));
    let policies = compiled();
    let masks = policies.masks();
    let policies = policies.with_masks(masks);
    let questions = questions();
    let mut open = 0;
    for question in &questions {
        let allowed = policies.decide(question).is_allow();
        assert_eq!(
            allowed,
            reference.decide(question).is_allow(),
            "{question:?}"
        );
        assert_eq!(
            allowed,
            mask(&policies, question) & question.category.bit() != 0
        );
        open += usize::from(allowed);
    }
    assert!(open > 0 && open < questions.len(), "{open} are open");

    let mut group = criterion.benchmark_group("rights");
    group.throughput(Throughput::Elements(questions.len() as u64));
    group.bench_function("look up a mask", |bencher| {
        bencher.iter(|| {
            let masks = black_box(&questions)
                .iter()
                .map(|asked| mask(&policies, asked));
            masks.fold(0, |all, one| all | one)
        });
    });
    group.bench_function("decide what was asked before", |bencher| {
        bencher.iter(|| {
            let asked = black_box(&questions).iter();
            asked
                .filter(|asked| policies.decide(asked).is_allow())
                .count()
        });
    });
    group.sample_size(20);
    group.bench_function("decide by Cedar", |bencher| {
        let decide = |policies: PolicySet| {
            let asked = black_box(&questions).iter();
            let open = asked
                .filter(|asked| policies.decide(asked).is_allow())
                .count();
            (policies, open)
        };
        bencher.iter_batched(compiled, decide, BatchSize::PerIteration);
    });
    group.finish();
    criterion.final_summary();
}
