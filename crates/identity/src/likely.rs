//! Of those to whom broad ranges lead, who is worth ranking.

use std::collections::HashMap;
use std::hash::Hash;

use crate::probes::Probe;
use crate::terms::About;

/// Of a range that leads to no more than so many, all are worth ranking.
const FEW: usize = 150;
/// Of a search for one thing alone, so many of each range.
const ALONE: usize = 500;

/// Of those to whom `probes` lead (`led`, one list a probe, in its order), who is worth ranking, each once. Where several
/// things were asked, somebody who has but one of them in common with what was typed is no answer as a rule: of the
/// long ranges only those who stand in ranges of two things, of the short ones everybody.
#[must_use]
pub fn likely<I: Copy + Eq + Hash>(probes: &[Probe], led: &[&[I]]) -> Vec<I> {
    let mut about: HashMap<I, u8> = HashMap::new();
    let mut asked = 0;
    for (probe, led) in probes.iter().zip(led) {
        let bit = bit(probe.kind.about());
        asked |= bit;
        for one in *led {
            *about.entry(*one).or_default() |= bit;
        }
    }
    let alone = asked.count_ones() < 2;
    let mut found = Vec::new();
    for led in led {
        let few = alone || led.len() <= FEW;
        for (nth, one) in led.iter().enumerate() {
            // Taken out when it is found: each once.
            let things = about.get(one).map_or(0, |bits| bits.count_ones());
            if things >= 2 || (things == 1 && few && nth < ALONE) {
                about.remove(one);
                found.push(*one);
            }
        }
    }
    found
}

const fn bit(about: About) -> u8 {
    match about {
        About::Name => 1,
        About::Birth => 2,
        About::Address => 4,
        About::Phone => 8,
        About::Card => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::TermKind;

    fn probe(kind: TermKind) -> Probe {
        Probe {
            kind,
            low: "a".to_owned(),
            high: "b".to_owned(),
        }
    }

    #[test]
    fn who_shares_two_things_is_ranked_and_who_shares_one_only_where_there_are_few() {
        let probes = [
            probe(TermKind::Kana),
            probe(TermKind::Birth),
            probe(TermKind::Given),
        ];
        let family: Vec<u32> = (0..1_000).collect();
        let born: Vec<u32> = (900..2_000).collect();
        let given: Vec<u32> = vec![5, 950, 3_000];
        let found = likely(&probes, &[&family, &born, &given]);
        let both: Vec<u32> = (900..1_000).collect();
        assert_eq!(found[..100], both);
        assert_eq!(found[100..], [5, 3_000], "few have that given name");
    }

    #[test]
    fn of_one_thing_alone_the_first_of_each_range() {
        let probes = [probe(TermKind::Kana), probe(TermKind::Given)];
        let family: Vec<u32> = (0..1_000).collect();
        let given: Vec<u32> = vec![7, 1_001];
        let found = likely(&probes, &[&family, &given]);
        assert_eq!(found.len(), 501);
        assert_eq!(found.last(), Some(&1_001));
        assert!(likely::<u32>(&[], &[]).is_empty());
    }
}
