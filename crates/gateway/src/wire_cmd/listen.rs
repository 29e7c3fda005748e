//! A listener of HL7 over MLLP that looks at nothing: it keeps the bytes and says what it was told to say.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use renkei_edge::mllp::moment;
use renkei_model::clock::{Clock as _, SystemClock};
use renkei_wire::mllp::{Answer, Framer, Level, Request, Verdict, frame};

use super::{ListenArguments, Say};
use crate::config::Config;
use crate::error::GatewayError;
use crate::stdout::say;

/// What all connections share.
struct Desk {
    verdict: Verdict,
    limit: usize,
    keep: Option<Mutex<File>>,
    /// Prints a line for each message unless they are counted.
    chatty: bool,
    count: AtomicUsize,
    /// Connections that have not ended.
    open: AtomicUsize,
    last: Option<usize>,
}

/// Listens until it is ended, or has taken as many messages as it was told to.
///
/// # Errors
/// When the address or the file cannot be opened.
pub fn run(config: &Config, arguments: &ListenArguments) -> Result<(), GatewayError> {
    let listener = TcpListener::bind(arguments.at)?;
    let open = |path| {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.map(Mutex::new)
    };
    let desk = Desk {
        verdict: match arguments.say {
            Say::Accept => Verdict::Accept,
            Say::Error => Verdict::Error,
            Say::Reject => Verdict::Reject,
        },
        limit: config.limits().body_bytes,
        keep: arguments.keep.as_ref().map(open).transpose()?,
        chatty: arguments.messages.is_none(),
        count: AtomicUsize::new(0),
        open: AtomicUsize::new(0),
        last: arguments.messages,
    };
    say(&format!("listening on mllp://{}", listener.local_addr()?))?;
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            let stream = stream?;
            let desk = &desk;
            desk.open.fetch_add(1, Relaxed);
            scope.spawn(move || {
                if let Err(error) = desk.attend(stream)
                    && desk.chatty
                {
                    // Whoever reads no standard output is not told.
                    let _ = say(&format!("接続が終わりました / a connection ended: {error}"));
                }
                if desk.open.fetch_sub(1, Relaxed) == 1 && desk.is_done() {
                    std::process::exit(0);
                }
            });
        }
        Ok(())
    })
}

impl Desk {
    fn is_done(&self) -> bool {
        self.last
            .is_some_and(|last| self.count.load(Relaxed) >= last)
    }

    fn attend(&self, mut stream: TcpStream) -> Result<(), GatewayError> {
        stream.set_nodelay(true)?;
        let mut framer = Framer::new(self.limit);
        let mut buffer = BytesMut::new();
        let mut part = [0; 16_384];
        loop {
            loop {
                let message = framer.decode(&mut buffer);
                let message = message.map_err(|error| GatewayError::Exchange(error.to_string()))?;
                let Some(message) = message else { break };
                let answer = self.take(&message.content)?;
                stream.write_all(&answer)?;
            }
            let read = stream.read(&mut part)?;
            if read == 0 {
                return Ok(());
            }
            buffer.extend_from_slice(part.get(..read).unwrap_or_default());
        }
    }

    /// Keeps a message and answers it.
    fn take(&self, content: &Bytes) -> Result<BytesMut, GatewayError> {
        if let Some(file) = &self.keep {
            let mut framed = BytesMut::with_capacity(content.len() + 3);
            frame(content, &mut framed)
                .map_err(|error| GatewayError::Exchange(error.to_string()))?;
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(&framed)?;
            file.sync_data()?;
        }
        let number = self.count.fetch_add(1, Relaxed) + 1;
        let request = Request::read(content);
        if self.chatty {
            // A sender is answered also when nobody reads what is printed here.
            let _ = say(&format!(
                "{number}: MSH-10 {}, {} bytes",
                request.control_id(),
                content.len()
            ));
        }
        let at = moment(SystemClock.now());
        let mut out = BytesMut::new();
        for level in [Level::Accept, Level::Application] {
            if request.wants(level, self.verdict) {
                let answer = Answer {
                    level,
                    verdict: self.verdict,
                    text: "",
                    troubles: &[],
                    at: &at,
                    control_id: &number.to_string(),
                };
                frame(&request.acknowledge(&answer), &mut out)
                    .map_err(|error| GatewayError::Exchange(error.to_string()))?;
            }
        }
        Ok(out)
    }
}
