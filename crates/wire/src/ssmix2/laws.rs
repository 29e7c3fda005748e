//! What holds for every path: out and in again is the same, and no bytes lead out of the root.

use std::path::{Component, Path};

use proptest::prelude::*;

use super::{Condition, DataKind, Doubt, Entry, Key, Standing, decode_name, decode_path, standing};
use crate::mutants;

pub(super) fn kind() -> impl Strategy<Value = DataKind> {
    prop::sample::select(DataKind::all().collect::<Vec<_>>())
}

fn entry() -> impl Strategy<Value = Entry> {
    let day = (1868..=9999_u16, 1..=12_u8, 1..=28_u8)
        .prop_map(|(year, month, day)| format!("{year:04}{month:02}{day:02}"));
    let time =
        (0..24_u8, 0..60_u8, 0..60_u8, 0..1000_u16).prop_map(|(hour, minute, second, milli)| {
            format!("{hour:02}{minute:02}{second:02}{milli:03}")
        });
    let flag = prop_oneof![
        Just(Condition::Withdrawn),
        Just(Condition::Active),
        Just(Condition::Replaced)
    ];
    let key = (
        "[0-9A-Za-z]{6,15}",
        prop::option::of(day.clone()),
        kind(),
        "[0-9A-Za-z]{1,15}",
    );
    let unit = prop::option::of("[0-9A-Z]{1,5}");
    (key, day, time, unit, flag).prop_map(
        |((patient, date, kind, order), day, time, department, condition)| Entry {
            key: Key {
                patient,
                date,
                kind,
                order,
            },
            stamp: day + &time,
            department,
            condition,
        },
    )
}

proptest! {
    #[test]
    fn out_and_in_again_is_the_same(entry in entry()) {
        let path = entry.path();
        prop_assert_eq!(decode_path(&path), Ok(entry.clone()));
        prop_assert_eq!(decode_name(&entry.name()), Ok(entry.clone()));
        prop_assert_eq!(entry.check(), Ok(()));
        prop_assert_eq!(decode_path(&path).unwrap().path(), path);
    }

    /// Correcting and deleting change the flag and nothing by which a file is known.
    #[test]
    fn a_flag_does_not_change_the_identity(entry in entry()) {
        for condition in [Condition::Withdrawn, Condition::Active, Condition::Replaced] {
            prop_assert_eq!(entry.with(condition).identity(), entry.identity());
        }
        prop_assert!(entry.path().starts_with(entry.identity().as_str()));
    }
}

#[test]
fn ten_thousand_broken_paths_stay_inside() {
    let seeds = [
        "000/000/0000001/20240401/OMP-01/0000001_20240401_OMP-01_000000000000123_20240401101530123_01_1",
        "000/000/0000001/-/ADT-00/0000001_-_ADT-00_999999999999999_20240401101530123_-_0",
        "../../etc/passwd",
        "/etc/shadow",
        "000/../000/0000001/-/ADT-00/患者",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    mutants::survive(&seeds, |bytes| {
        let path = String::from_utf8_lossy(bytes);
        match decode_path(&path) {
            Ok(entry) => {
                assert_eq!(entry.path(), path);
                let normal = |part| matches!(part, Component::Normal(_));
                assert!(Path::new(&*path).components().all(normal));
            }
            Err(error) => {
                assert!(error.span().end <= path.len() && error.span().start <= error.span().end)
            }
        }
        let _ = decode_name(&path);
    });
}

#[test]
fn the_kinds_are_the_guidelines() {
    assert_eq!(DataKind::all().count(), 26);
    let admission = DataKind::of("ADT-22").unwrap();
    assert_eq!(
        (admission.name(), admission.messages()),
        ("入院実施", &["ADT^A01", "ADT^A11"][..])
    );
    assert!(DataKind::all().all(|kind| DataKind::of(kind.code()) == Some(kind)));
}

fn file(stamp: &str, flag: char) -> Entry {
    let name = format!("0000001_20240401_OMP-01_000000000000123_{stamp}000_01_{flag}");
    decode_name(&name).unwrap()
}

#[test]
fn the_newest_file_decides() {
    let (one, two, three) = ("20240401100000", "20240401110000", "20240401120000");
    let check = |files: &[Entry]| {
        standing(files).map(|found| match found {
            Standing::Active(entry) => ("active", entry.stamp.clone(), None),
            Standing::Withdrawn(entry) => ("withdrawn", entry.stamp.clone(), None),
            Standing::Unclear { doubt, newest } => ("unclear", newest.stamp.clone(), Some(doubt)),
        })
    };
    let is = |word, stamp: &str, doubt| Some((word, format!("{stamp}000"), doubt));
    assert_eq!(check(&[]), None);
    assert_eq!(check(&[file(one, '1')]), is("active", one, None));
    // Corrected, by either custom.
    assert_eq!(
        check(&[file(two, '1'), file(one, '2')]),
        is("active", two, None)
    );
    assert_eq!(
        check(&[file(one, '0'), file(two, '1')]),
        is("active", two, None)
    );
    // The old one is not renamed yet.
    assert_eq!(
        check(&[file(one, '1'), file(two, '1')]),
        is("active", two, None)
    );
    // Deleted, and entered anew.
    let deleted = [file(one, '0'), file(two, '0')];
    assert_eq!(check(&deleted), is("withdrawn", two, None));
    let anew = [file(one, '0'), file(two, '0'), file(three, '1')];
    assert_eq!(check(&anew), is("active", three, None));
    // What cannot be known is not guessed.
    let unfinished = [file(one, '1'), file(two, '0')];
    assert_eq!(
        check(&unfinished),
        is("unclear", two, Some(Doubt::OlderIsActive))
    );
    let orphan = [file(one, '0'), file(two, '2')];
    assert_eq!(
        check(&orphan),
        is("unclear", two, Some(Doubt::ReplacedByNothing))
    );
}

/// The shared samples: 22 files of NHO's, of which one lies in the wrong folder.
#[test]
fn the_samples_of_nho_are_walked_through() {
    let shared = std::env::var_os("RENKEI_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let root = shared.join("hl7v2/ssmix2-nho/sampleData");
    if !root.is_dir() {
        println!("skipped: ../shared not found");
        return;
    }
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for found in super::Walk::new(&root) {
        match found {
            Ok(found) => good.push(found),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    assert_eq!(good.len() + wrong.len(), 22);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(
        wrong[0].contains("does not agree with the file's name"),
        "{wrong:?}"
    );
    for found in &good {
        assert_eq!(found.entry.path(), found.path);
    }
    let withdrawn = good
        .iter()
        .filter(|found| found.entry.condition == Condition::Withdrawn);
    assert_eq!(withdrawn.count(), 1);
}
