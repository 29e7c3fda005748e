//! Chance that is the same everywhere: ChaCha12, seeded and divided into streams, and nothing of a library
//! in between whose choices may change with its version.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// One stream of chance. The same seed and stream throw the same on every machine.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha12Rng);

impl Dice {
    /// The stream `stream` of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut bytes = [0; 32];
        for (byte, value) in bytes.iter_mut().zip(seed.to_le_bytes()) {
            *byte = value;
        }
        let mut dice = ChaCha12Rng::from_seed(bytes);
        dice.set_stream(stream);
        Self(dice)
    }

    /// From 0 to `limit - 1`; 0 for a limit of 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// From `low` to `high`, both included; `low` if `high` is smaller.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).map_or(1, |width| width + 1);
        low + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// True so many times in a thousand.
    pub fn per_mille(&mut self, chance: u32) -> bool {
        self.below(1_000) < u64::from(chance)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, chance: u32) -> bool {
        self.per_mille(chance * 10)
    }

    /// One of the items, by weight; none if all weights are 0.
    pub fn weighted<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> u32) -> Option<&'a T> {
        let sum: u64 = items.iter().map(|item| u64::from(weight(item))).sum();
        let mut left = self.below(sum);
        items.iter().find(|item| {
            let own = u64::from(weight(item));
            let found = left < own;
            left = left.saturating_sub(own);
            found
        })
    }

    /// One of the items, all alike.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let position = self.below(items.len() as u64);
        items.get(usize::try_from(position).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_on_every_machine() {
        let mut dice = Dice::new(1, 2);
        let thrown: Vec<u64> = (0..4).map(|_| dice.below(1_000)).collect();
        assert_eq!(thrown, [17, 770, 10, 893], "ChaCha12, seed 1, stream 2");
        let mut again = Dice::new(1, 2);
        assert_eq!(again.below(1_000), 17);
        assert_ne!(
            Dice::new(1, 3).below(u64::MAX),
            Dice::new(1, 2).below(u64::MAX)
        );
        assert_ne!(
            Dice::new(2, 2).below(u64::MAX),
            Dice::new(1, 2).below(u64::MAX)
        );
    }

    #[test]
    fn weights_of_nothing_are_never_taken() {
        let mut dice = Dice::new(7, 0);
        let items = [("never", 0), ("often", 9), ("seldom", 1)];
        let often = (0..1_000)
            .filter_map(|_| dice.weighted(&items, |item| item.1))
            .filter(|item| {
                assert_ne!(item.0, "never");
                item.0 == "often"
            })
            .count();
        assert!((850..950).contains(&often), "{often}");
        assert!(dice.weighted(&[("never", 0)], |item| item.1).is_none());
    }

    #[test]
    fn bounds_are_included() {
        let mut dice = Dice::new(7, 0);
        let thrown: Vec<i64> = (0..200).map(|_| dice.between(-1, 1)).collect();
        for value in [-1, 0, 1] {
            assert!(thrown.contains(&value), "{value}");
        }
        assert_eq!(dice.between(5, 4), 5);
    }
}
