//! Bad messages, each refused with its place, its bytes and the rule; and odd ones, read and told.

use renkei_model::limits::Limits;
use renkei_model::message::FaultKind;

use super::{Draft, NoteKind, Rule, decode};
use crate::charset::{CharsetFault, LabelError};

const GOOD: &str = "MSH|^~\\&|HIS|SEND|GW|RCV|20260401||ADT^A08^ADT_A01|A1|P|2.5||||||~ISO IR87||ISO 2022-1994\rEVN||20260401\rPID|1||K1||X^Y\rPV1|1|I\r";

/// The place, where its bytes begin, and the rule.
fn refused(bytes: impl AsRef<[u8]>) -> (String, usize, Rule) {
    let error = decode(bytes.as_ref(), &Limits::default()).unwrap_err();
    let fault = error.fault();
    assert!(fault.rule.contains(" / "), "{}", fault.rule);
    assert_eq!(fault.span, Some(error.span));
    (fault.field, error.span.start, error.rule)
}

fn notes(bytes: impl AsRef<[u8]>) -> Vec<(NoteKind, usize)> {
    let message = decode(bytes.as_ref(), &Limits::default()).unwrap();
    message
        .notes()
        .iter()
        .map(|note| (note.kind, note.span.start))
        .collect()
}

fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

fn at(text: &str, what: &str) -> usize {
    text.find(what).unwrap()
}

#[test]
fn the_good_one_is_good() {
    let message = decode(GOOD.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(message.notes(), []);
    assert_eq!(message.encode().unwrap(), GOOD.as_bytes());
    assert!(message.fit().unwrap().misfits.is_empty());
    assert_eq!(message.control_id(), "A1");
}

#[test]
fn empty_messages_are_refused() {
    for bytes in [
        &b""[..],
        b"\r\n",
        b"\x1c\r",
        b"\x0b\x1c\r",
        b"\xEF\xBB\xBF",
        b"\x0b",
        b"\x1c",
    ] {
        let (place, _, rule) = refused(bytes);
        assert_eq!((place.as_str(), rule), ("", Rule::Empty), "{bytes:?}");
    }
}

#[test]
fn msh_not_first_is_refused() {
    for (bytes, found) in [
        (&b"PID|1\rMSH|^~\\&|"[..], "another segment"),
        (
            b"FHS|^~\\&|\rMSH|^~\\&|",
            "FHS/BHS (a batch: send its messages one by one)",
        ),
        (b"{\"resourceType\":1}", "JSON"),
        (b"<ClinicalDocument/>", "XML"),
        (b"\xFF\xFEM\0", "UTF-16"),
        (b"\xfb\xfc", "something else"),
        (b" MSH|^~\\&|", "something else"),
    ] {
        assert_eq!(refused(bytes), (String::new(), 0, Rule::MshNotFirst(found)));
    }
}

#[test]
fn another_separator_set_is_read_and_an_unusable_one_refused() {
    let other: String = GOOD
        .chars()
        .map(|c| match c {
            '|' => '#',
            '^' => '@',
            '~' => '!',
            '\\' => '%',
            '&' => '$',
            c => c,
        })
        .collect();
    let message = decode(other.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(message.text_at("PID-5.2"), "Y");
    assert_eq!(message.text_at("MSH-18[2]"), "ISO IR87");
    assert_eq!(message.text_at("MSH-1"), "#");
    assert_eq!(message.text_at("MSH-2"), "@!%$");
    assert_eq!(message.encode().unwrap(), other.as_bytes());
    for (from, to) in [
        ("|^~\\&|", "|^^\\&|"),
        ("|^~\\&|", "||"),
        ("MSH|", "MSHA"),
        ("|^~\\&|", "|AB\\&|"),
    ] {
        let wrong = changed(from, to);
        assert_eq!(
            refused(&wrong),
            ("MSH-2".to_owned(), 3, Rule::Delimiters),
            "{wrong}"
        );
    }
    // Three separators are enough for a message without sub-components.
    let three = changed("|^~\\&|", "|^~\\|");
    let message = decode(three.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(message.delimiters().sub_component, None);
    for cut in ["MSH", "MSH|", "MSH\r", "MSH|\rPID|"] {
        assert_eq!(refused(cut).2, Rule::Delimiters, "{cut:?}");
    }
}

#[test]
fn a_missing_control_id_or_type_is_refused() {
    for (from, to, field) in [
        ("|A1|", "||", "MSH-10"),
        ("|ADT^A08^ADT_A01|", "||", "MSH-9"),
    ] {
        let wrong = changed(from, to);
        let (place, start, rule) = refused(&wrong);
        assert_eq!(place, field);
        assert_eq!(start, at(GOOD, from) + 1);
        assert_eq!(
            rule.to_string(),
            format!("{field}は必須です / {field} is required")
        );
    }
    let (place, start, _) = refused("MSH|^~\\&|HIS|SEND|GW|RCV|20260401||ADT^A08\rPID|1\r");
    assert_eq!((place.as_str(), start), ("MSH-10", 0));
    let error = decode(changed("|A1|", "||").as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!(error.fault().kind, FaultKind::Required);
}

#[test]
fn segment_names_are_three_capitals_or_digits() {
    for line in ["pid|1", "PI|1", "PIDX|1", "P D|1", "患者|1", "|1", "1ID|1"] {
        let wrong = changed("PID|1", line).replace("~ISO IR87||ISO 2022-1994", "UNICODE UTF-8||");
        let (place, start, rule) = refused(&wrong);
        assert_eq!((place.as_str(), rule), ("", Rule::SegmentName), "{line}");
        assert_eq!(start, at(&wrong, &format!("\r{line}")) + 1, "{line}");
    }
    let ragged = changed("\rPV1|1", "\rx\rPV1|1");
    assert_eq!(refused(&ragged).1, at(&ragged, "\rx\r") + 1);
}

#[test]
fn nul_and_frame_bytes_inside_are_refused() {
    for byte in ["\0", "\u{b}", "\u{1c}"] {
        let wrong = changed("X^Y", &format!("X{byte}^Y"));
        let (place, start, rule) = refused(&wrong);
        assert_eq!((place.as_str(), start), ("PID-5", at(&wrong, byte)));
        let code = byte.as_bytes()[0];
        assert_eq!(rule, Rule::Charset(CharsetFault::Control(code)));
    }
    let twice = changed("PV1", "\u{1c}\rMSH");
    assert!(matches!(
        refused(twice).2,
        Rule::Charset(CharsetFault::Control(0x1c))
    ));
}

#[test]
fn wrong_charset_labels_are_refused_by_place() {
    for (label, place, error) in [
        ("~8859/1||ISO 2022-1994", "MSH-18[2]", LabelError::Unknown),
        ("~ISO IR87~UNICODE UTF-8||", "MSH-18[3]", LabelError::Mixed),
        ("~ISO IR87||ISO 4873", "MSH-20", LabelError::Scheme),
    ] {
        let wrong = changed("~ISO IR87||ISO 2022-1994", label);
        let (found, start, rule) = refused(&wrong);
        assert_eq!((found.as_str(), rule), (place, Rule::Label(error)));
        let field = if place == "MSH-20" {
            "ISO 4873"
        } else {
            label.split('|').next().unwrap()
        };
        assert_eq!(start, at(&wrong, field));
    }
    let names = changed("X^Y", "患者^太郎");
    let (ms932, ..) = encoding_rs::SHIFT_JIS.encode(&names);
    let (place, start, rule) = refused(&ms932);
    assert_eq!((place.as_str(), start), ("PID-5", at(&names, "患者")));
    assert!(matches!(
        rule,
        Rule::Charset(CharsetFault::Contradicted { .. })
    ));
    let undeclared = names.replace("~ISO IR87||ISO 2022-1994", "||");
    assert_eq!(refused(&undeclared).0, "PID-5");
}

#[test]
fn escapes_to_kanji_that_are_never_taken_back_are_refused() {
    let wrong = changed("X^Y", "\u{1b}$B4?<T^Y");
    let (place, start, rule) = refused(&wrong);
    assert_eq!((place.as_str(), start), ("PID-5", at(&wrong, "\u{1b}")));
    assert_eq!(rule, Rule::Charset(CharsetFault::NotClosed));
}

#[test]
fn a_header_in_ms932_is_read_though_its_kanji_have_bars() {
    // 表 is 95 5C, ポ is 83 7C: an escape character and a field separator by their second bytes.
    let text = changed("SEND", "ポ表ポ")
        .replace("~ISO IR87||ISO 2022-1994", "~MS932||")
        .replace("X^Y", "ポ^表");
    let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(&text);
    let message = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(message.text(), text);
    assert_eq!(message.text_at("MSH-4"), "ポ表ポ");
    assert_eq!(message.text_at("PID-5.1"), "ポ");
    assert_eq!(message.encode().unwrap(), &bytes[..]);
}

#[test]
fn a_header_that_its_own_charset_cuts_otherwise_is_refused() {
    // 81 before a bar: half a kanji; with the bar it is one.
    let mut bytes = changed("SEND", "S")
        .replace("~ISO IR87||ISO 2022-1994", "~MS932||")
        .into_bytes();
    bytes.insert(at(GOOD, "SEND") + 1, 0x81);
    assert_eq!(refused(bytes), ("MSH-18".to_owned(), 0, Rule::LabelMoved));
}

#[test]
fn sizes_are_limited() {
    let mut limits = Limits {
        body_bytes: GOOD.len(),
        ..Limits::default()
    };
    assert!(decode(GOOD.as_bytes(), &limits).is_ok());
    limits.body_bytes -= 1;
    let error = decode(GOOD.as_bytes(), &limits).unwrap_err();
    assert_eq!(error.rule, Rule::TooBig(GOOD.len() - 1));
    assert_eq!(error.fault().kind, FaultKind::TooMuch);
    let many = format!("{GOOD}{}", "NTE\r".repeat(100_001));
    assert_eq!(refused(many).2, Rule::TooManySegments(100_000));
}

#[test]
fn many_bytes_of_anything_cost_no_more_than_their_number() {
    let head = GOOD.as_bytes();
    for filler in [
        "|",
        "^",
        "\\",
        "\r",
        "\r\n",
        "OBX|1\r",
        "ORC\r",
        "\u{1b}$B4?\u{1b}(B",
        "\u{1b}$B",
        "\\M2442\\",
        "\\X",
        "あ",
        "~",
        "\\T\\",
        "\u{1b}(B",
        "\u{1b}(I1",
    ] {
        let room = 200_000 - head.len();
        let bytes = [
            head,
            b"PID|",
            filler.repeat(room / filler.len()).as_bytes(),
            b"\r",
        ]
        .concat();
        let start = std::time::Instant::now();
        if let Ok(message) = decode(&bytes, &Limits::default()) {
            drop(message.encode());
            drop(message.fit());
            drop(message.record());
            drop(Draft::of(&message).encode());
        }
        assert!(
            start.elapsed().as_secs() < 2,
            "{filler:?}: {:?} in an unoptimised build",
            start.elapsed()
        );
    }
}

#[test]
fn line_ends_frames_and_marks_are_read_and_told() {
    use NoteKind::*;
    let body = |line_end: &str| GOOD.replace('\r', line_end);
    assert_eq!(notes(body("\n"))[0], (LineFeed, at(GOOD, "\rEVN")));
    assert_eq!(notes(body("\r\n"))[0], (LineFeed, at(GOOD, "\rEVN") + 1));
    let mixed = GOOD.replacen('\r', "\r\n", 1).replace("\rPV1", "\n\rPV1");
    let found: Vec<_> = notes(&mixed).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(found, [LineFeed, BlankLine]);
    for bytes in [
        body("\n"),
        body("\r\n"),
        mixed,
        format!("\r\n{GOOD}"),
        format!("\u{feff}{GOOD}"),
        format!("\u{b}{GOOD}\u{1c}\r"),
        GOOD.trim_end().to_owned(),
    ] {
        let message = decode(bytes.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(message.encode().unwrap(), GOOD.as_bytes());
        assert!(!message.notes().is_empty());
    }
    assert_eq!(notes(GOOD.trim_end()), [(NoLastReturn, GOOD.len() - 1)]);
    assert_eq!(notes(format!("\u{feff}{GOOD}")), [(ByteOrderMark, 0)]);
    assert_eq!(notes(format!("\u{b}{GOOD}\u{1c}\r")), [(FrameBytes, 0)]);
    assert_eq!(notes(format!("{GOOD}\u{1c}")), [(FrameBytes, GOOD.len())]);
}

#[test]
fn unbalanced_and_unknown_escapes_are_kept_and_told() {
    for (value, kind, text) in [
        ("X\\^Y", Some(NoteKind::LoneEscape), "X\\"),
        ("\\F^Y", Some(NoteKind::LoneEscape), "\\F"),
        ("100\\まで^Y", Some(NoteKind::LoneEscape), "100\\まで"),
        ("\\Q\\^Y", Some(NoteKind::UnknownEscape), "\\Q\\"),
        ("\\X4\\^Y", Some(NoteKind::UnknownEscape), "\\X4\\"),
        ("\\T\\\\F\\\\S\\\\R\\\\E\\\\X41\\^Y", None, "&|^~\\A"),
        ("a\\.br\\b^Y", None, "a\nb"),
        ("\\H\\a\\N\\^Y", None, "\\H\\a\\N\\"),
        ("\\XE38182\\^Y", None, "\\XE38182\\"),
        ("\\Zabc\\^Y", None, "\\Zabc\\"),
        ("a\u{c}b^Y", Some(NoteKind::ControlCharacter), "a\u{c}b"),
    ] {
        let text_of = changed("X^Y", value).replace("~ISO IR87||ISO 2022-1994", "UNICODE UTF-8||");
        let message = decode(text_of.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(message.text_at("PID-5.1"), text, "{value}");
        assert_eq!(
            message.notes().first().map(|note| note.kind),
            kind,
            "{value}"
        );
        assert_eq!(message.encode().unwrap(), text_of.as_bytes());
    }
    let first = changed("X^Y", "a\\.br\\\\b^Y");
    assert_eq!(notes(&first), [(NoteKind::LoneEscape, at(&first, "\\b"))]);
}

#[test]
fn two_messages_in_one_are_refused() {
    let two = format!("{GOOD}{GOOD}");
    assert_eq!(
        refused(two),
        ("MSH[2]".to_owned(), GOOD.len(), Rule::SecondHeader)
    );
    assert_eq!(notes(format!("{GOOD}MSH\r")), []);
}
