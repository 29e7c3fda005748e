//! Room: decode. What is no message of this form is refused with the place, and nothing is half-stored.

use serde_json::json;

use crate::harness::*;
use crate::slip::{Slip, assert_nobody, envelope, field, refused};

on_both! {
    fn truncated_and_invalid_json_is_refused_with_the_place(server) {
        let slip = Slip::of_somebody_new();
        let body = slip.body();
        for cut in [1, 2, body.len() / 3, body.len() / 2, body.len() - 1] {
            refused(server, &slip, body[..cut].to_vec(), 400, &[]);
        }
        let invalid = ["", "   ", "null", "[]", "{}", "42", "{\"response\":{}}", "{\"response\":{\"data\":{}}}",
            "{\"response\":{\"data\":[]},}", "{'response':1}", "{\"response\":NaN}", "<xml/>", "{} {}"];
        for text in invalid {
            let answer = server.post(&care_manager(), &messages_path(), text);
            assert!([400, 422].contains(&answer.status), "{text}: {answer}");
            answer.outcome(answer.status);
        }
        let missing = server.post(&care_manager(), &messages_path(), "{\"response\":{},\"messages\":[]}");
        assert!(missing.outcome(missing.status).contains("response.data"), "{missing}");
    }

    fn other_charsets_are_refused_by_name(server) {
        let slip = Slip::of_somebody_new();
        let text = String::from_utf8(slip.body()).expect("UTF-8");
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: [u8; 2], bytes: &[u8]| [mark.as_slice(), bytes].concat();
        refused(server, &slip, little.clone(), 400, &["UTF-8"]);
        refused(server, &slip, big.clone(), 400, &["UTF-8"]);
        refused(server, &slip, marked([0xff, 0xfe], &little), 400, &["UTF-8"]);
        refused(server, &slip, marked([0xfe, 0xff], &big), 400, &["UTF-8"]);
        // 氏名 in MS932, in place of the UTF-8 bytes of the first Japanese word.
        let place = text.find("入退院").expect("Japanese text");
        let mut sjis = text.clone().into_bytes();
        sjis.splice(place..place + 9, [0x8e, 0x81, 0x96, 0xbc]);
        refused(server, &slip, sjis, 400, &["UTF-8"]);
        let name = slip.get(field::NAME);
        let lone = text.replacen(name, "\\ud800", 1);
        assert_ne!(lone, text);
        refused(server, &slip, lone.into_bytes(), 400, &[]);
    }

    fn a_byte_order_mark_does_no_harm(server) {
        let slip = Slip::of_somebody_new();
        let body = [[0xef, 0xbb, 0xbf].as_slice(), &slip.body()].concat();
        server.post(&care_manager(), &messages_path(), body).expect(201);
        let wrong = Slip::of_somebody_new().set(field::BIRTH_DATE, "02/30/2026");
        let body = [[0xef, 0xbb, 0xbf].as_slice(), &wrong.body()].concat();
        let place = find(&body, b"02/30/2026");
        let answer = refused(server, &wrong, body, 422, &[field::BIRTH_DATE]);
        assert!(names_place(&answer, place), "the place counts from the first byte, {place}: {answer}");
    }

    fn deep_nesting_is_refused(server) {
        let slip = Slip::of_somebody_new();
        for depth in [65, 200, 100_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                let text = String::from_utf8(slip.body()).expect("UTF-8").replacen(
                    "\"messages\":", &format!("\"deep\":{nested},\"messages\":"), 1);
                refused(server, &slip, text.into_bytes(), 413, &["64"]);
                refused(server, &slip, nested.into_bytes(), 413, &["64"]);
            }
        }
        server.send(&Call::get("/healthz")).expect(200);
    }

    fn duplicate_keys_are_refused_by_name(server) {
        let slip = Slip::of_somebody_new();
        let text = String::from_utf8(slip.body()).expect("UTF-8");
        let name = format!("\"{}\":", field::NAME);
        let twice = text.replacen(&name, &format!("{name}\"別 人\",{name}"), 1);
        assert_ne!(twice, text);
        refused(server, &slip, twice.into_bytes(), 400, &[field::NAME]);
        let escaped = text.replacen("\"recordId\":", "\"record\\u0049d\":\"1\",\"recordId\":", 1);
        refused(server, &slip, escaped.into_bytes(), 400, &["recordId"]);
    }

    fn more_records_than_a_message_may_have_are_refused(server) {
        let slip = Slip::golden("sparse");
        let slips: Vec<Slip> = (0..51).map(|number| slip.clone().numbered(number + 900_000_000)).collect();
        let body = envelope(&slips);
        assert!(body.len() < BODY_BYTES, "it is the number that is too much, not the size");
        let answer = server.post(&care_manager(), &messages_path(), body);
        assert!(answer.outcome(413).contains("50"), "{answer}");
        let empty = json!({"response": {"data": vec![json!({}); 51]}, "messages": []}).to_string();
        let answer = server.post(&care_manager(), &messages_path(), empty);
        assert!(answer.outcome(413).contains("50"), "{answer}");
    }

    fn a_layout_that_the_network_does_not_have_is_named(server) {
        let slip = Slip::of_somebody_new();
        let with_layout = |layout: serde_json::Value| {
            let mut body: serde_json::Value = serde_json::from_slice(&slip.body()).expect("JSON");
            body["response"]["dataInfo"]["layout"] = layout;
            body.to_string().into_bytes()
        };
        refused(server, &slip, with_layout(json!("別の様式")), 422, &["response.dataInfo.layout", "入退院連絡票"]);
        refused(server, &slip, with_layout(json!(7)), 400, &["response.dataInfo.layout"]);
        // A sender that names none sends what it has always sent.
        server.post(&care_manager(), &messages_path(), with_layout(json!(null))).expect(201);
    }

    fn record_numbers_are_digits(server) {
        for (name, value) in [("recordId", json!("x")), ("recordId", json!("")), ("modId", json!("-1")),
            ("modId", json!("1.5")), ("modId", json!("99999999999999999999")), ("modId", json!(3)),
            ("recordId", json!(null)), ("fieldData", json!([])), ("portalData", json!("x"))] {
            let slip = Slip::of_somebody_new();
            let mut body: serde_json::Value = serde_json::from_slice(&slip.body()).expect("JSON");
            body["response"]["data"][0][name] = value.clone();
            let answer = server.post(&care_manager(), &messages_path(), body.to_string());
            assert!([400, 422].contains(&answer.status), "{name} {value}: {answer}");
            assert!(answer.outcome(answer.status).contains(name), "{name} {value}: {answer}");
            assert_nobody(server, &slip);
        }
    }
}

fn find(body: &[u8], text: &[u8]) -> usize {
    body.windows(text.len())
        .position(|window| window == text)
        .expect("the text is in the body")
}

/// The span of a value may include its quotes or not.
fn names_place(answer: &Answer, place: usize) -> bool {
    let text = answer.text();
    text.contains(&format!("bytes {place}")) || text.contains(&format!("bytes {}", place - 1))
}
