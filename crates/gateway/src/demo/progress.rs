//! How far it is: a bar for people, plain lines for everything else.

use std::fmt;
use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::stdout::say;

/// Plain lines in all.
const LINES: u64 = 10;

/// How far something is that counts up to a known number.
pub struct Progress {
    bar: Option<ProgressBar>,
    all: u64,
    done: u64,
    said: u64,
}

impl Progress {
    /// Nothing done yet.
    #[must_use]
    pub fn new(all: u64) -> Self {
        let people = io::stdout().is_terminal() && io::stderr().is_terminal();
        let bar = people.then(|| {
            let bar = ProgressBar::new(all);
            match ProgressStyle::with_template("{bar:32} {pos}/{len}  {rate}  {eta}") {
                Ok(style) => bar.with_style(style.with_key(
                    "rate",
                    |state: &ProgressState, text: &mut dyn fmt::Write| {
                        // What cannot be written is not seen.
                        let _ = text.write_str(&rate(state.per_sec()));
                    },
                )),
                Err(_) => bar,
            }
        });
        Self {
            bar,
            all,
            done: 0,
            said: 0,
        }
    }

    /// How many are done.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.done
    }

    /// So many more are done.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn add(&mut self, more: u64) -> io::Result<()> {
        self.done += more;
        if let Some(bar) = &self.bar {
            bar.inc(more);
            return Ok(());
        }
        let lines = self.done * LINES / self.all.max(1);
        if lines > self.said {
            self.said = lines;
            say(&format!("# {} / {}", self.done, self.all))?;
        }
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// So many a second, as people read numbers: 14/s, and 0.4/s where it is slow.
fn rate(a_second: f64) -> String {
    if a_second < 1.0 {
        format!("{a_second:.1}/s")
    } else {
        format!("{a_second:.0}/s")
    }
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn a_rate_has_no_more_digits_than_people_read() {
        let rates = [13.7005, 0.4321, 1_234.5, 0.0].map(rate);
        assert_eq!(rates, ["14/s", "0.4/s", "1234/s", "0.0/s"]);
    }
}
