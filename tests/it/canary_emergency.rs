//! Nothing personal of a resident reaches a log, a refusal, the metrics, a cursor or a handle: emergency
//! records, searches, cards, notes, reviews, files, FHIR searches.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::canary::assert_silent;
use crate::card::{open, reason};
use crate::emergency::{crew, handle};
use crate::harness::*;
use crate::resident::{Resident, enrol, envelope};

/// Words that a crew writes.
const WORDS: &str = "隊員の書いた秘密の言葉";

alone_on_both! {
    fn nothing_personal_of_a_resident_leaves_by_a_side_door(start) {
        let server = start.with("[log]\nfilter = \"trace\"").go();
        let resident = Resident::somebody_new();
        let sent = enrol(&server, &resident);
        let mut canaries = resident.canaries();
        canaries.push(WORDS.to_owned());
        let who = crew(&server);
        look_up(&server, &who, &resident, &mut canaries);
        search_fhir(&server, &resident, &sent.patient(), &canaries);
        refuse(&server, &who, &resident, &canaries);
        settle(&server, &resident);
        let metrics = server.send(&Call::get("/metrics")).expect(200).text();
        assert!(metrics.contains("flow_emergency_seconds"), "{metrics}");
        assert!(server.end().success());
        let output = server.output();
        assert!(output.lines().count() > 20, "the log is too short to prove anything:\n{output}");
        assert_silent(&canaries, &output, "the log");
        assert_silent(&canaries, &metrics, "the metrics");
    }
}

fn look_up(server: &Server, who: &Who, resident: &Resident, canaries: &mut Vec<String>) {
    let asked = json!({"name": resident.get("氏名カナ"), "phone": resident.get("電話"), "address": resident.get("住所")});
    server
        .post(who, "/emergency/search", asked.to_string())
        .expect(200);
    let handle = handle(server, who, &json!({"card": resident.get("地域ID")}));
    // A handle says nothing to who holds it.
    let plain = URL_SAFE_NO_PAD.decode(&handle).expect("base64url");
    let plain = String::from_utf8_lossy(&plain).into_owned();
    assert_silent(canaries, &plain, "the handle");
    open(server, who, &handle).expect(200);
    let call = Call::post(&format!("/emergency/{handle}/card"), reason().to_string())
        .header("Accept", "application/fhir+json");
    server.send(&call.token(server.token(who))).expect(200);
    let note = json!({"dispatch": "K-9", "text": WORDS, "place": WORDS});
    let made = server
        .post(who, "/emergency/notes", note.to_string())
        .expect(201)
        .json();
    server.get(who, "/emergency/notes").expect(200);
    let link = format!(
        "/emergency/notes/{}/link",
        made["note"].as_str().expect("an id")
    );
    server
        .post(who, &link, json!({"record": handle}).to_string())
        .expect(200);
    let wrong = format!("/emergency/{handle}/wrong-person");
    server
        .post(who, &wrong, json!({"text": WORDS}).to_string())
        .expect(200);
    canaries.push(handle);
}

fn search_fhir(server: &Server, resident: &Resident, patient: &str, canaries: &[String]) {
    let encoded =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    for (name, value) in [
        ("name", "氏名カナ"),
        ("phone", "電話"),
        ("address", "住所"),
        ("identifier", "地域ID"),
    ] {
        let path = format!(
            "/fhir/R4/Patient?{name}={}&_count=1",
            encoded(resident.get(value))
        );
        server.get(&care_manager(), &path).expect(200);
    }
    server
        .get(
            &care_manager(),
            &format!("/fhir/R4/Condition?patient={patient}"),
        )
        .expect(200);
    let body = format!("name={}", encoded(resident.get("氏名カナ")));
    let call = Call::post("/fhir/R4/Patient/_search", body)
        .header("Content-Type", "application/x-www-form-urlencoded");
    server
        .send(&call.token(server.token(&care_manager())))
        .expect(200);
    // A page's cursor says nothing either.
    let page = server
        .get(
            &care_manager(),
            "/fhir/R4/Patient?name=%E3%82%B7%E3%82%B1%E3%83%B3&gender=female&_count=1",
        )
        .expect(200)
        .json();
    for link in page["link"].as_array().into_iter().flatten() {
        assert_silent(canaries, &link.to_string(), "a link");
    }
}

/// Whatever is refused repeats nothing of what was sent.
fn refuse(server: &Server, who: &Who, resident: &Resident, canaries: &[String]) {
    let calls = [
        (
            who.clone(),
            "/emergency/search",
            json!({"name": resident.get("氏名カナ"), "birthDate": resident.get("ACP内容")}),
        ),
        (
            pharmacist(),
            "/emergency/search",
            json!({"name": resident.get("氏名カナ")}),
        ),
        (
            who.clone(),
            "/emergency/notes",
            json!({"text": resident.get("ACP内容")}),
        ),
        (
            office(),
            "/identity/links",
            json!({"record": resident.get("氏名カナ"), "other": resident.get("電話"), "reason": resident.get("ACP内容")}),
        ),
    ];
    for (who, path, body) in calls {
        let answer = server.post(&who, path, body.to_string());
        assert!(answer.status >= 400, "{answer}");
        assert_silent(canaries, &answer.text(), path);
    }
    let wrong = resident.clone().version(2).set("生年月日", "明治99年");
    let answer = server.post(&care_manager(), &messages_path(), envelope(&[wrong]));
    assert_silent(canaries, &answer.outcome(422), "the refusal");
}

fn settle(server: &Server, resident: &Resident) {
    let other = Resident::somebody_new()
        .set("氏名カナ", resident.get("氏名カナ"))
        .set("生年月日", resident.get("生年月日"));
    enrol(server, &other);
    let reviews = server
        .get(&office(), "/identity/reviews")
        .expect(200)
        .json();
    let review = reviews["reviews"][0]["id"]
        .as_str()
        .expect("a doubtful pair");
    let body = json!({"decision": "same", "reason": WORDS}).to_string();
    let path = format!("/identity/reviews/{review}/decision");
    server.post(&office(), &path, body).expect(200);
}
