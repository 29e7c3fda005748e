//! What can go wrong.

/// Why a part ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BareError {
    /// What was asked cannot be done.
    #[error("{0}")]
    Argument(String),
    /// The database said no.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The system said no.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
