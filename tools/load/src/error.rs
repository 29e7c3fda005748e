//! What can go wrong.

use std::path::{Path, PathBuf};

use crate::client::ClientError;

/// Why a command ends without a result.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {what}", .path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Something of the system.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A request that nothing can go on without.
    #[error("{what}: {source}")]
    Client {
        /// The request.
        what: String,
        /// Why.
        source: ClientError,
    },
    /// The server said something else than was needed.
    #[error("{what}: {status}: {text}")]
    Refused {
        /// The request.
        what: String,
        /// Its status.
        status: u16,
        /// The beginning of its body.
        text: String,
    },
    /// An argument makes no sense.
    #[error("{0}")]
    Argument(String),
}

impl LoadError {
    /// With the file's name.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }

    /// Of a file that does not hold what it should.
    pub fn content(path: &Path, what: impl std::fmt::Display) -> Self {
        Self::Content {
            path: path.to_owned(),
            what: what.to_string(),
        }
    }
}
