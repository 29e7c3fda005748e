//! Room: emergency. A crew finds who it stands before, by whatever it knows, and learns no more than that.

use serde_json::{Value, json};

use crate::harness::*;
use crate::leaf::entries;
use crate::resident::{Resident, enrol, enrol_as};

const SEARCH: &str = "/emergency/search";

/// A member of a crew who has not searched yet: the rate is counted by person.
pub fn crew(server: &Server) -> Who {
    let mut who = Who::person("ambulance_crew", FIRE_DEPARTMENT);
    who.subject = format!("AC-{}", unique());
    let staff = json!({"facilities": [], "staff": [employment(&who)]});
    server
        .post(&office(), &directory_path(), staff.to_string())
        .expect(200);
    who
}

/// Searches; the lines found.
#[track_caller]
pub fn find(server: &Server, who: &Who, asked: &Value) -> Vec<Value> {
    let answer = server.post(who, SEARCH, asked.to_string()).expect(200);
    answer.json()["found"].as_array().expect("found").clone()
}

/// The handle of the only resident that is found.
#[track_caller]
pub fn handle(server: &Server, who: &Who, asked: &Value) -> String {
    let found = find(server, who, asked);
    assert_eq!(found.len(), 1, "{asked}: {found:?}");
    found[0]["record"].as_str().expect("a handle").to_owned()
}

on_both! {
    fn a_resident_is_found_by_whatever_the_crew_knows(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let who = crew(server);
        let half_width = half_width(resident.kana(1));
        let hiragana = hiragana(resident.kana(1));
        let birth = resident.get("生年月日");
        for asked in [
            json!({"name": resident.get("氏名")}),
            json!({"name": resident.get("氏名カナ")}),
            json!({"name": format!("ｼｹﾝ {half_width}")}),
            json!({"name": format!("しけん{hiragana}")}),
            json!({"name": resident.kana(1), "birthDate": birth}),
            json!({"phone": resident.get("電話"), "name": "シケン"}),
            json!({"card": resident.get("地域ID")}),
            json!({"address": resident.get("住所"), "name": "試験"}),
        ] {
            let found = find(server, &who, &asked);
            assert!(!found.is_empty(), "{asked}");
            assert_eq!(found[0]["name"], resident.get("氏名").replace('\u{3000}', " "), "{asked}: {found:?}");
        }
    }

    fn an_answer_tells_people_apart_and_nothing_more(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let who = crew(server);
        let answer = server.post(&who, SEARCH, json!({"card": resident.get("地域ID")}).to_string()).expect(200);
        let line = answer.json()["found"][0].clone();
        let mut keys: Vec<String> = line.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        assert_eq!(keys, ["birthYear", "district", "kana", "name", "record", "sex"]);
        assert_eq!(line["district"], "端野自治区");
        assert_eq!(line["birthYear"].as_str().map(str::len), Some(4));
        let text = answer.text();
        for hidden in ["電話", "住所", "ACP内容"].map(|field| resident.get(field)) {
            assert!(!text.contains(hidden), "{hidden} in {answer}");
        }
        assert_eq!(answer.json()["searched"]["card"].as_str().map(str::is_empty), Some(false), "{answer}");
        assert_eq!(answer.json()["note"], "", "nobody else could have been shown: {answer}");
    }

    fn nobody_found_says_what_was_searched(server) {
        let who = crew(server);
        let asked = json!({"name": "ｿﾝｻﾞｲｼﾅｲ", "birthDate": "昭和10年"});
        let answer = server.post(&who, SEARCH, asked.to_string()).expect(200).json();
        assert_eq!(answer["found"].as_array().map(Vec::len), Some(0), "{answer}");
        assert!(answer["note"].as_str().expect("a note").contains("nobody found"), "{answer}");
        let birth = answer["searched"]["birthDate"].as_str().expect("what was searched");
        assert!(birth.contains("1935"), "{answer}");
        let name = answer["searched"]["name"].as_str().expect("what was searched");
        assert_eq!(name, "ソンザイシナイ(カナ)", "{answer}");
        assert_eq!(answer["networks"], json!([NETWORK]));
    }

    fn at_most_ten_and_it_says_when_there_are_more(server) {
        let family = format!("オオゼイ{}", "ン".repeat(usize::try_from(unique() % 7).expect("small") + 1));
        for _ in 0..11 {
            let one = Resident::somebody_new();
            let given = one.kana(1).to_owned();
            enrol(server, &one.set("氏名カナ", &format!("{family}\u{3000}{given}")));
        }
        let who = crew(server);
        let answer = server.post(&who, SEARCH, json!({"name": family}).to_string()).expect(200).json();
        assert_eq!(answer["found"].as_array().map(Vec::len), Some(10), "{answer}");
        assert_eq!(answer["more"], true);
    }

    fn what_cannot_be_searched_is_refused_by_field(server) {
        let who = crew(server);
        for (asked, field) in [
            (json!({}), ""),
            (json!({"name": "ア"}), "name"),
            (json!({"name": "   "}), ""),
            (json!({"birthDate": "明治99年"}), "birthDate"),
            (json!({"birthDate": "昭和64年1月8日"}), "birthDate"),
            (json!({"birthDate": "きのう"}), "birthDate"),
            (json!({"age": "二百"}), "age"),
            (json!({"address": "あ".repeat(1_000)}), "address"),
            (json!({"address": "北見市"}), "address"),
            (json!({"address": "北海道", "sex": "女"}), "address"),
            (json!({"sex": "女"}), "sex"),
            (json!({"nome": "ハマダ"}), "nome"),
            (json!({"name": ["ハマダ"]}), "name"),
        ] {
            let answer = server.post(&who, SEARCH, asked.to_string());
            let text = answer.outcome(422);
            assert!(text.contains(field), "{asked}: {answer}");
        }
        server.post(&who, SEARCH, "{").outcome(400);
    }

    fn signs_are_only_text(server) {
        let who = crew(server);
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        for name in ["%%", "__", "\"\"", "シケン%", "シケ_", "😀😀", "' or ''='", "ｼｹﾝ\\"] {
            let answer = server.post(&who, SEARCH, json!({"name": name}).to_string());
            assert!([200, 422].contains(&answer.status), "{name}: {answer}");
            if answer.status == 200 && name.contains(['%', '_', '"', '😀', '\'']) && !name.starts_with("シ") {
                assert_eq!(answer.json()["found"].as_array().map(Vec::len), Some(0), "{name}: {answer}");
            }
        }
    }

    fn who_breaks_no_glass_is_told_the_same_whoever_there_is(server) {
        let resident = Resident::somebody_new();
        let asked = json!({"card": resident.get("地域ID")}).to_string();
        let mut elsewhere = Who::person("ambulance_crew", FIRE_DEPARTMENT);
        elsewhere.networks = vec!["elsewhere".to_owned()];
        let callers = [pharmacist(), other_care_manager(), hospital(), office(), auditor(), elsewhere];
        let before: Vec<_> = callers.iter().map(|who| server.post(who, SEARCH, asked.clone()).without_accidents()).collect();
        enrol(server, &resident);
        for (who, before) in callers.iter().zip(before) {
            assert_eq!(before.0, 403, "{who:?}");
            assert_eq!(server.post(who, SEARCH, asked.clone()).without_accidents(), before, "{who:?}");
        }
        // The positive control: a crew of the network finds the resident.
        assert_eq!(find(server, &crew(server), &json!({"card": resident.get("地域ID")})).len(), 1);
    }

    fn one_person_registered_twice_is_one_line(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        // The same human being by the office next door, without the regional number: linked beyond doubt.
        let other = other_care_manager();
        let twin_record = resident.clone().registered_by(&other).set("地域ID", &format!("Z{:09}", unique()));
        enrol_as(server, &other, &twin_record);
        let found = find(server, &crew(server), &json!({"name": resident.get("氏名カナ"), "birthDate": resident.get("生年月日")}));
        let kana = resident.get("氏名カナ").replace('\u{3000}', " ");
        assert_eq!(found.iter().filter(|line| line["kana"] == kana).count(), 1, "{found:?}");
    }

    fn the_thirty_first_search_in_a_minute_has_to_wait(server) {
        let who = crew(server);
        let asked = json!({"name": "ソンザイシナイ"}).to_string();
        for _ in 0..30 {
            server.post(&who, SEARCH, asked.clone()).expect(200);
        }
        let answer = server.post(&who, SEARCH, asked.clone());
        answer.outcome(429);
        assert_eq!(answer.header("retry-after"), Some("60"), "{answer}");
        // Another member of the crew goes on.
        server.post(&crew(server), SEARCH, asked).expect(200);
    }

    fn the_auditor_sees_a_search_under_every_person_it_named(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let who = crew(server);
        find(server, &who, &json!({"card": resident.get("地域ID")}));
        let seen = entries(server, &sent.patient());
        let actor = format!("person:{}", who.subject);
        let own = |entry: &&Value| entry["action"] == "emergency.search" && entry["actor"] == actor;
        let search = seen.iter().find(own).expect("a leaf");
        assert_eq!(search["purpose"], "emergency");
    }
}

fn hiragana(katakana: &str) -> String {
    let shifted = katakana
        .chars()
        .filter_map(|letter| char::from_u32(letter as u32 - 0x60));
    shifted.collect()
}

/// The ten syllables that tests spell numbers with.
fn half_width(katakana: &str) -> String {
    let pairs = "アカサタナハマヤラワ".chars().zip("ｱｶｻﾀﾅﾊﾏﾔﾗﾜ".chars());
    let pairs: Vec<(char, char)> = pairs.collect();
    katakana
        .chars()
        .map(|letter| {
            pairs
                .iter()
                .find(|(full, _)| *full == letter)
                .map_or(letter, |(_, half)| *half)
        })
        .collect()
}
