//! Looks whether every slip that a run saw accepted is there.

use std::path::PathBuf;

use serde_json::json;

use crate::caller::{self, Caller, Role};
use crate::client::Connection;
use crate::error::LoadError;
use crate::request::Base;
use crate::say::say;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server, http://host:port
    #[arg(long)]
    base: String,
    /// Who asks: a file of callers
    #[arg(long)]
    callers: PathBuf,
    /// What `run --accepted` wrote
    #[arg(long)]
    accepted: PathBuf,
    /// A name for this result
    #[arg(long, default_value = "")]
    label: String,
}

/// Asks for each sheet as its sender, and prints how many are there.
///
/// # Errors
/// When the files cannot be read.
pub async fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let base = Base::parse(&arguments.base)?;
    let callers = caller::read(&arguments.callers)?;
    let path = &arguments.accepted;
    let text = std::fs::read_to_string(path).map_err(LoadError::file(path))?;
    let mut connection = Connection::to(base.address);
    let mut request = Vec::new();
    let (mut accepted, mut found) = (0_u64, 0_u64);
    for (staff, sheet) in text.lines().filter_map(|line| line.split_once(' ')) {
        accepted += 1;
        let sender = |one: &&Caller| one.role == Role::Sender && one.staff == staff;
        let token = callers.iter().find(sender).map_or("", |one| &one.token);
        base.get(&mut request, &format!("/sheets/{sheet}"), token);
        let answer = connection.ask(&request).await;
        found += u64::from(answer.is_ok_and(|head| head.status == 200));
    }
    let lost = accepted - found;
    let label = &arguments.label;
    let line = json!({ "what": "verify", "label": label, "accepted": accepted, "lost": lost });
    say(&line.to_string())
}
