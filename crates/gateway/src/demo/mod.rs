//! `renkei demo`: a fresh folder, invented residents sent in through the public doors, then serving.

mod fill;
pub mod intake;
pub mod letter;
pub mod population;
pub mod progress;
pub mod script;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::Offset;
use renkei_edge::{Door, EdgeSettings, IssuerKey};
use renkei_model::caller::CallerKind;
use renkei_model::clock::SystemClock;
use renkei_model::{Caller, Clock as _};

use self::fill::Destination;
use self::letter::Places;
use self::population::{Crowd, Population};
use self::script::Script;
use crate::config::{Config, tokens::LIFETIME_CEILING_S};
use crate::error::GatewayError;
use crate::folder::{self, Folder, FolderError};
use crate::house;
use crate::serve::{self, Doors};
use crate::signal::{self, Stop};
use crate::stdout::say;

/// Records of one message: one transaction each, short enough in an unoptimised build.
const RECORDS: usize = 10;
/// The port of the demo unless it is taken.
const PORT: u16 = 8484;
/// A file that says that a folder is a demo's and may be used again.
const MARK: &str = "this-is-a-demo.txt";

/// Arguments of `renkei demo`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    /// フォルダ。既定は data/demo-<番号> / folder; by default a new data/demo-<number>
    #[arg(long)]
    dir: Option<PathBuf>,
    /// ポート。既定は 8484、使用中なら空いているポート / port; by default 8484, or a free one if it is taken
    #[arg(long)]
    port: Option<u16>,
    /// データベースの URL。既定はフォルダの SQLite。中のデータは架空のものだけになります / database URL; by
    /// default SQLite in the folder; nothing but invented data should be there
    #[arg(long)]
    database_url: Option<String>,
    /// 登録だけして終わる / end when all residents are stored
    #[arg(long)]
    only_fill: bool,
    #[command(flatten)]
    people: People,
}

/// What else can be asked of the demo.
#[derive(Debug, clap::Subcommand)]
enum Other {
    /// 住民を 1 行に 1 人ずつ JSON で出す。何も起動しない / print the residents, one line of JSON each; starts nothing
    People(People),
}

/// Which people, of which networks.
#[derive(Debug, clap::Args)]
struct People {
    #[command(flatten)]
    crowd: Crowd,
    /// ネットワークのフォルダ / folder of the networks
    #[arg(long, default_value = "profiles")]
    profiles: PathBuf,
}

/// Runs the demo until it is stopped.
///
/// # Errors
/// When the folder is somebody else's, a sample is refused, or serving fails.
pub async fn run(arguments: &Arguments) -> Result<(), GatewayError> {
    if let Some(Other::People(people)) = &arguments.other {
        return print_people(people);
    }
    let scripts = script::read_all(&arguments.people.profiles)?;
    let path = match &arguments.dir {
        Some(dir) => own_folder(dir)?,
        None => fresh_folder(Path::new("data"))?,
    };
    let folder = Folder::open(&path)?;
    folder::write_private(&folder.path().join(MARK), MARK_TEXT.as_bytes())?;
    let mut config = settings(&folder, arguments);
    crate::logging::start(&config.log.filter);

    let mut stop = Box::pin(signal::stop()?);
    let opened = house::open(&config).await?;
    // As late as possible: the port that is free now may be taken in a second.
    config.listen = address(arguments.port)?;
    let edge = serve::edge_settings(&config);
    let issuer = IssuerKey::load_or_create(&folder.keys())?;
    let tokens = scripts
        .iter()
        .map(|script| Tokens::mint(script, &issuer, &edge))
        .collect::<Result<Vec<_>, _>>()?;
    let render = serve::metrics()?;
    let door = Door::bind(edge, Arc::clone(&opened.house), issuer, render).await?;
    let base = format!("http://{}", door.address());
    let door = Arc::new(door);
    let crowd = arguments.people.crowd;
    let size = config.limits.records.min(RECORDS);
    let filled = async {
        for (script, tokens) in scripts.iter().zip(&tokens) {
            let own = folder.path().join(script.network.as_str());
            fill_network(&door, (script, tokens), (&own, size), crowd, &mut stop).await?;
        }
        Ok(())
    };
    let filled: Result<(), GatewayError> = filled.await;
    // Nothing is under way any more, so nobody else holds the door.
    let door = Arc::into_inner(door).filter(|_| filled.is_ok() && !arguments.only_fill);
    let Some(door) = door else {
        opened.house.store.close().await;
        return filled;
    };
    print(&folder, &base, crowd, &scripts, &tokens)?;
    let doors = Doors {
        first: door,
        second: None,
    };
    serve::until_stopped(opened, doors, &config, stop).await
}

/// Sends in everything of one network: its directory, its samples and its residents. `folder`: its part of the demo's
/// folder; `size`: records of a message.
async fn fill_network(
    door: &Arc<Door>,
    (script, tokens): (&Script, &Tokens),
    (folder, size): (&Path, usize),
    crowd: Crowd,
    stop: &mut (impl Future<Output = Stop> + Unpin),
) -> Result<(), GatewayError> {
    intake::fill(door, script, tokens).await?;
    if let Some(population) = &script.population {
        let to = Destination {
            door,
            network: &script.network,
            tokens: &tokens.systems,
            folder,
            size,
        };
        fill::fill(&to, population, crowd, today(), stop).await?;
    }
    intake::empty(door, tokens).await
}

/// Prints who would be in the demo.
fn print_people(people: &People) -> Result<(), GatewayError> {
    for script in script::read_all(&people.profiles)? {
        let network = script.network.as_str();
        if let Some(population) = &script.population {
            for line in population.people(network, people.crowd) {
                say(&line)?;
            }
        }
    }
    Ok(())
}

/// Today where the demo is: the networks are Japan's.
fn today() -> Date {
    let now = jiff::Timestamp::from_microsecond(SystemClock.now().0);
    let now = now.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Offset::constant(9).to_datetime(now).date()
}

const MARK_TEXT: &str = "renkei demo: 架空のデータだけのフォルダです。消してかまいません / \
                         this folder holds invented data only and can be deleted\n";

/// The tokens of one network's parts.
#[derive(Debug)]
pub struct Tokens {
    office: String,
    sender: String,
    recipient: String,
    outsider: String,
    auditor: String,
    crew: String,
    /// By facility: the system that sends its residents' records.
    systems: BTreeMap<String, String>,
}

impl Tokens {
    fn mint(
        script: &Script,
        issuer: &IssuerKey,
        settings: &EdgeSettings,
    ) -> Result<Self, GatewayError> {
        let now = SystemClock.now();
        let token = |caller: Result<Caller, String>| -> Result<String, GatewayError> {
            let caller = caller.map_err(GatewayError::Argument)?;
            Ok(issuer.mint(settings, &caller, now, LIFETIME_CEILING_S)?)
        };
        let mint = |part: &script::Part| token(part.caller(&script.network));
        let mut systems = BTreeMap::new();
        for facility in script.population.iter().flat_map(Population::senders) {
            systems.insert(facility.to_owned(), token(system(script, facility))?);
        }
        let parts = &script.parts;
        Ok(Self {
            office: mint(&parts.office)?,
            sender: mint(&parts.sender)?,
            recipient: mint(&parts.recipient)?,
            outsider: mint(&parts.outsider)?,
            auditor: mint(&parts.auditor)?,
            crew: mint(&parts.crew)?,
            systems,
        })
    }

    /// In the order of [`script::Parts::iter`].
    fn of(&self) -> [&str; 6] {
        [
            &self.office,
            &self.sender,
            &self.recipient,
            &self.outsider,
            &self.auditor,
            &self.crew,
        ]
    }
}

/// A facility's own system.
fn system(script: &Script, facility: &str) -> Result<Caller, String> {
    let wrong = |error: &dyn std::fmt::Display| error.to_string();
    Ok(Caller {
        kind: CallerKind::System {
            client: "records".parse().map_err(|error| wrong(&error))?,
        },
        facility: facility.parse().map_err(|error| wrong(&error))?,
        networks: vec![script.network.clone()],
    })
}

/// The settings of the demo: compiled defaults in a folder of its own, and the database that was named for
/// it. Configuration files and variables do not count, so that a demo never touches a database that
/// somebody works with.
fn settings(folder: &Folder, arguments: &Arguments) -> Config {
    let mut config = Config {
        data_dir: folder.path().to_owned(),
        profiles_dir: arguments.people.profiles.clone(),
        database_url: arguments.database_url.clone().unwrap_or_default(),
        ..Config::default()
    };
    config.tokens.lifetime_max_s = LIFETIME_CEILING_S;
    "warn".clone_into(&mut config.log.filter);
    config
}

/// The wanted port, or a free one when nobody asked for a particular one and the usual one is taken.
fn address(wanted: Option<u16>) -> Result<SocketAddr, GatewayError> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if let Some(port) = wanted {
        return Ok(SocketAddr::new(loopback, port));
    }
    match TcpListener::bind((loopback, PORT)) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            say(&format!(
                "# ポート {PORT} は使用中のため、空いているポートを使います\n\
                 # port {PORT} is taken: using a free one"
            ))?;
            Ok(SocketAddr::new(loopback, 0))
        }
        Ok(_) | Err(_) => Ok(SocketAddr::new(loopback, PORT)),
    }
}

/// The first `demo-<n>` that does not exist yet.
fn fresh_folder(parent: &Path) -> Result<PathBuf, FolderError> {
    std::fs::create_dir_all(parent).map_err(|source| FolderError::Io {
        path: parent.to_owned(),
        source,
    })?;
    let mut number = 1_u32;
    loop {
        let path = parent.join(format!("demo-{number}"));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(source) => return Err(FolderError::Io { path, source }),
        }
    }
}

/// A named folder: new, empty, or an earlier demo's.
fn own_folder(path: &Path) -> Result<PathBuf, FolderError> {
    let mut entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(source) => {
            return Err(FolderError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    if entries.next().is_none() || path.join(MARK).is_file() {
        Ok(path.to_owned())
    } else {
        Err(FolderError::NotADemo(path.to_owned()))
    }
}

/// Writes tokens and messages into the folder, prints the commands and keeps a copy of them.
fn print(
    folder: &Folder,
    base: &str,
    crowd: Crowd,
    scripts: &[Script],
    tokens: &[Tokens],
) -> Result<(), GatewayError> {
    let program = std::env::current_exe().map_err(|source| FolderError::Io {
        path: PathBuf::from("renkei"),
        source,
    })?;
    let mut text = String::new();
    for (script, tokens) in scripts.iter().zip(tokens) {
        let own = folder.path().join(script.network.as_str());
        folder::make(&own.join("tokens"))?;
        for (part, token) in script.parts.iter().zip(tokens.of()) {
            let header = format!("Authorization: Bearer {token}\n");
            folder::write_private(
                &own.join("tokens").join(part.file_name()),
                header.as_bytes(),
            )?;
        }
        folder::write_private(&own.join("message.json"), &script.show)?;
        let places = Places {
            base,
            folder: folder.path(),
            program: &program,
            today: today(),
            export: export(&own, crowd, script)?,
        };
        text.push_str(&letter::commands(script, &places));
    }
    let copy = folder.path().join("commands.txt");
    folder::write_private(&copy, text.as_bytes())?;
    say(&format!(
        "# 架空のデータで動いています。別の端末に貼り付けてください。トークンは 12 時間有効です\n\
         # Running with invented data. Paste these into another terminal; the tokens work for 12 hours\n\
         # ({})\n{text}\n\
         # Ctrl-C で止まります / Ctrl-C stops it",
        copy.display()
    ))?;
    Ok(())
}

/// Writes the export that the sender sends, of residents who are not there yet. Its media type and lines.
fn export(
    folder: &Path,
    crowd: Crowd,
    script: &Script,
) -> Result<Option<(String, u64)>, GatewayError> {
    let lines = script.export_lines;
    let Some(population) = script.population.as_ref().filter(|_| lines > 0) else {
        return Ok(None);
    };
    let export = population
        .export(crowd, lines, &script.parts.sender.facility)
        .map_err(|error| GatewayError::Io(io::Error::other(error)))?;
    folder::write_private(&folder.join("export.csv"), &export.body)?;
    Ok(Some((export.content_type, lines)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_folder_has_the_first_free_number() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("demo-1")).unwrap();
        assert!(fresh_folder(root.path()).unwrap().ends_with("demo-2"));
        assert!(fresh_folder(root.path()).unwrap().ends_with("demo-3"));
    }

    #[test]
    fn a_folder_with_other_things_is_refused() {
        let root = tempfile::tempdir().unwrap();
        assert!(own_folder(&root.path().join("new")).is_ok());
        assert!(own_folder(root.path()).is_ok(), "empty");
        std::fs::write(root.path().join("thesis.txt"), "").unwrap();
        assert!(matches!(
            own_folder(root.path()),
            Err(FolderError::NotADemo(_))
        ));
        std::fs::write(root.path().join(MARK), "").unwrap();
        assert!(own_folder(root.path()).is_ok(), "an earlier demo's");
    }
}
