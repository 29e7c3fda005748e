//! MLLP (minimal lower layer protocol, HL7 implementation guide appendix C): messages in frames on a stream,
//! `0B message 1C 0D`, and the acknowledgements to them.
//!
//! Bytes in, frames out: [`Framer`] has the shape of a codec of `tokio-util` without being one, since this
//! crate knows no network. A listener reads into a buffer, asks the framer for frames until there is none,
//! and for each frame, in order:
//!
//! ```
//! use bytes::BytesMut;
//! use renkei_wire::mllp::{Answer, Framer, Level, Request, Verdict, frame};
//!
//! let mut framer = Framer::new(5_000_000);
//! let mut buffer = BytesMut::from(&b"\x0bMSH|^~\\&|HIS|A|GW|B|||ADT^A08|A1|P|2.5\r\x1c\r"[..]);
//! let mut out = BytesMut::new();
//! while let Some(message) = framer.decode(&mut buffer)? {
//!     let request = Request::read(&message.content);
//!     // … the corridor; only after its commit:
//!     let verdict = Verdict::Accept;
//!     if request.wants(Level::Application, verdict) {
//!         let answer = Answer {
//!             level: Level::Application,
//!             verdict,
//!             text: "",
//!             troubles: &[],
//!             at: "20260401101530+0900",
//!             control_id: "R1",
//!         };
//!         frame(&request.acknowledge(&answer), &mut out)?;
//!     }
//! }
//! assert!(out.starts_with(b"\x0bMSH|^~\\&|GW|B|HIS|A|20260401101530+0900||ACK^A08^ACK|R1|P|2.5\rMSA|AA|A1\r\x1c\r"));
//! # Ok::<(), renkei_wire::mllp::FrameError>(())
//! ```
//!
//! When the framer fails, the stream is out of step: the listener answers with what
//! [`FrameError::head`] still says, verdict [`Verdict::Reject`], and closes.

mod acknowledge;
mod decode;
mod encode;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;
mod request;

pub use acknowledge::{Acknowledged, Answer, NoAcknowledgement, Trouble, Verdict, acknowledged};
pub use decode::{Frame, FrameError, FrameFault, Framer};
pub use encode::frame;
pub use request::{Level, Request};

/// Begins a frame.
pub const START: u8 = 0x0b;
/// Ends a frame, before [`RETURN`].
pub const END: u8 = 0x1c;
/// Behind [`END`].
pub const RETURN: u8 = 0x0d;
