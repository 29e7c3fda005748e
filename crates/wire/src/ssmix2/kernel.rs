//! What the kernel says about folders (inotify). Through rustix, which the program has anyway: no further crate.

use std::collections::{HashMap, HashSet};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

/// Bytes of one reading.
const READ_BYTES: usize = 65_536;
/// Events of one call.
const EVENTS: usize = 10_000;

/// Something that happened below the root.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A folder is new.
    Folder(String),
    /// A file is new or was written to, and somebody perhaps still writes.
    Made(String),
    /// A file was closed by its writer, or moved in.
    Closed(String),
    /// A name is gone.
    Gone(String),
    /// The kernel has dropped events.
    Lost,
}

/// The watched folders.
#[derive(Debug)]
pub(super) struct Kernel {
    descriptor: OwnedFd,
    folders: HashMap<i32, Arc<str>>,
    watched: HashSet<Arc<str>>,
    max: usize,
}

impl Kernel {
    pub(super) fn open(max: usize) -> io::Result<Self> {
        Ok(Self {
            descriptor: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            folders: HashMap::new(),
            watched: HashSet::new(),
            max,
        })
    }

    /// Watches a folder. `false` if it cannot be: too many, or gone.
    pub(super) fn watch(&mut self, root: &Path, folder: String) -> bool {
        if self.folders.len() >= self.max {
            return self.watched.contains(folder.as_str());
        }
        let what = WatchFlags::CREATE
            | WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR
            | WatchFlags::DONT_FOLLOW;
        match inotify::add_watch(&self.descriptor, root.join(&folder), what) {
            Ok(number) => {
                let folder: Arc<str> = folder.into();
                self.watched.insert(Arc::clone(&folder));
                if let Some(before) = self.folders.insert(number, Arc::clone(&folder))
                    && before != folder
                {
                    self.watched.remove(&before);
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Waits for events and reads those that are there.
    pub(super) fn listen(&mut self, wait: Duration) -> io::Result<Vec<Event>> {
        let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
        let mut ready = [PollFd::new(&self.descriptor, PollFlags::IN)];
        match poll(&mut ready, Some(&wait)) {
            Ok(0) | Err(Errno::INTR) => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut buffer = vec![MaybeUninit::uninit(); READ_BYTES];
        let mut heard = Vec::new();
        {
            let mut reader = inotify::Reader::new(&self.descriptor, &mut buffer);
            // Whole readings only: what is left in the buffer would be lost with it.
            while heard.len() < EVENTS || !reader.is_buffer_empty() {
                match reader.next() {
                    // A name that is no UTF-8 is left to the rescan, which says so.
                    Ok(event) => {
                        let name = event
                            .file_name()
                            .map(|name| name.to_str().ok().map(str::to_owned));
                        heard.push((event.wd(), event.events(), name));
                    }
                    Err(Errno::WOULDBLOCK) => break,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let mut events = Vec::new();
        for (number, what, name) in heard {
            self.understand(number, what, name, &mut events);
        }
        Ok(last_of_each(events))
    }

    fn understand(
        &mut self,
        number: i32,
        what: ReadFlags,
        name: Option<Option<String>>,
        events: &mut Vec<Event>,
    ) {
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            events.push(Event::Lost);
            return;
        }
        if what.contains(ReadFlags::IGNORED) {
            self.drop_watch(number);
            return;
        }
        let Some(folder) = self.folders.get(&number).cloned() else {
            return;
        };
        if what.contains(ReadFlags::MOVE_SELF) {
            self.forget(&folder);
            return;
        }
        let Some(Some(name)) = name else {
            return;
        };
        let path = match &*folder {
            "" => name,
            folder => format!("{folder}/{name}"),
        };
        let arrived = what.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO | ReadFlags::MODIFY);
        if what.contains(ReadFlags::ISDIR) {
            if arrived {
                events.push(Event::Folder(path));
            }
        } else if what.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::MOVED_TO) {
            events.push(Event::Closed(path));
        } else if arrived {
            events.push(Event::Made(path));
        } else {
            events.push(Event::Gone(path));
        }
    }

    fn drop_watch(&mut self, number: i32) {
        if let Some(folder) = self.folders.remove(&number) {
            self.watched.remove(&folder);
        }
    }

    /// A folder is called something else now: its watches would name wrong paths. Its new
    /// name comes as a new folder; if that was walked through before this came, the rescan watches it again.
    fn forget(&mut self, folder: &str) {
        let below = format!("{folder}/");
        let old = self
            .folders
            .iter()
            .filter(|(_, path)| ***path == *folder || path.starts_with(&below));
        let old: Vec<i32> = old.map(|(number, _)| *number).collect();
        for number in old {
            self.drop_watch(number);
            // The kernel refuses only what it has forgotten itself.
            let _ = inotify::remove_watch(&self.descriptor, number);
        }
    }
}

/// The last event of each name: who writes after a closing has not done yet.
fn last_of_each(events: Vec<Event>) -> Vec<Event> {
    let mut named = HashSet::new();
    let mut last: Vec<Event> = events
        .into_iter()
        .rev()
        .filter(|event| match event {
            Event::Folder(path) | Event::Made(path) | Event::Closed(path) | Event::Gone(path) => {
                named.insert(path.clone())
            }
            Event::Lost => true,
        })
        .collect();
    last.reverse();
    last
}
