//! One figure of the results, for the script: the rate of a step follows from what another one measured.

use std::path::PathBuf;

use super::results::Results;
use crate::error::LoadError;
use crate::report::rounded;
use crate::say::say;

/// Arguments of `figure`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A file of results
    file: PathBuf,
    /// Of which database
    #[arg(long)]
    database: String,
    /// Of which label; the median of its lines
    #[arg(long)]
    label: String,
    /// The figure, as a JSON pointer
    #[arg(long)]
    place: String,
    /// Times this
    #[arg(long, default_value_t = 1.0)]
    times: f64,
}

/// Prints the figure.
///
/// # Errors
/// When it is not there.
pub fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let results = Results::read(std::slice::from_ref(&arguments.file))?;
    let found = results
        .of(&arguments.database)
        .figure(&arguments.label, &arguments.place);
    match found {
        Some(figure) => say(&rounded(figure * arguments.times).to_string()),
        None => Err(LoadError::Argument(format!(
            "no {} of {} yet: run its step first",
            arguments.place, arguments.label
        ))),
    }
}
