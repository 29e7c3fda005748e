//! Figures: quantiles, CPU time, one line of JSON.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::BareError;

/// Linux counts CPU time in hundredths of a second for programs, whatever the kernel's own tick is.
const TICK_US: u64 = 10_000;

/// How long things took.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// One more.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// How many.
    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    /// All together.
    pub(crate) fn sum(&self) -> Duration {
        self.0.iter().sum()
    }

    /// The smallest time that `per_mille` of a thousand do not exceed.
    pub(crate) fn quantile(&self, per_mille: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    /// `{"p50":…,"p99":…,"max":…}` in milliseconds.
    pub(crate) fn to_json(&self) -> Value {
        let millis = |time: Duration| (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0;
        json!({
            "p50": millis(self.quantile(500)),
            "p99": millis(self.quantile(990)),
            "max": millis(self.quantile(1000)),
        })
    }
}

/// CPU time of a process up to now, user and system, in microseconds; 0 when it cannot be read.
/// `None` is this process.
pub(crate) fn cpu_us(process: Option<i32>) -> u64 {
    let name = process.map_or_else(|| "self".to_owned(), |id| id.to_string());
    let text = std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
    ticks(&text).unwrap_or_default() * TICK_US
}

/// utime and stime are fields 14 and 15; the second field, the name, may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Prints a line to standard output.
pub(crate) fn print(line: &Value) -> Result<(), BareError> {
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_what_was_measured() {
        let mut times = Times::default();
        assert_eq!(times.quantile(990), Duration::ZERO, "nothing measured");
        for ms in (1..=100).rev() {
            times.add(Duration::from_millis(ms));
        }
        let expected = json!({ "p50": 50.0, "p99": 99.0, "max": 100.0 });
        assert_eq!(times.to_json(), expected);
        assert_eq!(
            (times.count(), times.sum()),
            (100, Duration::from_millis(5050))
        );
    }

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a b) c) S 1 1 1 0 -1 4 0 0 0 0 12 30 0 0 20 0 9 0 5";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("nonsense"), None);
    }
}
