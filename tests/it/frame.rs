//! MLLP in a test's own hand: bytes out when the test wants, acknowledgements in one by one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use crate::harness::{Server, unique};
use crate::wire::PATIENCE;

/// A message in its frame.
pub fn framed(message: &[u8]) -> Vec<u8> {
    [b"\x0b", message, b"\x1c\r"].concat()
}

/// One connection.
pub struct Line {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Line {
    /// Connects to where the server listens for HL7.
    #[track_caller]
    pub fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.mllp()).expect("the server listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time limit");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("a time limit");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Sends bytes as they are; false when the server has ended the connection.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a message in its frame and waits for one answer.
    #[track_caller]
    pub fn exchange(&mut self, message: &[u8]) -> Ack {
        assert!(self.say(&framed(message)), "the connection has ended");
        self.expect_answer()
    }

    /// The next answer; `None` when the connection ends, or nothing comes, before there is one.
    pub fn answer(&mut self) -> Option<Ack> {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\x1c\r") {
                let frame: Vec<u8> = self.read.drain(..end + 2).collect();
                assert_eq!(frame.first(), Some(&0x0b), "an answer is a frame");
                let text = String::from_utf8_lossy(&frame[1..end]).into_owned();
                return Some(Ack { text });
            }
            let mut part = [0; 16_384];
            match self.stream.read(&mut part) {
                Ok(read @ 1..) => self.read.extend_from_slice(&part[..read]),
                Ok(_) | Err(_) => return None,
            }
        }
    }

    /// The next answer, which there must be.
    #[track_caller]
    pub fn expect_answer(&mut self) -> Ack {
        self.answer().expect("an answer")
    }

    /// The server says nothing more and ends the connection.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let mut part = [0; 16_384];
        loop {
            match self.stream.read(&mut part) {
                Ok(read @ 1..) => self.read.extend_from_slice(&part[..read]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    panic!("the server keeps the connection")
                }
                Ok(_) | Err(_) => break,
            }
        }
        let rest = String::from_utf8_lossy(&self.read);
        assert!(rest.is_empty(), "it said more: {rest}");
    }
}

/// An acknowledgement.
#[derive(Debug)]
pub struct Ack {
    /// All of it, without its frame.
    pub text: String,
}

impl Ack {
    /// A field of the segments of a name, as it stands.
    pub fn fields(&self, segment: &str, number: usize) -> Vec<&str> {
        let at = if segment == "MSH" { number - 1 } else { number };
        let lines = self.text.split('\r');
        lines
            .filter(|line| line.starts_with(segment))
            .map(|line| line.split('|').nth(at).unwrap_or_default())
            .collect()
    }

    /// MSA-1: `AA`.
    pub fn code(&self) -> &str {
        self.fields("MSA", 1).first().copied().unwrap_or_default()
    }

    /// MSA-2: the message that is meant.
    pub fn id(&self) -> &str {
        self.fields("MSA", 2).first().copied().unwrap_or_default()
    }

    /// ERR-2: the places, segment^sequence^field and so on.
    pub fn places(&self) -> Vec<&str> {
        self.fields("ERR", 2)
    }

    /// The verdict and the message that is meant.
    #[track_caller]
    pub fn says(self, code: &str, id: &str) -> Self {
        assert_eq!((self.code(), self.id()), (code, id), "{}", self.text);
        self
    }

    /// The places that are named.
    #[track_caller]
    pub fn at(self, places: &[&str]) -> Self {
        assert_eq!(self.places(), places, "{}", self.text);
        self
    }
}

/// An ADT^A08 of the tests' hospital about somebody whom nobody knows yet, in UTF-8.
#[derive(Debug, Clone)]
pub struct Adt {
    /// MSH-10.
    pub id: String,
    /// PID-3.
    pub patient: String,
    text: String,
}

impl Adt {
    /// About somebody new.
    pub fn of_somebody_new() -> Self {
        let n = unique();
        let (id, patient) = (format!("M{n}"), format!("P{n}"));
        let born = format!(
            "{}{:02}{:02}",
            1930 + n % 70,
            1 + n / 70 % 12,
            1 + n / 840 % 28
        );
        let text = format!(
            "MSH|^~\\&|HIS|0114110011|RENKEI|RENKEI|20261121093000||ADT^A08^ADT_A01|{id}|P|2.5||||||UNICODE UTF-8\r\
             EVN||20261121\r\
             PID|1||{patient}^^^^PI||架空^{n}子^^^^^L^I~カクウ^コ^^^^^L^P||{born}|F|||^^^^090-0000^JPN^H^架空市見本町||^PRN^PH^^^^^^^^^0157-00-0000\r\
             PV1|1|N\r"
        );
        Self { id, patient, text }
    }

    /// With something else in it.
    #[track_caller]
    pub fn with(mut self, from: &str, to: &str) -> Self {
        assert!(self.text.contains(from), "{from} in {}", self.text);
        self.text = self.text.replacen(from, to, 1);
        self
    }

    /// As it stands.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.text.clone().into_bytes()
    }
}
