//! `renkei profile preview`: native bytes → FHIR documents, or a FHIR document → native. Nothing is stored.

use std::io::Write as _;
use std::path::Path;

use renkei_model::limits::Limits;
use renkei_model::message::Fault;
use renkei_profile::{MapOutError, Network};
use serde_json::Value;

use super::{PreviewArguments, folders, loaded};
use crate::config::Config;
use crate::error::GatewayError;
use crate::stdout::say;

/// Maps the file: the result on standard output, losses and faults on standard error.
///
/// # Errors
/// [`GatewayError::Found`] when the file has faults or no way back.
pub fn run(config: &Config, arguments: &PreviewArguments) -> Result<(), GatewayError> {
    let bytes = std::fs::read(&arguments.file)?;
    for folder in folders(config, Some(&arguments.network))? {
        let network = loaded(&folder)?;
        if arguments.back {
            back(&network, &bytes)?;
        } else {
            there(&network, &arguments.file, &bytes)?;
        }
    }
    Ok(())
}

fn there(network: &Network, file: &Path, bytes: &[u8]) -> Result<(), GatewayError> {
    let is_table = file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let media = if is_table {
        "text/csv"
    } else {
        "application/json"
    };
    let native = network
        .read(bytes, media, &Limits::default())
        .map_err(|faults| refused(&faults))?;
    let mut documents = Vec::new();
    for record in &native.records {
        let mapped = native
            .message
            .map_in(record)
            .map_err(|faults| refused(&faults))?;
        for loss in &mapped.loss {
            tell(&format!("欠落 / lost: {}: {}", loss.field, loss.why));
        }
        let document = native.message.specimen(&mapped);
        documents.push(document.map_err(|rule| {
            tell(&rule);
            GatewayError::Found
        })?);
    }
    let shown = match documents.as_slice() {
        [one] => serde_json::to_string_pretty(one),
        several => serde_json::to_string_pretty(several),
    };
    say(&shown.unwrap_or_default())?;
    Ok(())
}

fn back(network: &Network, bytes: &[u8]) -> Result<(), GatewayError> {
    let Ok(bundle) = serde_json::from_slice::<Value>(bytes) else {
        tell("JSONではありません / not JSON");
        return Err(GatewayError::Found);
    };
    let messages = network.messages().iter();
    let mut tried = messages.map(|message| (message, message.map_out(&bundle)));
    let found = tried.find(|(_, outcome)| *outcome != Err(MapOutError::NotADocument));
    match found {
        Some((message, Ok(record))) => {
            let Ok(native) = message.write(&[record]) else {
                tell("元の形に書けません / cannot be written in its own form");
                return Err(GatewayError::Found);
            };
            say(&String::from_utf8_lossy(&native))?;
            Ok(())
        }
        Some((_, Err(error))) => {
            tell(&format!("元の形に戻せません / no way back: {error}"));
            Err(GatewayError::Found)
        }
        None => {
            tell("このネットワークの文書ではありません / no document of this network");
            Err(GatewayError::Found)
        }
    }
}

fn refused(faults: &[Fault]) -> GatewayError {
    for fault in faults {
        tell(&format!("{}: {}", fault.field, fault.rule));
    }
    GatewayError::Found
}

/// A line for people beside the result. With stderr closed there is nobody left to tell.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
