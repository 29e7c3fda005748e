//! The data folder: what lies where, who may read it, and who holds it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What can be wrong with the data folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It, or something in it, cannot be read or written.
    #[error("{}: 読み書きできません / cannot be read or written", .path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process serves from it.
    #[error("{}: 別のプロセスが使用中です / another process is using this folder", .0.display())]
    Held(PathBuf),
    /// A folder for a demo that holds other things.
    #[error("{}: 空でも以前のデモのものでもありません / neither empty nor an earlier demo's", .0.display())]
    NotADemo(PathBuf),
}

/// The places inside a data folder. Naming them makes nothing.
#[derive(Debug, Clone)]
pub struct Places(PathBuf);

/// A data folder that exists, with the folders inside it.
#[derive(Debug, Clone)]
pub struct Folder(Places);

impl std::ops::Deref for Folder {
    type Target = Places;

    fn deref(&self) -> &Places {
        &self.0
    }
}

/// Held while a process writes to the database; the system lets go when the process ends, however it ends.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

impl Places {
    /// The places inside this folder.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the keys lie.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The key of the pseudonyms in the audit log. Without it nobody can tell whom a leaf is about, and
    /// `GET /audit` finds nothing: it belongs into the backup.
    #[must_use]
    pub fn pseudonym_key(&self) -> PathBuf {
        self.keys().join("pseudonym.key")
    }

    /// The key that signs checkpoints.
    #[must_use]
    pub fn checkpoint_key(&self) -> PathBuf {
        self.keys().join("checkpoint.pem")
    }

    /// The public half of the key that signs checkpoints, for auditors.
    #[must_use]
    pub fn public_key(&self) -> PathBuf {
        self.0.join("audit").join("public-key.txt")
    }

    /// The checkpoints outside the database: what shows that a database was cut short.
    #[must_use]
    pub fn checkpoint_notes(&self) -> PathBuf {
        self.0.join("audit").join("checkpoints.txt")
    }
}

impl Folder {
    /// Makes the folder if it is missing; only its owner may look inside.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let absolute = std::path::absolute(path).map_err(|source| io_error(path, source))?;
        for folder in [
            absolute.clone(),
            absolute.join("keys"),
            absolute.join("audit"),
        ] {
            make(&folder)?;
        }
        Ok(Self(Places(absolute)))
    }

    /// Takes the folder for this process. On SQLite one process writes: the writer keeps the end of the
    /// audit chain in memory, and a second writer would fork it.
    ///
    /// # Errors
    /// When another process holds it.
    pub fn hold(&self) -> Result<Held, FolderError> {
        let path = self.path().join("renkei.lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options
            .open(&path)
            .map_err(|source| io_error(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Held(file)),
            Err(TryLockError::WouldBlock) => Err(FolderError::Held(self.path().to_owned())),
            Err(TryLockError::Error(source)) => Err(io_error(&path, source)),
        }
    }
}

/// Writes a file that only the owner may read, whole or not at all, and durably.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let partial = path.with_extension("partial");
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true).mode(0o600);
        let mut file = options.open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        path.parent()
            .map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    };
    write().map_err(|source| io_error(path, source))
}

/// Makes a folder that only its owner may look into.
///
/// # Errors
/// When it cannot be made.
pub fn make(folder: &Path) -> Result<(), FolderError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| io_error(folder, source))
}

fn io_error(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_look_inside() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(&root.path().join("data")).unwrap();
        write_private(&folder.public_key(), b"text").unwrap();
        write_private(&folder.public_key(), b"other").unwrap();
        assert_eq!(std::fs::read(folder.public_key()).unwrap(), b"other");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.keys()), 0o700);
        assert_eq!(mode(&folder.public_key()), 0o600);
    }

    #[test]
    fn a_folder_has_one_holder() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let held = folder.hold().unwrap();
        assert!(matches!(folder.hold(), Err(FolderError::Held(_))));
        drop(held);
        assert!(folder.hold().is_ok());
    }
}
