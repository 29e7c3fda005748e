//! From what happened to a sealed leaf: pseudonyms for records, digests for what is personal.

use std::collections::HashMap;

use hmac::{Hmac, Mac};
use rand_core::{OsRng, RngCore};
use renkei_model::id::{LeafId, NetworkName, RecordId, RequestId};
use renkei_model::leaf::{LeafDetail, SealedLeaf};
use renkei_model::{Caller, Instant, Purpose, Shelf};
use sha2::{Digest, Sha256};

use crate::chain::{detail_digest, leaf_hash};
use crate::entry::{
    Decision, Entry, EntryDetail, EntryShelf, EntryShelves, encode, shelf_list_json,
};

/// More shelves than this are written as their number and a digest.
const SHELVES_LISTED_MAX: usize = 50;

/// Hex digits of a pseudonym: 128 bits, so that two records do not meet.
const PSEUDONYM_DIGITS: usize = 32;

/// What a request did, in plain words. Never stored like this.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// When.
    pub at: Instant,
    /// The network whose data it is about, if one.
    pub network: Option<NetworkName>,
    /// Who.
    pub caller: Caller,
    /// The records whose data the request touched, in any order.
    pub records: Vec<RecordId>,
    /// The shelves and the versions on them.
    pub shelves: Vec<(Shelf, i64)>,
    /// Why.
    pub purpose: Purpose,
    /// What: `message.receive`, `fhir.read`, ...
    pub action: &'static str,
    /// What was decided.
    pub decision: Decision,
    /// The rule that decided; never personal.
    pub rule: String,
    /// Hash of the policy set.
    pub policy: String,
    /// The request.
    pub request: RequestId,
    /// Bytes of a buffered answer.
    pub bytes_out: u64,
    /// What is personal or identifying, by name. The leaf gets salted digests of the values; the
    /// values are kept beside it and can be deleted without breaking the chain.
    pub details: Vec<(String, String)>,
}

/// Seals leaves with the installation's pseudonym key.
#[derive(Clone)]
pub struct Sealer {
    mac: Hmac<Sha256>,
}

impl Sealer {
    /// A sealer with this HMAC key (see [`crate::keys::pseudonym_key`]). Another key gives every
    /// record another pseudonym: it must be kept as long as the log.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        // HMAC pads a key to one block of its hash, 64 bytes for SHA-256.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key);
        Self {
            mac: Hmac::new(&block.into()),
        }
    }

    /// The name under which a record stands in the log: HMAC-SHA-256, first 128 bits, hex.
    #[must_use]
    pub fn pseudonym(&self, record: &RecordId) -> String {
        let mut mac = self.mac.clone();
        mac.update(b"record:");
        mac.update(record.to_string().as_bytes());
        let mut digits = hex::encode(mac.finalize().into_bytes());
        digits.truncate(PSEUDONYM_DIGITS);
        digits
    }

    /// Encodes a leaf, once and for ever.
    #[must_use]
    pub fn seal(&self, leaf: &Leaf) -> SealedLeaf {
        let id = LeafId::new();
        let mut names = Names {
            sealer: self,
            known: HashMap::new(),
        };
        let mut pseudonyms: Vec<String> =
            leaf.records.iter().map(|record| names.of(record)).collect();
        pseudonyms.sort_unstable();
        pseudonyms.dedup();
        let details: Vec<LeafDetail> = leaf.details.iter().map(with_salt).collect();
        let digests = details.iter().map(|detail| EntryDetail {
            name: detail.name.clone(),
            digest: detail_digest(&detail.salt, &detail.name, &detail.value),
        });
        let canonical = encode(&Entry {
            leaf: id,
            at: leaf.at,
            network: leaf.network.clone(),
            actor: leaf.caller.actor(),
            profession: leaf.caller.profession(),
            facility: leaf.caller.facility.clone(),
            records: pseudonyms.clone(),
            shelves: shelves(&leaf.shelves, &mut names),
            purpose: leaf.purpose,
            action: leaf.action.to_owned(),
            decision: leaf.decision,
            rule: leaf.rule.clone(),
            policy: leaf.policy.clone(),
            request: leaf.request,
            bytes_out: leaf.bytes_out,
            details: digests.collect(),
        });
        let hash = leaf_hash(&canonical);
        let network = leaf.network.clone();
        SealedLeaf {
            id,
            at: leaf.at,
            network,
            canonical,
            hash,
            pseudonyms,
            details,
        }
    }
}

/// The pseudonyms of one leaf: a record's shelves are many, and each name costs two hashes.
struct Names<'s> {
    sealer: &'s Sealer,
    known: HashMap<RecordId, String>,
}

impl Names<'_> {
    fn of(&mut self, record: &RecordId) -> String {
        let name = self.known.entry(*record);
        name.or_insert_with(|| self.sealer.pseudonym(record))
            .clone()
    }
}

fn shelves(shelves: &[(Shelf, i64)], names: &mut Names<'_>) -> EntryShelves {
    let list: Vec<EntryShelf> = shelves
        .iter()
        .map(|(shelf, version)| EntryShelf {
            network: shelf.network.clone(),
            record: names.of(&shelf.record),
            category: shelf.category,
            owner: shelf.owner.clone(),
            sensitivity: shelf.sensitivity,
            version: *version,
        })
        .collect();
    if list.len() <= SHELVES_LISTED_MAX {
        return EntryShelves::Listed(list);
    }
    let digest = Sha256::digest(shelf_list_json(&list)).into();
    EntryShelves::Counted {
        count: list.len() as u64,
        digest,
    }
}

fn with_salt((name, value): &(String, String)) -> LeafDetail {
    let mut salt = [0; 16];
    OsRng.fill_bytes(&mut salt);
    LeafDetail {
        name: name.clone(),
        salt,
        value: value.clone(),
    }
}
