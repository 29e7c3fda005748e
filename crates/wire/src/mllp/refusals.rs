//! Streams out of step, each refused at its byte; and what is answered to which message.

use bytes::{Bytes, BytesMut};
use renkei_model::limits::Limits;
use renkei_model::message::{Fault, FaultKind, Span};

use super::{
    Answer, FrameError, FrameFault, Framer, Level, NoAcknowledgement, Request, Trouble, Verdict,
    acknowledged, frame,
};
use crate::hl7::{self, Place};

const GOOD: &str =
    "MSH|^~\\&|HIS|病院|GW|地域|20260401||ADT^A08^ADT_A01|A1|P|2.5||||||UNICODE UTF-8\rPID|1\r";

/// The contents of a stream that comes at once, and how it ended.
fn received(stream: &[u8]) -> (Vec<Bytes>, Result<(), FrameError>) {
    let mut framer = Framer::new(100);
    let mut buffer = BytesMut::from(stream);
    let mut contents = Vec::new();
    loop {
        match framer.decode(&mut buffer) {
            Ok(Some(frame)) => contents.push(frame.content),
            Ok(None) => return (contents, framer.finish(&buffer)),
            Err(error) => {
                // It stays broken.
                assert_eq!(framer.decode(&mut buffer), Err(error.clone()));
                assert_eq!(framer.finish(&buffer), Err(error.clone()));
                return (contents, Err(error));
            }
        }
    }
}

/// The fault, its byte, and what is left of the broken frame, behind so many good ones.
fn refused(stream: &[u8]) -> (usize, FrameFault, u64, Bytes) {
    let (contents, ended) = received(stream);
    let error = ended.unwrap_err();
    (contents.len(), error.fault, error.at, error.head)
}

#[test]
fn several_messages_come_on_one_stream() {
    let (contents, ended) = received(b"\x0bone\x1c\r\x0btwo\x1c\r\n\x0b\x1c\r\r\n\x0bfour\x1c\r");
    assert_eq!(contents, [&b"one"[..], b"two", b"", b"four"]);
    assert_eq!(ended, Ok(()));
}

#[test]
fn bytes_between_frames_are_refused() {
    for (stream, good, at) in [
        (&b"MSH|"[..], 0, 0),
        (b"\x0bone\x1c\rx\x0btwo\x1c\r", 1, 6),
        (b"\x0bone\x1c\r\x1c\r", 1, 6),
        (b"\x0bone\x1c\r\r\n\r\x0btwo\x1c\r", 1, 8),
        (b"\x0bone\x1c\r \x0b", 1, 6),
        (b"\x0bone\x1c\r\0", 1, 6),
        (b"GET / HTTP/1.1\r\n", 0, 0),
        (b"\x16\x03\x01", 0, 0),
    ] {
        let (found, fault, byte, _) = refused(stream);
        assert_eq!(
            (found, fault, byte),
            (good, FrameFault::Between, at),
            "{stream:?}"
        );
    }
}

#[test]
fn a_start_inside_a_frame_is_refused() {
    let (found, fault, at, head) = refused(b"\x0bone\x1c\r\x0btwo\x0bthree\x1c\r");
    assert_eq!((found, fault, at), (1, FrameFault::Nested, 10));
    assert!(head.starts_with(b"two"));
    assert_eq!(refused(b"\x0b\x0b").1, FrameFault::Nested);
}

#[test]
fn an_end_without_its_return_is_refused() {
    let (found, fault, at, head) = refused(b"\x0bone\x1ctwo\r");
    assert_eq!((found, fault, at), (0, FrameFault::NoReturn, 5));
    assert!(head.starts_with(b"one"));
    assert_eq!(refused(b"\x0bone\x1c\x0btwo\x1c\r").1, FrameFault::NoReturn);
    assert_eq!(refused(b"\x0bone\x1c\n").1, FrameFault::NoReturn);
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_told() {
    for stream in [
        &b"\x0bone"[..],
        b"\x0bone\x1c",
        b"\x0b",
        b"\x0bone\x1c\r\x0btwo",
    ] {
        let (_, fault, at, _) = refused(stream);
        assert_eq!(
            (fault, at),
            (FrameFault::CutOff, stream.len() as u64),
            "{stream:?}"
        );
    }
    assert_eq!(received(b"").1, Ok(()));
}

#[test]
fn a_frame_over_the_limit_is_refused_before_it_is_whole() {
    let fits = [b"\x0b", &[b'a'; 100][..], b"\x1c\r"].concat();
    assert_eq!(received(&fits).0.len(), 1);
    let over = [b"\x0b", &[b'a'; 101][..]].concat();
    let (_, fault, at, head) = refused(&over);
    assert_eq!(
        (fault, at, head.len()),
        (FrameFault::TooLong(100), 101, 101)
    );
    // 6 MB in pieces, as a socket gives them: refused after 5 MB, of which 4 kB are kept.
    let mut framer = Framer::new(5_000_000);
    let mut buffer = BytesMut::from(&b"\x0b"[..]);
    let piece = [b'a'; 65_536];
    let error = loop {
        buffer.extend_from_slice(&piece);
        assert!(buffer.len() < 5_100_000);
        match framer.decode(&mut buffer) {
            Ok(frame) => assert_eq!(frame, None),
            Err(error) => break error,
        }
    };
    assert_eq!(
        (error.fault, error.head.len()),
        (FrameFault::TooLong(5_000_000), 4_096)
    );
}

#[test]
fn pieces_of_one_byte_cost_no_more_than_one_piece() {
    let mut framer = Framer::new(5_000_000);
    let mut buffer = BytesMut::new();
    let start = std::time::Instant::now();
    for byte in std::iter::once(0x0b).chain((0..1_000_000).map(|_| b'a')) {
        buffer.extend_from_slice(&[byte]);
        assert_eq!(framer.decode(&mut buffer), Ok(None));
    }
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    assert!(framer.is_inside());
}

#[test]
fn a_message_with_frame_bytes_is_not_sent() {
    for wrong in [&b"a\x0bb"[..], b"a\x1cb"] {
        let mut out = BytesMut::new();
        let error = frame(wrong, &mut out).unwrap_err();
        assert_eq!((error.fault, error.at), (FrameFault::Unframeable, 1));
        assert!(out.is_empty());
    }
}

fn answer<'a>(verdict: Verdict, troubles: &'a [Trouble]) -> Answer<'a> {
    Answer {
        level: Level::Application,
        verdict,
        text: "",
        troubles,
        at: "20260401101530+0900",
        control_id: "R1",
    }
}

fn text(bytes: &[u8]) -> String {
    let message = hl7::decode(bytes, &Limits::default()).unwrap();
    message.text().replace('\r', "\n")
}

#[test]
fn what_is_taken_is_acknowledged_with_its_id() {
    let request = Request::read(GOOD.as_bytes());
    assert_eq!(
        text(&request.acknowledge(&answer(Verdict::Accept, &[]))),
        "MSH|^~\\&|GW|地域|HIS|病院|20260401101530+0900||ACK^A08^ACK|R1|P|2.5||||||UNICODE UTF-8\nMSA|AA|A1\n"
    );
}

#[test]
fn what_is_refused_is_answered_by_segment_and_field() {
    let fault = |field: &str, rule: &str, kind| Fault {
        field: field.to_owned(),
        rule: rule.to_owned(),
        span: Some(Span::default()),
        kind,
    };
    let faults = [
        fault("PID-5[2].1", "必須です / is required", FaultKind::Required),
        fault("OBX[3]", "順序 / order", FaultKind::Structure),
        fault("recordId", "不正 / wrong", FaultKind::Value),
    ];
    let troubles = faults.each_ref().map(Trouble::of);
    let request = Request::read(GOOD.as_bytes());
    let bytes = request.acknowledge(&answer(Verdict::Error, &troubles));
    let all = text(&bytes);
    let lines: Vec<&str> = all.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "MSA|AE|A1",
            "ERR||PID^1^5^2^1|101^Required field missing^HL70357|E||||必須です / is required",
            "ERR||OBX^3|100^Segment sequence error^HL70357|E||||順序 / order",
            "ERR|||102^Data type error^HL70357|E||||recordId: 不正 / wrong",
        ]
    );
    let read = acknowledged(&hl7::decode(&bytes, &Limits::default()).unwrap()).unwrap();
    assert_eq!(
        read.places,
        ["PID-5[2].1", "OBX[3]"].map(|place| place.parse::<Place>().unwrap())
    );
    assert_eq!(
        (read.verdict, read.level),
        (Verdict::Error, Level::Application)
    );
    assert_eq!(read.texts.len(), 3);
}

#[test]
fn an_answer_is_in_the_charset_of_its_request() {
    let trouble = [Trouble {
        place: None,
        code: 207,
        text: "混雑 / busy".to_owned(),
    }];
    let of = |label: &str| {
        let request = GOOD
            .replace("病院", "A")
            .replace("地域", "B")
            .replace("UNICODE UTF-8", label);
        Request::read(request.as_bytes()).acknowledge(&answer(Verdict::Reject, &trouble))
    };
    let ends = |bytes: &[u8], end: &[u8]| assert!(bytes.ends_with(end), "{}", bytes.escape_ascii());
    ends(&of("~ISO IR87"), b"|E||||\x1b$B:.;(\x1b(B / busy\r");
    ends(&of("~MS932"), b"|E||||\x8d\xac\x8eG / busy\r");
    ends(&of(""), b"|E||||busy\r");
    assert!(text(&of("~ISO IR87")).contains("|~ISO IR87||ISO 2022-1994\n"));
}

#[test]
fn the_header_of_an_unreadable_message_is_answered_as_far_as_it_goes() {
    let cases: [(&[u8], &str, &str); 8] = [
        // The body is broken, the header is not.
        (
            b"MSH|^~\\&|HIS|A|GW|B|||ADT^A08|A1|P|2.5\rPID|\x81\xff\r",
            "A1",
            "A08",
        ),
        // A label of no charset.
        (
            b"MSH|^~\\&|HIS|A|GW|B|||ADT^A08|A1|P|2.5||||||8859/1\r",
            "A1",
            "A08",
        ),
        // No type.
        (b"MSH|^~\\&|HIS|A|GW|B||||A1|P|2.5\r", "A1", ""),
        // Another separator set; behind bytes that are none of the message.
        (
            b"xx\r\x0bMSH#@!%$#HIS#A#GW#B###ADT@A08#A1#P#2.5\r",
            "A1",
            "A08",
        ),
        // Bytes above 7F without a charset: the id is known, the sender's name is not.
        (
            b"MSH|^~\\&|\x95\xc4|A|GW|B|||ADT^A08|A1|P|2.5\r",
            "A1",
            "A08",
        ),
        // Cut off.
        (b"MSH|^~\\&|HIS|A|GW|B|||ADT^A08|A1", "A1", "A08"),
        (b"MSH|^~\\&|HIS|A", "", ""),
        (b"GET / HTTP/1.1", "", ""),
    ];
    for (bytes, id, event) in cases {
        let request = Request::read(bytes);
        assert_eq!(request.control_id(), id, "{}", bytes.escape_ascii());
        let ack = request.acknowledge(&answer(Verdict::Reject, &[]));
        let message = hl7::decode(&ack, &Limits::default()).unwrap();
        assert_eq!(message.text_at("MSA-2"), id);
        assert_eq!(message.text_at("MSA-1"), "AR");
        assert_eq!(message.text_at("MSH-9.2"), event);
    }
    let long = format!("MSH|^~\\&|||||||ADT^A08|{}|P|2.5\r", "A".repeat(200));
    assert_eq!(Request::read(long.as_bytes()).control_id(), "");
}

#[test]
fn the_enhanced_mode_asks_for_what_it_wants() {
    let wants = |accept: &str, application: &str, verdict| {
        let text = format!("MSH|^~\\&|||||||ADT^A08|A1|P|2.5|||{accept}|{application}\r");
        let request = Request::read(text.as_bytes());
        (
            request.wants(Level::Accept, verdict),
            request.wants(Level::Application, verdict),
        )
    };
    let (taken, refused) = (Verdict::Accept, Verdict::Error);
    assert_eq!(wants("", "", taken), (false, true));
    assert_eq!(wants("", "", refused), (false, true));
    assert_eq!(wants("AL", "NE", taken), (true, false));
    assert_eq!(wants("AL", "", refused), (true, false));
    assert_eq!(wants("ER", "AL", taken), (false, true));
    assert_eq!(wants("ER", "SU", refused), (true, false));
    assert_eq!(wants("SU", "ER", taken), (true, false));
    assert_eq!(wants("NE", "NE", refused), (false, false));
    assert_eq!(wants("XX", "NE", taken), (true, false));
    let request = Request::read(b"MSH|^~\\&|||||||ADT^A08|A1|P|2.5|||AL|NE\r");
    for (verdict, code) in [
        (Verdict::Accept, "CA"),
        (Verdict::Error, "CE"),
        (Verdict::Reject, "CR"),
    ] {
        let mut answer = answer(verdict, &[]);
        answer.level = Level::Accept;
        assert!(text(&request.acknowledge(&answer)).contains(&format!("\nMSA|{code}|A1\n")));
    }
}

#[test]
fn other_messages_are_no_acknowledgement() {
    for text in [
        GOOD.to_owned(),
        format!("{GOOD}MSA|XX|A1\r"),
        format!("{GOOD}MSA\r"),
    ] {
        let message = hl7::decode(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(acknowledged(&message), Err(NoAcknowledgement));
    }
}
