//! What an attacker tried on people, links and files, and may not get: regressions of a review.

use serde_json::json;

use crate::card::open;
use crate::emergency::{crew, find, handle};
use crate::harness::*;
use crate::leaf::entries;
use crate::resident::{Resident, enrol, enrol_as};

/// The record behind a resource.
fn record_of(server: &Server, resource: &str) -> String {
    use sqlx::Row as _;
    server.sql(&format!(
        "select record from resource where id = '{resource}'"
    ))[0]
        .get("record")
}

/// The same human being by two offices, under two numbers: linked beyond doubt. The records.
fn linked(server: &Server) -> (Resident, String, Resident) {
    let one = Resident::somebody_new();
    let other = one
        .clone()
        .registered_by(&other_care_manager())
        .set("地域ID", &format!("V{:09}", unique()));
    let first = enrol(server, &one);
    let second = enrol_as(server, &other_care_manager(), &other);
    let (first, second) = (
        record_of(server, &first.sheet),
        record_of(server, &second.sheet),
    );
    assert_ne!(first, second);
    (one, first, other)
}

on_both! {
    fn small_steps_do_not_lead_from_one_person_to_another(server) {
        let (victim, stranger) = (Resident::somebody_new(), Resident::somebody_new());
        enrol(server, &victim);
        enrol(server, &stranger);
        let step = |name: &Resident, birth: &Resident, version: u64| {
            victim.clone().version(version).set("氏名", name.get("氏名")).set("氏名カナ", name.get("氏名カナ"))
                .set("生年月日", birth.get("生年月日"))
        };
        let sender = other_care_manager();
        let key = step(&victim, &victim, 1).registered_by(&sender).set("地域ID", &format!("U{:09}", unique()));
        let at = |one: Resident| one.set("登録機関コード", OTHER_CARE_OFFICE).set("地域ID", key.get("地域ID")).numbered_as(&key);
        enrol_as(server, &sender, &key);
        enrol_as(server, &sender, &at(step(&victim, &stranger, 2)));
        let last = at(step(&stranger, &stranger, 3));
        let answer = server.post(&sender, &messages_path(), last.body());
        assert!(answer.outcome(409).contains("recordId"), "{answer}");
        // Two people are two lines still.
        let who = crew(server);
        for (resident, other) in [(&victim, &stranger), (&stranger, &victim)] {
            let own = handle(server, &who, &json!({"card": resident.get("地域ID")}));
            let card = open(server, &who, &own).expect(200).text();
            assert!(card.contains(resident.get("ACP内容")) && !card.contains(other.get("ACP内容")), "{card}");
        }
    }

    fn a_refusal_on_one_record_counts_for_the_whole_person(server) {
        for refusal in [
            "update enrolment set until = 1, since = 0 where record = 'RECORD'",
            "insert into relation (id, network, record, facility, kind, since, source_message) \
             values ('RECORD', 'kitamaru', 'RECORD', '0100000119', 'blocked', 0, 'x')",
            "insert into consent (id, network, record, effect, profession, categories, since, source_message) \
             values ('RECORD', 'kitamaru', 'RECORD', 'deny', 'ambulance_crew', 1, 0, 'x')",
        ] {
            let (resident, first, _) = linked(server);
            let who = crew(server);
            let asked = json!({"card": resident.get("地域ID")});
            let given = handle(server, &who, &asked);
            server.sql(&refusal.replace("RECORD", &first));
            open(server, &who, &given).expect(404);
            let asked = json!({"name": resident.get("氏名カナ"), "birthDate": resident.get("生年月日")});
            let kana = resident.get("氏名カナ").replace('\u{3000}', " ");
            let found = find(server, &who, &asked);
            assert!(found.iter().all(|line| line["kana"] != kana), "{refusal}: {found:?}");
        }
    }

    // Whoever fits in everything ends the search among the nearest; if that one is hidden, nobody may notice.
    fn a_hidden_resident_who_fits_changes_no_answer(server) {
        let like = Resident::somebody_new();
        // Like nobody's whom other tests register.
        let given = format!("{}トクベツ", like.kana(1));
        let named = |one: Resident, family: &str| one
            .set("氏名", &format!("赤江\u{3000}{given}"))
            .set("氏名カナ", &format!("{family}\u{3000}{given}"))
            .set("生年月日", "昭和8年8月8日");
        enrol(server, &named(like.clone(), "アカエ"));
        let asked = json!({"name": format!("アカイ {given}"), "birthDate": "昭和8年"}).to_string();
        let ask = || {
            let answer = server.post(&crew(server), "/emergency/search", asked.clone()).expect(200).json();
            let found = answer["found"].as_array().expect("found").iter();
            let kana: Vec<String> = found.map(|line| line["kana"].to_string()).collect();
            (kana, answer["more"].clone(), answer["note"].clone())
        };
        let before = ask();
        assert_eq!(before.0.len(), 1, "{before:?}");
        let fits = enrol(server, &named(Resident::somebody_new(), "アカイ"));
        let seen = ask();
        assert_eq!(seen.0, [format!("\"アカイ {given}\"")], "who fits, and nobody who is only alike");
        assert!(seen.2.as_str().is_some_and(|note| note.contains("not shown")), "{seen:?}");
        server.sql(&format!("update enrolment set until = 1, since = 0 where record = '{}'", record_of(server, &fits.sheet)));
        assert_eq!(ask(), before);
    }

    fn what_one_record_denies_the_other_does_not_tell(server) {
        let (resident, first, other) = linked(server);
        // The bit of the advance directives.
        let acp = server.sql("select category_bit from version where category = 'acp' limit 1");
        let bit: i64 = sqlx::Row::get(&acp[0], "category_bit");
        server.sql(&format!(
            "insert into consent (id, network, record, effect, categories, since, source_message) \
             values ('acp-{first}', 'kitamaru', '{first}', 'deny', {bit}, 0, 'x')"
        ));
        let who = crew(server);
        let given = handle(server, &who, &json!({"card": other.get("地域ID")}));
        let card = open(server, &who, &given).expect(200).text();
        assert!(!card.contains(resident.get("ACP内容")), "{card}");
        assert!(card.contains(resident.row("アレルギー", "アレルギー::物質")), "{card}");
    }

    fn a_note_is_linked_by_who_has_opened_the_card(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let who = crew(server);
        let note = json!({"dispatch": "K-4", "text": "身元不明"}).to_string();
        let made = server.post(&who, "/emergency/notes", note).expect(201).json();
        let link = format!("/emergency/notes/{}/link", made["note"].as_str().expect("an id"));
        let given = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let body = json!({"record": given}).to_string();
        server.post(&who, &link, body.clone()).expect(404);
        open(server, &who, &given).expect(200);
        server.post(&who, &link, body).expect(200);
    }

    fn the_office_cannot_lock_its_auditor_out(server) {
        let watcher = auditor();
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let path = format!("/audit?record={}", sent.patient());
        server.get(&watcher, &path).expect(200);
        let mut gone = Who::person("auditor", OFFICE);
        gone.subject = format!("AU-{}", unique());
        let mut row = employment(&gone);
        row["since"] = json!("2020-01-01");
        row["until"] = json!("2020-12-31");
        let body = json!({"facilities": [], "staff": [row]}).to_string();
        server.post(&office(), &directory_path(), body).expect(200);
        let token = server.signer().token(&gone);
        server.send(&Call::get(&path).token(token)).expect(200);
    }

    fn a_foreign_network_in_a_token_hides_no_look(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let mut who = Who::system(OTHER_HOSPITAL);
        who.networks = vec!["aaa".to_owned(), NETWORK.to_owned()];
        let path = format!("/fhir/R4/Patient?identifier={}", resident.get("地域ID"));
        let answer = server.get(&who, &path).expect(200);
        let request = answer.header("x-request-id").expect("a request id");
        let seen = entries(server, &sent.patient());
        assert!(seen.iter().any(|entry| entry["request"] == request), "{seen:?}");
    }

    fn a_header_is_not_longer_than_it_needs_to_be(server) {
        let file = format!("recordId,modId,{}\r\n1,1,x\r\n", "列".repeat(20_000));
        let call = Call::post(&messages_path(), file).header("Content-Type", "text/csv; charset=utf-8");
        let answer = server.send(&call.token(server.token(&care_manager())));
        assert!([400, 413, 422].contains(&answer.status), "{answer}");
        assert!(answer.outcome(answer.status).contains("32768"), "{answer}");
    }

    fn numbers_of_others_do_not_flood_the_offices_list(server) {
        let family = format!("アラシ{}", "ン".repeat(usize::try_from(unique() % 5).expect("small") + 1));
        let before = open_reviews(server);
        for _ in 0..8 {
            let one = Resident::somebody_new().set("氏名カナ", &format!("{family}\u{3000}ハナ")).set("氏名", "嵐\u{3000}花").set("生年月日", "昭和9年9月9日");
            enrol(server, &one);
        }
        let raised = open_reviews(server) - before;
        assert!(raised <= 8 * 3, "{raised} pairs of 8 records");
    }
}

fn open_reviews(server: &Server) -> i64 {
    use sqlx::Row as _;
    server.sql("select count(*) as n from identity_review where state = 'open'")[0].get("n")
}
