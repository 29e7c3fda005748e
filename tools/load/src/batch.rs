//! One CSV file of many lines, as a network's system exports it.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};

use crate::caller::{self, Role};
use crate::client::Connection;
use crate::error::LoadError;
use crate::report::rounded;
use crate::request::Base;
use crate::say::say;
use crate::sheet::{CONTENT_TYPE, csv};
use crate::slip::Form;
use crate::stage::first_record;
use crate::target;

/// Arguments of `batch`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server, http://host:port
    #[arg(long)]
    base: String,
    /// Folder that `prepare` wrote
    #[arg(long)]
    targets: PathBuf,
    /// Who asks: a file of callers
    #[arg(long)]
    callers: PathBuf,
    /// The network's folder
    #[arg(long, default_value = "profiles/kitamaru")]
    profile: PathBuf,
    /// Lines of the file
    #[arg(long, default_value_t = 10_000)]
    lines: u64,
    /// A name for this result
    #[arg(long, default_value = "")]
    label: String,
}

/// Sends the file and prints what became of its lines.
///
/// # Errors
/// When there is no answer, or the file as a whole is refused.
pub async fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let base = Base::parse(&arguments.base)?;
    let callers = caller::read(&arguments.callers)?;
    let sender = callers.iter().find(|one| one.role == Role::Sender);
    let sender = sender.ok_or_else(|| LoadError::content(&arguments.callers, "no sender"))?;
    let people = target::people(&arguments.targets)?;
    let form = Form::ordinary(&arguments.profile)?;
    let file = csv(&form, &people, sender, first_record(), arguments.lines);
    let network = arguments
        .profile
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let path = format!("/networks/{network}/messages");
    let mut request = Vec::new();
    base.post(&mut request, &path, &sender.token, (CONTENT_TYPE, &file));
    let mut connection = Connection::to(base.address).patient();
    let began = Instant::now();
    let head = connection.ask(&request).await;
    let seconds = began.elapsed().as_secs_f64();
    let head = head.map_err(|source| LoadError::Client {
        what: path.clone(),
        source,
    })?;
    let answer: Value = serde_json::from_slice(connection.body()).unwrap_or_default();
    if head.status != 200 {
        return Err(LoadError::Refused {
            what: path,
            status: head.status,
            text: answer.to_string().chars().take(500).collect(),
        });
    }
    let line = json!({
        "what": "batch",
        "label": arguments.label,
        "lines": arguments.lines,
        "bytes": file.len(),
        "seconds": rounded(seconds),
        "lines_per_s": rounded(arguments.lines as f64 / seconds),
        "stored": answer["stored"],
        "refused": answer["refused"],
    });
    say(&line.to_string())
}
