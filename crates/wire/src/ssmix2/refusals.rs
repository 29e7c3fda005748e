//! Bad paths: each with the part's own name.

use super::{NameError, Part, decode_name, decode_path};

const GOOD: &str = "000/000/0000001/20240401/OMP-01/0000001_20240401_OMP-01_000000000000123_20240401101530123_01_1";

/// The good path with one piece of it changed, the last one of its kind.
fn changed(from: &str, to: &str) -> String {
    let at = GOOD.rfind(from).unwrap();
    format!("{}{to}{}", &GOOD[..at], &GOOD[at + from.len()..])
}

fn part(path: &str) -> Part {
    decode_path(path).unwrap_err().part()
}

#[test]
fn file_names_with_dot_dot_slash_and_other_ways_out() {
    assert!(decode_path(GOOD).is_ok());
    for path in [
        "../000/000/0000001/20240401/OMP-01/x",
        "000/../0000001/20240401/OMP-01/x",
        "000/000/0000001/20240401/OMP-01/..",
        "000/000/0000001/20240401/OMP-01/../../../../../../etc/passwd",
        "..",
        "./000",
        "/etc/passwd",
        "//000",
        "C:/000/000",
        "000\\000\\0000001",
        "..\\..\\windows",
        "000//0000001",
        "",
        "000/000/0000001/20240401/OMP-01/a\0b",
        "000/000/0000001/20240401/OMP-01/a\nb",
    ] {
        let error = decode_path(path).unwrap_err();
        assert!(
            matches!(error, NameError::Outside { .. }),
            "{path:?}: {error}"
        );
    }
    assert!(matches!(
        decode_name("../x"),
        Err(NameError::Outside { .. })
    ));
    assert!(decode_name("000/x").is_err());
    assert!(decode_path(&"0/".repeat(100_000)).is_err());
}

#[test]
fn each_wrong_part_is_named() {
    for (from, to, expected) in [
        ("0000001_", "00001_", Part::Patient),
        ("0000001_", "患者001_", Part::Patient),
        ("0000001_", "0123456789012345_", Part::Patient),
        ("_20240401_", "_20240230_", Part::Date),
        ("_20240401_", "_2024041_", Part::Date),
        ("_20240401_", "_--_", Part::Date),
        ("_OMP-01_", "_OMP-99_", Part::Kind),
        ("_OMP-01_", "_omp-01_", Part::Kind),
        ("_000000000000123_", "_0000000000001234_", Part::Order),
        ("_000000000000123_", "__", Part::Order),
        ("_20240401101530123_", "_202404011015301_", Part::Stamp),
        ("_20240401101530123_", "_20240401251530123_", Part::Stamp),
        ("_20240401101530123_", "_20240431101530123_", Part::Stamp),
        ("_01_1", "_010101_1", Part::Department),
        ("_01_1", "__1", Part::Department),
        ("_01_1", "_01_3", Part::Condition),
        ("_01_1", "_01_1.hl7", Part::Condition),
        ("_01_1", "_01", Part::FileName),
        ("_01_1", "_01_1_1", Part::FileName),
    ] {
        let path = changed(from, to);
        assert_eq!(part(&path), expected, "{path}");
    }
    assert_eq!(
        part("000/000/0000001/20240401/0000001_20240401_OMP-01_1_20240401101530123_01_1"),
        Part::Path
    );
    assert_eq!(part(&format!("a/{GOOD}")), Part::Path);
}

#[test]
fn folders_that_say_something_else_are_named() {
    for (at, expected) in [
        (0, Part::PatientHead),
        (1, Part::PatientMiddle),
        (2, Part::PatientFolder),
        (3, Part::DateFolder),
        (4, Part::KindFolder),
    ] {
        let mut levels: Vec<&str> = GOOD.split('/').collect();
        levels[at] = "999";
        let path = levels.join("/");
        let error = decode_path(&path).unwrap_err();
        assert!(matches!(error, NameError::Disagrees { .. }), "{error}");
        assert_eq!(error.part(), expected);
        let span = error.span();
        assert_eq!(&path[span.start..span.end], "999");
    }
}

#[test]
fn what_is_being_written_is_told_apart() {
    for name in [".0000001_x.part", "x.tmp", "x.filepart", "x~"] {
        let path = format!("000/000/0000001/20240401/OMP-01/{name}");
        assert!(matches!(
            decode_path(&path),
            Err(NameError::Temporary { .. })
        ));
    }
}

#[test]
fn no_text_quotes_the_patient() {
    for (from, to) in [
        ("_01_1", "_01_3"),
        ("_OMP-01_", "_OMP-99_"),
        ("0000001_", "0000002_"),
    ] {
        let text = decode_path(&changed(from, to)).unwrap_err().to_string();
        assert!(!text.contains("000000") && text.contains(" / "), "{text}");
    }
}
