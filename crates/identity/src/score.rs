//! Whether two faces are one human being: points for what agrees and against what differs.

use renkei_model::Face;

use crate::address::{fold_address, one_house};
use crate::fold::{fold_kana, fold_name, fold_phone, loose_kana};
use crate::likeness::{Dates, dates};
use crate::terms::split;

/// From here on two faces are one human being, if kana and birth date agree and nothing differs.
const SAME: i32 = 95;
/// From here on a person should look.
const DOUBTFUL: i32 = 55;

/// What agrees or differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ground {
    /// Name in kana, family and given, equal after folding.
    Kana,
    /// Name in kana equal only when marks and long vowels are left away.
    KanaAlike,
    /// No kana on one side; the name as it is written is equal after folding.
    Name,
    /// Only the given name in kana is equal; see [`Ground::FamilyDiffers`].
    Given,
    /// Date of birth, to the day.
    BirthDate,
    /// What both know of the date of birth agrees, but one knows no day.
    BirthPartial,
    /// Dates of birth that are a slip of the pen apart: a day, a month, a year, two digits, an era.
    BirthOneOff,
    /// Sex.
    Sex,
    /// A telephone number.
    Phone,
    /// House.
    Address,
    /// Given names differ: twins, spouses, parents.
    GivenDiffers,
    /// Family names differ: married, divorced, adopted; or strangers.
    FamilyDiffers,
    /// Names in kana differ, and no part of them is known to be equal.
    KanaDiffers,
    /// Kana agree, the kanji do not.
    NameDiffers,
    /// Dates of birth differ by more than a slip of the pen.
    BirthDiffers,
    /// One man, one woman.
    SexDiffers,
    /// Another house: people move.
    AddressDiffers,
}

impl Ground {
    /// The word in reviews and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kana => "kana",
            Self::KanaAlike => "kana_alike",
            Self::Name => "name",
            Self::Given => "given",
            Self::BirthDate => "birth_date",
            Self::BirthPartial => "birth_partial",
            Self::BirthOneOff => "birth_one_off",
            Self::Sex => "sex",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::GivenDiffers => "given_differs",
            Self::FamilyDiffers => "family_differs",
            Self::KanaDiffers => "kana_differs",
            Self::NameDiffers => "name_differs",
            Self::BirthDiffers => "birth_differs",
            Self::SexDiffers => "sex_differs",
            Self::AddressDiffers => "address_differs",
        }
    }

    /// Points for it, or against. The table of `docs/identity.md`.
    #[must_use]
    pub const fn points(self) -> i32 {
        match self {
            Self::Kana | Self::BirthDate => 40,
            Self::Name => 35,
            Self::KanaAlike => 30,
            Self::Given => 25,
            Self::BirthPartial => 20,
            Self::BirthOneOff | Self::Phone | Self::Address => 15,
            Self::Sex => 10,
            Self::AddressDiffers => 0,
            Self::NameDiffers => -15,
            Self::FamilyDiffers | Self::SexDiffers => -25,
            Self::BirthDiffers => -50,
            Self::GivenDiffers | Self::KanaDiffers => -60,
        }
    }

    /// Whether it keeps two faces from being one without a person's word.
    const fn is_against(self) -> bool {
        match self {
            Self::Kana
            | Self::Name
            | Self::BirthDate
            | Self::BirthPartial
            | Self::Sex
            | Self::Phone
            | Self::Address
            | Self::AddressDiffers => false,
            Self::KanaAlike
            | Self::Given
            | Self::BirthOneOff
            | Self::GivenDiffers
            | Self::FamilyDiffers
            | Self::KanaDiffers
            | Self::NameDiffers
            | Self::BirthDiffers
            | Self::SexDiffers => true,
        }
    }
}

/// The sum, and what it is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// The sum of the grounds' points; may be negative.
    pub points: i32,
    /// What agrees and what differs, in a fixed order.
    pub grounds: Vec<Ground>,
}

/// What follows from a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One human being: linked without asking.
    Same,
    /// Perhaps: stays apart, and a person looks.
    Doubtful,
    /// Two human beings, as far as anybody can tell.
    Different,
}

/// Compares two faces. Symmetric: which comes first does not matter.
#[must_use]
pub fn compare(one: &Face, other: &Face) -> (Verdict, Score) {
    let mut grounds = Vec::new();
    grounds.extend(names(one, other));
    grounds.extend(births(one, other));
    grounds.extend(sexes(one, other));
    grounds.extend(phone(one, other));
    grounds.extend(address(one, other));
    grounds.sort_unstable();
    let score = Score {
        points: grounds.iter().map(|ground| ground.points()).sum(),
        grounds,
    };
    (verdict(&score), score)
}

fn verdict(score: &Score) -> Verdict {
    let has = |ground: Ground| score.grounds.contains(&ground);
    let certain = has(Ground::Kana)
        && has(Ground::BirthDate)
        && (has(Ground::Phone) || has(Ground::Address))
        && !score.grounds.iter().any(|ground| ground.is_against());
    if certain && score.points >= SAME {
        Verdict::Same
    } else if score.points >= DOUBTFUL {
        Verdict::Doubtful
    } else {
        Verdict::Different
    }
}

/// A name in two parts, folded; `given` is what is left where only the other side says where it begins.
struct Parts {
    family: String,
    given: String,
}

/// How two names in kana agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Equal after folding.
    Equal,
    /// Equal when marks and long vowels are left away.
    Alike,
    /// Only the given name is equal.
    FamilyDiffers,
    /// Only the family name is equal.
    GivenDiffers,
    /// Nothing is known to be equal.
    Differ,
}

/// Compares the names in kana; `None` if one is missing.
pub(crate) fn kana_names(one: &Face, other: &Face) -> Option<Names> {
    let (kana, other_kana) = (one.kana.as_deref()?, other.kana.as_deref()?);
    let (whole, other_whole) = (fold_kana(kana), fold_kana(other_kana));
    if whole.is_empty() || other_whole.is_empty() {
        return None;
    }
    if whole == other_whole {
        return Some(Names::Equal);
    }
    let Some((parts, other_parts)) = in_parts((kana, &whole), (other_kana, &other_whole)) else {
        let alike = loose_kana(kana) == loose_kana(other_kana);
        return Some(if alike { Names::Alike } else { Names::Differ });
    };
    // Part by part: サトウ ウメ and サト ウメ are alike, サ トウウメ is somebody else.
    let alike = |one: &str, other: &str| loose_kana(one) == loose_kana(other);
    let family = alike(&parts.family, &other_parts.family);
    let given = alike(&parts.given, &other_parts.given);
    Some(match (family, given) {
        (true, true) => Names::Alike,
        (false, _) if parts.given == other_parts.given => Names::FamilyDiffers,
        (true, false) => Names::GivenDiffers,
        (false, _) => Names::Differ,
    })
}

/// Both names in parts. Where only one says where the given name begins, the other is cut there too, if
/// it begins or ends with the same part.
fn in_parts(
    (one, whole): (&str, &str),
    (other, other_whole): (&str, &str),
) -> Option<(Parts, Parts)> {
    let parts = |name: &str| {
        let (family, given) = split(name)?;
        let (family, given) = (fold_kana(&family), fold_kana(&given));
        (!family.is_empty() && !given.is_empty()).then_some(Parts { family, given })
    };
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => Some((one, other)),
        (Some(one), None) => cut(other_whole, &one).map(|other| (one, other)),
        (None, Some(other)) => cut(whole, &other).map(|one| (one, other)),
        (None, None) => None,
    }
}

fn cut(whole: &str, like: &Parts) -> Option<Parts> {
    if let Some(given) = whole.strip_prefix(like.family.as_str()) {
        return Some(Parts {
            family: like.family.clone(),
            given: given.to_owned(),
        });
    }
    let family = whole.strip_suffix(like.given.as_str())?;
    Some(Parts {
        family: family.to_owned(),
        given: like.given.clone(),
    })
}

/// Whether the names as they are written are equal after folding; `None` if one is missing.
pub(crate) fn written_names(one: &Face, other: &Face) -> Option<bool> {
    both(one.name.as_deref(), other.name.as_deref(), fold_name)
}

/// Whether both are equal after folding; `None` when either is missing or folds to nothing.
pub(crate) fn both(
    one: Option<&str>,
    other: Option<&str>,
    fold: fn(&str) -> String,
) -> Option<bool> {
    let (one, other) = (fold(one?), fold(other?));
    (!one.is_empty() && !other.is_empty()).then(|| one == other)
}

fn names(one: &Face, other: &Face) -> Vec<Ground> {
    let written = written_names(one, other);
    match kana_names(one, other) {
        Some(Names::Equal) if written == Some(false) => vec![Ground::Kana, Ground::NameDiffers],
        Some(Names::Equal) => vec![Ground::Kana],
        Some(Names::Alike) => vec![Ground::KanaAlike],
        Some(Names::FamilyDiffers) => vec![Ground::Given, Ground::FamilyDiffers],
        Some(Names::GivenDiffers) => vec![Ground::GivenDiffers],
        Some(Names::Differ) => vec![Ground::KanaDiffers],
        None if written == Some(true) => vec![Ground::Name],
        None if written == Some(false) => vec![Ground::NameDiffers],
        None => Vec::new(),
    }
}

fn births(one: &Face, other: &Face) -> Option<Ground> {
    let (one, other) = (one.birth_date.as_deref()?, other.birth_date.as_deref()?);
    Some(match dates(one, other)? {
        Dates::Equal => Ground::BirthDate,
        Dates::Within => Ground::BirthPartial,
        Dates::OneOff => Ground::BirthOneOff,
        Dates::SameYear | Dates::SameDayOfYear | Dates::Differ => Ground::BirthDiffers,
    })
}

/// Whether the sexes are equal; `None` unless both are known.
pub(crate) fn same_sex(one: &Face, other: &Face) -> Option<bool> {
    let known = |face: &Face| {
        face.sex
            .clone()
            .filter(|sex| sex == "male" || sex == "female")
    };
    Some(known(one)? == known(other)?)
}

fn sexes(one: &Face, other: &Face) -> Option<Ground> {
    same_sex(one, other).map(|equal| {
        if equal {
            Ground::Sex
        } else {
            Ground::SexDiffers
        }
    })
}

fn phone(one: &Face, other: &Face) -> Option<Ground> {
    // A number of fewer digits is an extension or a slip.
    let digits = |face: &Face| -> Vec<String> {
        let phones = face.phones.iter().filter_map(|phone| fold_phone(phone));
        phones.filter(|digits| digits.len() >= 9).collect()
    };
    let (one, other) = (digits(one), digits(other));
    one.iter()
        .any(|number| other.contains(number))
        .then_some(Ground::Phone)
}

fn address(one: &Face, other: &Face) -> Option<Ground> {
    let folded = |face: &Face| face.address.as_deref().map(fold_address);
    let equal = one_house(&folded(one)?, &folded(other)?)?;
    Some(if equal {
        Ground::Address
    } else {
        Ground::AddressDiffers
    })
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
