//! The decision over exact identifier matches.

use std::collections::BTreeSet;

use renkei_model::Face;
use renkei_model::id::RecordId;

use crate::fold::fold_kana;
use crate::likeness::{Dates, dates};
use crate::score::{Names, both, kana_names, same_sex, written_names};

/// A record that one of a message's identifiers points to, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The record.
    pub record: RecordId,
    /// How much the identifier counts: 0 regional id, 1 facility patient id, 2 insured number.
    pub rank: u8,
    /// Who the record says that it is.
    pub face: Face,
}

/// Which record it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// None that we know.
    New {
        /// Records that an identifier points to, though they are somebody else or may be. Sorted.
        doubts: Vec<RecordId>,
    },
    /// One that we know.
    Existing {
        /// Which.
        record: RecordId,
        /// Other records that an identifier points to. Sorted.
        doubts: Vec<RecordId>,
    },
}

/// Why a match is joined. Ordered: the first is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Agreement {
    /// Kana and date of birth are equal.
    Full,
    /// Date of birth, given name and sex are equal, the family name is another: people marry.
    FamilyChanged,
    /// One is equal, the other is missing, and nothing else differs.
    Open,
}

/// Decides which record a message is about from the records that its identifiers point to.
///
/// A number alone never decides: whoever mistypes or guesses one would be joined to a stranger. A match
/// is joined if kana and date of birth are equal; or if one is equal, the other missing, and nothing
/// differs; or if only the family name differs. Everything else stays apart and is a doubt: a link can
/// be made later, a wrong merge cannot be taken back from who acted on it. Among matches that join, the
/// identifier of lowest rank wins, then the better agreement, then the oldest record; the others are
/// doubts too. The order of `known` does not matter.
#[must_use]
pub fn resolve(face: &Face, known: &[Known]) -> Resolution {
    let chosen = known
        .iter()
        .filter_map(|one| agreement(face, &one.face).map(|how| (one.rank, how, one.record)))
        .min()
        .map(|(_, _, record)| record);
    let others: BTreeSet<RecordId> = known
        .iter()
        .map(|one| one.record)
        .filter(|record| Some(*record) != chosen)
        .collect();
    let doubts = others.into_iter().collect();
    match chosen {
        Some(record) => Resolution::Existing { record, doubts },
        None => Resolution::New { doubts },
    }
}

fn agreement(one: &Face, other: &Face) -> Option<Agreement> {
    let names = kana_names(one, other);
    let births = match (one.birth_date.as_deref(), other.birth_date.as_deref()) {
        (Some(one), Some(other)) => dates(one, other),
        _ => None,
    };
    let sex = same_sex(one, other);
    let nothing_differs = sex != Some(false) && written_names(one, other) != Some(false);
    match (names, births) {
        (Some(Names::Equal), Some(Dates::Equal)) => Some(Agreement::Full),
        // Misheard, but only the family name: a twin has another given name.
        (Some(Names::Alike), Some(Dates::Equal)) if given_equal(one, other) => {
            Some(Agreement::Full)
        }
        (Some(Names::FamilyDiffers), Some(Dates::Equal)) if sex == Some(true) => {
            Some(Agreement::FamilyChanged)
        }
        (Some(Names::Equal), None | Some(Dates::Within)) | (None, Some(Dates::Equal))
            if nothing_differs =>
        {
            Some(Agreement::Open)
        }
        _ => None,
    }
}

fn given_equal(one: &Face, other: &Face) -> bool {
    let given = |face: &Face| -> Option<String> {
        let (_, given) = crate::terms::split(face.kana.as_deref()?)?;
        Some(fold_kana(&given))
    };
    given(one).is_some_and(|given_name| given(other) == Some(given_name))
}

/// Whether two descriptions that a sender gave under one key can be of one human being: kana or date of
/// birth are known to be equal.
#[must_use]
pub fn agrees(one: &Face, other: &Face) -> bool {
    let kana = both(one.kana.as_deref(), other.kana.as_deref(), fold_kana);
    let birth = both(
        one.birth_date.as_deref(),
        other.birth_date.as_deref(),
        |date| date.trim().to_owned(),
    );
    kana == Some(true) || birth == Some(true)
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
