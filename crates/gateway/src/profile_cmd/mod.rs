//! `renkei profile`: is a network's folder good, what does it carry, and what does it make of a message.

mod check;
mod coverage;
mod preview;

use std::path::PathBuf;

use renkei_profile::{Network, load};

use crate::config::Config;
use crate::error::GatewayError;
use crate::profiles;
use crate::stdout::say;

/// What can be done with profiles.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// 文法、型、コード表、実例を確かめる / check the grammar, types, code maps and golden cases
    Check(CheckArguments),
    /// 項目ごとに、何がFHIRに渡り、何が失われるか / field by field: what FHIR carries and what is lost
    Coverage(CoverageArguments),
    /// 電文がどのFHIR文書になるかを見る / show what FHIR document a message becomes
    Preview(PreviewArguments),
}

/// Arguments of `renkei profile check`.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// ネットワーク。既定はすべて / network; by default all
    network: Option<String>,
}

/// Arguments of `renkei profile coverage`.
#[derive(Debug, clap::Args)]
pub struct CoverageArguments {
    /// ネットワーク。既定はすべて / network; by default all
    network: Option<String>,
    /// 電文の種類。既定はすべて / kind of message; by default all
    #[arg(long)]
    message: Option<String>,
    /// JSONで / as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `renkei profile preview`.
#[derive(Debug, clap::Args)]
pub struct PreviewArguments {
    /// ネットワーク / network
    #[arg(long)]
    network: String,
    /// 電文のファイル(.json か .csv)、--back では FHIR の Bundle / file of a message (.json or .csv), with --back of a FHIR Bundle
    file: PathBuf,
    /// FHIRから元の形へ / from FHIR back to the native form
    #[arg(long)]
    back: bool,
}

/// Does what was asked for.
///
/// # Errors
/// [`GatewayError::Found`] when a profile, a golden case or the message is wrong.
pub fn run(config: &Config, command: &Command) -> Result<(), GatewayError> {
    match command {
        Command::Check(arguments) => check::run(config, arguments),
        Command::Coverage(arguments) => coverage::run(config, arguments),
        Command::Preview(arguments) => preview::run(config, arguments),
    }
}

/// The folders of the networks that are meant.
fn folders(config: &Config, network: Option<&str>) -> Result<Vec<PathBuf>, GatewayError> {
    let mut folders = profiles::folders(&config.profiles_dir)?;
    if let Some(network) = network {
        let known: Vec<String> = folders.iter().map(|folder| name_of(folder)).collect();
        folders.retain(|folder| name_of(folder) == network);
        if folders.is_empty() {
            let known = known.join(", ");
            let rule = format!(
                "network: このネットワークはありません。あるもの: {known} / there is no such network; there are: {known}"
            );
            return Err(GatewayError::Argument(rule));
        }
    }
    Ok(folders)
}

fn name_of(folder: &std::path::Path) -> String {
    let name = folder.file_name();
    name.map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// A network whose folder has no mistakes; mistakes are printed.
fn loaded(folder: &std::path::Path) -> Result<Network, GatewayError> {
    match load(folder) {
        Ok(network) => Ok(network),
        Err(mistakes) => {
            for mistake in mistakes {
                say(&format!("  {mistake}"))?;
            }
            Err(GatewayError::Found)
        }
    }
}
