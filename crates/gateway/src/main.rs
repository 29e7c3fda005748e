//! The program `renkei`: configuration, wiring, commands. No rules of any kind.

mod audit_log;
mod check;
mod config;
mod demo;
mod descriptors;
mod error;
mod folder;
mod house;
mod logging;
mod metrics;
mod profile_cmd;
mod profiles;
mod report;
mod serve;
mod signal;
mod signing;
mod stdout;
mod token;
mod wire_cmd;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use renkei_store::Store;

use crate::config::{DEFAULT_FILE, Environment, Loaded};
use crate::error::{GatewayError, with_causes};
use crate::folder::Folder;
use crate::stdout::say;

/// 地域医療連携ネットワークをつなぐゲートウェイ / a gateway between regional health networks
#[derive(Debug, Parser)]
#[command(name = "renkei", version)]
struct Cli {
    /// 設定ファイル。既定は、あれば config/renkei.toml / configuration file; by default config/renkei.toml if there is one
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 架空のデータで試す / try it with invented data
    Demo(demo::Arguments),
    /// 起動する / serve
    Serve,
    /// データベースの構造を最新にする / bring the database's schema up to date
    Migrate,
    /// 設定、プロファイル、データベースを説明し確かめる / explain and check settings, profiles, database
    Check,
    /// プロファイルを確かめる、見る / check and look at profiles
    #[command(subcommand)]
    Profile(profile_cmd::Command),
    /// トークンを発行する / issue a token
    Token(token::Arguments),
    /// 監査記録を扱う / verify, export or sign the audit log
    #[command(subcommand)]
    Audit(audit_log::Command),
    /// ネットワークの数字を数える / count a network's figures
    Report(report::Arguments),
    /// 各種の形式の電文を調べる、送る、受ける / inspect, send and receive messages of all formats
    #[command(subcommand)]
    Wire(wire_cmd::Command),
    /// すべての経路を並べる / list all routes
    Routes,
}

/// Stack of a thread that answers requests, bytes. Cedar refuses to decide when less than it wants is left,
/// which is a no to whoever asks; an unoptimised corridor fills two megabytes. Only what is used costs memory.
const STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(GatewayError::Io(error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough: `renkei … | head`. As a shell would say it of SIGPIPE.
        Err(GatewayError::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::from(141)
        }
        Err(GatewayError::Stopped(stop)) => ExitCode::from(stop.code()),
        Err(error) => {
            use std::io::Write as _;
            // With stderr closed there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "renkei: {}", with_causes(&error));
            // 1: something is wrong with what was checked; 2: it could not be checked, or not started.
            ExitCode::from(if matches!(error, GatewayError::Found) {
                1
            } else {
                2
            })
        }
    }
}

async fn run(cli: Cli) -> Result<(), GatewayError> {
    let file = cli.config.as_deref();
    match &cli.command {
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Serve => {
            let config = settings(file)?.config;
            logging::start(&config.log.filter);
            serve::run(&config).await
        }
        Command::Migrate => migrate(&settings(file)?).await,
        Command::Check => check::run(&settings(file)?).await,
        Command::Profile(command) => profile_cmd::run(&settings(file)?.config, command),
        Command::Token(arguments) => token::run(&settings(file)?.config, arguments),
        Command::Audit(command) => audit_log::run(settings(file)?.config, command).await,
        Command::Report(arguments) => report::run(&settings(file)?.config, arguments).await,
        Command::Wire(command) => wire_cmd::run(&settings(file)?.config, command),
        Command::Routes => {
            for route in renkei_edge::routes() {
                say(&format!("{} {} {}", route.method, route.path, route.kind))?;
            }
            Ok(())
        }
    }
}

/// The settings of this process: the named file, or the usual one if it exists.
fn settings(file: Option<&Path>) -> Result<Loaded, GatewayError> {
    let usual = Path::new(DEFAULT_FILE);
    let file = file.or_else(|| usual.is_file().then_some(usual));
    Ok(config::load(file, &Environment::of_process())?)
}

async fn migrate(loaded: &Loaded) -> Result<(), GatewayError> {
    let folder = Folder::open(&loaded.config.data_dir)?;
    let held = house::hold(&loaded.config, &folder)?;
    let number = Store::migrate(&house::store_settings(&loaded.config)?).await?;
    drop(held);
    Ok(say(&format!("スキーマの版 / schema version: {number}"))?)
}
