//! The program under test as a process.

use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::call::{Answer, Call};
use super::cluster::Cluster;
use super::database::{Database, sql};
use super::run::{renkei_binary, run_folder, watch};
use super::token::{Signer, Who};
use super::world;

/// How a server is to be started.
#[derive(Debug, Clone)]
pub struct Start {
    /// On which database.
    pub database: Database,
    /// Further lines of the configuration: first the top level, then sections.
    pub settings: String,
    /// The data folder, when it is not one of the run's own.
    pub data_dir: Option<PathBuf>,
    /// The database, when it is not a fresh one.
    pub database_url: Option<String>,
    /// The folder of the networks, when it is not the product's.
    pub profiles: Option<PathBuf>,
}

impl Start {
    /// The usual way.
    pub fn on(database: Database) -> Self {
        Self {
            database,
            settings: String::new(),
            data_dir: None,
            database_url: None,
            profiles: None,
        }
    }

    /// With the networks of this folder.
    pub fn profiles(mut self, folder: &Path) -> Self {
        self.profiles = Some(folder.to_owned());
        self
    }

    /// With further settings.
    pub fn with(mut self, settings: &str) -> Self {
        self.settings.push_str(settings);
        self.settings.push('\n');
        self
    }

    /// Starts it and tells it of the facilities and staff of the tests.
    pub fn go(self) -> Server {
        let server = self.prepare();
        server.resume();
        world::register(&server);
        server
    }

    /// Writes the configuration, and starts nothing.
    pub fn prepare(self) -> Server {
        let folder = run_folder().join(format!("server-{}", super::unique()));
        fs::create_dir(&folder).expect("the server's folder is made");
        let data_dir = self.data_dir.unwrap_or_else(|| folder.join("data"));
        let database_url = match (self.database_url, self.database) {
            (Some(url), _) => url,
            (None, Database::Sqlite) => {
                format!("sqlite://{}", data_dir.join("renkei.db").display())
            }
            (None, Database::Postgres) => Cluster::shared().database(),
        };
        let profiles = self.profiles;
        let profiles = profiles.unwrap_or_else(|| crate::tidy::source::root().join("profiles"));
        let port = free_port();
        let config = folder.join("renkei.toml");
        let text = format!(
            "listen = \"127.0.0.1:{port}\"\ndata_dir = \"{}\"\nprofiles_dir = \"{}\"\ndatabase_url = \"{database_url}\"\n{}",
            data_dir.display(),
            profiles.display(),
            self.settings,
        );
        fs::write(&config, text).expect("the configuration is written");
        Server {
            database: self.database,
            base: format!("http://127.0.0.1:{port}"),
            folder,
            data_dir,
            database_url,
            config,
            child: Mutex::new(None),
            signer: OnceLock::new(),
            staff: Mutex::new(Vec::new()),
        }
    }
}

/// One server: its settings, its data, and the process when it runs.
pub struct Server {
    /// On which database.
    pub database: Database,
    /// `http://127.0.0.1:port`
    pub base: String,
    /// Its configuration and its output.
    pub folder: PathBuf,
    /// Its data.
    pub data_dir: PathBuf,
    /// Its database.
    pub database_url: String,
    /// Its configuration file.
    pub config: PathBuf,
    child: Mutex<Option<Child>>,
    signer: OnceLock<Signer>,
    /// People whom the directory was told of when they got their first token.
    staff: Mutex<Vec<Who>>,
}

impl Server {
    /// Starts the process and waits until it is ready.
    #[track_caller]
    pub fn resume(&self) {
        self.spawn();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.exited() {
                panic!("the server ended with {status}:\n{}", self.output());
            }
            if Call::get("/readyz")
                .send(&self.base)
                .is_ok_and(|answer| answer.status == 200)
            {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the server is not ready:\n{}",
                self.output()
            );
            sleep(Duration::from_millis(20));
        }
    }

    /// Starts the process.
    pub fn spawn(&self) {
        let mut command = self.command();
        command
            .args(["serve", "--config"])
            .arg(&self.config)
            .stdout(append(&self.folder.join("stdout")))
            .stderr(append(&self.folder.join("stderr")));
        let child = command.spawn().expect("the program starts");
        watch("processes", &child.id().to_string());
        *self.child() = Some(child);
    }

    /// The program without the settings of the environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(renkei_binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RENKEI_") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Runs a command of the program to its end, with this server's configuration.
    pub fn renkei(&self, arguments: &[&str]) -> Output {
        let output = self
            .command()
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .output();
        output.expect("the program runs")
    }

    /// Whether the process has ended, and how.
    pub fn exited(&self) -> Option<ExitStatus> {
        self.child()
            .as_mut()
            .and_then(|child| child.try_wait().expect("the process is there"))
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            child.kill().expect("the process can be killed");
            child.wait().expect("the process ends");
        }
    }

    /// Asks the process to end.
    pub fn ask_to_end(&self) {
        let id = self
            .child()
            .as_ref()
            .map(Child::id)
            .expect("the process runs")
            .to_string();
        let status = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Asks the process to end, and waits for it.
    #[track_caller]
    pub fn end(&self) -> ExitStatus {
        self.ask_to_end();
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(status) = self.exited() {
                *self.child() = None;
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the server does not end:\n{}",
                self.output()
            );
            sleep(Duration::from_millis(20));
        }
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that it has written to standard output and error.
    pub fn output(&self) -> String {
        ["stdout", "stderr"]
            .map(|name| fs::read(self.folder.join(name)).unwrap_or_default())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat()
    }

    /// Where it listens for HL7, as it said when it was started last.
    #[track_caller]
    pub fn mllp(&self) -> SocketAddr {
        let said = self.output();
        let mut lines = said.lines().rev();
        let address = lines.find_map(|line| line.strip_prefix("listening on mllp://"));
        let address = address.unwrap_or_else(|| panic!("it listens for no HL7: {said}"));
        address.parse().expect("an address")
    }

    /// Who signs its tokens.
    pub fn signer(&self) -> &Signer {
        self.signer.get_or_init(|| {
            let output = self.renkei(&[
                "token",
                "--kind",
                "person",
                "--staff",
                "learner",
                "--profession",
                "nurse",
                "--facility",
                world::HOSPITAL,
                "--network",
                world::NETWORK,
                "--minutes",
                "1",
            ]);
            assert!(
                output.status.success(),
                "renkei token: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Signer::learn(
                &String::from_utf8_lossy(&output.stdout),
                &self.data_dir.join("keys"),
            )
        })
    }

    /// A token. A person who asks for the first time is registered where the token says first, beside what
    /// the same person does elsewhere; `signer().token` registers nobody.
    pub fn token(&self, who: &Who) -> String {
        self.employ(who);
        self.signer().token(who)
    }

    fn employ(&self, who: &Who) {
        let is_of_the_operator = ["network_office", "auditor"].contains(&who.profession.as_str());
        let networks = [world::NETWORK.to_owned()];
        if who.kind != "person" || is_of_the_operator || who.networks != networks {
            return;
        }
        let mut staff = self.staff.lock().unwrap_or_else(PoisonError::into_inner);
        if staff.contains(who) {
            return;
        }
        let same = staff.iter().filter(|known| known.subject == who.subject);
        let entries: Vec<_> = same.chain([who]).map(world::employment).collect();
        let body = serde_json::json!({ "staff": entries }).to_string();
        let call = Call::post(&world::directory_path(), body);
        let office = self.signer().token(&world::office());
        // A facility that the directory does not know, or a server that is down, is the test's own affair.
        if call
            .token(office)
            .send(&self.base)
            .is_ok_and(|answer| answer.status == 200)
        {
            staff.push(who.clone());
        }
    }

    /// Sends a request as it is.
    #[track_caller]
    pub fn send(&self, call: &Call) -> Answer {
        call.send(&self.base)
            .unwrap_or_else(|error| panic!("{} {}: {error}", call.method, call.path))
    }

    /// GET by somebody.
    #[track_caller]
    pub fn get(&self, who: &Who, path: &str) -> Answer {
        self.send(&Call::get(path).token(self.token(who)))
    }

    /// POST of JSON by somebody.
    #[track_caller]
    pub fn post(&self, who: &Who, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(&Call::post(path, body).token(self.token(who)))
    }

    /// Looks into its database.
    pub fn sql(&self, statement: &str) -> Vec<sqlx::any::AnyRow> {
        sql(&self.database_url, statement)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    // None is handed out twice, and none is one that the kernel gives to whoever connects: a server that found
    // its port taken would leave its test with somebody else's.
    const FIRST: u16 = 20_000;
    const PORTS: u16 = 12_000;
    static TURN: OnceLock<AtomicU16> = OnceLock::new();
    let begin = || AtomicU16::new(u16::try_from(std::process::id() % 12_000).unwrap_or(0));
    let turn = TURN.get_or_init(begin);
    for _ in 0..PORTS {
        let port = FIRST + turn.fetch_add(1, Ordering::Relaxed) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

fn append(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("the output file opens")
}
