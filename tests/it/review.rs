//! Room: review. What is doubtful stays apart until the network's office decides, and every decision can
//! be undone.

use serde_json::{Value, json};

use crate::emergency::{crew, find};
use crate::harness::*;
use crate::leaf::entries;
use crate::resident::{Resident, enrol, enrol_as};

const REVIEWS: &str = "/identity/reviews";

/// Two records of one name and birth date whose address and phone differ, and the pair in the list.
fn doubtful(server: &Server) -> (Resident, Resident, Value) {
    let one = Resident::somebody_new();
    let two = Resident::somebody_new()
        .set("氏名", one.get("氏名"))
        .set("氏名カナ", one.get("氏名カナ"))
        .set("生年月日", one.get("生年月日"));
    enrol(server, &one);
    enrol_as(
        server,
        &other_care_manager(),
        &two.clone().registered_by(&other_care_manager()),
    );
    let pair = pair_of(server, one.get("地域ID"), "");
    let pair = pair.unwrap_or_else(|| panic!("not in the list: {}", one.get("氏名カナ")));
    (one, two, pair)
}

/// The pair of which one side has this card, through all pages.
fn pair_of(server: &Server, card: &str, query: &str) -> Option<Value> {
    let mut path = format!("{REVIEWS}?_count=7{query}");
    loop {
        let page = server.get(&office(), &path).expect(200).json();
        let reviews = page["reviews"].as_array().expect("reviews");
        let found = reviews
            .iter()
            .find(|review| review.to_string().contains(card));
        if let Some(found) = found {
            return Some(found.clone());
        }
        path = format!(
            "{REVIEWS}?_count=7{query}&cursor={}",
            page["next"].as_str()?
        );
    }
}

fn decide(server: &Server, pair: &Value, decision: &str) -> Answer {
    let path = format!("{REVIEWS}/{}/decision", pair["id"].as_str().expect("an id"));
    let body = json!({"decision": decision, "reason": "電話で本人に確認"});
    server.post(&office(), &path, body.to_string())
}

/// How many lines a crew gets for the two.
fn lines(server: &Server, one: &Resident) -> usize {
    let asked = json!({"name": one.get("氏名カナ"), "birthDate": one.get("生年月日")});
    let found = find(server, &crew(server), &asked);
    let kana = one.get("氏名カナ").replace('\u{3000}', " ");
    found.iter().filter(|line| line["kana"] == kana).count()
}

on_both! {
    fn the_office_settles_a_pair_and_undoes_it(server) {
        let (one, _, pair) = doubtful(server);
        assert_eq!(pair["state"], "open");
        assert!(pair["grounds"]["grounds"].to_string().contains("kana"), "{pair}");
        for side in ["record", "other"] {
            assert_eq!(pair[side]["faces"][0]["kana"], one.get("氏名カナ").replace('\u{3000}', " "), "{pair}");
        }
        assert_eq!(lines(server, &one), 2);
        let decided = decide(server, &pair, "same").expect(200).json();
        assert_eq!(lines(server, &one), 1);
        assert!(pair_of(server, one.get("地域ID"), "").is_none(), "decided");
        let change = decided["change"].as_str().expect("a change");
        let undo = format!("/identity/changes/{change}/undo");
        let reason = json!({"reason": "別人とわかった"}).to_string();
        server.post(&office(), &undo, reason.clone()).expect(200);
        assert_eq!(lines(server, &one), 2);
        server.post(&office(), &undo, reason).expect(409);
        assert!(pair_of(server, one.get("地域ID"), "").is_some(), "open again");
    }

    fn different_people_are_never_linked_by_a_later_message(server) {
        let (one, two, pair) = doubtful(server);
        decide(server, &pair, "different").expect(200);
        decide(server, &pair, "same").expect(409);
        // The second moves to the first's address and phone: beyond doubt, but the office has spoken.
        let moved = two.registered_by(&other_care_manager()).set("住所", one.get("住所")).set("電話", one.get("電話"));
        let moved = moved.set("地域ID", &format!("X{:09}", unique()));
        enrol_as(server, &other_care_manager(), &moved);
        assert!(lines(server, &one) >= 2);
    }

    fn who_is_beyond_doubt_two_others_comes_before_the_office_first(server) {
        let one = Resident::somebody_new();
        let namesake = || {
            let other = Resident::somebody_new();
            other.set("氏名", one.get("氏名")).set("氏名カナ", one.get("氏名カナ")).set("生年月日", one.get("生年月日"))
        };
        let two = namesake();
        for resident in [&one, &two, &namesake(), &namesake(), &namesake()] {
            enrol(server, resident);
        }
        let several = || -> i64 {
            let sql = "select count(*) as n from identity_review where grounds like '%several%'";
            sqlx::Row::get(&server.sql(sql)[0], "n")
        };
        let before = several();
        // The telephone of one and the house of the other, among more namesakes than the list takes.
        enrol(server, &namesake().set("電話", one.get("電話")).set("住所", two.get("住所")));
        assert!(several() >= before + 2, "both pairs are for a person to see");
        assert!(lines(server, &one) >= 6, "nobody is joined");
    }

    fn later_stays_in_the_list(server) {
        let (one, _, pair) = doubtful(server);
        decide(server, &pair, "later").expect(200);
        let again = pair_of(server, one.get("地域ID"), "").expect("still listed");
        assert_eq!(again["state"], "later");
        assert!(pair_of(server, one.get("地域ID"), "&state=open").is_none());
        decide(server, &again, "different").expect(200);
    }

    fn the_office_links_and_unlinks_by_hand(server) {
        let (one, _, pair) = doubtful(server);
        let id = |side: &str| pair[side]["id"].as_str().expect("an id").to_owned();
        let (record, other) = (id("record"), id("other"));
        let link = json!({"record": record, "other": other, "reason": "書類で確認"}).to_string();
        server.post(&office(), "/identity/links", link.clone()).expect(200);
        server.post(&office(), "/identity/links", link).expect(409);
        assert_eq!(lines(server, &one), 1);
        let unlink = json!({"record": other, "reason": "誤り"}).to_string();
        let first = server.post(&office(), "/identity/unlinks", unlink.clone()).expect(200).json();
        server.post(&office(), "/identity/unlinks", unlink).expect(409);
        assert_eq!(lines(server, &one), 2);
        let changes = server.get(&office(), &format!("/identity/records/{record}/changes")).expect(200).json();
        let kinds: Vec<&str> = changes["changes"].as_array().expect("changes").iter().filter_map(|change| change["kind"].as_str()).collect();
        assert_eq!(kinds, ["unlink", "link"], "{changes}");
        // The link cannot be undone while the unlinking stands on it.
        let link = changes["changes"][1]["id"].as_str().expect("an id");
        let reason = json!({"reason": "順序"}).to_string();
        server.post(&office(), &format!("/identity/changes/{link}/undo"), reason.clone()).expect(409);
        let unlink = first["change"].as_str().expect("an id");
        server.post(&office(), &format!("/identity/changes/{unlink}/undo"), reason).expect(200);
        assert_eq!(lines(server, &one), 1);
    }

    fn the_auditor_sees_who_decided(server) {
        let one = Resident::somebody_new();
        let sent = enrol(server, &one);
        let two = Resident::somebody_new().set("氏名カナ", one.get("氏名カナ")).set("生年月日", one.get("生年月日"));
        enrol(server, &two);
        let pair = pair_of(server, one.get("地域ID"), "").expect("listed");
        decide(server, &pair, "same").expect(200);
        let seen = entries(server, &sent.patient());
        assert!(seen.iter().any(|entry| entry["action"] == "identity.decide" && entry["profession"] == "network_office"), "{seen:?}");
        assert!(seen.iter().any(|entry| entry["action"] == "identity.reviews"), "{seen:?}");
    }

    fn the_office_alone_decides(server) {
        let (_, _, pair) = doubtful(server);
        let body = json!({"decision": "same", "reason": "x"}).to_string();
        let path = format!("{REVIEWS}/{}/decision", pair["id"].as_str().expect("an id"));
        let nothing = format!("{REVIEWS}/00000000-0000-7000-8000-000000000000/decision");
        for who in [care_manager(), hospital(), auditor(), crew(server)] {
            let refused = server.post(&who, &path, body.clone()).without_accidents();
            assert_eq!(refused.0, 403, "{who:?}");
            assert_eq!(server.post(&who, &nothing, body.clone()).without_accidents(), refused);
            server.get(&who, REVIEWS).expect(403);
        }
        server.post(&office(), &nothing, body).expect(404);
    }

    fn what_the_office_writes_wrongly_is_named(server) {
        let (_, _, pair) = doubtful(server);
        let path = format!("{REVIEWS}/{}/decision", pair["id"].as_str().expect("an id"));
        for (body, field) in [
            (json!({"decision": "same"}), "reason"),
            (json!({"reason": "x"}), "decision"),
            (json!({"decision": "open", "reason": "x"}), "decision"),
            (json!({"decision": "perhaps", "reason": "x"}), "decision"),
        ] {
            let answer = server.post(&office(), &path, body.to_string());
            assert!(answer.outcome(422).contains(field), "{body}: {answer}");
        }
        for query in ["?state=closed", "?_count=0", "?_count=x", "?cursor=abc", "?name=x"] {
            server.get(&office(), &format!("{REVIEWS}{query}")).expect(400);
        }
    }

    fn nobody_is_merged_wrongly(server) {
        let one = Resident::somebody_new();
        enrol(server, &one);
        let given = |name: &str| format!("シケン\u{3000}{name}");
        let like = || one.clone().registered_by(&care_manager());
        for (what, other) in [
            // A twin: same day, same house, same telephone, another given name; the number typed wrong.
            ("twin", like().set("氏名カナ", &given("フタゴ")).set("氏名", "試験\u{3000}双子")),
            // The spouse: same house, another birth date and given name.
            ("spouse", like().set("氏名カナ", &given("ツマ")).set("生年月日", "昭和3年1月1日").set("地域ID", &fresh())),
            // A neighbour of the same name, years younger.
            ("namesake", like().set("生年月日", "昭和40年1月1日").set("地域ID", &fresh())),
        ] {
            enrol(server, &other);
            let asked = json!({"name": one.get("氏名カナ"), "birthDate": one.get("生年月日")});
            let found = find(server, &crew(server), &asked);
            let own: Vec<&Value> = found.iter().filter(|line| line["kana"] == one.get("氏名カナ").replace('\u{3000}', " ")).collect();
            assert!(!own.is_empty(), "{what}: {found:?}");
            let theirs = find(server, &crew(server), &json!({"name": other.get("氏名カナ"), "birthDate": other.get("生年月日")}));
            assert!(theirs.iter().any(|line| line["kana"] == other.get("氏名カナ").replace('\u{3000}', " ")), "{what}: {theirs:?}");
        }
    }
}

fn fresh() -> String {
    format!("W{:09}", unique())
}
