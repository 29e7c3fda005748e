//! Room: card. Opening an emergency card is break-glass: with a reason, on record, and for one person.

use serde_json::{Value, json};

use crate::emergency::{crew, find, handle};
use crate::harness::*;
use crate::leaf::entries;
use crate::look::write_out;
use crate::resident::{Resident, enrol, enrol_as};
use crate::slip::{Slip, field, send};

/// Opens a card.
pub fn open(server: &Server, who: &Who, handle: &str) -> Answer {
    server.post(
        who,
        &format!("/emergency/{handle}/card"),
        reason().to_string(),
    )
}

/// Opens a card as a FHIR document, and hands it to the validator step.
#[track_caller]
pub fn document(server: &Server, who: &Who, handle: &str, case: &str) -> Value {
    let path = format!("/emergency/{handle}/card");
    let call = Call::post(&path, reason().to_string()).header("Accept", "application/fhir+json");
    let bundle = server
        .send(&call.token(server.token(who)))
        .expect(200)
        .json();
    write_out(server, case, &bundle);
    bundle
}

/// What the document says before anything else.
fn head(document: &Value) -> &str {
    let text = &document["entry"][0]["resource"]["text"]["div"];
    text.as_str().expect("a narrative")
}

fn sections(card: &Value) -> Vec<&str> {
    let blocks = card["blocks"].as_array().expect("blocks").iter();
    blocks
        .filter_map(|block| block["section"].as_str())
        .collect()
}

/// A reason that is good enough.
pub fn reason() -> Value {
    json!({"reason": {"code": "unconscious", "text": "呼びかけに反応なし"}, "dispatch": "K-2026-0001"})
}

fn block<'a>(card: &'a Value, section: &str) -> &'a Value {
    let blocks = card["blocks"].as_array().expect("blocks");
    let found = blocks.iter().find(|block| block["section"] == section);
    found.unwrap_or_else(|| panic!("no block {section}: {card}"))
}

on_both! {
    fn the_card_says_what_matters_with_dates_and_sources(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let card = open(server, &who, &handle).expect(200).json();
        assert_eq!(card["identity"]["kana"], resident.get("氏名カナ").replace('\u{3000}', " "));
        let acp = block(&card, "acp");
        assert!(acp["lines"].to_string().contains(resident.get("ACP内容")), "{acp}");
        assert!(card.to_string().contains("冷蔵庫の扉の筒"), "where the paper is: {card}");
        assert_eq!(acp["date"], "2025-10-01");
        assert_eq!(acp["source"], "架空ケアプランセンター");
        let allergy = block(&card, "allergy");
        assert!(allergy["lines"].to_string().contains(resident.row("アレルギー", "アレルギー::物質")), "{allergy}");
        assert_eq!(allergy["date"], "2026-04-01");
        assert!(block(&card, "contacts")["lines"].to_string().contains("0158-00-"), "{card}");
        assert!(card["opening"]["until"].is_string());
    }

    fn the_card_is_a_fhir_document_for_who_accepts_fhir(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let path = format!("/emergency/{handle}/card");
        let call = Call::post(&path, reason().to_string()).header("Accept", "application/fhir+json");
        let answer = server.send(&call.token(server.token(&who))).expect(200);
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/fhir+json")), "{answer}");
        let bundle = answer.json();
        assert_eq!(bundle["type"], "document");
        assert_eq!(bundle["entry"][0]["resource"]["resourceType"], "Composition");
        assert!(answer.text().contains(resident.get("ACP内容")));
        write_out(server, "ok-card-served", &bundle);
        assert!(head(&bundle).contains("昭和") && head(&bundle).contains("歳 女"), "{bundle}");
        assert!(head(&bundle).contains(resident.get("住所")), "{bundle}");
        let urls: Vec<&str> = bundle["entry"].as_array().expect("entries").iter().filter_map(|entry| entry["fullUrl"].as_str()).collect();
        for reference in references(&bundle) {
            assert!(urls.contains(&&*reference), "{reference} leads nowhere");
        }
    }

    fn a_card_is_composed_of_all_linked_records_newest_first(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let other = other_care_manager();
        let newer = resident.clone().registered_by(&other).set("地域ID", &format!("Y{:09}", unique()))
            .set("アレルギー確認日", "令和8年9月9日")
            .rows("アレルギー", json!([{"recordId": "1", "modId": "0", "アレルギー::種類": "食物", "アレルギー::物質": "架空そば粉"}]));
        enrol_as(server, &other, &newer);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let card = open(server, &who, &handle).expect(200).json();
        let allergies: Vec<&Value> = card["blocks"].as_array().expect("blocks").iter().filter(|block| block["section"] == "allergy").collect();
        let dates: Vec<&str> = allergies.iter().filter_map(|block| block["date"].as_str()).collect();
        assert_eq!(dates, ["2026-09-09", "2026-04-01"], "{card}");
        assert!(allergies[0]["lines"].to_string().contains("架空そば粉"));
        assert_ne!(allergies[0]["source"], allergies[1]["source"]);
        document(server, &who, &handle, "ok-card-served-linked");
    }

    fn who_this_is_is_said_for_people_over_all_linked_records(server) {
        let resident = Resident::somebody_new().set("生年月日", "昭和10年3月5日");
        enrol(server, &resident);
        let other = other_care_manager();
        let moved_house = resident.clone().registered_by(&other).set("地域ID", &format!("W{:09}", unique()))
            .set("作成日", "06/01/2026").set("住所", "北海道北見市常呂町架空9番地");
        enrol_as(server, &other, &moved_house);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let card = open(server, &who, &handle).expect(200).json();
        let identity = &card["identity"];
        assert_eq!(identity["birthDate"], "1935-03-05");
        assert_eq!(identity["birthDateText"], "昭和10年3月5日");
        assert!(identity["age"].as_u64().is_some_and(|age| (90..150).contains(&age)), "{identity}");
        assert_eq!(identity["ageText"], format!("{}歳", identity["age"]));
        assert_eq!((&identity["sex"], &identity["sexText"]), (&json!("female"), &json!("女")));
        let said = |list: &str| -> Vec<Value> { identity[list].as_array().expect("a list").clone() };
        let addresses = said("addresses");
        let texts: Vec<&Value> = addresses.iter().map(|address| &address["text"]).collect();
        assert_eq!(texts, ["北海道北見市常呂町架空9番地", resident.get("住所")], "{identity}");
        let dates: Vec<&Value> = addresses.iter().map(|address| &address["date"]).collect();
        assert_eq!(dates, ["2026-06-01", "2026-05-01"]);
        assert_ne!(addresses[0]["source"], addresses[1]["source"]);
        assert_eq!(said("phones").len(), 1, "the same number is said once: {identity}");
        assert_eq!(said("phones")[0]["text"], resident.get("電話"));
    }

    fn what_is_wished_stands_first_and_says_whether_it_holds(server) {
        let resident = Resident::somebody_new()
            .set("ACP区分", "心肺蘇生を望まない").set("ACP医師署名", "あり").set("ACP見直し日", "令和7年10月")
            .set("ACP内容", "管は望みません。\r家で\r\n過ごしたい。").set("ACP原本の場所", "居間の引き出し");
        enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let card = open(server, &who, &handle).expect(200).json();
        let words = "心肺蘇生を望まない（医師署名あり・原本: 居間の引き出し・見直し日を過ぎています）";
        let notice = &card["notices"][0];
        assert_eq!((&notice["kind"], &notice["text"]), (&json!("acp"), &json!(words)), "{card}");
        assert_eq!((&notice["date"], &notice["source"]), (&json!("2025-10-01"), &json!("架空ケアプランセンター")));
        let lines = block(&card, "acp")["lines"].as_array().expect("lines").clone();
        assert_eq!(lines[0], "意思の区分: 心肺蘇生を望まない");
        assert!(lines.contains(&json!("意思の内容: 管は望みません。家で、過ごしたい。")), "{lines:?}");
        assert!(lines.iter().all(|line| !line.to_string().contains("。、")), "{lines:?}");
        let whole = document(server, &who, &handle, "ok-card-served-wish");
        assert!(head(&whole).contains(words), "{whole}");
    }

    fn what_says_only_none_pushes_nothing_down(server) {
        let resident = Resident::somebody_new().set("アレルギー有無", "なし").rows("アレルギー", json!([]))
            .set("感染症有無", "なし").set("救急隊への伝達事項", "耳が遠いです。");
        enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let card = open(server, &who, &handle).expect(200).json();
        let clinical: Vec<&str> = sections(&card).into_iter().take(6).collect();
        assert_eq!(clinical, ["acp", "diagnosis", "remarks", "infection", "allergy", "contacts"], "{card}");
        assert_eq!(block(&card, "allergy")["saysNone"], true);
        assert_eq!(block(&card, "allergy")["lines"], json!(["アレルギーの有無: なし"]));
        assert_eq!(block(&card, "acp")["saysNone"], false);
        let blocks = card["blocks"].as_array().expect("blocks").iter();
        assert!(blocks.into_iter().all(|block| block["lines"][0].is_string()), "{card}");
    }

    fn a_newer_slip_does_not_hide_a_death(server) {
        let slip = Slip::of_somebody_new();
        let resident = Resident::somebody_new().set("氏名", slip.get(field::NAME)).set("氏名カナ", slip.get(field::KANA))
            .set("生年月日", slip.get(field::BIRTH_DATE)).set("地域ID", slip.get(field::REGIONAL_ID))
            .set("在住状況", "死亡").set("死亡日", "令和8年4月4日");
        enrol(server, &resident);
        send(server, &slip);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let card = open(server, &who, &handle).expect(200).json();
        assert_eq!(card["notices"][0]["kind"], "deceased", "{card}");
        assert!(card["notices"][0]["text"].as_str().is_some_and(|text| text.contains("2026-04-04")), "{card}");
    }

    fn a_slip_of_the_same_resident_adds_to_the_card(server) {
        let slip = Slip::of_somebody_new().set(field::ABUSE, "あり").set(field::ABUSE_DETAIL, "架空のあざ");
        send(server, &slip);
        let resident = Resident::somebody_new().set("氏名", slip.get(field::NAME)).set("氏名カナ", slip.get(field::KANA))
            .set("生年月日", slip.get(field::BIRTH_DATE)).set("地域ID", slip.get(field::REGIONAL_ID));
        enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let card = open(server, &who, &handle).expect(200).json();
        let sections: Vec<&str> = card["blocks"].as_array().expect("blocks").iter().filter_map(|block| block["section"].as_str()).collect();
        assert!(sections.iter().filter(|section| **section == "diagnosis").count() >= 2, "{sections:?}");
        // What a crew is not given stays out: a suspicion of abuse, the sheet itself.
        assert!(!card.to_string().contains("架空のあざ"), "{card}");
    }

    fn death_and_moving_away_stand_first(server) {
        let dead = Resident::somebody_new().set("在住状況", "死亡").set("死亡日", "令和8年3月3日");
        let moved = Resident::somebody_new().set("在住状況", "転出").set("転出日", "令和8年2月2日");
        enrol(server, &dead);
        enrol(server, &moved);
        let who = crew(server);
        for (resident, kind, date) in [(&dead, "deceased", "2026-03-03"), (&moved, "moved", "2026-02-02")] {
            let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
            let card = open(server, &who, &handle).expect(200).json();
            assert_eq!(card.as_object().and_then(|card| card.keys().next()).map(String::as_str), Some("notices"));
            assert_eq!(card["notices"][0]["kind"], kind, "{card}");
            assert!(card["notices"][0]["text"].as_str().is_some_and(|text| text.contains(date)), "{card}");
            assert_eq!(card["notices"][0]["source"], "架空ケアプランセンター");
            let whole = document(server, &who, &handle, &format!("ok-card-served-{kind}"));
            assert!(head(&whole).contains(date), "{whole}");
        }
    }

    fn no_reason_no_card(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let path = format!("/emergency/{handle}/card");
        for (body, field) in [
            (json!({}), "reason.code"),
            (json!({"reason": {"code": "unconscious"}}), "dispatch"),
            (json!({"reason": {"code": "curious"}, "dispatch": "1"}), "reason.code"),
            (json!({"reason": {"code": "other"}, "dispatch": "1"}), "reason.text"),
            (json!({"reason": {"code": "other", "text": "x".repeat(501)}, "dispatch": "1"}), "reason.text"),
            (json!({"reason": {"code": "unconscious"}, "dispatch": "1", "purpose": "treatment"}), "purpose"),
        ] {
            let answer = server.post(&who, &path, body.to_string());
            assert!(answer.outcome(422).contains(field), "{body}: {answer}");
        }
    }

    fn a_handle_is_worth_nothing_to_anybody_else(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let who = crew(server);
        let own = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let again = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        assert_ne!(own, again, "another one in each answer");
        let colleague = crew(server);
        let absent = open(server, &colleague, "bm90aGluZw").without_accidents();
        assert_eq!(absent.0, 404);
        let mut cut = own.clone();
        cut.pop();
        for stolen in [&own, &cut, &sent.patient(), &"x".repeat(2_000)] {
            assert_eq!(open(server, &colleague, stolen).without_accidents(), absent, "{stolen}");
        }
        for other in [pharmacist(), other_care_manager(), hospital()] {
            let refused = open(server, &other, &own).without_accidents();
            assert_eq!(refused.0, 403, "{other:?}");
            assert_eq!(refused, open(server, &other, "bm90aGluZw").without_accidents(), "{other:?}");
        }
        open(server, &who, &own).expect(200);
    }

    fn the_auditor_sees_the_card_and_why(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        open(server, &who, &handle).expect(200);
        let seen = entries(server, &sent.patient());
        let card = seen.iter().find(|entry| entry["action"] == "emergency.card").expect("a leaf");
        assert_eq!(card["purpose"], "emergency");
        assert_eq!(card["decision"], "allow");
        assert_eq!(card["profession"], "ambulance_crew");
        assert_eq!(card["why"]["reason"], "unconscious", "{card}");
        assert_eq!(card["why"]["dispatch"], "K-2026-0001", "{card}");
    }

    fn break_glass_opens_one_card_and_no_other_door(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        open(server, &who, &handle).expect(200);
        server.get(&who, &format!("/fhir/R4/Patient/{}", sent.patient())).expect(404);
        for header in ["X-Purpose-Of-Use", "Purpose"] {
            let call = Call::get(&format!("/fhir/R4/Patient/{}", sent.patient())).header(header, "BTG");
            server.send(&call.token(server.token(&who))).expect(404);
        }
    }

    fn the_twenty_first_resident_in_an_hour_has_to_wait(server) {
        let who = crew(server);
        let mut first = None;
        for turn in 0..21 {
            let resident = Resident::somebody_new();
            enrol(server, &resident);
            let found = handle(server, &who, &json!({"card": resident.get("地域ID")}));
            let answer = open(server, &who, &found);
            if turn < 20 {
                answer.expect(200);
                first.get_or_insert(found);
            } else {
                answer.outcome(429);
                assert_eq!(answer.header("retry-after"), Some("3600"), "{answer}");
            }
        }
        // Who was opened before is no new resident.
        open(server, &who, &first.expect("opened")).expect(200);
    }

    fn the_wrong_person_is_said_and_seen(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let who = crew(server);
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        let path = format!("/emergency/{handle}/wrong-person");
        let body = json!({"text": "同姓の別人だった"}).to_string();
        server.post(&who, &path, body.clone()).expect(404);
        open(server, &who, &handle).expect(200);
        server.post(&who, &path, body.clone()).expect(200);
        server.post(&who, &path, body).expect(404);
        let seen = entries(server, &sent.patient());
        assert!(seen.iter().any(|entry| entry["action"] == "emergency.wrong-person" && entry["decision"] == "allow"), "{seen:?}");
    }

    fn who_left_the_network_has_no_card(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let who = crew(server);
        let asked = json!({"card": resident.get("地域ID")});
        let handle = handle(server, &who, &asked);
        let record = server.sql(&format!("select record from resource where id = '{}'", sent.sheet));
        let record: String = sqlx::Row::get(&record[0], "record");
        server.sql(&format!("update enrolment set until = 1, since = 0 where record = '{record}'"));
        open(server, &who, &handle).expect(404);
        assert!(find(server, &who, &asked).is_empty());
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members
                .get("reference")
                .and_then(Value::as_str)
                .map(str::to_owned);
            let inner = members.values().flat_map(references);
            inner.chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
