//! What a file is, what stands in it, what is wrong with it and where.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use renkei_wire::inspect::{self, Colour, Verdict, View};

use super::{InspectArguments, When};
use crate::config::Config;
use crate::error::GatewayError;
use crate::stdout::say;

/// No more of a file is read: several times the largest that any door takes.
const INPUT_BYTES: u64 = 64 << 20;

/// Explains each file.
///
/// # Errors
/// [`GatewayError::Found`] when one of them is not of a known format, or something is wrong with it.
pub fn run(config: &Config, arguments: &InspectArguments) -> Result<(), GatewayError> {
    let colour = match arguments.colour {
        When::Always => true,
        When::Never => false,
        When::Auto => std::io::stdout().is_terminal(),
    };
    let view = View {
        colour: match colour {
            true => Colour::Always,
            false => Colour::Never,
        },
        ..View::default()
    };
    let limits = config.limits();
    let mut good = true;
    for file in &arguments.files {
        let (name, bytes) = read(file)?;
        let inspection = inspect::inspect(&bytes, name.as_deref(), &limits);
        if arguments.json {
            say(&inspect::json(&inspection, view.rows))?;
        } else {
            if arguments.files.len() > 1 {
                say(&format!("== {}", file.display()))?;
            }
            say(inspect::text(&inspection, &view).trim_end())?;
        }
        good &= inspection.verdict() <= Verdict::Odd;
    }
    if good {
        Ok(())
    } else {
        Err(GatewayError::Found)
    }
}

/// The bytes, and the path for formats whose files say what they are by their names.
fn read(file: &Path) -> Result<(Option<String>, Vec<u8>), GatewayError> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(INPUT_BYTES)
            .read_to_end(&mut bytes)?;
        return Ok((None, bytes));
    }
    let whole = std::path::absolute(file)?;
    let failed = |error: std::io::Error| {
        GatewayError::Argument(format!("{}: {}", file.display(), error.kind()))
    };
    let mut bytes = Vec::new();
    let open = std::fs::File::open(&whole).map_err(failed)?;
    open.take(INPUT_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok((Some(whole.display().to_string()), bytes))
}
