//! Room: identify. Exact identifiers find the record and nothing else does yet; older versions are stale.

use crate::harness::*;
use crate::leaf::entries;
use crate::slip::{
    Sent, Slip, assert_nobody, deliveries_of, envelope, field, native, refused, send, send_as,
};

on_both! {
    fn the_regional_id_finds_the_record_again(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = slip.about_the_same().set(field::PATIENT_NUMBER, "").set(field::INSURED, &other_insured());
        assert_eq!(record(server, &send(server, &second)), record(server, &first));
    }

    fn the_patient_number_of_a_hospital_finds_the_record_again(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = slip.about_the_same().set(field::REGIONAL_ID, "").set(field::INSURED, &other_insured());
        assert_eq!(record(server, &send(server, &second)), record(server, &first));
        // The same number at another hospital is somebody else's.
        let third = second.about_the_same().set(field::HOSPITAL, OTHER_HOSPITAL).set(field::INSURED, &other_insured());
        assert_ne!(record(server, &send(server, &third)), record(server, &first));
    }

    fn insurer_and_insured_number_find_the_record_again(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = slip.about_the_same().set(field::REGIONAL_ID, "").set(field::PATIENT_NUMBER, "");
        assert_eq!(record(server, &send(server, &second)), record(server, &first));
        // The same number of another insurer is somebody else's.
        let third = second.about_the_same().set(field::INSURER, "014506");
        assert_ne!(record(server, &send(server, &third)), record(server, &first));
    }

    fn the_same_name_and_birth_date_alone_are_two_records(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let namesake = Slip::of_somebody_new().set(field::NAME, slip.get(field::NAME))
            .set(field::KANA, slip.get(field::KANA)).set(field::BIRTH_DATE, slip.get(field::BIRTH_DATE));
        assert_ne!(record(server, &send(server, &namesake)), record(server, &first));
    }

    fn a_typed_wrong_number_does_not_join_two_people(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let stranger = Slip::of_somebody_new().set(field::REGIONAL_ID, slip.get(field::REGIONAL_ID))
            .set(field::BIRTH_DATE, "03/04/1931");
        assert_ne!(record(server, &send(server, &stranger)), record(server, &first));
    }

    fn two_messages_at_once_about_one_new_person_make_one_record(server) {
        let slip = Slip::of_somebody_new();
        let other = slip.about_the_same();
        let (one, two) = std::thread::scope(|scope| {
            let one = scope.spawn(|| send(server, &slip));
            let two = scope.spawn(|| send(server, &other));
            (one.join().expect("sent"), two.join().expect("sent"))
        });
        assert_eq!(record(server, &one), record(server, &two));
    }

    fn two_slips_in_one_message_about_one_new_person_make_one_record(server) {
        let slip = Slip::of_somebody_new();
        let body = envelope(&[slip.clone(), slip.about_the_same()]);
        let answer = server.post(&care_manager(), &messages_path(), body).expect(201);
        let records: Vec<String> = answer.json()["records"].as_array().expect("records").iter()
            .map(|record| record_behind(server, record["sheet"].as_str().expect("a sheet")))
            .collect();
        assert_eq!(records.len(), 2, "{answer}");
        assert_eq!(records[0], records[1]);
    }

    fn a_record_number_is_not_used_again_for_another_person(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let number: u64 = slip.record()["recordId"].as_str().and_then(|text| text.parse().ok()).expect("a number");
        let other = Slip::of_somebody_new().numbered(number).version(2).set(field::BIRTH_DATE, "03/04/1931");
        let answer = server.post(&care_manager(), &messages_path(), other.body());
        assert!(answer.outcome(409).contains("recordId"), "{answer}");
        assert_nobody(server, &other);
        assert_eq!(native(server, &sent.sheet)["response"]["data"][0]["modId"], "1");
        // The auditor sees that it was tried.
        let request = answer.header("x-request-id").expect("a request id");
        let seen = entries(server, &sent.patient());
        assert!(seen.iter().any(|entry| entry["request"] == request && entry["decision"] == "deny"), "{seen:?}");
    }

    fn quotes_in_a_slip_are_refused_in_numbers_and_only_text_elsewhere(server) {
        let number = format!("8'\"%_{}", unique());
        let slip = Slip::of_somebody_new().set(field::PATIENT_NUMBER, &number);
        refused(server, &slip, slip.body(), 422, &[field::PATIENT_NUMBER]);
        let insured = Slip::of_somebody_new().set(field::INSURED, "' or '1'='");
        refused(server, &insured, insured.body(), 422, &[field::INSURED]);
        // A name may hold them, and comes back with them.
        let named = Slip::of_somebody_new().set(field::NAME, "検証\u{3000}O'Brien\"%_\\");
        let sent = send(server, &named);
        let back = native(server, &sent.sheet);
        assert_eq!(back["response"]["data"][0]["fieldData"][field::NAME], named.get(field::NAME));
    }

    fn another_sender_meets_the_same_record_and_sees_its_own_part(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let other = slip.about_the_same().set(field::SENDER, OTHER_CARE_OFFICE);
        let second = send_as(server, &other_care_manager(), &other);
        // The auditor, who may know, sees both under either reference.
        for patient in [first.patient(), second.patient()] {
            let audit = server.get(&auditor(), &format!("/audit?record={patient}")).expect(200).json();
            let facilities: Vec<&str> = audit["entries"]
                .as_array()
                .expect("entries")
                .iter()
                .filter(|entry| entry["action"] == "message.receive")
                .filter_map(|entry| entry["facility"].as_str())
                .collect();
            assert!(facilities.contains(&CARE_OFFICE) && facilities.contains(&OTHER_CARE_OFFICE), "{audit}");
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

    fn a_slip_without_any_identifier_is_refused(server) {
        let slip = Slip::of_somebody_new();
        let bare = slip.clone().set(field::REGIONAL_ID, "").set(field::PATIENT_NUMBER, "").set(field::INSURED, "")
            .set(field::INSURER, "");
        refused(server, &slip, bare.body(), 422, &[field::REGIONAL_ID]);
    }
}

/// The record behind a slip: no answer tells of it.
fn record(server: &Server, sent: &Sent) -> String {
    record_behind(server, &sent.sheet)
}

fn record_behind(server: &Server, resource: &str) -> String {
    use sqlx::Row as _;
    let statement = format!("select record from resource where id = '{resource}'");
    server.sql(&statement)[0].get("record")
}

fn other_insured() -> String {
    format!("6{:09}", unique())
}
