//! Room: route. The slip goes to the hospital that it names, in the order of its versions.

use crate::harness::*;
use crate::mail::Mail;
use crate::slip::{Slip, assert_nobody, field, native, send, send_as};

on_both! {
    fn the_named_hospital_gets_the_slip_in_both_forms(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        assert_eq!(delivery["network"], NETWORK);
        assert_eq!(delivery["kind"], "admission-slip");
        assert_eq!(delivery["version"], 1);
        assert!(delivery["fencingToken"].is_i64() && delivery["laneSeq"].is_i64(), "{delivery}");
        assert!(delivery["storedAt"].is_string(), "{delivery}");
        let bundle = server.get(&mail.recipient(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200).json();
        assert_eq!(delivery["document"], bundle);
        assert_eq!(delivery["native"], native(server, &sent.sheet));
        assert!(Mail::new(server).delivery_of(&sent.sheet).is_none());
    }

    fn a_lane_keeps_its_order(server) {
        let mail = Mail::new(server);
        let slip = mail.slip();
        let sent = send(server, &slip);
        send(server, &slip.clone().version(2).set(field::REMARKS, "二"));
        send(server, &slip.clone().version(3).set(field::REMARKS, "三"));
        let mut last = i64::MIN;
        for version in 1..=3 {
            let delivery = mail.delivery_of(&sent.sheet).expect("the head of the lane");
            assert_eq!(delivery["version"], version, "{delivery}");
            assert_eq!(delivery["native"]["response"]["data"][0]["modId"], version.to_string());
            let sequence = delivery["laneSeq"].as_i64().expect("a number");
            assert!(sequence > last);
            last = sequence;
            mail.receive(&delivery).expect(200);
        }
        assert!(mail.delivery_of(&sent.sheet).is_none());
    }

    fn lanes_of_different_people_do_not_wait_for_each_other(server) {
        let mail = Mail::new(server);
        let (one, two) = (send(server, &mail.slip()), send(server, &mail.slip()));
        let second = mail.delivery_of(&two.sheet).expect("it is there though the first waits");
        mail.receive(&second).expect(200);
        assert!(mail.delivery_of(&one.sheet).is_some());
    }

    fn an_unknown_hospital_is_refused_and_nothing_is_stored(server) {
        for code in [UNKNOWN_HOSPITAL, PHARMACY] {
            let slip = Slip::of_somebody_new().set(field::HOSPITAL, code);
            let answer = server.post(&care_manager(), &messages_path(), slip.body());
            assert!(answer.outcome(422).contains(field::HOSPITAL), "{answer}");
            assert_nobody(server, &slip);
        }
    }

    fn the_named_hospital_sees_the_slip_and_another_does_not(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let bundle = format!("/fhir/R4/Bundle/{}", sent.sheet);
        server.get(&hospital(), &bundle).expect(200);
        server.get(&other_hospital(), &bundle).expect(404);
        // A new version that names the other hospital opens it to that one.
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let bundle = format!("/fhir/R4/Bundle/{}", first.sheet);
        server.get(&other_hospital(), &bundle).expect(404);
        send(server, &slip.version(2).set(field::HOSPITAL, OTHER_HOSPITAL));
        server.get(&other_hospital(), &bundle).expect(200);
    }

    fn naming_a_hospital_opens_only_what_that_sender_wrote(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let other = slip.about_the_same().set(field::SENDER, OTHER_CARE_OFFICE).set(field::HOSPITAL, OTHER_HOSPITAL);
        let second = send_as(server, &other_care_manager(), &other);
        server.get(&other_hospital(), &format!("/fhir/R4/Bundle/{}", second.sheet)).expect(200);
        server.get(&other_hospital(), &format!("/fhir/R4/Bundle/{}", first.sheet)).expect(404);
    }
}
