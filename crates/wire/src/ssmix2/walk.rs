//! A walk through a tree: every file once, in the order of names, folder by folder.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::decode::decode_path;
use super::entry::Entry;
use super::part::NameError;
use super::pending::Mark;

/// Folders above a file: 患者ID 1–3, 4–6, 患者ID, 診療日, データ種別.
const FOLDERS: usize = 5;

/// A file of the storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path below the root, parts divided by `/`.
    pub path: String,
    /// What the path says.
    pub entry: Entry,
    /// By what a change would show.
    pub mark: Mark,
}

/// Something in the tree that is no file of the storage. The text does not quote the path, which names a patient.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// A file with a wrong path.
    #[error("{error}")]
    Name {
        /// The path below the root.
        path: String,
        /// What is wrong.
        error: NameError,
        /// By what a change would show.
        mark: Mark,
    },
    /// A symbolic link. It is not followed: it may lead out of the root, or round in circles.
    #[error("シンボリックリンクはたどりません / a symbolic link is not followed")]
    Link {
        /// The path below the root.
        path: PathBuf,
    },
    /// A folder below the sixth level, or a device.
    #[error("ファイルではありません / not a file")]
    NotAFile {
        /// The path below the root.
        path: PathBuf,
    },
    /// A name that is no UTF-8.
    #[error("ファイル名の文字コードがUTF-8ではありません / a name that is not UTF-8")]
    NotUtf8 {
        /// The path below the root.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("読めません / cannot be read: {}", error.kind())]
    Io {
        /// The path below the root.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// The files below a root. Nothing is passed over: what is no file of the storage comes as an error, and the walk
/// goes on. It needs memory for the names in six folders, not for the tree.
#[derive(Debug)]
pub struct Walk {
    root: PathBuf,
    stack: Vec<Level>,
    next: Next,
}

#[derive(Debug)]
struct Level {
    folder: String,
    names: std::vec::IntoIter<OsString>,
}

/// What to do with a folder before the names above it go on.
#[derive(Debug)]
enum Next {
    Announce(String),
    List(String),
    GoOn,
}

/// What one step of a walk came upon.
pub(super) enum Step {
    /// A folder, before it is listed: what is watched from now on is not missed.
    Folder(String),
    File(Result<Found, WalkError>),
}

impl Walk {
    /// A walk through the whole tree.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self::below(root, String::new())
    }

    /// A walk through a folder of it.
    pub(super) fn below(root: &Path, folder: String) -> Self {
        Self {
            root: root.to_owned(),
            stack: Vec::new(),
            next: Next::Announce(folder),
        }
    }

    pub(super) fn step(&mut self) -> Option<Step> {
        match mem::replace(&mut self.next, Next::GoOn) {
            Next::Announce(folder) => {
                self.next = Next::List(folder.clone());
                return Some(Step::Folder(folder));
            }
            Next::List(folder) => match names(&self.root.join(&folder)) {
                Ok(names) => {
                    let names = names.into_iter();
                    self.stack.push(Level { folder, names });
                }
                Err(error) => {
                    let path = folder.into();
                    return Some(Step::File(Err(WalkError::Io { path, error })));
                }
            },
            Next::GoOn => {}
        }
        let (folder, name) = self.name()?;
        let Some(name) = name.to_str() else {
            let path = Path::new(&folder).join(&name);
            return Some(Step::File(Err(WalkError::NotUtf8 { path })));
        };
        let path = match folder.as_str() {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        Some(match look(&self.root, &path) {
            Ok(Sight::Folder) if path.matches('/').count() < FOLDERS => {
                self.next = Next::List(path.clone());
                Step::Folder(path)
            }
            Ok(Sight::Folder) => Step::File(Err(WalkError::NotAFile { path: path.into() })),
            Ok(Sight::File(found)) => Step::File(Ok(found)),
            Err(error) => Step::File(Err(error)),
        })
    }

    /// The next name, and the folder that it stands in.
    fn name(&mut self) -> Option<(String, OsString)> {
        loop {
            let level = self.stack.last_mut()?;
            match level.names.next() {
                Some(name) => return Some((level.folder.clone(), name)),
                None => {
                    self.stack.pop();
                }
            }
        }
    }
}

impl Iterator for Walk {
    type Item = Result<Found, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Step::File(found) = self.step()? {
                return Some(found);
            }
        }
    }
}

/// What stands under a path.
pub(super) enum Sight {
    Folder,
    File(Found),
}

/// Looks at a path below the root, following no link at its end.
pub(super) fn look(root: &Path, path: &str) -> Result<Sight, WalkError> {
    let place = root.join(path);
    let about = fs::symlink_metadata(&place).map_err(|error| WalkError::Io {
        path: path.into(),
        error,
    })?;
    if about.is_symlink() {
        return Err(WalkError::Link { path: path.into() });
    }
    if about.is_dir() {
        return Ok(Sight::Folder);
    }
    if !about.is_file() {
        return Err(WalkError::NotAFile { path: path.into() });
    }
    let (path, mark) = (path.to_owned(), mark(&about));
    match decode_path(&path) {
        Ok(entry) => Ok(Sight::File(Found { path, entry, mark })),
        Err(error) => Err(WalkError::Name { path, error, mark }),
    }
}

fn mark(about: &Metadata) -> Mark {
    let seconds = i128::from(about.mtime());
    Mark {
        bytes: about.size(),
        modified_ns: seconds * 1_000_000_000 + i128::from(about.mtime_nsec()),
    }
}

fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let names: io::Result<Vec<OsString>> = fs::read_dir(folder)?
        .map(|item| item.map(|item| item.file_name()))
        .collect();
    let mut names = names?;
    names.sort();
    Ok(names)
}
