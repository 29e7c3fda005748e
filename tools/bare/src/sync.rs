//! The disk: how long a small append takes until it is durable.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::error::BareError;
use crate::figures::Times;

/// A page.
const BYTES: usize = 4_096;
/// At this length the file begins again: the disk is not filled.
const FILE_BYTES: u64 = 64 << 20;

/// What `sync` is told.
#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// The folder of the database.
    #[arg(long)]
    dir: PathBuf,
    /// For how long.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The output is JSON in any case.
    #[arg(long)]
    json: bool,
}

impl Sync {
    /// Appends 4 kB and syncs, again and again. The file is gone at the end.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn run(self) -> Result<Value, BareError> {
        let path = self.dir.join(format!("bare-sync-{}", std::process::id()));
        let times = measure(&path, Duration::from_secs(self.seconds));
        // What is left behind says nothing and is in nobody's way.
        drop(std::fs::remove_file(&path));
        let times = times?;
        Ok(json!({ "what": "sync", "syncs": times.count(), "sync_ms": times.to_json() }))
    }
}

fn measure(path: &std::path::Path, seconds: Duration) -> Result<Times, BareError> {
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(path)?;
    let mut times = Times::default();
    let page = [0x5a; BYTES];
    let mut length = 0;
    let began = Instant::now();
    while began.elapsed() < seconds {
        let start = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.add(start.elapsed());
        length += BYTES as u64;
        if length >= FILE_BYTES {
            file.set_len(0)?;
            length = 0;
        }
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let sync = |dir: PathBuf| Sync {
            dir,
            seconds: 1,
            json: true,
        };
        let line = sync(folder.path().to_owned()).run().unwrap();
        assert!(line["syncs"].as_u64() > Some(0), "{line}");
        assert!(line["sync_ms"]["p99"].as_f64() >= line["sync_ms"]["p50"].as_f64());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(sync(folder.path().join("absent")).run().is_err());
    }
}
