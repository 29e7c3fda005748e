//! The samples of the National Hospital Organization, explained. They lie outside the repository; without them the test
//! says so and passes.

use std::path::{Path, PathBuf};

use renkei_model::limits::Limits;

use super::{Kind, Severity, Verdict, View, inspect, json, text};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Each file is recognised, and what is wrong is said with its place. One file is empty but for two bytes and lies in another's
/// folder; two have one empty segment of every kind behind a complete message; and twelve, of which those two, have
/// another patient's number in PID-3 than in their names.
#[test]
fn every_sample_is_explained() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("RENKEI_SHARED").map_or_else(beside, PathBuf::from);
    let root = shared.join("hl7v2/ssmix2-nho/sampleData");
    if !root.is_dir() {
        println!("skipped: ../shared not found");
        return;
    }
    let (mut odd, mut other_patient, mut misfits, mut refused) = (0, 0, 0, 0);
    let files = files(&root);
    assert_eq!(files.len(), 22);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let inspection = inspect(&bytes, path.to_str(), &Limits::default());
        assert_eq!(inspection.kind, Some(Kind::Hl7), "{path:?}");
        let page = text(&inspection, &View::default());
        assert!(page.contains("SS-MIX2"), "{page}");
        let whole: serde_json::Value = serde_json::from_str(&json(&inspection, 10_000)).unwrap();
        assert_eq!(whole["bytes"], bytes.len());
        assert_eq!(whole["rowsNotShown"], 0);
        let faults = inspection.count(Severity::Fault);
        match inspection.verdict() {
            Verdict::Refused => {
                refused += 1;
                assert_eq!((bytes.len(), faults), (2, 2), "{page}");
                assert!(page.contains("MSHセグメントで始まります"), "{page}");
                continue;
            }
            Verdict::Odd => odd += 1,
            Verdict::Faulty => {
                let others = "PID-3 is not the patient's number in the file's name";
                other_patient += usize::from(page.contains(others));
                misfits += usize::from(faults > 1);
                assert!(faults == 1 || page.contains("TQ1  9行目"), "{page}");
            }
            verdict => panic!("{verdict:?}: {page}"),
        }
        assert!(page.contains("PID-3"), "{page}");
        // The only oddity: the 1C of an MLLP frame at their ends.
        assert_eq!(inspection.count(Severity::Notice), 1, "{page}");
    }
    assert_eq!((odd, other_patient, misfits, refused), (9, 12, 2, 1));
}
