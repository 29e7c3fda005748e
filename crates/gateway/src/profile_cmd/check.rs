//! `renkei profile check`: everything that would keep a network out, and the golden cases one by one.

use std::path::Path;

use renkei_profile::{Network, Played, check_golden};

use super::{CheckArguments, folders, loaded, name_of};
use crate::config::Config;
use crate::error::GatewayError;
use crate::profiles;
use crate::stdout::say;

/// Checks the networks.
///
/// # Errors
/// [`GatewayError::Found`] when one is wrong.
pub fn run(config: &Config, arguments: &CheckArguments) -> Result<(), GatewayError> {
    let mut good = true;
    for folder in folders(config, arguments.network.as_deref())? {
        match check(&folder) {
            Ok(()) => {}
            Err(GatewayError::Found) => good = false,
            Err(error) => return Err(error),
        }
    }
    if good {
        say("問題はありません / everything is good")?;
        Ok(())
    } else {
        Err(GatewayError::Found)
    }
}

fn check(folder: &Path) -> Result<(), GatewayError> {
    say(&name_of(folder))?;
    let network = loaded(folder)?;
    let version: String = network.version().chars().take(12).collect();
    say(&format!("  {} ({version})", network.title()))?;
    let cases = match check_golden(&network, folder) {
        Ok(cases) => cases,
        Err(mistakes) => {
            say("  実例が合いません / golden cases do not hold")?;
            for mistake in mistakes {
                say(&format!("    {mistake}"))?;
            }
            return Err(GatewayError::Found);
        }
    };
    messages(&network, &cases)?;
    match profiles::policy(std::slice::from_ref(&network)) {
        Ok(_) => Ok(say("  閲覧権限の表: 良 / access table: good")?),
        Err(error) => {
            say(&format!("  {error}"))?;
            Err(GatewayError::Found)
        }
    }
}

fn messages(network: &Network, cases: &[Played]) -> Result<(), GatewayError> {
    for message in network.messages() {
        let fields = message.coverage().len();
        say(&format!(
            "  {}: {} ({fields} 項目 / fields)",
            message.kind(),
            message.title()
        ))?;
        for case in cases.iter().filter(|case| case.kind == message.kind()) {
            let records = case.documents.len();
            say(&format!(
                "    実例 / golden case {}: 良 / holds ({records} 件 / records, 欠落 / losses: {})",
                case.name,
                case.loss.len()
            ))?;
        }
    }
    Ok(())
}
