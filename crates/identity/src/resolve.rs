//! The decision over exact identifier matches.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use renkei_model::id::RecordId;

use crate::fold::fold_kana;

/// What a message says of a human being, as far as exact matching needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demography {
    /// Name in kana (氏名カナ), folded or not.
    pub kana: Option<String>,
    /// Date of birth, `YYYY-MM-DD`.
    pub birth_date: Option<String>,
}

/// A record that one of the message's identifiers points to, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The record.
    pub record: RecordId,
    /// How much the identifier counts: 0 regional id, 1 facility patient id, 2 insured number.
    pub rank: u8,
    /// Name in kana, folded or not.
    pub kana: Option<String>,
    /// Date of birth, `YYYY-MM-DD`.
    pub birth_date: Option<String>,
}

/// Which record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// None that we know.
    New {
        /// An identifier points to a record, but that is plainly somebody else.
        conflict: bool,
    },
    /// One that we know.
    Existing {
        /// Which.
        record: RecordId,
        /// Identifiers disagree, and a person should look at it.
        conflict: bool,
    },
}

/// How name and date of birth of a match agree with the message. Ordered: later is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Agreement {
    /// Neither name nor date is known to be equal: a number alone is nobody. Typed wrong, or claimed.
    Contradicts,
    /// One is equal, the other differs: people marry, dates are misread, and twins have one birthday.
    Half,
    /// One is equal, the other is missing.
    Open,
    /// Both are equal.
    Full,
}

/// Decides which record a message is about from the records that its identifiers point to.
///
/// The identifier of lowest rank wins. A match of which neither kana nor date of birth is known to be
/// equal is no match but a wrong number, and says `conflict`; so does a match of which one differs, and
/// so do identifiers that point to different records. A number alone never decides: whoever guesses one would be joined to a stranger. Among records of one rank the one whose name and date agree wins, then the
/// oldest. The order of `known` does not matter.
#[must_use]
pub fn resolve(claimed: &Demography, known: &[Known]) -> Resolution {
    let judged: Vec<(&Known, Agreement)> = known
        .iter()
        .map(|one| (one, agreement(claimed, one)))
        .collect();
    let distinct: BTreeSet<RecordId> = known.iter().map(|one| one.record).collect();
    let contradicted = judged
        .iter()
        .any(|(_, agreement)| *agreement == Agreement::Contradicts);
    let half = judged
        .iter()
        .any(|(_, agreement)| *agreement == Agreement::Half);
    let conflict = contradicted || half || distinct.len() > 1;
    judged
        .into_iter()
        .filter(|(_, agreement)| *agreement != Agreement::Contradicts)
        .min_by_key(|(one, agreement)| (one.rank, Reverse(*agreement), one.record))
        .map_or(Resolution::New { conflict }, |(one, _)| {
            Resolution::Existing {
                record: one.record,
                conflict,
            }
        })
}

/// Whether two descriptions can be of one human being: kana or date of birth are known to be equal.
#[must_use]
pub fn agrees(one: &Demography, other: &Demography) -> bool {
    compare(one, (other.kana.as_deref(), other.birth_date.as_deref())) != Agreement::Contradicts
}

fn agreement(claimed: &Demography, known: &Known) -> Agreement {
    compare(
        claimed,
        (known.kana.as_deref(), known.birth_date.as_deref()),
    )
}

fn compare(claimed: &Demography, (kana, birth_date): (Option<&str>, Option<&str>)) -> Agreement {
    let names_equal = both(claimed.kana.as_deref(), kana, fold_kana);
    let dates_equal = both(claimed.birth_date.as_deref(), birth_date, |date| {
        date.trim().to_owned()
    });
    match (names_equal, dates_equal) {
        (Some(true), Some(true)) => Agreement::Full,
        (Some(true), None) | (None, Some(true)) => Agreement::Open,
        (Some(true), Some(false)) | (Some(false), Some(true)) => Agreement::Half,
        _ => Agreement::Contradicts,
    }
}

/// Whether both are equal after folding; `None` when either is missing or folds to nothing.
fn both(left: Option<&str>, right: Option<&str>, fold: fn(&str) -> String) -> Option<bool> {
    let (left, right) = (fold(left?), fold(right?));
    if left.is_empty() || right.is_empty() {
        None
    } else {
        Some(left == right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn somebody(kana: &str, birth_date: &str) -> Demography {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Demography {
            kana: text(kana),
            birth_date: text(birth_date),
        }
    }

    fn known(record: RecordId, rank: u8, who: &Demography) -> Known {
        Known {
            record,
            rank,
            kana: who.kana.clone(),
            birth_date: who.birth_date.clone(),
        }
    }

    #[test]
    fn nothing_known_is_a_new_record() {
        let claimed = somebody("キタミ ショウコ", "1940-02-03");
        assert_eq!(resolve(&claimed, &[]), Resolution::New { conflict: false });
    }

    #[test]
    fn one_difference_is_a_match_that_somebody_should_look_at() {
        let record = RecordId::new();
        let here = known(record, 0, &somebody("キタミシヨウコ", "1940-02-03"));
        for (claimed, conflict) in [
            (somebody("きたみ しょうこ", "1940-02-03"), false),
            (somebody("", "1940-02-03"), false),
            (somebody("オホーツク ショウコ", "1940-02-03"), true),
            (somebody("キタミ ショウコ", "1940-03-02"), true),
        ] {
            let found = resolve(&claimed, std::slice::from_ref(&here));
            assert_eq!(
                found,
                Resolution::Existing { record, conflict },
                "{claimed:?}"
            );
        }
    }

    #[test]
    fn a_number_alone_is_nobody() {
        let here = known(
            RecordId::new(),
            0,
            &somebody("キタミ ショウコ", "1940-02-03"),
        );
        let nameless = known(RecordId::new(), 0, &somebody("", "1951-12-30"));
        for (claimed, here) in [
            (somebody("", ""), &here),
            (somebody("", "1951-12-30"), &here),
            (somebody("アバシリ タロウ", ""), &here),
            (somebody("キタミ ショウコ", "1940-02-03"), &nameless),
        ] {
            let found = resolve(&claimed, std::slice::from_ref(here));
            assert_eq!(found, Resolution::New { conflict: true }, "{claimed:?}");
        }
    }

    #[test]
    fn a_wrong_number_makes_a_new_record_with_a_conflict() {
        let here = known(
            RecordId::new(),
            0,
            &somebody("キタミ ショウコ", "1940-02-03"),
        );
        let claimed = somebody("アバシリ タロウ", "1951-12-30");
        assert_eq!(
            resolve(&claimed, &[here]),
            Resolution::New { conflict: true }
        );
    }

    #[test]
    fn a_wrong_number_does_not_hide_the_right_one() {
        let claimed = somebody("アバシリ タロウ", "1951-12-30");
        let other = known(
            RecordId::new(),
            0,
            &somebody("キタミ ショウコ", "1940-02-03"),
        );
        let right = known(RecordId::new(), 2, &claimed);
        let found = resolve(&claimed, &[other, right.clone()]);
        assert_eq!(
            found,
            Resolution::Existing {
                record: right.record,
                conflict: true
            }
        );
    }

    #[test]
    fn the_lowest_rank_wins_and_disagreement_is_a_conflict() {
        let claimed = somebody("キタミ ショウコ", "1940-02-03");
        let (regional, insured) = (RecordId::new(), RecordId::new());
        let rows = [known(insured, 2, &claimed), known(regional, 0, &claimed)];
        assert_eq!(
            resolve(&claimed, &rows),
            Resolution::Existing {
                record: regional,
                conflict: true
            }
        );
    }

    #[test]
    fn two_identifiers_of_one_record_are_no_conflict() {
        let claimed = somebody("キタミ ショウコ", "1940-02-03");
        let record = RecordId::new();
        let rows = [known(record, 2, &claimed), known(record, 1, &claimed)];
        assert_eq!(
            resolve(&claimed, &rows),
            Resolution::Existing {
                record,
                conflict: false
            }
        );
    }

    #[test]
    fn within_one_rank_agreement_wins() {
        let claimed = somebody("アバシリ タロウ", "1951-12-30");
        let vague = known(RecordId::new(), 0, &somebody("", "1940-02-03"));
        let exact = known(RecordId::new(), 0, &claimed);
        let found = resolve(&claimed, &[vague, exact.clone()]);
        assert_eq!(
            found,
            Resolution::Existing {
                record: exact.record,
                conflict: true
            }
        );
    }

    fn any_demography() -> impl Strategy<Value = Demography> {
        let kana = proptest::option::of(prop_oneof![Just("サトウ"), Just("スズキ")]);
        let date = proptest::option::of(prop_oneof![Just("1940-01-01"), Just("1950-05-05")]);
        (kana, date).prop_map(|(kana, date)| Demography {
            kana: kana.map(str::to_owned),
            birth_date: date.map(str::to_owned),
        })
    }

    proptest! {
        #[test]
        fn the_order_of_matches_does_not_matter(
            claimed in any_demography(),
            rows in proptest::collection::vec((0_usize..3, 0_u8..3, any_demography()), 0..6),
        ) {
            let records = [RecordId::new(), RecordId::new(), RecordId::new()];
            let mut matches: Vec<Known> =
                rows.iter().map(|(which, rank, who)| known(records[*which], *rank, who)).collect();
            let forward = resolve(&claimed, &matches);
            matches.reverse();
            prop_assert_eq!(resolve(&claimed, &matches), forward);
        }

        #[test]
        fn what_contradicts_is_never_chosen(
            claimed in any_demography(),
            rows in proptest::collection::vec((0_u8..3, any_demography()), 0..6),
        ) {
            let matches: Vec<Known> =
                rows.iter().map(|(rank, who)| known(RecordId::new(), *rank, who)).collect();
            if let Resolution::Existing { record, .. } = resolve(&claimed, &matches) {
                let chosen = matches.iter().find(|one| one.record == record);
                prop_assert!(chosen.is_some_and(|one| agreement(&claimed, one) != Agreement::Contradicts));
            }
        }
    }
}
