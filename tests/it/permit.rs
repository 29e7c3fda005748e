//! Room: permit. Who sees what: hidden and absent are one answer, and rights end where the table ends.

use crate::harness::*;
use crate::slip::{Sent, Slip, assert_nobody, field, refused, send, send_as, shape};

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
        // A person works nowhere that this gateway knows of.
        here.outcome(403);
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
        assert_nobody(server, &fresh);
    }

    fn nobody_speaks_for_another_facility(server) {
        let slip = Slip::of_somebody_new().set(field::SENDER, OTHER_CARE_OFFICE);
        let answer = server.post(&care_manager(), &messages_path(), slip.body());
        assert!(answer.outcome(422).contains(field::SENDER), "{answer}");
        assert_nobody(server, &slip);
    }

    fn purpose_of_use_does_not_come_from_the_client(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let token = server.token(&pharmacist());
        for (name, value) in [("X-Purpose", "emergency"), ("Purpose-Of-Use", "BTG"), ("X-Break-Glass", "true")] {
            let call = Call::get(&format!("/fhir/R4/Patient/{}", sent.patient())).token(token.clone());
            server.send(&call.header(name, value)).expect(404);
        }
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

    fn a_slip_without_consent_is_refused(server) {
        for consent in ["なし", ""] {
            let slip = Slip::of_somebody_new().set(field::CONSENT, consent);
            refused(server, &slip, slip.body(), 422, &[field::CONSENT]);
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
