//! Whether somebody is the one who was asked for, or all but: then nobody else need be looked for. The points are those of
//! `rank.rs`.

use renkei_model::Face;

use crate::address::below_municipality;
use crate::likeness::{Dates, days, iso, transposed};
use crate::query::Query;
use crate::rank::{
    ADDRESS, AGE, BIRTH_DAY, BIRTH_MONTH, BIRTH_YEAR, CARD, GIVEN_SHARE, NAME, PHONE, PHONE_TAIL,
    Written,
};

/// Of the points of an equal name, so many in a hundred are still the same name: marks and variants of letters.
const FITS: i32 = 90;
/// … and so many a name in which one letter is another.
const SLIPS: i32 = 60;

/// How far everything that was asked is true of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// All of it is, but for marks and variants of letters: nobody who is found in another way could fit better.
    Wholly,
    /// All of it but for one slip: two letters of the name changed over, or one is another and the day of birth is right;
    /// or the date of birth is a slip apart.
    ButForASlip,
    /// Something else was asked.
    No,
}

impl Query {
    /// How far everything that was asked is true of a face.
    #[must_use]
    pub fn fit(&self, face: &Face, cards: &[String]) -> Fit {
        let phone = match self.phone.as_deref().map(str::len) {
            None => 0,
            Some(..9) => PHONE_TAIL,
            Some(9..) => PHONE,
        };
        let address = match &self.address {
            Some(asked) if !below_municipality(asked).is_empty() => ADDRESS * 2 / 3,
            _ => 0,
        };
        let card = self.card.as_ref().map_or(0, |_| CARD);
        let rest = self.sex(face) >= 0
            && self.phone(face) >= phone
            && self.address(face) >= address
            && self.card(cards) >= card;
        if !rest {
            return Fit::No;
        }
        match (self.fit_of_name(face), self.fit_of_birth(face)) {
            (Fit::Wholly, Fit::Wholly) => Fit::Wholly,
            (Fit::Wholly, Fit::ButForASlip) | (Fit::ButForASlip, Fit::Wholly) => Fit::ButForASlip,
            _ => Fit::No,
        }
    }

    /// A name that is equal, but for marks and variants of letters; of which two neighbours changed over; or, in somebody
    /// born on the day that was asked, a letter is another. Perhaps only the family or the given name was asked.
    fn fit_of_name(&self, face: &Face) -> Fit {
        let Some(asked) = &self.name else {
            return Fit::Wholly;
        };
        let written = Written::of(face);
        let share = if asked.is_full() { 100 } else { GIVEN_SHARE };
        let points = written.points(asked);
        if points >= NAME * share / 100 * FITS / 100 {
            return Fit::Wholly;
        }
        let known = face.birth_date.as_deref().and_then(iso);
        let is_day = |known| {
            self.births
                .iter()
                .any(|asked| days(asked, known) == Dates::Equal)
        };
        let to_the_day = known.as_ref().is_some_and(is_day);
        let kana = asked.whole.kana.as_ref().filter(|_| asked.is_full());
        let changed_over = kana.is_some_and(|kana| transposed(&kana.strict, &written.kana.strict));
        if changed_over || (to_the_day && points >= NAME * share / 100 * SLIPS / 100) {
            Fit::ButForASlip
        } else {
            Fit::No
        }
    }

    fn fit_of_birth(&self, face: &Face) -> Fit {
        let (whole, slip) = match self.births.first() {
            Some(birth) if birth.day().is_some() => (BIRTH_DAY, BIRTH_DAY * 2 / 3),
            Some(birth) if birth.month().is_some() => (BIRTH_MONTH, BIRTH_YEAR / 3),
            Some(_) => (BIRTH_YEAR, BIRTH_YEAR / 3),
            None => {
                return match self.age {
                    Some(_) if self.birth(face) < AGE => Fit::No,
                    _ => Fit::Wholly,
                };
            }
        };
        match self.birth(face) {
            points if points >= whole => Fit::Wholly,
            // Of another era, which was our guess, the same day or year.
            points if points >= (whole * 80 / 100).min(slip) => Fit::ButForASlip,
            _ => Fit::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Asked;
    use crate::town_tests::TODAY;

    #[test]
    fn one_slip_is_told_from_none_and_from_two() {
        let known = Face {
            name: Some("渡辺 省吾".to_owned()),
            kana: Some("ワタナベ ショウゴ".to_owned()),
            birth_date: Some("1938-04-09".to_owned()),
            ..Face::default()
        };
        let fit = |name: &str, birth: &str| {
            let asked = Asked {
                name: Some(name.to_owned()),
                birth_date: Some(birth.to_owned()),
                ..Asked::default()
            };
            Query::read(&asked, TODAY).unwrap().fit(&known, &[])
        };
        for (name, birth, expected) in [
            ("ワタナベ ショウゴ", "1938", Fit::Wholly),
            ("ﾜﾀﾅﾍﾞ ｼﾖｳｺ", "昭和13年", Fit::Wholly),
            ("渡邉 省吾", "1938-04-09", Fit::Wholly),
            ("ワタナベ", "1938-04-09", Fit::Wholly),
            ("ワタナベ ショウゴ", "1939", Fit::ButForASlip),
            ("ワタナベ ショウゴ", "大正13年", Fit::ButForASlip),
            ("ワナタベ ショウゴ", "1938", Fit::ButForASlip),
            ("ワタベナ ショウゴ", "1938", Fit::ButForASlip),
            ("ワタナベ ショウゴ", "1938-04-10", Fit::ButForASlip),
            ("ワタナミ ショウゴ", "1938-04-09", Fit::ButForASlip),
            // Somebody else may well be called so.
            ("ワタナミ ショウゴ", "1938", Fit::No),
            ("ワタナベ ショウジ", "1938", Fit::No),
            ("ワタナベ ショウゴ", "1941", Fit::No),
            ("ワナタベ ショウゴ", "1939", Fit::No),
            ("ワタナミ ショウゴ", "1938-04-10", Fit::No),
            ("ワタナベ トメ", "1938-04-09", Fit::No),
        ] {
            assert_eq!(fit(name, birth), expected, "{name} {birth}");
        }
    }
}
