//! When a file is complete: it was closed by its writer or moved in, or it did not change for a while.

use std::collections::HashMap;
use std::time::Duration;

/// By what a change of a file shows. With the path it says whether a file was taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Its length.
    pub bytes: u64,
    /// When it was last written, nanoseconds since 1970 by the file system's clock.
    pub modified_ns: i128,
}

/// Files that somebody may still be writing, by path. Time is counted from any fixed moment.
#[derive(Debug)]
pub(super) struct Pending {
    files: HashMap<String, Waiting>,
    settle: Duration,
}

#[derive(Debug)]
struct Waiting {
    mark: Mark,
    since: Duration,
}

impl Pending {
    pub(super) fn new(settle: Duration) -> Self {
        Self {
            files: HashMap::new(),
            settle,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// A file was looked at. Says whether it is complete, and then forgets it.
    pub(super) fn look(&mut self, path: &str, mark: Mark, now: Duration) -> bool {
        match self.files.get(path) {
            Some(waiting) if waiting.mark == mark => {
                let settled = now.saturating_sub(waiting.since) >= self.settle;
                if settled {
                    self.files.remove(path);
                }
                settled
            }
            _ => {
                let waiting = Waiting { mark, since: now };
                self.files.insert(path.to_owned(), waiting);
                false
            }
        }
    }

    /// Its writer closed it, or moved it in under its name. An empty file waits as others do: copying
    /// programs make it empty, close it and open it again.
    pub(super) fn closed(&mut self, path: &str, mark: Mark, now: Duration) -> bool {
        if mark.bytes == 0 {
            return self.look(path, mark, now);
        }
        self.files.remove(path);
        true
    }

    pub(super) fn gone(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// The files that have waited long enough to be looked at again.
    pub(super) fn due(&self, now: Duration) -> Vec<String> {
        let due = |waiting: &Waiting| now.saturating_sub(waiting.since) >= self.settle;
        let due = self.files.iter().filter(|(_, waiting)| due(waiting));
        due.map(|(path, _)| path.clone()).collect()
    }

    /// How long until the next file is due.
    pub(super) fn next_due(&self, now: Duration) -> Option<Duration> {
        let left = |waiting: &Waiting| (waiting.since + self.settle).saturating_sub(now);
        self.files.values().map(left).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(2);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn mark(bytes: u64) -> Mark {
        Mark {
            bytes,
            modified_ns: 7,
        }
    }

    #[test]
    fn a_file_that_grows_is_not_complete() {
        let mut pending = Pending::new(SETTLE);
        assert!(!pending.look("a", mark(1), at(0)));
        assert!(!pending.look("a", mark(2), at(2)));
        assert!(!pending.look("a", mark(2), at(3)));
        assert_eq!(pending.due(at(3)), Vec::<String>::new());
        assert_eq!(pending.next_due(at(3)), Some(at(1)));
        assert_eq!(pending.due(at(4)), ["a"]);
        assert!(pending.look("a", mark(2), at(4)));
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn the_same_length_written_again_is_a_change() {
        let mut pending = Pending::new(SETTLE);
        assert!(!pending.look("a", mark(1), at(0)));
        let rewritten = Mark {
            modified_ns: 8,
            ..mark(1)
        };
        assert!(!pending.look("a", rewritten, at(5)));
    }

    #[test]
    fn closing_completes_but_not_an_empty_file() {
        let mut pending = Pending::new(SETTLE);
        assert!(!pending.look("a", mark(1), at(0)));
        assert!(pending.closed("a", mark(3), at(0)));
        assert!(!pending.closed("b", mark(0), at(0)));
        assert!(pending.look("b", mark(0), at(2)));
    }
}
