//! A sender of HL7 over MLLP: a message, its answer, the next.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use renkei_model::limits::Limits;
use renkei_wire::hl7;
use renkei_wire::mllp::{Acknowledged, END, Framer, RETURN, START, Verdict, acknowledged, frame};

use super::SendArguments;
use crate::error::GatewayError;
use crate::stdout::say;

/// An answer is not longer than this.
const ANSWER_BYTES: usize = 1_000_000;

/// Sends the files.
///
/// # Errors
/// [`GatewayError::Found`] when a message was not accepted.
pub fn run(arguments: &SendArguments) -> Result<(), GatewayError> {
    let messages: Result<Vec<_>, GatewayError> =
        arguments.files.iter().map(|file| read(file)).collect();
    let messages = messages?;
    let all = messages.len() * arguments.times;
    let (next, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let began = Instant::now();
    let sent: Result<Vec<()>, GatewayError> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..arguments.connections.max(1))
            .map(|_| scope.spawn(|| sender(arguments, &messages, (&next, &accepted))))
            .collect();
        let ended = senders.into_iter().map(|sender| {
            let broken = || GatewayError::Exchange("a sender ended early".to_owned());
            sender.join().map_err(|_| broken())?
        });
        ended.collect()
    });
    sent?;
    let (took, accepted) = (began.elapsed().as_secs_f64(), accepted.into_inner());
    if all > 1 {
        say(&format!(
            "{accepted} / {all} accepted in {took:.3} s, {:.0} messages a second",
            f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / took
        ))?;
    }
    if accepted == all {
        Ok(())
    } else {
        Err(GatewayError::Found)
    }
}

/// A message as it stands in a file, without its frame: files of SS-MIX2 often keep the end of one.
fn read(file: &Path) -> Result<(String, BytesMut), GatewayError> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file)?;
    let content = bytes.strip_prefix(&[START]).unwrap_or(&bytes);
    let content = content.strip_suffix(&[END, RETURN]).unwrap_or(content);
    let content = content.strip_suffix(&[END]).unwrap_or(content);
    let mut framed = BytesMut::new();
    frame(content, &mut framed)
        .map_err(|error| GatewayError::Exchange(format!("{name}: {error}")))?;
    Ok((name, framed))
}

/// One connection: takes the next message until there is none.
fn sender(
    arguments: &SendArguments,
    messages: &[(String, BytesMut)],
    (next, accepted): (&AtomicUsize, &AtomicUsize),
) -> Result<(), GatewayError> {
    let mut line = Line::to(arguments)?;
    loop {
        let turn = next.fetch_add(1, Relaxed);
        if turn >= messages.len() * arguments.times {
            return Ok(());
        }
        let Some((name, message)) = messages.get(turn % messages.len()) else {
            return Ok(());
        };
        let answer = line.exchange(message)?;
        if answer.verdict == Verdict::Accept {
            accepted.fetch_add(1, Relaxed);
        }
        if arguments.times == 1 {
            say(&told(name, &answer))?;
        }
    }
}

fn told(name: &str, answer: &Acknowledged) -> String {
    let word = match answer.verdict {
        Verdict::Accept => "accepted",
        Verdict::Error => "ERROR",
        Verdict::Reject => "REJECTED",
    };
    let mut line = format!("{name}: {word}, MSA-2 {}", answer.control_id);
    let places = answer.places.iter().map(ToString::to_string);
    let places: Vec<String> = places.collect();
    if !places.is_empty() {
        line.push_str(&format!(", at {}", places.join(", ")));
    }
    for text in &answer.texts {
        line.push_str("\n    ");
        line.push_str(text);
    }
    line
}

/// A connection to a listener.
struct Line {
    stream: TcpStream,
    framer: Framer,
    buffer: BytesMut,
}

impl Line {
    fn to(arguments: &SendArguments) -> Result<Self, GatewayError> {
        let stream = TcpStream::connect(arguments.to)?;
        stream.set_nodelay(true)?;
        let patience = Some(Duration::from_secs(arguments.wait_s.max(1)));
        stream.set_read_timeout(patience)?;
        stream.set_write_timeout(patience)?;
        Ok(Self {
            stream,
            framer: Framer::new(ANSWER_BYTES),
            buffer: BytesMut::new(),
        })
    }

    /// Sends a frame and waits for its answer.
    fn exchange(&mut self, message: &[u8]) -> Result<Acknowledged, GatewayError> {
        self.stream.write_all(message)?;
        let wrong = |text: String| GatewayError::Exchange(format!("the answer: {text}"));
        loop {
            let found = self.framer.decode(&mut self.buffer);
            if let Some(answer) = found.map_err(|error| wrong(error.to_string()))? {
                let answer = hl7::decode(&answer.content, &Limits::DEFAULT);
                let answer = answer.map_err(|error| wrong(error.to_string()))?;
                return acknowledged(&answer).map_err(|error| wrong(error.to_string()));
            }
            let mut part = [0; 4_096];
            let read = self.stream.read(&mut part)?;
            if read == 0 {
                return Err(wrong("the listener closed the connection".to_owned()));
            }
            self.buffer
                .extend_from_slice(part.get(..read).unwrap_or_default());
        }
    }
}
