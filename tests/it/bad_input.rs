//! Bad input: a clear answer in the sender's own words, and nothing half-stored.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::harness::*;
use crate::intake::assert_nobody;
use crate::slip::{Slip, envelope, field, send};

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
        let lone = text.replacen("架空", "\\ud800", 1);
        if lone != text {
            refused(server, &slip, lone.into_bytes(), 400, &[]);
        }
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

    fn a_body_over_the_limit_is_refused(server) {
        let slip = Slip::of_somebody_new();
        let big = slip.clone().set(field::REMARKS, &"長".repeat(2_000_000));
        assert!(big.body().len() > 6_000_000);
        let answer = Call::post(&messages_path(), big.body()).token(server.token(&care_manager())).send(&server.base);
        // A client that still writes when the answer comes may see the connection end instead.
        if let Ok(answer) = answer {
            answer.outcome(413);
        }
        assert_nobody(server, &slip);
        assert_eq!(chunked(server, 6_000_000), 413);
        server.send(&Call::get("/healthz")).expect(200);
    }

    fn more_records_than_a_message_may_have_are_refused(server) {
        let slip = Slip::golden("sparse");
        let slips: Vec<Slip> = (0..501).map(|number| slip.clone().numbered(number + 900_000_000)).collect();
        let body = envelope(&slips);
        if body.len() < 5_000_000 {
            server.post(&care_manager(), &messages_path(), body).outcome(413);
        }
        let empty = json!({"response": {"data": vec![json!({}); 501]}, "messages": []}).to_string();
        let answer = server.post(&care_manager(), &messages_path(), empty);
        assert!(answer.outcome(413).contains("500"), "{answer}");
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

    fn control_characters_in_text_do_no_harm(server) {
        for text in ["a\u{0}b", "a\u{1b}[31mb", "a\u{7f}b", "a\u{feff}b", "a\u{202e}b"] {
            let slip = Slip::of_somebody_new().set(field::REMARKS, text);
            let answer = server.post(&care_manager(), &messages_path(), slip.body());
            if answer.status == 201 {
                let native = crate::intake::native(server, &crate::slip::Sent::of(answer).sheet);
                assert_eq!(native["response"]["data"][0]["fieldData"][field::REMARKS], text);
            } else {
                assert!(answer.outcome(422).contains(field::REMARKS), "{text:?}: {answer}");
            }
            let named = Slip::of_somebody_new().set(field::NAME, &format!("検証\u{3000}{text}"));
            let answer = server.post(&care_manager(), &messages_path(), named.body());
            assert!([201, 422].contains(&answer.status), "{text:?}: {answer}");
        }
    }

    fn a_slip_without_consent_is_refused(server) {
        for consent in ["なし", ""] {
            let slip = Slip::of_somebody_new().set(field::CONSENT, consent);
            refused(server, &slip, slip.body(), 422, &[field::CONSENT]);
        }
    }

    fn a_slip_without_any_identifier_is_refused(server) {
        let slip = Slip::of_somebody_new();
        let bare = slip.clone().set(field::REGIONAL_ID, "").set(field::PATIENT_NUMBER, "").set(field::INSURED, "")
            .set(field::INSURER, "");
        refused(server, &slip, bare.body(), 422, &[field::REGIONAL_ID]);
    }

    fn every_wrong_field_is_named_at_once(server) {
        let slip = Slip::of_somebody_new().without(field::NAME).set(field::BIRTH_DATE, "13/01/2026")
            .set(field::INSURED, "1").set(field::SEX, "?");
        let fields = [field::NAME, field::BIRTH_DATE, field::INSURED, field::SEX];
        refused(server, &slip, slip.body(), 422, &fields);
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

    fn what_was_refused_can_be_sent_again_when_it_is_right(server) {
        let slip = Slip::of_somebody_new();
        let wrong = slip.clone().set(field::BIRTH_DATE, "02/30/2026");
        server.post(&care_manager(), &messages_path(), wrong.body()).outcome(422);
        send(server, &slip);
        server.post(&care_manager(), &messages_path(), wrong.body()).outcome(422);
    }

    fn a_refused_message_is_kept_in_quarantine(server) {
        use sqlx::Row as _;
        let wrong = Slip::of_somebody_new().set(field::BIRTH_DATE, "02/30/2026");
        let answer = server.post(&care_manager(), &messages_path(), wrong.body());
        answer.outcome(422);
        let request = answer.header("x-request-id").expect("a request id");
        let rows = server.sql(&format!("select reason, body from quarantine where request = '{request}'"));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].get::<Vec<u8>, _>("body"), wrong.body());
        assert!(rows[0].get::<String, _>("reason").contains(field::BIRTH_DATE));
        let strangers = server.send(&Call::post(&messages_path(), wrong.body()));
        strangers.outcome(401);
    }
}

/// The message is refused with this status, the answer names these words, and nobody was made of it.
#[track_caller]
fn refused(server: &Server, slip: &Slip, body: Vec<u8>, status: u16, words: &[&str]) -> Answer {
    let answer = server.post(&care_manager(), &messages_path(), body);
    let text = answer.outcome(status);
    for word in words {
        assert!(text.contains(word), "{word} is not named: {answer}");
    }
    assert_nobody(server, slip);
    answer
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

/// Sends a body in chunks, without saying how long it will be; the status.
fn chunked(server: &Server, bytes: usize) -> u16 {
    let address = server.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a time limit");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        messages_path(),
        server.token(&care_manager())
    );
    let mut sent = stream.write_all(head.as_bytes());
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    for _ in 0..bytes / 0x10000 {
        sent = sent.and_then(|()| stream.write_all(chunk.as_bytes()));
    }
    let _ = sent.and_then(|()| stream.write_all(b"0\r\n\r\n"));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    text.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(413)
}
