//! Filling a demo that is told to stop: what was begun is finished and counted, and the next run goes on where it was.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::Row as _;

use crate::harness::database::sql;
use crate::harness::run::{renkei_binary, watch};
use crate::harness::*;
use crate::tidy::source;

/// Enough that an unoptimised build is not done when it is told to stop.
const RESIDENTS: u64 = 200;
/// What must be the same however often it was stopped.
const TABLES: [&str; 7] = [
    "record", "resource", "version", "message", "relation", "delivery", "person",
];

#[test]
fn filling_ends_when_it_is_told_to_and_goes_on_where_it_was() {
    let folder = run_folder().join("demo-stop");
    fs::create_dir(&folder).expect("the folder is made");
    let stopped = folder.join("stopped");
    let first = stop(&stopped, "-TERM", 143);
    let second = stop(&stopped, "-INT", 130);
    assert!(second >= first, "nobody is lost: {first}, then {second}");
    let last = Filling::start(&stopped);
    let (status, printed) = last.ended();
    assert!(status.success(), "{printed}");
    assert_eq!(held(&stopped)["residents"], RESIDENTS);
    assert_eq!(held(&stopped)["stored"], RESIDENTS);

    let whole = folder.join("whole");
    let (status, printed) = Filling::start(&whole).ended();
    assert!(status.success(), "{printed}");
    assert_eq!(
        counts(&stopped),
        counts(&whole),
        "nothing is missing, and what was sent twice is there once"
    );
}

/// Fills until the first residents are said to be there, and stops it; how many are stored.
fn stop(folder: &Path, signal: &str, code: i32) -> u64 {
    let filling = Filling::start(folder);
    filling.await_line(&format!(" / {RESIDENTS}"));
    filling.tell(signal);
    let (status, printed) = filling.ended();
    assert_eq!(status.code(), Some(code), "{printed}");
    let held = held(folder);
    let stored = held["stored"].as_u64().expect("a number");
    assert!(
        (RESIDENTS / 10..RESIDENTS).contains(&stored),
        "{held}: {printed}"
    );
    assert_eq!(
        held["residents"], 0,
        "the next run begins at the beginning: {held}"
    );
    let told = format!("{stored} residents are stored");
    assert!(printed.contains(&told), "{told}: {printed}");
    let left = folder.join("renkei.db-wal");
    assert!(!left.exists(), "the database was closed in good order");
    stored
}

fn held(folder: &Path) -> Value {
    let bytes = fs::read(folder.join("kitamaru/population.json")).expect("the note is there");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn counts(folder: &Path) -> Vec<(&'static str, i64)> {
    let url = format!("sqlite://{}", folder.join("renkei.db").display());
    let count = |table: &'static str| {
        let rows = sql(&url, &format!("SELECT count(*) FROM {table}"));
        (table, rows[0].get::<i64, _>(0))
    };
    TABLES.map(count).to_vec()
}

/// `renkei demo --only-fill`, running.
struct Filling {
    child: Child,
    output: PathBuf,
}

impl Filling {
    fn start(folder: &Path) -> Self {
        let output = folder.with_extension("out");
        let log = File::create(&output).expect("a file");
        let child = Command::new(renkei_binary())
            .args(["demo", "--only-fill", "--residents", &RESIDENTS.to_string()])
            .arg("--dir")
            .arg(folder)
            .arg("--profiles")
            .arg(source::root().join("profiles"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        watch("processes", &child.id().to_string());
        Self { child, output }
    }

    fn printed(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    #[track_caller]
    fn await_line(&self, part: &str) {
        let deadline = Instant::now() + Duration::from_secs(90);
        while !self.printed().contains(part) {
            assert!(Instant::now() < deadline, "{part}: {}", self.printed());
            sleep(Duration::from_millis(5));
        }
    }

    fn tell(&self, signal: &str) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args([signal, &id]).status();
        assert!(told.expect("kill runs").success());
    }

    #[track_caller]
    fn ended(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if let Some(status) = self.child.try_wait().expect("the process is there") {
                return (status, self.printed());
            }
            assert!(Instant::now() < deadline, "{}", self.printed());
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
