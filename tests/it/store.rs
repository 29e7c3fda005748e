//! Room: store. What a slip becomes: resources with versions, the original bytes; all of it or none.

use serde_json::json;

use crate::harness::*;
use crate::slip::{Sent, Slip, assert_nobody, envelope, field, is_unmapped, native, send};

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
        let slips: Vec<Slip> = (0..50)
            .map(|_| Slip::of_somebody_new().set(field::REMARKS, &"長い特記事項。".repeat(200)))
            .collect();
        let body = envelope(&slips);
        assert!(body.len() > 64 * 1024);
        let first = server.post(&care_manager(), &messages_path(), body.clone()).expect(201);
        let again = server.post(&care_manager(), &messages_path(), body).expect(200);
        assert_eq!(again.text(), first.text());
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}
