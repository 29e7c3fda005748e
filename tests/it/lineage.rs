//! Lineage: each element points to the bytes of the message that it came from, for who may see it.

use serde_json::Value;

use crate::harness::*;
use crate::leaf::{actions, entries, leaves_of};
use crate::mail::Mail;
use crate::sheet::{Sheet, fates, load, ms932};
use crate::slip::{Slip, field, send};

on_both! {
    fn the_bytes_are_where_the_value_stood(server) {
        let slip = Slip::of_somebody_new();
        let body = String::from_utf8(slip.body()).expect("UTF-8");
        let sent = send(server, &slip);
        let lineage = server.get(&care_manager(), &path(&sent.answer)).expect(200).json();
        assert_eq!(lineage["message"], sent.answer.json()["message"]);
        let elements = lineage["elements"].as_array().expect("elements");
        assert!(elements.len() > 20, "{lineage}");
        for value in [slip.get(field::NAME), slip.get(field::KANA), slip.get(field::PHONE), slip.get(field::INSURED)] {
            let stands = elements.iter().any(|element| cut(&body, element).trim_matches('"') == value);
            assert!(stands, "{value} is nowhere in {lineage}");
        }
        let name = format!("Patient/{}", sent.patient());
        let own: Vec<&Value> = elements.iter().filter(|element| element["resource"] == name.as_str()).collect();
        assert!(!own.is_empty(), "{lineage}");
        for element in elements {
            assert!(element["row"].is_string() || element["row"].is_number(), "{element}");
            assert!(element["element"].is_string() && element["version"] == 1, "{element}");
            assert!(!cut(&body, element).is_empty(), "{element}");
            let resource = element["resource"].as_str().expect("a reference");
            let known = sent.references.iter().any(|reference| reference.starts_with(&format!("{resource}/")));
            assert!(known, "{element} is of no resource of the message");
        }
        let leaf = entries(server, &sent.patient());
        assert!(actions(&leaf).contains(&"message.lineage"), "{leaf:?}");
    }

    fn the_bytes_of_a_line_in_ms932_are_where_the_value_stood(server) {
        let slip = Slip::of_somebody_new();
        // One line: the file is the line's message.
        let body = ms932(&Sheet::of(std::slice::from_ref(&slip)).text());
        let answer = load(server, "text/csv; charset=windows-31j", body.clone());
        let message = fates(&answer)[0]["message"].as_str().expect("a message").to_owned();
        let lineage = server.get(&care_manager(), &format!("/messages/{message}/lineage")).expect(200).json();
        let elements = lineage["elements"].as_array().expect("elements");
        for name in [field::NAME, field::KANA, field::PHONE, field::ADDRESS] {
            let value = [b"\"", &*ms932(slip.get(name)), b"\""].concat();
            let stands = elements.iter().any(|element| body[range(element)] == value);
            assert!(stands, "{name} is nowhere in {lineage}");
        }
    }

    fn each_message_has_its_own(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = send(server, &slip.clone().version(2).set(field::PHONE, "0157-00-0000"));
        for (sent, version) in [(&first, 1), (&second, 2)] {
            let lineage = server.get(&care_manager(), &path(&sent.answer)).expect(200).json();
            let elements = lineage["elements"].as_array().expect("elements");
            assert!(elements.iter().all(|element| element["version"] == version), "{lineage}");
        }
    }

    fn a_recipient_sees_what_it_may_see(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let all = server.get(&care_manager(), &path(&sent.answer)).expect(200).json();
        let dietitian = Who::person("dietitian", &mail.hospital);
        let some = server.get(&dietitian, &path(&sent.answer)).expect(200).json();
        let resources = |lineage: &Value| {
            let mut names: Vec<String> = lineage["elements"].as_array().expect("elements").iter()
                .map(|element| element["resource"].as_str().expect("a reference").to_owned()).collect();
            names.sort();
            names.dedup();
            names
        };
        let (all, some) = (resources(&all), resources(&some));
        assert!(some.iter().all(|name| all.contains(name)));
        assert!(some.len() < all.len(), "a dietitian sees less: {some:?}");
        for name in &all {
            let answer = server.get(&dietitian, &format!("/fhir/R4/{name}"));
            assert_eq!(answer.status == 200, some.contains(name), "{name}: {answer}");
        }
    }

    fn absent_and_hidden_are_one(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let absent = "/messages/01920000-0000-7000-8000-000000000000/lineage";
        for who in [pharmacist(), other_care_manager(), other_hospital(), auditor(), Who::person("physician", OTHER_HOSPITAL)] {
            let hidden = server.get(&who, &path(&sent.answer));
            hidden.outcome(404);
            let nothing = server.get(&who, absent);
            assert_eq!(hidden.without_accidents(), nothing.without_accidents(), "{}", who.profession);
            assert_eq!(leaves_of(server, hidden.header("x-request-id").expect("a request id")), [true]);
        }
        let tried = entries(server, &sent.patient());
        let denied = tried.iter().filter(|leaf| leaf["action"] == "message.lineage" && leaf["decision"] == "deny");
        assert_eq!(denied.count(), 5, "the auditor sees who tried: {tried:?}");
        for wrong in ["/messages/x/lineage", "/messages/%27/lineage", "/messages/1/lineage"] {
            server.get(&care_manager(), wrong).outcome(404);
        }
        server.get(&care_manager(), &format!("{absent}?x=1")).outcome(400);
    }
}

fn path(answer: &Answer) -> String {
    let message = answer.json()["message"].clone();
    let message = message
        .as_str()
        .unwrap_or_else(|| panic!("no message: {answer}"));
    format!("/messages/{message}/lineage")
}

/// The bytes of the message that an element came from.
#[track_caller]
fn cut<'b>(body: &'b str, element: &Value) -> &'b str {
    let bytes = body.get(range(element));
    bytes.unwrap_or_else(|| panic!("no such bytes: {element}"))
}

#[track_caller]
fn range(element: &Value) -> std::ops::Range<usize> {
    let at = |name: &str| {
        let number = element[name]
            .as_u64()
            .and_then(|number| usize::try_from(number).ok());
        number.unwrap_or_else(|| panic!("no {name}: {element}"))
    };
    at("start")..at("end")
}
