//! A connection's bytes, watched: when they come, when an answer is not taken, what lengths they name.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::pulse::{Phase, Pulse};

/// A header line's name as it must not stand beside chunks.
const LENGTH: &[u8] = b"content-length:";

/// A watched stream.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    pulse: Arc<Pulse>,
    /// Bytes that were read and belong to a request that has not begun.
    before: Bytes,
    /// Bytes of [`LENGTH`] that the present header line has matched so far; none when it is another line.
    matched: Option<usize>,
}

impl Line {
    /// A stream that was just accepted.
    #[must_use]
    pub const fn new(stream: TcpStream, pulse: Arc<Pulse>) -> Self {
        Self {
            stream,
            pulse,
            before: Bytes::new(),
            matched: Some(0),
        }
    }

    /// Gives back what was read too early. It is the beginning of a request's head.
    pub fn put_back(&mut self, before: Bytes) {
        self.before = before;
        if !self.before.is_empty() {
            self.pulse.turn(Phase::Head);
        }
    }

    /// Whether a request has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.before.is_empty()
    }

    /// The stream itself.
    #[must_use]
    pub const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Counts lines that begin with [`LENGTH`], across reads.
    fn count_lengths(&mut self, mut bytes: &[u8]) {
        let mut lines = 0;
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = rest;
            self.matched = match self.matched {
                _ if byte == b'\n' => Some(0),
                Some(at) if LENGTH.get(at) == Some(&byte.to_ascii_lowercase()) => Some(at + 1),
                _ => {
                    // The rest of the line is of no interest.
                    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at);
                    bytes = bytes.get(end..).unwrap_or_default();
                    None
                }
            };
            if self.matched == Some(LENGTH.len()) {
                lines += 1;
                self.matched = None;
            }
        }
        if lines > 0 {
            self.pulse.lengths_came(lines);
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        if !line.before.is_empty() {
            let size = line.before.len().min(buffer.remaining());
            buffer.put_slice(line.before.get(..size).unwrap_or_default());
            line.before.advance(size);
            return Poll::Ready(Ok(()));
        }
        if matches!(line.pulse.phase(), Phase::Working | Phase::Draining) {
            // hyper reads behind a head only when it has used up what it had.
            line.pulse.nothing_waits();
        }
        let known = buffer.filled().len();
        ready!(Pin::new(&mut line.stream).poll_read(context, buffer))?;
        let new = buffer.filled().get(known..).unwrap_or_default();
        if !new.is_empty() {
            line.pulse.heard();
            line.count_lengths(new);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        let wrote = Pin::new(&mut line.stream).poll_write(context, bytes);
        line.note(wrote, bytes.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        let size = parts.iter().map(|part| part.len()).sum();
        let wrote = Pin::new(&mut line.stream).poll_write_vectored(context, parts);
        line.note(wrote, size)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl Line {
    fn note(&self, wrote: Poll<io::Result<usize>>, of: usize) -> Poll<io::Result<usize>> {
        match &wrote {
            Poll::Ready(Ok(taken)) => self.pulse.wrote(Some(*taken), of),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.pulse.wrote(None, of),
        }
        wrote
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};
    use tokio::net::TcpListener;

    use super::*;

    async fn line() -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await;
        let pulse = Arc::new(Pulse::new(std::time::Instant::now()));
        Line::new(stream.unwrap(), pulse)
    }

    fn chunked() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        );
        headers
    }

    #[tokio::test]
    async fn a_length_is_seen_in_whatever_pieces_it_comes() {
        let head = b"POST / HTTP/1.1\r\nx-content-length: 1\r\nContent-LENGTH: 3\r\nA: b\r\n\r\n";
        for size in 1..head.len() {
            let mut line = line().await;
            for piece in head.chunks(size) {
                line.count_lengths(piece);
            }
            assert!(line.pulse.has_two_lengths(&chunked()), "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn lengths_of_earlier_requests_are_not_held_against_chunks() {
        let mut line = line().await;
        line.count_lengths(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
        let mut first = HeaderMap::new();
        first.insert(header::CONTENT_LENGTH, HeaderValue::from_static("2"));
        assert!(!line.pulse.has_two_lengths(&first));
        line.count_lengths(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert!(!line.pulse.has_two_lengths(&chunked()));
    }
}
