//! All connections: how many there may be, who leaves when there are too many, how they end.
//!
//! When the hall is full, who has had no request under way for longest leaves for the newcomer: whoever
//! opens thousands of connections and says nothing pushes out nobody who is being served, and locks out
//! nobody who comes. Only when every connection has a request under way is the newcomer told 503.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use hyper::server::conn::http1;
use metrics::{Gauge, counter, gauge};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::attend::attend;
use crate::pulse::{Order, Phase, Pulse};

/// Limits of connections. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at most.
    pub max: usize,
    /// A request's head must be here in this time after its first byte.
    pub header_ms: u64,
    /// A connection without a request is closed after this time.
    pub idle_ms: u64,
    /// A body of which nothing comes for this time is given up.
    pub body_stall_ms: u64,
    /// An answer of which nothing is taken for this time is given up.
    pub write_stall_ms: u64,
    /// How long the rest of a body whose request is refused is thrown away as it comes, before the connection ends.
    pub linger_ms: u64,
    /// Bytes a second that a body or an answer must keep up, beyond the time of one stall.
    pub pace: u64,
}

impl ConnectionLimits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        max: 12_000,
        header_ms: 10_000,
        idle_ms: 75_000,
        body_stall_ms: 10_000,
        write_stall_ms: 20_000,
        linger_ms: 2_000,
        pace: 1_000,
    };
}

/// One in so many connections leaves at once when the hall is full, so that a crowd at the door does not
/// have the whole hall searched for each newcomer.
const LEAVE_ONE_IN: usize = 64;
/// A peer that says nothing is asked for a sign of life after this time …
const ALIVE_AFTER: Duration = Duration::from_secs(60);
/// … and again after this, three times.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
const ALIVE_TRIES: u32 = 3;

/// What a newcomer is told when there is no room.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    cache-control: no-store, private\r\ncontent-length: 0\r\n\r\n";

/// The hall.
#[derive(Debug)]
pub struct Hall {
    /// Limits.
    pub limits: ConnectionLimits,
    /// How HTTP is read and written.
    pub http: http1::Builder,
    opened: Instant,
    next: AtomicU64,
    seats: Mutex<BTreeMap<u64, Arc<Pulse>>>,
    here: Gauge,
    /// Every seat holds a receiver: closed when all have left.
    emptied: watch::Sender<()>,
}

impl Hall {
    /// An empty hall. No more than `header_bytes` of a request's line and headers are ever read.
    #[must_use]
    pub fn open(limits: ConnectionLimits, header_bytes: usize) -> Arc<Self> {
        let mut http = http1::Builder::new();
        // hyper's own time for a head would count the idle time before it; ours is in `pulse.rs`.
        http.header_read_timeout(None)
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.max(BUFFER_BYTES));
        Arc::new(Self {
            limits,
            http,
            opened: Instant::now(),
            next: AtomicU64::new(0),
            seats: Mutex::default(),
            here: gauge!("edge_connections"),
            emptied: watch::Sender::new(()),
        })
    }

    /// Takes a newcomer in, or tells it that there is no room.
    pub fn welcome(self: &Arc<Self>, stream: TcpStream, router: &Router) {
        if self.seats().len() >= self.limits.max && !self.make_room() {
            counter!("edge_shed_total", "why" => "connections").increment(1);
            // Whatever it has asked already is read, or its answer would be lost with the connection.
            let mut asked = [0; 1_024];
            let _ = stream.try_read(&mut asked);
            let _ = stream.try_write(FULL);
            return;
        }
        let seat = self.seat();
        tokio::spawn(attend(stream, seat, router.clone()));
    }

    fn seat(self: &Arc<Self>) -> Seat {
        let number = self.next.fetch_add(1, Relaxed);
        let pulse = Arc::new(Pulse::new(self.opened));
        self.seats().insert(number, Arc::clone(&pulse));
        self.here.increment(1.0);
        Seat {
            hall: Arc::clone(self),
            pulse,
            number,
            _left: self.emptied.subscribe(),
        }
    }

    /// Asks those who have had no request for longest to leave, as many as it takes for one more to have
    /// room; whether there are enough. Those who were asked before and have not gone yet count as gone.
    pub fn make_room(&self) -> bool {
        self.make_room_in(self.limits.max)
    }

    /// The same when there is no room for one more than are here now, whatever the settings say.
    pub fn make_room_for_one(&self) {
        let present = self.seats().len();
        self.make_room_in(present);
    }

    fn make_room_in(&self, size: usize) -> bool {
        let seats = self.seats();
        let staying = seats.iter().filter(|(_, pulse)| !pulse.is_leaving());
        let needed = (staying.clone().count() + 1).saturating_sub(size);
        if needed == 0 {
            return true;
        }
        let mut idle: Vec<(u64, u64, &Arc<Pulse>)> = staying
            .filter(|(_, pulse)| pulse.phase() != Phase::Working)
            .map(|(number, pulse)| (pulse.since(), *number, pulse))
            .collect();
        let leaving = needed.max(size / LEAVE_ONE_IN);
        if leaving < idle.len() {
            idle.select_nth_unstable_by_key(leaving, |(since, number, _)| (*since, *number));
        }
        for (.., pulse) in idle.iter().take(leaving) {
            pulse.tell(Order::Leave);
        }
        idle.len() >= needed
    }

    /// Lets everybody finish, and waits until all have left.
    pub async fn close(&self) {
        for pulse in self.seats().values() {
            pulse.tell(Order::Finish);
        }
        self.emptied.closed().await;
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Pulse>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a body that are read at once at most.
const BUFFER_BYTES: usize = 65_536;

/// A connection's place in the hall; empty again when it is dropped.
#[derive(Debug)]
pub struct Seat {
    /// The hall.
    pub hall: Arc<Hall>,
    /// The connection's state.
    pub pulse: Arc<Pulse>,
    number: u64,
    _left: watch::Receiver<()>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hall.seats().remove(&self.number);
        self.hall.here.decrement(1.0);
    }
}

/// Answers leave at once, and a peer that is gone without a word is noticed: by probes while it is idle,
/// and by what it does not acknowledge while it is answered.
pub fn prepare(stream: &TcpStream, limits: &ConnectionLimits) {
    let socket = SockRef::from(stream);
    let probes = TcpKeepalive::new()
        .with_time(ALIVE_AFTER)
        .with_interval(ALIVE_EVERY)
        .with_retries(ALIVE_TRIES);
    // Later than our own clock, which also counts.
    let lost = Duration::from_millis(limits.write_stall_ms.saturating_mul(2));
    // A connection that ended meanwhile takes no options, and is noticed at its first read.
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&probes);
    let _ = socket.set_tcp_user_timeout(Some(lost));
}

/// Accepts until there is nothing to accept for now.
pub fn welcome_waiting(listener: &tokio::net::TcpListener, hall: &Arc<Hall>, router: &Router) {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while let std::task::Poll::Ready(Ok((stream, _))) = listener.poll_accept(&mut context) {
        hall.welcome(stream, router);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: ConnectionLimits = ConnectionLimits {
        max: 3,
        ..ConnectionLimits::DEFAULT
    };

    #[test]
    fn who_waits_longest_leaves_and_who_is_served_stays() {
        let hall = Hall::open(SMALL, 16_384);
        let seats = [hall.seat(), hall.seat(), hall.seat()];
        seats[0].pulse.turn(Phase::Working);
        let leaving = || [0, 1, 2].map(|seat: usize| seats[seat].pulse.is_leaving());
        assert!(hall.make_room());
        assert_eq!(leaving(), [false, true, false]);
        // Whoever was asked and has not gone yet counts as gone.
        assert!(hall.make_room());
        assert_eq!(leaving(), [false, true, false]);
        let _newcomer = hall.seat();
        assert!(hall.make_room());
        assert_eq!(leaving(), [false, true, true]);
    }

    #[test]
    fn nobody_leaves_for_a_newcomer_while_all_are_served() {
        let hall = Hall::open(SMALL, 16_384);
        let seats = [hall.seat(), hall.seat(), hall.seat()];
        for seat in &seats {
            seat.pulse.turn(Phase::Working);
        }
        assert!(!hall.make_room());
        drop(seats);
        assert!(hall.make_room());
    }

    #[tokio::test]
    async fn an_idle_connection_is_small() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await;
        let hall = Hall::open(SMALL, 16_384);
        let connection = attend(stream.unwrap(), hall.seat(), Router::new());
        let bytes = std::mem::size_of_val(&connection) + std::mem::size_of::<Pulse>();
        assert!(bytes <= 2_048, "{bytes} bytes");
    }
}
