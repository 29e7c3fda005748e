//! Reading and writing files of a storage, with its rule for corrections and deletions.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::decode::{decode_name, decode_path};
use super::entry::{Condition, Entry, Key};
use super::part::NameError;

/// The root of a storage. It is meant for one writer.
#[derive(Debug, Clone)]
pub struct Storage {
    root: PathBuf,
    replaced: Condition,
}

/// What a writing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file, as it is called now.
    pub path: String,
    /// Whether it was new. Writing the same again is no error and writes nothing.
    pub new: bool,
    /// The files that were called something else before: from and to.
    pub renamed: Vec<(String, String)>,
}

/// Why a file was not read or written. The text quotes no path, which names a patient.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The path, or a part of an entry, is wrong.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Another file with this name is there.
    #[error(
        "同じ名前で内容の違うファイルがあります / a file of this name and other content is there"
    )]
    Taken,
    /// A file with the same key and a later or the same 発生日時 is there.
    #[error("発生日時がより新しいファイルがあります / a newer file of the same key is there")]
    Older,
    /// A folder of the path is none, or a link that leads somewhere else.
    #[error("フォルダではないものがパスにあります / something on the path is no folder")]
    NotAFolder,
    /// The file is longer than allowed.
    #[error("大きすぎます(最大{max}バイト) / too big: at most {max} bytes")]
    TooBig {
        /// What is allowed.
        max: u64,
    },
    /// The file system refused.
    #[error("読み書きできません / cannot be read or written: {}", .0.kind())]
    Io(#[from] io::Error),
}

impl Storage {
    /// A storage whose corrected files get flag 2, as NHO's documents have it.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            replaced: Condition::Replaced,
        }
    }

    /// The same, but corrected files get flag 0, as other senders do it.
    #[must_use]
    pub fn with_two_flags(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            replaced: Condition::Withdrawn,
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// A path that is none of the storage, and as the file system refuses. No link is followed.
    pub fn read(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, StorageError> {
        let entry = decode_path(path)?;
        self.folder(&entry, false)?;
        let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(nofollow)
            .open(self.root.join(path))?;
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > bytes_max) {
            return Err(StorageError::TooBig { max: bytes_max });
        }
        Ok(bytes)
    }

    /// The files with this key; none if there are none.
    ///
    /// # Errors
    /// As the file system refuses.
    pub fn files_of(&self, key: &Key) -> Result<Vec<Entry>, StorageError> {
        let (stamp, condition) = (String::new(), Condition::Active);
        let any = Entry {
            key: key.clone(),
            stamp,
            department: None,
            condition,
        };
        let items = match fs::read_dir(self.root.join(any.folder())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            items => items?,
        };
        let mut entries = Vec::new();
        for item in items {
            // What is no file of the storage, a walk names.
            let entry = item?
                .file_name()
                .to_str()
                .and_then(|name| decode_name(name).ok());
            entries.extend(entry.filter(|entry| entry.key == *key));
        }
        entries.sort();
        Ok(entries)
    }

    /// Writes what holds from now on (処理区分 INS). The files that it corrects get the flag of replaced ones.
    ///
    /// The new file comes first and whole: written under a temporary name, brought to the disk, renamed, and the
    /// folder brought to the disk. Only then the old ones are renamed. Who stops in between leaves two active
    /// files, of which the newer holds ([`super::standing`]), and may do the same again.
    ///
    /// # Errors
    /// [`StorageError::Older`] and [`StorageError::Taken`] where it does not fit to what is there.
    pub fn insert(&self, entry: &Entry, bytes: &[u8]) -> Result<Written, StorageError> {
        self.put(
            &entry.with(Condition::Active),
            bytes,
            &[Condition::Active],
            self.replaced,
        )
    }

    /// Writes that nothing holds any more (処理区分 DEL). The message itself gets the flag 0, and so do all files with its
    /// key.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn delete(&self, entry: &Entry, bytes: &[u8]) -> Result<Written, StorageError> {
        let flags = [Condition::Active, Condition::Replaced];
        self.put(
            &entry.with(Condition::Withdrawn),
            bytes,
            &flags,
            Condition::Withdrawn,
        )
    }

    fn put(
        &self,
        entry: &Entry,
        bytes: &[u8],
        from: &[Condition],
        to: Condition,
    ) -> Result<Written, StorageError> {
        entry.check()?;
        let there = self.files_of(&entry.key)?;
        let others = || {
            there
                .iter()
                .filter(|other| other.identity() != entry.identity())
        };
        if others().any(|other| other.stamp >= entry.stamp) {
            return Err(StorageError::Older);
        }
        let new = match there
            .iter()
            .find(|other| other.identity() == entry.identity())
        {
            None => true,
            Some(same) if same.condition == entry.condition => {
                let longest = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                let is_same = match self.read(&same.path(), longest) {
                    Err(StorageError::TooBig { .. }) => false,
                    read => read? == bytes,
                };
                if !is_same {
                    return Err(StorageError::Taken);
                }
                false
            }
            Some(_) => return Err(StorageError::Taken),
        };
        let folder = self.folder(entry, true)?;
        if new {
            write_whole(&folder, &entry.name(), bytes)?;
        }
        let mut renamed = Vec::new();
        for old in others().filter(|old| from.contains(&old.condition)) {
            let now = old.with(to);
            if fs::symlink_metadata(folder.join(now.name())).is_ok() {
                return Err(StorageError::Taken);
            }
            fs::rename(folder.join(old.name()), folder.join(now.name()))?;
            renamed.push((old.path(), now.path()));
        }
        File::open(&folder)?.sync_all()?;
        Ok(Written {
            path: entry.path(),
            new,
            renamed,
        })
    }

    /// The folder of an entry, made if wanted. None of its levels may be a link.
    fn folder(&self, entry: &Entry, make: bool) -> Result<PathBuf, StorageError> {
        let mut place = self.root.clone();
        for level in entry.folder().split('/') {
            let above = place.clone();
            place.push(level);
            match fs::symlink_metadata(&place) {
                Ok(about) if about.is_dir() => {}
                Ok(_) => return Err(StorageError::NotAFolder),
                Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir(&place)?;
                    File::open(&above)?.sync_all()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(place)
    }
}

fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!(".{name}.part"));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, folder.join(name)));
    if written.is_err() {
        // What is left behind is named as temporary by every walk.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    File::open(folder)?.sync_all()
}
