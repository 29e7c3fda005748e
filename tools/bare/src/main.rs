//! The limits that Renkei is compared with, each as small and as fast as honest code on the same stack
//! can be: axum, tokio with all cores, sqlx with prepared statements, the same number of read
//! connections, the same settings of the database.
//!
//! `serve --mode fixed` is the ceiling of the HTTP stack and of the tool that measures; `serve --mode read`
//! reads the blobs that Renkei stored, without rights and audit; `serve --mode row` makes one small row
//! durable before each answer, by group commit. `write` writes the rows that real messages left, in
//! groups, without HTTP and mapping. `sync` measures the disk. What is measured goes to standard output
//! as one line of JSON.

mod database;
mod error;
#[cfg(test)]
mod example;
mod figures;
mod insert;
mod read;
mod renew;
mod row;
mod schema;
mod scratch;
mod serve;
mod sync;
mod template;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::BareError;

#[derive(Debug, Parser)]
#[command(
    name = "renkei-bare",
    about = "The limits that Renkei is compared with"
)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Answers reads by id over HTTP until it is ended.
    Serve(serve::Serve),
    /// Writes the rows of real messages, in groups, into a scratch database.
    Write(write::Write),
    /// Appends and syncs a file.
    Sync(sync::Sync),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is closed.
            drop(writeln!(std::io::stderr(), "renkei-bare: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), BareError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.part {
        Part::Serve(serve) => runtime.block_on(serve.run()),
        Part::Write(write) => {
            // On a worker, not on this thread: as a writer task is.
            let task = runtime.spawn(async move { write.run().await });
            let line = runtime.block_on(task).map_err(std::io::Error::other)??;
            figures::print(&line)
        }
        Part::Sync(sync) => figures::print(&sync.run()?),
    }
}
