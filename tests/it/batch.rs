//! Files: a network's export as CSV, a record a line. Each line has its own fate; none stops another.

use serde_json::Value;

use crate::harness::*;
use crate::leaf::{leaves_of, quarantined};
use crate::mail::Mail;
use crate::resident::Resident;
use crate::sheet::{Sheet, fates, load, ms932, outcomes, post, row};
use crate::slip::{Slip, assert_nobody, deliveries_of, field, native};

const UTF8: &str = "text/csv; charset=utf-8";
const MS932: &str = "text/csv; charset=windows-31j";

/// The largest file that a door lets in.
const FILE_BYTES: usize = 20_000_000;

on_both! {
    fn five_hundred_lines_with_three_bad_ones_load_the_others(server) {
        // As in life, few are born on one day.
        let born = |n: u32| format!("{:02}/{:02}/{}", n % 12 + 1, n % 28 + 1, 1930 + n % 37);
        let slips: Vec<Slip> = (0..500)
            .map(|n| Slip::anew("sparse").set(field::BIRTH_DATE, &born(n)))
            .collect();
        let sheet = Sheet::of(&slips)
            .set(99, field::BIRTH_DATE, "02/30/1940")
            .set(400, field::SENDER, OTHER_CARE_OFFICE);
        let ragged = row(&sheet.lines[250][..sheet.columns.len() - 1]);
        let text = sheet.text().replacen(&sheet.line(250), &ragged, 1);
        let answer = post(server, &care_manager(), UTF8, text).expect(200);
        let told = answer.json();
        assert_eq!((&told["lines"], &told["stored"], &told["refused"]), (&500.into(), &497.into(), &3.into()));
        let lines: Vec<u64> = outcomes(&told).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, (2..=501).collect::<Vec<u64>>());
        let bad: Vec<&Value> = fates(&told).iter().filter(|fate| fate["outcome"] == "refused").collect();
        for ((fate, line), words) in bad.iter().zip([101, 252, 402]).zip([field::BIRTH_DATE, "行全体", field::SENDER]) {
            assert_eq!(fate["line"], line, "{fate}");
            assert!(fate["faults"][0]["field"].as_str().expect("a field").contains(words), "{fate}");
        }
        for at in [99, 400] {
            assert_eq!(fates(&told)[at]["recordId"], slips[at].record()["recordId"]);
        }
        for at in [99, 250, 400] {
            assert_nobody(server, &slips[at]);
        }
        let sheet = fates(&told)[498]["sheet"].as_str().expect("a sheet");
        let back = native(server, sheet);
        assert_eq!(back["response"]["data"][0]["fieldData"][field::NAME], slips[498].get(field::NAME));
        // The file has a leaf, and so has every line; what was refused is kept.
        let request = answer.header("x-request-id").expect("a request id");
        let leaves = leaves_of(server, request);
        assert_eq!((leaves.len(), leaves.iter().filter(|deny| **deny).count()), (501, 3));
        assert_eq!(quarantined(server, request).len(), 3);
    }

    fn what_is_wrong_with_a_line_stays_in_the_line(server) {
        let slips: Vec<Slip> = (0..7).map(|_| Slip::of_somebody_new()).collect();
        let sheet = Sheet::of(&slips)
            .set(0, field::REMARKS, "一行目\r\n\r\n三行目")
            .set(5, field::BIRTH_DATE, "昭和99年");
        let text = sheet.text();
        let (ragged, open) = (sheet.line(1).replacen("\",\"", ";", 1), sheet.line(2).replacen("\",", ",", 1));
        let text = text.replacen(&sheet.line(1), &ragged, 1).replacen(&sheet.line(2), &open, 1);
        let mut body = text.into_bytes();
        let name = slips[3].get(field::NAME).as_bytes();
        let at = body.windows(name.len()).position(|window| window == name).expect("the name is there");
        body[at] = 0xff;
        let answer = post(server, &care_manager(), UTF8, body.clone()).expect(200);
        let told = answer.json();
        // The first line takes three lines of the file.
        let expected = [(2, "stored"), (5, "refused"), (6, "refused"), (7, "refused"), (8, "stored"), (9, "refused"), (10, "stored")];
        assert_eq!(outcomes(&told), expected, "{told}");
        let fault = |line: usize| &fates(&told)[line]["faults"][0];
        for (line, words) in [(1, "列の数"), (2, "引用符"), (3, "文字コード"), (5, "MM/DD/YYYY")] {
            let rule = fault(line)["rule"].as_str().expect("a rule");
            assert!(rule.contains(words) && rule.contains(" / "), "{rule}");
        }
        assert_eq!(fault(3)["bytes"][0], at, "{told}");
        let bytes = &fault(5)["bytes"];
        let (start, end) = (bytes[0].as_u64().expect("a byte"), bytes[1].as_u64().expect("a byte"));
        let place = usize::try_from(start).expect("small")..usize::try_from(end).expect("small");
        assert_eq!(&body[place], "\"昭和99年\"".as_bytes());
        assert!(!told.to_string().contains("昭和99年"), "values are not repeated: {told}");
        // Each refused line is kept as it came, under its header.
        let request = answer.header("x-request-id").expect("a request id");
        let kept = quarantined(server, request);
        assert_eq!(kept.len(), 4);
        assert!(kept.iter().any(|kept| kept.body.ends_with(ragged.as_bytes())));
        assert!(kept.iter().all(|kept| kept.body.starts_with(row(&sheet.columns).as_bytes())));
        let back = native(server, fates(&told)[0]["sheet"].as_str().expect("a sheet"));
        let remarks = back["response"]["data"][0]["fieldData"][field::REMARKS].as_str().expect("remarks");
        assert!(remarks.contains("一行目") && remarks.contains("三行目"), "{remarks}");
    }

    fn a_file_says_what_json_says(server) {
        let slip = Slip::anew("everything").set(field::SENDER, CARE_OFFICE);
        let text = Sheet::of(std::slice::from_ref(&slip)).text().replace('〜', "～");
        for (content_type, body) in [(MS932, ms932(&text)), (UTF8, text.clone().into_bytes())] {
            let told = load(server, content_type, body);
            let fate = &fates(&told)[0];
            let back = native(server, fate["sheet"].as_str().expect("a sheet"));
            let back = &back["response"]["data"][0];
            assert_eq!(back["recordId"], slip.record()["recordId"]);
            assert_eq!(back["fieldData"][field::NAME], slip.get(field::NAME));
            assert_eq!(back["portalData"][field::CONTACTS][0], slip.record()["portalData"][field::CONTACTS][0]);
        }
        // What came as JSON and comes as CSV again has not changed.
        let slip = Slip::of_somebody_new();
        server.post(&care_manager(), &messages_path(), slip.body()).expect(201);
        let told = load(server, UTF8, Sheet::of(std::slice::from_ref(&slip)).text());
        assert_eq!(outcomes(&told), [(2, "unchanged")], "{told}");
    }

    fn emergency_records_come_in_files_too(server) {
        let residents: Vec<Resident> = (0..3).map(|_| Resident::somebody_new()).collect();
        let record = |resident: &Resident| -> Value {
            let body: Value = serde_json::from_slice(&resident.body()).expect("JSON");
            body["response"]["data"][0].clone()
        };
        let records: Vec<Value> = residents.iter().map(record).collect();
        let sheet = Sheet::of_records(&records).set(1, field::BIRTH_DATE, "明治99年1月1日");
        let told = load(server, MS932, ms932(&sheet.text()));
        assert_eq!(outcomes(&told), [(2, "stored"), (3, "refused"), (4, "stored")], "{told}");
        assert_eq!(fates(&told)[1]["faults"][0]["field"], field::BIRTH_DATE, "{told}");
        let path = format!("/networks/{NETWORK}/emergency-records/{}", fates(&told)[2]["sheet"].as_str().expect("a sheet"));
        let back = server.get(&care_manager(), &path).expect(200).json();
        let back = &back["response"]["data"][0];
        for name in [field::NAME, field::BIRTH_DATE] {
            assert_eq!(back["fieldData"][name], residents[2].get(name));
        }
        assert_eq!(back["portalData"][field::CONTACTS][0][field::CONTACT_NAME], residents[2].row(field::CONTACTS, field::CONTACT_NAME));
    }

    fn a_charset_is_declared_or_found(server) {
        let slips: Vec<Slip> = ["髙橋", "表野ソ十"].map(|name| Slip::of_somebody_new().set(field::NAME, &format!("{name}\u{3000}能"))).into();
        let text = Sheet::of(&slips).text().replace('〜', "～");
        let marked = format!("\u{feff}{text}").into_bytes();
        // The same file in other bytes: its records are known by then.
        let mut outcome = "stored";
        for (content_type, body) in [
            (MS932, ms932(&text)), ("text/csv", ms932(&text)), ("text/csv; charset=Shift_JIS", ms932(&text)),
            (UTF8, text.clone().into_bytes()), ("text/csv", text.clone().into_bytes()), ("text/csv", marked),
        ] {
            let told = load(server, content_type, body);
            assert_eq!(outcomes(&told), [(2, outcome), (3, outcome)], "{content_type}: {told}");
            for (fate, slip) in fates(&told).iter().zip(&slips) {
                let back = native(server, fate["sheet"].as_str().expect("a sheet"));
                assert_eq!(back["response"]["data"][0]["fieldData"][field::NAME], slip.get(field::NAME));
            }
            outcome = "unchanged";
        }
    }

    fn a_charset_that_the_bytes_contradict_refuses_the_file(server) {
        let slip = Slip::of_somebody_new();
        let text = Sheet::of(std::slice::from_ref(&slip)).text().replace('〜', "～");
        let at = text.bytes().position(|byte| !byte.is_ascii()).expect("Japanese text");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (content_type, body, words) in [
            (UTF8, ms932(&text), format!("byte {at}")),
            (MS932, text.clone().into_bytes(), format!("byte {at}")),
            ("text/csv", wide, "UTF-16".to_owned()),
            ("text/csv; charset=euc-jp", text.clone().into_bytes(), "windows-31j".to_owned()),
        ] {
            let answer = post(server, &care_manager(), content_type, body.clone());
            assert!(answer.outcome(400).contains(&words), "{answer}");
            assert_refused_whole(server, &answer, &body);
        }
        assert_nobody(server, &slip);
    }

    fn characters_of_the_senders_own_are_kept_and_reported(server) {
        let slip = Slip::of_somebody_new().set(field::REMARKS, "外字は■です");
        let text = Sheet::of(std::slice::from_ref(&slip)).text();
        let mut body = ms932(&text);
        let at = body.windows(2).position(|pair| pair == [0x81, 0xa1]).expect("the place");
        body[at..at + 2].copy_from_slice(&[0xf0, 0x40]);
        let told = load(server, MS932, body);
        let fate = &fates(&told)[0];
        assert_eq!(fate["outcome"], "stored", "{told}");
        let loss = fate["loss"].as_array().expect("losses");
        let named = |loss: &&Value| loss["field"] == field::REMARKS && loss["why"].as_str().is_some_and(|why| why.contains("外字"));
        assert_eq!(loss.iter().filter(named).count(), 1, "{told}");
        let back = native(server, fate["sheet"].as_str().expect("a sheet"));
        assert_eq!(back["response"]["data"][0]["fieldData"][field::REMARKS], "外字は\u{e000}です");
    }

    fn headers_that_say_nothing_refuse_the_file(server) {
        let slip = Slip::of_somebody_new();
        let sheet = Sheet::of(std::slice::from_ref(&slip));
        let text = sheet.text();
        let twice = sheet.clone().and_column(field::NAME, "別　人").text();
        let cases = [
            (text.replacen("\"recordId\"", "\"番号\"", 1), "recordId"),
            (text.replacen("\"modId\"", "\"版\"", 1), "modId"),
            (twice, field::NAME),
            ("recordId,modId,甲,乙\r\n1,0,a,b\r\n".to_owned(), "見出し行"),
            (row(&sheet.columns), "行がありません"),
            (text.replacen('"', "", 1), "引用符"),
        ];
        for (body, words) in cases {
            let answer = post(server, &care_manager(), UTF8, body.clone());
            assert!(answer.outcome(400 + answer.status % 100).contains(words), "{answer}");
            assert!([400, 422].contains(&answer.status), "{answer}");
            assert_refused_whole(server, &answer, body.as_bytes());
        }
        assert_nobody(server, &slip);
        let unknown = sheet.and_column("新しい列", "まだ誰も知らない");
        let told = load(server, UTF8, unknown.text());
        let loss = fates(&told)[0]["loss"].as_array().expect("losses");
        assert!(loss.iter().any(|loss| loss["field"] == "新しい列"), "{told}");
        assert!(!told.to_string().contains("まだ誰も知らない"), "values are not repeated: {told}");
    }

    fn a_file_over_the_limit_is_refused(server) {
        for bytes in [FILE_BYTES + 1, FILE_BYTES] {
            let head = format!(
                "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: {UTF8}\r\n\
                 Content-Length: {bytes}\r\nConnection: close\r\n\r\n",
                messages_path(), server.token(&care_manager())
            );
            let answer = raw(server, &[head.as_bytes(), &vec![b' '; bytes]].concat());
            if bytes > FILE_BYTES {
                assert!(answer.outcome(413).contains(&FILE_BYTES.to_string()), "{answer}");
            } else {
                answer.outcome(400);
            }
        }
        // JSON keeps its own limit.
        server.post(&care_manager(), &messages_path(), vec![b' '; BODY_BYTES + 1]).outcome(413);
    }

    fn the_same_file_again_changes_nothing(server) {
        let mail = Mail::new(server);
        let slips: Vec<Slip> = (0..4).map(|_| mail.slip()).collect();
        let text = Sheet::of(&slips).set(2, field::SEX, "宇宙人").text();
        let first = load(server, UTF8, text.clone());
        let again = load(server, UTF8, text);
        assert_eq!(outcomes(&first), [(2, "stored"), (3, "stored"), (4, "refused"), (5, "stored")]);
        assert_eq!(outcomes(&again), [(2, "unchanged"), (3, "unchanged"), (4, "refused"), (5, "unchanged")]);
        for (first, again) in fates(&first).iter().zip(fates(&again)) {
            for what in ["sheet", "message", "version", "faults"] {
                assert_eq!(first[what], again[what]);
            }
        }
        // Each sheet lies in the hospital's mailbox, once.
        let inbox = mail.inbox();
        assert_eq!(inbox.len(), 3);
        for fate in fates(&first).iter().filter(|fate| fate["outcome"] == "stored") {
            let sheet = fate["sheet"].as_str().expect("a sheet");
            assert!(inbox.iter().any(|delivery| delivery["sheet"] == sheet));
            assert_eq!(deliveries_of(server, sheet), 1);
        }
    }

    fn lines_of_one_record_keep_their_order(server) {
        let slip = Slip::of_somebody_new();
        let versions = |versions: &[u64]| -> String {
            let slips: Vec<Slip> = versions.iter().map(|v| slip.clone().version(*v).set(field::REMARKS, &v.to_string())).collect();
            Sheet::of(&slips).text()
        };
        let told = load(server, UTF8, versions(&[1, 2, 3, 4]));
        assert_eq!(outcomes(&told), [(2, "stored"), (3, "stored"), (4, "stored"), (5, "stored")], "{told}");
        let back = native(server, fates(&told)[3]["sheet"].as_str().expect("a sheet"));
        assert_eq!(back["response"]["data"][0]["fieldData"][field::REMARKS], "4");
        let told = load(server, UTF8, versions(&[6, 5]));
        assert_eq!(outcomes(&told), [(2, "stored"), (3, "refused")], "{told}");
        assert_eq!(fates(&told)[1]["faults"][0]["field"], "modId", "{told}");
    }

    fn a_sender_speaks_for_its_own_facility_in_files_too(server) {
        let slips = [CARE_OFFICE, OTHER_CARE_OFFICE, CARE_OFFICE].map(|sender| Slip::of_somebody_new().set(field::SENDER, sender));
        let text = Sheet::of(&slips).text();
        let told = load(server, UTF8, text.clone());
        assert_eq!(outcomes(&told), [(2, "stored"), (3, "refused"), (4, "stored")], "{told}");
        assert_eq!(fates(&told)[1]["faults"][0]["field"], field::SENDER, "{told}");
        assert_nobody(server, &slips[1]);
        // Who may bring no messages is told so once, before any line.
        let answer = post(server, &Who::person("home_helper", CARE_OFFICE), UTF8, text.clone());
        answer.outcome(403);
        assert_refused_whole(server, &answer, text.as_bytes());
        let elsewhere = Who { networks: vec!["nowhere".to_owned()], ..hospital() };
        post(server, &elsewhere, UTF8, text).outcome(404);
    }

    fn a_name_of_a_file_stands_for_each_of_its_lines(server) {
        let slips: Vec<Slip> = (0..2).map(|_| Slip::of_somebody_new()).collect();
        let key = format!("file-{}", unique());
        let send = |text: String| {
            let call = Call::post(&messages_path(), text).header("Content-Type", UTF8).header("Idempotency-Key", &key);
            server.send(&call.token(server.token(&care_manager()))).expect(200).json()
        };
        let sheet = Sheet::of(&slips);
        assert_eq!(outcomes(&send(sheet.text())), [(2, "stored"), (3, "stored")]);
        let told = send(sheet.set(1, field::REMARKS, "別の内容").text());
        assert_eq!(outcomes(&told), [(2, "unchanged"), (3, "refused")], "{told}");
        assert_eq!(fates(&told)[1]["code"], "conflict", "{told}");
    }
}

alone_on_both! {
    fn lines_and_time_have_limits(start) {
        let server = start.with("[batch]\nlines = 300\ntime_ms = 1000").go();
        let slips: Vec<Slip> = (0..301).map(|_| Slip::anew("sparse")).collect();
        let answer = post(&server, &care_manager(), UTF8, Sheet::of(&slips).text());
        assert!(answer.outcome(413).contains("300"), "{answer}");
        // What is done when the time is over stays; of the rest the sender is told, line by line.
        let mut rest = slips[..300].to_vec();
        let mut rounds = 0;
        while !rest.is_empty() {
            let told = load(&server, UTF8, Sheet::of(&rest).text());
            let fates = fates(&told);
            let late = |fate: &Value| fate["outcome"] == "refused" && fate["code"] == "timeout";
            assert!(fates.iter().all(|fate| late(fate) || fate["outcome"] == "stored"), "{told}");
            let left: Vec<Slip> = rest.iter().zip(fates).filter(|(_, fate)| late(fate)).map(|(slip, _)| slip.clone()).collect();
            assert!(left.len() < rest.len(), "{told}");
            rest = left;
            rounds += 1;
        }
        assert!(rounds > 1, "three hundred lines in a second: the test needs more");
    }
}

/// One leaf, and one row of quarantine with the whole file and the answer.
#[track_caller]
fn assert_refused_whole(server: &Server, answer: &Answer, body: &[u8]) {
    let request = answer.header("x-request-id").expect("a request id");
    assert_eq!(leaves_of(server, request), [true], "{answer}");
    let kept = quarantined(server, request);
    assert_eq!(kept.len(), 1, "{answer}");
    assert_eq!(kept[0].body, body);
    assert_eq!(kept[0].answer, answer.json());
}
