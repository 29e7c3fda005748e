//! Who sees what: hidden and absent are one answer, and rights end where the table ends.

use crate::harness::*;
use crate::slip::{Sent, Slip, field, send};

/// An id that nothing has.
const ABSENT: &str = "0190a000-0000-7000-8000-000000000000";

on_both! {
    fn hidden_and_absent_are_one_answer(server) {
        let sent = send(server, &Slip::of_somebody_new());
        for who in [pharmacist(), other_care_manager(), other_hospital(), Who::person("physician", OTHER_HOSPITAL)] {
            for (hidden, absent) in doors_to(&sent) {
                let hidden = server.get(&who, &hidden).expect(404);
                let absent = server.get(&who, &absent).expect(404);
                hidden.outcome(404);
                assert_eq!(hidden.without_accidents(), absent.without_accidents(), "{who:?}");
            }
        }
        for (shown, _) in doors_to(&sent) {
            server.get(&care_manager(), &shown).expect(200);
        }
    }

    fn preconditions_do_not_tell_hidden_from_absent(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let token = server.token(&pharmacist());
        for tag in ["W/\"1\"", "\"1\"", "1", "*"] {
            let ask = |id: &str| {
                let call = Call::get(&format!("/fhir/R4/Patient/{id}")).token(token.clone());
                server.send(&call.header("If-None-Match", tag)).expect(404)
            };
            assert_eq!(ask(&sent.patient()).without_accidents(), ask(ABSENT).without_accidents(), "{tag}");
        }
    }

    fn a_search_finds_only_what_the_caller_may_see(server) {
        let slip = Slip::of_somebody_new();
        send(server, &slip);
        let path = format!("/fhir/R4/Patient?identifier={}", slip.get(field::REGIONAL_ID));
        let hidden = server.get(&pharmacist(), &path).expect(200);
        let absent = server.get(&pharmacist(), "/fhir/R4/Patient?identifier=0000000000").expect(200);
        assert_eq!(hidden.json()["total"], 0, "{hidden}");
        let (hidden, absent) = (hidden.without_accidents(), absent.without_accidents());
        assert_eq!(hidden.2.replace(slip.get(field::REGIONAL_ID), "0000000000"), absent.2);
        assert_eq!(server.get(&care_manager(), &path).expect(200).json()["total"], 1);
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
        let second = crate::slip::send_as(server, &other_care_manager(), &other);
        server.get(&other_hospital(), &format!("/fhir/R4/Bundle/{}", second.sheet)).expect(200);
        server.get(&other_hospital(), &format!("/fhir/R4/Bundle/{}", first.sheet)).expect(404);
    }

    fn a_caller_of_another_network_sees_nothing_of_this_one(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let mut stranger = hospital();
        stranger.networks = vec!["elsewhere".to_owned()];
        for (hidden, absent) in doors_to(&sent) {
            let (hidden, absent) = (server.get(&stranger, &hidden), server.get(&stranger, &absent));
            hidden.outcome(404);
            assert_eq!(hidden.without_accidents(), absent.without_accidents());
        }
        let mut sender = care_manager();
        sender.networks = vec!["elsewhere".to_owned()];
        let here = server.post(&sender, &messages_path(), Slip::of_somebody_new().body());
        let nowhere = server.post(&sender, "/networks/nowhere/messages", Slip::of_somebody_new().body());
        here.outcome(404);
        assert_eq!(here.without_accidents(), nowhere.without_accidents());
    }

    fn a_slip_for_a_record_that_the_sender_may_not_write_is_refused(server) {
        let slip = Slip::of_somebody_new();
        send(server, &slip);
        let intruding = slip.about_the_same().set(field::SENDER, PHARMACY);
        let fresh = Slip::of_somebody_new().set(field::SENDER, PHARMACY);
        let known = server.post(&pharmacist(), &messages_path(), intruding.body());
        let unknown = server.post(&pharmacist(), &messages_path(), fresh.body());
        known.outcome(403);
        assert_eq!(known.without_accidents(), unknown.without_accidents());
        crate::intake::assert_nobody(server, &fresh);
    }

    fn nobody_speaks_for_another_facility(server) {
        let slip = Slip::of_somebody_new().set(field::SENDER, OTHER_CARE_OFFICE);
        let answer = server.post(&care_manager(), &messages_path(), slip.body());
        assert!(answer.outcome(422).contains(field::SENDER), "{answer}");
        crate::intake::assert_nobody(server, &slip);
    }

    fn purpose_of_use_does_not_come_from_the_client(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let token = server.token(&pharmacist());
        for (name, value) in [("X-Purpose", "emergency"), ("Purpose-Of-Use", "BTG"), ("X-Break-Glass", "true")] {
            let call = Call::get(&format!("/fhir/R4/Patient/{}", sent.patient())).token(token.clone());
            server.send(&call.header(name, value)).expect(404);
        }
    }
}

/// Each door that shows something of a slip: to the slip, and to something that is not there.
pub fn doors_to(sent: &Sent) -> Vec<(String, String)> {
    let mut doors: Vec<(String, String)> = sent
        .references
        .iter()
        .flat_map(|reference| {
            let plain = reference.split("/_history/").next().unwrap_or_default();
            let kind = plain.split('/').next().unwrap_or_default();
            [
                (
                    format!("/fhir/R4/{plain}"),
                    format!("/fhir/R4/{kind}/{ABSENT}"),
                ),
                (
                    format!("/fhir/R4/{reference}"),
                    format!("/fhir/R4/{kind}/{ABSENT}/_history/1"),
                ),
            ]
        })
        .collect();
    for path in [
        "/fhir/R4/Bundle/",
        "/sheets/",
        &format!("/networks/{NETWORK}/admission-slips/"),
    ] {
        doors.push((format!("{path}{}", sent.sheet), format!("{path}{ABSENT}")));
    }
    assert!(
        doors.len() > 15,
        "a slip makes several resources: {doors:?}"
    );
    doors
}
