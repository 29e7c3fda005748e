//! Standard output, on which each command says its result.

use std::io::{self, Write as _};

use crate::error::LoadError;

/// Writes a line.
///
/// # Errors
/// When nobody listens.
pub fn say(line: &str) -> Result<(), LoadError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}
