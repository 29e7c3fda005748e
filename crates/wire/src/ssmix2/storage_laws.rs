//! Writing: corrections and deletions by the rule, nothing half, nothing over something else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{
    Condition, Entry, Standing, Storage, StorageError, Walk, WalkError, decode_name, standing,
};

fn file(hour: u8) -> Entry {
    let name = format!("0000001_20240401_OMP-01_000000000000123_20240401{hour:02}0000000_01_1");
    decode_name(&name).unwrap()
}

fn flags(storage: &Storage) -> Vec<(String, Condition)> {
    let files = storage.files_of(&file(9).key).unwrap();
    files
        .into_iter()
        .map(|file| (file.stamp[8..10].to_owned(), file.condition))
        .collect()
}

#[test]
fn correction_deletion_and_entering_anew() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    let is = |hour: &str, condition| (hour.to_owned(), condition);
    assert!(storage.insert(&file(9), b"one").unwrap().new);
    let second = storage.insert(&file(10), b"two").unwrap();
    assert_eq!(second.renamed.len(), 1);
    assert_eq!(
        flags(&storage),
        [is("09", Condition::Replaced), is("10", Condition::Active)]
    );
    let deleted = storage.delete(&file(11), b"gone").unwrap();
    assert!(deleted.path.ends_with("_0"));
    let all = [
        is("09", Condition::Withdrawn),
        is("10", Condition::Withdrawn),
        is("11", Condition::Withdrawn),
    ];
    assert_eq!(flags(&storage), all);
    storage.insert(&file(12), b"again").unwrap();
    let files = storage.files_of(&file(9).key).unwrap();
    assert!(
        matches!(standing(&files), Some(Standing::Active(entry)) if entry.stamp.starts_with("2024040112"))
    );
    assert_eq!(storage.read(&files[3].path(), 100).unwrap(), b"again");
    let paths: Vec<String> = Walk::new(root.path())
        .map(|found| found.unwrap().path)
        .collect();
    assert_eq!(paths.len(), 4);
}

#[test]
fn senders_of_two_flags_are_served() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::with_two_flags(root.path());
    storage.insert(&file(9), b"one").unwrap();
    storage.insert(&file(10), b"two").unwrap();
    let flags: Vec<Condition> = flags(&storage).into_iter().map(|(_, flag)| flag).collect();
    assert_eq!(flags, [Condition::Withdrawn, Condition::Active]);
}

#[test]
fn the_same_again_changes_nothing_and_another_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    storage.insert(&file(9), b"one").unwrap();
    let again = storage.insert(&file(9), b"one").unwrap();
    assert!(!again.new && again.renamed.is_empty());
    assert!(matches!(
        storage.insert(&file(9), b"other"),
        Err(StorageError::Taken)
    ));
    assert!(matches!(
        storage.insert(&file(9), b"on"),
        Err(StorageError::Taken)
    ));
    assert!(matches!(
        storage.insert(&file(8), b"late"),
        Err(StorageError::Older)
    ));
    assert_eq!(storage.read(&file(9).path(), 100).unwrap(), b"one");
}

/// Who stopped after the new file and before the old one's renaming does the same again.
#[test]
fn an_interrupted_correction_is_finished_by_repeating_it() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    storage.insert(&file(9), b"one").unwrap();
    fs::write(root.path().join(file(10).path()), b"two").unwrap();
    let files = storage.files_of(&file(9).key).unwrap();
    assert!(
        matches!(standing(&files), Some(Standing::Active(entry)) if entry.stamp.starts_with("2024040110"))
    );
    let again = storage.insert(&file(10), b"two").unwrap();
    assert!(!again.new);
    assert_eq!(again.renamed.len(), 1);
}

#[test]
fn nothing_is_written_outside() {
    let root = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), root.path().join("000")).unwrap();
    let storage = Storage::new(root.path());
    assert!(matches!(
        storage.insert(&file(9), b"one"),
        Err(StorageError::NotAFolder)
    ));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    let mut entry = file(9);
    entry.key.order = "../../../../../../x".to_owned();
    assert!(matches!(
        storage.insert(&entry, b"one"),
        Err(StorageError::Name(_))
    ));
    let mut entry = file(9);
    entry.department = Some("-".to_owned());
    assert!(matches!(
        storage.insert(&entry, b"one"),
        Err(StorageError::Name(_))
    ));
    assert!(matches!(
        storage.read("../x", 10),
        Err(StorageError::Name(_))
    ));
}

#[test]
fn a_link_in_place_of_a_file_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    storage.insert(&file(9), b"one").unwrap();
    let secret = root.path().join("secret");
    fs::write(&secret, b"secret").unwrap();
    symlink(&secret, root.path().join(file(10).path())).unwrap();
    assert!(matches!(
        storage.read(&file(10).path(), 10),
        Err(StorageError::Io(_))
    ));
    assert!(matches!(
        storage.read(&file(9).path(), 2),
        Err(StorageError::TooBig { max: 2 })
    ));
    let wrong = Walk::new(root.path()).filter_map(Result::err);
    let links = wrong.filter(|error| matches!(error, WalkError::Link { .. }));
    assert_eq!(links.count(), 1);
}

#[test]
fn a_walk_names_everything_that_is_no_file_of_the_storage() {
    let root = tempfile::tempdir().unwrap();
    let storage = Storage::new(root.path());
    storage.insert(&file(9), b"one").unwrap();
    let folder = root.path().join(file(9).folder());
    fs::write(root.path().join("readme.txt"), b"x").unwrap();
    fs::write(folder.join(".x.part"), b"x").unwrap();
    fs::create_dir(folder.join("deeper")).unwrap();
    symlink(root.path(), root.path().join("round")).unwrap();
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\x8e\x9a");
    fs::write(folder.join(Path::new(odd)), b"x").unwrap();
    let (good, wrong): (Vec<_>, Vec<_>) = Walk::new(root.path()).partition(Result::is_ok);
    assert_eq!((good.len(), wrong.len()), (1, 5), "{wrong:?}");
    assert!(
        wrong
            .iter()
            .any(|error| matches!(error, Err(WalkError::NotUtf8 { .. })))
    );
    assert!(
        wrong
            .iter()
            .any(|error| matches!(error, Err(WalkError::NotAFile { .. })))
    );
}
