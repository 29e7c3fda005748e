//! A tree that is watched: the kernel says what changes (inotify), and a rescan finds what it did not say.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::kernel::{Event, Kernel};
use super::part::NameError;
use super::pending::{Mark, Pending};
use super::walk::{Found, Sight, Step, Walk, WalkError, look};

/// Steps of a walk in one call, so that a call answers soon.
const STEPS: usize = 1_000;

/// How a tree is watched.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// From the end of a walk through the whole tree to the begin of the next.
    pub rescan: Duration,
    /// How long a file that nobody closed before our eyes must stay as it is.
    pub settle: Duration,
    /// Folders that are watched at most; the kernel has a limit of its own (`fs.inotify.max_user_watches`). What is
    /// beyond, the rescan finds.
    pub watches_max: usize,
    /// Files that are waited for at most; a walk stops while there are so many.
    pub pending_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rescan: Duration::from_secs(600),
            settle: Duration::from_secs(2),
            watches_max: 100_000,
            pending_max: 10_000,
        }
    }
}

/// What was seen.
#[derive(Debug)]
pub enum Sighting {
    /// A file that is complete. It comes again when it changes, and under its new name when its flag does.
    Complete(Found),
    /// Something that is no file of the storage.
    Refused(WalkError),
    /// The whole tree was walked through.
    Scanned {
        /// Files that were seen, known ones too.
        files: u64,
        /// Folders that are not watched: only the next rescan finds what changes in them.
        unwatched: u64,
    },
}

/// Whether a file, by its path below the root and its mark, was taken before.
pub type Known<'k> = dyn FnMut(&str, Mark) -> bool + 'k;

/// Watches a tree. It remembers no file that it has named: who calls says what was taken before, by path and
/// mark, and so a restart neither loses nor repeats anything.
#[derive(Debug)]
pub struct Watcher {
    root: PathBuf,
    settings: Settings,
    begin: Instant,
    kernel: Kernel,
    pending: Pending,
    /// Folders that are new since the walk through the whole tree.
    walks: VecDeque<Walk>,
    scan: Option<Scan>,
    next_scan: Duration,
    /// What this call has named: events come twice.
    named: HashSet<(String, Mark)>,
}

#[derive(Debug)]
struct Scan {
    walk: Walk,
    files: u64,
    unwatched: u64,
}

impl Watcher {
    /// Begins to watch. The first calls of [`Self::next`] walk through the whole tree.
    ///
    /// # Errors
    /// When the kernel has no inotify left for this user, or the root is no folder.
    pub fn open(root: &Path, settings: Settings) -> io::Result<Self> {
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            root: root.to_owned(),
            settings,
            begin: Instant::now(),
            kernel: Kernel::open(settings.watches_max)?,
            pending: Pending::new(settings.settle),
            walks: VecDeque::new(),
            scan: None,
            next_scan: Duration::ZERO,
            named: HashSet::new(),
        })
    }

    /// Waits at most `wait`, and says what there is by then; nothing, if there is nothing. It blocks its thread.
    ///
    /// What a call names must be known before the next one.
    ///
    /// # Errors
    /// When the kernel's events cannot be read. What is wrong with single files comes as a sighting.
    pub fn next(&mut self, wait: Duration, known: &mut Known<'_>) -> io::Result<Vec<Sighting>> {
        let mut seen = Vec::new();
        self.named.clear();
        self.walk_on(known, &mut seen);
        let busy = !seen.is_empty() || !self.walks.is_empty() || self.scan.is_some();
        let wait = if busy {
            Duration::ZERO
        } else {
            self.patience(wait)
        };
        for event in self.kernel.listen(wait)? {
            self.heard(event, known, &mut seen);
        }
        for path in self.pending.due(self.now()) {
            self.look_at(&path, false, known, &mut seen);
        }
        Ok(seen)
    }

    fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    fn patience(&self, wait: Duration) -> Duration {
        let now = self.now();
        let due = self.pending.next_due(now).unwrap_or(wait);
        wait.min(due).min(self.next_scan.saturating_sub(now))
    }

    /// Goes on with the walks: through new folders first, then through the whole tree when it is time.
    fn walk_on(&mut self, known: &mut Known<'_>, seen: &mut Vec<Sighting>) {
        if self.scan.is_none() && self.now() >= self.next_scan {
            let walk = Walk::new(&self.root);
            self.scan = Some(Scan {
                walk,
                files: 0,
                unwatched: 0,
            });
        }
        for _ in 0..STEPS {
            if self.pending.len() + seen.len() >= self.settings.pending_max {
                return;
            }
            if let Some(walk) = self.walks.front_mut() {
                match walk.step() {
                    Some(step) => {
                        self.stepped(step, known, seen);
                    }
                    None => {
                        self.walks.pop_front();
                    }
                }
                continue;
            }
            let Some(mut scan) = self.scan.take() else {
                return;
            };
            match scan.walk.step() {
                Some(step) => {
                    let is_file = matches!(step, Step::File(_));
                    scan.files += u64::from(is_file);
                    let watched = self.stepped(step, known, seen);
                    scan.unwatched += u64::from(!watched);
                    self.scan = Some(scan);
                }
                None => {
                    self.next_scan = self.now() + self.settings.rescan;
                    let (files, unwatched) = (scan.files, scan.unwatched);
                    seen.push(Sighting::Scanned { files, unwatched });
                }
            }
        }
    }

    /// Says `false` for a folder that cannot be watched.
    fn stepped(&mut self, step: Step, known: &mut Known<'_>, seen: &mut Vec<Sighting>) -> bool {
        match step {
            Step::Folder(folder) => self.kernel.watch(&self.root, folder),
            Step::File(found) => {
                self.saw(found, false, known, seen);
                true
            }
        }
    }

    fn heard(&mut self, event: Event, known: &mut Known<'_>, seen: &mut Vec<Sighting>) {
        match event {
            Event::Folder(path) => self.walks.push_back(Walk::below(&self.root, path)),
            Event::Made(path) => self.look_at(&path, false, known, seen),
            Event::Closed(path) => self.look_at(&path, true, known, seen),
            Event::Gone(path) => self.pending.gone(&path),
            Event::Lost => {
                // The kernel dropped events: only a walk through the whole tree finds what they said.
                self.scan = None;
                self.next_scan = Duration::ZERO;
            }
        }
    }

    fn look_at(
        &mut self,
        path: &str,
        closed: bool,
        known: &mut Known<'_>,
        seen: &mut Vec<Sighting>,
    ) {
        match look(&self.root, path) {
            Ok(Sight::Folder) => self.heard(Event::Folder(path.to_owned()), known, seen),
            Ok(Sight::File(found)) => self.saw(Ok(found), closed, known, seen),
            Err(error) => {
                if !matches!(error, WalkError::Name { .. }) {
                    self.pending.gone(path);
                }
                self.saw(Err(error), closed, known, seen);
            }
        }
    }

    fn saw(
        &mut self,
        found: Result<Found, WalkError>,
        closed: bool,
        known: &mut Known<'_>,
        seen: &mut Vec<Sighting>,
    ) {
        let now = self.now();
        match found {
            Ok(found) => {
                if known(&found.path, found.mark) {
                    self.pending.gone(&found.path);
                    return;
                }
                let complete = match closed {
                    true => self.pending.closed(&found.path, found.mark, now),
                    false => self.pending.look(&found.path, found.mark, now),
                };
                if complete && self.named.insert((found.path.clone(), found.mark)) {
                    seen.push(Sighting::Complete(found));
                }
            }
            Err(WalkError::Name { path, error, mark }) => {
                // Somebody's temporary file goes soon; one that stays was left behind.
                let stays = !matches!(error, NameError::Temporary { .. })
                    || self.pending.look(&path, mark, now);
                if stays && !known(&path, mark) && self.named.insert((path.clone(), mark)) {
                    seen.push(Sighting::Refused(WalkError::Name { path, error, mark }));
                }
            }
            // It was renamed or removed since its name was read: the new name comes by itself.
            Err(WalkError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => seen.push(Sighting::Refused(error)),
        }
    }
}
