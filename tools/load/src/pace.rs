//! When requests are due.
//!
//! An open loop has a schedule: request `n` is due at `n / rate`, whatever became of the ones before. Its
//! latency counts from there, also when every connection was busy and it could not be sent. So a server
//! that stands still for a second shows as a second in the latencies of all who came meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// A constant rate.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    start: Instant,
    rate: f64,
    tickets: u64,
}

impl Schedule {
    /// `rate` requests a second, from `start` on, for so long.
    pub fn new(start: Instant, rate: f64, length: Duration) -> Self {
        // A rate and a length that are shown to people: far below what a float holds exactly.
        let tickets = (rate * length.as_secs_f64()).floor().max(0.0) as u64;
        Self {
            start,
            rate,
            tickets,
        }
    }

    /// How many requests there are.
    pub const fn tickets(&self) -> u64 {
        self.tickets
    }

    /// When a request is due.
    pub fn due(&self, ticket: u64) -> Instant {
        self.start + Duration::from_secs_f64(ticket as f64 / self.rate)
    }

    /// How many requests are due by now.
    pub fn due_by(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.start).as_secs_f64();
        let due = (passed * self.rate).floor() as u64 + 1;
        if now < self.start {
            0
        } else {
            due.min(self.tickets)
        }
    }
}

/// Hands out the tickets of a schedule, none before it is due.
#[derive(Debug)]
pub struct Pacer {
    schedule: Schedule,
    due: Semaphore,
    next: AtomicU64,
}

impl Pacer {
    /// Begins to hand out tickets, on a thread of its own: a timer of the runtime is only good to a
    /// millisecond, which would count as latency.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn start(schedule: Schedule) -> std::io::Result<Arc<Self>> {
        let pacer = Arc::new(Self {
            schedule,
            due: Semaphore::new(0),
            next: AtomicU64::new(0),
        });
        let own = Arc::clone(&pacer);
        std::thread::Builder::new()
            .name("pace".to_owned())
            .spawn(move || own.hand_out())?;
        Ok(pacer)
    }

    /// The next request's due time, once it is due; none when the schedule is at its end.
    pub async fn ticket(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        Some(self.schedule.due(ticket))
    }

    /// Requests that were due and that nobody has taken.
    pub fn waiting(&self) -> u64 {
        let due = self.schedule.due_by(Instant::now());
        due.saturating_sub(self.next.load(Ordering::Relaxed))
    }

    /// No tickets any more, not even those that are due.
    pub fn close(&self) {
        self.due.close();
    }

    fn hand_out(&self) {
        let mut given = 0;
        while given < self.schedule.tickets() && !self.due.is_closed() {
            let due = self.schedule.due_by(Instant::now());
            let new = usize::try_from(due.saturating_sub(given)).unwrap_or_default();
            self.due.add_permits(new);
            given = given.max(due);
            if given < self.schedule.tickets() {
                let next = self.schedule.due(given);
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        }
        // Whoever waits now would wait for ever.
        while !self.due.is_closed() && self.next.load(Ordering::Relaxed) < self.schedule.tickets() {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.due.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_even_and_ends() {
        let start = Instant::now();
        let schedule = Schedule::new(start, 200.0, Duration::from_secs(2));
        assert_eq!(schedule.tickets(), 400);
        assert_eq!(schedule.due(0), start);
        assert_eq!(schedule.due(300) - start, Duration::from_millis(1_500));
        let by = |ms| schedule.due_by(start + Duration::from_millis(ms));
        assert_eq!(
            (by(0), by(4), by(6), by(1_001), by(60_000)),
            (1, 1, 2, 201, 400)
        );
        for ticket in 0..400 {
            let due = schedule.due(ticket) + Duration::from_nanos(1);
            assert!(
                schedule.due_by(due) > ticket,
                "a due ticket is handed out: {ticket}"
            );
        }
    }

    #[test]
    fn a_late_taker_gets_the_time_at_which_the_request_was_due() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let schedule = Schedule::new(start, 1_000.0, Duration::from_millis(20));
            let pacer = Pacer::start(schedule).unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(pacer.waiting(), 20);
            let mut taken = Vec::new();
            while let Some(due) = pacer.ticket().await {
                taken.push(due - start);
            }
            assert_eq!(taken.len(), 20, "none is skipped");
            assert_eq!(taken[19], Duration::from_millis(19));
            assert_eq!(pacer.waiting(), 0);
        });
    }

    #[test]
    fn a_closed_pacer_gives_no_tickets() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let schedule = Schedule::new(Instant::now(), 1_000.0, Duration::from_secs(60));
            let pacer = Pacer::start(schedule).unwrap();
            assert!(pacer.ticket().await.is_some());
            pacer.close();
            assert!(pacer.ticket().await.is_none());
        });
    }
}
