//! One run of the tests: its folder, the program under test, and the watchdog that cleans up after it,
//! however the run ends.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Waits until the test process is gone, then ends what it started and removes its folder.
/// Arguments: the folder, the program under test.
const WATCHDOG: &str = r#"
cat > /dev/null
if [ -f "$1/processes" ]; then
  while read -r process; do
    if [ "$(readlink "/proc/$process/exe")" = "$2" ]; then kill -9 "$process"; fi
  done < "$1/processes"
fi
if [ -f "$1/clusters" ]; then
  while read -r cluster; do sh "$cluster/stop.sh"; done < "$1/clusters"
fi
if [ -f "$1/mounts" ]; then
  while read -r mount; do umount "$mount"; done < "$1/mounts"
fi
if [ -z "$RENKEI_TEST_KEEP" ]; then rm -rf "$1"; fi
"#;

struct Run {
    folder: PathBuf,
    /// Its standard input closes when this process ends.
    _watchdog: Child,
}

fn run() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let binary = renkei_binary();
        let made = tempfile::Builder::new()
            .prefix("renkei-it-")
            .tempdir()
            .expect("the folder of the run is made");
        // The watchdog removes it, not this process.
        let folder = made.keep();
        // The PostgreSQL server runs as another user and must be able to pass through.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o711))
            .expect("the folder can be passed through");
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&folder)
            .arg(binary)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("the watchdog starts");
        Run {
            folder,
            _watchdog: watchdog,
        }
    })
}

/// The folder of this run; gone when the run is over, unless `RENKEI_TEST_KEEP` is set.
pub fn run_folder() -> &'static Path {
    &run().folder
}

/// Tells the watchdog of something that it must end: a line in `processes`, `clusters` or `mounts`.
pub fn watch(list: &str, line: &str) {
    let path = run_folder().join(list);
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("the list opens");
    writeln!(file, "{line}").expect("the list is written");
}

/// The program under test: `RENKEI_TEST_BINARY`, or what cargo builds now.
pub fn renkei_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("RENKEI_TEST_BINARY") {
            return fs::canonicalize(path).expect("RENKEI_TEST_BINARY exists");
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "-p", "renkei"])
            .current_dir(crate::tidy::source::root())
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the program under test does not build");
        let test = std::env::current_exe().expect("the test has a path");
        let folder = test
            .ancestors()
            .nth(2)
            .expect("the test lies in target/debug/deps");
        fs::canonicalize(folder.join("renkei")).expect("the program lies beside the tests")
    })
}

/// Whether the longer proofs are wanted.
pub fn long() -> bool {
    std::env::var_os("RENKEI_TEST_LONG").is_some_and(|value| value == "1")
}

/// Says in the output of the test command that a proof was not made. Tests that pass are captured, so this
/// writes past the capture.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Whether this process may mount file systems and become other users.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
