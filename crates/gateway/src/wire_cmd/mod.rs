//! `renkei wire`: what a file of some hospital's system says, and a sender and a listener of HL7 over MLLP to try
//! things with. No database, no rules: bytes only.

mod inspect;
mod listen;
mod send;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::config::Config;
use crate::error::GatewayError;

/// What can be done with bytes.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// ファイルの形式を見分け、中身と誤りを位置つきで示す / say what a file is, what stands in it, and what is wrong where
    Inspect(InspectArguments),
    /// HL7電文をMLLPで送り、応答を示す / send HL7 messages over MLLP and show the answers
    Send(SendArguments),
    /// MLLPで電文を受け、応答し、そのまま保存する / take messages over MLLP, answer them, keep the bytes
    Listen(ListenArguments),
}

/// When to write in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Arguments of `renkei wire inspect`.
#[derive(Debug, clap::Args)]
pub struct InspectArguments {
    /// ファイル。- は標準入力 / files; - is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 色をつけるか / whether to use colours
    #[arg(long, value_enum, default_value_t = When::Auto)]
    colour: When,
    /// JSONで / as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `renkei wire send`.
#[derive(Debug, clap::Args)]
pub struct SendArguments {
    /// 送り先 / where to
    #[arg(long, value_name = "HOST:PORT")]
    to: SocketAddr,
    /// 電文のファイル(1ファイル1電文) / files, a message each
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 各電文を送る回数 / how often each is sent
    #[arg(long, default_value_t = 1)]
    times: usize,
    /// 同時に使う接続の数 / connections at once
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// 応答を待つ秒数 / seconds to wait for an answer
    #[arg(long, default_value_t = 30)]
    wait_s: u64,
}

/// Arguments of `renkei wire listen`.
#[derive(Debug, clap::Args)]
pub struct ListenArguments {
    /// 待ち受けるアドレス / where to listen
    #[arg(long, default_value = "127.0.0.1:2575")]
    at: SocketAddr,
    /// 受けた電文をそのまま追記するファイル。応答の前にディスクへ書き終える / file that messages are appended to as they came, on disk before the answer
    #[arg(long)]
    keep: Option<PathBuf>,
    /// すべてに同じ応答を返す / the answer to every message
    #[arg(long, value_enum, default_value_t = Say::Accept)]
    say: Say,
    /// この数の電文の後に終わる / end after so many messages
    #[arg(long)]
    messages: Option<usize>,
}

/// What a listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Say {
    /// AA
    #[value(name = "AA")]
    Accept,
    /// AE
    #[value(name = "AE")]
    Error,
    /// AR
    #[value(name = "AR")]
    Reject,
}

/// Does what was asked for.
///
/// # Errors
/// [`GatewayError::Found`] when a file is faulty or a message was not accepted.
pub fn run(config: &Config, command: &Command) -> Result<(), GatewayError> {
    match command {
        Command::Inspect(arguments) => inspect::run(config, arguments),
        Command::Send(arguments) => send::run(arguments),
        Command::Listen(arguments) => listen::run(config, arguments),
    }
}
