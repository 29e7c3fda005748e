//! Of those to whom ranges of terms lead, who is worth ranking: by what the ranges alone tell of them, before any face
//! is fetched.
//!
//! A term of two parts tells a year and a name, one of a name the whole name: who stands in ranges of several things, or
//! under a value that is nearer to what was typed, comes first. What is taken is ranked by its face afterwards, so the
//! order here decides nothing but who is looked at.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use crate::likeness::edits;
use crate::probes::Probe;
use crate::query::{Part, Query};
use crate::terms::{About, TermKind};

/// Of a broad range that leads to no more than so many, all are worth ranking.
const FEW: usize = 150;
/// Of a search for one thing alone, so many of each broad range.
const ALONE: usize = 500;

/// Sheets to which one range leads, each with the value under which it stands, in the order of the values.
pub type Led<'l, I> = Vec<(I, &'l str)>;

/// What ranges tell of somebody; of each thing the best. Also what is fetched first.
#[derive(Debug, Clone, Copy, Default)]
struct Promise {
    name: u8,
    birth: u8,
    address: u8,
    phone: u8,
    card: u8,
    /// When somebody was met first: the narrowest ranges come first.
    met: usize,
}

impl Promise {
    /// How many things speak for somebody.
    fn things(&self) -> usize {
        let all = [self.name, self.birth, self.address, self.phone, self.card];
        all.into_iter().filter(|one| *one > 0).count()
    }

    fn worth(&self) -> u8 {
        self.name + self.birth + self.address + self.phone + self.card
    }

    /// A value of this kind led to somebody. `name`: how near its name is to the one that was typed.
    fn note(&mut self, query: &Query, kind: TermKind, value: &str, name: u8) {
        let best = |thing: &mut u8, worth: u8| *thing = worth.max(*thing);
        match kind.about() {
            About::Name => best(&mut self.name, 1 + name),
            // To the day is more than to the year.
            About::Birth if query.is_born(value) => best(&mut self.birth, 4),
            About::Birth => best(&mut self.birth, 2),
            About::Address => best(&mut self.address, 2),
            About::Phone => best(&mut self.phone, 3),
            About::Card => best(&mut self.card, 6),
        }
        match kind {
            TermKind::KanaYear | TermKind::NameYear => {
                let year = value.get(..4).unwrap_or_default();
                let worth = if query.is_of_year(year) { 3 } else { 1 };
                best(&mut self.birth, worth);
            }
            TermKind::KanaArea | TermKind::NameArea => best(&mut self.address, 2),
            _ => {}
        }
    }
}

impl Query {
    /// Of those to whom the near ranges lead, the most promising, at most `most`, each once.
    #[must_use]
    pub fn nearest<I: Copy + Eq + Hash, P: Borrow<Probe>>(
        &self,
        probes: &[P],
        led: &[Led<'_, I>],
        most: usize,
    ) -> Vec<I> {
        let mut found: Vec<(I, Promise)> = self.promises(probes, led).into_iter().collect();
        found.sort_unstable_by_key(|(_, one)| (u8::MAX - one.worth(), one.met));
        found.truncate(most);
        found.into_iter().map(|(one, _)| one).collect()
    }

    /// Of those to whom broad ranges lead, who is worth ranking, the most promising first, at most `most`, each once.
    /// Where several things were asked, somebody who has but one of them in common with what was typed is no answer as a
    /// rule: of the long ranges only those who stand in ranges of two things, of the short ones everybody.
    #[must_use]
    pub fn likely<I: Copy + Eq + Hash, P: Borrow<Probe>>(
        &self,
        probes: &[P],
        led: &[Led<'_, I>],
        most: usize,
    ) -> Vec<I> {
        let promises = self.promises(probes, led);
        let mut kinds: Vec<About> = probes
            .iter()
            .map(|probe| probe.borrow().kind.about())
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        let alone = kinds.len() < 2;
        let mut in_short: HashMap<I, ()> = HashMap::new();
        for led in led {
            let few = alone || led.len() <= FEW;
            let first = if few { ALONE } else { 0 };
            in_short.extend(led.iter().take(first).map(|(one, _)| (*one, ())));
        }
        let worth =
            |(one, promise): &(I, Promise)| promise.things() >= 2 || in_short.contains_key(one);
        let mut found: Vec<(I, Promise)> = promises.into_iter().filter(worth).collect();
        found.sort_unstable_by_key(|(_, one)| (u8::MAX - one.worth(), one.met));
        found.truncate(most);
        found.into_iter().map(|(one, _)| one).collect()
    }

    fn promises<I: Copy + Eq + Hash, P: Borrow<Probe>>(
        &self,
        probes: &[P],
        led: &[Led<'_, I>],
    ) -> HashMap<I, Promise> {
        let mut found: HashMap<I, Promise> = HashMap::new();
        for (probe, led) in probes.iter().zip(led) {
            let probe = probe.borrow();
            // Values stand in order: the same name comes many times.
            let mut last: Option<(&str, u8)> = None;
            for (one, value) in led {
                let name = match last {
                    Some((known, name)) if known == *value => name,
                    _ => self.name_in(probe.kind, value),
                };
                last = Some((value, name));
                let met = found.len();
                let promise = found.entry(*one).or_insert(Promise {
                    met,
                    ..Promise::default()
                });
                promise.note(self, probe.kind, value, name);
            }
        }
        found
    }

    /// How near the name in a value is to the one that was typed, from 0 to 3.
    fn name_in(&self, kind: TermKind, value: &str) -> u8 {
        let Some(asked) = &self.name else { return 0 };
        let whole = match kind {
            TermKind::KanaYear | TermKind::NameYear | TermKind::KanaArea | TermKind::NameArea => {
                value.split_once('|').map_or(value, |(_, name)| name)
            }
            TermKind::Kana | TermKind::Name => value,
            // A given name that is equal says as much as a whole name that is alike.
            TermKind::Given | TermKind::GivenName => {
                let given = asked
                    .split
                    .as_ref()
                    .map_or(&asked.whole, |(_, given)| given);
                return u8::from(equals(given, value));
            }
            _ => return 0,
        };
        likeness(&asked.whole, whole)
    }

    /// Whether this is a day that was asked, as far as it was said.
    fn is_born(&self, value: &str) -> bool {
        self.births.iter().any(|birth| birth.iso() == value)
    }

    fn is_of_year(&self, year: &str) -> bool {
        let asked = self
            .births
            .iter()
            .any(|birth| birth.iso().starts_with(year));
        // Whoever asks for an age has its years looked up one by one.
        asked || (self.births.is_empty() && self.age.is_some())
    }
}

fn equals(asked: &Part, known: &str) -> bool {
    asked.name == known
        || asked
            .kana
            .iter()
            .flat_map(|kana| &kana.loose)
            .any(|loose| loose == known)
}

/// How near a folded name is to one that was typed, from 0 to 3.
fn likeness(asked: &Part, known: &str) -> u8 {
    if equals(asked, known) {
        return 3;
    }
    let typed = asked
        .kana
        .as_ref()
        .map_or(asked.name.as_str(), |kana| kana.main());
    if known.starts_with(typed) {
        return 2;
    }
    match edits(typed, known, 2) {
        Some(0 | 1) => 2,
        Some(_) if typed.chars().count() >= 6 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Asked;

    fn probe(kind: TermKind) -> Probe {
        Probe {
            kind,
            low: "a".to_owned(),
            high: "b".to_owned(),
        }
    }

    fn all(of: impl Iterator<Item = u32>, value: &'static str) -> Led<'static, u32> {
        of.map(|one| (one, value)).collect()
    }

    fn query(name: &str, birth: &str) -> Query {
        let asked = Asked {
            name: Some(name.to_owned()),
            birth_date: Some(birth.to_owned()),
            ..Asked::default()
        };
        Query::read(&asked, "2026-11-22").unwrap()
    }

    #[test]
    fn who_shares_two_things_is_ranked_and_who_shares_one_only_where_there_are_few() {
        let probes = [
            probe(TermKind::Kana),
            probe(TermKind::Birth),
            probe(TermKind::Given),
        ];
        let family = all(0..1_000, "サトウイチロウ");
        let born = all(900..2_000, "1938-01-02");
        let given = all([5, 950, 3_000].into_iter(), "タロ");
        let query = query("サトウ タロウ", "1938");
        let found = query.likely(&probes, &[family, born, given], 500);
        assert_eq!(found[0], 950, "name, year and given name");
        let mut both = found[..100].to_vec();
        both.sort_unstable();
        assert_eq!(both, (900..1_000).collect::<Vec<u32>>());
        assert_eq!(found[100..], [5, 3_000], "few have that given name");
        assert_eq!(
            query
                .likely(&probes, &[all(0..9, "サトウ"), vec![], vec![]], 3)
                .len(),
            3
        );
    }

    #[test]
    fn of_one_thing_alone_the_first_of_each_range() {
        let probes = [probe(TermKind::Kana), probe(TermKind::Given)];
        let family = all(0..1_000, "サトウイチロ");
        let given = all([7, 1_001].into_iter(), "タロ");
        let query = query("サトウ タロウ", "1938");
        let found = query.likely(&probes, &[family, given], 5_000);
        assert_eq!(found.len(), 501);
        assert!(found.contains(&1_001) && !found.contains(&600));
        assert!(query.likely::<u32, Probe>(&[], &[], 5_000).is_empty());
    }

    #[test]
    fn the_nearest_are_those_whose_name_is_nearest_in_the_year_that_was_asked() {
        let probes = [
            probe(TermKind::KanaYear),
            probe(TermKind::KanaYear),
            probe(TermKind::Kana),
        ];
        let mut year = all(0..300, "1938|サトアイコ");
        year.push((300, "1938|サトタロ"));
        year.extend(all(301..600, "1938|サトヨネ"));
        let beside = all(600..900, "1939|サトタロ");
        let elsewhen = all(900..910, "サトタロ");
        let query = query("サトウ タロウ", "1938");
        let found = query.nearest(&probes, &[year, beside, elsewhen], 64);
        assert_eq!(found.len(), 64);
        assert_eq!(found[0], 300);
        assert!(found[1..].iter().all(|one| (600..900).contains(one)));
    }
}
