//! How like a name sounds to one that was typed in kana, or half in kana.

use crate::fold::{fold_kana, loosened};
use crate::likeness::edits;
use crate::query::{Kana, Part};

/// Kana of a face, folded both ways.
pub(crate) struct Sound {
    /// As `fold_kana` leaves it.
    pub strict: String,
    /// As `loose_kana` leaves it.
    pub loose: String,
}

impl Sound {
    pub(crate) fn of(kana: &str) -> Self {
        let strict = fold_kana(kana);
        Self {
            loose: loosened(strict.clone()),
            strict,
        }
    }
}

/// How like kana are, in a hundred.
pub(crate) fn kana_likeness(asked: &Kana, known: &Sound) -> i32 {
    if known.strict.is_empty() {
        return 0;
    }
    if asked.strict == known.strict {
        return 100;
    }
    if asked.loose.contains(&known.loose) {
        return 92;
    }
    let length = asked.main().chars().count();
    if known.strict.starts_with(&asked.strict) {
        let is_one = asked.strict.chars().count() < 2;
        return if is_one { 30 } else { 60 };
    }
    if length >= 2
        && asked
            .loose
            .iter()
            .any(|loose| known.loose.starts_with(loose))
    {
        return 55;
    }
    match edits(asked.main(), &known.loose, 2) {
        Some(0 | 1) if length >= 3 => 65,
        Some(2) if length >= 6 => 45,
        _ => 0,
    }
}

/// How like a name is to one that was typed half in kana, half in kanji: both halves must agree, each in
/// its own script.
pub(crate) fn mixed(asked: &Part, kana: &Sound, name: &str) -> i32 {
    let Some(mixed) = &asked.mixed else { return 0 };
    let (likeness, rest) = if mixed.kana_first {
        let likeness = begins(&mixed.kana, kana);
        (likeness, name.strip_suffix(mixed.written.as_str()))
    } else {
        let likeness = ends(&mixed.kana, kana);
        (likeness, name.strip_prefix(mixed.written.as_str()))
    };
    rest.filter(|rest| !rest.is_empty()).map_or(0, |_| likeness)
}

fn ends(asked: &Kana, known: &Sound) -> i32 {
    let loose = |loose: &String| !loose.is_empty() && known.loose.ends_with(loose);
    if known.strict.ends_with(&asked.strict) {
        90
    } else if asked.loose.iter().any(loose) {
        85
    } else {
        0
    }
}

/// How far kana begin a name of which nobody says where the family name ends.
pub(crate) fn begins(asked: &Kana, known: &Sound) -> i32 {
    if known.strict.starts_with(&asked.strict) {
        90
    } else if asked
        .loose
        .iter()
        .any(|loose| !loose.is_empty() && known.loose.starts_with(loose))
    {
        85
    } else {
        0
    }
}
