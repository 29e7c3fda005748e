//! Where one connection stands and since when, and by what moment it must have moved on.
//!
//! The connection's own task writes it; the hall reads it to find who has been idle longest, and gives
//! orders through it. Nothing here is locked: a request pays for a handful of plain stores.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
use std::task::Waker;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use futures_util::task::AtomicWaker;

use crate::hall::ConnectionLimits;

/// A connection that was quiet for this long gives its buffers back. Making them anew costs less than a
/// microsecond, keeping them 16 kB.
const PARK_MS: u64 = 100;
/// No moment: nothing is due.
pub const NEVER: u64 = u64::MAX;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing of a request is here.
    Idle,
    /// Some bytes of a request's head are here, not all.
    Head,
    /// A request is being read to its end, worked on or answered.
    Working,
    /// A request was answered before its body was here; the rest is thrown away as it comes.
    Draining,
}

/// What the hall wants of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    Stay,
    /// End with the request that is under way, or at once when there is none.
    Finish,
    /// Make room, unless a request is under way.
    Leave,
}

/// What a connection has to expect next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It was quiet: its buffers can go.
    Quiet,
    /// Its request's head did not come in time.
    SlowHead,
    /// It does not read its answer.
    Unread,
}

/// One connection's state. Moments are milliseconds since the hall was opened.
#[derive(Debug)]
pub struct Pulse {
    opened: Instant,
    phase: AtomicU8,
    since: AtomicU64,
    /// Since when an answer waits for its reader, plus one; 0 when none does.
    blocked: AtomicU64,
    /// When the reader last took some of it, and how much since it was blocked.
    taken_at: AtomicU64,
    taken: AtomicU64,
    order: AtomicU8,
    waker: AtomicWaker,
    /// Whether somebody throws away what is left of a body.
    drains: AtomicBool,
    /// `Content-Length` lines that came in, and those that requests were given.
    lengths_heard: AtomicU32,
    lengths_told: AtomicU32,
}

impl Pulse {
    /// A connection that was just accepted.
    #[must_use]
    pub fn new(opened: Instant) -> Self {
        let pulse = Self {
            opened,
            phase: AtomicU8::new(0),
            since: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
            taken_at: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            order: AtomicU8::new(0),
            waker: AtomicWaker::new(),
            drains: AtomicBool::new(false),
            lengths_heard: AtomicU32::new(0),
            lengths_told: AtomicU32::new(0),
        };
        pulse.turn(Phase::Idle);
        pulse
    }

    /// Now, in milliseconds since the hall was opened.
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NEVER)
    }

    /// The moment as timers take it.
    #[must_use]
    pub fn moment(&self, at: u64) -> tokio::time::Instant {
        (self.opened + Duration::from_millis(at)).into()
    }

    /// What it is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Working,
            _ => Phase::Draining,
        }
    }

    /// Since when.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.since.load(Relaxed)
    }

    /// From now on it does this.
    pub fn turn(&self, phase: Phase) {
        let code = match phase {
            Phase::Idle => 0,
            Phase::Head => 1,
            Phase::Working => 2,
            Phase::Draining => 3,
        };
        self.phase.store(code, Relaxed);
        self.since.store(self.now(), Relaxed);
    }

    /// A request was answered: the connection is idle, or the rest of a body is still to come.
    pub fn answered(&self) {
        self.turn(Phase::Draining);
        if !self.drains.load(SeqCst) {
            self.turn(Phase::Idle);
        }
    }

    /// Somebody throws away what is left of the request's body, from now on until [`Self::drained`].
    pub fn drain(&self) {
        self.drains.store(true, SeqCst);
    }

    /// Nothing is left of the body, or nobody waits for it any longer.
    pub fn drained(&self) {
        self.drains.store(false, SeqCst);
        if self.phase() == Phase::Draining {
            self.turn(Phase::Idle);
        }
        self.waker.wake();
    }

    /// Bytes came in.
    pub fn heard(&self) {
        if self.phase() == Phase::Idle {
            self.turn(Phase::Head);
        }
    }

    /// Some of an answer of so many bytes was taken, or nothing could be.
    pub fn wrote(&self, taken: Option<usize>, of: usize) {
        match taken {
            Some(taken) if taken == of => self.blocked.store(0, Relaxed),
            Some(taken) => {
                self.begin_waiting();
                let taken = u64::try_from(taken).unwrap_or(u64::MAX);
                self.taken.fetch_add(taken, Relaxed);
                self.taken_at.store(self.now(), Relaxed);
            }
            None => self.begin_waiting(),
        }
    }

    fn begin_waiting(&self) {
        if !self.is_blocked() {
            let now = self.now();
            self.blocked.store(now.saturating_add(1), Relaxed);
            self.taken_at.store(now, Relaxed);
            self.taken.store(0, Relaxed);
        }
    }

    /// Whether an answer waits for its reader.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) > 0
    }

    /// What is due next, and when; [`NEVER`] when nothing is.
    #[must_use]
    pub fn due(&self, limits: &ConnectionLimits) -> (u64, Due) {
        if self.is_blocked() {
            let blocked = self.blocked.load(Relaxed) - 1;
            let stalled = self.taken_at.load(Relaxed) + limits.write_stall_ms;
            let earned_ms = self.taken.load(Relaxed).saturating_mul(1_000) / limits.pace;
            let slow = blocked + limits.write_stall_ms + earned_ms;
            return (stalled.min(slow), Due::Unread);
        }
        match self.phase() {
            Phase::Idle => (self.since() + PARK_MS.min(limits.idle_ms), Due::Quiet),
            Phase::Head => (self.since() + limits.header_ms, Due::SlowHead),
            Phase::Working | Phase::Draining => (NEVER, Due::Quiet),
        }
    }

    /// Gives an order. It is not taken back: only a stronger one follows.
    pub fn tell(&self, order: Order) {
        let code = match order {
            Order::Stay => 0,
            Order::Leave => 1,
            Order::Finish => 2,
        };
        self.order.fetch_max(code, Relaxed);
        self.waker.wake();
    }

    /// Whether it was asked to leave or to finish, and has not gone yet.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.order.load(Relaxed) != 0
    }

    /// The order, for a task that is to be woken when there is a new one.
    #[must_use]
    pub fn order(&self, waker: &Waker) -> Order {
        self.waker.register(waker);
        match self.order.load(Relaxed) {
            0 => Order::Stay,
            1 => Order::Leave,
            _ => Order::Finish,
        }
    }

    /// Takes back [`Order::Leave`] from a connection that had begun a request meanwhile.
    pub fn stay(&self) {
        // Fails only where the order was another one, which stands.
        let _ = self.order.compare_exchange(1, 0, Relaxed, Relaxed);
    }

    /// So many `Content-Length` lines came in.
    pub fn lengths_came(&self, lines: u32) {
        self.lengths_heard.fetch_add(lines, Relaxed);
    }

    /// Nothing that came in waits to be looked at: counting begins anew.
    pub fn nothing_waits(&self) {
        self.lengths_heard.store(0, Relaxed);
        self.lengths_told.store(0, Relaxed);
    }

    /// Whether a request comes in chunks while a length was given too. hyper goes by the chunks and
    /// drops the length before anybody sees it; a proxy in front may have gone by the length.
    pub fn has_two_lengths(&self, headers: &HeaderMap) -> bool {
        let given = headers.get_all(header::CONTENT_LENGTH).iter().count();
        let given = u32::try_from(given).unwrap_or(u32::MAX);
        let told = self.lengths_told.fetch_add(given, Relaxed) + given;
        headers.contains_key(header::TRANSFER_ENCODING)
            && (given > 0 || self.lengths_heard.load(Relaxed) > told)
    }
}
