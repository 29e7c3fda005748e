//! The offline verifier, run as an auditor runs it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use renkei_audit::checkpoint::Statement;
use renkei_audit::export::{Details, Line, checkpoint_line, header_line, leaf_line, read_line};
use renkei_audit::merkle::Frontier;
use renkei_audit::{Decision, FIRST_PREVIOUS, Leaf, Sealer, keys, link};
use renkei_model::caller::{Caller, CallerKind};
use renkei_model::id::{RecordId, RequestId};
use renkei_model::leaf::{SealedLeaf, StoredLeaf};
use renkei_model::{Instant, Purpose};

fn leaves(count: u64) -> Vec<StoredLeaf> {
    let sealer = Sealer::new([9; 32]);
    let mut previous = FIRST_PREVIOUS;
    (0..count)
        .map(|seq| {
            let SealedLeaf {
                id,
                at,
                canonical,
                hash,
                details,
                ..
            } = sealer.seal(&Leaf {
                at: Instant(1_795_312_800_000_000),
                network: None,
                caller: Caller {
                    kind: CallerKind::Facility,
                    facility: "0110000001".parse().unwrap(),
                    networks: vec![],
                },
                records: vec![RecordId::new()],
                shelves: vec![],
                purpose: Purpose::Treatment,
                action: "inbox.read",
                decision: Decision::Allow,
                rule: "rule".to_owned(),
                policy: "hash".to_owned(),
                request: RequestId::new(),
                bytes_out: seq,
                details: vec![("query".to_owned(), "0000000042".to_owned())],
            });
            previous = link(&previous, seq, &hash);
            StoredLeaf {
                id,
                seq: Some(seq),
                at,
                canonical,
                hash,
                link: Some(previous),
                details,
            }
        })
        .collect()
}

/// Writes export, public key and notes into the folder.
fn export(folder: &Path) {
    let signer = keys::signer(&folder.join("key.pem"), "renkei.example/audit").unwrap();
    let leaves = leaves(5);
    let mut tree = Frontier::default();
    leaves.iter().for_each(|leaf| tree.append(&leaf.hash));
    let checkpoint = signer.sign(&Statement {
        size: tree.size(),
        root: tree.root(),
        head: leaves[4].link.unwrap(),
        at: Instant(1_795_312_860_000_000),
    });
    let mut lines = vec![header_line(), checkpoint_line(&checkpoint)];
    lines.extend(leaves.iter().map(|leaf| leaf_line(leaf, Details::Included)));
    fs::write(folder.join("export.ndjson"), lines.join("\n") + "\n").unwrap();
    fs::write(
        folder.join("key.txt"),
        format!("{}\n", signer.verifying_key()),
    )
    .unwrap();
    fs::write(folder.join("notes.txt"), checkpoint.note).unwrap();
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_audit-verify"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

const ALL: [&str; 3] = ["export.ndjson", "key.txt", "notes.txt"];

#[test]
fn a_good_export_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    export(folder.path());
    let output = run(folder.path(), &ALL);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("leaves: 5\n"), "{text}");
    assert!(text.contains("checkpoints that agree: 1\n"), "{text}");
    assert!(text.ends_with("\nsound\n"), "{text}");
    assert_eq!(
        run(folder.path(), &ALL[..2]).status.code(),
        Some(0),
        "notes are optional"
    );
}

#[test]
fn an_export_with_a_line_less_is_not_sound() {
    let folder = tempfile::tempdir().unwrap();
    export(folder.path());
    let text = fs::read_to_string(folder.path().join("export.ndjson")).unwrap();
    for missing in 1..7 {
        let kept = text
            .lines()
            .enumerate()
            .filter(|(index, _)| *index != missing);
        let kept: Vec<&str> = kept.map(|(_, line)| line).collect();
        fs::write(folder.path().join("export.ndjson"), kept.join("\n")).unwrap();
        let output = run(folder.path(), &ALL);
        assert_eq!(
            output.status.code(),
            Some(1),
            "without line {}",
            missing + 1
        );
    }
}

#[test]
fn what_cannot_be_read_is_told_apart_from_what_is_not_sound() {
    let folder = tempfile::tempdir().unwrap();
    export(folder.path());
    assert_eq!(run(folder.path(), &[]).status.code(), Some(2));
    assert_eq!(
        run(folder.path(), &["nowhere", "key.txt"]).status.code(),
        Some(2)
    );
    assert_eq!(
        run(folder.path(), &["export.ndjson", "notes.txt"])
            .status
            .code(),
        Some(2)
    );
    fs::write(folder.path().join("export.ndjson"), "{\"type\":\"leaf\"}\n").unwrap();
    let output = run(folder.path(), &ALL);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("export line 1")
    );
}

#[test]
fn lines_read_back() {
    for leaf in leaves(2) {
        let read = read_line(1, &leaf_line(&leaf, Details::Included)).unwrap();
        assert_eq!(read, Line::Leaf(leaf.clone()));
        let bare = StoredLeaf {
            details: vec![],
            ..leaf.clone()
        };
        assert_eq!(
            read_line(1, &leaf_line(&leaf, Details::LeftOut)).unwrap(),
            Line::Leaf(bare)
        );
        let waiting = StoredLeaf {
            seq: None,
            link: None,
            ..leaf
        };
        let read = read_line(1, &leaf_line(&waiting, Details::Included)).unwrap();
        assert_eq!(read, Line::Leaf(waiting));
    }
    assert_eq!(read_line(1, &header_line()).unwrap(), Line::Header);
    for bad in [
        "",
        "{}",
        "[]",
        "{\"type\":\"export\",\"version\":2}",
        "{\"type\":\"checkpoint\"}",
    ] {
        assert!(read_line(1, bad).is_err(), "{bad}");
    }
}
