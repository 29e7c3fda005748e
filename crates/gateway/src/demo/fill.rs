//! A region's invented residents, sent in through the public intake: several messages at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

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
use crate::signal::Stop;
use crate::stdout::say;

/// Messages under way at once: as many senders would be.
const SIDE_BY_SIDE: usize = 8;
/// How long a message waits that was told to come again, each time: the machine has something else to do.
const BUSY: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
];
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
    /// Up to which resident nobody is missing: where the next run begins.
    residents: u64,
    /// How many residents are stored; more than `residents` where a run was stopped before its end.
    #[serde(default)]
    stored: u64,
    /// The day on which admission slips were made.
    today: String,
}

/// Sends the residents who are not there yet. Told to stop, it lets the messages under way end and notes how many are
/// stored. The next run begins where this one began and makes the same messages: the gateway knows those that it has,
/// and answers them as it did before.
///
/// # Errors
/// When the folder holds other people, a message is refused, or it was told to stop.
pub(super) async fn fill(
    to: &Destination<'_>,
    population: &Population,
    crowd: Crowd,
    today: Date,
    stop: &mut (impl Future<Output = Stop> + Unpin),
) -> Result<(), GatewayError> {
    let mut held = held(to.folder, crowd, today)?;
    if held.residents >= crowd.residents {
        return Ok(());
    }
    let started = Stopwatch::now();
    let new = crowd.residents - held.residents;
    let today = held.today.parse().unwrap_or(today);
    let messages = population.messages(crowd, held.residents, to.size, today);
    let mut progress = Progress::new(new);
    let stopped = send_all(to, messages, &mut progress, stop).await?;
    let taken = progress.done();
    drop(progress);
    held.stored = held.stored.max(held.residents + taken);
    if let Some(stop) = stopped {
        hold(to.folder, &held)?;
        say(&format!(
            "# {} で止めました。住民 {} 人が登録済みです。同じコマンドで続きから始まります / stopped by {}: {} residents are stored; \
             the same command goes on from there",
            stop.name(),
            held.stored,
            stop.name(),
            held.stored
        ))?;
        return Err(GatewayError::Stopped(stop));
    }
    held.residents = crowd.residents;
    hold(to.folder, &held)?;
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "# 住民 {new} 人を {seconds:.1} 秒で登録しました / {new} residents in {seconds:.1} seconds ({:.0} a second)",
        new as f64 / seconds.max(0.001)
    ))?;
    Ok(())
}

/// Sends messages, several at once, until there are no more or it is told to stop; then who told it to. Nothing is under
/// way when it ends.
async fn send_all(
    to: &Destination<'_>,
    messages: impl Iterator<Item = Message>,
    progress: &mut Progress,
    stop: &mut (impl Future<Output = Stop> + Unpin),
) -> Result<Option<Stop>, GatewayError> {
    let mut under_way = JoinSet::new();
    let mut stopped = None;
    for message in messages {
        while stopped.is_none() && under_way.len() >= SIDE_BY_SIDE {
            tokio::select! {
                biased;
                by = &mut *stop => stopped = Some(by),
                Some(sent) = under_way.join_next() => progress.add(done(sent)?)?,
            }
        }
        if stopped.is_some() {
            break;
        }
        let token = to.tokens.get(&message.sender).cloned().unwrap_or_default();
        let path = format!("/networks/{}/messages", to.network);
        under_way.spawn(send(Arc::clone(to.door), path, token, message));
    }
    while let Some(sent) = under_way.join_next().await {
        progress.add(done(sent)?)?;
    }
    Ok(stopped)
}

async fn send(
    door: Arc<Door>,
    path: String,
    token: String,
    message: Message,
) -> Result<u64, GatewayError> {
    for pause in BUSY {
        let body = message.body.clone();
        match post(&door, &path, &token, &message.content_type, body).await {
            Err(GatewayError::Demo {
                status: 429 | 503, ..
            }) => {}
            other => return other.map(|()| message.residents),
        }
        tokio::time::sleep(pause).await;
    }
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
            stored: 0,
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
        (new.residents, new.stored) = (40, 40);
        hold(&folder, &new).unwrap();
        let later = held(&folder, crowd, day.tomorrow().unwrap()).unwrap();
        assert_eq!(
            (later.residents, later.stored, later.today),
            (40, 40, new.today)
        );
        let older = br#"{"seed":3,"residents":20,"today":"2026-11-21"}"#;
        fs::write(folder.join(FILE), older).unwrap();
        assert_eq!(held(&folder, crowd, day).unwrap().residents, 20);
        let other = Crowd { seed: 4, ..crowd };
        assert!(held(&folder, other, day).is_err(), "other people");
    }
}
