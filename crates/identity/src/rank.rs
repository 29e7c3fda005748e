//! Putting faces in the order in which they fit a query. The points are those of `docs/identity.md`.

use renkei_model::Face;
use renkei_model::day::{PartialDay, age_on};

use crate::address::{below_municipality, fold_address, has_prefecture, is_prefecture};
use crate::fold::{fold_card, fold_name, fold_phone};
use crate::likeness::{Dates, days, edits, iso, one_digit_off, transposed};
use crate::query::{NameAsked, Part, Query};
use crate::sound::{Sound, begins, kana_likeness, mixed};
use crate::terms::split;

/// Of the points that the asked fields can give, so many in a hundred must be there.
const NEEDED: i32 = 35;

/// Points of a full name that is equal to the letter; parts are shares of it.
pub(crate) const NAME: i32 = 400;
/// Of those, in a hundred: a family name alone, a given name alone.
const FAMILY_SHARE: i32 = 60;
pub(crate) const GIVEN_SHARE: i32 = 50;
/// Where both parts were typed: what each is worth.
const FAMILY_PART: i32 = 55;
const GIVEN_PART: i32 = 45;
/// Against: the given name was typed and is another; the whole name is another.
const GIVEN_OTHER: i32 = -40;
const NAME_OTHER: i32 = -150;
/// The face does not say its name in the script that was typed: then a year of birth alone is not enough.
const NAME_UNKNOWN: i32 = -60;

pub(crate) const BIRTH_DAY: i32 = 300;
pub(crate) const BIRTH_MONTH: i32 = 240;
pub(crate) const BIRTH_YEAR: i32 = 180;
const BIRTH_OTHER: i32 = -150;
pub(crate) const AGE: i32 = 150;
const AGE_OTHER: i32 = -120;
const SEX: i32 = 40;
const SEX_OTHER: i32 = -80;
pub(crate) const PHONE: i32 = 250;
pub(crate) const PHONE_TAIL: i32 = 130;
const PHONE_OTHER: i32 = -30;
pub(crate) const ADDRESS: i32 = 150;
const ADDRESS_OTHER: i32 = -60;
pub(crate) const CARD: i32 = 500;
const CARD_OTHER: i32 = -20;

impl Query {
    /// Puts candidates in order, best first, and leaves out those that do not fit. `candidates`: a face,
    /// the identifier values of its record, and whatever is to come back with it. Equal scores are put in
    /// order by kana, name, birth date and address, so the order of the candidates does not matter.
    #[must_use]
    pub fn rank<'f, T>(
        &self,
        candidates: impl IntoIterator<Item = (&'f Face, &'f [String], T)>,
    ) -> Vec<(u32, T)> {
        let needed = self.possible() * NEEDED / 100;
        let mut ranked: Vec<(i32, &Face, T)> = candidates
            .into_iter()
            .map(|(face, cards, rest)| (self.points(face, cards), face, rest))
            .filter(|(points, ..)| *points >= needed.max(1))
            .collect();
        ranked.sort_by(|(points, face, _), (other_points, other, _)| {
            let by_points = other_points.cmp(points);
            by_points.then_with(|| in_order(face).cmp(&in_order(other)))
        });
        ranked
            .into_iter()
            .map(|(points, _, rest)| (u32::try_from(points).unwrap_or(0), rest))
            .collect()
    }

    /// What a face that fits would have. A family name alone is a name that fits.
    fn possible(&self) -> i32 {
        let name = self.name.as_ref().map_or(0, |_| NAME * FAMILY_SHARE / 100);
        let birth = self
            .births
            .first()
            .map(|birth| match (birth.month(), birth.day()) {
                (_, Some(_)) => BIRTH_DAY,
                (Some(_), None) => BIRTH_MONTH,
                (None, None) => BIRTH_YEAR,
            });
        let age = self.age.map_or(0, |_| AGE);
        let phone = match self.phone.as_deref().map(str::len) {
            None => 0,
            Some(..9) => PHONE_TAIL,
            Some(9..) => PHONE,
        };
        let address = self.address.as_ref().map_or(0, |asked| {
            if below_municipality(asked).is_empty() {
                ADDRESS / 6
            } else {
                ADDRESS * 2 / 3
            }
        });
        let card = self.card.as_ref().map_or(0, |_| CARD);
        name + birth.unwrap_or(age) + phone + address + card
    }

    fn points(&self, face: &Face, cards: &[String]) -> i32 {
        let name = self
            .name
            .as_ref()
            .map_or(0, |name| Written::of(face).points(name));
        name + self.birth(face)
            + self.sex(face)
            + self.phone(face)
            + self.address(face)
            + self.card(cards)
    }

    /// Date of birth; where it does not fit, the age may.
    pub(crate) fn birth(&self, face: &Face) -> i32 {
        let Some(born) = face.birth_date.as_deref().and_then(iso) else {
            return 0;
        };
        let dated = self.births.iter().enumerate().map(|(at, asked)| {
            // Another era than was said is a guess of ours: worth less.
            let share = if at == 0 { 100 } else { 80 };
            let points = match (of_a_year(asked, &born), asked.day(), asked.month()) {
                (Dates::Equal, ..) => BIRTH_DAY,
                (Dates::Within, Some(_), _) => BIRTH_MONTH,
                (Dates::Within, None, Some(_)) => BIRTH_MONTH,
                (Dates::Within, None, None) => BIRTH_YEAR,
                (Dates::OneOff, Some(_), _) => BIRTH_DAY * 2 / 3,
                (Dates::OneOff, None, _) => BIRTH_YEAR / 3,
                (Dates::SameYear, ..) => BIRTH_DAY / 3,
                (Dates::SameDayOfYear, ..) => BIRTH_DAY / 4,
                (Dates::Differ, ..) => BIRTH_OTHER,
            };
            if points > 0 {
                points * share / 100
            } else {
                points
            }
        });
        let today = self.today.map(|today| today.iso()).unwrap_or_default();
        let aged = self.age.and_then(|(youngest, oldest)| {
            let (young, old) = age_on(&born, &today)?;
            let off = youngest
                .saturating_sub(old)
                .max(young.saturating_sub(oldest));
            Some(match off {
                0 => AGE,
                1 => AGE * 3 / 4,
                2..=3 => AGE / 4,
                _ => AGE_OTHER,
            })
        });
        match (dated.max(), aged) {
            (Some(dated), Some(aged)) => dated.max(aged),
            (dated, aged) => dated.or(aged).unwrap_or(0),
        }
    }

    pub(crate) fn sex(&self, face: &Face) -> i32 {
        match (self.sex, face.sex.as_deref()) {
            (Some(asked), Some(known)) if asked == known => SEX,
            (Some(_), Some("male" | "female")) => SEX_OTHER,
            _ => 0,
        }
    }

    pub(crate) fn phone(&self, face: &Face) -> i32 {
        let Some(asked) = &self.phone else { return 0 };
        let known = face.phones.iter().filter_map(|phone| fold_phone(phone));
        let points = known.map(|known| {
            let tail = |digits: &str| digits.get(digits.len() - 4..).map(str::to_owned);
            if known == *asked {
                PHONE
            } else if asked.len() < 9 {
                // Seven digits are the number in town; four, the last ones.
                let share = if asked.len() >= 6 { 150 } else { 100 };
                let end = known
                    .get(known.len().saturating_sub(asked.len())..)
                    .unwrap_or_default();
                match end {
                    end if end == asked => PHONE_TAIL * share / 100,
                    end if transposed(end, asked) => PHONE_TAIL * 7 / 10,
                    _ => PHONE_OTHER,
                }
            } else if transposed(&known, asked) {
                PHONE * 84 / 100
            } else if one_digit_off(&known, asked) {
                PHONE * 68 / 100
            } else if tail(&known) == tail(asked) {
                PHONE / 4
            } else {
                PHONE_OTHER
            }
        });
        points.max().unwrap_or(0)
    }

    pub(crate) fn address(&self, face: &Face) -> i32 {
        let Some(asked) = &self.address else { return 0 };
        let folded = |text: &Option<String>| {
            let folded = text.as_deref().map(fold_address);
            folded.filter(|folded| !folded.is_empty())
        };
        let district = folded(&face.district);
        // A district may be called like its municipality: who names it means the district.
        if district
            .as_ref()
            .is_some_and(|it| it == asked || *it == below_municipality(asked))
        {
            return ADDRESS;
        }
        [folded(&face.address), district]
            .into_iter()
            .flatten()
            .map(|known| address_points(asked, &known))
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn card(&self, cards: &[String]) -> i32 {
        let Some(asked) = &self.card else { return 0 };
        let known: Vec<String> = cards.iter().map(|card| fold_card(card)).collect();
        match () {
            () if known.contains(asked) => CARD,
            () if known.iter().any(|card| one_digit_off(card, asked)) => CARD * 2 / 3,
            () if known.is_empty() => 0,
            () => CARD_OTHER,
        }
    }
}

/// As [`days`]; but the year before or after one that was asked without a day is a slip as well.
fn of_a_year(asked: &PartialDay, born: &PartialDay) -> Dates {
    match days(asked, born) {
        Dates::Differ if asked.month().is_none() && asked.year().abs_diff(born.year()) == 1 => {
            Dates::OneOff
        }
        dates => dates,
    }
}

fn in_order(face: &Face) -> [Option<&str>; 4] {
    [
        face.kana.as_deref(),
        face.name.as_deref(),
        face.birth_date.as_deref(),
        face.address.as_deref(),
    ]
}

fn address_points(asked: &str, known: &str) -> i32 {
    let (low, known_low) = (below_municipality(asked), below_municipality(known));
    if low.is_empty() {
        // No more than the municipality: it tells few apart.
        return match known.contains(asked) {
            true => ADDRESS / 6,
            // Few write the prefecture; who leaves it away lives in one all the same.
            false if is_prefecture(asked) && !has_prefecture(known) => 0,
            false => ADDRESS_OTHER,
        };
    }
    let letters = i32::try_from(low.chars().count()).unwrap_or(i32::MAX);
    let whole = (ADDRESS * 2 / 3)
        .saturating_add(letters.saturating_mul(5))
        .min(ADDRESS);
    if crate::address::beginnings(known)
        .iter()
        .any(|said| said.starts_with(&low))
    {
        return whole;
    }
    if known_low.contains(&low) {
        return ADDRESS * 2 / 3;
    }
    // 端野 北見 for 北見市端野町: the words that say what kind of place it is are left away.
    let bare = |text: &str| text.replace(['市', '郡', '町', '村', '区'], "");
    if bare(known).contains(&bare(asked)) {
        return ADDRESS * 3 / 5;
    }
    let common = low
        .chars()
        .zip(known_low.chars())
        .take_while(|(a, b)| a == b)
        .count();
    match common {
        0 | 1 => ADDRESS_OTHER,
        // The same district, another house; or the same house, another building.
        2.. if low.starts_with(&known_low) => ADDRESS * 2 / 3,
        2.. => ADDRESS / 3,
    }
}

/// The names of a face, folded.
pub(crate) struct Written {
    raw: String,
    name: String,
    name_parts: Option<(String, String)>,
    pub(crate) kana: Sound,
    kana_parts: Option<(Sound, Sound)>,
}

impl Written {
    pub(crate) fn of(face: &Face) -> Self {
        let name = face.name.as_deref().unwrap_or_default();
        let kana = face.kana.as_deref().unwrap_or_default();
        Self {
            raw: name.split_whitespace().collect(),
            name: fold_name(name),
            name_parts: split(name).map(|(one, two)| (fold_name(&one), fold_name(&two))),
            kana: Sound::of(kana),
            kana_parts: split(kana).map(|(one, two)| (Sound::of(&one), Sound::of(&two))),
        }
    }

    pub(crate) fn points(&self, asked: &NameAsked) -> i32 {
        let share = |likeness: i32, share: i32| NAME * likeness / 100 * share / 100;
        let whole = &asked.whole;
        let mut best = share(self.whole(whole), 100)
            .max(share(self.family(whole), FAMILY_SHARE))
            .max(share(self.given(whole), GIVEN_SHARE));
        if let Some((family, given)) = &asked.split {
            best = best.max(self.in_parts(family, given));
            if asked.spaced {
                best = best.max(self.in_parts(given, family) * 9 / 10);
            }
        }
        match best {
            1.. => best,
            _ if self.is_comparable(whole) => NAME_OTHER,
            _ => NAME_UNKNOWN,
        }
    }

    /// Whether the face says its name in the script that was typed. Part kana, part kanji is both.
    fn is_comparable(&self, asked: &Part) -> bool {
        if asked.kana.is_some() {
            !self.kana.strict.is_empty()
        } else {
            !self.name.is_empty()
        }
    }

    fn in_parts(&self, family: &Part, given: &Part) -> i32 {
        let (family_like, given_like) = (self.family(family), self.given(given));
        let points = NAME * (family_like * FAMILY_PART + given_like * GIVEN_PART) / 10_000;
        match (family_like, given_like) {
            (0, 0) => 0,
            (_, 0) if self.kana_parts.is_some() || self.name_parts.is_some() => {
                (points + GIVEN_OTHER).max(1)
            }
            _ => points,
        }
    }

    fn whole(&self, asked: &Part) -> i32 {
        let kana = asked
            .kana
            .as_ref()
            .map_or(0, |kana| kana_likeness(kana, &self.kana));
        kana.max(self.written(asked, &self.name, true))
            .max(mixed(asked, &self.kana, &self.name))
    }

    fn family(&self, asked: &Part) -> i32 {
        let kana = asked
            .kana
            .as_ref()
            .map_or(0, |kana| match &self.kana_parts {
                Some((family, _)) => kana_likeness(kana, family),
                None => begins(kana, &self.kana),
            });
        let name = match &self.name_parts {
            Some((family, _)) => self.written(asked, family, false),
            None if !asked.name.is_empty() && self.name.starts_with(&asked.name) => 90,
            None => 0,
        };
        let mixed = match (&self.kana_parts, &self.name_parts) {
            (Some((kana, _)), Some((name, _))) => mixed(asked, kana, name),
            _ => 0,
        };
        kana.max(name).max(mixed)
    }

    fn given(&self, asked: &Part) -> i32 {
        let kana = asked
            .kana
            .as_ref()
            .map_or(0, |kana| match &self.kana_parts {
                Some((_, given)) => kana_likeness(kana, given),
                None if self.kana.strict.ends_with(&kana.strict) => 80,
                None => 0,
            });
        let name = match &self.name_parts {
            Some((_, given)) => self.written(asked, given, false),
            None if !asked.name.is_empty() && self.name.ends_with(&asked.name) => 80,
            None => 0,
        };
        let mixed = match (&self.kana_parts, &self.name_parts) {
            (Some((_, kana)), Some((_, name))) => mixed(asked, kana, name),
            _ => 0,
        };
        kana.max(name).max(mixed)
    }

    /// How like a written name is, in a hundred. The same variant of a kanji counts a little more.
    fn written(&self, asked: &Part, known: &str, whole: bool) -> i32 {
        if asked.name.is_empty() || known.is_empty() {
            return 0;
        }
        let length = asked.name.chars().count();
        if asked.name == known {
            let same_letters = if whole {
                asked.raw == self.raw
            } else {
                self.raw.contains(&asked.raw)
            };
            return if same_letters { 100 } else { 97 };
        }
        if known.starts_with(&asked.name) {
            return if length == 1 { 40 } else { 60 };
        }
        if length >= 3 && edits(&asked.name, known, 1).is_some() {
            return 55;
        }
        0
    }
}

#[cfg(test)]
#[path = "rank_tests.rs"]
mod tests;
