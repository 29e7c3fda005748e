//! Starts a server and measures how long it takes until it listens. The server outlives this tool.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::error::LoadError;
use crate::report::rounded;
use crate::say::say;

/// What a server's line begins with when it listens; its address follows.
const READY: &str = "listening on ";
/// How often the server's output is looked at: the start is told in milliseconds.
const LOOK: Duration = Duration::from_millis(1);

/// Arguments of `launch`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the server's output goes
    #[arg(long)]
    log: PathBuf,
    /// Longest wait in seconds
    #[arg(long, default_value_t = 120)]
    patience_s: u64,
    /// A name for this result
    #[arg(long, default_value = "")]
    label: String,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Starts, waits, and prints address, process and time.
///
/// # Errors
/// When the program cannot be started, ends, or does not listen in time.
pub fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let path = &arguments.log;
    let out = File::create(path).map_err(LoadError::file(path))?;
    let errors = out.try_clone().map_err(LoadError::file(path))?;
    let (program, rest) = arguments
        .command
        .split_first()
        .ok_or_else(|| LoadError::Argument("no program".to_owned()))?;
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .map_err(LoadError::file(Path::new(program)))?;
    let base = loop {
        let text = std::fs::read_to_string(path).map_err(LoadError::file(path))?;
        if let Some(base) = address(&text) {
            break base;
        }
        let late = began.elapsed() > Duration::from_secs(arguments.patience_s);
        if late || child.try_wait()?.is_some() {
            // It has ended already, or has to.
            let _ = child.kill();
            return Err(LoadError::content(
                path,
                format!("not listening: {}", text.trim()),
            ));
        }
        std::thread::sleep(LOOK);
    };
    let line = json!({
        "what": "start",
        "label": arguments.label,
        "ms": rounded(began.elapsed().as_secs_f64() * 1_000.0),
        "pid": child.id(),
        "base": base,
    });
    say(&line.to_string())
}

/// The address in a whole line of a server's output.
fn address(text: &str) -> Option<String> {
    let (whole, _) = text.rsplit_once('\n')?;
    let line = whole.lines().find_map(|line| line.strip_prefix(READY))?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_listens_when_its_line_is_whole() {
        assert_eq!(address("WARN x\nlistening on http://127.0.0.1:84"), None);
        assert_eq!(
            address("WARN x\nlistening on http://127.0.0.1:8484\n").unwrap(),
            "http://127.0.0.1:8484"
        );
    }
}
