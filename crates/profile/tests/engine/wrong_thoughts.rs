//! What is thought wrongly: types and cardinalities of both ends, ambiguous inverses, gaps in code maps.

use crate::small::{HEAD, NETWORK, NOTE, OWN, folder, found_in, mistakes, note_with};

#[test]
fn thoughts_are_checked_too() {
    // An element that FHIR does not have.
    let found = note_with("patient.name[0].family", "patient.name[0].surname");
    assert!(
        found
            .iter()
            .any(|l| l.starts_with("note.yaml:34:") && l.contains("not FHIR")),
        "{found:#?}"
    );
    // A resource that nothing refers to has no way back.
    let found = note_with("{ reference: \"key:vitals\" }, ", "");
    assert!(
        found
            .iter()
            .any(|l| l.contains("does not come back as it went in")),
        "{found:#?}"
    );
    // Two resources in one list that nothing tells apart.
    let twin = "  patient: { type: Patient, category: demographics }\n";
    let note = NOTE
        .replace(twin, &format!("{twin}  twin:\n    type: Observation\n    category: vitals\n    fixed: {{ status: final, code: {{ text: vitals }} }}\n"))
        .replace("{ reference: \"key:vitals\" }, ", "{ reference: \"key:vitals\" }, { reference: \"key:twin\" }, ")
        .replace("unmapped:", "  - { native: PID.9, fhir: twin.valueString }\nunmapped:");
    let found = mistakes(NETWORK, &note);
    assert!(
        found
            .iter()
            .any(|l| l.contains("twin.valueString does not come back")),
        "{found:#?}"
    );
}

/// Each change of the good message, and the mistake with its place that it makes.
fn expect_each(changes: &[(&str, &str, &str)]) {
    for (from, to, expected) in changes {
        let found = note_with(from, to);
        let told = found.iter().any(|line| line.starts_with(expected));
        assert!(told, "{to}: expected {expected}, found {found:#?}");
    }
}

const GIVEN: &str = "fhir: \"patient.name[0].given[0]\"";

#[test]
fn types_of_both_ends() {
    expect_each(&[
        (
            GIVEN,
            "fhir: patient.birthDate",
            "note.yaml:35:30: not FHIR: Patient.birthDate in patient gets a string: 値が型に合いません",
        ),
        (
            GIVEN,
            "fhir: \"patient.name[0].given[0]\", convert: \"boolean(a,b)\"",
            "note.yaml:35:30: not FHIR: Patient.name[0].given[0] in patient gets a boolean: 型が違います",
        ),
        (
            GIVEN,
            "fhir: patient.maritalStatus, codes: kin, as: code",
            "note.yaml:35:30: not FHIR: Patient.maritalStatus in patient gets a code: 型が違います",
        ),
        (
            GIVEN,
            "fhir: patient.maritalStatus, convert: quantity",
            "note.yaml:35:30: not FHIR: Patient.maritalStatus.value in patient gets a Quantity",
        ),
        (
            "convert: date(YYYYMMDD)",
            "codes: kin",
            "note.yaml:33:28: not FHIR: Composition.date in sheet gets a CodeableConcept",
        ),
        (
            "convert: decimal, beside: { unit: x }",
            "convert: day(era)",
            "note.yaml:40:40: not FHIR: Observation.component[0].valueQuantity in vitals gets a date",
        ),
    ]);
}

#[test]
fn cardinalities() {
    expect_each(&[
        // A list without a selector, and a selector where there is no list.
        (
            GIVEN,
            "fhir: patient.contact.gender",
            "note.yaml:35:30: not FHIR: Patient.contact in patient gets a string",
        ),
        (
            GIVEN,
            "fhir: \"patient.birthDate[0]\", convert: day(era)",
            "note.yaml:35:30: not FHIR: Patient.birthDate in patient gets a date",
        ),
        // One element, several resources.
        (
            "subject: { reference: \"key:patient\" }",
            "subject: { reference: \"key:person\" }",
            "note.yaml:16:29: person is made for each item of a group, but this element holds one reference",
        ),
        // What FHIR requires.
        (
            "fixed: { status: final, code: { text: vitals }",
            "fixed: { code: { text: vitals }",
            "note.yaml:27:3: not FHIR: Observation in vitals: 必須の要素 status がありません",
        ),
        (
            "native: \"OBX.segment[].5\"",
            "native: OBX.5",
            "note.yaml:40:28: repetition on one side only",
        ),
    ]);
}

#[test]
fn ambiguous_inverses() {
    expect_each(&[
        (
            "  - { native: MSH.7,",
            "  - { native: PID.5.1,",
            "note.yaml:34:15: ambiguous inverse: the row of line 33 fills the same native field",
        ),
        (
            GIVEN,
            "fhir: \"patient.name[0].family\"",
            "note.yaml:35:30: the row of line 34 fills the same element",
        ),
        (
            "{ reference: \"key:vitals\" }, ",
            "",
            "note.yaml:39:40: vitals.component[*].code does not come back as it went in, ambiguous inverse",
        ),
    ]);
    let dir = folder(NETWORK, NOTE);
    let lines = format!("{HEAD}SON,{OWN},son,Son,,\nBOY,{OWN},son,Son,,\n");
    std::fs::write(dir.path().join("small/codes/kin.csv"), lines).expect("a file");
    let found = found_in(&dir);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("kin.csv:3:34: ambiguous inverse: \"SON\" and \"BOY\""),
        "{found:#?}"
    );
}

#[test]
fn gaps_in_code_maps() {
    let coding = |code: &str| {
        format!("code: {{ coding: [{{ system: \"${{own}}\", code: {code}, display: Son }}] }}")
    };
    let fixed = |code: &str| format!("fixed: {{ status: final, {}", coding(code));
    expect_each(&[
        (
            "fixed: { status: final, code: { text: vitals }",
            &fixed("daughter"),
            "note.yaml:30:72: code \"daughter\" is not in the code system",
        ),
        (
            "fixed: { status: final, code: { text: vitals }",
            &fixed("key"),
            "note.yaml:30:72: the code system's display of \"key\" is \"Key person\"",
        ),
        (
            "selectors:\n",
            "selectors:\n  son: { pattern: { coding: [{ system: \"${own}s\", code: son }] } }\n",
            "note.yaml:7:57: the code system http://own.example/codes/owns is not among profiles/fhir",
        ),
        (
            "fhir: \"person.relationship[*]\"",
            "fhir: \"person.relationship[system=${own},code=father*]\"",
            "note.yaml:38:40: code \"father\" is not in the code system",
        ),
        (
            "codes: kin, split: true",
            "codes: kin, split: true, values: [SON, KEY, DAD]",
            "note.yaml:38:110: no line for the value \"DAD\"",
        ),
        (
            "codes: kin, split: true",
            "codes: kin, split: true, values: [SON]",
            "note.yaml:38:73: \"KEY\" is not among the values that the sender has",
        ),
        (
            "roles: { document: sheet }",
            "roles: { document: sheet, consent: { native: MSH.7, yes: あり } }",
            "note.yaml:42:36: no line for the value \"あり\" of \"yes\"",
        ),
        (
            "    category: vitals\n",
            "    category: vitals\n    sensitivity: abuse\n    normal-when: { native: MSH.7, is: なし }\n",
            "note.yaml:27:3: no row takes the value \"なし\"",
        ),
    ]);
    let dir = folder(NETWORK, NOTE);
    let lines = format!("{HEAD}SON,{OWN},son,Son,,\nDAD,{OWN},father,Father,,\n");
    std::fs::write(dir.path().join("small/codes/kin.csv"), lines).expect("a file");
    let expected = format!("kin.csv:3:34: code \"father\" is not in the code system {OWN}");
    assert_eq!(found_in(&dir), [expected]);
}

/// A row that goes both ways and counts only sometimes would lose its way back.
#[test]
fn only_rows_that_go_in_depend_on_other_fields() {
    for key in ["when: PID.9", "unless: PID.9", "only: x"] {
        let found = note_with(GIVEN, &format!("{GIVEN}, {key}"));
        let rule = "stands in rows with direction: in";
        let told = |line: &String| line.starts_with("note.yaml:35:") && line.contains(rule);
        assert!(found.iter().any(told), "{key}: {found:#?}");
    }
}
