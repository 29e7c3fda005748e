//! One HTTP/1.1 connection: a request out, an answer in, nothing beside it.
//!
//! No pool, no task of its own, no channel: a request is one write, an answer as a rule one read. That is
//! less than a general client does, and what is left on two cores is the server's.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest wait for what becomes of a file.
const FILE_PATIENCE: Duration = Duration::from_secs(3_600);
/// Header lines of an answer at most.
const HEADERS: usize = 48;
/// Bytes asked for at once.
const READ: usize = 16 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection.
    #[error("connect: {0}")]
    Connect(std::io::Error),
    /// The connection broke.
    #[error("broken: {0}")]
    Broken(std::io::Error),
    /// The server closed the connection before its answer was whole.
    #[error("closed before the answer")]
    Closed,
    /// No answer in time.
    #[error("no answer in time")]
    Late,
    /// Not HTTP.
    #[error("not an answer: {0}")]
    Form(String),
}

impl ClientError {
    /// A word for a count.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Broken(_) => "broken",
            Self::Closed => "closed",
            Self::Late => "late",
            Self::Form(_) => "form",
        }
    }
}

/// The head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Whether it says when to come again.
    pub retry_after: bool,
    framing: Framing,
    bytes: usize,
    close: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
}

/// A connection that is opened when it is needed and kept.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    body: Range<usize>,
    patience: Duration,
}

impl Connection {
    /// To an address; nothing is opened yet.
    pub fn to(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            buffer: Vec::with_capacity(READ),
            body: 0..0,
            patience: PATIENCE,
        }
    }

    /// Waits as long as a file takes.
    pub const fn patient(mut self) -> Self {
        self.patience = FILE_PATIENCE;
        self
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// A kept connection that the server closed while it was idle is opened once more: closing it was
    /// the server's right.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Head, ClientError> {
        match tokio::time::timeout(self.patience, self.attempt(request)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.stream = None;
                Err(ClientError::Late)
            }
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        self.buffer.get(self.body.clone()).unwrap_or_default()
    }

    async fn attempt(&mut self, request: &[u8]) -> Result<Head, ClientError> {
        let kept = self.stream.is_some();
        match self.exchange(request).await {
            Err(ClientError::Closed | ClientError::Broken(_)) if kept && self.buffer.is_empty() => {
                self.exchange(request).await
            }
            answer => answer,
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Head, ClientError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(self.address).await?,
        };
        self.buffer.clear();
        self.body = 0..0;
        stream
            .write_all(request)
            .await
            .map_err(ClientError::Broken)?;
        let head = self.answer(&mut stream).await?;
        if !head.close {
            self.stream = Some(stream);
        }
        Ok(head)
    }

    async fn answer(&mut self, stream: &mut TcpStream) -> Result<Head, ClientError> {
        let head = loop {
            more(stream, &mut self.buffer).await?;
            if let Some(head) = head_of(&self.buffer)? {
                break head;
            }
        };
        match head.framing {
            Framing::Length(length) => {
                let whole = head.bytes + length;
                while self.buffer.len() < whole {
                    more(stream, &mut self.buffer).await?;
                }
                self.body = head.bytes..whole;
            }
            Framing::Chunked => loop {
                let rest = self.buffer.get(head.bytes..).unwrap_or_default();
                if let Some(body) = unchunked(rest)? {
                    self.buffer = body;
                    self.body = 0..self.buffer.len();
                    break;
                }
                more(stream, &mut self.buffer).await?;
            },
        }
        Ok(head)
    }
}

async fn open(address: SocketAddr) -> Result<TcpStream, ClientError> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(ClientError::Connect)?;
    stream.set_nodelay(true).map_err(ClientError::Connect)?;
    Ok(stream)
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), ClientError> {
    buffer.reserve(READ);
    match stream.read_buf(buffer).await.map_err(ClientError::Broken)? {
        0 => Err(ClientError::Closed),
        _ => Ok(()),
    }
}

/// The head at the beginning of these bytes, if it is whole.
fn head_of(bytes: &[u8]) -> Result<Option<Head>, ClientError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response
        .parse(bytes)
        .map_err(|error| ClientError::Form(error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    let mut head = Head {
        status,
        retry_after: false,
        framing: Framing::Length(0),
        bytes: length,
        close: false,
    };
    for header in response.headers.iter() {
        let name = header.name;
        if name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).unwrap_or_default();
            let length = text.trim().parse();
            head.framing = Framing::Length(
                length.map_err(|_| ClientError::Form("content-length".to_owned()))?,
            );
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            head.framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("retry-after") {
            head.retry_after = true;
        } else if name.eq_ignore_ascii_case("connection") {
            head.close = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok(Some(head))
}

/// The body in chunks, put together, if its last chunk is there.
fn unchunked(bytes: &[u8]) -> Result<Option<Vec<u8>>, ClientError> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let size = httparse::parse_chunk_size(rest)
            .map_err(|_| ClientError::Form("chunk size".to_owned()))?;
        let httparse::Status::Complete((line, size)) = size else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(|_| ClientError::Form("chunk".to_owned()))?;
        let Some(chunk) = rest.get(line..line + size + 2) else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(chunk.get(..size).unwrap_or_default());
        at += line + size + 2;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text =
            b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(head_of(&text[..40]).unwrap(), None);
        let head = head_of(text).unwrap().unwrap();
        assert_eq!(
            (head.status, head.retry_after, head.close),
            (503, true, false)
        );
        assert_eq!(head.framing, Framing::Length(5));
        assert_eq!(&text[head.bytes..], b"hello");
        assert!(head_of(b"no HTTP at all\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_put_together() {
        let text = b"5\r\nhello\r\n3;x=y\r\n wo\r\n0\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(unchunked(&text[..end]).unwrap(), None, "{end}");
        }
        assert_eq!(unchunked(text).unwrap().unwrap(), b"hello wo");
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_while_idle_is_opened_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"; 2] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = [0; 256];
                let read = stream.read(&mut bytes).await.unwrap();
                assert!(read > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let mut connection = Connection::to(address);
        for _ in 0..2 {
            let head = connection.ask(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            assert_eq!((head.status, connection.body()), (200, &b"ok"[..]));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.await.unwrap();
        let refused = connection.ask(b"GET / HTTP/1.1\r\n\r\n").await;
        assert!(refused.is_err(), "nobody listens any more");
    }
}
