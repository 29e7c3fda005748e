//! Exact identifiers find the record; nothing else does yet.

use serde_json::Value;

use crate::harness::*;
use crate::intake::patients_by_regional_id;
use crate::slip::{Slip, field, send, send_as};

on_both! {
    fn the_regional_id_finds_the_record_again(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = slip.about_the_same().set(field::PATIENT_NUMBER, "").set(field::INSURED, &other_insured());
        assert_eq!(send(server, &second).patient(), first.patient());
    }

    fn the_patient_number_of_a_hospital_finds_the_record_again(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = slip.about_the_same().set(field::REGIONAL_ID, "").set(field::INSURED, &other_insured());
        assert_eq!(send(server, &second).patient(), first.patient());
        // The same number at another hospital is somebody else's.
        let third = second.about_the_same().set(field::HOSPITAL, OTHER_HOSPITAL).set(field::INSURED, &other_insured());
        assert_ne!(send(server, &third).patient(), first.patient());
    }

    fn insurer_and_insured_number_find_the_record_again(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = slip.about_the_same().set(field::REGIONAL_ID, "").set(field::PATIENT_NUMBER, "");
        assert_eq!(send(server, &second).patient(), first.patient());
        // The same number of another insurer is somebody else's.
        let third = second.about_the_same().set(field::INSURER, "014506");
        assert_ne!(send(server, &third).patient(), first.patient());
    }

    fn the_same_name_and_birth_date_alone_are_two_records(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let namesake = Slip::of_somebody_new().set(field::NAME, slip.get(field::NAME))
            .set(field::KANA, slip.get(field::KANA)).set(field::BIRTH_DATE, slip.get(field::BIRTH_DATE));
        assert_ne!(send(server, &namesake).patient(), first.patient());
    }

    fn a_typed_wrong_number_does_not_join_two_people(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let stranger = Slip::of_somebody_new().set(field::REGIONAL_ID, slip.get(field::REGIONAL_ID))
            .set(field::BIRTH_DATE, "03/04/1931");
        assert_ne!(send(server, &stranger).patient(), first.patient());
    }

    fn two_messages_at_once_about_one_new_person_make_one_record(server) {
        let slip = Slip::of_somebody_new();
        let other = slip.about_the_same();
        let (one, two) = std::thread::scope(|scope| {
            let one = scope.spawn(|| send(server, &slip));
            let two = scope.spawn(|| send(server, &other));
            (one.join().expect("sent"), two.join().expect("sent"))
        });
        assert_eq!(one.patient(), two.patient());
    }

    fn wildcards_and_quotes_in_an_identifier_find_nothing(server) {
        send(server, &Slip::of_somebody_new());
        for text in ["%25", "9%25", "_________", "%27%20or%20%271%27%3D%271", "%22", "*", "%5C", "a%00b", "9%27--"] {
            let answer = server.get(&care_manager(), &format!("/fhir/R4/Patient?identifier={text}"));
            if answer.status == 400 {
                answer.outcome(400);
                continue;
            }
            let found: Value = answer.expect(200).json();
            assert_eq!(found["total"], 0, "{text}: {found}");
        }
    }

    fn quotes_in_a_slip_are_only_text(server) {
        let number = format!("8'\"%_{}", unique());
        let slip = Slip::of_somebody_new().set(field::PATIENT_NUMBER, &number);
        let answer = server.post(&care_manager(), &messages_path(), slip.body());
        if answer.status == 422 {
            assert!(answer.outcome(422).contains(field::PATIENT_NUMBER), "{answer}");
        } else {
            answer.expect(201);
            assert_eq!(patients_by_regional_id(server, &slip)["total"], 1);
        }
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
}

fn other_insured() -> String {
    format!("6{:09}", unique())
}
