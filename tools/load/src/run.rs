//! A measured run: connections, a warm-up, a stretch that counts, a line of JSON.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::act::Scenario;
use crate::error::LoadError;
use crate::figures::{Costs, Figures};
use crate::pace::{Pacer, Schedule};
use crate::play::{Accepted, Book, Player, Refusal, Span};
use crate::process::{self, Group, Memory};
use crate::report;
use crate::request::Base;
use crate::say::say;
use crate::scrape;
use crate::stage::{Sources, Stage};
use crate::tally::Tally;

/// Tallies that connections share: enough that two workers seldom meet.
const SHARDS: usize = 4;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server, http://host:port
    #[arg(long)]
    pub base: String,
    /// What to ask for
    #[arg(long, value_enum)]
    pub scenario: Scenario,
    /// Folder that `prepare` wrote
    #[arg(long)]
    pub targets: PathBuf,
    /// Who asks: a file of callers
    #[arg(long)]
    pub callers: PathBuf,
    /// The network's folder
    #[arg(long, default_value = "profiles/kitamaru")]
    pub profile: PathBuf,
    /// Connections; by default 64 in a closed loop, 512 in an open one
    #[arg(long)]
    pub connections: Option<u64>,
    /// Requests a second: an open loop. Without it, a closed one
    #[arg(long)]
    pub rate: Option<f64>,
    /// Seconds before anything counts
    #[arg(long, default_value_t = 3.0)]
    pub warm_s: f64,
    /// Seconds that count
    #[arg(long, default_value_t = 15.0)]
    pub seconds: f64,
    /// Seconds that requests of an open loop may take after its end until they count as unsent
    #[arg(long, default_value_t = 30.0)]
    pub drain_s: f64,
    /// Latencies also by windows of so many seconds; 0: none
    #[arg(long, default_value_t = 0.0)]
    pub window_s: f64,
    /// The server's process: processor time and memory
    #[arg(long)]
    pub pid: Option<u32>,
    /// A further process, counted with all its children: a PostgreSQL postmaster. May be repeated
    #[arg(long)]
    pub also_pid: Vec<u32>,
    /// Worker threads of this tool
    #[arg(long, default_value_t = 1)]
    pub workers: usize,
    /// Writes which slips were accepted
    #[arg(long)]
    pub accepted: Option<PathBuf>,
    /// A name for this result
    #[arg(long, default_value = "")]
    pub label: String,
    /// A table for people instead of JSON
    #[arg(long)]
    pub table: bool,
}

impl Arguments {
    /// Connections.
    pub fn connections(&self) -> u64 {
        self.connections
            .unwrap_or(if self.rate.is_some() { 512 } else { 64 })
    }
}

/// Runs, and prints the result.
///
/// # Errors
/// When the run cannot begin.
pub fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let seconds = [
        arguments.warm_s,
        arguments.seconds,
        arguments.drain_s,
        arguments.window_s,
    ];
    if seconds
        .iter()
        .any(|value| !(0.0..=100_000.0).contains(value))
    {
        let text = "seconds: between 0 and 100000".to_owned();
        return Err(LoadError::Argument(text));
    }
    if arguments
        .rate
        .is_some_and(|rate| !(0.001..=1e6).contains(&rate))
    {
        return Err(LoadError::Argument(
            "--rate: between 0.001 and 1000000".to_owned(),
        ));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(arguments.workers.max(1))
        .enable_all()
        .build()?;
    let figures = runtime.block_on(play(arguments))?;
    if let (Some(refusal), false) = (&figures.refusal, arguments.table) {
        // Standard output is for the result; with stderr closed there is nobody to warn.
        let _ = writeln!(std::io::stderr(), "{}: {refusal}", arguments.label);
    }
    if arguments.table {
        say(&report::table(&figures))
    } else {
        say(&report::json(arguments, &figures).to_string())
    }
}

async fn play(arguments: &Arguments) -> Result<Figures, LoadError> {
    let base = Base::parse(&arguments.base)?;
    let from = Sources {
        targets: &arguments.targets,
        callers: &arguments.callers,
        profile: &arguments.profile,
    };
    let stage = Arc::new(Stage::set(base, arguments.scenario, from)?);
    let window = Duration::from_secs_f64(arguments.window_s);
    let shards: Result<Vec<_>, _> = (0..SHARDS)
        .map(|_| Tally::new(window).map(|tally| Arc::new(Mutex::new(tally))))
        .collect();
    let shards = shards?;
    let accepted = arguments
        .accepted
        .as_ref()
        .map(|_| Arc::new(Accepted::default()));

    let refusal = Arc::new(Refusal::new());
    let start = Instant::now();
    let span = Span {
        from: start + Duration::from_secs_f64(arguments.warm_s),
        until: start + Duration::from_secs_f64(arguments.warm_s + arguments.seconds),
    };
    let schedule = |rate| Schedule::new(start, rate, span.until - start);
    let pacer = arguments
        .rate
        .map(|rate| Pacer::start(schedule(rate)))
        .transpose()?;
    let mut players = JoinSet::new();
    for number in 0..arguments.connections() {
        let book = Book {
            tally: Arc::clone(&shards[usize::try_from(number).unwrap_or_default() % SHARDS]),
            accepted: accepted.clone(),
            refusal: Arc::clone(&refusal),
        };
        let player = Player::new(Arc::clone(&stage), number, span, book);
        match &pacer {
            Some(pacer) => players.spawn(player.open(Arc::clone(pacer))),
            None => players.spawn(player.closed()),
        };
    }
    let costs = costs(arguments, &stage.base, span).await;
    let unsent = match &pacer {
        Some(pacer) => drained(pacer, Duration::from_secs_f64(arguments.drain_s)).await,
        None => 0,
    };
    while players.join_next().await.is_some() {}
    let ended = Instant::now();

    let mut tally = Tally::new(window)?;
    for shard in &shards {
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        tally.merge(std::mem::replace(&mut *shard, Tally::new(window)?));
    }
    if let (Some(path), Some(accepted)) = (&arguments.accepted, &accepted) {
        write_accepted(path, accepted)?;
    }
    Ok(Figures {
        seconds: arguments.seconds,
        tally,
        unsent,
        drained_s: ended.saturating_duration_since(span.until).as_secs_f64(),
        refusal: refusal.get().cloned(),
        costs,
    })
}

/// Waits for the requests that were due and are not sent; gives up after a while, and says how many.
async fn drained(pacer: &Pacer, patience: Duration) -> u64 {
    let end = Instant::now() + patience;
    while pacer.waiting() > 0 && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let unsent = pacer.waiting();
    pacer.close();
    unsent
}

/// What the stretch that counts costs, from its beginning to its end.
async fn costs(arguments: &Arguments, base: &Base, span: Span) -> Costs {
    let server = Group {
        single: arguments.pid.into_iter().collect(),
        families: arguments.also_pid.clone(),
    };
    let own = Group {
        single: vec![std::process::id()],
        families: Vec::new(),
    };
    tokio::time::sleep_until(span.from.into()).await;
    let groups = scrape::groups(base).await;
    let before = (server.cpu_s(), own.cpu_s(), Instant::now());
    let mut memory = Memory::default();
    let mut descriptors = 0;
    while Instant::now() < span.until {
        let left = span.until.saturating_duration_since(Instant::now());
        tokio::time::sleep(left.min(LOOK)).await;
        if let Some(pid) = server.first() {
            memory = memory.or_more(process::memory(pid).unwrap_or_default());
            descriptors = descriptors.max(process::descriptors(pid));
        }
    }
    let group_ms = match (groups, scrape::groups(base).await) {
        (Some(earlier), Some(later)) => later.mean_ms_since(&earlier),
        _ => None,
    };
    // The stretch over which processor time was taken is as good as exactly the one that counts.
    let stretch = before.2.elapsed().as_secs_f64().max(0.001);
    let share = arguments.seconds / stretch;
    Costs {
        server_cpu_s: arguments.pid.map(|_| (server.cpu_s() - before.0) * share),
        tool_cpu_s: (own.cpu_s() - before.1) * share,
        memory,
        descriptors,
        group_ms,
    }
}

fn write_accepted(path: &Path, accepted: &Accepted) -> Result<(), LoadError> {
    let accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = Vec::new();
    for (staff, sheet) in accepted.iter() {
        writeln!(text, "{staff} {sheet}")?;
    }
    std::fs::write(path, text).map_err(LoadError::file(path))
}
