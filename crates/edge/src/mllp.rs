//! The door for HL7 v2 over MLLP: frames in, the corridor, acknowledgements out.
//!
//! `AA` (`CA`) is said only with a receipt in hand, which the corridor gives after its commit. The messages of a
//! connection are taken one after the other, in their order, however many were sent at once. Nobody
//! proves who they are here: the settings say on whose behalf whatever comes in is sent, and the
//! address must be a loopback one until connections have TLS and callers of their own.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use metrics::{counter, gauge};
use renkei_fhir::instant::instant_text;
use renkei_flow::outcome::outcome;
use renkei_flow::refusal::DoorRefusal;
use renkei_flow::staff::employed;
use renkei_flow::{House, Kind, Refusal, Refused, receive};
use renkei_model::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RequestId};
use renkei_model::message::Inbound;
use renkei_wire::mllp::{Answer, Framer, Level, Request, Trouble, Verdict, frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::serve::DoorError;

/// Media type of what comes in.
const MEDIA: &str = "application/hl7-v2";
/// A read takes so many bytes at once.
const READ_BYTES: usize = 16_384;
/// How long a sender that is cut off is still listened to.
const LINGER: Duration = Duration::from_secs(2);
/// The field that says what a message is.
const KIND_FIELD: &str = "MSH-9";
/// Table 0357: unsupported message type.
const UNSUPPORTED: u16 = 200;
/// Table 0357: application internal error.
const INTERNAL: u16 = 207;

/// What the door needs to know.
#[derive(Debug, Clone)]
pub struct MllpSettings {
    /// Where to listen; a loopback address, port 0 takes a free one.
    pub listen: SocketAddr,
    /// The network that messages are for.
    pub network: NetworkName,
    /// On whose behalf messages are sent.
    pub caller: Caller,
    /// Bytes of a message at most.
    pub frame_bytes: usize,
    /// Connections at most; who comes when there are as many is not let in.
    pub connections: usize,
    /// How long a connection may be silent between messages.
    pub idle: Duration,
    /// How long a message may pause in its middle, and an answer wait to be read.
    pub stall: Duration,
    /// Time for a message to be taken.
    pub work: Duration,
}

/// A bound listener.
pub struct MllpDoor {
    listener: TcpListener,
    address: SocketAddr,
    desk: Arc<Desk>,
    room: Arc<Semaphore>,
}

/// What all connections share.
struct Desk {
    house: Arc<House>,
    settings: MllpSettings,
}

impl MllpDoor {
    /// Binds the address.
    ///
    /// # Errors
    /// [`DoorError`]: the address is taken, or not a loopback one.
    pub async fn bind(settings: MllpSettings, house: Arc<House>) -> Result<Self, DoorError> {
        let address = settings.listen;
        if !address.ip().is_loopback() {
            return Err(DoorError::Open { address });
        }
        let failed = |cause| DoorError::Listen { address, cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            listener,
            room: Arc::new(Semaphore::new(settings.connections)),
            desk: Arc::new(Desk { house, settings }),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes messages until `shutdown` completes; then takes no new connection, and ends the others with the message
    /// that is being taken.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopped) = watch::channel(false);
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                // No descriptor is free, or the caller has gone.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
                counter!("edge_mllp_turned_away_total").increment(1);
                continue;
            };
            let (desk, stopped) = (Arc::clone(&self.desk), stopped.clone());
            tokio::spawn(async move {
                gauge!("edge_mllp_connections").increment(1.0);
                let why = desk.attend(stream, stopped).await;
                gauge!("edge_mllp_connections").decrement(1.0);
                counter!("edge_mllp_ended_total", "why" => why).increment(1);
                drop(place);
            });
        }
        drop(stop);
        let all = u32::try_from(self.desk.settings.connections).unwrap_or(u32::MAX);
        // Closed only with the process.
        drop(self.room.acquire_many(all).await);
    }
}

impl Desk {
    /// One connection, to its end; why it ended.
    async fn attend(
        &self,
        mut stream: TcpStream,
        mut stopped: watch::Receiver<bool>,
    ) -> &'static str {
        // An answer is one write: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        let mut framer = Framer::new(self.settings.frame_bytes);
        let mut buffer = BytesMut::with_capacity(READ_BYTES);
        loop {
            loop {
                let answers = match framer.decode(&mut buffer) {
                    Ok(Some(message)) => self.take(message.content).await,
                    Ok(None) => break,
                    Err(error) => {
                        let answer = self.out_of_step(&error.head, &error.to_string());
                        // Whoever sends no frames may not read them either.
                        let _ = self.say(&mut stream, &answer).await;
                        part(stream).await;
                        return "out_of_step";
                    }
                };
                if !self.say(&mut stream, &answers).await {
                    return "unread";
                }
                if stopped.has_changed().is_err() {
                    return "stopped";
                }
            }
            let patience = match framer.is_inside() {
                true => self.settings.stall,
                false => self.settings.idle,
            };
            buffer.reserve(READ_BYTES);
            let read = tokio::select! {
                read = timeout(patience, stream.read_buf(&mut buffer)) => read,
                _ = stopped.changed(), if !framer.is_inside() => return "stopped",
            };
            match read {
                Ok(Ok(1..)) => {}
                Ok(Ok(_)) => {
                    return match framer.finish(&buffer) {
                        Ok(()) => "closed",
                        Err(_) => "cut_off",
                    };
                }
                Ok(Err(_)) => return "broken",
                Err(_) if framer.is_inside() => return "stalled",
                Err(_) => return "idle",
            }
        }
    }

    async fn say(&self, stream: &mut TcpStream, bytes: &[u8]) -> bool {
        matches!(
            timeout(self.settings.stall, stream.write_all(bytes)).await,
            Ok(Ok(()))
        )
    }

    /// Takes a message; the frames of the acknowledgements that its sender wants.
    async fn take(&self, content: Bytes) -> BytesMut {
        let request = Request::read(&content);
        let id = RequestId::new();
        let (verdict, text, troubles) = match self.corridor(content, id).await {
            Ok(()) => (Verdict::Accept, String::new(), Vec::new()),
            Err(refusal) => told(&refusal),
        };
        counter!("edge_mllp_messages_total", "verdict" => word(verdict)).increment(1);
        tracing::info!(request = %id, verdict = word(verdict), "an HL7 message was answered");
        self.frames(&request, id, (verdict, &text, &troubles))
    }

    /// The corridor for what comes in, as behind every other door.
    async fn corridor(&self, body: Bytes, id: RequestId) -> Result<(), Refusal> {
        let house = &self.house;
        let at = house.clock.now();
        let refused = |refused: Refused| refused.refusal;
        let caller = employed(house, self.settings.caller.clone(), (id, at)).await;
        let inbound = Inbound {
            network: self.settings.network.clone(),
            caller: caller.map_err(refused)?,
            body,
            content_type: MEDIA.to_owned(),
            // Senders use one MSH-10 for several messages: only the same bytes are the same message.
            sender_key: None,
            request: id,
            at,
        };
        let taken = timeout(self.settings.work, Box::pin(receive(house, inbound)));
        match taken.await {
            Ok(Ok(_receipt)) => Ok(()),
            Ok(Err(no)) => Err(no.refusal),
            // Not committed, or committed and not told: the same bytes again are answered from what is known.
            Err(_) => Err(late().into()),
        }
    }

    fn frames(
        &self,
        request: &Request,
        id: RequestId,
        (verdict, text, troubles): (Verdict, &str, &[Trouble]),
    ) -> BytesMut {
        let at = moment(self.house.clock.now());
        // MSH-10 has twenty characters at most; the end of the id is its random part.
        let id: String = id
            .to_string()
            .chars()
            .filter(|c| *c != '-')
            .skip(12)
            .collect();
        let mut out = BytesMut::new();
        for level in [Level::Accept, Level::Application] {
            if !request.wants(level, verdict) {
                continue;
            }
            let answer = Answer {
                level,
                verdict,
                text,
                troubles,
                at: &at,
                control_id: &id,
            };
            // What was read from a frame has no byte of frames in it.
            let _ = frame(&request.acknowledge(&answer), &mut out);
        }
        out
    }

    /// The last answer of a connection whose bytes are no frames.
    fn out_of_step(&self, head: &[u8], text: &str) -> BytesMut {
        counter!("edge_mllp_messages_total", "verdict" => "out_of_step").increment(1);
        let trouble = Trouble {
            place: None,
            code: INTERNAL,
            text: text.to_owned(),
        };
        let request = Request::read(head);
        self.frames(
            &request,
            RequestId::new(),
            (Verdict::Reject, text, &[trouble]),
        )
    }
}

/// Ends a connection whose sender may still be sending: who closes at once resets it, and the sender loses the
/// answer that tells why.
async fn part(mut stream: TcpStream) {
    // It may be gone already.
    let _ = stream.shutdown().await;
    let mut rest = [0; READ_BYTES];
    let listen = async { while let Ok(1..) = stream.read(&mut rest).await {} };
    let _ = timeout(LINGER, listen).await;
}

/// In Japan's time, as HL7 writes it: `20261121093015+0900`.
#[must_use]
pub fn moment(at: Instant) -> String {
    let text = instant_text(at);
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let offset = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let written = |c: &char| c.is_ascii_digit() || *c == '+';
    let whole = whole.chars().filter(written);
    whole.chain(offset.chars().filter(written)).collect()
}

fn late() -> DoorRefusal {
    DoorRefusal {
        code: "timeout",
        text: "時間切れです。再送してください / out of time; send it again".to_owned(),
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accept => "accept",
        Verdict::Error => "error",
        Verdict::Reject => "reject",
    }
}

/// What a sender is told of a no: `AE` where the message is wrong, `AR` where it is not for us, or not now.
fn told(refusal: &Refusal) -> (Verdict, String, Vec<Trouble>) {
    let faults = refusal.faults();
    let is_kind = |field: &str| field == KIND_FIELD;
    let unsupported = faults.iter().any(|fault| is_kind(&fault.field));
    let verdict = match refusal.kind() {
        Kind::Structure | Kind::Fields | Kind::Conflict if !unsupported => Verdict::Error,
        _ => Verdict::Reject,
    };
    let text = diagnostics(refusal);
    if faults.is_empty() {
        let trouble = Trouble {
            place: None,
            code: INTERNAL,
            text: text.clone(),
        };
        return (verdict, text, vec![trouble]);
    }
    let troubles = faults.iter().map(|fault| Trouble {
        code: if is_kind(&fault.field) {
            UNSUPPORTED
        } else {
            Trouble::of(fault).code
        },
        ..Trouble::of(fault)
    });
    (verdict, text, troubles.collect())
}

/// The first thing that the same no says over HTTP.
fn diagnostics(refusal: &Refusal) -> String {
    let outcome = outcome(refusal);
    let text = outcome.pointer("/issue/0/diagnostics");
    let text = text.and_then(serde_json::Value::as_str).unwrap_or_default();
    // JIS X 0208 has no en dash, and a text that the charset lacks is not said at all.
    text.replace('\u{2013}', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_hl7_does() {
        let at = Instant(1_795_219_200_123_000);
        assert_eq!(moment(at), "20261121090000+0900");
    }
}
