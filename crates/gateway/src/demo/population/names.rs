//! Names: written, read, and as old as their bearers.

use super::dice::Dice;
use super::source::Source;
use super::tables::{GivenName, Sex, Surname};

/// A person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Family name, written.
    pub family: String,
    /// Family name, read (katakana).
    pub family_kana: String,
    /// Given name, written.
    pub given: String,
    /// Given name, read (katakana).
    pub given_kana: String,
}

/// How often another family name is tried when no given name is short enough for it.
const TRIES: usize = 50;

impl Source {
    /// Any name for somebody of that sex and year of birth.
    pub fn name(&self, dice: &mut Dice, sex: Sex, year: i16) -> Name {
        for _ in 0..TRIES {
            if let Some(surname) = self.surname(dice)
                && let Some(given) = self.given(dice, surname.kanji.chars().count(), sex, year)
            {
                return joined(&surname.kanji, &surname.kana, given);
            }
        }
        // Tables without a single name for that year: the checks of the tests find them.
        Name {
            family: String::new(),
            family_kana: String::new(),
            given: String::new(),
            given_kana: String::new(),
        }
    }

    /// A name in the same family; never one that somebody of `others` has.
    pub fn name_in(
        &self,
        dice: &mut Dice,
        family: &Name,
        sex: Sex,
        year: i16,
        others: &[&Name],
    ) -> Name {
        for _ in 0..TRIES {
            let length = family.family.chars().count();
            let Some(given) = self.given(dice, length, sex, year) else {
                break;
            };
            if others.iter().all(|other| other.given_kana != given.kana) {
                return joined(&family.family, &family.family_kana, given);
            }
        }
        self.name(dice, sex, year)
    }

    fn surname(&self, dice: &mut Dice) -> Option<&Surname> {
        dice.weighted(&self.surnames, |surname| surname.weight)
    }

    fn given(&self, dice: &mut Dice, taken: usize, sex: Sex, year: i16) -> Option<&GivenName> {
        let room = self.settings.name_characters_at_most.saturating_sub(taken);
        dice.weighted(&self.given_names, |name| {
            let fits = name.sex == sex
                && (name.from..=name.to).contains(&year)
                && name.kanji.chars().count() <= room;
            if fits { name.weight } else { 0 }
        })
    }
}

fn joined(family: &str, family_kana: &str, given: &GivenName) -> Name {
    Name {
        family: family.to_owned(),
        family_kana: family_kana.to_owned(),
        given: given.kanji.clone(),
        given_kana: given.kana.clone(),
    }
}
