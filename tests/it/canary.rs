//! Nothing personal ever reaches a log, an error text or the metrics.

use crate::harness::*;
use crate::slip::{Slip, field};

alone_on_both! {
    fn nothing_personal_in_logs_and_metrics(start) {
        let server = start.with("[log]\nfilter = \"trace\"").go();
        let mut canaries = Vec::new();
        let slip = Slip::of_somebody_new();
        canaries.extend(slip.canaries());
        let answer = server.post(&care_manager(), &messages_path(), slip.body()).expect(201);
        let sent = crate::slip::Sent::of(answer);
        visit(&server, &slip, &sent);
        for wrong in wrong_slips() {
            canaries.extend(wrong.canaries());
            let answer = server.post(&care_manager(), &messages_path(), wrong.body());
            assert!(answer.status >= 400, "{answer}");
            for canary in wrong.canaries().iter().filter(|canary| canary.len() > 4) {
                assert!(!answer.text().contains(canary.as_str()), "{canary} is repeated: {answer}");
            }
        }
        let metrics = server.send(&Call::get("/metrics")).expect(200).text();
        assert!(metrics.contains("edge_requests_total"), "{metrics}");
        assert!(server.end().success());
        let output = server.output();
        assert!(output.lines().count() > 20, "the log is too short to prove anything:\n{output}");
        // What identifies a person must not be written in any of its spellings.
        assert_silent(&canaries, &output, "the log");
        assert_silent(&canaries, &metrics, "the metrics");
    }

    fn log_lines_are_json(start) {
        let server = start.go();
        crate::slip::send(&server, &Slip::of_somebody_new());
        // A line break in what comes from outside does not start a line.
        let line = "a%0A%7B%22level%22%3A%22INFO%22%7D";
        server.get(&care_manager(), &format!("/fhir/R4/Patient?identifier={line}")).outcome(400);
        server.get(&care_manager(), &format!("/fhir/R4/Patient/{line}")).outcome(404);
        server.get(&care_manager(), &format!("/networks/{line}/admission-slips/{line}")).outcome(404);
        server.get(&care_manager(), &format!("/{line}")).outcome(404);
        assert!(server.end().success());
        let log = std::fs::read_to_string(server.folder.join("stderr")).expect("the log");
        assert!(log.lines().count() >= 2, "{log}");
        for line in log.lines() {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            assert!(entry["level"].is_string(), "{line}");
        }
    }
}

fn visit(server: &Server, slip: &Slip, sent: &crate::slip::Sent) {
    for (door, _) in crate::permit::doors_to(sent) {
        server.get(&care_manager(), &door).expect(200);
        server.get(&pharmacist(), &door).expect(404);
    }
    for name in [field::REGIONAL_ID, field::INSURED, field::PATIENT_NUMBER] {
        server
            .get(
                &care_manager(),
                &format!("/fhir/R4/Patient?identifier={}", slip.get(name)),
            )
            .expect(200);
        server
            .get(
                &care_manager(),
                &format!("/fhir/R4/Patient?{}=1", slip.get(name)),
            )
            .outcome(400);
        server
            .get(
                &care_manager(),
                &format!("/fhir/R4/Patient/{}", slip.get(name)),
            )
            .outcome(404);
        server
            .get(&care_manager(), &format!("/{}", slip.get(name)))
            .outcome(404);
    }
    for (param, name) in [
        ("name", field::NAME),
        ("name", field::KANA),
        ("address", field::ADDRESS),
        ("phone", field::PHONE),
    ] {
        let asked = format!("{param}={}", crate::search::encoded(slip.get(name)));
        for who in [care_manager(), pharmacist()] {
            server
                .get(&who, &format!("/fhir/R4/Patient?{asked}&_count=1"))
                .expect(200);
            let form = Call::post("/fhir/R4/Patient/_search", asked.clone())
                .header("Content-Type", "application/x-www-form-urlencoded");
            server.send(&form.token(server.token(&who))).expect(200);
        }
        server
            .get(
                &care_manager(),
                &format!("/fhir/R4/Patient?{asked}&_sort=x"),
            )
            .outcome(400);
    }
    let history = format!("/fhir/R4/Patient/{}/_history", sent.patient());
    server.get(&care_manager(), &history).expect(200);
    let inbox = server.get(&hospital(), "/inbox").expect(200).json();
    let delivery = &inbox["deliveries"][0];
    let body = serde_json::json!({"fencingToken": delivery["fencingToken"]}).to_string();
    let path = format!("/inbox/{}/receipt", delivery["id"].as_str().expect("an id"));
    server.post(&hospital(), &path, body).expect(200);
    server
        .get(&auditor(), &format!("/audit?record={}", sent.patient()))
        .expect(200);
}

fn wrong_slips() -> Vec<Slip> {
    let slip = Slip::of_somebody_new;
    vec![
        slip().set(field::BIRTH_DATE, "02/30/2026"),
        slip().set(field::SEX, "ケンショウ 性別"),
        slip().set(field::HOSPITAL, UNKNOWN_HOSPITAL),
        slip().set(field::SENDER, OTHER_CARE_OFFICE),
        slip().set(field::INSURED, "77777777777"),
    ]
}

/// Fails if a canary, in any of its spellings, is in what a server wrote.
pub fn assert_silent(canaries: &[String], output: &str, what: &str) {
    for canary in canaries.iter().filter(|canary| canary.len() > 4) {
        for spelling in spellings(canary) {
            assert!(!output.contains(&spelling), "{what} names {spelling}");
        }
    }
}

/// As it is, as JSON escapes it, as a URL writes it, as `Debug` prints bytes.
fn spellings(text: &str) -> Vec<String> {
    let escaped: String = text
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
    vec![text.to_owned(), escaped, percent, bytes.join(", ")]
}
