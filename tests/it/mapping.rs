//! Native → FHIR → native gives the same record for all two-way rows.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::harness::*;
use crate::intake::native;
use crate::slip::{Slip, field, golden_cases, golden_record, is_unmapped, send};

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
