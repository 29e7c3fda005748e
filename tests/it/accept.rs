//! Room: accept. Which network, how big, in which form, under which id: before anything is read.
//! A no at the door is one leaf, and one row of quarantine when it was a message.

use crate::harness::*;
use crate::leaf::{leaves_of, quarantined};
use crate::slip::{Slip, assert_nobody, field};

on_both! {
    fn a_body_over_the_limit_is_refused(server) {
        let slip = Slip::of_somebody_new();
        let big = slip.clone().set(field::REMARKS, &"長".repeat(2_000_000)).body();
        assert!(big.len() > 6_000_000);
        // One byte too many, and no more: what a server leaves unread may cost us its answer.
        let cut = &big[..BODY_BYTES + 1];
        let said = framed(server, &format!("Content-Length: {}", big.len()), &[cut]);
        let chunks: Vec<Vec<u8>> = cut.chunks(0x10000).map(chunk).collect();
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let chunked = framed(server, "Transfer-Encoding: chunked", &chunks);
        for answer in [said, chunked] {
            assert!(answer.outcome(413).contains(&BODY_BYTES.to_string()), "{answer}");
            assert_eq!(leaves_of(server, answer.header("x-request-id").expect("a request id")), [true]);
        }
        assert_nobody(server, &slip);
        server.send(&Call::get("/healthz")).expect(200);
        // The limit itself is let in, and is no message.
        server.post(&care_manager(), &messages_path(), vec![b' '; BODY_BYTES]).outcome(400);
    }

    fn other_media_types_are_refused(server) {
        let slip = Slip::of_somebody_new();
        for media_type in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-ndjson"] {
            let call = Call::post(&messages_path(), slip.body()).token(server.token(&care_manager()));
            server.send(&call.header("Content-Type", media_type)).outcome(415);
        }
        assert_nobody(server, &slip);
        for media_type in ["application/json; charset=UTF-8", "application/json;charset=utf-8", "Application/JSON"] {
            let slip = Slip::of_somebody_new();
            let call = Call::post(&messages_path(), slip.body()).token(server.token(&care_manager()));
            server.send(&call.header("Content-Type", media_type)).expect(201);
        }
    }
    fn a_request_names_one_host(server) {
        let token = server.token(&hospital());
        let ask = |hosts: &str| {
            let head = format!("GET /inbox HTTP/1.1\r\n{hosts}Authorization: Bearer {token}\r\nConnection: close\r\n\r\n");
            raw(server, head.as_bytes())
        };
        assert_eq!(ask("Host: localhost\r\n").status, 200);
        ask("Host: localhost\r\nHost: elsewhere\r\n").outcome(400);
    }

    fn a_name_of_a_message_is_short_and_plain(server) {
        let slip = Slip::of_somebody_new();
        for bad in ["", "a b", "a'b", "a/b", &"x".repeat(129), "é"] {
            let call = Call::post(&messages_path(), slip.body()).token(server.token(&care_manager()));
            let answer = server.send(&call.header("Idempotency-Key", bad));
            assert!(answer.outcome(400).contains("Idempotency-Key"), "{bad}: {answer}");
        }
        assert_nobody(server, &slip);
        let longest = format!("{:0>128}", unique());
        let call = Call::post(&messages_path(), slip.body()).token(server.token(&care_manager()));
        server.send(&call.header("Idempotency-Key", &longest)).expect(201);
    }

    fn a_no_at_the_door_to_a_message_is_one_leaf_and_is_kept(server) {
        let slip = Slip::of_somebody_new();
        let (path, token) = (messages_path(), server.token(&care_manager()));
        let message = |path: &str| Call::post(path, slip.body()).token(token.clone());
        let calls = [
            (400, message(&format!("{path}?dry_run=1"))),
            (400, message(&format!("{path}?a=1&a=1"))),
            (400, message(&path).header("Idempotency-Key", "a b")),
            (415, message(&path).header("Content-Type", "text/plain")),
        ];
        for (status, call) in calls {
            let answer = server.send(&call);
            answer.outcome(status);
            let request = answer.header("x-request-id").expect("a request id");
            assert_eq!(leaves_of(server, request), [true], "{}: {answer}", call.path);
            let kept = quarantined(server, request);
            assert_eq!(kept.len(), 1, "{}: {answer}", call.path);
            assert_eq!(kept[0].body, slip.body());
            assert_eq!(kept[0].answer, answer.json());
        }
        assert_nobody(server, &slip);
    }

    fn a_message_for_a_network_that_is_not_the_senders_is_not_kept(server) {
        let slip = Slip::of_somebody_new();
        for network in ["nowhere", "No%20Where", "x%00"] {
            let answer = server.post(&care_manager(), &format!("/networks/{network}/messages"), slip.body());
            answer.outcome(404);
            let request = answer.header("x-request-id").expect("a request id");
            assert_eq!(leaves_of(server, request), [true], "{answer}");
            assert_eq!(quarantined(server, request).len(), 0, "{answer}");
        }
    }

    fn a_no_at_any_other_door_is_one_leaf(server) {
        let by = |who: Who, call: Call| call.token(server.token(&who));
        let absent = "/inbox/0190a000-0000-7000-8000-000000000000/receipt";
        let directory = format!("/networks/{NETWORK}/directory");
        let calls = [
            (400, by(hospital(), Call::get("/inbox?limit=1"))),
            (400, by(hospital(), Call::get("/sheets/1?x=1"))),
            (400, by(hospital(), Call::post(absent, "{}"))),
            (400, by(office(), Call::post(&format!("{directory}?x=1"), world::directory().to_string()))),
            (400, by(auditor(), Call::get("/audit"))),
            (400, by(auditor(), Call::get("/audit?record=x&record=x"))),
            (404, by(hospital(), Call::get("/fhir/R4/Medication/1"))),
            (404, by(hospital(), Call::get("/fhir/R4/patient/1"))),
            (400, by(hospital(), Call::get("/fhir/R4/Patient"))),
            (400, by(hospital(), Call::get("/fhir/R4/Patient?name:missing=x"))),
            (400, by(hospital(), Call::get("/fhir/R4/Observation?cursor=x"))),
            (415, by(hospital(), Call::post("/fhir/R4/Patient/_search", "{}"))),
            (400, by(hospital(), Call::get("/fhir/R4/Patient/1/_history?_since=x"))),
            (400, by(hospital(), Call::get("/fhir/R4/Patient?identifier=a%00b"))),
            (400, by(hospital(), Call::get("/fhir/R4/Patient/1?_elements=id"))),
            (406, by(hospital(), Call::get("/fhir/R4/Patient/1").header("Accept", "application/fhir+xml"))),
        ];
        for (status, call) in calls {
            let answer = server.send(&call);
            answer.outcome(status);
            let request = answer.header("x-request-id").expect("a request id");
            assert_eq!(leaves_of(server, request), [true], "{} {}: {answer}", call.method, call.path);
            assert_eq!(quarantined(server, request).len(), 0, "{} {}", call.method, call.path);
        }
    }
}

/// A message by the care manager whose body is framed like this.
#[track_caller]
fn framed(server: &Server, framing: &str, parts: &[&[u8]]) -> Answer {
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         {framing}\r\nConnection: close\r\n\r\n",
        messages_path(),
        server.token(&care_manager())
    );
    raw(server, &[head.as_bytes(), &parts.concat()].concat())
}

/// A chunk of a body in chunks.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", bytes.len());
    [size.as_bytes(), bytes, b"\r\n"].concat()
}
