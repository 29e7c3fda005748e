//! What is written wrongly is refused with file, line and column, all at once.

use crate::small::{NETWORK, NOTE, mistakes, note_with};

#[test]
fn mistakes_have_file_line_and_column() {
    for (from, to, expected) in [
        (
            "convert: decimal",
            "convert: decimals",
            "note.yaml:40:92: unknown converter \"decimals\"",
        ),
        (
            "codes: kin",
            "codes: kinds",
            "note.yaml:38:73: no code map codes/kinds.csv",
        ),
        ("fhir: vitals.", "fhir: vital.", "unknown"),
        (
            "category: vitals",
            "category: vital",
            "note.yaml:29:15: \"vital\" is not a category",
        ),
        (
            "direction: in, why: a name with a dot in it",
            "direction: in",
            "a one-way row says why",
        ),
        (
            "direction: in,",
            "direction: inward,",
            "\"direction\" is both, in or out",
        ),
        (
            "\"key:vitals\"",
            "\"key:vital\"",
            "unknown resource \"vital\"",
        ),
        (
            "copy:sheet.date",
            "copy:sheet.day",
            "\"copy:sheet.day\" is not the target",
        ),
        (
            "always: true",
            "always: sometimes",
            "\"always\" must be true or false",
        ),
        ("title: 連絡", "titel: 連絡", "unknown key \"titel\""),
        (
            "  - { native: MSH.7,",
            "  - { native: PID.5.1,",
            "fills the same native field",
        ),
        (
            "fhir: \"patient.name[0].given[0]\"",
            "fhir: \"patient.name[0].family\"",
            "fills the same element",
        ),
        ("split: true", "split: false", "repetition on one side only"),
        (
            "native: \"OBX.segment[].5\"",
            "native: OBX.5",
            "repetition on one side only",
        ),
        (
            "native: PID.1, why: a counter",
            "native: PID.1",
            "\"why\" is missing",
        ),
        (
            "{ document: sheet }",
            "{ document: patient }",
            "the document is a resource of type Composition",
        ),
        (
            "type: RelatedPerson",
            "type: RelatedPersons",
            "is not a resource type",
        ),
        (
            "native: MSH.7",
            "native: MSH..7",
            "a native path is names with dots between",
        ),
        ("message: note", "message: [note", "not YAML"),
        (
            "format: filemaker-json",
            "format: xml",
            "unknown format; known: filemaker-json",
        ),
        (
            "convert: date(YYYYMMDD)",
            "convert: family-name",
            "this converter has no inverse",
        ),
    ] {
        let found = match (from, to) {
            // A path in a quoted scalar.
            ("fhir: vitals.", _) => note_with(
                "\"vitals.component[*].code\"",
                "\"vital.component[*].code\"",
            ),
            _ => note_with(from, to),
        };
        let told = found.iter().any(|line| line.contains(expected));
        assert!(told, "{to}: expected {expected}, found {found:#?}");
        assert!(
            found.iter().all(|line| line.starts_with("note.yaml:")),
            "{found:#?}"
        );
    }
}

#[test]
fn many_mistakes_are_told_at_once() {
    let note = NOTE
        .replace("convert: decimal", "convert: decimals")
        .replace("codes: kin", "codes: kinds")
        .replace("category: sheet", "category: sheets");
    assert!(mistakes(&NETWORK.replace("small", "large"), &note).len() >= 4);
}

#[test]
fn the_head_is_checked() {
    for (network, expected) in [
        (
            NETWORK.replace("network: small", "network: other"),
            "a network is called like its folder",
        ),
        (
            NETWORK.replace("messages/note.yaml", "../note.yaml"),
            "must be a file of this folder",
        ),
        (
            NETWORK.replace("messages/note.yaml", "messages/nothing.yaml"),
            "cannot be read",
        ),
        (
            NETWORK.replace("title: 小さな網\n", ""),
            "\"title\" is missing",
        ),
        (
            NETWORK.replace(
                "messages/note.yaml",
                "messages/note.yaml, messages/note.yaml",
            ),
            "two messages",
        ),
    ] {
        let found = mistakes(&network, NOTE);
        assert!(
            found.iter().any(|line| line.contains(expected)),
            "{expected}: {found:#?}"
        );
    }
    let unknown = NOTE.replace("type: { text: note }", "type: { text: \"${owns}\" }");
    assert!(
        mistakes(NETWORK, &unknown)
            .iter()
            .any(|line| line.contains("unknown abbreviation"))
    );
}
