//! Room: shelve. Category, owner and sensitivity are set by us, whatever a slip says of itself; what a newer
//! version no longer has is deleted and not forgotten.

use serde_json::Value;
use sqlx::Row as _;

use crate::harness::*;
use crate::mail::Mail;
use crate::slip::{Sent, Slip, field, send};

on_both! {
    fn a_suspicion_of_abuse_is_hidden_from_ward_and_kitchen(server) {
        let slip = suspicious();
        let sent = send(server, &slip);
        let suspicion = observation_of(server, &sent, "abuse-suspicion");
        let hidden = [
            suspicion.clone(),
            format!("{suspicion}/_history/1"),
            format!("/fhir/R4/Bundle/{}", sent.sheet),
            format!("/fhir/R4/Bundle/{}/_history/1", sent.sheet),
            format!("/networks/{NETWORK}/admission-slips/{}", sent.sheet),
            format!("/sheets/{}", sent.sheet),
        ];
        for path in &hidden {
            for who in [dietitian(), nurse()] {
                server.get(&who, path).outcome(404);
            }
            for who in [hospital(), Who::person("medical_social_worker", HOSPITAL), care_manager()] {
                server.get(&who, path).expect(200);
            }
        }
        // What is ordinary in the same slip they see, and the nurse an ordinary slip as a whole.
        for kind in ["Patient", "Condition"] {
            server.get(&dietitian(), &format!("/fhir/R4/{}", sent.reference(kind))).expect(200);
            server.get(&nurse(), &format!("/fhir/R4/{}", sent.reference(kind))).expect(200);
        }
        server.get(&dietitian(), &observation_of(server, &sent, "eating")).expect(200);
        let ordinary = send(server, &Slip::of_somebody_new());
        server.get(&nurse(), &format!("/fhir/R4/Bundle/{}", ordinary.sheet)).expect(200);
        let unsuspected = observation_of(server, &ordinary, "abuse-suspicion");
        server.get(&nurse(), &unsuspected).expect(200);
        // A sheet is no way round the table: the kitchen sees no contacts, so it sees no sheet with them.
        server.get(&dietitian(), &format!("/fhir/R4/{}", ordinary.reference("RelatedPerson"))).outcome(404);
        server.get(&dietitian(), &format!("/fhir/R4/Bundle/{}", ordinary.sheet)).outcome(404);
    }

    fn a_mailbox_shows_a_suspicion_only_to_who_may_know_of_it(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip().set(field::ABUSE, "あり").set(field::ABUSE_DETAIL, "腕にあざがある"));
        let inbox = |who: &Who| server.get(who, "/inbox").expect(200).text();
        let nurse = Who::person("nurse", &mail.hospital);
        assert!(!inbox(&nurse).contains(&sent.sheet));
        assert!(inbox(&Who::person("medical_social_worker", &mail.hospital)).contains(&sent.sheet));
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        let receipt = serde_json::json!({"fencingToken": delivery["fencingToken"]}).to_string();
        let path = format!("/inbox/{}/receipt", delivery["id"].as_str().expect("an id"));
        server.post(&nurse, &path, receipt).outcome(404);
        mail.receive(&delivery).expect(200);
    }

    fn a_shelf_is_of_a_version_and_not_of_a_sheet(server) {
        let slip = suspicious();
        let sent = send(server, &slip);
        let bundle = format!("/fhir/R4/Bundle/{}", sent.sheet);
        send(server, &slip.clone().version(2).set(field::ABUSE, "なし").set(field::ABUSE_DETAIL, ""));
        server.get(&nurse(), &bundle).expect(200);
        server.get(&nurse(), &format!("{bundle}/_history/1")).outcome(404);
        server.get(&hospital(), &format!("{bundle}/_history/1")).expect(200);
        send(server, &slip.version(3));
        server.get(&nurse(), &bundle).outcome(404);
        server.get(&hospital(), &bundle).expect(200);
    }

    fn a_slip_does_not_choose_its_shelf(server) {
        let slip = suspicious().set("sensitivity", "normal").set("category", "directory").set("owner", PHARMACY);
        let sent = send(server, &slip);
        server.get(&nurse(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).outcome(404);
        server.get(&pharmacist(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).outcome(404);
        for (kind, category) in [("Patient", "demographics"), ("Condition", "diagnosis"), ("RelatedPerson", "contacts"),
            ("Composition", "sheet")] {
            assert_eq!(shelf(server, &sent.reference(kind)).0, category, "{kind}");
        }
        for reference in &sent.references {
            assert_eq!(shelf(server, reference).1, CARE_OFFICE, "{reference}");
        }
        let sheet = (String::from("sheet"), CARE_OFFICE.to_owned(), String::from("abuse"));
        assert_eq!(shelf(server, &format!("Bundle/{}", sent.sheet)), sheet);
        let suspicion = observation_of(server, &sent, "abuse-suspicion");
        assert_eq!(shelf(server, suspicion.trim_start_matches("/fhir/R4/")).2, "abuse");
        let ordinary = send(server, &Slip::of_somebody_new());
        for reference in &ordinary.references {
            assert_eq!(shelf(server, reference).2, "normal", "{reference}");
        }
    }

    fn a_removed_contact_is_gone_for_its_holder_and_absent_for_others(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let contacts = |sent: &Sent| -> Vec<String> {
            let kept = sent.references.iter().filter(|reference| reference.starts_with("RelatedPerson/"));
            kept.map(|reference| reference.split("/_history/").next().unwrap_or_default().to_owned()).collect()
        };
        let before = contacts(&first);
        let second = send(server, &slip.clone().version(2).without_last_contact());
        let after = contacts(&second);
        assert_eq!(after.len() + 1, before.len(), "{before:?} {after:?}");
        let removed = before.iter().find(|contact| !after.contains(contact)).expect("one is gone");
        let path = format!("/fhir/R4/{removed}");
        for who in [care_manager(), hospital()] {
            server.get(&who, &path).outcome(410);
            server.get(&who, &format!("{path}/_history/2")).outcome(410);
            let old = server.get(&who, &format!("{path}/_history/1")).expect(200).json();
            assert_eq!(old["resourceType"], "RelatedPerson", "{old}");
            let bundle = server.get(&who, &format!("/fhir/R4/Bundle/{}", first.sheet)).expect(200);
            assert!(!bundle.text().contains(removed.trim_start_matches("RelatedPerson/")), "{bundle}");
        }
        let absent = "/fhir/R4/RelatedPerson/0190a000-0000-7000-8000-000000000000";
        for who in [pharmacist(), other_hospital(), other_care_manager(), dietitian()] {
            for version in ["", "/_history/1", "/_history/2"] {
                let hidden = server.get(&who, &format!("{path}{version}"));
                hidden.outcome(404);
                let absent = server.get(&who, &format!("{absent}{version}"));
                assert_eq!(hidden.without_accidents(), absent.without_accidents(), "{who:?} {version}");
            }
        }
        // It comes back as a version of its own.
        let third = send(server, &slip.version(3));
        assert!(third.references.contains(&format!("{removed}/_history/3")), "{:?}", third.references);
        server.get(&care_manager(), &path).expect(200);
        server.get(&care_manager(), &format!("{path}/_history/2")).outcome(410);
    }
}

fn dietitian() -> Who {
    Who::person("dietitian", HOSPITAL)
}

fn nurse() -> Who {
    Who::person("nurse", HOSPITAL)
}

fn suspicious() -> Slip {
    Slip::of_somebody_new()
        .set(field::ABUSE, "あり")
        .set(field::ABUSE_DETAIL, "腕にあざがある")
}

/// The path of the Observation with this code.
#[track_caller]
fn observation_of(server: &Server, sent: &Sent, code: &str) -> String {
    let observations = sent
        .references
        .iter()
        .filter(|reference| reference.starts_with("Observation/"));
    let mut paths = observations.map(|reference| {
        let plain = reference.split("/_history/").next().unwrap_or_default();
        format!("/fhir/R4/{plain}")
    });
    let found = paths.find(|path| {
        let resource: Value = server.get(&care_manager(), path).expect(200).json();
        resource["code"]["coding"][0]["code"] == code
    });
    found.unwrap_or_else(|| panic!("no {code} among {:?}", sent.references))
}

/// Category, owner and sensitivity of the first version of a resource.
#[track_caller]
fn shelf(server: &Server, reference: &str) -> (String, String, String) {
    let id = reference.split('/').nth(1).expect("a type and an id");
    let rows = server.sql(&format!(
        "select category, owner, sensitivity from version where resource = '{id}' and version = 1"
    ));
    assert_eq!(rows.len(), 1, "{reference}");
    (
        rows[0].get("category"),
        rows[0].get("owner"),
        rows[0].get("sensitivity"),
    )
}
