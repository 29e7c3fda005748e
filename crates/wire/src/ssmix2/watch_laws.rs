//! Watching: what is there, what comes, what changes its name; each file once, and only when it is whole.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{
    Condition, Entry, Found, Mark, Settings, Sighting, Storage, WalkError, Watcher, decode_name,
};

const SETTINGS: Settings = Settings {
    rescan: Duration::from_secs(3600),
    settle: Duration::from_millis(150),
    watches_max: 1_000,
    pending_max: 100,
};

fn file(number: u32) -> Entry {
    decode_name(&format!(
        "0000001_20240401_OMP-01_{number:015}_20240401090000000_01_1"
    ))
    .unwrap()
}

/// A caller that remembers what it took.
struct Caller {
    watcher: Watcher,
    taken: HashSet<(String, Mark)>,
    scans: u64,
    refused: Vec<WalkError>,
}

impl Caller {
    fn new(root: &Path, settings: Settings) -> Self {
        let watcher = Watcher::open(root, settings).unwrap();
        let mut caller = Self {
            watcher,
            taken: HashSet::new(),
            scans: 0,
            refused: Vec::new(),
        };
        let start = Instant::now();
        while caller.scans == 0 && start.elapsed() < Duration::from_secs(20) {
            assert!(caller.once(Duration::ZERO).is_empty());
        }
        caller
    }

    fn once(&mut self, wait: Duration) -> Vec<Found> {
        let mut whole = Vec::new();
        let taken = &self.taken;
        let seen = self.watcher.next(wait, &mut |path, mark| {
            taken.contains(&(path.to_owned(), mark))
        });
        for sighting in seen.unwrap() {
            match sighting {
                Sighting::Complete(found) => {
                    assert!(self.taken.insert((found.path.clone(), found.mark)), "twice");
                    whole.push(found);
                }
                Sighting::Refused(error) => self.refused.push(error),
                Sighting::Scanned { .. } => self.scans += 1,
            }
        }
        whole
    }

    /// What becomes complete until `enough` files are there or a time is over that is long for a machine
    /// that is busy.
    fn until(&mut self, enough: usize) -> Vec<Found> {
        let start = Instant::now();
        let mut whole = Vec::new();
        while whole.len() < enough && start.elapsed() < Duration::from_secs(20) {
            whole.extend(self.once(Duration::from_millis(50)));
        }
        whole
    }

    fn quiet_for(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            assert!(self.once(Duration::from_millis(20)).is_empty());
        }
    }
}

#[test]
fn what_is_there_at_the_start_is_found_and_not_again() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    for number in 0..5 {
        storage.insert(&file(number), b"there").unwrap();
    }
    let mut caller = Caller::new(root.path(), SETTINGS);
    assert_eq!(caller.until(5).len(), 5);
    let taken = caller.taken.clone();
    // A restart with the same memory names nothing; one without names all.
    let mut again = Caller::new(root.path(), SETTINGS);
    again.taken = taken;
    again.quiet_for(Duration::from_millis(400));
}

#[test]
fn what_is_written_by_the_rule_comes_at_once_and_under_each_name() {
    let root = tempfile::tempdir().unwrap();
    let settle = Duration::from_secs(3600);
    let mut caller = Caller::new(root.path(), Settings { settle, ..SETTINGS });
    let storage = Storage::new(root.path());
    storage.insert(&file(1), b"one").unwrap();
    // Its folders were new: a walk through them finds it, and it waits. The next one is seen by its renaming.
    caller.until(0);
    caller.once(Duration::from_millis(200));
    caller.once(Duration::from_millis(200));
    storage.insert(&file(2), b"two").unwrap();
    let second = caller.until(1);
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].entry, file(2));
    let mut deletion = file(2);
    deletion.stamp = "20240401100000000".to_owned();
    storage.delete(&deletion, b"gone").unwrap();
    let changed = caller.until(2);
    assert!(
        changed
            .iter()
            .all(|found| found.entry.condition == Condition::Withdrawn)
    );
    let identities: HashSet<_> = changed.iter().map(|found| found.entry.identity()).collect();
    assert!(
        identities.contains(&file(2).identity()),
        "the old file under its new name"
    );
    assert_eq!(changed.len(), 2);
}

#[test]
fn a_file_is_taken_only_when_it_is_complete() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    storage.insert(&file(1), b"one").unwrap();
    let mut caller = Caller::new(root.path(), SETTINGS);
    assert_eq!(caller.until(1).len(), 1);
    let path = root.path().join(file(2).path());
    // An empty file that was closed is not taken for whole: somebody copies.
    drop(File::create(&path).unwrap());
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(600) {
        writer.write_all(b"MSH|").unwrap();
        assert!(caller.once(Duration::from_millis(30)).is_empty());
    }
    drop(writer);
    let whole = caller.until(1);
    assert_eq!(whole.len(), 1);
    assert_eq!(whole[0].mark.bytes, fs::metadata(&path).unwrap().len());
    caller.quiet_for(Duration::from_millis(400));
    // Written once more: it comes once more, with another mark.
    fs::write(&path, b"corrected in place").unwrap();
    assert_eq!(caller.until(1).len(), 1);
}

/// With every watch refused the rescan alone finds everything.
#[test]
fn a_rescan_finds_what_the_kernel_did_not_say() {
    let root = tempfile::tempdir().unwrap();
    let settings = Settings {
        watches_max: 0,
        rescan: Duration::from_millis(200),
        ..SETTINGS
    };
    let mut caller = Caller::new(root.path(), settings);
    let storage = Storage::new(root.path());
    for number in 0..300 {
        storage.insert(&file(number), b"x").unwrap();
    }
    // More than are waited for at a time: the walk stops and goes on.
    assert_eq!(caller.until(300).len(), 300);
}

#[test]
fn what_is_no_file_of_the_storage_is_named_once_it_stays() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    storage.insert(&file(1), b"one").unwrap();
    let mut caller = Caller::new(root.path(), SETTINGS);
    caller.until(1);
    let folder = root.path().join(file(1).folder());
    fs::write(folder.join(".left-behind.part"), b"x").unwrap();
    fs::write(folder.join("0000001_x"), b"x").unwrap();
    let start = Instant::now();
    while caller.refused.len() < 2 && start.elapsed() < Duration::from_secs(20) {
        assert!(caller.once(Duration::from_millis(50)).is_empty());
    }
    let texts: Vec<String> = caller.refused.iter().map(ToString::to_string).collect();
    assert!(
        texts.iter().any(|text| text.contains("temporary")),
        "{texts:?}"
    );
    assert!(
        texts
            .iter()
            .any(|text| text.contains("parts between underscores")),
        "{texts:?}"
    );
}
