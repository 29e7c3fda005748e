//! `renkei audit`: verify, export and sign the log from the command line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use renkei_audit::checkpoint::{VerifyingKey, split_notes};
use renkei_audit::export::{Details, checkpoint_line, header_line, leaf_line};
use renkei_audit::{Report, Verifier};
use renkei_flow::checkpoint::Checkpointer;
use renkei_store::Store;

use crate::config::Config;
use crate::error::GatewayError;
use crate::folder::{FolderError, Places};
use crate::house;
use crate::signing::Signing;
use crate::stdout::say;

/// Leaves read at a time.
const PAGE: usize = 1_000;

/// What can be done with the log.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// 改ざんがないか確かめる / find out whether it was tampered with
    Verify(VerifyArguments),
    /// 外部の検証用に書き出す / write it out for a verification elsewhere
    Export(ExportArguments),
    /// いますぐ署名する(停止中だけ) / sign it now, while nothing is serving
    Checkpoint,
}

/// Which log.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// データのフォルダ。既定は設定の data_dir / data folder; by default the configured one
    #[arg(long)]
    dir: Option<PathBuf>,
    /// データベース。--dir だけならその中の SQLite / database; with --dir alone, the SQLite one inside it
    #[arg(long)]
    database: Option<String>,
}

/// Arguments of `renkei audit verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    which: Which,
    /// 公開鍵。既定はフォルダの audit/public-key.txt / public key; by default audit/public-key.txt of the folder
    #[arg(long)]
    key: Option<PathBuf>,
}

/// Arguments of `renkei audit export`.
#[derive(Debug, clap::Args)]
pub struct ExportArguments {
    #[command(flatten)]
    which: Which,
    /// 書き出すファイル。既定は標準出力 / file to write; by default standard output
    #[arg(long)]
    out: Option<PathBuf>,
    /// 個人に関わる詳細も書き出す / also write the personal details
    #[arg(long)]
    with_details: bool,
}

/// Does what was asked for.
///
/// # Errors
/// [`GatewayError::Found`] when the log was tampered with.
pub async fn run(config: Config, command: &Command) -> Result<(), GatewayError> {
    match command {
        Command::Verify(arguments) => verify(narrowed(config, &arguments.which), arguments).await,
        Command::Export(arguments) => export(narrowed(config, &arguments.which), arguments).await,
        Command::Checkpoint => checkpoint(&config).await,
    }
}

/// The settings with folder and database as named on the command line.
fn narrowed(mut config: Config, which: &Which) -> Config {
    if let Some(dir) = &which.dir {
        config.data_dir.clone_from(dir);
        config.database_url.clear();
    }
    if let Some(url) = &which.database {
        config.database_url.clone_from(url);
    }
    config
}

/// Opens the database for reading. One that is not there is not made, and nothing is changed in one that
/// is.
///
/// # Errors
/// When it is not there or cannot be read.
pub async fn open(config: &Config) -> Result<Store, GatewayError> {
    let settings = house::store_settings(config)?;
    if let Some(path) = house::sqlite_file(&settings.url)
        && !path.is_file()
    {
        let source = io::Error::from(io::ErrorKind::NotFound);
        return Err(FolderError::Io { path, source }.into());
    }
    Ok(Store::open_reading(settings).await?)
}

async fn verify(config: Config, arguments: &VerifyArguments) -> Result<(), GatewayError> {
    let places = Places::new(&config.data_dir);
    let key_file = arguments.key.clone().unwrap_or_else(|| places.public_key());
    let key: VerifyingKey = read(&key_file)?.parse()?;
    // The notes are the memory outside the database; a log that was never signed has none.
    let notes = match std::fs::read_to_string(places.checkpoint_notes()) {
        Ok(text) => split_notes(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            return Err(FolderError::Io {
                path: places.checkpoint_notes(),
                source,
            }
            .into());
        }
    };
    let store = &open(&config).await?;
    let mut verifier = Verifier::new(&store.checkpoints().await?, &notes, &key);
    let mut from = 0;
    loop {
        let leaves = store.leaves(from, PAGE).await?;
        leaves.iter().for_each(|leaf| verifier.push(leaf));
        match leaves.last().and_then(|leaf| leaf.seq) {
            Some(seq) => from = seq + 1,
            None => break,
        }
    }
    let mut report = verifier.finish();
    report.unnumbered = store.leaves_unnumbered().await?;
    store.close().await;
    say(&described(&report))?;
    if report.is_sound() {
        Ok(())
    } else {
        Err(GatewayError::Found)
    }
}

fn described(report: &Report) -> String {
    let mut lines = vec![
        format!("記録 / leaves: {}", report.leaves),
        format!("番号待ち / not yet numbered: {}", report.unnumbered),
        format!(
            "一致した署名 / checkpoints that agree: {}",
            report.checked_checkpoints
        ),
        format!(
            "最後の署名より後 / leaves after the last of them: {}",
            report.unsigned_tail
        ),
    ];
    lines.extend(report.findings.iter().map(|finding| {
        let seq = finding
            .seq
            .map_or_else(|| "-".to_owned(), |seq| seq.to_string());
        format!("  {seq}: {:?}: {}", finding.kind, finding.text)
    }));
    if report.findings_left_out > 0 {
        lines.push(format!("  … {}", report.findings_left_out));
    }
    lines.push(if report.is_sound() {
        "一致しました / the log agrees".to_owned()
    } else {
        "一致しません。改ざんされています / THE LOG DOES NOT AGREE: it was tampered with".to_owned()
    });
    lines.join("\n")
}

async fn export(config: Config, arguments: &ExportArguments) -> Result<(), GatewayError> {
    let store = &open(&config).await?;
    let details = if arguments.with_details {
        Details::Included
    } else {
        Details::LeftOut
    };
    match &arguments.out {
        Some(path) => {
            let file = File::create(path).map_err(|source| FolderError::Io {
                path: path.clone(),
                source,
            })?;
            let mut out = BufWriter::new(file);
            write_log(store, details, &mut out).await?;
            out.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
        }
        None => write_log(store, details, &mut io::stdout()).await?,
    }
    store.close().await;
    Ok(())
}

async fn write_log(
    store: &Store,
    details: Details,
    out: &mut (impl Write + Send),
) -> Result<(), GatewayError> {
    writeln!(out, "{}", header_line())?;
    for checkpoint in store.checkpoints().await? {
        writeln!(out, "{}", checkpoint_line(&checkpoint))?;
    }
    let mut from = 0;
    loop {
        let leaves = store.leaves(from, PAGE).await?;
        for leaf in &leaves {
            writeln!(out, "{}", leaf_line(leaf, details))?;
        }
        match leaves.last().and_then(|leaf| leaf.seq) {
            Some(seq) => from = seq + 1,
            None => break,
        }
    }
    Ok(out.flush()?)
}

async fn checkpoint(config: &Config) -> Result<(), GatewayError> {
    let opened = house::open(config).await?;
    let mut signing = Signing {
        house: Arc::clone(&opened.house),
        checkpointer: Checkpointer::new(opened.signer),
        notes: opened.folder.checkpoint_notes(),
        caught_up: false,
    };
    let signed = signing.once().await?;
    opened.house.store.close().await;
    Ok(say(&match signed {
        Some(checkpoint) => checkpoint.note,
        None => "新しい記録はありません / nothing new to sign".to_owned(),
    })?)
}

fn read(path: &Path) -> Result<String, FolderError> {
    std::fs::read_to_string(path).map_err(|source| FolderError::Io {
        path: path.to_owned(),
        source,
    })
}
