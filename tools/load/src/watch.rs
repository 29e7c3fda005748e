//! A process and its write-ahead log, looked at every second, for as long as wanted.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::LoadError;
use crate::process;
use crate::report::rounded;
use crate::say::say;

/// Bytes of a megabyte (2^20).
const MB: f64 = 1_048_576.0;

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The process
    #[arg(long)]
    pid: u32,
    /// Its write-ahead log: a file, or a folder of files
    #[arg(long)]
    wal: Option<PathBuf>,
    /// Its database: a file, or a folder of files
    #[arg(long)]
    database: Option<PathBuf>,
    /// How long
    #[arg(long)]
    seconds: u64,
    /// Where the samples go, a line of JSON each; without it, only the summary is printed
    #[arg(long)]
    out: Option<PathBuf>,
    /// A name for this result
    #[arg(long, default_value = "")]
    label: String,
}

/// One look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Seconds since the beginning.
    pub s: f64,
    /// Everything resident.
    pub rss_mb: f64,
    /// Heap, stacks and shared memory: no files.
    pub own_mb: f64,
    /// Open files.
    pub fds: f64,
    /// The write-ahead log.
    pub wal_mb: f64,
    /// The database.
    pub database_mb: f64,
}

/// Looks, writes, prints a summary.
///
/// # Errors
/// When the file cannot be written, or the process has ended before the first look.
pub fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let mut out = match &arguments.out {
        Some(path) => Some(File::create(path).map_err(LoadError::file(path))?),
        None => None,
    };
    let began = Instant::now();
    let mut looks = Vec::new();
    for second in 0..=arguments.seconds {
        let due = began + Duration::from_secs(second);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let Some(memory) = process::memory(arguments.pid) else {
            break;
        };
        let size = |path: &Option<PathBuf>| {
            path.as_deref()
                .map_or(0.0, |path| process::bytes(path) as f64 / MB)
        };
        let look = Look {
            s: rounded(began.elapsed().as_secs_f64()),
            rss_mb: rounded(memory.rss_mb),
            own_mb: rounded(memory.own_mb),
            fds: process::descriptors(arguments.pid) as f64,
            wal_mb: rounded(size(&arguments.wal)),
            database_mb: rounded(size(&arguments.database)),
        };
        if let Some(out) = &mut out {
            writeln!(out, "{}", json!(look))?;
        }
        looks.push(look);
    }
    if looks.is_empty() {
        return Err(LoadError::Argument(format!("no process {}", arguments.pid)));
    }
    say(&summary(&arguments.label, &looks).to_string())
}

/// Medians of the second and the last tenth, and the peaks: what is flat has the same twice. The first
/// tenth is the warm-up's.
pub fn summary(label: &str, looks: &[Look]) -> serde_json::Value {
    let tenth = (looks.len() / 10).max(1);
    let early = looks.get(tenth..2 * tenth).unwrap_or(looks);
    let late = looks
        .get(looks.len().saturating_sub(tenth)..)
        .unwrap_or(looks);
    let of = |choose: fn(&Look) -> f64| {
        json!({
            "early": median(early.iter().map(choose).collect()),
            "late": median(late.iter().map(choose).collect()),
            "peak": looks.iter().map(choose).fold(0.0, f64::max),
        })
    };
    json!({
        "what": "watch",
        "label": label,
        "seconds": looks.last().map(|look| look.s),
        "rss_mb": of(|look| look.rss_mb),
        "own_mb": of(|look| look.own_mb),
        "fds": of(|look| look.fds),
        "wal_mb": of(|look| look.wal_mb),
        "database_mb": of(|look| look.database_mb),
    })
}

/// The middle one, or the mean of the two in the middle; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    if values.len().is_multiple_of(2) && middle > 0 {
        f64::midpoint(at(middle - 1), at(middle))
    } else {
        at(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn what_grows_shows_in_the_summary() {
        let looks: Vec<Look> = (0..100)
            .map(|s| Look {
                s: f64::from(s),
                rss_mb: 100.0,
                own_mb: 50.0 + f64::from(s),
                fds: 20.0,
                wal_mb: 4.0,
                database_mb: 0.0,
            })
            .collect();
        let summary = summary("x", &looks);
        assert_eq!(
            summary["own_mb"],
            json!({ "early": 64.5, "late": 144.5, "peak": 149.0 })
        );
        assert_eq!(
            summary["fds"],
            json!({ "early": 20.0, "late": 20.0, "peak": 20.0 })
        );
    }
}
