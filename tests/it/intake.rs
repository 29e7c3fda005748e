//! Slips come in: what is answered, what is stored, what a repeat does.

use serde_json::{Value, json};

use crate::harness::*;
use crate::slip::{Sent, Slip, envelope, field, is_unmapped, send, send_as};

on_both! {
    fn a_slip_is_accepted_with_its_references(server) {
        let slip = Slip::of_somebody_new();
        let answer = server.post(&care_manager(), &messages_path(), slip.body()).expect(201);
        assert!(answer.header("cache-control").is_some_and(|value| value.contains("no-store")), "{answer}");
        assert!(answer.header("x-request-id").is_some(), "{answer}");
        let body = answer.json();
        assert_eq!(body["status"], "accepted");
        assert_eq!(body["message"].as_str().map(str::len), Some(36), "{answer}");
        let record = &body["records"][0];
        assert_eq!(record["index"], 0);
        assert_eq!(record["recordId"], slip.record()["recordId"]);
        assert_eq!(record["modId"], slip.record()["modId"]);
        assert_eq!(record["outcome"], "stored");
        for loss in record["loss"].as_array().expect("a list") {
            let field = loss["field"].as_str().and_then(|field| field.rsplit('.').next()).expect("a field");
            assert!(is_unmapped(field), "an ordinary slip loses only what is listed as unmapped: {loss}");
        }
        let sent = Sent::of(answer);
        for kind in ["Patient", "Encounter", "Condition", "Practitioner", "Organization", "RelatedPerson", "Coverage",
            "Composition", "Observation"] {
            let path = format!("/fhir/R4/{}", sent.reference(kind));
            let resource = server.get(&care_manager(), &path).expect(200).json();
            assert_eq!(resource["resourceType"], kind);
        }
    }

    fn several_records_are_answered_one_by_one(server) {
        let slips = [Slip::of_somebody_new(), Slip::of_somebody_new(), Slip::of_somebody_new()];
        let answer = server.post(&care_manager(), &messages_path(), envelope(&slips)).expect(201).json();
        let records = answer["records"].as_array().expect("records");
        assert_eq!(records.len(), 3);
        let mut sheets: Vec<&str> = records.iter().filter_map(|record| record["sheet"].as_str()).collect();
        for (index, (record, slip)) in records.iter().zip(&slips).enumerate() {
            assert_eq!(record["index"], json!(index));
            assert_eq!(record["recordId"], slip.record()["recordId"]);
        }
        sheets.sort_unstable();
        sheets.dedup();
        assert_eq!(sheets.len(), 3);
    }

    fn one_wrong_record_refuses_the_whole_message(server) {
        let good = Slip::of_somebody_new();
        let wrong = Slip::of_somebody_new().without(field::NAME);
        let answer = server.post(&care_manager(), &messages_path(), envelope(&[good.clone(), wrong]));
        assert!(answer.outcome(422).contains(&format!("data[1].fieldData.{}", field::NAME)), "{answer}");
        assert_nobody(server, &good);
    }

    fn the_same_bytes_again_get_the_same_answer_and_do_nothing(server) {
        let slip = Slip::of_somebody_new();
        let first = server.post(&care_manager(), &messages_path(), slip.body()).expect(201);
        for _ in 0..3 {
            let again = server.post(&care_manager(), &messages_path(), slip.body()).expect(200);
            assert_eq!(again.text(), first.text());
        }
        let sheet = Sent::of(first).sheet;
        let status = server.get(&care_manager(), &format!("/sheets/{sheet}")).expect(200).json();
        assert_eq!(status["version"], 1, "{status}");
        assert_eq!(deliveries_of(server, &sheet), 1);
    }

    fn the_same_bytes_at_the_same_time_have_one_effect(server) {
        let slip = Slip::of_somebody_new();
        let token = server.token(&care_manager());
        let call = Call::post(&messages_path(), slip.body()).token(token);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..8).map(|_| scope.spawn(|| server.send(&call))).collect();
            senders.into_iter().map(|sender| sender.join().expect("the sender ends")).collect()
        });
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        for answer in &answers {
            assert!([200, 201].contains(&answer.status), "{answer}");
            assert_eq!(answer.text(), answers[0].text());
        }
    }

    fn a_senders_own_message_id_stands_for_the_same_bytes_only(server) {
        let slip = Slip::of_somebody_new();
        let token = server.token(&care_manager());
        let with_key = |slip: &Slip, key: &str| {
            server.send(&Call::post(&messages_path(), slip.body()).token(token.clone()).header("Idempotency-Key", key))
        };
        let key = format!("message-{}", unique());
        let first = with_key(&slip, &key).expect(201);
        assert_eq!(with_key(&slip, &key).expect(200).text(), first.text());
        let other = Slip::of_somebody_new();
        with_key(&other, &key).outcome(409);
        assert_nobody(server, &other);
        // Another sender's ids are its own.
        let theirs = Slip::of_somebody_new().set(field::SENDER, OTHER_CARE_OFFICE);
        let call = Call::post(&messages_path(), theirs.body()).token(server.token(&other_care_manager()));
        server.send(&call.header("Idempotency-Key", &key)).expect(201);
        for bad in ["", "a b", "a'b", &"x".repeat(129), "é"] {
            with_key(&other, bad).outcome(400);
        }
    }

    fn the_same_record_in_other_bytes_is_unchanged(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let spaced = String::from_utf8(slip.body()).expect("UTF-8").replace("\"messages\":", "\n \"messages\" : ");
        let again = server.post(&care_manager(), &messages_path(), spaced).expect(201);
        assert_eq!(again.json()["records"][0]["outcome"], "unchanged", "{again}");
        let again = Sent::of(again);
        assert_eq!(again.sheet, sent.sheet);
        assert_eq!(again.references, sent.references);
        assert_eq!(deliveries_of(server, &sent.sheet), 1);
    }

    fn a_newer_mod_id_is_a_new_version(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let newer = slip.clone().version(2).set(field::REMARKS, "食欲が戻った");
        let second = send(server, &newer);
        assert_eq!(second.sheet, first.sheet);
        assert_eq!(second.reference("Patient"), first.reference("Patient"));
        let native = native(server, &first.sheet);
        assert_eq!(native["response"]["data"][0]["modId"], "2");
        assert_eq!(native["response"]["data"][0]["fieldData"][field::REMARKS], "食欲が戻った");
        let status = server.get(&care_manager(), &format!("/sheets/{}", first.sheet)).expect(200).json();
        assert_eq!(status["version"], 2, "{status}");
    }

    fn an_older_mod_id_is_refused_as_stale(server) {
        let slip = Slip::of_somebody_new().version(5);
        let sent = send(server, &slip);
        let older = slip.version(4).set(field::REMARKS, "古い版");
        let answer = server.post(&care_manager(), &messages_path(), older.body());
        let text = answer.outcome(409);
        assert!(text.contains("stale") && text.contains("modId"), "{answer}");
        assert_eq!(native(server, &sent.sheet)["response"]["data"][0]["modId"], "5");
    }

    fn an_equal_mod_id_with_other_content_is_a_conflict(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let other = slip.clone().set(field::REMARKS, "別の内容");
        let answer = server.post(&care_manager(), &messages_path(), other.body());
        let text = answer.outcome(409);
        assert!(text.contains("modId") && !text.contains("stale"), "{answer}");
        let native = native(server, &sent.sheet);
        assert_eq!(native["response"]["data"][0]["fieldData"][field::REMARKS], slip.get(field::REMARKS));
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

    fn the_original_bytes_are_kept_with_their_hash(server) {
        use sqlx::Row as _;
        let slip = Slip::of_somebody_new();
        let answer = server.post(&care_manager(), &messages_path(), slip.body()).expect(201).json();
        let message = answer["message"].as_str().expect("a message id");
        let rows = server.sql(&format!("select body, body_sha256, bytes from message where id = '{message}'"));
        assert_eq!(rows[0].get::<Vec<u8>, _>("body"), slip.body());
        assert_eq!(rows[0].get::<Vec<u8>, _>("body_sha256"), sha256(&slip.body()));
    }

    fn large_originals_are_kept_too(server) {
        let slips: Vec<Slip> = (0..30)
            .map(|_| Slip::of_somebody_new().set(field::REMARKS, &"長い特記事項。".repeat(200)))
            .collect();
        let body = envelope(&slips);
        assert!(body.len() > 64 * 1024);
        let first = server.post(&care_manager(), &messages_path(), body.clone()).expect(201);
        let again = server.post(&care_manager(), &messages_path(), body).expect(200);
        assert_eq!(again.text(), first.text());
    }

    fn a_sender_is_not_told_whether_the_person_was_known(server) {
        let slip = Slip::of_somebody_new();
        send(server, &slip);
        let known = slip.about_the_same().set(field::SENDER, OTHER_CARE_OFFICE);
        let unknown = Slip::of_somebody_new().set(field::SENDER, OTHER_CARE_OFFICE);
        let about_known = send_as(server, &other_care_manager(), &known);
        let about_unknown = send_as(server, &other_care_manager(), &unknown);
        assert_eq!(shape(&about_known.answer.json()), shape(&about_unknown.answer.json()));
        // Nothing that the first office wrote opens by it.
        let first = send(server, &slip.version(2));
        for reference in &first.references {
            server.get(&other_care_manager(), &format!("/fhir/R4/{reference}")).expect(404);
        }
    }
}

/// An answer with every id taken out: what is left is what the sender is told.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    if name == "recordId" {
                        Value::Null
                    } else {
                        shape(value)
                    },
                )
            })
            .collect::<serde_json::Map<String, Value>>()
            .into(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(text) => {
            let shaped: Vec<String> = text.split('/').map(without_id).collect();
            Value::from(shaped.join("/"))
        }
        other => other.clone(),
    }
}

fn without_id(part: &str) -> String {
    let id = part.len() == 36 && part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if id { "ID".to_owned() } else { part.to_owned() }
}

/// How many deliveries of a sheet there have ever been, by what the sender is told.
fn deliveries_of(server: &Server, sheet: &str) -> usize {
    let status = server
        .get(&care_manager(), &format!("/sheets/{sheet}"))
        .expect(200)
        .json();
    let receipts = status["receipts"].as_array().expect("receipts");
    receipts
        .iter()
        .filter(|receipt| receipt["kind"] == "stored")
        .count()
}

/// A sheet in the network's own form.
pub fn native(server: &Server, sheet: &str) -> Value {
    server
        .get(
            &care_manager(),
            &format!("/networks/{NETWORK}/admission-slips/{sheet}"),
        )
        .expect(200)
        .json()
}

/// Nobody with the slip's regional id is known.
pub fn assert_nobody(server: &Server, slip: &Slip) {
    let found = patients_by_regional_id(server, slip);
    assert_eq!(found["entry"].as_array().map_or(0, Vec::len), 0, "{found}");
}

/// Search by the slip's regional id, without system.
pub fn patients_by_regional_id(server: &Server, slip: &Slip) -> Value {
    let path = format!(
        "/fhir/R4/Patient?identifier={}",
        slip.get(field::REGIONAL_ID)
    );
    server.get(&care_manager(), &path).expect(200).json()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}
