//! Native → FHIR → native gives the same record for all two-way rows.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::harness::*;
use crate::intake::native;
use crate::slip::{Slip, field, is_unmapped, send};
use crate::tidy::source;

on_both! {
    fn the_ordinary_slip_comes_back_in_the_networks_own_form(server) {
        let golden: Value =
            serde_json::from_str(&source::read("profiles/kitamaru/golden/ordinary/native-back.json")).expect("JSON");
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let back = native(server, &sent.sheet);
        assert_eq!(back["messages"][0]["code"], "0");
        let (back, golden) = (&back["response"]["data"][0], &golden["response"]["data"][0]);
        assert_eq!(back["recordId"], slip.record()["recordId"]);
        assert_eq!(back["modId"], slip.record()["modId"]);
        assert_eq!(names(&back["fieldData"]), names(&golden["fieldData"]));
        compare(&slip, back, golden);
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
                compare(&slip, &back["response"]["data"][0], slip.record());
                Ok(())
            })
            .expect("every generated slip comes back");
    }
}

/// Every field that comes back at all comes back as it was sent; an empty field may come back as none.
fn compare(slip: &Slip, back: &Value, golden: &Value) {
    let sent = slip.record();
    for (name, value) in sent["fieldData"].as_object().expect("fieldData") {
        let wanted = golden["fieldData"].get(name).is_some() && value != "" && !is_unmapped(name);
        let Some(returned) = back["fieldData"].get(name) else {
            assert!(!wanted, "{name} did not come back");
            continue;
        };
        assert_eq!(returned, value, "{name}");
    }
    for (portal, rows) in sent["portalData"].as_object().expect("portalData") {
        let returned = back["portalData"][portal]
            .as_array()
            .unwrap_or_else(|| panic!("{portal} did not come back"));
        let rows = rows.as_array().expect("rows");
        assert_eq!(returned.len(), rows.len(), "{portal}");
        for (row, returned) in rows.iter().zip(returned) {
            for (name, value) in row
                .as_object()
                .expect("a row")
                .iter()
                .filter(|(name, _)| name.contains("::"))
            {
                if value != "" && !is_unmapped(name) {
                    assert_eq!(returned.get(name), Some(value), "{portal} {name}");
                }
            }
        }
    }
}

fn names(value: &Value) -> Vec<String> {
    let mut names: Vec<String> = value
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    names.sort();
    names
}
