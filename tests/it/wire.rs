//! A connection in a test's own hand: bytes out when the test wants, answers in one by one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{Answer, Server, Who, messages_path};

/// How long a test waits for what must come; outcomes are asserted, not speeds.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    /// Connects.
    #[track_caller]
    pub fn to(server: &Server) -> Self {
        let address = server.base.trim_start_matches("http://");
        let stream = TcpStream::connect(address).expect("the server listens");
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

    /// The stream itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends; false when the server has ended the connection.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends byte by byte with a pause after each, until all are sent or the server has ended the
    /// connection; how many went.
    pub fn drip(&mut self, bytes: &[u8], pause: Duration) -> usize {
        for (sent, byte) in bytes.iter().enumerate() {
            if !self.say(&[*byte]) || self.has_ended() {
                return sent;
            }
            std::thread::sleep(pause);
        }
        bytes.len()
    }

    /// Whether the server has ended the connection by now. What it said before remains to be read.
    pub fn has_ended(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("no waiting");
        let mut part = [0; 16_384];
        let ended = loop {
            match self.stream.read(&mut part) {
                Ok(0) => break true,
                Ok(read) => self.read.extend_from_slice(&part[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        self.stream.set_nonblocking(false).expect("waiting");
        ended
    }

    /// Waits until the server has ended the connection; fails if it does not.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() {
            assert!(
                Instant::now() < deadline,
                "the server keeps the connection: {}",
                String::from_utf8_lossy(&self.read)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Everything that has been said and not been taken as an answer.
    pub fn rest(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// The next answer; `None` when the connection ends before there is one.
    pub fn answer(&mut self) -> Option<Answer> {
        loop {
            if let Some(answer) = self.take() {
                return Some(answer);
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
    pub fn expect_answer(&mut self) -> Answer {
        self.answer()
            .unwrap_or_else(|| panic!("no answer: {}", self.rest()))
    }

    /// Asks for `/healthz` and keeps the connection.
    #[track_caller]
    pub fn greet(&mut self) {
        assert!(self.say(b"GET /healthz HTTP/1.1\r\nHost: a.example\r\n\r\n"));
        self.expect_answer().expect(200);
    }

    fn take(&mut self) -> Option<Answer> {
        let split = self.read.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&self.read[..split]).into_owned();
        let mut lines = head.lines();
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .map_or(0, |(_, value)| value.parse().expect("a length"));
        let end = split + 4 + length;
        if self.read.len() < end {
            return None;
        }
        let body = self.read[split + 4..end].to_vec();
        self.read.drain(..end);
        Some(Answer {
            status: status.expect("a status"),
            headers,
            body,
        })
    }
}

/// The head of a message of somebody, with these lines on its length.
pub fn head(server: &Server, who: &Who, lengths: &str) -> String {
    let token = server.token(who);
    format!(
        "POST {} HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {token}\r\n{lengths}\r\n",
        messages_path()
    )
}

/// A message of which half has been sent.
#[track_caller]
pub fn half_sent(server: &Server, who: &Who, body: &[u8]) -> Wire {
    let mut wire = Wire::to(server);
    let head = head(server, who, &format!("Content-Length: {}\r\n", body.len()));
    assert!(wire.say(head.as_bytes()));
    assert!(wire.say(&body[..body.len() / 2]));
    wire
}

/// A figure of `/metrics`: the sum of the lines that begin so.
pub fn figure(server: &Server, beginning: &str) -> f64 {
    let text = server
        .send(&crate::harness::Call::get("/metrics"))
        .expect(200)
        .text();
    text.lines()
        .filter(|line| line.starts_with(beginning))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

/// Waits until a figure has reached a value.
#[track_caller]
pub fn until(server: &Server, beginning: &str, least: f64) {
    let deadline = Instant::now() + PATIENCE;
    while figure(server, beginning) < least {
        assert!(Instant::now() < deadline, "{beginning} stays below {least}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
