//! Rules between fields and bounds of fields, as senders meet them.

use crate::groups::{network, record};
use crate::small::note_with;

fn faults(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let network = network();
    let card = network.message("card").expect("the card");
    let found = card.map_in(&record(fields, Vec::new())).err();
    let named = |fault: renkei_model::message::Fault| (fault.field, fault.rule);
    found.unwrap_or_default().into_iter().map(named).collect()
}

#[test]
fn an_age_must_fit_the_birth_date() {
    for fitting in ["91", "９１歳", "90", "92", "不明", ""] {
        let told = [("birth", "昭和10年3月5日"), ("age", fitting)];
        assert_eq!(faults(&told), [], "{fitting}");
    }
    assert_eq!(faults(&[("age", "30")]), [], "nothing to compare");
    assert_eq!(
        faults(&[("birth", "昭和10年"), ("age", "89")]),
        [],
        "a year only"
    );
    let told = faults(&[("birth", "S10.3.5"), ("age", "81")]);
    let fields: Vec<&str> = told.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["data[0].HEAD.birth", "data[0].HEAD.age"]);
    assert!(
        told.iter()
            .all(|(_, rule)| rule.starts_with("年齢と生年月日が合いません"))
    );
}

#[test]
fn days_that_never_were_are_refused() {
    for (birth, rule) in [
        ("明治99年", "その元号にその年はありません"),
        ("昭和64年1月8日", "元号の最後の日より後"),
        ("1935-02-30", "実在しない日付です"),
        ("むかし", "日付として読めません"),
    ] {
        let told = faults(&[("birth", birth)]);
        assert_eq!(told.len(), 1, "{birth}: {told:?}");
        assert!(
            told[0].1.contains(rule) && told[0].1.contains(" / "),
            "{told:?}"
        );
    }
}

#[test]
fn texts_and_numbers_have_bounds() {
    let long = "見".repeat(21);
    let network = network();
    let card = network.message("card").expect("the card");
    let mut record = record(&[("phone", "０１５７ー２３－１２３４")], Vec::new());
    let mapped = card.map_in(&record).expect("mapped");
    assert_eq!(
        mapped.resources[1].json["telecom"][0]["value"],
        "0157-23-1234"
    );
    assert_eq!(mapped.loss.len(), 1, "{:?}", mapped.loss);
    let fields = record.root.branch_mut().expect("branches")[0].branch_mut();
    fields.expect("fields")[1] = renkei_wire::Node::of_text("name", long);
    let told = card.map_in(&record).expect_err("too long");
    assert_eq!(told.len(), 1);
    assert!(told[0].rule.starts_with("20文字以内で"), "{told:?}");
    assert!(
        faults(&[("phone", "23-1234")])[0]
            .1
            .contains("0157-23-1234")
    );
}

#[test]
fn rules_are_checked_when_they_are_read() {
    for (from, to, expected) in [
        (
            "unmapped:",
            "ages: [{ age: PID.1, birth: PID.5.1, at: MSH.7, rule: r }]\nunmapped:",
            "note.yaml:41:29: no row reads a day from this field",
        ),
        (
            "unmapped:",
            "ages: [{ age: PID.2, birth: MSH.7, at: MSH.7, within: 9, rule: r }]\nunmapped:",
            "note.yaml:41:15: an age is a field of the record that \"unmapped\" names",
        ),
        (
            "unmapped:",
            "ages: [{ age: PID.1, birth: MSH.7, at: MSH.7, within: 9, rule: r }]\nunmapped:",
            "note.yaml:41:55: \"within\" is a number of years",
        ),
        (
            "fhir: \"patient.name[0].given[0]\"",
            "fhir: \"patient.name[0].given[0]\", max: 3",
            "note.yaml:35:63: \"max\" is a number of characters",
        ),
        (
            "convert: date(YYYYMMDD)",
            "convert: date(YYYYMMDD), max: 30",
            "note.yaml:33:70: \"max\" goes with free text",
        ),
        (
            "convert: date(YYYYMMDD)",
            "convert: day(julian)",
            "note.yaml:33:49: day needs the form in which it goes back",
        ),
    ] {
        let found = note_with(from, to);
        let told = found.iter().any(|line| line.starts_with(expected));
        assert!(told, "{to}: expected {expected}, found {found:#?}");
    }
}
