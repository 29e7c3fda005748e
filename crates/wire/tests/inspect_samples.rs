//! The samples of the National Hospital Organization, explained. They lie outside the repository; without them the test
//! says so and passes.

use std::path::{Path, PathBuf};

use renkei_model::limits::Limits;
use renkei_wire::inspect::{Kind, Severity, Verdict, View, inspect, json, text};

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

/// Each file is recognised, and what is wrong with it is said with its place: one is empty, one lies in another's folder, one
/// is the transmission of a withdrawal, and two have one empty segment of every kind behind a complete message.
#[test]
fn every_sample_is_explained() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("RENKEI_SHARED").map_or_else(beside, PathBuf::from);
    let root = shared.join("hl7v2/ssmix2-nho/sampleData");
    if !root.is_dir() {
        println!("skipped: ../shared not found");
        return;
    }
    let mut verdicts = std::collections::BTreeMap::new();
    let files = files(&root);
    assert_eq!(files.len(), 22);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let inspection = inspect(&bytes, path.to_str(), &Limits::default());
        assert_eq!(inspection.kind, Some(Kind::Hl7), "{path:?}");
        *verdicts.entry(inspection.verdict()).or_insert(0) += 1;
        let page = text(&inspection, &View::default());
        if std::env::var_os("RENKEI_SHOW").is_some() {
            println!("{}\n{page}\n", path.display());
        }
        assert!(page.contains("SS-MIX2"), "{page}");
        let faults = inspection.count(Severity::Fault);
        assert_eq!(faults > 0, inspection.verdict() > Verdict::Odd, "{page}");
        if inspection.verdict() == Verdict::Refused {
            assert!(bytes.len() <= 2 && page.contains("バイト / byte"), "{page}");
        } else {
            assert!(page.contains("PID-3.1") || page.contains("PID-3"), "{page}");
        }
        let whole: serde_json::Value = serde_json::from_str(&json(&inspection, 10_000)).unwrap();
        assert_eq!(whole["format"], "hl7-v2");
        assert_eq!(whole["bytes"], bytes.len());
        assert_eq!(whole["rowsNotShown"], 0);
    }
    println!("{verdicts:?}");
}
