//! The decision over exact identifiers: a table, and the laws.

use proptest::prelude::*;

use super::*;

/// `kana|birth date|sex|name`, empty where unknown.
fn face(text: &str) -> Face {
    let mut cells = text
        .split('|')
        .map(|cell| (!cell.is_empty()).then(|| cell.to_owned()));
    let mut next = || cells.next().flatten();
    let (kana, birth_date, sex, name) = (next(), next(), next(), next());
    Face {
        name,
        kana,
        birth_date,
        sex,
        ..Face::default()
    }
}

fn known(record: RecordId, rank: u8, face: Face) -> Known {
    Known { record, rank, face }
}

const SHOKO: &str = "キタミ ショウコ|1940-02-03|female|北見 翔子";

#[test]
fn nothing_known_is_a_new_record() {
    assert_eq!(
        resolve(&face(SHOKO), &[]),
        Resolution::New { doubts: vec![] }
    );
}

#[test]
fn an_identifier_joins_when_nothing_says_that_it_is_somebody_else() {
    let record = RecordId::new();
    let here = known(record, 0, face(SHOKO));
    for claimed in [
        SHOKO,
        "ｷﾀﾐ ｼｮｳｺ|1940-02-03||",
        "きたみしょうこ|1940-02-03|female|北見 翔子",
        // One of the two is missing, or known in part.
        "キタミ ショウコ|||",
        "キタミ ショウコ|1940|female|",
        "|1940-02-03|female|北見 翔子",
        "|1940-02-03||",
        // Married.
        "オホーツク ショウコ|1940-02-03|female|網走 翔子",
        // The family name was misheard, the given name was not.
        "ギダミ ショウコ|1940-02-03|female|",
        // The wrong box for the sex.
        "キタミ ショウコ|1940-02-03|male|",
    ] {
        let expected = Resolution::Existing {
            record,
            doubts: vec![],
        };
        assert_eq!(
            resolve(&face(claimed), std::slice::from_ref(&here)),
            expected,
            "{claimed}"
        );
    }
}

#[test]
fn a_number_that_leads_to_somebody_else_is_a_doubt() {
    let record = RecordId::new();
    let here = known(record, 0, face(SHOKO));
    for claimed in [
        // Plainly somebody else; nothing known; a number alone.
        "アバシリ タロウ|1951-12-30|male|",
        "アバシリ タロウ|||",
        "|1951-12-30||",
        "|||",
        // A twin with a mistyped number, also one without kana.
        "キタミ ヨウコ|1940-02-03|female|",
        "|1940-02-03|female|北見 陽子",
        "|1940-02-03|male|",
        // A misread date: perhaps, but the office says so.
        "キタミ ショウコ|1940-02-04|female|",
        "キタミ ショウコ|1941|female|",
        // Another family name, and the sex is not known to be equal.
        "オホーツク ショウコ|1940-02-03||",
    ] {
        let expected = Resolution::New {
            doubts: vec![record],
        };
        assert_eq!(
            resolve(&face(claimed), std::slice::from_ref(&here)),
            expected,
            "{claimed}"
        );
    }
}

#[test]
fn a_wrong_number_does_not_hide_the_right_one() {
    let claimed = face("アバシリ タロウ|1951-12-30|male|");
    let (wrong, right) = (RecordId::new(), RecordId::new());
    let rows = [
        known(wrong, 0, face(SHOKO)),
        known(right, 2, claimed.clone()),
    ];
    let expected = Resolution::Existing {
        record: right,
        doubts: vec![wrong],
    };
    assert_eq!(resolve(&claimed, &rows), expected);
}

#[test]
fn the_lowest_rank_wins_then_the_better_agreement() {
    let (regional, insured) = (RecordId::new(), RecordId::new());
    let rows = [
        known(insured, 2, face(SHOKO)),
        known(regional, 0, face(SHOKO)),
    ];
    let expected = Resolution::Existing {
        record: regional,
        doubts: vec![insured],
    };
    assert_eq!(resolve(&face(SHOKO), &rows), expected);

    let (vague, exact) = (RecordId::new(), RecordId::new());
    let rows = [
        known(vague, 0, face("キタミ ショウコ|||")),
        known(exact, 0, face(SHOKO)),
    ];
    let expected = Resolution::Existing {
        record: exact,
        doubts: vec![vague],
    };
    assert_eq!(resolve(&face(SHOKO), &rows), expected);
}

#[test]
fn two_identifiers_of_one_record_are_no_doubt() {
    let record = RecordId::new();
    let rows = [known(record, 2, face(SHOKO)), known(record, 1, face(SHOKO))];
    let expected = Resolution::Existing {
        record,
        doubts: vec![],
    };
    assert_eq!(resolve(&face(SHOKO), &rows), expected);
}

#[test]
fn a_sender_may_correct_one_of_the_two() {
    for (other, expected) in [
        ("キタミ ショウコ|1940-02-13||", true),
        ("オホーツク ショウコ|1940-02-03||", true),
        ("アバシリ タロウ|1951-12-30||", false),
        ("|||", false),
    ] {
        assert_eq!(agrees(&face(SHOKO), &face(other)), expected, "{other}");
    }
}

fn any_face() -> impl Strategy<Value = Face> {
    let pick = |values: &'static [&'static str]| proptest::sample::select(values);
    (
        pick(&[
            "",
            "キタミ ショウコ",
            "キタミ ヨウコ",
            "サトウ ショウコ",
            "キタミショウコ",
        ]),
        pick(&["", "1940-02-03", "1940-02-04", "1940"]),
        pick(&["", "male", "female"]),
        pick(&["", "北見 翔子", "北見 陽子"]),
    )
        .prop_map(|(kana, birth, sex, name)| face(&[kana, birth, sex, name].join("|")))
}

proptest! {
    #[test]
    fn the_order_of_matches_does_not_matter(
        claimed in any_face(),
        rows in proptest::collection::vec((0_usize..3, 0_u8..3, any_face()), 0..6),
    ) {
        let records = [RecordId::new(), RecordId::new(), RecordId::new()];
        let mut matches: Vec<Known> =
            rows.into_iter().map(|(which, rank, face)| known(records[which], rank, face)).collect();
        let forward = resolve(&claimed, &matches);
        matches.reverse();
        prop_assert_eq!(resolve(&claimed, &matches), forward);
    }

    #[test]
    fn every_record_is_joined_or_a_doubt(
        claimed in any_face(),
        rows in proptest::collection::vec((0_u8..3, any_face()), 0..6),
    ) {
        let matches: Vec<Known> =
            rows.into_iter().map(|(rank, face)| known(RecordId::new(), rank, face)).collect();
        let named = match resolve(&claimed, &matches) {
            Resolution::New { doubts } => doubts.len(),
            Resolution::Existing { record, doubts } => {
                prop_assert!(!doubts.contains(&record));
                doubts.len() + 1
            }
        };
        prop_assert_eq!(named, matches.len());
    }

    #[test]
    fn another_given_name_is_never_joined(claimed in any_face(), here in any_face()) {
        let claimed = Face { kana: Some("キタミ ショウコ".to_owned()), ..claimed };
        let here = Face { kana: Some("キタミ ヨウコ".to_owned()), ..here };
        let found = resolve(&claimed, &[known(RecordId::new(), 0, here)]);
        let joined = matches!(found, Resolution::Existing { .. });
        prop_assert!(!joined);
    }
}
