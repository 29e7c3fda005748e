//! The verifier: is this log the one that was written?
//!
//! It trusts nothing but the public key. A leaf that was edited no longer fits its hash; one whose
//! hash was edited too no longer fits its link; a chain that was made anew no longer fits the signed
//! checkpoints. What came after the last checkpoint is held by the chain alone, and the report says
//! how much that is.

use std::collections::BTreeMap;

use renkei_model::leaf::{Checkpoint, Hash, StoredLeaf};

use crate::chain::{FIRST_PREVIOUS, detail_digest, leaf_hash, link};
use crate::checkpoint::VerifyingKey;
use crate::entry::{Entry, decode};
use crate::merkle::Frontier;

/// Findings that a report lists; the rest is only counted, as one broken link can be followed by
/// thousands.
const FINDINGS_MAX: usize = 100;

/// Leaves are numbered at commit but carry the time of arrival, so times may go back by as long as
/// a request takes. More than this is a clock that was set back.
const CLOCK_BACK_MAX_MICROS: i64 = 300_000_000;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// The bytes no longer fit the hash that was stored with them.
    Edited,
    /// The bytes are not a leaf.
    Malformed,
    /// Id or time beside the leaf are not those inside it.
    Misfiled,
    /// A detail is not the one that the leaf's digest stands for.
    DetailEdited,
    /// Positions are missing: leaves were deleted.
    Missing,
    /// A position comes again or too late: leaves were inserted or swapped.
    OutOfOrder,
    /// The link does not follow from the one before.
    LinkBroken,
    /// The leaves are not those that a signed checkpoint saw.
    HistoryChanged,
    /// A signed checkpoint saw more leaves than there are.
    Truncated,
    /// A checkpoint is not signed by the key, or what is stored beside the note differs from it.
    CheckpointInvalid,
    /// A checkpoint that lies in the file of notes is gone from the log.
    CheckpointMissing,
    /// Two signed checkpoints of one size differ: there were two histories.
    Forked,
    /// Time went back by more than five minutes. Not tampering by itself.
    ClockBack,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Position of the leaf; for checkpoints, the number of leaves that they saw.
    pub seq: Option<u64>,
    /// What.
    pub kind: FindingKind,
    /// For people. Nothing personal in it.
    pub text: String,
}

/// What the verifier saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Leaves that have a position.
    pub leaves: u64,
    /// Leaves that wait for one (PostgreSQL numbers them within 100 ms).
    pub unnumbered: u64,
    /// Checkpoints with a good signature whose root and head the leaves gave again.
    pub checked_checkpoints: u64,
    /// Leaves after the last such checkpoint.
    pub unsigned_tail: u64,
    /// What is not as it should be, the first hundred.
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub findings_left_out: u64,
}

impl Report {
    /// Whether nothing was tampered with, as far as chain and checkpoints reach.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings_left_out == 0
            && self
                .findings
                .iter()
                .all(|finding| finding.kind == FindingKind::ClockBack)
    }

    fn found(&mut self, seq: Option<u64>, kind: FindingKind, text: impl Into<String>) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                seq,
                kind,
                text: text.into(),
            });
        } else {
            self.findings_left_out += 1;
        }
    }
}

/// Verifies a log leaf by leaf, in the order of positions, in constant memory.
#[derive(Debug)]
pub struct Verifier {
    report: Report,
    /// Signed checkpoints that the leaves have not reached yet.
    ahead: BTreeMap<u64, Checkpoint>,
    tree: Frontier,
    /// Leaves were missing: the tree cannot be built again, links still tell something.
    tree_is_broken: bool,
    next_seq: u64,
    previous_link: Hash,
    latest_micros: i64,
    signed_size: u64,
}

impl Verifier {
    /// A verifier with the checkpoints of the log, the notes of the append-only file beside it
    /// (none if there is no such file), and the public key of both.
    #[must_use]
    pub fn new(checkpoints: &[Checkpoint], file_notes: &[String], key: &VerifyingKey) -> Self {
        let mut verifier = Self {
            report: Report::default(),
            ahead: BTreeMap::new(),
            tree: Frontier::default(),
            tree_is_broken: false,
            next_seq: 0,
            previous_link: FIRST_PREVIOUS,
            latest_micros: i64::MIN,
            signed_size: 0,
        };
        for stored in checkpoints {
            verifier.take_stored(stored, key);
        }
        for note in file_notes {
            verifier.take_noted(note, checkpoints, key);
        }
        verifier.compare_checkpoint();
        verifier
    }

    fn take_stored(&mut self, stored: &Checkpoint, key: &VerifyingKey) {
        let seq = Some(stored.size);
        match key.open(&stored.note) {
            Err(error) => {
                self.report
                    .found(seq, FindingKind::CheckpointInvalid, error.to_string());
            }
            Ok(signed) => {
                if signed != *stored {
                    let text = "size, root, head or time beside the note differ from the note";
                    self.report.found(seq, FindingKind::CheckpointInvalid, text);
                }
                self.expect(signed);
            }
        }
    }

    fn take_noted(&mut self, note: &str, stored: &[Checkpoint], key: &VerifyingKey) {
        match key.open(note) {
            Err(error) => {
                let text = format!("in the file of notes: {error}");
                self.report
                    .found(None, FindingKind::CheckpointInvalid, text);
            }
            Ok(signed) => {
                if !stored.iter().any(|one| one.note == signed.note) {
                    let text = "a checkpoint of the file of notes is not in the log";
                    self.report
                        .found(Some(signed.size), FindingKind::CheckpointMissing, text);
                }
                self.expect(signed);
            }
        }
    }

    fn expect(&mut self, signed: Checkpoint) {
        let (size, root, head) = (signed.size, signed.root, signed.head);
        let first = self.ahead.entry(size).or_insert(signed);
        if first.root != root || first.head != head {
            let text = "two signed checkpoints of this size differ";
            self.report.found(Some(size), FindingKind::Forked, text);
        }
    }

    /// Takes the next leaf.
    pub fn push(&mut self, leaf: &StoredLeaf) {
        let hash = leaf_hash(&leaf.canonical);
        if hash != leaf.hash {
            let text = "the leaf does not fit the hash stored with it";
            self.report.found(leaf.seq, FindingKind::Edited, text);
        }
        self.check_content(leaf);
        match leaf.seq {
            None => self.report.unnumbered += 1,
            Some(seq) => self.take_position(leaf, seq, &hash),
        }
    }

    fn check_content(&mut self, leaf: &StoredLeaf) {
        let entry = match decode(&leaf.canonical) {
            Ok(entry) => entry,
            Err(error) => {
                self.report
                    .found(leaf.seq, FindingKind::Malformed, error.to_string());
                return;
            }
        };
        if entry.leaf != leaf.id || entry.at != leaf.at {
            let text = "id or time beside the leaf differ from those in it";
            self.report.found(leaf.seq, FindingKind::Misfiled, text);
        }
        if !details_fit(leaf, &entry) {
            let text = "a detail is not the one that the leaf's digest stands for";
            self.report.found(leaf.seq, FindingKind::DetailEdited, text);
        }
        if leaf.seq.is_some() {
            if entry.at.0 < self.latest_micros.saturating_sub(CLOCK_BACK_MAX_MICROS) {
                let text = "time goes back by more than five minutes";
                self.report.found(leaf.seq, FindingKind::ClockBack, text);
            }
            // Not the maximum: a clock that was set right is reported once.
            self.latest_micros = entry.at.0;
        }
    }

    fn take_position(&mut self, leaf: &StoredLeaf, seq: u64, hash: &Hash) {
        self.report.leaves += 1;
        if seq < self.next_seq {
            let text = format!("position {seq} comes after position {}", self.next_seq - 1);
            self.report.found(Some(seq), FindingKind::OutOfOrder, text);
            self.tree_is_broken = true;
            return;
        }
        let comes_next = seq == self.next_seq;
        if !comes_next {
            let text = format!("positions {} to {} are missing", self.next_seq, seq - 1);
            self.report
                .found(Some(self.next_seq), FindingKind::Missing, text);
            self.tree_is_broken = true;
        }
        match leaf.link {
            // The stored hash, so that one edited byte is one finding and not two.
            Some(stored) if comes_next && stored != link(&self.previous_link, seq, &leaf.hash) => {
                let text = "the link does not follow from the one before";
                self.report.found(Some(seq), FindingKind::LinkBroken, text);
            }
            Some(_) => {}
            None => self
                .report
                .found(Some(seq), FindingKind::LinkBroken, "the link is missing"),
        }
        self.previous_link = leaf.link.unwrap_or(FIRST_PREVIOUS);
        self.next_seq = seq.saturating_add(1);
        self.tree.append(hash);
        self.compare_checkpoint();
    }

    /// Holds the leaves so far against the checkpoint of their number, if there is one.
    fn compare_checkpoint(&mut self) {
        let Some(signed) = self.ahead.remove(&self.next_seq) else {
            return;
        };
        let root_fits = !self.tree_is_broken && self.tree.root() == signed.root;
        if root_fits && self.previous_link == signed.head {
            self.report.checked_checkpoints += 1;
            self.signed_size = signed.size;
        } else {
            let text = format!(
                "the first {} leaves are not those that were signed",
                signed.size
            );
            self.report
                .found(Some(signed.size), FindingKind::HistoryChanged, text);
        }
    }

    /// The report, after the last leaf.
    #[must_use]
    pub fn finish(mut self) -> Report {
        for size in std::mem::take(&mut self.ahead).into_keys() {
            let (kind, text) = if size > self.next_seq {
                let text = format!("{size} leaves were signed, and there are {}", self.next_seq);
                (FindingKind::Truncated, text)
            } else {
                let text = format!("the leaves up to the signed number {size} are not all there");
                (FindingKind::HistoryChanged, text)
            };
            self.report.found(Some(size), kind, text);
        }
        self.report.unsigned_tail = self.next_seq.saturating_sub(self.signed_size);
        self.report
    }
}

/// Whether every detail that still exists is one of the leaf's. Deleted ones are nobody's fault.
fn details_fit(leaf: &StoredLeaf, entry: &Entry) -> bool {
    leaf.details.iter().all(|detail| {
        let digest = detail_digest(&detail.salt, &detail.name, &detail.value);
        entry
            .details
            .iter()
            .any(|known| known.name == detail.name && known.digest == digest)
    })
}

/// Verifies a whole log: its leaves in the order of positions, unnumbered ones anywhere; its
/// checkpoints; the notes of the append-only file beside it.
#[must_use]
pub fn verify(
    leaves: impl IntoIterator<Item = StoredLeaf>,
    checkpoints: &[Checkpoint],
    key: &VerifyingKey,
    file_notes: &[String],
) -> Report {
    let mut verifier = Verifier::new(checkpoints, file_notes, key);
    for leaf in leaves {
        verifier.push(&leaf);
    }
    verifier.finish()
}
