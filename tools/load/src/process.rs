//! What the kernel says of a process: processor time, memory, open files.

use std::fs;
use std::path::Path;

/// Ticks a second in `/proc`: USER_HZ, which is 100 on every Linux that we run on.
const TICKS: f64 = 100.0;
/// `/proc` counts memory in these.
const KB_IN_MB: f64 = 1_024.0;

/// What a process has in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Memory {
    /// Everything resident, in MB (2^20 bytes).
    pub rss_mb: f64,
    /// Its own: heap, stacks, shared memory, no files.
    pub own_mb: f64,
}

impl Memory {
    /// The larger of each.
    pub fn or_more(self, other: Self) -> Self {
        Self {
            rss_mb: self.rss_mb.max(other.rss_mb),
            own_mb: self.own_mb.max(other.own_mb),
        }
    }
}

/// Processor time in ticks: of the process, and of its ended children.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ticks {
    parent: u32,
    own: u64,
    ended_children: u64,
}

/// Processes whose time is counted together.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Counted alone.
    pub single: Vec<u32>,
    /// Counted with all their children, those that have ended, too: a PostgreSQL cluster.
    pub families: Vec<u32>,
}

impl Group {
    /// User and system time so far, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let own = |pid: &u32| ticks(*pid).map_or(0, |ticks| ticks.own);
        let mut sum: u64 = self.single.iter().map(own).sum();
        for parent in &self.families {
            sum += ticks(*parent).map_or(0, |ticks| ticks.own + ticks.ended_children);
            let children = all().filter(|child| child.parent == *parent);
            sum += children.map(|child| child.own).sum::<u64>();
        }
        sum as f64 / TICKS
    }

    /// The first process.
    pub fn first(&self) -> Option<u32> {
        self.single.first().copied()
    }
}

/// Memory of a process; none when it has ended.
pub fn memory(pid: u32) -> Option<Memory> {
    memory_of(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// Open file descriptors of a process.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Bytes of a file, or of the files in a folder.
pub fn bytes(path: &Path) -> u64 {
    let Ok(data) = fs::metadata(path) else {
        return 0;
    };
    if !data.is_dir() {
        return data.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|data| data.len())
        .sum()
}

fn ticks(pid: u32) -> Option<Ticks> {
    ticks_of(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn all() -> impl Iterator<Item = Ticks> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(ticks)
}

/// The second field, the program's name, may hold spaces and parentheses; counting starts behind it.
fn ticks_of(stat: &str) -> Option<Ticks> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Ticks {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

fn memory_of(status: &str) -> Option<Memory> {
    let mb = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kb: f64 = line
            .trim_start_matches(':')
            .split_whitespace()
            .next()?
            .parse()
            .ok()?;
        Some(kb / KB_IN_MB)
    };
    Some(Memory {
        rss_mb: mb("VmRSS")?,
        own_mb: mb("RssAnon")? + mb("RssShmem").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_a_name_with_parentheses() {
        let stat =
            "4242 (renkei (x) y) S 17 4242 4242 0 -1 4194560 100 200 0 0 311 89 7 3 20 0 9 0 5";
        let ticks = ticks_of(stat).unwrap();
        assert_eq!(
            (ticks.parent, ticks.own, ticks.ended_children),
            (17, 400, 10)
        );
        assert_eq!(ticks_of("nonsense"), None);
    }

    #[test]
    fn files_are_not_a_process_s_own_memory() {
        let status = "Name:\trenkei\nVmHWM:\t  409600 kB\nVmRSS:\t  204800 kB\nRssAnon:\t  102400 kB\n\
                      RssFile:\t  101376 kB\nRssShmem:\t  1024 kB\n";
        let memory = memory_of(status).unwrap();
        assert_eq!((memory.rss_mb, memory.own_mb), (200.0, 101.0));
    }

    #[test]
    fn this_process_is_there() {
        let own = std::process::id();
        assert!(memory(own).unwrap().rss_mb > 0.5);
        assert!(descriptors(own) >= 3);
        let mut work = 0_u64;
        let group = Group {
            single: vec![own],
            families: Vec::new(),
        };
        while group.cpu_s() < 0.02 {
            work = work.wrapping_add(std::hint::black_box(1));
        }
        assert_eq!(memory(u32::MAX), None);
    }

    #[test]
    fn a_folder_has_the_bytes_of_its_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), [0; 10]).unwrap();
        fs::write(folder.path().join("b"), [0; 5]).unwrap();
        fs::create_dir(folder.path().join("c")).unwrap();
        assert_eq!(bytes(folder.path()), 15);
        assert_eq!(bytes(&folder.path().join("a")), 10);
        assert_eq!(bytes(&folder.path().join("none")), 0);
    }
}
