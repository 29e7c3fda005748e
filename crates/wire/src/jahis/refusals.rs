//! Bad messages: each with its line, its record and its item.

use renkei_model::limits::Limits;

use super::laws::{NOTEBOOK, SYMBOL, ms932, parts};
use super::{EncodeError, JahisError, Notice, encode, join, read};

fn errors(text: &str) -> Vec<JahisError> {
    read(&ms932(text), &Limits::default()).unwrap_err()
}

fn only(text: &str) -> JahisError {
    let mut errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

fn notices(text: &str) -> Vec<String> {
    let message = read(&ms932(text), &Limits::default()).unwrap();
    message.notices.iter().map(ToString::to_string).collect()
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn set(parts: &[Vec<u8>]) -> Result<Vec<u8>, Vec<JahisError>> {
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    join(&parts, &Limits::default())
}

#[test]
fn a_qr_set_with_a_missing_part() {
    let mut three = parts(NOTEBOOK, 3);
    assert!(set(&three).is_ok());
    three.remove(1);
    let errors = set(&three).unwrap_err();
    assert!(
        matches!(&errors[..], [JahisError::MissingParts { missing, of: 3, .. }] if *missing == [2]),
        "{errors:?}"
    );
    assert!(errors[0].to_string().contains("missing parts: 2 of 3"));
    // One symbol of several alone, read as if it were all.
    let error = read(&three[0], &Limits::default()).unwrap_err();
    assert!(matches!(&error[..], [JahisError::MissingParts { missing, .. }] if *missing == [2, 3]));
    assert!(set(&[]).is_err());
}

#[test]
fn a_qr_set_with_a_doubled_part() {
    let mut three = parts(NOTEBOOK, 3);
    three.push(three[1].clone());
    let errors = set(&three).unwrap_err();
    assert!(
        matches!(&errors[..], [JahisError::DoubledPart { number: 2, .. }]),
        "{errors:?}"
    );
    three.remove(0);
    let errors = set(&three).unwrap_err();
    assert!(matches!(
        &errors[..],
        [
            JahisError::DoubledPart { number: 2, .. },
            JahisError::MissingParts { .. }
        ]
    ));
}

#[test]
fn parts_of_another_set_or_another_patient() {
    let other = |from: &str, to: &str| {
        let mut three = parts(NOTEBOOK, 3);
        let text = encoding_rs::SHIFT_JIS.decode(&three[2]).0.into_owned();
        three[2] = ms932(&changed(&text, from, to));
        set(&three).unwrap_err()
    };
    for (from, to) in [
        ("12345678901234", "12345678901235"),
        (",3,3\r\n", ",4,3\r\n"),
        ("JAHISTC08,1", "JAHISTC07,1"),
        ("JAHISTC08,1", "JAHISTC08,2"),
        ("1,架空 太郎", "1,架空 次郎"),
    ] {
        let errors = other(from, to);
        assert!(
            errors
                .iter()
                .any(|error| matches!(error, JahisError::ForeignPart { .. })),
            "{to}: {errors:?}"
        );
    }
    let errors = other("911,12345678901234,3,3\r\n", "");
    assert!(matches!(
        &errors[..],
        [JahisError::PartWithoutControl { .. }]
    ));
    for wrong in [
        "911,1234567890123,3,3",
        "911,12345678901234,3,4",
        "911,12345678901234,0,0",
        "911,x",
        "911",
    ] {
        let errors = other("911,12345678901234,3,3", wrong);
        assert!(
            matches!(&errors[..], [JahisError::Control911 { .. }]),
            "{wrong}: {errors:?}"
        );
    }
}

#[test]
fn no_version_another_version_and_the_wrong_category() {
    assert!(matches!(only("1,架空\r\n"), JahisError::NoVersion { .. }));
    assert!(matches!(
        only("JAHISTC8,1\r\n"),
        JahisError::NoVersion { .. }
    ));
    assert!(matches!(only("JAHIS100\r\n"), JahisError::NoVersion { .. }));
    assert!(matches!(only("\r\n\r\n"), JahisError::NoVersion { .. }));
    assert!(matches!(
        only(&changed(NOTEBOOK, "JAHISTC08,1", "JAHISTC08,3")),
        JahisError::Category { .. }
    ));
    assert!(matches!(
        only(&changed(NOTEBOOK, "JAHISTC08,1", "JAHISTC08")),
        JahisError::Category { .. }
    ));
    assert!(matches!(
        only(&format!("{SYMBOL}{SYMBOL}")),
        JahisError::SecondVersion { .. }
    ));
    assert!(
        read(
            &ms932(&changed(NOTEBOOK, "JAHISTC08", "JAHISTC01")),
            &Limits::default()
        )
        .is_ok()
    );
}

#[test]
fn wrong_charset_labels_and_nul_bytes() {
    let limits = Limits::default();
    let utf8 = read(NOTEBOOK.as_bytes(), &limits).unwrap_err();
    assert!(
        utf8[0].to_string().contains("the bytes are UTF-8"),
        "{utf8:?}"
    );
    let marked = [b"\xEF\xBB\xBF", &ms932(NOTEBOOK)[..]].concat();
    assert!(
        read(&marked, &limits).unwrap_err()[0]
            .to_string()
            .contains("UTF-8")
    );
    let jis = encoding_rs::ISO_2022_JP.encode(NOTEBOOK).0;
    assert!(
        read(&jis, &limits).unwrap_err()[0]
            .to_string()
            .contains("ISO-2022-JP")
    );
    assert!(
        read(b"", &limits).unwrap_err()[0]
            .to_string()
            .contains("empty")
    );
    let error = only(&changed(NOTEBOOK, "ペニシリン", "ペニ\0シリン"));
    assert!(
        matches!(&error, JahisError::Control { place } if place.line == 3 && place.record == "2"),
        "{error}"
    );
    let mut broken = ms932(NOTEBOOK);
    let at = broken
        .windows(4)
        .position(|four| four == b"\r\n2,")
        .unwrap()
        + 6;
    broken[at] = 0xfd;
    let errors = read(&broken, &limits).unwrap_err();
    assert!(
        matches!(&errors[..], [JahisError::Unreadable { place }] if place.line == 3 && place.span.start == at),
        "{errors:?}"
    );
}

#[test]
fn records_without_a_home_and_records_twice() {
    let found = errors(&changed(NOTEBOOK, "5,20260310,1\r\n", ""));
    assert_eq!(found.len(), 10);
    assert!(
        found
            .iter()
            .all(|error| matches!(error, JahisError::Homeless { before: "5", .. }))
    );
    let twice = changed(NOTEBOOK, "\r\n2,", "\r\n1,架空 次郎,1,19480405\r\n2,");
    assert!(matches!(only(&twice), JahisError::Doubled { .. }));
}

#[test]
fn places_are_in_the_senders_words() {
    let error = only(&changed(SYMBOL, "201,1,2,1,1", "201,1,x,1,1"));
    assert_eq!(
        error.to_string(),
        "16行目 / line 16, 201, RP内連番: 数字3桁までです / must be a number of up to three digits"
    );
    let error = only(&changed(NOTEBOOK, "201,2,", "201,,"));
    assert!(error.to_string().contains("201, RP番号"), "{error}");
    let error = only(&changed(SYMBOL, "12,1\r\n", "12,1\r\n12,2\r\n"));
    assert!(
        matches!(&error, JahisError::Doubled { place } if place.line == 6),
        "{error}"
    );
    let error = only(&changed(NOTEBOOK, "4,能", "x,能"));
    assert!(
        matches!(&error, JahisError::NoNumber { place } if place.line == 6),
        "{error}"
    );
    for error in [
        only(&changed(NOTEBOOK, "2,1,", "１,架空,")),
        only(&changed(NOTEBOOK, "201,2,架空散", "201,架空散,")),
    ] {
        assert!(!error.to_string().contains("架空"), "{error}");
    }
}

#[test]
fn what_is_remarkable_is_said_and_kept() {
    assert!(notices(&NOTEBOOK.replace("\r\n", "\n"))[0].contains("does not end in CR LF"));
    assert_eq!(notices(&NOTEBOOK.replace("\r\n", "\n")).len(), 1);
    assert!(notices(&changed(NOTEBOOK, "\r\n5,", "\r\n\r\n5,"))[0].contains("an empty line"));
    assert_eq!(notices(&format!("{NOTEBOOK}\u{1a}")), Vec::<String>::new());
    assert!(notices(&changed(NOTEBOOK, "701,", "799,"))[0].contains("an unknown record, kept"));
    let more = changed(NOTEBOOK, "2,1,ペニシリン,1", "2,1,ペニシリン,1,new");
    assert!(
        notices(&more)[0].contains("2, 項目4: 未知の項目"),
        "{:?}",
        notices(&more)
    );
    let odd = changed(NOTEBOOK, "JAHISTC08,1", "JAHISTC08,1,,odd");
    assert!(
        notices(&odd)[0].contains("JAHISTC08, 項目2"),
        "{:?}",
        notices(&odd)
    );
    let odd = read(&ms932(&odd), &Limits::default()).unwrap();
    assert!(
        encode(&odd.record)
            .unwrap()
            .starts_with(b"JAHISTC08,1,,odd\r\n1,")
    );
    let message = read(&ms932(&more), &Limits::default()).unwrap();
    assert_eq!(
        message.record.root.at(&["2", "項目4"]).unwrap().text(),
        Some("new")
    );
    assert!(
        notices(&changed(NOTEBOOK, "301,2,就寝前", "301,3,就寝前"))
            .iter()
            .any(|text| text.contains("lacks record 201"))
    );
    assert!(
        notices(&changed(SYMBOL, "11,,架空", "99,,架空"))
            .iter()
            .any(|text| text.contains("lacks record 11"))
    );
}

#[test]
fn own_characters_are_named_on_the_way_in_and_refused_on_the_way_out() {
    let mut bytes = ms932(NOTEBOOK);
    let at = bytes.windows(2).position(|two| two == ms932("架")).unwrap();
    bytes.splice(at..at + 2, *b"\xF0\x40");
    let message = read(&bytes, &Limits::default()).unwrap();
    assert!(
        matches!(&message.notices[..], [Notice::OwnCharacter { place }] if place.item == "氏名" && place.span.start == at)
    );
    assert_eq!(
        encode(&message.record),
        Err(EncodeError::OwnCharacter("1.氏名".to_owned()))
    );
}

#[test]
fn what_cannot_be_written_is_refused_by_its_place() {
    let message = read(&ms932(NOTEBOOK), &Limits::default()).unwrap();
    let with = |text: &str| {
        let mut record = message.record.clone();
        let patient = record
            .root
            .branch_mut()
            .unwrap()
            .iter_mut()
            .find(|node| node.name == "1")
            .unwrap();
        patient.branch_mut().unwrap()[0].content = crate::tree::Content::Text(text.to_owned());
        encode(&record).unwrap_err().to_string()
    };
    assert!(with("a,b").starts_with("1.氏名: カンマ"));
    assert!(with("a\nb").starts_with("1.氏名: カンマ"));
    assert!(with("鷗外").contains("U+9DD7"));
    assert!(with("〜").contains("U+301C"));
}

#[test]
fn sizes_are_limited() {
    let limits = Limits {
        body_bytes: 100,
        ..Limits::default()
    };
    assert!(matches!(
        read(&ms932(NOTEBOOK), &limits).unwrap_err()[0],
        JahisError::TooMuch { max: 100, .. }
    ));
    let wide = format!("JAHISTC08,1\r\n1{}\r\n", ",".repeat(101));
    assert!(matches!(only(&wide), JahisError::TooMuch { max: 100, .. }));
    let long = format!("JAHISTC08,1\r\n{}", "4,a,,1\r\n".repeat(20_000));
    assert!(matches!(
        only(&long),
        JahisError::TooMuch { max: 20_000, .. }
    ));
    let wrong = format!("JAHISTC08,1\r\n{}", "x,a,,1\r\n".repeat(2_000));
    assert_eq!(errors(&wrong).len(), 100);
}

#[test]
fn a_date_that_does_not_exist_is_told() {
    let text = "JAHISTC08,1\r\n1,見本 一郎,1,19500607\r\n5,20261310,1\r\n";
    let told = |text: &str| {
        let told = notices(text).into_iter();
        let told: Vec<String> = told.filter(|notice| notice.contains("no date")).collect();
        told
    };
    assert_eq!(told(text).len(), 1, "{:?}", notices(text));
    assert_eq!(told(&changed(text, "20261310", "20261231")), [""; 0]);
    assert_eq!(told(&changed(text, "20261310", "R081231")), [""; 0]);
}
