//! An audit leaf as the store sees it: bytes, a hash, the persons it touches. `audit` gives it meaning.

use crate::clock::Instant;
use crate::id::{LeafId, NetworkName};

/// SHA-256.
pub type Hash = [u8; 32];

/// Links a leaf to the one before it: (previous link, sequence number, leaf hash) → link.
/// Made by `audit`, called by the store's writer when it numbers leaves.
pub type LinkFn = fn(&Hash, u64, &Hash) -> Hash;

/// A leaf ready to be stored: encoded once, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLeaf {
    /// Its id.
    pub id: LeafId,
    /// When.
    pub at: Instant,
    /// The network whose data it is about, if one.
    pub network: Option<NetworkName>,
    /// The canonical encoding, which starts with a version byte.
    pub canonical: Vec<u8>,
    /// Hash of the canonical bytes.
    pub hash: Hash,
    /// Pseudonyms of the records that the request touched, for looking up by record.
    pub pseudonyms: Vec<String>,
    /// What the leaf's salted digests stand for. Can be deleted without breaking the chain.
    pub details: Vec<LeafDetail>,
}

/// One personal or identifying detail beside a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafDetail {
    /// Name of the leaf's field that holds the digest.
    pub name: String,
    /// 16 random bytes that went into the digest.
    pub salt: [u8; 16],
    /// The plain value.
    pub value: String,
}

/// A leaf as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Its id.
    pub id: LeafId,
    /// Position, from 0, without gaps; `None` while PostgreSQL's sequencer has not numbered it.
    pub seq: Option<u64>,
    /// When.
    pub at: Instant,
    /// The canonical encoding.
    pub canonical: Vec<u8>,
    /// Hash of the canonical bytes, as stored.
    pub hash: Hash,
    /// Link to the one before, as stored.
    pub link: Option<Hash>,
    /// Details that still exist.
    pub details: Vec<LeafDetail>,
}

/// A signed statement of how long the log was and what it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Number of leaves.
    pub size: u64,
    /// RFC 6962 Merkle root of the leaf hashes.
    pub root: Hash,
    /// Link of the last leaf.
    pub head: Hash,
    /// When.
    pub at: Instant,
    /// The signed note, text lines.
    pub note: String,
}
