//! A region's invented residents, sent in through the public intake: several messages at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use jiff::civil::Date;
use renkei_edge::Door;
use renkei_model::id::NetworkName;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::intake::post;
use super::population::messages::Message;
use super::population::{Crowd, Population};
use super::progress::Progress;
use crate::error::GatewayError;
use crate::folder::{self, FolderError};
use crate::stdout::say;

/// Messages under way at once: as many senders would be.
const SIDE_BY_SIDE: usize = 8;
/// The file in the demo's folder that says what is in it.
const FILE: &str = "population.json";

/// Where residents go.
pub(super) struct Destination<'a> {
    /// The door.
    pub door: &'a Arc<Door>,
    /// The network.
    pub network: &'a NetworkName,
    /// By facility: the token of its system.
    pub tokens: &'a BTreeMap<String, String>,
    /// The network's part of the demo's folder.
    pub folder: &'a Path,
    /// Records in a message.
    pub size: usize,
}

/// What a folder holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    /// Of which seed.
    seed: u64,
    /// How many residents, all of them stored.
    residents: u64,
    /// The day on which admission slips were made.
    today: String,
}

/// Sends the residents who are not there yet.
///
/// # Errors
/// When the folder holds other people, or a message is refused.
pub(super) async fn fill(
    to: &Destination<'_>,
    population: &Population,
    crowd: Crowd,
    today: Date,
) -> Result<(), GatewayError> {
    let mut held = held(to.folder, crowd, today)?;
    if held.residents >= crowd.residents {
        return Ok(());
    }
    let started = Stopwatch::now();
    let new = crowd.residents - held.residents;
    let mut progress = Progress::new(new);
    let mut under_way = JoinSet::new();
    let today = held.today.parse().unwrap_or(today);
    for message in population.messages(crowd, held.residents, to.size, today) {
        while under_way.len() >= SIDE_BY_SIDE {
            if let Some(sent) = under_way.join_next().await {
                progress.add(done(sent)?)?;
            }
        }
        let token = to.tokens.get(&message.sender).cloned().unwrap_or_default();
        let path = format!("/networks/{}/messages", to.network);
        under_way.spawn(send(Arc::clone(to.door), path, token, message));
    }
    while let Some(sent) = under_way.join_next().await {
        progress.add(done(sent)?)?;
    }
    drop(progress);
    held.residents = crowd.residents;
    hold(to.folder, &held)?;
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "# 住民 {new} 人を {seconds:.1} 秒で登録しました / {new} residents in {seconds:.1} seconds ({:.0} a second)",
        new as f64 / seconds.max(0.001)
    ))?;
    Ok(())
}

async fn send(
    door: Arc<Door>,
    path: String,
    token: String,
    message: Message,
) -> Result<u64, GatewayError> {
    post(&door, &path, &token, &message.content_type, message.body).await?;
    Ok(message.residents)
}

fn done(
    sent: Result<Result<u64, GatewayError>, tokio::task::JoinError>,
) -> Result<u64, GatewayError> {
    sent.map_err(|error| GatewayError::Io(std::io::Error::other(error)))?
}

/// What the folder holds; of a new one, nothing.
fn held(folder: &Path, crowd: Crowd, today: Date) -> Result<Held, GatewayError> {
    let Ok(bytes) = fs::read(folder.join(FILE)) else {
        let held = Held {
            seed: crowd.seed,
            residents: 0,
            today: today.to_string(),
        };
        hold(folder, &held)?;
        return Ok(held);
    };
    let path = || folder.join(FILE).display().to_string();
    let held: Held = serde_json::from_slice(&bytes)
        .map_err(|error| GatewayError::Argument(format!("{}: {error}", path())))?;
    if held.seed == crowd.seed {
        Ok(held)
    } else {
        Err(GatewayError::Argument(format!(
            "{}: --seed {} の住民が入っています。別のフォルダにしてください / this folder holds the \
             residents of that seed: take another folder",
            path(),
            held.seed
        )))
    }
}

fn hold(folder: &Path, held: &Held) -> Result<(), FolderError> {
    folder::make(folder)?;
    let bytes = serde_json::to_vec(held).unwrap_or_default();
    folder::write_private(&folder.join(FILE), &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_remembers_whom_it_holds() {
        let root = tempfile::tempdir().unwrap();
        let crowd = Crowd {
            residents: 40,
            seed: 3,
        };
        let day = jiff::civil::date(2026, 11, 21);
        let folder = root.path().join("network");
        let mut new = held(&folder, crowd, day).unwrap();
        assert_eq!((new.residents, new.today.as_str()), (0, "2026-11-21"));
        new.residents = 40;
        hold(&folder, &new).unwrap();
        let later = held(&folder, crowd, day.tomorrow().unwrap()).unwrap();
        assert_eq!((later.residents, later.today), (40, new.today));
        let other = Crowd { seed: 4, ..crowd };
        assert!(held(&folder, other, day).is_err(), "other people");
    }
}
