//! Proof: what a reviewer's attacks learn and change. What a stranger is told, whom a slip is joined to,
//! and how much of one message is taken; `attack_more` has what colleagues without the right can do.

use std::collections::HashSet;

use sqlx::Row as _;

use crate::harness::*;
use crate::mail::Mail;
use crate::slip::{Sent, Slip, assert_nobody, envelope, field, native, refused, send, send_as};

/// Unknown fields that a record may have.
const UNKNOWN_MAX: usize = 200;
/// Characters of a name.
const NAME_MAX: usize = 200;
/// Characters of a free text.
const TEXT_MAX: usize = 10_000;
/// An address in one line; longer ones cannot be searched for.
const ADDRESS_MAX: usize = 300;

on_both! {
    fn a_stranger_is_told_the_same_of_the_known_and_the_unknown(server) {
        let victim = Slip::of_somebody_new();
        send(server, &victim);
        let nobody = Slip::of_somebody_new();
        let mut told: Vec<(Slip, Answer)> = Vec::new();
        for known in [&victim, &nobody] {
            for kana in [victim.get(field::KANA), "ベツ\u{3000}ジン", ""] {
                for birth_date in [victim.get(field::BIRTH_DATE), "01/02/1913"] {
                    for insured in [victim.get(field::INSURED), nobody.get(field::INSURED)] {
                        let slip = by_stranger(known).set(field::KANA, kana).set(field::BIRTH_DATE, birth_date)
                            .set(field::INSURED, insured);
                        let answer = server.post(&other_care_manager(), &messages_path(), slip.body()).expect(201);
                        told.push((slip, answer));
                    }
                }
            }
        }
        let first = masked(&told[0]);
        assert!(first.2.contains("ID") && first.2.contains("NUMBER"), "something was masked: {first:?}");
        for one in &told {
            assert_eq!(masked(one), first, "{:?}", one.0);
        }
    }

    fn every_slip_has_a_patient_of_its_own(server) {
        let victim = Slip::of_somebody_new();
        let mut patients = vec![send(server, &victim).patient()];
        let mut versions = Vec::new();
        for slip in [by_stranger(&victim), by_stranger(&victim).set(field::KANA, "ベツ\u{3000}ジン"),
            by_stranger(&Slip::of_somebody_new()), by_stranger(&victim)] {
            let sent = send_as(server, &other_care_manager(), &slip);
            patients.push(sent.patient());
            versions.extend(sent.references);
        }
        let own = send(server, &victim.about_the_same());
        patients.push(own.patient());
        versions.extend(own.references);
        assert_eq!(patients.iter().collect::<HashSet<_>>().len(), patients.len(), "{patients:?}");
        for reference in &versions {
            assert!(reference.ends_with("/_history/1"), "{reference}");
        }
        // A newer version of one slip goes on from its own resources.
        let next = send(server, &victim.version(2).set(field::PHONE, "0157-00-9999"));
        assert_eq!(next.patient(), patients[0]);
        assert!(next.references.contains(&format!("Patient/{}/_history/2", patients[0])), "{:?}", next.references);
    }

    fn a_poisoned_slip_before_the_others_joins_nobody(server) {
        let (one, other) = two_residents(server);
        let poison = poison(&one.slip, &other.slip);
        send_as(server, &other_care_manager(), &poison);
        let sent = (send(server, &one.slip), send(server, &other.slip));
        stay_apart(server, (&one, &sent.0), (&other, &sent.1));
    }

    fn a_poisoned_slip_between_the_others_joins_nobody(server) {
        let (one, other) = two_residents(server);
        let first = send(server, &one.slip);
        send_as(server, &other_care_manager(), &poison(&one.slip, &other.slip));
        let second = send(server, &other.slip);
        stay_apart(server, (&one, &first), (&other, &second));
    }

    fn a_poisoned_slip_after_the_others_joins_nobody(server) {
        let (one, other) = two_residents(server);
        let sent = (send(server, &one.slip), send(server, &other.slip));
        send_as(server, &other_care_manager(), &poison(&one.slip, &other.slip));
        stay_apart(server, (&one, &sent.0), (&other, &sent.1));
        // What comes later finds its own record, and not the stranger's.
        let again = send(server, &one.slip.about_the_same());
        assert_eq!(record_of(server, &again), record_of(server, &sent.0));
        let again = send(server, &other.slip.about_the_same());
        assert_eq!(record_of(server, &again), record_of(server, &sent.1));
    }

    fn a_number_is_not_used_again_for_another_person(server) {
        let (mail, other_mail) = (Mail::new(server), Mail::new(server));
        let slip = mail.slip();
        let sent = send(server, &slip);
        let before = native(server, &sent.sheet);
        let other = Slip::of_somebody_new().numbered(number_of(&slip)).version(2)
            .set(field::BIRTH_DATE, "02/02/1942").set(field::HOSPITAL, &other_mail.hospital);
        let text = server.post(&care_manager(), &messages_path(), other.body()).outcome(409);
        assert!(text.contains("data[0].recordId") && !text.contains("modId"), "{text}");
        assert_nobody(server, &other);
        assert_eq!(native(server, &sent.sheet), before);
        assert!(other_mail.inbox().is_empty());
        let bundle = format!("/fhir/R4/Bundle/{}", sent.sheet);
        server.get(&other_mail.recipient(), &bundle).expect(404);
        server.get(&mail.recipient(), &format!("{bundle}/_history/2")).expect(404);
        assert_eq!(mail.delivery_of(&sent.sheet).expect("it lies in the inbox")["version"], 1);
        // The same in one message with a slip that is right: neither is stored.
        let right = Slip::of_somebody_new();
        let both = envelope(&[right.clone(), other]);
        let text = server.post(&care_manager(), &messages_path(), both).outcome(409);
        assert!(text.contains("data[1].recordId"), "{text}");
        assert_nobody(server, &right);
    }

    fn a_corrected_name_or_birth_date_is_no_other_person(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let renamed = slip.clone().version(2).set(field::KANA, "アタラシイ\u{3000}ナマエ");
        let reborn = slip.clone().version(3).set(field::BIRTH_DATE, "02/02/1942");
        for corrected in [&renamed, &reborn] {
            let next = send(server, corrected);
            assert_eq!((next.sheet.as_str(), next.patient()), (sent.sheet.as_str(), sent.patient()));
        }
        let back = native(server, &sent.sheet);
        assert_eq!(back["response"]["data"][0]["fieldData"][field::BIRTH_DATE], "02/02/1942");
        // Both, one after the other, is somebody else: compared is the first version, not the last.
        let both = reborn.version(4).set(field::KANA, renamed.get(field::KANA));
        server.post(&care_manager(), &messages_path(), both.body()).outcome(409);
    }

    fn two_slips_of_one_new_resident_in_one_message_are_one_record(server) {
        let mail = Mail::new(server);
        let slip = mail.slip();
        let body = envelope(&[slip.clone(), slip.about_the_same()]);
        let answer = server.post(&care_manager(), &messages_path(), body).expect(201);
        let sheets: Vec<String> = answer.json()["records"].as_array().expect("records").iter()
            .map(|record| record["sheet"].as_str().expect("a sheet").to_owned()).collect();
        assert_eq!(sheets.len(), 2, "{answer}");
        assert_eq!(record_behind(server, &sheets[0]), record_behind(server, &sheets[1]));
        // One record, one lane: the second waits until the first has arrived.
        for (at, sheet) in sheets.iter().enumerate() {
            let inbox = mail.inbox();
            assert_eq!(inbox.len(), 1, "{inbox:?}");
            assert_eq!((inbox[0]["sheet"].as_str(), inbox[0]["laneSeq"].as_u64()), (Some(sheet.as_str()), Some(at as u64 + 1)));
            mail.receive(&inbox[0]).expect(200);
        }
        assert!(mail.inbox().is_empty());
        // The same again when the resident is known.
        let known = envelope(&[slip.about_the_same(), slip.about_the_same()]);
        server.post(&care_manager(), &messages_path(), known).expect(201);
    }

    fn unknown_fields_without_end_are_refused(server) {
        for count in [UNKNOWN_MAX + 1, 30_000] {
            let slip = with_unknown_fields(count);
            let answer = refused(server, &slip, slip.body(), 413, &["200", "unknown fields", "data[0].fieldData."]);
            assert!(answer.body.len() < 10_000, "the answer does not repeat them: {} bytes", answer.body.len());
        }
        let slip = with_unknown_fields(UNKNOWN_MAX);
        let answer = server.post(&care_manager(), &messages_path(), slip.body()).expect(201).json();
        let loss = answer["records"][0]["loss"].as_array().expect("what was lost");
        let named: HashSet<&str> = loss.iter().filter_map(|line| line["field"].as_str()).collect();
        for number in 0..UNKNOWN_MAX {
            let field = format!("data[0].fieldData.謎{number}");
            assert!(named.contains(field.as_str()), "{field} is not named");
        }
    }

    fn a_message_has_fifty_records_at_most(server) {
        let slips: Vec<Slip> = (0..51).map(|_| Slip::anew("sparse")).collect();
        let answer = server.post(&care_manager(), &messages_path(), envelope(&slips));
        assert!(answer.outcome(413).contains("50"), "{answer}");
        for slip in [&slips[0], &slips[50]] {
            assert_nobody(server, slip);
        }
        let answer = server.post(&care_manager(), &messages_path(), envelope(&slips[..50])).expect(201);
        assert_eq!(answer.json()["records"].as_array().map(Vec::len), Some(50));
    }

    fn names_and_texts_have_an_end(server) {
        for (name, max) in [(field::NAME, NAME_MAX), (field::REMARKS, TEXT_MAX), (field::ADDRESS, ADDRESS_MAX)] {
            let slip = Slip::of_somebody_new().set(name, &scribble(max + 1));
            let answer = refused(server, &slip, slip.body(), 422, &[&format!("data[0].fieldData.{name}"), &max.to_string()]);
            assert!(answer.body.len() < 10_000, "the answer does not repeat it");
            let longest = Slip::of_somebody_new().set(name, &scribble(max));
            let sent = send(server, &longest);
            let back = native(server, &sent.sheet);
            assert_eq!(back["response"]["data"][0]["fieldData"][name], longest.get(name));
        }
    }

    fn a_long_value_in_an_indexed_field_is_no_fault_of_ours(server) {
        for name in [field::PHONE, field::PATIENT_NUMBER, field::REGIONAL_ID, field::KANA, "事業所名", "ケアマネジャー氏名"] {
            let text = if name == field::KANA { scribble_kana(4_000) } else { scribble(4_000) };
            let slip = Slip::of_somebody_new().set(name, &text);
            let answer = server.post(&care_manager(), &messages_path(), slip.body());
            if answer.status != 201 {
                assert!(answer.outcome(422).contains(name), "{name}: {answer}");
            }
        }
    }
}

/// A stranger's slip about the person of another: with the regional id alone, as guessed.
fn by_stranger(slip: &Slip) -> Slip {
    slip.clone()
        .numbered(700_000_000 + unique())
        .set(field::SENDER, OTHER_CARE_OFFICE)
        .set(field::PATIENT_NUMBER, "")
}

/// An answer without ids, and without what the sender itself said.
fn masked((slip, answer): &(Slip, Answer)) -> (u16, Vec<(String, String)>, String) {
    let (status, headers, text) = answer.without_accidents();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name, without_ids(&value)))
        .collect();
    let number = number_of(slip).to_string();
    (
        status,
        headers,
        without_ids(&text).replace(&number, "NUMBER"),
    )
}

fn without_ids(text: &str) -> String {
    let part_of_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    text.split_inclusive(|c| !part_of_id(c))
        .map(|run| {
            let id = run.trim_end_matches(|c| !part_of_id(c));
            if id.len() == 36 {
                run.replace(id, "ID")
            } else {
                run.to_owned()
            }
        })
        .collect()
}

fn number_of(slip: &Slip) -> u64 {
    let number = slip.record()["recordId"].as_str().expect("a recordId");
    number.parse().expect("digits")
}

/// Somebody whom the care office knows, and the hospital that is told.
struct Resident {
    mail: Mail,
    slip: Slip,
}

/// One whose slips carry the regional id, another whose slips carry the insured number.
fn two_residents(server: &'static Server) -> (Resident, Resident) {
    let (mail, other_mail) = (Mail::new(server), Mail::new(server));
    let slip = mail
        .slip()
        .set(field::BIRTH_DATE, "01/01/1931")
        .set(field::PATIENT_NUMBER, "")
        .set(field::INSURER, "")
        .set(field::INSURED, "");
    let other = other_mail
        .slip()
        .set(field::BIRTH_DATE, "02/02/1942")
        .set(field::PATIENT_NUMBER, "")
        .set(field::REGIONAL_ID, "");
    let resident = |mail, slip| Resident { mail, slip };
    (resident(mail, slip), resident(other_mail, other))
}

/// A stranger's slip that says two people are one.
fn poison(one: &Slip, other: &Slip) -> Slip {
    by_stranger(other)
        .set(field::REGIONAL_ID, one.get(field::REGIONAL_ID))
        .set(field::HOSPITAL, OTHER_HOSPITAL)
        .set(field::NAME, "某")
        .set(field::KANA, "")
        .set(field::BIRTH_DATE, "01/01/1901")
}

/// The hospital of each reads its own and nothing of the other.
fn stay_apart(server: &Server, one: (&Resident, &Sent), other: (&Resident, &Sent)) {
    assert_ne!(record_of(server, one.1), record_of(server, other.1));
    for ((own, own_sent), (their, their_sent)) in [(one, other), (other, one)] {
        for who in [
            own.mail.recipient(),
            Who::person("physician", &own.mail.hospital),
        ] {
            for (sent, status) in [(own_sent, 200), (their_sent, 404)] {
                let patient = format!("/fhir/R4/Patient/{}", sent.patient());
                server.get(&who, &patient).expect(status);
                let bundle = format!("/fhir/R4/Bundle/{}", sent.sheet);
                server.get(&who, &bundle).expect(status);
            }
            for (identifier, found) in [(identifier(&own.slip), 1), (identifier(&their.slip), 0)] {
                let path = format!("/fhir/R4/Patient?identifier={identifier}");
                let answer = server.get(&who, &path).expect(200);
                assert_eq!(answer.json()["total"], found, "{who:?}: {answer}");
                assert!(
                    !answer.text().contains(their.slip.get(field::NAME)),
                    "{answer}"
                );
            }
        }
    }
}

/// The one identifier that a slip of [`two_residents`] has.
fn identifier(slip: &Slip) -> &str {
    match slip.get(field::REGIONAL_ID) {
        "" => slip.get(field::INSURED),
        regional => regional,
    }
}

/// The record behind a slip: no answer tells of it.
fn record_of(server: &Server, sent: &Sent) -> String {
    record_behind(server, &sent.sheet)
}

fn record_behind(server: &Server, sheet: &str) -> String {
    let statement = format!("select record from resource where id = '{sheet}'");
    server.sql(&statement)[0].get("record")
}

fn with_unknown_fields(count: usize) -> Slip {
    (0..count).fold(Slip::of_somebody_new(), |slip, number| {
        slip.set(&format!("謎{number}"), "x")
    })
}

/// Text of so many characters that no compression makes small: an index of PostgreSQL compresses.
fn scribble(length: usize) -> String {
    characters(length, 0x4e00, 0x5000)
}

fn scribble_kana(length: usize) -> String {
    characters(length, 0x30a2, 0x40)
}

fn characters(length: usize, first: u32, range: u32) -> String {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..length)
        .map(|_| char::from_u32(first + next() % range).expect("a character"))
        .collect()
}
