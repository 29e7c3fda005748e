//! A private PostgreSQL cluster, made, started on a free port with `fsync=on`, and stopped by the harness.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::run::{is_root, run_folder, watch};
use super::server::free_port;

/// One cluster.
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    databases: Mutex<u32>,
}

impl Cluster {
    /// The cluster that all tests of this run share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("postgres"))
    }

    /// A cluster of its own, for a test that breaks it.
    pub fn start(name: &str) -> Self {
        let folder = run_folder().join(name);
        DirBuilder::new()
            .mode(0o777)
            .recursive(true)
            .create(&folder)
            .expect("the folder is made");
        Self::start_in(folder)
    }

    /// A cluster in a folder that exists.
    pub fn start_in(folder: PathBuf) -> Self {
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&folder));
        }
        let cluster = Self {
            folder,
            port: free_port(),
            databases: Mutex::new(0),
        };
        let data = cluster.data();
        succeed(
            as_postgres("initdb")
                .args([
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--username=postgres",
                    "--no-sync",
                    "-D",
                ])
                .arg(&data),
        );
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
             fsync = on\nfull_page_writes = on\nsynchronous_commit = on\nmax_connections = 200\n\
             shared_buffers = 64MB\nlog_statement = none\nlog_min_error_statement = panic\n",
            cluster.port,
            cluster.folder.display(),
        );
        let path = data.join("postgresql.conf");
        let mut text = fs::read_to_string(&path).expect("postgresql.conf is read");
        text.push_str(&settings);
        fs::write(&path, text).expect("postgresql.conf is written");
        let stop = format!(
            "{} {} stop -m immediate -D '{}'\n",
            if is_root() {
                "runuser -u postgres --"
            } else {
                ""
            },
            bin("pg_ctl").display(),
            data.display()
        );
        fs::write(cluster.folder.join("stop.sh"), stop).expect("stop.sh is written");
        watch("clusters", &cluster.folder.display().to_string());
        cluster.resume();
        cluster
    }

    /// A fresh database; its URL.
    pub fn database(&self) -> String {
        let mut count = self
            .databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        let name = format!("renkei_{count}");
        self.admin(&format!("create database {name}"));
        self.url(&name)
    }

    /// A copy of a database that nobody is connected to; its URL.
    pub fn copy(&self, url: &str) -> String {
        let name = url.rsplit('/').next().expect("a database URL has a name");
        let copy = {
            let mut count = self
                .databases
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *count += 1;
            format!("{name}_copy_{count}")
        };
        self.admin(&format!("create database {copy} template {name}"));
        self.url(&copy)
    }

    fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    fn admin(&self, sql: &str) {
        succeed(
            Command::new(bin("psql"))
                .args([
                    "-X",
                    "-q",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-h",
                    "127.0.0.1",
                    "-U",
                    "postgres",
                    "-p",
                ])
                .arg(self.port.to_string())
                .args(["-c", sql, "postgres"]),
        );
    }

    /// Stops the cluster as a power cut would, as far as PostgreSQL is concerned.
    pub fn stop_immediate(&self) {
        succeed(
            as_postgres("pg_ctl")
                .args(["stop", "-w", "-m", "immediate", "-D"])
                .arg(self.data()),
        );
    }

    /// Starts the cluster again.
    pub fn resume(&self) {
        let log = self.folder.join("log");
        succeed(
            as_postgres("pg_ctl")
                .args(["start", "-w", "-s", "-D"])
                .arg(self.data())
                .arg("-l")
                .arg(log),
        );
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// A program of PostgreSQL: where Debian puts the newest version, or wherever `PATH` has it.
fn bin(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.path().join("bin").join(name))
                .collect()
        })
        .unwrap_or_default();
    versions.retain(|path| path.is_file());
    versions.sort();
    versions
        .pop()
        .unwrap_or_else(|| Path::new(name).to_path_buf())
}

/// PostgreSQL refuses to run as root.
fn as_postgres(name: &str) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(bin(name));
        command
    } else {
        Command::new(bin(name))
    };
    // The folder of the tests may not be one that the other user can enter.
    command.current_dir("/");
    command
}

fn succeed(command: &mut Command) -> Output {
    // pg_ctl's server keeps its standard output: a pipe would never close.
    let log = tempfile::tempfile().expect("a log file");
    let status = command
        .stdin(std::process::Stdio::null())
        .stdout(log.try_clone().expect("a log file"))
        .stderr(log.try_clone().expect("a log file"))
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut text = Vec::new();
    {
        use std::io::{Read as _, Seek as _};
        let mut log = log;
        log.rewind().expect("the log rewinds");
        log.read_to_end(&mut text).expect("the log is read");
    }
    assert!(
        status.success(),
        "{command:?}: {status}\n{}",
        String::from_utf8_lossy(&text)
    );
    Output {
        status,
        stdout: text,
        stderr: Vec::new(),
    }
}
