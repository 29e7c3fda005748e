//! What holds for every stream: frames come back whatever pieces they come in, nothing panics, answers are
//! short and name their request.

use bytes::{Buf, Bytes, BytesMut};
use proptest::prelude::*;
use renkei_model::limits::Limits;

use super::{
    Answer, END, Frame, FrameError, Framer, Level, RETURN, Request, START, Trouble, Verdict,
    acknowledged, frame,
};
use crate::hl7;
use crate::mutants;

const LIMIT: usize = 1_000;

fn content() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("no frame byte", |byte| !matches!(*byte, START | END));
    prop::collection::vec(byte, 0..60)
}

/// All frames of a stream that comes in pieces of these sizes, over and over; and how it ended.
fn received(stream: &[u8], sizes: &[usize]) -> (Vec<Frame>, Result<(), FrameError>) {
    let mut framer = Framer::new(LIMIT);
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    let mut rest = stream;
    for size in sizes.iter().cycle() {
        let piece = rest.get(..*size).unwrap_or(rest);
        buffer.extend_from_slice(piece);
        rest.advance(piece.len());
        loop {
            match framer.decode(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
        assert!(buffer.len() <= LIMIT + 3 + size);
        if rest.is_empty() {
            break;
        }
    }
    let ended = framer.finish(&buffer);
    (frames, ended)
}

proptest! {
    #[test]
    fn frames_come_back_in_pieces_of_any_size(
        contents in prop::collection::vec(content(), 1..6),
        sizes in prop::collection::vec(1_usize..50, 1..5),
    ) {
        let mut stream = BytesMut::new();
        let mut starts = Vec::new();
        for content in &contents {
            starts.push(stream.len() as u64);
            frame(content, &mut stream).unwrap();
        }
        let (frames, ended) = received(&stream, &sizes);
        prop_assert_eq!(ended, Ok(()));
        let found: Vec<&[u8]> = frames.iter().map(|frame| &frame.content[..]).collect();
        prop_assert_eq!(found, contents.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(frames.iter().map(|frame| frame.at).collect::<Vec<_>>(), starts);
    }

    /// What is wrong is found at the same byte however the stream is cut.
    #[test]
    fn errors_do_not_depend_on_the_pieces(
        stream in prop::collection::vec(prop::sample::select(vec![START, END, RETURN, b'\n', b'a']), 0..30),
        sizes in prop::collection::vec(1_usize..7, 1..4),
    ) {
        let (frames, ended) = received(&stream, &sizes);
        let (whole, at_once) = received(&stream, &[stream.len().max(1)]);
        prop_assert_eq!(frames, whole);
        let place = |ended: Result<(), FrameError>| ended.err().map(|error| (error.fault, error.at));
        prop_assert_eq!(place(ended), place(at_once));
    }

    /// Values of the request come back, whatever they are; the answer is one message under 4 kB.
    #[test]
    fn answers_name_their_request(id in "[ -~]{1,30}", sender in "[ -~あ-ん]{0,30}", troubles in 0_usize..200) {
        let mut draft = hl7::Draft::new(crate::charset::Encoding::SSMIX2);
        draft.set_text("MSH-3", &sender).unwrap();
        draft.set_text("MSH-9.1", "ADT").unwrap();
        draft.set_text("MSH-10", &id).unwrap();
        let request = Request::read(&draft.encode().unwrap());
        prop_assert_eq!(request.control_id(), if id == "\"\"" { "\"\"" } else { &id });
        let trouble = Trouble { place: "PID-5.1".parse().ok(), code: 101, text: "必須です / is required & more".to_owned() };
        let troubles = vec![trouble; troubles];
        let answer = Answer {
            level: Level::Application,
            verdict: Verdict::Error,
            text: "見てください / look",
            troubles: &troubles,
            at: "20260401101530+0900",
            control_id: "R1",
        };
        let bytes = request.acknowledge(&answer);
        prop_assert!(bytes.len() < 4_000);
        let message = hl7::decode(&bytes, &Limits::default()).unwrap();
        let read = acknowledged(&message).unwrap();
        prop_assert_eq!(&read.control_id, &id);
        prop_assert_eq!(message.text_at("MSH-5"), sender);
        prop_assert_eq!(read.texts.is_empty(), false);
        prop_assert_eq!(read.places.len().min(1), troubles.len().min(1));
        let fit = message.fit().unwrap();
        prop_assert!(fit.misfits.is_empty() && fit.missing.is_empty());
    }
}

#[test]
fn damaged_streams_are_cut_into_frames_or_refused() {
    let message = b"MSH|^~\\&|HIS|A|GW|B|||ADT^A08|A1|P|2.5||||||~ISO IR87\rPID|1\r".to_vec();
    let mut stream = BytesMut::new();
    for _ in 0..3 {
        frame(&message, &mut stream).unwrap();
    }
    let pieces = b"\x0b\x1c\r\x0b\x0b\x1c\x1c\r\n\x0b\x1c\rMSH|".to_vec();
    let seeds = [stream.to_vec(), message, pieces];
    let mut found = 0;
    mutants::survive(&seeds, |bytes| {
        let (frames, ended) = received(bytes, &[17]);
        found += frames.len();
        for frame in &frames {
            assert!(
                !frame
                    .content
                    .iter()
                    .any(|byte| matches!(*byte, START | END))
            );
            let at = usize::try_from(frame.at).unwrap();
            assert_eq!(bytes[at], START);
            assert_eq!(
                &bytes[at + 1..at + 1 + frame.content.len()],
                &frame.content[..]
            );
        }
        let last = frames.last().map(|frame| frame.content.clone());
        let head = ended.map_or_else(|error| error.head, |()| last.unwrap_or_else(Bytes::new));
        let request = Request::read(&head);
        let answer = Answer {
            level: Level::Application,
            verdict: Verdict::Reject,
            text: "",
            troubles: &[],
            at: "20260401101530+0900",
            control_id: "R1",
        };
        let bytes = request.acknowledge(&answer);
        let message = hl7::decode(&bytes, &Limits::default()).unwrap();
        assert_eq!(
            acknowledged(&message).unwrap().control_id,
            request.control_id()
        );
    });
    assert!(found > 1_000, "{found}");
}
