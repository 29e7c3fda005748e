//! What can go wrong with leaves, notes, keys and exports.

/// An error of the audit crate. Names what and where, never what a leaf says.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Bytes that are not the canonical encoding of a leaf.
    #[error("not a leaf: {0}")]
    Leaf(&'static str),
    /// Text that is not a signed note, or not one of a checkpoint.
    #[error("not a checkpoint note: {0}")]
    Note(&'static str),
    /// The note's signature is not of this key.
    #[error("the note is not signed by the key \"{0}\"")]
    Signature(String),
    /// A key, or a key's file, that cannot be used.
    #[error("key file {path}: {rule}")]
    Key {
        /// The file, or `-` for a key that was given as text.
        path: String,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// A line of an export that cannot be read.
    #[error("export line {line}: {rule}")]
    Export {
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// The disk refused.
    #[error("{path}")]
    Disk {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
