//! April's staff changes in one file: told in words before, done as told, whole or not at all.

use serde_json::{Value, json};

use crate::harness::*;
use crate::leaf::leaves_of;

on_both! {
    fn a_file_of_sixty_lines_does_what_its_preview_says(server) {
        let april = April::new(server);
        let file = april.file();
        assert_eq!(file.lines().count(), 61);
        let before = list(server, &april.old, 200);
        let preview = post(server, "/preview", &file).expect(200);
        assert_eq!(leaves_of(server, preview.header("x-request-id").expect("a request id")), [false]);
        let preview = preview.json();
        let counts = json!({"added": 12, "ended": 14, "moved": 13, "professionChanged": 9, "changed": 4,
            "unchanged": 8, "faults": 0});
        assert_eq!(preview["counts"], counts, "{preview}");
        assert_eq!(preview["status"], "preview");
        april.words(&preview);
        assert_eq!(list(server, &april.old, 200), before, "a preview changes nothing");
        assert_eq!(list(server, &april.new, 200).len(), 0);
        let leaver = april.person("leaver", 0, &april.old, "nurse");
        assert_eq!(knock(server, &leaver), 200);

        let done = post(server, "", &file).expect(200).json();
        assert_eq!(done["status"], "imported");
        assert_eq!(done["changes"], preview["changes"], "what was told is what is done");
        assert_eq!(knock(server, &leaver), 403);
        assert_eq!(knock(server, &april.person("joiner", 0, &april.new, "nurse")), 200);
        assert_eq!(knock(server, &april.person("mover", 0, &april.old, "nurse")), 403);
        assert_eq!(knock(server, &april.person("mover", 0, &april.new, "nurse")), 200);
        assert_eq!(knock(server, &april.person("changer", 0, &april.old, "nurse")), 403);
        assert_eq!(knock(server, &april.person("changer", 0, &april.old, "care_manager")), 200);
        assert_eq!(knock(server, &april.person("stayer", 0, &april.old, "nurse")), 200);
        let again = post(server, "/preview", &file).expect(200).json();
        assert_eq!(again["counts"]["unchanged"], 60, "done once is done: {again}");
    }

    fn a_fault_names_line_and_column_and_nothing_is_done(server) {
        let hospital = new_hospital(server);
        let good = |id: &str| format!("{id},架空 職員,看護師,{hospital},2026-04-01,\n");
        for (line, column) in faults(&hospital) {
            let file = format!("{HEADER}{}{line}\n{}", good("first-1"), good("last-1"));
            let preview = post(server, "/preview", &file).expect(200).json();
            assert_eq!(preview["faults"][0]["line"], 3, "{line}: {preview}");
            assert_eq!(preview["faults"][0]["column"].as_str(), column, "{line}: {preview}");
            assert_eq!(preview["faults"].as_array().map(Vec::len), Some(1), "{line}: {preview}");
            let refused = post(server, "", &file);
            let text = refused.outcome(refused.status);
            assert!([400, 422].contains(&refused.status), "{line}: {refused}");
            assert!(text.contains("3行目") && text.contains("line 3"), "{line}: {text}");
            assert!(column.is_none_or(|column| text.contains(column)), "{line}: {text}");
            assert!(!text.contains("first-1"), "values are not repeated: {text}");
            assert_eq!(list(server, &hospital, 200), Vec::<Value>::new(), "{line}");
        }
    }

    fn a_file_that_is_none_is_refused_by_the_preview_too(server) {
        let hospital = new_hospital(server);
        let twice = format!("id,name,profession,facility,id\na,b,nurse,{hospital},c\n");
        let files = [
            "", "\n\n", "氏名\n", "職員番号,氏名,職種\n1,2,3\n", "職員番号,氏名,職種,施設コード,給与\n", &twice, "{\"staff\": []}",
        ];
        for file in files {
            for door in ["", "/preview"] {
                let answer = post(server, door, file);
                if file.is_empty() {
                    answer.outcome(400);
                } else {
                    assert!(answer.outcome(400).contains("line 1") , "{file}: {answer}");
                }
            }
        }
    }

    fn ms932_english_columns_and_the_dates_of_spreadsheets_are_read(server) {
        let hospital = new_hospital(server);
        let number = unique();
        // 職員番号,氏名,職種,施設コード and 架空　花子,看護師 as a Japanese Excel saves them.
        let mut ms932 = b"\x90E\x88\xf5\x94\xd4\x8d\x86,\x8e\x81\x96\xbc,\x90E\x8e\xed,\x8e{\x90\xdd\x83R\x81[\x83h\r\n".to_vec();
        ms932.extend(format!("sjis-{number},").bytes());
        ms932.extend(b"\x89\xcb\x8b\xf3\x81@\x89\xd4\x8eq,\x8a\xc5\x8c\xec\x8et,");
        ms932.extend(format!("{hospital}\r\n").bytes());
        for charset in ["", "; charset=Shift_JIS"] {
            let call = call("", ms932.clone()).header("Content-Type", &format!("text/csv{charset}"));
            server.send(&call.token(server.token(&office()))).expect(200);
        }
        let english = format!(
            "\u{feff}facility,ID,profession,name,since,until\r\n\
             {hospital},en-{number},nurse,\"架空, 一郎\",2026/4/1,R9.3.31\r\n\
             \r\n\
             {hospital},era-{number},保健師,架空 二郎,令和8年4月1日,2027-03-31\r\n"
        );
        post(server, "", &english).expect(200);
        let rows = list(server, &hospital, 200);
        let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("{id}: {rows:?}"));
        assert_eq!(row(&format!("sjis-{number}"))["name"], "架空　花子");
        for id in [format!("en-{number}"), format!("era-{number}")] {
            assert_eq!((&row(&id)["since"], &row(&id)["until"]), (&json!("2026-04-01"), &json!("2027-03-31")));
        }
        assert_eq!(row(&format!("en-{number}"))["name"], "架空, 一郎");
    }

    fn the_office_sees_its_staff_page_by_page(server) {
        let hospital = new_hospital(server);
        let lines: String = (0..5).map(|n| format!("page-{hospital}-{n},架空 職員,医師,{hospital},,\n")).collect();
        post(server, "", &format!("{HEADER}{lines}")).expect(200);
        let path = |page: usize| format!("/networks/{NETWORK}/staff?facility={hospital}&_count=2&page={page}");
        let mut seen = Vec::new();
        for (page, more) in [(1, true), (2, true), (3, false), (4, false)] {
            let answer = server.get(&office(), &path(page)).expect(200).json();
            assert_eq!(answer["more"], more, "{answer}");
            seen.extend(answer["staff"].as_array().expect("staff").iter().map(|row| row["id"].clone()));
        }
        let expected: Vec<Value> = (0..5).map(|n| json!(format!("page-{hospital}-{n}"))).collect();
        assert_eq!(seen, expected);
        let row = &list(server, &hospital, 1)[0];
        assert_eq!((&row["profession"], &row["professionLabel"], &row["facilityName"], &row["since"], &row["until"]),
            (&json!("physician"), &json!("医師"), &json!("架空新設病院"), &Value::Null, &Value::Null));
        let listed = server.get(&office(), &path(1)).expect(200).json();
        let professions = json!([{"facility": hospital, "profession": "physician", "professionLabel": "医師", "people": 5}]);
        assert_eq!(listed["professions"], professions);
        for query in ["colour=blue", "page=0", "page=x", "_count=-1", "facility=a&facility=b"] {
            server.get(&office(), &format!("/networks/{NETWORK}/staff?{query}")).outcome(400);
        }
        server.get(&office(), &format!("/networks/{NETWORK}/staff?facility=nowhere")).outcome(422);
        server.get(&office(), "/networks/nowhere/staff").outcome(404);
    }
}

const HEADER: &str = "職員番号,氏名,職種,施設コード,開始日,終了日\n";

/// Lines that are wrong, and the column at which they are; none for the whole line.
fn faults(hospital: &str) -> Vec<(String, Option<&'static str>)> {
    vec![
        (format!("a b,架空,看護師,{hospital},,"), Some("職員番号")),
        (format!(",架空,看護師,{hospital},,"), Some("職員番号")),
        (format!("x-1,,看護師,{hospital},,"), Some("氏名")),
        (format!("x-1,架空,魔法使い,{hospital},,"), Some("職種")),
        (format!("x-1,架空,vendor_system,{hospital},,"), Some("職種")),
        (
            format!("x-1,架空,看護師,{UNKNOWN_HOSPITAL},,"),
            Some("施設コード"),
        ),
        ("x-1,架空,看護師,123,,".to_owned(), Some("施設コード")),
        (
            format!("x-1,架空,看護師,{hospital},2026-02-30,"),
            Some("開始日"),
        ),
        (
            format!("x-1,架空,看護師,{hospital},2026-04,"),
            Some("開始日"),
        ),
        (
            format!("x-1,架空,看護師,{hospital},2026-04-01,2026-03-31"),
            Some("終了日"),
        ),
        (
            format!("x-1,架空,看護師,{hospital},,2026-03-31"),
            Some("終了日"),
        ),
        (
            format!("first-1,架空,看護師,{hospital},,"),
            Some("職員番号"),
        ),
        (format!("x-1,架空,看護師,{hospital},"), None),
        (format!("x-1,架空,看護師,{hospital},,,"), None),
        (format!("x-1,\"架空\"様,看護師,{hospital},,"), None),
    ]
}

/// Two hospitals, and people at the old one before April.
struct April {
    old: String,
    new: String,
}

impl April {
    fn new(server: &Server) -> Self {
        let april = Self {
            old: new_hospital(server),
            new: new_hospital(server),
        };
        let mut file = HEADER.to_owned();
        for (kind, count) in [
            ("leaver", 14),
            ("mover", 13),
            ("changer", 9),
            ("renamed", 4),
            ("stayer", 8),
        ] {
            for number in 0..count {
                file.push_str(&april.line(
                    (kind, number),
                    "旧姓",
                    "看護師",
                    &april.old,
                    "2020-04-01,",
                ));
            }
        }
        let answer = post(server, "", &file).expect(200).json();
        assert_eq!(answer["counts"]["added"], 48, "{answer}");
        april
    }

    fn file(&self) -> String {
        let (yesterday, today) = (day(-1), day(0));
        let mut file = HEADER.to_owned();
        let mut add = |kind, count, name, profession, facility: &str, days: &str| {
            for number in 0..count {
                file.push_str(&self.line((kind, number), name, profession, facility, days));
            }
        };
        add(
            "joiner",
            12,
            "新姓",
            "看護師",
            &self.new,
            &format!("{today},"),
        );
        add(
            "leaver",
            14,
            "旧姓",
            "看護師",
            &self.old,
            &format!(",{yesterday}"),
        );
        add(
            "mover",
            13,
            "旧姓",
            "看護師",
            &self.new,
            &format!("{today},"),
        );
        add(
            "changer",
            9,
            "旧姓",
            "ケアマネジャー",
            &self.old,
            &format!("{today},"),
        );
        add("renamed", 4, "新姓", "nurse", &self.old, ",");
        add("stayer", 8, "旧姓", "看護師", &self.old, "2020-04-01,");
        file
    }

    fn line(
        &self,
        who: (&str, usize),
        name: &str,
        profession: &str,
        facility: &str,
        days: &str,
    ) -> String {
        format!(
            "{},{name} 職員,{profession},{facility},{days}\n",
            self.id(who.0, who.1)
        )
    }

    fn id(&self, kind: &str, number: usize) -> String {
        format!("{kind}-{}-{number}", self.old)
    }

    fn person(&self, kind: &str, number: usize, facility: &str, profession: &str) -> Who {
        Who {
            subject: self.id(kind, number),
            ..Who::person(profession, facility)
        }
    }

    /// Each kind of change is told in words, with what was and what will be.
    fn words(&self, preview: &Value) {
        let change = |kind: &str| {
            let id = self.id(kind, 0);
            let changes = preview["changes"].as_array().expect("changes");
            let found = changes
                .iter()
                .find(|change| change["after"]["id"] == id.as_str());
            found.unwrap_or_else(|| panic!("{id}: {preview}")).clone()
        };
        let (yesterday, today) = (day(-1), day(0));
        let place = "架空新設病院(看護師)";
        let told = |kind: &str, parts: &[&str]| {
            let change = change(kind);
            let text = change["text"].as_str().expect("a text");
            for part in parts {
                assert!(text.contains(part), "{kind}: {part}: {text}");
            }
        };
        told("joiner", &["新姓 職員: ", place, &today, "begins at"]);
        told("leaver", &["旧姓 職員: ", place, &yesterday, "last day"]);
        told("mover", &["異動します", place, &today, "moves from"]);
        told(
            "changer",
            &[
                "職種が変わります",
                "架空新設病院(介護支援専門員)",
                "changes profession",
            ],
        );
        told("renamed", &["氏名", "name"]);
        told("stayer", &["変わりません", "no change"]);
        let moved = change("mover");
        assert_eq!(moved["line"], 28, "{moved}");
        assert_eq!(moved["before"][0]["facility"], self.old.as_str());
        assert_eq!(moved["after"]["facility"], self.new.as_str());
    }
}

fn call(door: &str, body: impl Into<Vec<u8>>) -> Call {
    Call::post(&format!("/networks/{NETWORK}/staff{door}"), body).header("Content-Type", "text/csv")
}

#[track_caller]
fn post(server: &Server, door: &str, file: &str) -> Answer {
    server.send(&call(door, file).token(server.token(&office())))
}

#[track_caller]
fn list(server: &Server, facility: &str, count: usize) -> Vec<Value> {
    let path = format!("/networks/{NETWORK}/staff?facility={facility}&_count={count}");
    let answer = server.get(&office(), &path).expect(200).json();
    answer["staff"].as_array().expect("staff").clone()
}

/// With a token that registers nobody.
#[track_caller]
fn knock(server: &Server, who: &Who) -> u16 {
    let call = Call::get("/inbox").token(server.signer().token(who));
    server.send(&call).status
}
