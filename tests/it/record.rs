//! Room: record. One leaf a request that touches a person, committed before the answer; a chain that shows every change.

use std::process::Output;

use serde_json::Value;

use crate::harness::database::{copy_folder, sql};
use crate::harness::*;
use crate::leaf::{actions, entries, leaves_of, quarantined, rule_of};
use crate::slip::{Slip, field, send};

on_both! {
    fn every_touch_of_a_person_has_one_leaf(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let patient = sent.patient();
        let before = entries(server, &patient);
        assert_eq!(actions(&before), ["message.receive"]);
        let touches: [(&str, Answer); 6] = [
            ("fhir.read", server.get(&care_manager(), &format!("/fhir/R4/Patient/{patient}"))),
            ("fhir.vread", server.get(&hospital(), &format!("/fhir/R4/Patient/{patient}/_history/1"))),
            ("fhir.search", server.get(&care_manager(),
                &format!("/fhir/R4/Patient?identifier={}", slip.get(field::REGIONAL_ID)))),
            ("native.read", server.get(&hospital(), &format!("/networks/{NETWORK}/admission-slips/{}", sent.sheet))),
            ("sheet.status", server.get(&care_manager(), &format!("/sheets/{}", sent.sheet))),
            ("message.repeat", server.post(&care_manager(), &messages_path(), slip.body())),
        ];
        for (action, answer) in &touches {
            assert_eq!(answer.status, 200, "{action}: {answer}");
        }
        let after = entries(server, &patient);
        for (action, answer) in &touches {
            let request = answer.header("x-request-id").expect("a request id");
            let of_request: Vec<&Value> = after.iter().filter(|entry| entry["request"] == request).collect();
            assert_eq!(of_request.len(), 1, "{action}: {of_request:?}");
            let entry = of_request[0];
            assert_eq!(entry["action"], *action);
            assert_eq!(entry["decision"], "allow");
            for name in ["seq", "at", "actor", "profession", "facility", "purpose"] {
                assert!(!entry[name].is_null(), "{name} is missing: {entry}");
            }
        }
    }

    fn an_auditor_sees_who_has_looked_and_nothing_personal(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        server.get(&hospital(), &format!("/fhir/R4/Patient/{}", sent.patient())).expect(200);
        let answer = server.get(&auditor(), &format!("/audit?record={}", sent.patient())).expect(200);
        for canary in slip.canaries() {
            assert!(!answer.text().contains(&canary), "{canary}");
        }
        let entries = answer.json()["entries"].as_array().expect("entries").clone();
        let seen: Vec<&str> = entries.iter().filter_map(|entry| entry["facility"].as_str()).collect();
        assert!(seen.contains(&CARE_OFFICE) && seen.contains(&HOSPITAL), "{entries:?}");
        let read = entries.iter().find(|entry| entry["facility"] == HOSPITAL).expect("the hospital's entry");
        assert_eq!(read["actor"], format!("system:emr-{HOSPITAL}").as_str());
        assert_eq!(read["profession"], "vendor_system");
        assert_eq!(read["purpose"], "treatment");
    }

    fn a_refusal_has_a_leaf_with_the_decision_deny(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let requests = [
            server.get(&pharmacist(), &format!("/fhir/R4/Patient/{}", sent.patient())),
            server.get(&care_manager(), &format!("/audit?record={}", sent.patient())),
            server.post(&pharmacist(), &messages_path(), Slip::of_somebody_new().set(field::SENDER, PHARMACY).body()),
            server.post(&care_manager(), &messages_path(), "{"),
        ];
        for answer in requests {
            assert!(answer.status >= 400, "{answer}");
            let request = answer.header("x-request-id").expect("a request id");
            assert_eq!(leaves_of(server, request), [true], "{answer}");
        }
    }

    fn a_look_at_what_is_hidden_appears_for_the_auditor(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let (patient, sheet) = (sent.patient(), &sent.sheet);
        let looks = [
            ("fhir.read", format!("/fhir/R4/Bundle/{sheet}")),
            ("fhir.vread", format!("/fhir/R4/Bundle/{sheet}/_history/1")),
            ("fhir.read", format!("/fhir/R4/Patient/{patient}")),
            ("native.read", format!("/networks/{NETWORK}/admission-slips/{sheet}")),
            ("sheet.status", format!("/sheets/{sheet}")),
        ]
        .map(|(action, path)| (action, server.get(&pharmacist(), &path).expect(404)));
        let seen = entries(server, &patient);
        for (action, answer) in &looks {
            let request = answer.header("x-request-id").expect("a request id");
            let of_request: Vec<&Value> = seen.iter().filter(|entry| entry["request"] == request).collect();
            assert_eq!(of_request.len(), 1, "{action}: {seen:?}");
            let entry = of_request[0];
            assert_eq!(entry["action"], *action);
            assert_eq!(entry["decision"], "deny", "{entry}");
            assert_eq!(entry["profession"], "pharmacist", "{entry}");
            assert_eq!(entry["facility"], PHARMACY, "{entry}");
            assert_eq!(leaves_of(server, request), [true], "{entry}");
        }
        // What is not there is about nobody, and is on record all the same.
        let absent = server.get(&pharmacist(), "/fhir/R4/Bundle/0190a000-0000-7000-8000-000000000000").expect(404);
        assert_eq!(leaves_of(server, absent.header("x-request-id").expect("a request id")), [true]);
    }

    fn a_leaf_names_the_policies_that_decided(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let read = server.get(&hospital(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200);
        let forbidden = server.post(&pharmacist(), &messages_path(),
            Slip::of_somebody_new().set(field::SENDER, PHARMACY).body()).expect(403);
        for (answer, words) in [(&sent.answer, "kitamaru.care_manager."), (&read, "kitamaru.vendor_system.exchange."), (&forbidden, "permit")] {
            let rule = rule_of(server, answer.header("x-request-id").expect("a request id"));
            assert!(rule.contains(words), "{words}: {rule}");
        }
    }

    fn an_unknown_record_is_absent_to_the_auditor(server) {
        server.get(&auditor(), "/audit?record=0190a000-0000-7000-8000-000000000000").outcome(404);
        server.get(&auditor(), "/audit").outcome(400);
        server.get(&auditor(), "/audit?record=x").outcome(400);
    }

    fn a_refused_message_is_kept_in_quarantine(server) {
        let wrong = Slip::of_somebody_new().set(field::BIRTH_DATE, "02/30/2026");
        let answer = server.post(&care_manager(), &messages_path(), wrong.body());
        answer.outcome(422);
        let request = answer.header("x-request-id").expect("a request id");
        let kept = quarantined(server, request);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].body, wrong.body());
        assert!(kept[0].reason.contains(field::BIRTH_DATE), "{}", kept[0].reason);
        assert_eq!(kept[0].answer, answer.json(), "the answer that was given is kept with it");
        // Nobody's message is nobody's to keep.
        let nobody = server.send(&Call::post(&messages_path(), wrong.body()));
        nobody.outcome(401);
        let request = nobody.header("x-request-id").expect("a request id");
        assert_eq!(quarantined(server, request).len(), 0);
        assert_eq!(leaves_of(server, request), [] as [bool; 0]);
    }
}

alone_on_both! {
    fn the_verifier_agrees_and_finds_every_change_in_a_copy(start) {
        let server = start.with("[audit]\ncheckpoint_s = 1\ncheckpoint_leaves = 5").go();
        for _ in 0..6 {
            let slip = Slip::of_somebody_new();
            let sent = send(&server, &slip);
            server.get(&hospital(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200);
            // A search has a detail: what was searched for.
            let search = format!("/fhir/R4/Patient?identifier={}", slip.get(field::REGIONAL_ID));
            server.get(&care_manager(), &search).expect(200);
        }
        // A checkpoint covers everything that came before it.
        std::thread::sleep(std::time::Duration::from_millis(2_500));
        assert!(server.end().success(), "{}", server.output());
        let agreed = server.renkei(&["audit", "verify"]);
        assert!(agreed.status.success(), "{}", text(&agreed));
        for (name, statements) in damages(server.database) {
            let copy = Copy::of(&server);
            assert!(copy.verify().status.success(), "an untouched copy agrees: {}", text(&copy.verify()));
            for statement in statements {
                sql(&copy.url, &statement);
            }
            let verdict = copy.verify();
            assert!(!verdict.status.success(), "{name} was not found: {}", text(&verdict));
            assert!(!text(&verdict).contains("panicked"), "{name}: {}", text(&verdict));
        }
    }
}

/// Deletes leaves with everything that hangs on them.
fn delete(which: &str) -> Vec<String> {
    [
        "leaf_detail where leaf in (select id from leaf where WHICH)",
        "leaf_person where leaf in (select id from leaf where WHICH)",
        "leaf where WHICH",
    ]
    .map(|from| format!("delete from {}", from.replace("WHICH", which)))
    .to_vec()
}

/// What somebody with the database's password might do.
fn damages(database: Database) -> Vec<(&'static str, Vec<String>)> {
    let middle = "seq = 5";
    let swapped = [
        "set seq = -1 where seq = 3",
        "set seq = 3 where seq = 4",
        "set seq = 4 where seq = -1",
    ]
    .map(|change| format!("update leaf {change}"))
    .to_vec();
    let edited = match database {
        Database::Sqlite => format!(
            "update leaf set canonical = cast(replace(cast(canonical as text), '\"allow\"', '\"aLlow\"') as blob) \
             where {middle}"
        ),
        Database::Postgres => format!(
            "update leaf set canonical = set_byte(canonical, 20, (get_byte(canonical, 20) + 1) % 128) where {middle}"
        ),
    };
    let columns = "at, network, canonical, hash, link";
    let inserted = vec![
        "update leaf set seq = 1000000 + seq where seq > 4".to_owned(),
        format!(
            "insert into leaf (id, seq, {columns}) \
             select '01900000-0000-7000-8000-000000000000', 5, {columns} from leaf where seq = 4"
        ),
        "update leaf set seq = seq - 1000000 + 1 where seq > 1000000".to_owned(),
    ];
    let moved_up = [
        delete("seq = 4"),
        vec![
            "update leaf set seq = seq + 1000000 where seq > 4".to_owned(),
            "update leaf set seq = seq - 1000000 - 1 where seq > 1000000".to_owned(),
        ],
    ];
    let forgotten = [
        vec!["delete from checkpoint where size > 6".to_owned()],
        delete("seq > 5"),
    ];
    let emptied = [
        vec!["delete from checkpoint".to_owned()],
        delete("seq >= 0"),
    ];
    vec![
        ("an edited leaf", vec![edited]),
        (
            "an edited hash",
            vec![format!("update leaf set hash = link where {middle}")],
        ),
        (
            "an edited link",
            vec![format!("update leaf set link = hash where {middle}")],
        ),
        ("a deleted leaf", delete(middle)),
        ("a deleted leaf with the rest moved up", moved_up.concat()),
        ("an inserted leaf", inserted),
        ("two swapped leaves", swapped),
        ("a truncated log", delete("seq > 5")),
        ("a log truncated with its checkpoints", forgotten.concat()),
        ("an empty log", emptied.concat()),
        (
            "an edited detail",
            vec!["update leaf_detail set value = value || 'x'".to_owned()],
        ),
        (
            "an edited checkpoint",
            vec!["update checkpoint set root = head".to_owned()],
        ),
    ]
}

/// A copy of a stopped server's database and data folder.
struct Copy {
    url: String,
    folder: std::path::PathBuf,
    server: Server,
}

impl Copy {
    fn of(server: &Server) -> Self {
        let folder = run_folder().join(format!("copy-{}", unique()));
        copy_folder(&server.data_dir, &folder);
        let url = match server.database {
            Database::Sqlite => format!("sqlite://{}", folder.join("renkei.db").display()),
            Database::Postgres => Cluster::shared().copy(&server.database_url),
        };
        let mut start = Start::on(server.database);
        start.data_dir = Some(folder.clone());
        start.database_url = Some(url.clone());
        Self {
            url,
            folder,
            server: start.prepare(),
        }
    }

    fn verify(&self) -> Output {
        assert!(self.folder.exists());
        self.server.renkei(&["audit", "verify"])
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
