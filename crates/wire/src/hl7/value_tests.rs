//! Values by place and by type, and the record tree, of one invented message.

use renkei_model::limits::Limits;

use super::laws::admission;
use super::{Authority, Draft, MESSAGE, Message, Moment, Typed, UNPLACED, Value, decode, typed};
use crate::tree::{Content, Node};

fn message() -> Message {
    decode(&admission(), &Limits::default()).unwrap()
}

fn value(message: &Message, place: &str) -> Option<Typed> {
    let place: super::Place = place.parse().unwrap();
    let mut segments = message.all(place.segment.as_str());
    let segment = segments.nth(place.sequence - 1).unwrap();
    let data_type = segment.data_type(place.field.unwrap()).unwrap();
    typed(segment.at(place).unwrap(), data_type).unwrap()
}

#[test]
fn values_are_found_by_place() {
    let message = message();
    for (place, text) in [
        ("PID-3[1].1", "K900001"),
        ("PID-5.1", "架空"),
        ("PID-5[2].2", "ハナコ"),
        ("PID-5[2].7", "L"),
        ("OBX[2]-3.2", "所見&経過"),
        ("OBX[2]-5", "一行目\n二行目 \\H\\強調\\N\\ A"),
        ("ZZ1-1", ""),
        ("ZZ1-2.1.3", "c"),
        ("ZZ1-2[2]", "e"),
        ("ZZ1-3", "\\Zxx\\"),
        ("MSH-9.3", "ADT_A01"),
        ("MSH-4", "架空病院"),
        ("PID-99", ""),
        ("PID-5[3].1", ""),
        ("ZZ9-1", ""),
    ] {
        assert_eq!(message.text_at(place), text, "{place}");
    }
    assert!(message.get("ZZ1-1").unwrap().is_null());
    assert!(!message.get("ZZ1-1").unwrap().is_empty());
    assert!(message.get("PID-2").unwrap().is_empty());
    assert!(message.get("PID-99").is_none());
    assert_eq!(message.get("MSH-2").unwrap().components().count(), 1);
    let bytes = admission();
    let span = message.get("PID-5.1").unwrap().span();
    assert_eq!(&bytes[span.start..span.end], b"\x1b$B2M6u\x1b(B");
}

#[test]
fn values_are_read_by_type() {
    let message = message();
    let Some(Typed::Person(name)) = value(&message, "PID-5[2]") else {
        panic!("a name");
    };
    assert_eq!(
        (name.family.as_str(), name.given.as_str()),
        ("カクウ", "ハナコ")
    );
    assert_eq!(
        (name.name_type.as_str(), name.representation.as_str()),
        ("L", "P")
    );
    let Some(Typed::Person(doctor)) = value(&message, "PV1-7") else {
        panic!("a doctor");
    };
    assert_eq!(
        (doctor.id.as_str(), doctor.family.as_str()),
        ("D001", "能登")
    );
    assert_eq!(
        (doctor.name_type.as_str(), doctor.representation.as_str()),
        ("L", "I")
    );
    let Some(Typed::Identifier(number)) = value(&message, "PID-3") else {
        panic!("a number");
    };
    assert_eq!(
        (number.id.as_str(), number.type_code.as_str()),
        ("K900001", "PI")
    );
    assert_eq!(number.authority, Authority::default());
    let Some(Typed::Moment(Moment {
        year, day, hour, ..
    })) = value(&message, "PID-7")
    else {
        panic!("a day");
    };
    assert_eq!((year, day, hour), (1941, Some(3), None));
    let Some(Typed::Coded(code)) = value(&message, "AL1-2") else {
        panic!("a code");
    };
    assert_eq!(
        (code.code.as_str(), code.system.as_str()),
        ("DA", "HL70127")
    );
    assert_eq!(
        value(&message, "OBX-5"),
        Some(Typed::Number("151.5".to_owned()))
    );
    assert_eq!(value(&message, "PID-2"), None);
    let Some(Typed::Address(address)) = value(&message, "PID-11") else {
        panic!("an address");
    };
    assert_eq!(
        (address.postal_code.as_str(), address.kind.as_str()),
        ("090-0000", "H")
    );
    let Some(Typed::Telecom(phone)) = value(&message, "PID-13") else {
        panic!("a telephone");
    };
    assert_eq!(
        (phone.unformatted.as_str(), phone.purpose.as_str()),
        ("0157-00-0000", "PRN")
    );
    let Some(Typed::Location(bed)) = value(&message, "PV1-3") else {
        panic!("a bed");
    };
    assert_eq!(
        (
            bed.point_of_care.as_str(),
            bed.room.as_str(),
            bed.kind.as_str()
        ),
        ("32", "302", "N")
    );
}

#[test]
fn values_of_another_type_are_told_with_their_bytes() {
    let message = message();
    let name = message.get("PID-5[1]").unwrap();
    for wrong in ["NM", "TS"] {
        let error = typed(name, wrong).unwrap_err();
        assert_eq!(error.span.start, name.span().start);
    }
    for (text, good) in [
        ("7.2", true),
        ("-14", true),
        ("+1.", true),
        (".5", true),
        ("1,5", false),
        ("-", false),
        (".", false),
        ("１", false),
        ("1e5", false),
        ("<3", false),
    ] {
        let mut draft = Draft::of(&message);
        draft.set_text("OBX-5", text).unwrap();
        let again = decode(&draft.encode().unwrap(), &Limits::default()).unwrap();
        assert_eq!(
            typed(again.get("OBX-5").unwrap(), "NM").is_ok(),
            good,
            "{text}"
        );
    }
}

#[test]
fn the_record_has_groups_places_and_bytes() {
    let message = message();
    let record = message.record().unwrap();
    assert_eq!(
        (record.key.text.as_str(), record.key.field.as_str()),
        ("A0001", "MSH-10")
    );
    assert_eq!(record.version.text, "202604011015301234");
    assert_eq!(record.root.name, MESSAGE);
    let text = |path: &[&str]| record.root.at(path).and_then(Node::text).map(str::to_owned);
    assert_eq!(text(&["PID", "PID-5", "PID-5.1"]).as_deref(), Some("架空"));
    assert_eq!(
        text(&["PID", "PID-7", "PID-7.1"]).as_deref(),
        Some("19410203")
    );
    assert_eq!(
        text(&["ZZ1", "ZZ1-2", "ZZ1-2.1", "ZZ1-2.1.2"]).as_deref(),
        Some("b")
    );
    let pid = record.root.child("PID").unwrap();
    assert_eq!(pid.children("PID-5").count(), 2);
    assert!(pid.child("PID-2").is_none());
    let null = record.root.at(&["ZZ1", "ZZ1-1", "ZZ1-1.1"]).unwrap();
    assert_eq!(null.content, Content::Null);
    assert_eq!(record.root.children("OBX").count(), 2);
    assert!(record.root.child(UNPLACED).is_none());
    let bytes = admission();
    assert_eq!((record.span.start, record.span.end), (0, bytes.len()));
    let name = record.root.at(&["PID", "PID-5", "PID-5.1"]).unwrap();
    assert_eq!(&bytes[name.span.start..name.span.end], b"\x1b$B2M6u\x1b(B");
}

#[test]
fn groups_and_misfits_are_branches() {
    let text =
        "MSH|^~\\&|||||||OUL^R22|1|P|2.5\rPID|1\rSPM|1\rOBR|1\rOBX|1|NM|||7\rOBX|2|NM|||8\rIN1|1\r";
    let message = decode(text.as_bytes(), &Limits::default()).unwrap();
    let record = message.record().unwrap();
    let order = record.root.at(&["SPECIMEN", "ORDER"]).unwrap();
    assert_eq!(order.children("RESULT").count(), 2);
    assert_eq!(order.span.start, text.find("OBR").unwrap());
    assert!(
        record
            .root
            .at(&[UNPLACED, "IN1", "IN1-1", "IN1-1.1"])
            .is_some()
    );
    let flat = text.replace("OUL^R22", "QBP^Q21");
    let record = decode(flat.as_bytes(), &Limits::default())
        .unwrap()
        .record()
        .unwrap();
    assert_eq!(record.root.children("OBX").count(), 2);
}

#[test]
fn a_record_is_written_again() {
    let text = admission();
    // What is formatting stays text in a record, so it is left out here.
    let plain = String::from_utf8_lossy(&text)
        .replace("\\H\\", "")
        .replace("\\N\\", "")
        .replace("\\X41\\", "A")
        .replace("\\Zxx\\", "");
    let message = decode(plain.as_bytes(), &Limits::default()).unwrap();
    let record = message.record().unwrap();
    let bytes = super::encode(&record).unwrap();
    let again = decode(&bytes, &Limits::default())
        .unwrap()
        .record()
        .unwrap();
    assert_eq!(again.without_spans(), record.clone().without_spans());
    let mut other = record;
    if let Some(children) = other.root.branch_mut() {
        children.push(Node::of_branch("OBX", vec![Node::of_text("OBX-x", "1")]));
    }
    assert!(super::encode(&other).is_err());
}

#[test]
fn a_tree_larger_than_its_message_is_refused() {
    let text = format!(
        "MSH|^~\\&|||||||ADT^A08|1|P|2.5\rNTE|1{}\r",
        "~1".repeat(200_001)
    );
    let message = decode(text.as_bytes(), &Limits::default()).unwrap();
    assert!(message.record().is_err());
}

#[test]
fn drafts_are_set_by_place() {
    let mut draft = Draft::of(&message());
    draft.set_text("PID-5[1].1", "別名").unwrap();
    draft.set_text("NK1[2]-2.1", "第二|^").unwrap();
    draft.set("PID-8", Value::Null).unwrap();
    for wrong in ["PID", "PID-0", "PID-1001", "NK1[4]-1", "x"] {
        assert!(draft.set_text(wrong, "1").is_err(), "{wrong}");
    }
    let again = decode(&draft.encode().unwrap(), &Limits::default()).unwrap();
    assert_eq!(again.text_at("PID-5.1"), "別名");
    assert_eq!(again.text_at("PID-5.2"), "花子");
    assert_eq!(again.text_at("NK1[2]-2.1"), "第二|^");
    assert!(again.get("PID-8").unwrap().is_null());
}

#[test]
fn what_cannot_be_written_is_told_by_place() {
    let told = |change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::of(&message());
        change(&mut draft);
        draft.encode().unwrap_err().to_string()
    };
    let lacking = told(&|draft| draft.set_text("PID-5[2].1", "髙").unwrap());
    assert_eq!(
        lacking,
        "PID-5[2].1: この文字はISO-2022-JPにありません / U+9AD9 is not in ISO-2022-JP"
    );
    let label = told(&|draft| draft.encoding = crate::charset::Encoding::Utf8);
    assert!(label.starts_with("MSH-18"), "{label}");
    let escape = told(&|draft| {
        draft.delimiters.escape = None;
        draft.delimiters.sub_component = None;
    });
    assert!(escape.starts_with("OBX[2]-5.1: "), "{escape}");
    let command = told(&|draft| {
        let parts = vec![super::Part::Command("H|".to_owned())];
        draft.set("PID-9", Value::Parts(parts)).unwrap();
    });
    assert!(command.starts_with("PID-9.1: "), "{command}");
    let empty = told(&|draft| draft.segments.clear());
    assert!(empty.contains("MSH"), "{empty}");
    let mut utf8 = Draft::of(&message());
    utf8.set_encoding(crate::charset::Encoding::Utf8);
    utf8.set_text("PID-5.1", "髙한").unwrap();
    let again = decode(&utf8.encode().unwrap(), &Limits::default()).unwrap();
    assert_eq!(
        (
            again.text_at("PID-5.1").as_ref(),
            again.text_at("MSH-18").as_ref()
        ),
        ("髙한", "UNICODE UTF-8")
    );
}
