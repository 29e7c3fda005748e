//! `renkei-load`: asks a gateway for work, measures how it does, and writes down ratios.
//!
//! One command, one line of JSON on stdout; `tools/performance.sh` puts them together.

mod act;
mod batch;
mod caller;
mod client;
mod error;
mod figures;
mod heard;
mod launch;
mod pace;
mod play;
mod plot;
mod prepare;
mod process;
mod report;
mod request;
mod run;
mod say;
mod scrape;
mod sheet;
mod slip;
mod stage;
mod table;
mod tally;
mod target;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::LoadError;

/// Load for a gateway, and what it costs.
#[derive(Debug, Parser)]
#[command(name = "renkei-load", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collects what can be asked for, through the public doors only
    Prepare(prepare::Arguments),
    /// Asks, in a closed or an open loop, and prints what came back and how fast
    Run(run::Arguments),
    /// Sends one CSV file of many lines and prints how long it took
    Batch(batch::Arguments),
    /// Looks whether every slip that a run saw accepted is there
    Verify(verify::Arguments),
    /// Starts a server and prints how long it took until it listened; the server goes on
    Launch(launch::Arguments),
    /// Samples a process and its write-ahead log every second
    Watch(watch::Arguments),
    /// The table of ratios as Markdown, from lines of results
    Table(table::Arguments),
    /// One figure of the results
    Figure(table::figure::Arguments),
    /// A watched process as SVG
    Plot(plot::Arguments),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // With stderr closed there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "renkei-load: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<(), LoadError> {
    match cli.command {
        Command::Prepare(arguments) => alone(prepare::run(&arguments)),
        Command::Run(arguments) => run::run(&arguments),
        Command::Batch(arguments) => alone(batch::run(&arguments)),
        Command::Verify(arguments) => alone(verify::run(&arguments)),
        Command::Launch(arguments) => launch::run(&arguments),
        Command::Watch(arguments) => watch::run(&arguments),
        Command::Table(arguments) => table::run(&arguments),
        Command::Figure(arguments) => table::figure::run(&arguments),
        Command::Plot(arguments) => plot::run(&arguments),
    }
}

/// On one thread: for what is not measured.
fn alone(work: impl Future<Output = Result<(), LoadError>>) -> Result<(), LoadError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
