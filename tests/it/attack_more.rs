//! Proof: what colleagues without the right, strangers with an id and clients that bend HTTP can do: nothing,
//! and the auditor sees that they tried.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::*;
use crate::mail::{Mail, kinds};
use crate::slip::{Sent, Slip, field, send};

/// An id that nothing has.
const ABSENT: &str = "0190a000-0000-7000-8000-000000000000";

on_both! {
    fn a_sheet_is_no_way_round_the_table(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        // She stands in relation to the resident: what the table gives her, she reads.
        let dietitian = Who::person("dietitian", &mail.hospital);
        server.get(&dietitian, &format!("/fhir/R4/Patient/{}", sent.patient())).expect(200);
        server.get(&dietitian, &format!("/fhir/R4/{}", sent.reference("RelatedPerson"))).expect(404);
        for profession in ["dietitian", "therapist", "nurse", "pharmacist", "home_helper", "auditor", "facility_administrator"] {
            let who = Who::person(profession, &mail.hospital);
            if reads_all(profession) {
                continue;
            }
            for door in doors() {
                let hidden = server.get(&who, &door.replace("ID", &sent.sheet)).expect(404);
                let absent = server.get(&who, &door.replace("ID", ABSENT)).expect(404);
                hidden.outcome(404);
                assert_eq!(hidden.without_accidents(), absent.without_accidents(), "{profession} {door}");
            }
            let inbox = server.get(&who, "/inbox").expect(200).json();
            assert_eq!(inbox["deliveries"], json!([]), "{profession}");
        }
        assert!(!reads_all("dietitian"), "the proof has lost its reader");
        let readers = [mail.recipient(), Who::facility(&mail.hospital), Who::person("physician", &mail.hospital),
            Who::person("medical_social_worker", &mail.hospital), care_manager()];
        for who in readers {
            for door in doors() {
                server.get(&who, &door.replace("ID", &sent.sheet)).expect(200);
            }
        }
    }

    fn a_suspicion_of_abuse_closes_a_sheet_to_who_may_not_know(server) {
        let mail = Mail::new(server);
        let plain = send(server, &mail.slip());
        let suspected = send(server, &mail.slip().set(field::ABUSE, "あり").set(field::ABUSE_DETAIL, "腕に痣"));
        let nurse = Who::person("nurse", &mail.hospital);
        for door in doors() {
            server.get(&nurse, &door.replace("ID", &plain.sheet)).expect(200);
            let hidden = server.get(&nurse, &door.replace("ID", &suspected.sheet)).expect(404);
            let absent = server.get(&nurse, &door.replace("ID", ABSENT)).expect(404);
            assert_eq!(hidden.without_accidents(), absent.without_accidents(), "{door}");
            for reader in [mail.recipient(), Who::person("physician", &mail.hospital)] {
                server.get(&reader, &door.replace("ID", &suspected.sheet)).expect(200);
            }
        }
        let inbox = server.get(&nurse, "/inbox").expect(200);
        assert!(inbox.text().contains(&plain.sheet) && !inbox.text().contains(&suspected.sheet), "{inbox}");
    }

    fn who_may_not_send_learns_nothing_by_trying(server) {
        let slip = Slip::of_somebody_new().version(5);
        send(server, &slip);
        let key = format!("attack-{}", unique());
        let call = Call::post(&messages_path(), Slip::of_somebody_new().body()).header("Idempotency-Key", &key);
        server.send(&call.clone().token(server.token(&care_manager()))).expect(201);
        let stale = slip.clone().version(4);
        let conflict = slip.clone().set(field::REMARKS, "別の内容");
        let fresh = Slip::of_somebody_new();
        for profession in ["pharmacist", "home_helper", "auditor", "ambulance_crew"] {
            let who = Who::person(profession, CARE_OFFICE);
            let post = |slip: &Slip| server.post(&who, &messages_path(), slip.body());
            let first = post(&fresh);
            first.outcome(403);
            for (name, slip) in [("known bytes", &slip), ("stale", &stale), ("other content", &conflict)] {
                assert_eq!(post(slip).without_accidents(), first.without_accidents(), "{profession}: {name}");
            }
            for (call, key) in [(&call, key.as_str()), (&call, "attack-unknown"),
                (&Call::post(&messages_path(), fresh.body()), key.as_str())] {
                let keyed = server.send(&call.clone().header("Idempotency-Key", key).token(server.token(&who)));
                assert_eq!(keyed.without_accidents(), first.without_accidents(), "{profession}: {key}");
            }
        }
        // Who may send is told.
        let post = |slip: &Slip| server.post(&care_manager(), &messages_path(), slip.body());
        post(&slip).expect(200);
        server.send(&call.token(server.token(&care_manager()))).expect(200);
        assert!(post(&stale).outcome(409).contains("stale"));
        post(&conflict).outcome(409);
    }

    fn the_auditor_sees_a_search_that_found_nothing(server) {
        let slip = Slip::of_somebody_new();
        let (sent, bystander) = (send(server, &slip), send(server, &Slip::of_somebody_new()));
        let patient = server.get(&care_manager(), &format!("/fhir/R4/Patient/{}", sent.patient())).expect(200).json();
        let systems: Vec<&str> = patient["identifier"].as_array().expect("identifiers").iter()
            .filter(|identifier| identifier["value"] == slip.get(field::REGIONAL_ID))
            .filter_map(|identifier| identifier["system"].as_str()).collect();
        let value = slip.get(field::REGIONAL_ID);
        for query in [value.to_owned(), format!("{}|{value}", systems[0])] {
            for snoop in [pharmacist(), Who::person("physician", OTHER_HOSPITAL), auditor()] {
                let found = server.get(&snoop, &format!("/fhir/R4/Patient?identifier={query}")).expect(200);
                assert_eq!(found.json()["total"], 0, "{found}");
                let entry = heard(server, &sent, &found);
                assert_eq!(entry["action"], "fhir.search", "{entry}");
                assert_eq!(entry["facility"], snoop.facility.as_str(), "{entry}");
                assert!(!entry.to_string().contains(value), "{entry}");
                assert!(unheard(server, &bystander, &found));
            }
        }
    }

    fn the_auditor_sees_a_message_that_was_refused(server) {
        let slip = Slip::of_somebody_new().version(5);
        let (sent, bystander) = (send(server, &slip), send(server, &Slip::of_somebody_new()));
        let another = Slip::of_somebody_new().numbered(number_of(&slip)).version(6).set(field::BIRTH_DATE, "02/02/1942");
        let unsent = slip.clone().version(7).set(field::HOSPITAL, UNKNOWN_HOSPITAL);
        for (slip, status) in [(slip.clone().version(4), 409), (slip.clone().set(field::REMARKS, "別"), 409), (another, 409), (unsent, 422)] {
            let answer = server.post(&care_manager(), &messages_path(), slip.body());
            answer.outcome(status);
            let entry = heard(server, &sent, &answer);
            assert_eq!((&entry["action"], &entry["decision"]), (&json!("message.receive"), &json!("deny")), "{entry}");
            assert!(unheard(server, &bystander, &answer));
        }
    }

    fn the_auditor_sees_a_receipt_that_was_refused(server) {
        let mail = Mail::new(server);
        let (sent, bystander) = (send(server, &mail.slip()), send(server, &mail.slip()));
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        let wrong = json!({"fencingToken": token_of(&delivery) + 1});
        let right = json!({"fencingToken": token_of(&delivery)});
        let dietitian = Who::person("dietitian", &mail.hospital);
        for (who, body, status) in [(mail.recipient(), &wrong, 409), (other_hospital(), &right, 404), (pharmacist(), &right, 404),
            (dietitian, &right, 404), (mail.recipient(), &json!({}), 400)] {
            let answer = server.post(&who, &receipt_path(&delivery), body.to_string());
            answer.outcome(status);
            let entry = heard(server, &sent, &answer);
            assert_eq!((&entry["action"], &entry["decision"]), (&json!("inbox.receipt"), &json!("deny")), "{entry}");
            assert_eq!(entry["facility"], who.facility.as_str(), "{entry}");
            assert!(unheard(server, &bystander, &answer));
        }
        let given = mail.receive(&delivery).expect(200);
        assert_eq!(heard(server, &sent, &given)["decision"], "allow");
    }

    fn the_auditor_sees_who_wanted_to_be_auditor(server) {
        let (sent, bystander) = (send(server, &Slip::of_somebody_new()), send(server, &Slip::of_somebody_new()));
        for who in [care_manager(), pharmacist(), hospital(), office()] {
            let answer = server.get(&who, &format!("/audit?record={}", sent.patient()));
            answer.outcome(403);
            let entry = heard(server, &sent, &answer);
            assert_eq!((&entry["action"], &entry["decision"]), (&json!("audit.read"), &json!("deny")), "{entry}");
            assert_eq!(entry["profession"], who.profession.as_str(), "{entry}");
            assert!(unheard(server, &bystander, &answer));
            // Whom it was about makes no difference to what is told.
            let absent = server.get(&who, &format!("/audit?record={ABSENT}"));
            assert_eq!(absent.without_accidents(), answer.without_accidents());
        }
    }

    fn only_who_may_answer_for_the_mailbox_gives_the_receipt(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        let body = json!({"fencingToken": delivery["fencingToken"]}).to_string();
        for profession in PROFESSIONS.into_iter().filter(|profession| !reads_all(profession) || !sends(profession)) {
            let answer = server.post(&Who::person(profession, &mail.hospital), &receipt_path(&delivery), body.clone());
            answer.outcome(if reads_all(profession) { 403 } else { 404 });
        }
        assert!(!reads_all("dietitian"));
        let status = server.get(&care_manager(), &format!("/sheets/{}", sent.sheet)).expect(200).json();
        assert_eq!(kinds(&status), ["stored"], "{status}");
        assert_eq!(mail.delivery_of(&sent.sheet).as_ref(), Some(&delivery));
        mail.receive(&delivery).expect(200);
        assert!(mail.delivery_of(&sent.sheet).is_none());
    }

    fn two_hosts_are_refused_where_the_caller_is_known(server) {
        let sent = send(server, &Slip::of_somebody_new());
        for path in ["/inbox".to_owned(), format!("/fhir/R4/Patient/{}", sent.patient())] {
            two_hosts(server, &path);
        }
    }

    fn two_hosts_are_refused_at_open_doors(server) {
        for path in ["/healthz", "/readyz", "/metrics", "/fhir/R4/metadata"] {
            two_hosts(server, path);
        }
    }

    fn nothing_is_smuggled_behind_two_lengths(server) {
        let slip = Slip::of_somebody_new();
        let body = String::from_utf8(slip.body()).expect("UTF-8");
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let (length, chunked) = (format!("Content-Length: {}\r\n", body.len()), "Transfer-Encoding: chunked\r\n");
        let head = |lengths: &str| {
            let token = server.token(&care_manager());
            format!("POST {} HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n\
                Authorization: Bearer {token}\r\n{lengths}\r\n", messages_path())
        };
        // What a front end that trusts the length takes for the next request.
        let smuggled = "GET /fhir/R4/metadata HTTP/1.1\r\nHost: a.example\r\n\r\n";
        for lengths in [format!("{length}{chunked}"), format!("{chunked}{length}")] {
            let answer = everything(server, format!("{}{chunks}{smuggled}", head(&lengths)).as_bytes());
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "a second request was answered: {answer}");
            assert!(!answer.contains("CapabilityStatement"), "{answer}");
            // Refused, or read by its chunks alone as RFC 9112, 6.3 has it; the connection ends either way.
            assert!(["400", "201", "200"].iter().any(|status| answer[9..].starts_with(status)), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        }
        // Either alone is right.
        for (lengths, body) in [(chunked, &chunks), (&length, &body)] {
            let answer = raw(server, format!("{}{body}", head(&format!("Connection: close\r\n{lengths}"))).as_bytes());
            assert!([200, 201].contains(&answer.status), "{answer}");
        }
    }
}

/// The doors to a sheet.
fn doors() -> [String; 4] {
    [
        "/fhir/R4/Bundle/ID".to_owned(),
        "/fhir/R4/Bundle/ID/_history/1".to_owned(),
        format!("/networks/{NETWORK}/admission-slips/ID"),
        "/sheets/ID".to_owned(),
    ]
}

/// Whether the network's table lets a profession of the hospital that a slip names read all that the
/// ordinary slip holds.
fn reads_all(profession: &str) -> bool {
    let categories = [
        "sheet",
        "demographics",
        "contacts",
        "diagnosis",
        "prescription",
        "care",
        "consent",
    ];
    categories
        .iter()
        .all(|category| table_says(profession, category, 4, "full"))
}

/// Whether it may send sheets back.
fn sends(profession: &str) -> bool {
    table_says(profession, "sheet", 6, "yes")
}

fn table_says(profession: &str, category: &str, cell: usize, word: &str) -> bool {
    let table = crate::tidy::source::read("profiles/kitamaru/access.csv");
    table.lines().any(|line| {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        cells.len() == 7
            && cells[1] == profession
            && cells[2] == category
            && cells[3] == "exchange"
            && cells[cell] == word
    })
}

/// What the auditor sees of a request in the entries of a slip's resident, also when it was for the log.
fn seen_of(server: &Server, sent: &Sent, answer: &Answer) -> Vec<Value> {
    // On PostgreSQL leaves are numbered within a moment.
    std::thread::sleep(Duration::from_millis(300));
    let path = format!("/audit?record={}", sent.patient());
    let audit = server.get(&auditor(), &path).expect(200).json();
    let request = answer.header("x-request-id").expect("a request id");
    let mut entries = audit["entries"].as_array().expect("entries").clone();
    entries.retain(|entry| entry["request"] == request);
    entries
}

/// The one entry of a request.
#[track_caller]
fn heard(server: &Server, sent: &Sent, answer: &Answer) -> Value {
    let entries = seen_of(server, sent, answer);
    assert_eq!(
        entries.len(),
        1,
        "the auditor sees one entry of {answer}: {entries:?}"
    );
    entries[0].clone()
}

/// Whether a request does not show with somebody whom it was not about.
fn unheard(server: &Server, bystander: &Sent, answer: &Answer) -> bool {
    seen_of(server, bystander, answer).is_empty()
}

fn number_of(slip: &Slip) -> u64 {
    let number = slip.record()["recordId"].as_str().expect("a recordId");
    number.parse().expect("digits")
}

fn token_of(delivery: &Value) -> i64 {
    delivery["fencingToken"].as_i64().expect("a number")
}

fn receipt_path(delivery: &Value) -> String {
    format!("/inbox/{}/receipt", delivery["id"].as_str().expect("an id"))
}

/// One `Host` is right, two are not, whether they agree or not.
#[track_caller]
fn two_hosts(server: &Server, path: &str) {
    let token = server.token(&hospital());
    let ask = |hosts: &str| {
        let head = format!("GET {path} HTTP/1.1\r\n{hosts}Authorization: Bearer {token}\r\n");
        raw(
            server,
            format!("{head}Connection: close\r\n\r\n").as_bytes(),
        )
    };
    let alone = ask("Host: a.example\r\n");
    assert_eq!(alone.status, 200, "{path}: {alone}");
    for hosts in [
        "Host: a.example\r\nHost: b.example\r\n",
        "Host: a.example\r\nhost: a.example\r\n",
    ] {
        let answer = ask(hosts);
        assert_eq!(answer.status, 400, "{path}: {answer}");
    }
}

/// All that comes back on one connection until the server ends it or has nothing more to say.
fn everything(server: &Server, bytes: &[u8]) -> String {
    let address = server.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(3)))
        .expect("a time limit");
    stream.write_all(bytes).expect("the server reads");
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
