//! Proof: searches find what is asked for and what may be seen, page by page, and tell nobody else anything.

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::database::copy_folder;
use crate::harness::*;
use crate::leaf::{actions, entries};
use crate::look::write_out;
use crate::slip::{Sent, Slip, field, send};

/// Somebody with rare kanji in the name.
struct Resident {
    slip: Slip,
    sent: Sent,
    /// Given name in kanji and in kana.
    given: (String, String),
    /// House number, which nobody else has.
    house: String,
}

on_both! {
    fn a_patient_is_found_by_each_parameter(server) {
        let resident = resident(server);
        let (kanji, kana) = &resident.given;
        let (house, phone) = (&resident.house, resident.slip.get(field::PHONE));
        let id = resident.sent.patient();
        let half: String = kana.chars().map(|letter| turned(letter, "ｱｶｻﾀﾅﾊﾏﾔﾗﾜ")).collect();
        let hiragana: String = kana.chars().map(|letter| turned(letter, "あかさたなはまやらわ")).collect();
        let queries = [
            ("name", format!("髙﨑{kanji}")), ("name", format!("高崎　{kanji}")), ("name", format!("ﾀｶｻｷ {half}")),
            ("name", format!("たかさき{hiragana}")), ("name", format!("タカサキ・{kana}")), ("name:contains", format!("崎{kanji}")),
            ("name:exact", format!("髙﨑 {kanji}")), ("given", kanji.clone()), ("given", hiragana), ("given:exact", kanji.clone()),
            ("phone", phone.to_owned()), ("phone", phone.replace('-', "")), ("phone", phone.replace('-', "－")),
            ("address", format!("北海道北見市花月町{house}")), ("address", format!("北見市花月町{house}番地")),
            ("address", format!("花月町{house}")), ("address:contains", format!("月町{house}")), ("_id", id.clone()),
            ("identifier", resident.slip.get(field::REGIONAL_ID).to_owned()), ("identifier", format!("{},x", resident.slip.get(field::REGIONAL_ID))),
        ];
        for (name, value) in &queries {
            assert_eq!(ids(&search(server, "Patient", &[(name, value)])), [id.as_str()], "{name}={value}");
        }
        for (name, value) in [
            ("name", format!("崎{kanji}")), ("name:exact", format!("高崎 {kanji}")), ("family:exact", "高崎".to_owned()),
            ("given", format!("{kanji}一")), ("phone", format!("{phone}0")), ("address:exact", format!("花月町{house}番地")),
            ("birthdate", "1938-03-15".to_owned()), ("gender", "male".to_owned()), ("_id", "none".to_owned()),
        ] {
            let with_name = [("name", format!("髙﨑{kanji}")), (name, value)];
            let with_name: Vec<(&str, &str)> = with_name.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let asked = if name == "name" { &with_name[1..] } else { &with_name[..] };
            assert!(ids(&search(server, "Patient", asked)).is_empty(), "{asked:?}");
        }
        for (name, value) in [
            ("birthdate", "1938-03-14"), ("birthdate", "1938-03"), ("birthdate", "1938,1939"), ("birthdate", "lt1938-03-15"),
            ("birthdate", "ge1938-03-14"), ("birthdate", "ne1938-03-15"), ("gender", "female"),
            ("gender", "http://hl7.org/fhir/administrative-gender|female"), ("family", "髙"), ("family:exact", "髙﨑"),
        ] {
            let both = search(server, "Patient", &[("given", kanji), (name, value)]);
            assert_eq!(ids(&both), [id.as_str()], "{name}={value}");
        }
    }

    fn what_belongs_to_a_patient_is_found_by_it_and_by_its_day(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let id = sent.patient();
        for kind in ["Encounter", "Condition", "Observation", "Coverage", "RelatedPerson", "Composition"] {
            let made: HashSet<String> = sent.references.iter().filter_map(|reference| {
                let rest = reference.strip_prefix(&format!("{kind}/"))?;
                Some(rest.split('/').next().unwrap_or_default().to_owned())
            }).collect();
            for value in [id.clone(), format!("Patient/{id}"), format!("{}/fhir/R4/Patient/{id}", server.base)] {
                let found = search(server, kind, &[("patient", &value), ("_count", "200"), ("_total", "accurate")]);
                assert_eq!(ids(&found).into_iter().collect::<HashSet<_>>(), made, "{kind} {value}");
                assert_eq!(found["total"], made.len(), "{kind}");
            }
        }
        let document = search(server, "Bundle", &[("patient", &id)]);
        assert_eq!(ids(&document), [sent.sheet.as_str()]);
        // The slip says: in hospital since 20 November 2026.
        for (date, found) in [
            ("2026-11-20", false), ("2026", false), ("ge2026-11-20", true), ("gt2026-11-20", true), ("le2026-11-20", false),
            ("lt2026-11-20", false), ("lt2026-11-21", true), ("sa2026-11-19", true), ("sa2026-11-20", false),
            ("eb2027", false), ("ne2026-11-20", true), ("ge2026-11-19T15:00:00Z", true),
        ] {
            let open = search(server, "Encounter", &[("patient", &id), ("date", date)]);
            assert_eq!(!ids(&open).is_empty(), found, "a stay without an end, {date}");
        }
        for (date, found) in [("2026-11-20", true), ("2026-11", true), ("ge2026-11-21", false), ("2026-11-20T00:00", false)] {
            let days = search(server, "Condition", &[("patient", &id), ("recorded-date", date)]);
            assert_eq!(!ids(&days).is_empty(), found, "{date}");
            assert_eq!(ids(&search(server, "Condition", &[("subject", &id), ("date", date)])), ids(&days));
        }
        let twice = search(server, "Observation", &[("patient", &id), ("date", "ge2026-11-20"), ("date", "lt2026-11-21"), ("_sort", "-date")]);
        assert!(!ids(&twice).is_empty());
        write_out(server, "ok-searchset-observations", &twice);
    }

    fn a_search_by_post_is_the_same_search(server) {
        let resident = resident(server);
        let name = format!("name={}", encoded(&format!("高崎{}", resident.given.0)));
        let by_get = server.get(&care_manager(), &format!("/fhir/R4/Patient?{name}")).expect(200);
        for form in ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"] {
            let by_post = post(server, &care_manager(), "", &name, form).expect(200);
            assert_eq!(by_post.without_accidents(), by_get.without_accidents());
        }
        let form = "application/x-www-form-urlencoded";
        assert_eq!(post(server, &care_manager(), "?_count=1", &name, form).expect(200).json()["total"], 1);
        assert_eq!(post(server, &care_manager(), &format!("?{name}"), "", form).expect(200).json()["total"], 1);
        post(server, &care_manager(), &format!("?{name}"), &name, form).outcome(400);
        post(server, &care_manager(), "", "", form).outcome(400);
        post(server, &care_manager(), "", "name=%ff", form).outcome(400);
        post(server, &care_manager(), "", "name=a&_include=x", form).outcome(400);
        post(server, &care_manager(), "", r#"{"name":"a"}"#, "application/json").outcome(415);
    }

    fn pages_hold_everybody_once_whatever_client_turns_them(server) {
        let (slip, everybody) = five(server);
        let asked = |more: &str| format!("identifier={}&_count=2{more}", slip.get(field::REGIONAL_ID));
        for sort in ["", "&_sort=_lastUpdated", "&_sort=-_lastUpdated"] {
            // By the whole link, as most clients do; by its query alone, as one client does.
            for whole in [true, false] {
                let mut path = format!("/fhir/R4/Patient?{}", asked(sort));
                let mut all: Vec<String> = Vec::new();
                let mut pages = 0;
                loop {
                    let page = server.get(&care_manager(), &path).expect(200).json();
                    all.extend(ids(&page));
                    pages += 1;
                    assert!(page.get("total").is_none(), "not asked for: {page}");
                    let Some(next) = link(&page, "next") else { break };
                    assert!(next.starts_with(&format!("{}/fhir/R4/Patient?cursor=", server.base)), "{next}");
                    assert!(!next.contains(slip.get(field::REGIONAL_ID)), "{next}");
                    path = if whole { next.replace(&server.base, "") } else {
                        format!("/fhir/R4/Patient?{}&_format=json", next.split('?').nth(1).unwrap_or_default())
                    };
                }
                assert_eq!(pages, 3, "{sort}");
                assert_eq!(all.len(), 5, "{sort}: {all:?}");
                assert_eq!(all.iter().collect::<HashSet<_>>(), everybody.iter().collect::<HashSet<_>>(), "{sort}");
                if sort == "&_sort=-_lastUpdated" {
                    assert_eq!(all, everybody.iter().rev().cloned().collect::<Vec<_>>());
                } else {
                    assert_eq!(all, everybody);
                }
            }
        }
        let first = search_text(server, &asked("&_total=accurate"));
        assert_eq!(first["total"], 5);
        write_out(server, "ok-searchset-page", &first);
        let next = link(&first, "next").expect("a next page").replace(&server.base, "");
        assert_eq!(server.get(&care_manager(), &next).expect(200).json()["total"], 5);
        assert_eq!(link(&first, "self").expect("a link"), format!("{}/fhir/R4/Patient?_count=2&_total=accurate", server.base));
        let none = search_text(server, &asked("&_total=none").replace("_count=2", "_count=9"));
        assert!(none.get("total").is_none() && ids(&none).len() == 5, "{none}");
        let zero = search_text(server, &asked("").replace("_count=2", "_count=0"));
        assert!(zero["total"] == 5 && ids(&zero).is_empty() && link(&zero, "next").is_none(), "{zero}");
    }

    fn a_search_by_name_is_paged_in_the_order_of_the_names(server) {
        let first = resident(server);
        let kanji = &first.given.0;
        // They come in this order; what they are found by orders them otherwise.
        let mut named: Vec<(&str, String)> = ["戊", "丙", "丁", "己", "乙"].into_iter().map(|last| {
            let slip = Slip::of_somebody_new().set(field::NAME, &format!("髙﨑\u{3000}{kanji}{last}"));
            (last, send(server, &slip).patient())
        }).collect();
        named.push(("", first.sent.patient()));
        named.sort();
        let ordered: Vec<String> = named.into_iter().map(|(_, id)| id).collect();
        for name in ["given", "name:contains"] {
            let query = format!("/fhir/R4/Patient?{name}={}", encoded(kanji));
            let mut path = format!("{query}&_count=2");
            let mut all: Vec<String> = Vec::new();
            loop {
                let page = server.get(&care_manager(), &path).expect(200).json();
                all.extend(ids(&page));
                let Some(next) = link(&page, "next") else { break };
                path = next.replace(&server.base, "");
            }
            assert_eq!(all, ordered, "{name}");
            let total = server.get(&care_manager(), &format!("{query}&_count=1&_total=accurate")).expect(200).json();
            assert_eq!(total["total"], 6, "{name}");
        }
    }

    fn a_cursor_is_its_callers_own_and_no_right(server) {
        let (slip, _) = five(server);
        let path = format!("/fhir/R4/Patient?identifier={}&_count=2", slip.get(field::REGIONAL_ID));
        let page = server.get(&care_manager(), &path).expect(200).json();
        let next = link(&page, "next").expect("a next page").replace(&server.base, "");
        let good = server.get(&care_manager(), &next).expect(200);
        let cursor = next.split("cursor=").nth(1).unwrap_or_default();
        let told = server.get(&care_manager(), "/fhir/R4/Patient?cursor=x").outcome(400);
        let mut colleague = care_manager();
        colleague.subject = "care_manager-0174100027".to_owned();
        for (who, path) in [
            (other_care_manager(), next.clone()), (pharmacist(), next.clone()), (hospital(), next.clone()), (colleague, next.clone()),
            (care_manager(), format!("/fhir/R4/Observation?cursor={cursor}")), (care_manager(), format!("{next}A")),
            (care_manager(), next[..next.len() - 1].to_owned()), (care_manager(), "/fhir/R4/Patient?cursor=".to_owned()),
        ] {
            let answer = server.get(&who, &path);
            if answer.status == 403 {
                continue;
            }
            assert_eq!(answer.outcome(400), told, "{} {path}", who.subject);
        }
        for more in ["_count=5", "identifier=1", "_sort=_lastUpdated"] {
            server.get(&care_manager(), &format!("{next}&{more}")).outcome(400);
        }
        // It is good for as long as it lasts, and shows the same each time.
        let again = server.get(&care_manager(), &next).expect(200);
        assert_eq!(ids(&again.json()), ids(&good.json()));
        let histories = format!("/fhir/R4/Patient/{}/_history?cursor={cursor}", ids(&page)[0]);
        server.get(&care_manager(), &histories).outcome(400);
    }

    fn who_may_see_nothing_is_told_the_same_of_the_known_and_the_unknown(server) {
        let resident = resident(server);
        let known = resident.sent.patient();
        let unknown = "01900000-0000-7000-8000-000000000000";
        let (kanji, phone) = (&resident.given.0, resident.slip.get(field::PHONE));
        for who in [pharmacist(), other_care_manager(), Who::person("ambulance_crew", FIRE_DEPARTMENT)] {
            let pairs = [
                (format!("Patient?name={}", encoded(kanji)), format!("Patient?name={}", encoded("架空無名"))),
                (format!("Patient?phone={phone}&_total=accurate"), "Patient?phone=0199-99-9999&_total=accurate".to_owned()),
                (format!("Patient?given={}&_count=0", encoded(kanji)), "Patient?given=x&_count=0".to_owned()),
                (format!("Patient?_id={known}&_sort=_lastUpdated"), format!("Patient?_id={unknown}&_sort=_lastUpdated")),
                (format!("Observation?patient={known}&_sort=date"), format!("Observation?patient={unknown}&_sort=date")),
                (format!("Bundle?patient={known}"), format!("Bundle?patient={unknown}")),
                (format!("Patient/{known}/_history"), format!("Patient/{unknown}/_history")),
                (format!("Patient/{known}/_history?_count=1&_offset=1"), format!("Patient/{unknown}/_history?_count=1&_offset=1")),
            ];
            for (one, other) in pairs {
                let ask = |path: &str| server.get(&who, &format!("/fhir/R4/{path}")).without_accidents();
                assert_eq!(ask(&one), ask(&other), "{} {one}", who.profession);
            }
            let form = "application/x-www-form-urlencoded";
            let ask = |body: String| post(server, &who, "", &body, form).without_accidents();
            assert_eq!(ask(format!("name={}", encoded(kanji))), ask("name=x".to_owned()));
        }
        // The log knows better: whom a search was about, also if nothing was shown.
        let seen = entries(server, &known);
        let searches = actions(&seen).into_iter().filter(|action| *action == "fhir.search").count();
        assert!(searches >= 3 * 6, "{seen:?}");
        let histories = actions(&seen).into_iter().filter(|action| *action == "fhir.history").count();
        assert_eq!(histories, 3 * 2, "{seen:?}");
    }

    fn what_is_not_offered_is_refused_by_name(server) {
        for (path, word) in [
            ("Observation?patient=x&code=1", "code"), ("Observation?patient:Patient=x", "patient:Patient"),
            ("Observation?patient.name=x", "patient.name"), ("Observation?patient=x&patient=y", "patient"),
            ("Observation?patient=Group/x", "patient"), ("Observation?date=ap2026&patient=x", "date"),
            ("Observation?date=yesterday", "date"), ("Observation?date=2026-02-30", "date"), ("Patient?birthdate=eq", "birthdate"),
            ("Patient?name=", "name"), ("Patient?name=%E3%83%BB", "name"), ("Patient?phone=x", "phone"), ("Patient?name:contains=-", "name"),
            ("Patient?_sort=date&_id=1", "_sort"), ("Device?_sort=date&_id=1", "_sort"), ("Patient?_sort=_id&_id=1", "_sort"),
            ("Patient?_offset=1&_id=1", "_offset"), ("Patient?gender=male", "gender"), ("Organization?patient=1", "patient"),
        ] {
            let answer = server.get(&care_manager(), &format!("/fhir/R4/{path}"));
            assert!(answer.outcome(400).contains(word), "{path}: {answer}");
        }
        let long = "あ".repeat(300);
        server.get(&care_manager(), &format!("/fhir/R4/Patient?name={}", encoded(&long))).outcome(400);
        for text in ["%25", "_", "%22", "%27%20or%201%3D1--", "%F0%9F%98%80", "%5C%5C"] {
            for name in ["name", "name:contains", "name:exact", "address", "given"] {
                let answer = server.get(&care_manager(), &format!("/fhir/R4/Patient?{name}={text}"));
                assert!([200, 400].contains(&answer.status), "{name}={text}: {answer}");
                // A sign is a sign: it finds who really has it in the name, and stands for nothing else.
                if answer.status == 200 {
                    let found = answer.json();
                    let found = found["entry"].as_array().cloned().unwrap_or_default();
                    let sign = decoded(text);
                    assert!(found.iter().all(|entry| entry.to_string().contains(&sign)), "{name}={text}: {answer}");
                }
            }
        }
    }
}

alone_on_both! {
    fn a_cursor_ends_with_the_rights_that_it_was_made_under(start) {
        let server = start.go();
        let (slip, everybody) = five(&server);
        let path = format!("/fhir/R4/Patient?identifier={}&_count=2", slip.get(field::REGIONAL_ID));
        let next = |page: &Value| link(page, "next").expect("a next page").replace(&server.base, "");
        let page = next(&server.get(&care_manager(), &path).expect(200).json());
        // Not with the process.
        server.kill();
        server.resume();
        assert_eq!(ids(&server.get(&care_manager(), &page).expect(200).json()), everybody[2..4]);
        // The office is blocked from the resident: the cursor is as good as before, and shows nobody.
        server.kill();
        server.sql(&format!(
            "insert into relation (id, network, record, facility, kind, since, source_message) \
             select 'blocked', network, record, '{CARE_OFFICE}', 'blocked', 0, 'none' from resource where id = '{}'",
            everybody[0]
        ));
        server.resume();
        let blocked = server.get(&care_manager(), &page).expect(200).json();
        assert!(ids(&blocked).is_empty() && link(&blocked, "next").is_none(), "{blocked}");
        let total = server.get(&care_manager(), &format!("{path}&_total=accurate")).expect(200).json();
        assert_eq!(total["total"], 0, "{total}");
        server.kill();
        server.sql("delete from relation where id = 'blocked'");
        // Another table: what it gives this caller is the same, and the cursor is void.
        let profiles = server.folder.join("profiles");
        copy_folder(&crate::tidy::source::root().join("profiles"), &profiles);
        let table = profiles.join("kitamaru/access.csv");
        let rows = std::fs::read_to_string(&table).expect("the table");
        let fewer: Vec<&str> = rows.lines().filter(|row| !row.contains(",dietitian,lab,")).collect();
        assert!(fewer.len() < rows.lines().count(), "the table has rows of dietitians");
        std::fs::write(&table, format!("{}\n", fewer.join("\n"))).expect("the table is written");
        let config = std::fs::read_to_string(&server.config).expect("the configuration");
        let root = crate::tidy::source::root().join("profiles").display().to_string();
        std::fs::write(&server.config, config.replace(&root, &profiles.display().to_string())).expect("it is written");
        server.resume();
        let told = server.get(&care_manager(), "/fhir/R4/Patient?cursor=x").outcome(400);
        assert_eq!(server.get(&care_manager(), &page).outcome(400), told);
        let again = next(&server.get(&care_manager(), &path).expect(200).json());
        assert_eq!(ids(&server.get(&care_manager(), &again).expect(200).json()), everybody[2..4]);
    }
}

fn resident(server: &Server) -> Resident {
    let slip = Slip::of_somebody_new();
    let given = |name: &str| {
        slip.get(name)
            .split('\u{3000}')
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    let (kanji, kana) = (given(field::NAME), given(field::KANA));
    let house = slip
        .get(field::REGIONAL_ID)
        .trim_start_matches(['9', '0'])
        .to_owned();
    let slip = slip
        .clone()
        .set(field::NAME, &format!("髙﨑\u{3000}{kanji}"))
        .set(field::KANA, &format!("タカサキ\u{3000}{kana}"))
        .set(field::ADDRESS, &format!("北海道北見市花月町{house}番地"));
    let sent = send(server, &slip);
    Resident {
        slip,
        sent,
        given: (kanji, kana),
        house,
    }
}

/// Five slips about one resident, and their Patients in the order in which they came.
fn five(server: &Server) -> (Slip, Vec<String>) {
    let slip = Slip::of_somebody_new();
    let mut patients = vec![send(server, &slip).patient()];
    for _ in 0..4 {
        patients.push(send(server, &slip.about_the_same()).patient());
    }
    (slip, patients)
}

/// The letter of the same row in another script.
fn turned(letter: char, script: &str) -> char {
    let place = "アカサタナハマヤラワ"
        .chars()
        .position(|known| known == letter);
    place
        .and_then(|place| script.chars().nth(place))
        .unwrap_or(letter)
}

fn search(server: &Server, kind: &str, asked: &[(&str, &str)]) -> Value {
    let pairs: Vec<String> = asked
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let path = format!("/fhir/R4/{kind}?{}", pairs.join("&"));
    server.get(&care_manager(), &path).expect(200).json()
}

fn search_text(server: &Server, query: &str) -> Value {
    server
        .get(&care_manager(), &format!("/fhir/R4/Patient?{query}"))
        .expect(200)
        .json()
}

fn post(server: &Server, who: &Who, query: &str, body: &str, form: &str) -> Answer {
    let call = Call::post(&format!("/fhir/R4/Patient/_search{query}"), body);
    server.send(&call.header("Content-Type", form).token(server.token(who)))
}

/// The ids of the entries.
pub fn ids(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array();
    let ids = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["resource"]["id"].as_str());
    ids.map(str::to_owned).collect()
}

/// The URL of a link.
pub fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle["link"].as_array().expect("links");
    let found = links.iter().find(|link| link["relation"] == relation)?;
    found["url"].as_str().map(str::to_owned)
}

/// Percent-encoded for a query.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,|".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Percent-decoded, as JSON writes it.
fn decoded(text: &str) -> String {
    text.replace("%25", "%")
        .replace("%22", "\\\"")
        .replace("%27", "'")
        .replace("%20", " ")
        .replace("%3D", "=")
        .replace("%F0%9F%98%80", "😀")
        .replace("%5C%5C", "\\\\")
}
