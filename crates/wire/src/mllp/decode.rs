//! A stream's bytes to frames.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr2;

use super::{END, RETURN, START};

/// So many bytes of a broken frame are kept for the answer.
const HEAD: usize = 4_096;
/// So many line ends between two frames are passed over. Senders that end what they write with CR LF send
/// one.
const LINE_ENDS: usize = 2;

/// A message as it came in its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What stands between start and end.
    pub content: Bytes,
    /// The position of the frame's first byte in the stream, from 0.
    pub at: u64,
}

/// The stream is out of step: what follows cannot be told from what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} (byte {at})")]
pub struct FrameError {
    /// What is wrong.
    pub fault: FrameFault,
    /// Position of the wrong byte in the stream, from 0.
    pub at: u64,
    /// The first bytes of the frame that is broken, at most 4 kB: for an answer that names its message.
    pub head: Bytes,
}

/// What can be wrong with frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// Bytes before a frame's start.
    #[error(
        "枠の外にデータがあります(0Bで始まっていません) / bytes between frames: a frame begins with 0B"
    )]
    Between,
    /// A second start before the end.
    #[error(
        "枠が終わる前に次の枠が始まっています(1C 0Dがありません) / a frame begins inside another: 1C 0D is missing"
    )]
    Nested,
    /// An end without its return.
    #[error("1Cの後に0Dがありません / 1C without 0D behind it")]
    NoReturn,
    /// More than the limit.
    #[error("電文は{0}バイトまでです / a frame has at most {0} bytes")]
    TooLong(usize),
    /// The stream ended inside a frame.
    #[error("枠の途中で接続が切れました / the stream ends inside a frame")]
    CutOff,
    /// Something to be sent has a frame byte in it.
    #[error(
        "電文に枠の制御文字があります / a message with a frame byte (0B, 1C) in it cannot be sent"
    )]
    Unframeable,
}

/// Takes frames out of a stream. Each byte is looked at once, however small the pieces are.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    /// Position of the buffer's first byte in the stream.
    position: u64,
    /// Inside a frame: so many bytes of the buffer, behind its start, are known to hold no frame byte.
    open: Option<usize>,
    line_ends: usize,
    broken: Option<FrameError>,
}

impl Framer {
    /// A framer for frames whose content has at most `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            position: 0,
            open: None,
            // Nothing may stand before the first frame but what may stand between two.
            line_ends: 0,
            broken: None,
        }
    }

    /// The next frame, taken out of the buffer; `None` when more bytes have to come first. The buffer is the
    /// same each time, new bytes at its end. A caller that adds at most as many bytes as it reads at once
    /// holds never more than the limit and that.
    ///
    /// # Errors
    /// The stream is out of step; it stays so.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let Some(known) = self.open else {
            return self.begin(buffer);
        };
        let content = buffer.get(1..).unwrap_or_default();
        let found = memchr2(START, END, content.get(known..).unwrap_or_default());
        let end = found.map_or(content.len(), |at| known + at);
        if end > self.limit {
            return Err(self.fail(FrameFault::TooLong(self.limit), 1 + self.limit, buffer));
        }
        if found.is_none() {
            self.open = Some(end);
            return Ok(None);
        }
        match (content.get(end), content.get(end + 1)) {
            (Some(&START), _) => Err(self.fail(FrameFault::Nested, 1 + end, buffer)),
            (_, None) => {
                self.open = Some(end);
                Ok(None)
            }
            (_, Some(&RETURN)) => Ok(Some(self.take(end, buffer))),
            (_, Some(_)) => Err(self.fail(FrameFault::NoReturn, 2 + end, buffer)),
        }
    }

    /// Looks for a frame's start.
    fn begin(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        while let Some(&byte) = buffer.first() {
            match byte {
                START => {
                    self.open = Some(0);
                    return self.decode(buffer);
                }
                b'\r' | b'\n' if self.line_ends < LINE_ENDS => {
                    self.line_ends += 1;
                    self.skip(1, buffer);
                }
                _ => return Err(self.fail(FrameFault::Between, 0, buffer)),
            }
        }
        Ok(None)
    }

    fn take(&mut self, len: usize, buffer: &mut BytesMut) -> Frame {
        let at = self.position;
        self.skip(1, buffer);
        let content = buffer.split_to(len).freeze();
        self.position += len as u64;
        self.skip(2, buffer);
        self.open = None;
        self.line_ends = 0;
        Frame { content, at }
    }

    fn skip(&mut self, len: usize, buffer: &mut BytesMut) {
        let len = len.min(buffer.len());
        buffer.advance(len);
        self.position += len as u64;
    }

    fn fail(&mut self, fault: FrameFault, offset: usize, buffer: &BytesMut) -> FrameError {
        let from = usize::from(self.open.is_some());
        let content = buffer.get(from..).unwrap_or_default();
        let error = FrameError {
            fault,
            at: self.position + offset as u64,
            head: Bytes::copy_from_slice(content.get(..HEAD).unwrap_or(content)),
        };
        self.broken = Some(error.clone());
        error
    }

    /// Whether a frame has begun and not ended: a listener's limit for slow senders differs from that for
    /// idle ones.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        self.open.is_some()
    }

    /// To be asked when the stream has ended.
    ///
    /// # Errors
    /// It ended inside a frame: what came of it is not to be taken for a message.
    pub fn finish(&mut self, buffer: &BytesMut) -> Result<(), FrameError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        if self.is_inside() {
            return Err(self.fail(FrameFault::CutOff, buffer.len(), buffer));
        }
        Ok(())
    }
}
