//! The Merkle tree of RFC 6962 over leaf hashes: root, inclusion proofs, consistency proofs.

use renkei_model::leaf::Hash;
use sha2::{Digest, Sha256};

/// Hash of a node: SHA-256(1 ‖ left ‖ right).
fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The tree's right edge: enough to append leaves and to know the root, in a few dozen hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees that the leaves fall into, largest first: one for each bit
    /// that is set in `size`.
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of one leaf.
    pub fn append(&mut self, leaf_hash: &Hash) {
        let mut grown = *leaf_hash;
        // As in adding one to a binary number: each set low bit is a subtree of equal height.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                grown = node(&left, &grown);
            }
        }
        self.subtrees.push(grown);
        self.size += 1;
    }

    /// The root: SHA-256 of nothing for an empty tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.subtrees.iter().rev();
        let Some(last) = from_the_right.next() else {
            return Sha256::digest([]).into();
        };
        from_the_right.fold(*last, |right, left| node(left, &right))
    }
}

/// The root over leaf hashes.
#[must_use]
pub fn root(leaf_hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for hash in leaf_hashes {
        frontier.append(hash);
    }
    frontier.root()
}

/// The largest power of two that is smaller than `size` (RFC 6962, 2.1). `size` is at least 2.
const fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

/// Proof that the leaf at `index` is in the tree of these leaves, from the leaf up; `None` if there
/// is no such leaf.
#[must_use]
pub fn inclusion_proof(leaf_hashes: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaf_hashes.len() {
        return None;
    }
    let (mut leaves, mut index) = (leaf_hashes, index);
    let mut proof = Vec::new();
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            proof.push(root(right));
            leaves = left;
        } else {
            proof.push(root(left));
            index -= left.len();
            leaves = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// Whether `proof` shows that `leaf_hash` is at `index` in the tree of `size` leaves with this root
/// (RFC 9162, 2.1.3.2).
#[must_use]
pub fn inclusion_holds(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut here, mut last, mut computed) = (index, size - 1, *leaf_hash);
    for hash in proof {
        if last == 0 {
            return false;
        }
        if here & 1 == 1 || here == last {
            computed = node(hash, &computed);
            while here & 1 == 0 && here != 0 {
                here >>= 1;
                last >>= 1;
            }
        } else {
            computed = node(&computed, hash);
        }
        here >>= 1;
        last >>= 1;
    }
    last == 0 && computed == *root
}

/// Proof that the tree of the first `old_size` leaves is the beginning of the tree of all of them;
/// `None` if `old_size` is zero or more than there are. Empty if both are the same tree.
#[must_use]
pub fn consistency_proof(leaf_hashes: &[Hash], old_size: usize) -> Option<Vec<Hash>> {
    if old_size == 0 || old_size > leaf_hashes.len() {
        return None;
    }
    let (mut leaves, mut old, mut old_is_whole) = (leaf_hashes, old_size, true);
    let mut proof = Vec::new();
    while old < leaves.len() {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if old <= left.len() {
            proof.push(root(right));
            leaves = left;
        } else {
            proof.push(root(left));
            old -= left.len();
            old_is_whole = false;
            leaves = right;
        }
    }
    // The old tree itself need not be named, unless it is only a part of what was reached.
    if !old_is_whole {
        proof.push(root(leaves));
    }
    proof.reverse();
    Some(proof)
}

/// Two trees, the earlier first, for a consistency check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// Leaves of the earlier tree.
    pub old_size: u64,
    /// Its root.
    pub old_root: Hash,
    /// Leaves of the later tree.
    pub new_size: u64,
    /// Its root.
    pub new_root: Hash,
}

/// Whether `proof` shows that the later tree only appended to the earlier one (RFC 9162, 2.1.4.2).
#[must_use]
pub fn consistency_holds(growth: &Growth, proof: &[Hash]) -> bool {
    let Growth {
        old_size,
        old_root,
        new_size,
        new_root,
    } = *growth;
    if old_size == 0 || old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    let (mut here, mut last) = (old_size - 1, new_size - 1);
    while here & 1 == 1 {
        here >>= 1;
        last >>= 1;
    }
    // A perfect old tree is its own first proof node.
    let own = [old_root];
    let mut nodes = if old_size.is_power_of_two() {
        own.iter().chain(proof)
    } else {
        [].iter().chain(proof)
    };
    let Some(first) = nodes.next() else {
        return false;
    };
    let (mut old_computed, mut new_computed) = (*first, *first);
    for hash in nodes {
        if last == 0 {
            return false;
        }
        if here & 1 == 1 || here == last {
            old_computed = node(hash, &old_computed);
            new_computed = node(hash, &new_computed);
            while here & 1 == 0 && here != 0 {
                here >>= 1;
                last >>= 1;
            }
        } else {
            new_computed = node(&new_computed, hash);
        }
        here >>= 1;
        last >>= 1;
    }
    last == 0 && old_computed == old_root && new_computed == new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::leaf_hash;
    use proptest::prelude::*;

    /// The leaves of the Certificate Transparency reference tests for RFC 6962.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];

    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    const N1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    const N23: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    const N4567: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    const N4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    const N67: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    const N45: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

    fn reference_leaves() -> Vec<Hash> {
        LEAVES
            .iter()
            .map(|leaf| leaf_hash(&hex::decode(leaf).unwrap()))
            .collect()
    }

    fn in_hex(proof: Option<Vec<Hash>>) -> Vec<String> {
        proof.unwrap().iter().map(hex::encode).collect()
    }

    #[test]
    fn roots_are_those_of_the_reference() {
        let leaves = reference_leaves();
        for (size, expected) in ROOTS.iter().enumerate() {
            assert_eq!(
                hex::encode(root(&leaves[..size])),
                *expected,
                "{size} leaves"
            );
        }
    }

    #[test]
    fn inclusion_proofs_are_those_of_the_reference() {
        let leaves = reference_leaves();
        assert_eq!(in_hex(inclusion_proof(&leaves, 0)), [N1, N23, N4567]);
        assert_eq!(in_hex(inclusion_proof(&leaves, 5)), [N4, N67, ROOTS[4]]);
        assert_eq!(in_hex(inclusion_proof(&leaves[..3], 2)), [ROOTS[2]]);
        assert_eq!(
            in_hex(inclusion_proof(&leaves[..5], 1)),
            [ROOTS[1], N23, N4]
        );
        assert_eq!(inclusion_proof(&leaves, 8), None);
    }

    #[test]
    fn consistency_proofs_are_those_of_the_reference() {
        let leaves = reference_leaves();
        assert_eq!(in_hex(consistency_proof(&leaves, 1)), [N1, N23, N4567]);
        assert_eq!(in_hex(consistency_proof(&leaves, 6)), [N45, N67, ROOTS[4]]);
        assert_eq!(in_hex(consistency_proof(&leaves[..5], 2)), [N23, N4]);
        assert_eq!(consistency_proof(&leaves, 8), Some(vec![]));
        assert_eq!(consistency_proof(&leaves, 0), None);
    }

    fn some_leaves() -> impl Strategy<Value = Vec<Hash>> {
        proptest::collection::vec(any::<[u8; 8]>(), 1..70)
            .prop_map(|leaves| leaves.iter().map(|leaf| leaf_hash(leaf)).collect())
    }

    proptest! {
        #[test]
        fn every_leaf_can_be_proved_and_no_other(leaves in some_leaves(), pick: prop::sample::Index) {
            let index = pick.index(leaves.len());
            let (size, whole) = (leaves.len() as u64, root(&leaves));
            let proof = inclusion_proof(&leaves, index).unwrap();
            let at = index as u64;
            prop_assert!(inclusion_holds(&leaves[index], at, size, &proof, &whole));
            prop_assert!(!inclusion_holds(&leaf_hash(b"another leaf"), at, size, &proof, &whole));
            prop_assert!(!inclusion_holds(&leaves[index], size, size, &proof, &whole));
            if let Some(shorter) = proof.split_last().map(|(_, rest)| rest) {
                prop_assert!(!inclusion_holds(&leaves[index], at, size, shorter, &whole));
            }
        }

        #[test]
        fn every_growth_can_be_proved_and_no_other(leaves in some_leaves(), pick: prop::sample::Index) {
            let old = pick.index(leaves.len()) + 1;
            let growth = Growth {
                old_size: old as u64,
                old_root: root(&leaves[..old]),
                new_size: leaves.len() as u64,
                new_root: root(&leaves),
            };
            let proof = consistency_proof(&leaves, old).unwrap();
            prop_assert!(consistency_holds(&growth, &proof));
            let forked = Growth { old_root: leaf_hash(b"another history"), ..growth };
            prop_assert!(!consistency_holds(&forked, &proof));
            let forked = Growth { new_root: leaf_hash(b"another history"), ..growth };
            prop_assert!(!consistency_holds(&forked, &proof));
        }
    }
}
