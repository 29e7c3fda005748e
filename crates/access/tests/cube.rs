//! Engine and oracle agree on the whole cube; masks say what the engine says.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use proptest::prelude::*;
use renkei_access::{
    Action, Decider, Decision, PolicySet, Question, Reference, Table, compile, read_table,
};
use renkei_model::id::NetworkName;
use renkei_model::{Category, Profession, Purpose, Relation, Sensitivity};

const HEADER: &str = "network,profession,category,relation,view,write,send\n";

fn kitamaru() -> Table {
    let text = include_str!("../../../profiles/kitamaru/access.csv");
    read_table("profiles/kitamaru/access.csv", text).unwrap()
}

/// Every question that can be asked of one network about these professions.
fn cube<'a>(
    network: &'a str,
    professions: &'a [Profession],
) -> impl Iterator<Item = Question> + use<'a> {
    let network: NetworkName = network.parse().unwrap();
    let words = professions.iter().flat_map(|profession| {
        Category::ALL.iter().flat_map(move |category| {
            Sensitivity::ALL.iter().flat_map(move |sensitivity| {
                Relation::ALL
                    .iter()
                    .map(move |relation| (*profession, *category, *sensitivity, *relation))
            })
        })
    });
    words.flat_map(move |(profession, category, sensitivity, relation)| {
        let network = network.clone();
        Purpose::ALL.iter().flat_map(move |purpose| {
            let network = network.clone();
            Action::ALL.iter().map(move |action| Question {
                network: network.clone(),
                profession,
                category,
                sensitivity,
                relation,
                purpose: *purpose,
                action: *action,
            })
        })
    })
}

fn mask_says(policies: &PolicySet, question: &Question) -> bool {
    let open = policies.allows(
        &question.network,
        question.profession,
        question.relation,
        question.purpose,
        question.sensitivity,
        question.action,
    );
    open & question.category.bit() != 0
}

/// Engine, oracle and masks on every cell; returns the number of cells and of open ones.
fn compare(table: &Table, network: &str, professions: &[Profession]) -> (usize, usize) {
    let tables = std::slice::from_ref(table);
    let oracle = Reference::new(tables);
    let policies = compile(tables).unwrap();
    let masks = policies.masks();
    let policies = policies.with_masks(masks);
    let (mut cells, mut open) = (0, 0);
    for question in cube(network, professions) {
        let decision = policies.decide(&question);
        let expected = oracle.decide(&question).is_allow();
        assert_eq!(decision.is_allow(), expected, "{question:?}: {decision:?}");
        assert_eq!(
            mask_says(&policies, &question),
            expected,
            "mask of {question:?}"
        );
        assert_ne!(
            decision,
            Decision::Deny {
                reason: "engine error".to_owned()
            }
        );
        cells += 1;
        open += usize::from(expected);
    }
    (cells, open)
}

#[test]
fn engine_oracle_and_masks_agree_on_every_cell_of_kitamaru() {
    let (cells, open) = compare(&kitamaru(), "kitamaru", Profession::ALL);
    println!("{cells} cells, {open} open");
    assert_eq!(cells, 19 * 17 * 4 * 7 * 4 * 3);
    assert!(open > 1_000);
}

#[test]
fn another_network_is_closed() {
    let policies = compile(&[kitamaru()]).unwrap();
    assert!(cube("elsewhere", Profession::ALL).all(|one| !policies.decide(&one).is_allow()));
}

#[test]
fn masks_are_few_and_none_is_empty() {
    let started = std::time::Instant::now();
    let policies = compile(&[kitamaru()]).unwrap();
    let compiled = started.elapsed();
    let masks = policies.masks();
    println!(
        "compile {compiled:?}, {} masks, together {:?}",
        masks.len(),
        started.elapsed()
    );
    assert!(masks.iter().all(|mask| mask.categories != 0));
    assert!(masks.len() < 2_000, "they are joined to every query");
}

/// Rows that a table may say, over few words so that cells meet.
fn any_row() -> impl Strategy<Value = String> {
    let words = (
        prop::sample::select(vec![Profession::Nurse, Profession::Auditor]),
        prop::sample::select(Category::ALL),
        prop::sample::select(Sensitivity::ALL),
        prop::sample::select(Relation::ALL),
        prop::sample::select(vec!["", "", "+emergency"]),
    );
    let grants = (
        prop::sample::select(renkei_model::View::ALL),
        any::<bool>(),
        any::<bool>(),
    );
    (words, grants).prop_map(
        |((profession, category, sensitivity, relation, mark), grants)| {
            let (view, write, send) = grants;
            let word = |yes| if yes { "yes" } else { "no" };
            let category = if sensitivity == Sensitivity::Normal {
                category.to_string()
            } else {
                format!("{category}+{sensitivity}")
            };
            format!(
                "n,{profession},{category},{relation}{mark},{view},{},{}\n",
                word(write),
                word(send)
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn engine_oracle_and_masks_agree_on_any_table(
        rows in proptest::collection::vec(any_row(), 1..40),
    ) {
        // Rows that no table may say, and cells given twice, are left out one by one.
        let mut text = HEADER.to_owned();
        for row in rows {
            let longer = format!("{text}{row}");
            if read_table("t", &longer).is_ok() {
                text = longer;
            }
        }
        let table = read_table("t", &text).unwrap();
        compare(&table, "n", &[Profession::Nurse, Profession::Auditor, Profession::Physician]);
    }
}
