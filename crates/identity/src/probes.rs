//! Which terms to fetch for a query, the narrowest first.

use std::collections::HashSet;

use renkei_model::day::PartialDay;

use crate::address::{areas, beginnings, below_municipality};
use crate::fold::loose_kana;
use crate::likeness::transpositions;
use crate::query::{Kana, NameAsked, Part, Query};
use crate::terms::{TAIL, TermKind, joined, kept};

/// Ranges of terms that one search reads at most.
const MOST: usize = 48;
/// Pairs of letters of a family name that are looked up the other way round: longer names have more than enough others.
const CHANGED: usize = 6;
/// Years of birth that are looked up one by one; a wider span is looked up as a span.
const YEARS: usize = 6;

/// A range of terms: `low <= value < high`, compared byte by byte in UTF-8 (collation `C`, `BINARY`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Probe {
    /// The kind of term.
    pub kind: TermKind,
    /// The first value.
    pub low: String,
    /// The value after the last.
    pub high: String,
}

impl Probe {
    /// One value. Terms hold no control characters, so nothing else lies in between.
    fn exact(kind: TermKind, value: &str) -> Self {
        let low = kept(value);
        let high = format!("{low}\u{1}");
        Self { kind, low, high }
    }

    /// Every value that begins so.
    fn prefix(kind: TermKind, value: &str) -> Self {
        let low = kept(value);
        let high = format!("{low}\u{10ffff}");
        Self { kind, low, high }
    }
}

/// What to fetch for a search: ranges of terms, each once, the narrowest first. Who takes a limited number for
/// each range loses the least that way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probes {
    /// Where somebody stands of whom everything that was typed is true, or true but for a slip. If somebody is found
    /// there who [fits](Query::fits), the others need not be read.
    pub near: Vec<Probe>,
    /// Where people stand who have something in common with what was typed: a family name, a year, a district.
    pub broad: Vec<Probe>,
    /// Whether there would have been more ranges than one search reads: who finds nobody in these cannot
    /// say that there is nobody.
    pub left_out: bool,
}

impl Query {
    /// The ranges of terms to fetch; at least one in all.
    #[must_use]
    pub fn probes(&self) -> Probes {
        let (mut near, mut broad) = (self.near(), self.broad());
        let mut seen = HashSet::new();
        let mut new = |probe: &Probe| !probe.low.is_empty() && seen.insert(probe.clone());
        near.retain(&mut new);
        broad.retain(&mut new);
        let left_out = near.len() + broad.len() > MOST;
        near.truncate(MOST);
        broad.truncate(MOST - near.len());
        Probes {
            near,
            broad,
            left_out,
        }
    }

    fn near(&self) -> Vec<Probe> {
        let mut found = Vec::new();
        found.extend(
            self.card
                .iter()
                .map(|card| Probe::exact(TermKind::Card, card)),
        );
        found.extend(
            self.phone
                .iter()
                .filter(|p| p.len() >= 9)
                .map(|p| Probe::exact(TermKind::Phone, p)),
        );
        let full = self.births.iter().filter(|birth| birth.day().is_some());
        found.extend(full.map(|birth| Probe::exact(TermKind::Birth, &birth.iso())));
        if let Some(name) = &self.name {
            self.names_narrowed(name, &mut found);
            if name.is_full() {
                wholes(name, &mut found);
            }
            self.names_near(name, &mut found);
            self.names_changed_over(name, &mut found);
        }
        self.phones(&mut found);
        self.houses(&mut found);
        self.days_near(&mut found);
        found
    }

    fn broad(&self) -> Vec<Probe> {
        let mut found = Vec::new();
        if let Some(name) = &self.name {
            wholes(name, &mut found);
            given_alone(name, &mut found);
        }
        self.addresses(&mut found);
        if let Some(name) = &self.name {
            names_broad(name, &mut found);
        }
        self.births_broad(&mut found);
        found.extend(self.address.iter().flat_map(|address| {
            let whole = beginnings(address).into_iter().next();
            whole.map(|whole| Probe::prefix(TermKind::Address, &whole))
        }));
        found
    }

    /// Name with year of birth, name with area.
    fn names_narrowed(&self, name: &NameAsked, found: &mut Vec<Probe>) {
        let mut years: Vec<i16> = self.births.iter().map(PartialDay::year).collect();
        years.extend(
            self.years_of_age()
                .filter(|years| years.len() <= YEARS)
                .into_iter()
                .flatten(),
        );
        let narrow: Vec<String> = years.iter().map(|year| format!("{year:04}")).collect();
        with_names(
            name,
            &narrow,
            (TermKind::KanaYear, TermKind::NameYear),
            found,
        );
        let areas = self.address.as_deref().map(areas).unwrap_or_default();
        with_names(
            name,
            &areas,
            (TermKind::KanaArea, TermKind::NameArea),
            found,
        );
    }

    /// The year before and the year after: misread, misheard.
    fn names_near(&self, name: &NameAsked, found: &mut Vec<Probe>) {
        let asked = self.births.first().map(PartialDay::year);
        let years: Vec<String> = asked
            .into_iter()
            .flat_map(|year| [year - 1, year + 1])
            .map(|year| format!("{year:04}"))
            .collect();
        with_names(
            name,
            &years,
            (TermKind::KanaYear, TermKind::NameYear),
            found,
        );
    }

    /// Two letters of the family name changed over, in the year that was asked.
    fn names_changed_over(&self, name: &NameAsked, found: &mut Vec<Probe>) {
        let Some(year) = self.births.first().map(PartialDay::year) else {
            return;
        };
        let family = name
            .split
            .as_ref()
            .map_or(&name.whole, |(family, _)| family);
        let Some(kana) = &family.kana else { return };
        let changed = transpositions(&kana.strict).into_iter().take(CHANGED);
        found.extend(changed.map(|kana| {
            let value = joined(&format!("{year:04}"), &loose_kana(&kana));
            Probe::prefix(TermKind::KanaYear, &value)
        }));
    }

    fn phones(&self, found: &mut Vec<Probe>) {
        let Some(phone) = &self.phone else { return };
        let tail = |digits: &str| {
            digits
                .get(digits.len() - 4..)
                .map(|tail| format!("{TAIL}{tail}"))
        };
        let exact = |value: String| Probe::exact(TermKind::Phone, &value);
        if phone.len() >= 9 {
            found.extend(transpositions(phone).into_iter().map(exact));
            found.extend(tail(phone).map(exact));
        } else {
            found.extend(tail(phone).map(exact));
            found.extend(
                transpositions(phone)
                    .iter()
                    .filter_map(|digits| tail(digits))
                    .map(exact),
            );
        }
    }

    /// The house, without the building behind its number: what was typed may say more than we know.
    fn houses(&self, found: &mut Vec<Probe>) {
        let Some(address) = &self.address else { return };
        let low = below_municipality(address);
        if low.contains(|letter: char| letter.is_ascii_digit()) {
            let numbered = low.trim_end_matches(|letter: char| !letter.is_ascii_digit());
            found.push(Probe::prefix(TermKind::Address, &low));
            found.push(Probe::prefix(TermKind::Address, numbered));
        }
    }

    /// The district or the street, with all its houses.
    fn addresses(&self, found: &mut Vec<Probe>) {
        let Some(address) = &self.address else { return };
        let low = below_municipality(address);
        let unnumbered = low.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        for shorter in [low.as_str(), unnumbered] {
            if shorter == low || shorter.chars().count() >= 2 {
                found.push(Probe::prefix(TermKind::Address, shorter));
            }
        }
    }

    /// A slip away from the day that was asked, and faces that know no day of that month or year.
    fn days_near(&self, found: &mut Vec<Probe>) {
        let Some(birth) = self.births.first() else {
            return;
        };
        found.extend(
            slips(birth)
                .iter()
                .map(|day| Probe::exact(TermKind::Birth, &day.iso())),
        );
        if let (Some(month), Some(_)) = (birth.month(), birth.day()) {
            let year = format!("{:04}", birth.year());
            found.push(Probe::exact(TermKind::Birth, &format!("{year}-{month:02}")));
            found.push(Probe::exact(TermKind::Birth, &year));
        }
    }

    /// Births by the span of a month, a year or an age.
    fn births_broad(&self, found: &mut Vec<Probe>) {
        for birth in self.births.iter().filter(|birth| birth.day().is_none()) {
            found.push(Probe::prefix(TermKind::Birth, &birth.iso()));
        }
        found.extend(self.days_of_age());
        if let Some(years) = self.years_of_age() {
            let (first, last) = (years.start(), years.end());
            found.push(Probe {
                kind: TermKind::Birth,
                low: format!("{first:04}"),
                high: format!("{:04}", last + 1),
            });
        }
    }

    /// The days on which somebody of this age was born.
    fn days_of_age(&self) -> Option<Probe> {
        let ((youngest, oldest), today) = (self.age?, self.today?);
        let back = |years: u16| {
            let year = today.year() - i16::try_from(years).unwrap_or(0);
            let (month, day) = (today.month().unwrap_or(1), today.day().unwrap_or(1));
            format!("{year:04}-{month:02}-{day:02}")
        };
        Some(Probe {
            kind: TermKind::Birth,
            low: back(oldest + 1),
            high: format!("{}\u{1}", back(youngest)),
        })
    }

    /// The years in which somebody of this age was born, with one to spare at both ends.
    fn years_of_age(&self) -> Option<std::ops::RangeInclusive<i16>> {
        let (youngest, oldest) = self.age?;
        let this_year = self.today?.year();
        let back = |age: u16| this_year - i16::try_from(age).unwrap_or(0);
        Some(back(oldest) - 2..=back(youngest) + 1)
    }
}

/// The days beside a full date: the day or the month one off, day and month changed over.
fn slips(birth: &PartialDay) -> Vec<PartialDay> {
    let (Some(month), Some(day)) = (birth.month(), birth.day()) else {
        return Vec::new();
    };
    [
        (month, day.wrapping_sub(1)),
        (month, day + 1),
        (month.wrapping_sub(1), day),
        (month + 1, day),
        (day, month),
    ]
    .into_iter()
    .filter_map(|(month, day)| PartialDay::new(birth.year(), Some(month), Some(day)).ok())
    .collect()
}

/// The beginning of a name behind each narrow key.
fn with_names(
    name: &NameAsked,
    narrow: &[String],
    (kana_kind, name_kind): (TermKind, TermKind),
    found: &mut Vec<Probe>,
) {
    let family = name
        .split
        .as_ref()
        .map_or(&name.whole, |(family, _)| family);
    for key in narrow {
        for loose in family.kana.iter().flat_map(|kana| &kana.loose) {
            found.push(Probe::prefix(kana_kind, &joined(key, loose)));
        }
        for (kind, start) in half(family, kana_kind, name_kind) {
            found.push(Probe::prefix(kind, &joined(key, &start)));
        }
        if family.kana.is_none() {
            found.push(Probe::prefix(name_kind, &joined(key, &family.name)));
        }
        if let Some(start) = start_of_whole(name) {
            found.push(Probe::prefix(kana_kind, &joined(key, &start)));
        }
        if let Some((given, family)) = name.split.as_ref().filter(|_| name.spaced) {
            // Typed the other way round.
            if let (Some(_), Some(kana)) = (&given.kana, &family.kana) {
                found.push(Probe::prefix(kana_kind, &joined(key, kana.main())));
            }
        }
    }
}

/// The first letters of a full name in kana that was typed without a space: the family name, more or
/// less, in case the given name is wrong.
fn start_of_whole(name: &NameAsked) -> Option<String> {
    let kana = name.whole.kana.as_ref().filter(|_| name.split.is_none())?;
    (kana.main().chars().count() >= 5).then(|| kana.main().chars().take(3).collect())
}

/// The first half of a part that is half kana, half kanji, with the kind of term that begins so.
fn half(part: &Part, kana_kind: TermKind, name_kind: TermKind) -> Vec<(TermKind, String)> {
    match &part.mixed {
        Some(mixed) if mixed.kana_first => {
            let loose = mixed.kana.loose.iter();
            loose.map(|loose| (kana_kind, loose.clone())).collect()
        }
        Some(mixed) => vec![(name_kind, mixed.written.clone())],
        None => Vec::new(),
    }
}

/// The whole name, as it begins; the other way round, too, where a space says which part is which.
fn wholes(name: &NameAsked, found: &mut Vec<Probe>) {
    let whole = &name.whole;
    if let Some(kana) = &whole.kana {
        found.extend(
            kana.loose
                .iter()
                .map(|loose| Probe::prefix(TermKind::Kana, loose)),
        );
    }
    found.push(Probe::prefix(TermKind::Name, &whole.name));
    if let Some((family, given)) = name.split.as_ref().filter(|_| name.spaced) {
        reversed(family, given, found);
    }
}

/// The given name alone.
fn given_alone(name: &NameAsked, found: &mut Vec<Probe>) {
    match &name.split {
        Some((_, given)) => givens(given, found),
        None => givens(&name.whole, found),
    }
}

fn givens(given: &Part, found: &mut Vec<Probe>) {
    for loose in given.kana.iter().flat_map(|kana: &Kana| &kana.loose) {
        found.push(Probe::exact(TermKind::Given, loose));
    }
    found.push(Probe::exact(TermKind::GivenName, &given.name));
}

fn reversed(given: &Part, family: &Part, found: &mut Vec<Probe>) {
    if let (Some(given), Some(family)) = (&given.kana, &family.kana) {
        let whole = format!("{}{}", family.strict, given.strict);
        found.push(Probe::prefix(TermKind::Kana, &loose_kana(&whole)));
    }
    let whole = format!("{}{}", family.name, given.name);
    found.push(Probe::prefix(TermKind::Name, &whole));
}

/// The family name alone, and the beginning of what may be one.
fn names_broad(name: &NameAsked, found: &mut Vec<Probe>) {
    if let Some((family, _)) = &name.split {
        if let Some(kana) = &family.kana {
            found.extend(
                kana.loose
                    .iter()
                    .map(|loose| Probe::prefix(TermKind::Kana, loose)),
            );
        }
        found.push(Probe::prefix(TermKind::Name, &family.name));
    }
    if let Some(start) = start_of_whole(name) {
        found.push(Probe::prefix(TermKind::Kana, &start));
    }
    let (family, given) = name
        .split
        .as_ref()
        .filter(|_| name.spaced)
        .map_or((&name.whole, &name.whole), |(family, given)| {
            (family, given)
        });
    let halves = half(family, TermKind::Kana, TermKind::Name)
        .into_iter()
        .chain(half(given, TermKind::Given, TermKind::GivenName));
    found.extend(halves.map(|(kind, start)| Probe::prefix(kind, &start)));
    let given = name.split.as_ref().map_or(&name.whole, |(_, given)| given);
    if let Some(kana) = given
        .kana
        .as_ref()
        .filter(|kana| kana.main().chars().count() >= 3)
    {
        found.push(Probe::prefix(TermKind::Given, kana.main()));
    }
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
