//! Room: register. The directory of facilities and staff: by the network's office only, all of it or none.

use serde_json::{Value, json};

use crate::harness::*;
use crate::leaf::leaves_of;
use crate::slip::{Slip, field};

on_both! {
    fn the_office_registers_facilities_and_staff(server) {
        let (hospital, body) = newcomers();
        let answer = post(server, &office(), &body).expect(200);
        assert_eq!(answer.json(), json!({"facilities": 1, "staff": 1}));
        assert_eq!(leaves_of(server, answer.header("x-request-id").expect("a request id")), [false]);
        assert!(takes_slips(server, &hospital));
        // The same again is harmless, and nothing at all is nothing.
        assert_eq!(post(server, &office(), &body).expect(200).json(), json!({"facilities": 1, "staff": 1}));
        assert_eq!(post(server, &office(), &json!({})).expect(200).json(), json!({"facilities": 0, "staff": 0}));
    }

    fn nobody_but_the_office_registers(server) {
        let (hospital, body) = newcomers();
        for profession in PROFESSIONS.iter().filter(|profession| **profession != "network_office") {
            let who = if *profession == "vendor_system" { Who::system(OFFICE) } else { Who::person(profession, OFFICE) };
            let answer = post(server, &who, &body);
            answer.outcome(403);
            assert_eq!(leaves_of(server, answer.header("x-request-id").expect("a request id")), [true], "{profession}");
        }
        let mut stranger = office();
        stranger.networks = vec!["elsewhere".to_owned()];
        let here = post(server, &stranger, &body);
        let nowhere = server.post(&office(), "/networks/nowhere/directory", body.to_string());
        here.outcome(404);
        assert_eq!(here.without_accidents(), nowhere.without_accidents());
        assert!(!takes_slips(server, &hospital));
    }

    fn what_is_wrong_is_named_and_nothing_is_registered(server) {
        for (place, field, value) in wrong() {
            let (hospital, mut body) = newcomers();
            body[place][0][field] = value.clone();
            let answer = post(server, &office(), &body);
            assert!(answer.outcome(422).contains(&format!("{place}[0].{field}")), "{field} {value}: {answer}");
            assert_eq!(leaves_of(server, answer.header("x-request-id").expect("a request id")), [true], "{answer}");
            assert!(!takes_slips(server, &hospital), "{place} {field} {value}");
        }
    }

    fn what_is_missing_is_named(server) {
        for (place, field) in [("facilities", "code"), ("facilities", "name"), ("facilities", "kind"), ("staff", "id"),
            ("staff", "name"), ("staff", "profession"), ("staff", "facility")] {
            let (hospital, mut body) = newcomers();
            body[place][0].as_object_mut().expect("an object").remove(field).expect("it was there");
            let answer = post(server, &office(), &body);
            assert!(answer.outcome(422).contains(&format!("{place}[0].{field}")), "{field}: {answer}");
            assert!(!takes_slips(server, &hospital), "{place} {field}");
        }
    }

    fn everything_wrong_is_named_at_once(server) {
        let (_, mut body) = newcomers();
        body["colour"] = json!("blue");
        body["facilities"][0]["kind"] = json!("castle");
        body["staff"][0]["since"] = json!("2026-02-30");
        let text = post(server, &office(), &body).outcome(422);
        for name in ["colour", "facilities[0].kind", "staff[0].since"] {
            assert!(text.contains(name), "{name}: {text}");
        }
        assert!(!text.contains("castle") && !text.contains("2026-02-30"), "values are not repeated: {text}");
    }

    fn what_is_no_directory_is_refused(server) {
        let path = directory_path();
        for body in ["", "{", "null extra", "{\"staff\":[],\"staff\":[]}", "{\"staff\":[{\"id\":\"a\",\"id\":\"b\"}]}",
            "\u{1}"] {
            server.post(&office(), &path, body).outcome(400);
        }
        let deep = format!("{{\"staff\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
        server.post(&office(), &path, deep).outcome(400);
        for body in ["null", "[]", "42", "{\"staff\":{}}", "{\"facilities\":\"x\"}", "{\"staff\":[1]}"] {
            server.post(&office(), &path, body).outcome(422);
        }
    }
}

/// Places, fields and what they may not hold.
fn wrong() -> Vec<(&'static str, &'static str, Value)> {
    let mut wrong = vec![
        ("facilities", "colour", json!("blue")),
        ("facilities", "code", json!("")),
        ("facilities", "code", json!(12)),
        ("facilities", "kind", json!("castle")),
        ("facilities", "name", json!("")),
        ("facilities", "name", json!("a\u{7}b")),
        ("facilities", "name", json!("長".repeat(201))),
        ("staff", "colour", json!("blue")),
        ("staff", "profession", json!("wizard")),
        ("staff", "profession", json!(null)),
        ("staff", "facility", json!(UNKNOWN_HOSPITAL)),
        ("staff", "facility", json!("a/b")),
        ("staff", "id", json!("")),
    ];
    for date in [
        "2026-02-30",
        "2026-13-01",
        "26-01-01",
        "01/02/2026",
        "2026-1-2",
        "",
        "today",
        "2026-01-01T00:00:00Z",
    ] {
        wrong.push(("staff", "since", json!(date)));
        wrong.push(("staff", "until", json!(date)));
    }
    wrong.push(("staff", "since", json!(20_260_101)));
    wrong
}

/// A hospital that nobody knows yet, its code, and somebody who works there.
fn newcomers() -> (String, Value) {
    let code = format!("01143{:05}", unique());
    let body = json!({
        "facilities": [{"code": code, "name": "架空新規病院", "kind": "hospital", "mailbox": true}],
        "staff": [{
            "id": format!("nurse-{code}"), "name": "架空 看護", "profession": "nurse", "facility": code,
            "since": "2026-04-01", "until": "2027-03-31",
        }],
    });
    (code, body)
}

#[track_caller]
fn post(server: &Server, who: &Who, body: &Value) -> Answer {
    server.post(who, &directory_path(), body.to_string())
}

/// Whether the network knows the hospital: a slip that names it is taken.
fn takes_slips(server: &Server, hospital: &str) -> bool {
    let slip = Slip::of_somebody_new().set(field::HOSPITAL, hospital);
    let answer = server.post(&care_manager(), &messages_path(), slip.body());
    if answer.status == 201 {
        return true;
    }
    assert!(answer.outcome(422).contains(field::HOSPITAL), "{answer}");
    false
}
