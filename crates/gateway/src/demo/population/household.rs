//! Households, one after the other: who lives together, and who only looks as if.

use jiff::Span;
use jiff::civil::Date;

use super::dice::Dice;
use super::names::Name;
use super::place::Place;
use super::settings::Kind;
use super::source::Source;
use super::tables::Sex;

/// Ages of people who live together as spouses or brothers and sisters.
const ELDERLY: std::ops::RangeInclusive<i64> = 58..=104;
/// How often an age is thrown again.
const TRIES: usize = 60;

/// Somebody who is registered.
#[derive(Debug, Clone)]
pub struct Resident {
    /// Position in the population, from 0.
    pub number: u64,
    /// The household's position, from 0.
    pub household: u64,
    /// The name.
    pub name: Name,
    /// The sex.
    pub sex: Sex,
    /// The day of birth.
    pub birth: Date,
    /// Where they live; where they lived, of those who died or moved.
    pub place: Place,
    /// The telephone at home.
    pub home_phone: Option<String>,
    /// The mobile phone.
    pub mobile: Option<String>,
    /// Still here?
    pub fate: Fate,
    /// How they stand to another resident.
    pub tie: Option<(Tie, u64)>,
}

/// Whether somebody is still here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Yes.
    Here,
    /// Moved away: when, and where to.
    Moved(Date, String),
    /// Died: when.
    Died(Date),
}

/// How one resident stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// Twins.
    Twin,
    /// Married.
    Spouse,
    /// Brother or sister.
    Sibling,
    /// Another person of the same name near by.
    SameName,
    /// One person, registered twice.
    SamePerson,
}

impl Tie {
    /// The word in `renkei demo people`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twin => "twin_of",
            Self::Spouse => "spouse_of",
            Self::Sibling => "sibling_of",
            Self::SameName => "same_name_as",
            Self::SamePerson => "same_person_as",
        }
    }
}

impl Resident {
    /// Full years on a day.
    #[must_use]
    pub fn age(&self, on: Date) -> i64 {
        let before = (on.month(), on.day()) < (self.birth.month(), self.birth.day());
        i64::from(on.year()) - i64::from(self.birth.year()) - i64::from(before)
    }

    /// The last day of which records know something: of those who are gone, the day on which they died or
    /// moved away.
    #[must_use]
    pub fn last_day(&self, as_of: Date) -> Date {
        match &self.fate {
            Fate::Here => as_of,
            Fate::Moved(day, _) | Fate::Died(day) => *day,
        }
    }

    /// Is still here.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.fate == Fate::Here
    }
}

/// All households of a seed, in order.
pub struct Households<'a> {
    source: &'a Source,
    seed: u64,
    household: u64,
    number: u64,
    before: Option<Resident>,
}

impl<'a> Households<'a> {
    /// From the first on.
    #[must_use]
    pub const fn new(source: &'a Source, seed: u64) -> Self {
        Self {
            source,
            seed,
            household: 0,
            number: 0,
            before: None,
        }
    }

    fn kind(&self, dice: &mut Dice) -> Kind {
        let households = &self.source.settings.households;
        let first = usize::try_from(self.household)
            .ok()
            .and_then(|position| households.first.get(position));
        let any = dice.weighted(&households.weights, |(_, weight)| *weight);
        let kind = first.or_else(|| any.map(|(kind, _)| kind)).copied();
        kind.unwrap_or(Kind::Single)
    }

    fn household(&mut self) -> Vec<Resident> {
        let mut dice = Dice::new(self.seed, self.household * 2);
        let kind = self.kind(&mut dice);
        let before = self.before.take().filter(Resident::is_here);
        let mut home = match (kind, before) {
            (Kind::Couple, _) => self.couple(&mut dice),
            (Kind::Twins, _) => self.twins(&mut dice),
            (Kind::Siblings, _) => self.siblings(&mut dice),
            (Kind::Neighbour, Some(other)) => vec![self.neighbour(&mut dice, &other)],
            (Kind::Doubtful, Some(other)) => vec![self.again(&mut dice, &other, false)],
            (Kind::Twice, Some(other)) => vec![self.again(&mut dice, &other, true)],
            _ => vec![self.somebody(&mut dice, 0..=200)],
        };
        self.fates(&mut dice, &mut home);
        self.before = home.first().cloned();
        self.household += 1;
        self.number += home.len() as u64;
        home
    }

    /// Somebody alone, of an age within.
    fn somebody(&self, dice: &mut Dice, ages: std::ops::RangeInclusive<i64>) -> Resident {
        let source = self.source;
        let mut class = dice.weighted(&source.ages, |class| class.weight);
        for _ in 0..TRIES {
            let inside =
                class.is_some_and(|one| ages.contains(&one.from) && ages.contains(&one.to));
            if inside {
                break;
            }
            class = dice.weighted(&source.ages, |class| class.weight);
        }
        let (age, women) = class.map_or((80, 50), |class| {
            (dice.between(class.from, class.to), class.female_percent)
        });
        let sex = if dice.percent(women) {
            Sex::Female
        } else {
            Sex::Male
        };
        let birth = self.born(age, dice.between(0, 364));
        let place = source.place(dice, None);
        let phones = &source.settings.per_mille;
        let at_home = dice.per_mille(phones.home_phone);
        let mobile = dice.per_mille(phones.mobile) || !at_home;
        Resident {
            number: self.number,
            household: self.household,
            name: source.name(dice, sex, birth.year()),
            sex,
            birth,
            home_phone: source
                .phone(&place.district, self.household, self.seed)
                .filter(|_| at_home),
            mobile: self.mobile(self.number).filter(|_| mobile),
            place,
            fate: Fate::Here,
            tie: None,
        }
    }

    fn mobile(&self, number: u64) -> Option<String> {
        self.source.phone("mobile", number, self.seed)
    }

    /// The birthday of somebody who has been `age` years old for `days`.
    fn born(&self, age: i64, days: i64) -> Date {
        let as_of = self.source.settings.as_of;
        let span = Span::new()
            .try_years(age)
            .and_then(|span| span.try_days(days));
        span.and_then(|span| as_of.checked_sub(span))
            .unwrap_or(as_of)
    }

    /// Somebody in the same household.
    fn beside(&self, dice: &mut Dice, one: &Resident, sex: Sex, birth: Date) -> Resident {
        let number = one.number + 1;
        let name = self
            .source
            .name_in(dice, &one.name, sex, birth.year(), &[&one.name]);
        let mobile = dice.per_mille(self.source.settings.per_mille.mobile);
        let mobile = mobile || one.home_phone.is_none();
        Resident {
            number,
            household: one.household,
            name,
            sex,
            birth,
            place: one.place.clone(),
            home_phone: one.home_phone.clone(),
            mobile: self.mobile(number).filter(|_| mobile),
            fate: Fate::Here,
            tie: None,
        }
    }

    fn couple(&self, dice: &mut Dice) -> Vec<Resident> {
        let one = self.somebody(dice, ELDERLY);
        let older = if one.sex == Sex::Male { -7 } else { -3 };
        let (years, days) = (dice.between(older, older + 10), dice.between(0, 364));
        let birth = self.born((one.age(self.source.settings.as_of) + years).max(50), days);
        let other = self.beside(dice, &one, one.sex.other(), birth);
        tied(one, other, Tie::Spouse)
    }

    fn twins(&self, dice: &mut Dice) -> Vec<Resident> {
        let one = self.somebody(dice, 0..=200);
        let sex = if dice.percent(70) {
            one.sex
        } else {
            one.sex.other()
        };
        let other = self.beside(dice, &one, sex, one.birth);
        tied(one, other, Tie::Twin)
    }

    fn siblings(&self, dice: &mut Dice) -> Vec<Resident> {
        let one = self.somebody(dice, ELDERLY);
        let sex = if dice.percent(60) {
            one.sex
        } else {
            one.sex.other()
        };
        let younger = dice.between(1, 7);
        let birth = self.born(
            one.age(self.source.settings.as_of) - younger,
            dice.between(0, 180),
        );
        let other = self.beside(dice, &one, sex, birth);
        tied(one, other, Tie::Sibling)
    }

    /// Another person of the same name in the same town; never born on the same day.
    fn neighbour(&self, dice: &mut Dice, other: &Resident) -> Resident {
        let mut one = self.somebody(dice, ELDERLY);
        one.name = other.name.clone();
        one.sex = other.sex;
        one.place = self.source.place(dice, Some(&other.place.town));
        if one.home_phone.is_some() {
            let range = &one.place.district;
            one.home_phone = self.source.phone(range, self.household, self.seed);
        }
        if one.birth == other.birth {
            one.birth = other.birth.yesterday().unwrap_or(other.birth);
        }
        one.tie = Some((Tie::SameName, other.number));
        one
    }

    /// The same person, registered once more: at the same place, or after moving house.
    fn again(&self, dice: &mut Dice, other: &Resident, same_place: bool) -> Resident {
        let mut one = self.somebody(dice, ELDERLY);
        one.name = other.name.clone();
        one.sex = other.sex;
        one.birth = other.birth;
        if same_place {
            one.place = other.place.clone();
            one.home_phone.clone_from(&other.home_phone);
            one.mobile.clone_from(&other.mobile);
        }
        one.tie = Some((Tie::SamePerson, other.number));
        one
    }

    /// A few died or moved; a household moves as a whole. Nobody registered twice does.
    fn fates(&self, dice: &mut Dice, home: &mut [Resident]) {
        let settings = &self.source.settings;
        let back = |dice: &mut Dice| {
            let span = Span::new().try_days(dice.between(5, 700));
            span.and_then(|span| settings.as_of.checked_sub(span))
                .unwrap_or(settings.as_of)
        };
        let moved = dice.per_mille(settings.per_mille.moved);
        let (day, town) = (back(dice), dice.pick(&settings.moved_to).cloned());
        let early = self.household < settings.households.first.len() as u64;
        for one in home.iter_mut() {
            let died = dice.per_mille(settings.per_mille.deceased);
            let last = back(dice);
            let twice = matches!(one.tie, Some((Tie::SamePerson, _)));
            if twice || early || one.birth >= day.min(last) {
                continue;
            }
            if died {
                one.fate = Fate::Died(last);
            } else if moved && let Some(town) = &town {
                one.fate = Fate::Moved(day, town.clone());
            }
        }
    }
}

impl Iterator for Households<'_> {
    type Item = Vec<Resident>;

    fn next(&mut self) -> Option<Vec<Resident>> {
        Some(self.household())
    }
}

fn tied(mut one: Resident, mut other: Resident, tie: Tie) -> Vec<Resident> {
    one.tie = Some((tie, other.number));
    other.tie = Some((tie, one.number));
    vec![one, other]
}
