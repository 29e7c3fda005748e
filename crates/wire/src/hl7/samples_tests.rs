//! The real messages of the National Hospital Organization's SS-MIX2 samples: read, explained, written again.
//! They lie outside the repository; without them the tests say so and pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Message, NoteKind, Place, Rule, data_type, decode, encode, typed};
use crate::tree::Node;
use renkei_model::limits::Limits;

/// A folder of the shared reference material, if it is there.
fn shared(below: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("RENKEI_SHARED").map_or_else(beside, PathBuf::from);
    let found = folder.join("hl7v2").join(below);
    if !found.is_dir() {
        println!("skipped: ../shared not found");
        return None;
    }
    Some(found)
}

/// All files below a folder by patient, day and data kind, as the tree has them, and their bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let below = path.strip_prefix(root).unwrap();
                let steps: Vec<_> = below.iter().map(|step| step.to_string_lossy()).collect();
                // 3 digits, 3 digits, patient, day, kind, file; the file's name says the first ones again.
                let file = steps[5].split('_').skip(3).collect::<Vec<_>>().join("_");
                let name = format!("{}/{}/{}/{file}", steps[2], steps[3], steps[4]);
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn samples() -> Vec<(String, Vec<u8>, Message)> {
    let Some(folder) = shared("ssmix2-nho/sampleData") else {
        return Vec::new();
    };
    let files = files(&folder);
    assert_eq!(files.len(), 22);
    let mut read = Vec::new();
    for (name, bytes) in files {
        match decode(&bytes, &Limits::default()) {
            Ok(message) => read.push((name, bytes, message)),
            Err(error) => {
                assert_eq!(bytes.len(), 2, "{name}: {error}");
                assert!(matches!(error.rule, Rule::MshNotFirst(_)), "{error:?}");
            }
        }
    }
    assert_eq!(read.len(), 21);
    read
}

/// What the samples' two long files have behind a complete RAS^O17: one empty segment of each kind.
const ODD: &str = "OMP-11/12345678901234";

#[test]
fn every_sample_fits_its_structure() {
    for (name, _, message) in samples() {
        let fit = message
            .fit()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!fit.declared_otherwise, "{name}");
        let mut placed = fit.root.segments();
        placed.extend(&fit.misfits);
        placed.sort_unstable();
        assert_eq!(placed, (0..message.len()).collect::<Vec<_>>(), "{name}");
        if name.starts_with("0000001/") && name.contains(ODD) {
            let first = message.segment(fit.misfits[0]).unwrap();
            assert_eq!((first.name().as_str(), first.index()), ("TQ1", 8), "{name}");
        } else {
            assert_eq!((fit.misfits, fit.missing), (vec![], vec![]), "{name}");
        }
    }
}

/// What re-encoding changes, file by file: all 21 end in the 1C of an MLLP frame, which is left out, and
/// nothing else differs.
#[test]
fn re_encoding_gives_the_same_bytes_but_for_the_documented() {
    for (name, bytes, message) in samples() {
        let kinds: Vec<NoteKind> = message.notes().iter().map(|note| note.kind).collect();
        assert_eq!(kinds, [NoteKind::FrameBytes], "{name}");
        let (last, rest) = bytes.split_last().unwrap();
        assert_eq!(*last, 0x1c, "{name}");
        assert!(message.encode().unwrap() == rest, "{name}");
    }
}

/// Each value's span, decoded by a library, is the value's text; and the spans of all fields, with their
/// separators, are the whole message.
#[test]
fn spans_lead_back_to_the_bytes() {
    for (name, bytes, message) in samples() {
        let mut next = 0;
        for segment in message.segments() {
            assert_eq!(segment.span().start, next, "{name}");
            next = segment.span().start + 3;
            for (number, field) in segment.fields() {
                let span = field.span();
                // MSH-1 is the separator before MSH-2; before every other field stands one.
                let header = segment.name().as_str() == "MSH" && number <= 2;
                assert_eq!(span.start, if header { next } else { next + 1 }, "{name}");
                next = span.end;
                let own = &bytes[span.start..span.end];
                let (text, _, wrong) = encoding_rs::ISO_2022_JP.decode(own);
                assert!(
                    !wrong && text == field.raw(),
                    "{name} {}-{number}",
                    segment.name()
                );
            }
            assert_eq!(segment.span().end, next, "{name}");
            next += 1;
        }
        assert_eq!(next + 1, bytes.len(), "{name}");
    }
}

/// Each field that the SS-MIX2 maps name has a type by which it is read.
#[test]
fn fields_of_the_maps_have_a_type() {
    let Some(folder) = shared("ssmix2-jami-maps/source-conceptmapgen/fsh") else {
        return;
    };
    let mut named = std::collections::BTreeSet::new();
    for (_, bytes) in maps(&folder) {
        for line in String::from_utf8(bytes).unwrap().lines() {
            let cell = line.split(',').nth(1).unwrap_or_default().trim();
            named.extend(
                cell.parse::<Place>()
                    .ok()
                    .filter(|place| place.field.is_some()),
            );
        }
    }
    assert!(named.len() > 150, "{}", named.len());
    for place in named {
        let found = data_type(place.segment, place.field.unwrap());
        assert!(found.is_some(), "{place}");
    }
}

/// The maps of segments.
fn maps(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let named = entries.map(|path| {
        (
            path.file_name().unwrap().to_string_lossy().into_owned(),
            path,
        )
    });
    named
        .filter(|(name, _)| name.starts_with("Segment"))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

/// Every value of the samples reads as its type, but for the few that the senders filled otherwise.
#[test]
fn values_of_the_samples_read_as_their_types() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for (name, _, message) in samples() {
        for segment in message.segments() {
            for (number, field) in segment.fields() {
                let Some(data_type) = segment.data_type(number).filter(|_| number > 2) else {
                    continue;
                };
                for repetition in field.repetitions() {
                    read += 1;
                    if typed(repetition, data_type).is_err() {
                        let kind = name.split('/').nth(2).unwrap();
                        wrong.push(format!("{kind} {}-{number}", segment.name()));
                    }
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    // The file with one segment of each kind has letters in a number of OBX and in MSH-13.
    let known = ["OMP-11 MSH-13", "OMP-11 OBX-5", "OMP-11 OBX-9"];
    assert!(
        read == 0 || (read > 3_000 && wrong == known),
        "{read} {wrong:?}"
    );
}

/// Records of the samples are written again as they were read.
#[test]
fn records_of_the_samples_come_back() {
    for (name, _, message) in samples() {
        let record = message.record().unwrap();
        let mut values = 0;
        count(&record.root, &mut values);
        assert!(values > 20, "{name}");
        let again = encode(&record).unwrap();
        let again = decode(&again, &Limits::default()).unwrap();
        // Segments that fit nowhere stand at the end of a record.
        if message.fit().unwrap().misfits.is_empty() {
            assert_eq!(
                again.record().unwrap().without_spans(),
                record.without_spans(),
                "{name}"
            );
        }
    }
}

fn count(node: &Node, values: &mut usize) {
    *values += usize::from(node.text().is_some());
    node.branch().iter().for_each(|child| count(child, values));
}
