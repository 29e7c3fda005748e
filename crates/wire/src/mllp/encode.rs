//! A message to its frame.

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr2;

use super::{END, FrameError, FrameFault, RETURN, START};

/// Appends a message in its frame, so that it can leave in one write.
///
/// # Errors
/// The message has a frame byte in it. Nothing is appended.
pub fn frame(message: &[u8], out: &mut BytesMut) -> Result<(), FrameError> {
    if let Some(at) = memchr2(START, END, message) {
        return Err(FrameError {
            fault: FrameFault::Unframeable,
            at: at as u64,
            head: Bytes::new(),
        });
    }
    out.reserve(message.len() + 3);
    out.put_u8(START);
    out.put_slice(message);
    out.put_slice(&[END, RETURN]);
    Ok(())
}
