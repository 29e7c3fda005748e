//! Every way of changing a log that we know of, and the verifier's word on it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use renkei_audit::checkpoint::{Signer, Statement};
use renkei_audit::merkle::Frontier;
use renkei_audit::{
    Decision, FIRST_PREVIOUS, FindingKind, Leaf, Report, Sealer, leaf_hash, link, verify,
};
use renkei_model::caller::{Caller, CallerKind};
use renkei_model::id::{LeafId, RecordId, RequestId};
use renkei_model::leaf::{Checkpoint, SealedLeaf, StoredLeaf};
use renkei_model::{Instant, Purpose};

const START: i64 = 1_795_312_800_000_000;

fn signer() -> Signer {
    Signer::new("renkei.example/audit", SigningKey::from_bytes(&[5; 32])).unwrap()
}

fn sealed(at: i64) -> SealedLeaf {
    Sealer::new([9; 32]).seal(&Leaf {
        at: Instant(at),
        network: Some("kitamaru".parse().unwrap()),
        caller: Caller {
            kind: CallerKind::System {
                client: "ehr-1".parse().unwrap(),
            },
            facility: "0110000001".parse().unwrap(),
            networks: vec!["kitamaru".parse().unwrap()],
        },
        records: vec![RecordId::new()],
        shelves: vec![],
        purpose: Purpose::Treatment,
        action: "fhir.read",
        decision: Decision::Allow,
        rule: "rule".to_owned(),
        policy: "hash".to_owned(),
        request: RequestId::new(),
        bytes_out: 10,
        details: vec![("query".to_owned(), "地域ID".to_owned())],
    })
}

/// A log as a store keeps it.
#[derive(Clone)]
struct Log {
    leaves: Vec<StoredLeaf>,
    checkpoints: Vec<Checkpoint>,
}

/// Ten leaves, checkpoints after four and eight.
fn log() -> Log {
    let mut leaves: Vec<StoredLeaf> = (0..10)
        .map(|seq| {
            let SealedLeaf {
                id,
                at,
                canonical,
                hash,
                details,
                ..
            } = sealed(START + seq);
            StoredLeaf {
                id,
                seq: None,
                at,
                canonical,
                hash,
                link: None,
                details,
            }
        })
        .collect();
    number(&mut leaves);
    let checkpoints = vec![sign(&leaves, 4), sign(&leaves, 8)];
    Log {
        leaves,
        checkpoints,
    }
}

/// What somebody with the whole database and without the signing key can always do.
fn number(leaves: &mut [StoredLeaf]) {
    let mut previous = FIRST_PREVIOUS;
    for (seq, leaf) in (0..).zip(leaves.iter_mut()) {
        leaf.hash = leaf_hash(&leaf.canonical);
        previous = link(&previous, seq, &leaf.hash);
        leaf.seq = Some(seq);
        leaf.link = Some(previous);
    }
}

fn sign(leaves: &[StoredLeaf], size: usize) -> Checkpoint {
    let mut tree = Frontier::default();
    leaves[..size]
        .iter()
        .for_each(|leaf| tree.append(&leaf.hash));
    let head = leaves[..size]
        .last()
        .and_then(|leaf| leaf.link)
        .unwrap_or(FIRST_PREVIOUS);
    let statement = Statement {
        size: size as u64,
        root: tree.root(),
        head,
        at: Instant(START),
    };
    signer().sign(&statement)
}

impl Log {
    fn verify(&self) -> Report {
        self.verify_with(&[])
    }

    fn verify_with(&self, notes: &[String]) -> Report {
        let leaves = self.leaves.iter().cloned();
        verify(leaves, &self.checkpoints, signer().verifying_key(), notes)
    }

    fn notes(&self) -> Vec<String> {
        self.checkpoints
            .iter()
            .map(|checkpoint| checkpoint.note.clone())
            .collect()
    }
}

#[track_caller]
fn assert_found(report: &Report, kind: FindingKind, seq: u64) {
    assert!(!report.is_sound());
    let found = report
        .findings
        .iter()
        .any(|one| one.kind == kind && one.seq == Some(seq));
    assert!(found, "{kind:?} at {seq} is not in {:?}", report.findings);
}

#[test]
fn a_log_that_nobody_touched_is_sound() {
    let log = log();
    let report = log.verify_with(&log.notes());
    assert_eq!(report.findings, []);
    assert!(report.is_sound());
    assert_eq!(
        (
            report.leaves,
            report.checked_checkpoints,
            report.unsigned_tail
        ),
        (10, 2, 2)
    );
}

#[test]
fn an_empty_log_is_sound() {
    let report = verify([], &[sign(&[], 0)], signer().verifying_key(), &[]);
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.checked_checkpoints, 1);
}

#[test]
fn leaves_without_a_position_are_counted_and_checked() {
    let mut log = log();
    for leaf in &mut log.leaves[8..] {
        (leaf.seq, leaf.link) = (None, None);
    }
    let report = log.verify();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(
        (report.leaves, report.unnumbered, report.unsigned_tail),
        (8, 2, 0)
    );
    log.leaves[9].canonical[40] ^= 1;
    assert!(!log.verify().is_sound());
}

#[test]
fn an_edited_leaf() {
    let mut log = log();
    let text = String::from_utf8(log.leaves[5].canonical.clone()).unwrap();
    log.leaves[5].canonical = text.replace("allow", "deny").into_bytes();
    assert_found(&log.verify(), FindingKind::Edited, 5);
    log.leaves[5].hash = leaf_hash(&log.leaves[5].canonical);
    assert_found(&log.verify(), FindingKind::LinkBroken, 5);
    number(&mut log.leaves);
    assert_found(&log.verify(), FindingKind::HistoryChanged, 8);
}

#[test]
fn an_edited_leaf_in_the_unsigned_tail_breaks_the_chain() {
    let mut log = log();
    log.leaves[9].canonical.push(b' ');
    assert_found(&log.verify(), FindingKind::Edited, 9);
}

#[test]
fn an_edited_detail_and_a_deleted_one() {
    let mut log = log();
    log.leaves[2].details.clear();
    assert!(log.verify().is_sound(), "a detail may be deleted");
    log.leaves[3].details[0].value = "another".to_owned();
    assert_found(&log.verify(), FindingKind::DetailEdited, 3);
}

#[test]
fn another_id_or_time_beside_the_leaf() {
    let mut log = log();
    log.leaves[1].at = Instant(START - 1);
    assert_found(&log.verify(), FindingKind::Misfiled, 1);
    log.leaves[2].id = LeafId::new();
    assert_found(&log.verify(), FindingKind::Misfiled, 2);
}

#[test]
fn a_deleted_leaf() {
    for seq in [0, 4, 5] {
        let mut log = log();
        log.leaves.remove(seq);
        assert_found(&log.verify(), FindingKind::Missing, seq as u64);
        number(&mut log.leaves);
        assert_found(&log.verify(), FindingKind::HistoryChanged, 8);
    }
}

#[test]
fn a_whole_day_deleted() {
    let mut log = log();
    log.leaves.drain(2..6);
    log.checkpoints.remove(0);
    assert_found(&log.verify(), FindingKind::Missing, 2);
}

#[test]
fn truncation() {
    let mut log = log();
    log.leaves.truncate(6);
    assert_found(&log.verify(), FindingKind::Truncated, 8);
    log.leaves.clear();
    assert_found(&log.verify(), FindingKind::Truncated, 4);
}

#[test]
fn truncation_together_with_its_checkpoint_shows_by_the_file_of_notes() {
    let mut log = log();
    let notes = log.notes();
    log.leaves.truncate(6);
    log.checkpoints.truncate(1);
    assert!(log.verify().is_sound(), "the database alone cannot tell");
    let report = log.verify_with(&notes);
    assert_found(&report, FindingKind::CheckpointMissing, 8);
    assert_found(&report, FindingKind::Truncated, 8);
}

#[test]
fn an_old_database_put_back_shows_by_the_file_of_notes() {
    let mut older = log();
    let notes = older.notes();
    older.leaves.truncate(4);
    older.checkpoints.truncate(1);
    assert_found(&older.verify_with(&notes), FindingKind::Truncated, 8);
}

#[test]
fn swapped_leaves() {
    let mut log = log();
    log.leaves.swap(5, 6);
    assert_found(&log.verify(), FindingKind::OutOfOrder, 5);
    let (fifth, sixth) = (log.leaves[5].seq, log.leaves[6].seq);
    (log.leaves[5].seq, log.leaves[6].seq) = (sixth, fifth);
    assert_found(&log.verify(), FindingKind::LinkBroken, 5);
    number(&mut log.leaves);
    assert_found(&log.verify(), FindingKind::HistoryChanged, 8);
}

#[test]
fn a_duplicated_leaf() {
    let mut log = log();
    log.leaves.insert(6, log.leaves[5].clone());
    assert_found(&log.verify(), FindingKind::OutOfOrder, 5);
}

#[test]
fn an_inserted_leaf() {
    let mut log = log();
    let SealedLeaf {
        id,
        at,
        canonical,
        hash,
        details,
        ..
    } = sealed(START + 3);
    let inserted = StoredLeaf {
        id,
        seq: Some(3),
        at,
        canonical,
        hash,
        link: None,
        details,
    };
    log.leaves.insert(3, inserted);
    assert_found(&log.verify(), FindingKind::LinkBroken, 3);
    number(&mut log.leaves);
    assert_found(&log.verify(), FindingKind::HistoryChanged, 4);
}

#[test]
fn an_edited_checkpoint() {
    let mut log = log();
    log.checkpoints[1].root = [0; 32];
    assert_found(&log.verify(), FindingKind::CheckpointInvalid, 8);
    log.checkpoints[1].note = log.checkpoints[1].note.replacen("\n8\n", "\n7\n", 1);
    assert_found(&log.verify(), FindingKind::CheckpointInvalid, 8);
}

#[test]
fn another_key() {
    let log = log();
    let other = Signer::new("renkei.example/audit", SigningKey::from_bytes(&[6; 32])).unwrap();
    let report = verify(
        log.leaves.clone(),
        &log.checkpoints,
        other.verifying_key(),
        &[],
    );
    assert_found(&report, FindingKind::CheckpointInvalid, 4);
    assert_eq!(report.unsigned_tail, 10);
}

#[test]
fn two_histories() {
    let first = log();
    let mut second = log();
    let report = second.verify_with(&first.notes());
    assert_found(&report, FindingKind::Forked, 4);
    second.checkpoints.extend(first.checkpoints);
    assert_found(&second.verify(), FindingKind::Forked, 8);
}

#[test]
fn a_clock_that_was_set_back_is_told_and_is_no_tampering() {
    let mut log = log();
    let SealedLeaf {
        id,
        at,
        canonical,
        hash,
        details,
        ..
    } = sealed(START - 3_600_000_000);
    let late = StoredLeaf {
        id,
        seq: None,
        at,
        canonical,
        hash,
        link: None,
        details,
    };
    log.leaves.push(late);
    number(&mut log.leaves);
    let report = log.verify();
    assert!(report.is_sound());
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].kind, FindingKind::ClockBack);
}

#[test]
fn a_ruined_log_does_not_fill_the_memory() {
    let mut log = log();
    for round in 0..200 {
        let mut copy = log.leaves[round % 10].clone();
        copy.canonical.clear();
        log.leaves.push(copy);
    }
    let report = log.verify();
    assert_eq!(report.findings.len(), 100);
    assert!(report.findings_left_out > 100);
}

/// One byte of one leaf, anywhere that the store keeps a byte.
fn change(leaf: &mut StoredLeaf, part: u8, pick: prop::sample::Index, flip: u8) {
    match part {
        0 => {
            let at = pick.index(leaf.canonical.len());
            leaf.canonical[at] ^= flip;
        }
        1 => leaf.hash[pick.index(32)] ^= flip,
        2 => leaf
            .link
            .iter_mut()
            .for_each(|link| link[pick.index(32)] ^= flip),
        3 => leaf.details[0].salt[pick.index(16)] ^= flip,
        4 => leaf.details[0].value.push(char::from(flip)),
        5 => leaf.details[0].name.push(char::from(flip)),
        6 => leaf.at = Instant(leaf.at.0 ^ i64::from(flip)),
        _ => leaf.seq = leaf.seq.map(|seq| seq ^ u64::from(flip)),
    }
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(
        which in 0_usize..10, part in 0_u8..8, pick: prop::sample::Index, flip in 1_u8..=255,
    ) {
        let mut log = log();
        change(&mut log.leaves[which], part, pick, flip);
        prop_assert!(!log.verify().is_sound());
    }
}
