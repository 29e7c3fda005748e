//! The hashes of leaves and the links between them.

use renkei_model::leaf::Hash;
use sha2::{Digest, Sha256};

/// What stands before the first leaf's link.
pub const FIRST_PREVIOUS: Hash = [0; 32];

/// Hash of a leaf's canonical bytes: SHA-256(0 ‖ bytes), as RFC 6962 hashes leaves.
#[must_use]
pub fn leaf_hash(canonical: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(canonical)
        .finalize()
        .into()
}

/// Links a leaf to the one before it: SHA-256(3 ‖ previous link ‖ position, big-endian ‖ leaf hash).
/// The first leaf has position 0 and [`FIRST_PREVIOUS`] before it. Fits
/// [`renkei_model::leaf::LinkFn`].
#[must_use]
pub fn link(previous: &Hash, seq: u64, hash: &Hash) -> Hash {
    Sha256::new()
        .chain_update([3])
        .chain_update(previous)
        .chain_update(seq.to_be_bytes())
        .chain_update(hash)
        .finalize()
        .into()
}

/// Salted digest that stands in a leaf for a personal detail:
/// SHA-256(2 ‖ salt ‖ length of name, 8 bytes big-endian ‖ name ‖ value).
pub(crate) fn detail_digest(salt: &[u8; 16], name: &str, value: &str) -> Hash {
    Sha256::new()
        .chain_update([2])
        .chain_update(salt)
        .chain_update((name.len() as u64).to_be_bytes())
        .chain_update(name)
        .chain_update(value)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_model::leaf::LinkFn;

    #[test]
    fn the_store_can_call_it() {
        let function: LinkFn = link;
        let first = function(&FIRST_PREVIOUS, 0, &leaf_hash(b"leaf"));
        assert_ne!(first, function(&FIRST_PREVIOUS, 1, &leaf_hash(b"leaf")));
        assert_ne!(first, function(&first, 0, &leaf_hash(b"leaf")));
    }

    #[test]
    fn an_empty_leaf_hashes_as_in_rfc_6962() {
        assert_eq!(
            hex::encode(leaf_hash(b"")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn name_and_value_of_a_detail_do_not_run_together() {
        let salt = [7; 16];
        assert_ne!(
            detail_digest(&salt, "ab", "c"),
            detail_digest(&salt, "a", "bc")
        );
    }
}
