//! Requests that no well-behaved client sends, byte by byte.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::call::Answer;
use super::server::Server;

/// Sends bytes as they are, and reads the answer until the server ends the connection. The request must
/// ask for that, and the server must be able to take all of the bytes: what it leaves unread may cost us
/// its answer.
#[track_caller]
pub fn raw(server: &Server, bytes: &[u8]) -> Answer {
    let address = server.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a time limit");
    stream
        .write_all(bytes)
        .expect("the server reads what it must");
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("the server answers and ends the connection");
    parsed(&answer)
}

#[track_caller]
fn parsed(answer: &[u8]) -> Answer {
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let split = split.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(answer)));
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
        .unwrap_or_else(|| panic!("no status: {head}"));
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer {
        status,
        headers,
        body: answer[split + 4..].to_vec(),
    }
}
