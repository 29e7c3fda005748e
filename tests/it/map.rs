//! Room: map. Native → FHIR → native gives the same record for all two-way rows; what does not fit is
//! named in the sender's own words, and nothing is half-stored.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::harness::*;
use crate::slip::{
    Slip, assert_nobody, field, golden_cases, golden_record, is_unmapped, native, refused, send,
};

on_both! {
    fn golden_slips_come_back_in_the_networks_own_form(server) {
        for case in golden_cases() {
            let slip = Slip::anew(&case);
            let sent = send(server, &slip);
            let back = native(server, &sent.sheet);
            assert_eq!(back["messages"][0]["code"], "0");
            let back = &back["response"]["data"][0];
            assert_eq!(back["recordId"], slip.record()["recordId"]);
            assert_eq!(back["modId"], slip.record()["modId"]);
            for part in ["fieldData", "portalData"] {
                assert_eq!(back[part], expected(&case, &slip)[part], "{case} {part}");
            }
        }
    }

    fn generated_slips_come_back_equal(server) {
        let mut runner = TestRunner::new(Config {
            cases: if long() { 200 } else { 12 },
            max_shrink_iters: 20,
            failure_persistence: None,
            ..Config::default()
        });
        let text = "[ぁ-んァ-ヶ一-龥a-zA-Z0-9、。 ]{1,40}[ぁ-ん]";
        let strategy = (text, "[一-龥]{1,3}　[一-龥]{1,6}", 1900..2020_u32, 1..=12_u32, 1..=28_u32, any::<bool>());
        runner
            .run(&strategy, |(remarks, name, year, month, day, keeps_remarks)| {
                let mut slip = Slip::of_somebody_new()
                    .set(field::NAME, &name)
                    .set(field::BIRTH_DATE, &format!("{month:02}/{day:02}/{year}"));
                slip = if keeps_remarks {
                    slip.set(field::REMARKS, &remarks)
                } else {
                    slip.set(field::REMARKS, "")
                };
                let sent = send(server, &slip);
                let back = native(server, &sent.sheet);
                compare(&slip, &back["response"]["data"][0]);
                Ok(())
            })
            .expect("every generated slip comes back");
    }

    fn unknown_fields_are_kept_and_named(server) {
        let slip = Slip::of_somebody_new().set("新しい項目", "まだ誰も知らない");
        let answer = server.post(&care_manager(), &messages_path(), slip.body()).expect(201);
        let loss = &answer.json()["records"][0]["loss"];
        let named = loss.as_array().is_some_and(|loss| {
            loss.iter().any(|line| line["field"] == "data[0].fieldData.新しい項目" && line["why"].is_string())
        });
        assert!(named, "{answer}");
        assert!(!answer.text().contains("まだ誰も知らない"), "values are not repeated: {answer}");
    }

    fn a_missing_name_is_named(server) {
        for slip in [Slip::of_somebody_new().without(field::NAME), Slip::of_somebody_new().set(field::NAME, "")] {
            let answer = server.post(&care_manager(), &messages_path(), slip.body());
            assert!(answer.outcome(422).contains(&format!("data[0].fieldData.{}", field::NAME)), "{answer}");
            assert_nobody(server, &slip);
        }
    }

    fn impossible_dates_are_named(server) {
        for date in ["02/30/2026", "13/01/2026", "00/10/1940", "02/29/1941", "1940/02/03", "2/3/40", "昭和15年2月3日",
            "02/03/1940 ", "０２/０３/１９４０"] {
            let slip = Slip::of_somebody_new().set(field::BIRTH_DATE, date);
            let answer = refused(server, &slip, slip.body(), 422, &[field::BIRTH_DATE, "MM/DD/YYYY"]);
            assert!(!answer.text().contains(date), "values are not repeated: {answer}");
            let admitted = Slip::of_somebody_new().set(field::ADMITTED, date);
            refused(server, &admitted, admitted.body(), 422, &[field::ADMITTED]);
        }
    }

    fn an_insured_number_of_the_wrong_length_is_named(server) {
        for number in ["123456789", "12345678901", "12345６7890", "12345 7890", "あいうえおかきくけこ"] {
            let slip = Slip::of_somebody_new().set(field::INSURED, number);
            let answer = refused(server, &slip, slip.body(), 422, &[field::INSURED]);
            assert!(!answer.text().contains(number), "values are not repeated: {answer}");
        }
    }

    fn an_unknown_code_is_named(server) {
        let slip = Slip::of_somebody_new().set(field::SEX, "宇宙人");
        let answer = refused(server, &slip, slip.body(), 422, &[field::SEX]);
        assert_eq!(answer.json()["issue"][0]["code"], "code-invalid", "{answer}");
        assert!(!answer.text().contains("宇宙人"), "values are not repeated: {answer}");
    }

    fn control_characters_in_text_are_named(server) {
        for text in ["a\u{0}b", "a\u{1b}[31mb", "a\u{7f}b", "a\u{feff}b", "a\u{202e}b"] {
            for name in [field::REMARKS, field::NAME] {
                let slip = Slip::of_somebody_new().set(name, &format!("検証\u{3000}{text}"));
                refused(server, &slip, slip.body(), 422, &[name]);
            }
        }
        // What only looks strange is text, and comes back as it was.
        for text in ["\u{20bb7}田", "葛\u{e0100}城"] {
            let slip = Slip::of_somebody_new().set(field::REMARKS, text);
            let native = native(server, &send(server, &slip).sheet);
            assert_eq!(native["response"]["data"][0]["fieldData"][field::REMARKS], text);
        }
    }

    fn every_wrong_field_is_named_at_once(server) {
        let slip = Slip::of_somebody_new().without(field::NAME).set(field::BIRTH_DATE, "13/01/2026")
            .set(field::INSURED, "1").set(field::SEX, "?");
        let fields = [field::NAME, field::BIRTH_DATE, field::INSURED, field::SEX];
        refused(server, &slip, slip.body(), 422, &fields);
    }
}

/// What the golden case says comes back, with this slip's own values where they are not the golden ones.
fn expected(case: &str, slip: &Slip) -> Value {
    fn own(golden: &Value, sent: &Value, back: &Value) -> Value {
        match back {
            Value::Object(members) => members
                .iter()
                .map(|(name, back)| (name.clone(), own(&golden[name], &sent[name], back)))
                .collect::<serde_json::Map<String, Value>>()
                .into(),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, back)| own(&golden[index], &sent[index], back))
                    .collect()
            }
            back if golden == sent => back.clone(),
            _ => sent.clone(),
        }
    }
    let back = golden_record(case, "native-back.json");
    own(Slip::golden(case).record(), slip.record(), &back)
}

/// Every mapped field comes back as it was sent; an empty field may come back as none.
fn compare(slip: &Slip, back: &Value) {
    let sent = slip.record();
    let mapped = |name: &str, value: &Value| value != "" && !is_unmapped(name);
    for (name, value) in sent["fieldData"].as_object().expect("fieldData") {
        if mapped(name, value) {
            assert_eq!(back["fieldData"].get(name), Some(value), "{name}");
        }
    }
    for (portal, rows) in sent["portalData"].as_object().expect("portalData") {
        let returned = back["portalData"][portal]
            .as_array()
            .unwrap_or_else(|| panic!("{portal} did not come back"));
        let rows = rows.as_array().expect("rows");
        assert_eq!(returned.len(), rows.len(), "{portal}");
        for (row, returned) in rows.iter().zip(returned) {
            let fields = row.as_object().expect("a row").iter();
            for (name, value) in
                fields.filter(|(name, value)| name.contains("::") && mapped(name, value))
            {
                assert_eq!(returned.get(name), Some(value), "{portal} {name}");
            }
        }
    }
}
