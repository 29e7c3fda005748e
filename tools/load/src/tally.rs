//! What came back, counted: latencies in histograms, statuses, and windows of time.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::act::Part;
use crate::error::LoadError;

/// Significant digits of latencies.
const DIGITS: u8 = 3;
/// Significant digits within a window: there are many windows.
const WINDOW_DIGITS: u8 = 2;

/// Latencies in microseconds.
pub type Latencies = Histogram<u64>;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With an answer: its status, and whether it says when to come again.
    Answered(u16, bool),
    /// Without one, and why.
    Failed(&'static str),
}

impl Ended {
    /// Whether it was done.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Answered(200..300, _))
    }
}

/// One request, or several together.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// What it was.
    pub part: Part,
    /// When it ended, from the beginning of the measurement.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub ended: Ended,
}

/// What was counted of one part.
#[derive(Debug)]
pub struct Counted {
    /// Those that were done.
    pub good: Latencies,
    /// Those that were not, with and without an answer.
    pub bad: Latencies,
    /// Answers by status.
    pub status: BTreeMap<u16, u64>,
    /// Refusals for now (429, 503) that say when to come again.
    pub retry_after: u64,
    /// Requests without an answer, by reason.
    pub failed: BTreeMap<&'static str, u64>,
}

/// A stretch of time.
#[derive(Debug, Clone)]
pub struct Window {
    /// Those that were done.
    pub good: Latencies,
    /// How many were not.
    pub bad: u64,
}

/// Everything that was counted.
#[derive(Debug)]
pub struct Tally {
    parts: BTreeMap<Part, Counted>,
    windows: BTreeMap<u64, Window>,
    window: Duration,
    empty: Latencies,
    empty_window: Latencies,
}

impl Tally {
    /// Nothing yet. `window` is how long a window is; zero for none.
    ///
    /// # Errors
    /// None: the digits are few enough.
    pub fn new(window: Duration) -> Result<Self, LoadError> {
        let histogram =
            |digits| Histogram::new(digits).map_err(|error| LoadError::Argument(error.to_string()));
        Ok(Self {
            parts: BTreeMap::new(),
            windows: BTreeMap::new(),
            window,
            empty: histogram(DIGITS)?,
            empty_window: histogram(WINDOW_DIGITS)?,
        })
    }

    /// Counts one.
    pub fn add(&mut self, sample: &Sample) {
        let took = u64::try_from(sample.took.as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        let counted = self.parts.entry(sample.part).or_insert_with(|| Counted {
            good: self.empty.clone(),
            bad: self.empty.clone(),
            status: BTreeMap::new(),
            retry_after: 0,
            failed: BTreeMap::new(),
        });
        let good = sample.ended.is_good();
        let latencies = if good {
            &mut counted.good
        } else {
            &mut counted.bad
        };
        // The histogram grows by itself; only a latency of ages could be refused.
        let _ = latencies.record(took);
        match sample.ended {
            Ended::Answered(status, retry) => {
                *counted.status.entry(status).or_default() += 1;
                counted.retry_after += u64::from(retry && matches!(status, 429 | 503));
            }
            Ended::Failed(why) => *counted.failed.entry(why).or_default() += 1,
        }
        if !self.window.is_zero() && sample.part.is_request() {
            let number = sample.at.as_micros() / self.window.as_micros().max(1);
            let window = self
                .windows
                .entry(u64::try_from(number).unwrap_or(u64::MAX))
                .or_insert_with(|| Window {
                    good: self.empty_window.clone(),
                    bad: 0,
                });
            if good {
                let _ = window.good.record(took);
            } else {
                window.bad += 1;
            }
        }
    }

    /// Takes in what another one counted.
    pub fn merge(&mut self, other: Self) {
        for (part, theirs) in other.parts {
            let Some(own) = self.parts.get_mut(&part) else {
                self.parts.insert(part, theirs);
                continue;
            };
            let _ = own.good.add(&theirs.good);
            let _ = own.bad.add(&theirs.bad);
            own.retry_after += theirs.retry_after;
            for (status, count) in theirs.status {
                *own.status.entry(status).or_default() += count;
            }
            for (why, count) in theirs.failed {
                *own.failed.entry(why).or_default() += count;
            }
        }
        for (number, theirs) in other.windows {
            match self.windows.get_mut(&number) {
                Some(own) => {
                    let _ = own.good.add(&theirs.good);
                    own.bad += theirs.bad;
                }
                None => {
                    self.windows.insert(number, theirs);
                }
            }
        }
    }

    /// What was counted of each part.
    pub const fn parts(&self) -> &BTreeMap<Part, Counted> {
        &self.parts
    }

    /// The windows by number.
    pub const fn windows(&self) -> &BTreeMap<u64, Window> {
        &self.windows
    }

    /// All requests together.
    pub fn all(&self) -> Counted {
        let mut all = Counted {
            good: self.empty.clone(),
            bad: self.empty.clone(),
            status: BTreeMap::new(),
            retry_after: 0,
            failed: BTreeMap::new(),
        };
        for (_, counted) in self.parts.iter().filter(|(part, _)| part.is_request()) {
            let _ = all.good.add(&counted.good);
            let _ = all.bad.add(&counted.bad);
            all.retry_after += counted.retry_after;
            for (status, count) in &counted.status {
                *all.status.entry(*status).or_default() += count;
            }
            for (why, count) in &counted.failed {
                *all.failed.entry(why).or_default() += count;
            }
        }
        all
    }
}

/// A quantile in milliseconds.
pub fn quantile_ms(latencies: &Latencies, quantile: f64) -> f64 {
    ms(latencies.value_at_quantile(quantile))
}

/// Microseconds as milliseconds.
pub fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(part: Part, at_ms: u64, took_ms: u64, ended: Ended) -> Sample {
        Sample {
            part,
            at: Duration::from_millis(at_ms),
            took: Duration::from_millis(took_ms),
            ended,
        }
    }

    const GOOD: Ended = Ended::Answered(200, false);

    #[test]
    fn quantiles_are_those_of_the_samples() {
        let mut tally = Tally::new(Duration::ZERO).unwrap();
        for took in 1..=1_000 {
            tally.add(&sample(Part::Read, 0, took, GOOD));
        }
        let good = &tally.parts()[&Part::Read].good;
        assert_eq!(good.len(), 1_000);
        for (quantile, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let measured = quantile_ms(good, quantile);
            assert!(
                (measured / expected - 1.0).abs() < 0.002,
                "{quantile}: {measured}"
            );
        }
    }

    #[test]
    fn what_was_refused_is_no_latency_of_what_was_done() {
        let mut tally = Tally::new(Duration::ZERO).unwrap();
        tally.add(&sample(Part::Slip, 0, 100, GOOD));
        tally.add(&sample(Part::Slip, 0, 1, Ended::Answered(503, true)));
        tally.add(&sample(Part::Slip, 0, 1, Ended::Answered(404, true)));
        tally.add(&sample(Part::Slip, 0, 1, Ended::Failed("late")));
        let all = tally.all();
        assert_eq!((all.good.len(), all.bad.len(), all.retry_after), (1, 3, 1));
        assert_eq!(
            all.status.into_iter().collect::<Vec<_>>(),
            [(200, 1), (404, 1), (503, 1)]
        );
        assert_eq!(all.failed["late"], 1);
        assert!((quantile_ms(&all.good, 0.99) - 100.0).abs() < 0.2);
    }

    #[test]
    fn two_tallies_are_one() {
        let window = Duration::from_secs(1);
        let mut one = Tally::new(window).unwrap();
        let mut other = Tally::new(window).unwrap();
        one.add(&sample(Part::Search, 900, 10, GOOD));
        other.add(&sample(Part::Search, 950, 30, GOOD));
        other.add(&sample(Part::Card, 2_100, 20, Ended::Answered(500, false)));
        other.add(&sample(Part::LookUp, 2_100, 50, GOOD));
        one.merge(other);
        assert_eq!(one.parts()[&Part::Search].good.len(), 2);
        assert_eq!(one.all().good.len(), 2, "a look-up is its requests");
        let windows: Vec<_> = one
            .windows()
            .iter()
            .map(|(n, w)| (*n, w.good.len(), w.bad))
            .collect();
        assert_eq!(windows, [(0, 2, 0), (2, 0, 1)]);
    }
}
