//! Standard output: what a command was asked for, and nothing else.

use std::io::{self, Write as _};

/// Writes a line and flushes it, so that a reader of a pipe sees it at once.
///
/// # Errors
/// When nobody reads any more.
pub fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}
