//! What a file is, what stands in it, what is wrong with it and where.

use std::io::{IsTerminal as _, Read};
use std::path::Path;

use renkei_wire::inspect::{self, Colour, Verdict, View};

use super::{InspectArguments, When};
use crate::config::Config;
use crate::error::GatewayError;
use crate::stdout::say;

/// No larger file is read: several times what any door takes.
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
        return Ok((None, whole(file, std::io::stdin().lock())?));
    }
    let path = std::path::absolute(file)?;
    let failed = |error: std::io::Error| {
        GatewayError::Argument(format!("{}: {}", file.display(), error.kind()))
    };
    let open = std::fs::File::open(&path).map_err(failed)?;
    Ok((Some(path.display().to_string()), whole(file, open)?))
}

/// All of it, or nothing: what is cut off would be explained as faulty.
fn whole(file: &Path, source: impl Read) -> Result<Vec<u8>, GatewayError> {
    let refused = |why: String| GatewayError::Argument(format!("{}: {why}", file.display()));
    let mut bytes = Vec::new();
    let read = source.take(INPUT_BYTES + 1).read_to_end(&mut bytes);
    let read = read.map_err(|error| refused(error.kind().to_string()))?;
    if u64::try_from(read).is_ok_and(|read| read <= INPUT_BYTES) {
        Ok(bytes)
    } else {
        let rule = "64 MB を超えるファイルは読みません / larger than 64 MB: not read";
        Err(refused(rule.to_owned()))
    }
}
