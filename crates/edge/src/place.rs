//! How many requests may be under way: in all, of each kind, and of one caller.
//!
//! Messages that come in, files, the doors of crews and everything else have places of their own: a crew
//! finds one however full the house is, and nobody's look waits behind messages, which take longer. Who finds none waits a little, behind a bounded queue; then it is told to
//! come again, before anybody asked the database for it. Places also bound what is left behind when a
//! caller hangs up: a statement that has begun runs to its end in the store, and there are never more of
//! those than read connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{Gauge, counter, gauge};
use renkei_model::Caller;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::Outright;

/// Limits of requests under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Ordinary requests that are worked on at once.
    pub places: usize,
    /// Messages that are worked on at once.
    pub intake: usize,
    /// Requests of one kind that wait for a place at most.
    pub waiting: usize,
    /// How long one waits, in milliseconds.
    pub wait_ms: u64,
    /// Requests of one caller, worked on or waiting, those at the doors of crews apart.
    pub per_caller: usize,
    /// CSV files that are worked on at once.
    pub files: usize,
    /// Requests at the doors of crews that are worked on at once; one caller has half of them at most.
    pub emergency: usize,
    /// Bytes of all bodies that are here at once, those of crews apart.
    pub body_bytes: usize,
}

impl AdmissionLimits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        places: 64,
        intake: 64,
        waiting: 256,
        wait_ms: 1_000,
        per_caller: 48,
        files: 4,
        emergency: 32,
        body_bytes: 64_000_000,
    };
}

/// Kinds of requests that do not take each other's places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Anything else.
    Ordinary,
    /// A message that comes in.
    Intake,
    /// A file of records.
    File,
    /// A crew's.
    Emergency,
}

/// After how many seconds it makes sense to try again.
const RETRY_S: u64 = 1;
/// Bodies are counted in pieces of this size.
const PIECE_BYTES: usize = 1_024;

/// The gate.
#[derive(Debug)]
pub struct Gate {
    ordinary: Queue,
    intake: Queue,
    file: Queue,
    emergency: Queue,
    bodies: Arc<Semaphore>,
    limits: AdmissionLimits,
    callers: Arc<Mutex<Callers>>,
}

type Callers = HashMap<(String, bool), usize>;

impl Gate {
    /// A gate with all places free.
    #[must_use]
    pub fn new(limits: AdmissionLimits) -> Self {
        let queue = |places, class: &'static str| Queue {
            places: Arc::new(Semaphore::new(places)),
            waiting: AtomicUsize::new(0),
            here: gauge!("edge_under_way", "class" => class),
        };
        Self {
            ordinary: queue(limits.places, "ordinary"),
            intake: queue(limits.intake, "intake"),
            file: queue(limits.files, "file"),
            emergency: queue(limits.emergency, "emergency"),
            bodies: Arc::new(Semaphore::new(limits.body_bytes.div_ceil(PIECE_BYTES))),
            limits,
            callers: Arc::default(),
        }
    }

    const fn queue(&self, class: Class) -> &Queue {
        match class {
            Class::Ordinary => &self.ordinary,
            Class::Intake => &self.intake,
            Class::File => &self.file,
            Class::Emergency => &self.emergency,
        }
    }

    /// Turns away at once who could not even wait. It looks at nothing but the queue, so that a crowd costs
    /// no checking of tokens.
    ///
    /// # Errors
    /// [`Outright`], 503.
    pub fn glance(&self, class: Class) -> Result<(), Outright> {
        if self.queue(class).waiting.load(Relaxed) < self.limits.waiting {
            Ok(())
        } else {
            Err(house_full("full"))
        }
    }

    /// Counts a request of a caller.
    ///
    /// # Errors
    /// [`Outright`], 429, when the caller has as many under way as one may have.
    pub fn count(&self, caller: &Caller, class: Class) -> Result<Counted, Outright> {
        let is_urgent = class == Class::Emergency;
        let limit = if is_urgent {
            self.limits.emergency.div_ceil(2)
        } else {
            self.limits.per_caller
        };
        let key = (format!("{}@{}", caller.actor(), caller.facility), is_urgent);
        let mut callers = callers(&self.callers);
        let under_way = callers.entry(key.clone()).or_default();
        if *under_way >= limit {
            drop(callers);
            shed("caller");
            return Err(Outright::later(
                StatusCode::TOO_MANY_REQUESTS,
                "throttled",
                "同時の要求が多すぎます。前の応答を待ってください / too many requests at once: wait for the answers to the earlier ones",
                RETRY_S,
            ));
        }
        *under_way += 1;
        drop(callers);
        Ok(Counted {
            callers: Arc::clone(&self.callers),
            key,
        })
    }

    /// A place, after a short wait if need be.
    ///
    /// # Errors
    /// [`Outright`], 503, when none became free.
    pub async fn place(&self, class: Class) -> Result<Place, Outright> {
        let queue = self.queue(class);
        let places = Arc::clone(&queue.places);
        let permit = if let Ok(permit) = Arc::clone(&places).try_acquire_owned() {
            permit
        } else {
            self.glance(class)?;
            let _waiting = Waiting::in_line(&queue.waiting);
            let patience = Duration::from_millis(self.limits.wait_ms);
            match tokio::time::timeout(patience, places.acquire_owned()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) | Err(_) => return Err(house_full("waited")),
            }
        };
        queue.here.increment(1.0);
        Ok(Place {
            here: queue.here.clone(),
            _permit: permit,
        })
    }

    /// What a body of this class weighs, before any of it is here.
    #[must_use]
    pub fn scales(&self, class: Class) -> Scales {
        let bodies = (class != Class::Emergency).then(|| Arc::clone(&self.bodies));
        Scales { bodies, held: None }
    }
}

/// The queue in front of the places of a class.
#[derive(Debug)]
struct Queue {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    here: Gauge,
}

/// One who waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn in_line(queue: &'a AtomicUsize) -> Self {
        queue.fetch_add(1, Relaxed);
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A place; free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    here: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.here.decrement(1.0);
    }
}

/// One request of a caller; no longer counted when it is dropped.
#[derive(Debug)]
pub struct Counted {
    callers: Arc<Mutex<Callers>>,
    key: (String, bool),
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut callers = callers(&self.callers);
        if let Some(under_way) = callers.get_mut(&self.key) {
            *under_way -= 1;
            if *under_way == 0 {
                callers.remove(&self.key);
            }
        }
    }
}

/// Keeps account of a body's bytes, until it is dropped.
#[derive(Debug)]
pub struct Scales {
    bodies: Option<Arc<Semaphore>>,
    held: Option<OwnedSemaphorePermit>,
}

impl Scales {
    /// The body has so many bytes by now.
    ///
    /// # Errors
    /// [`Outright`], 503, when all bodies together would be too large.
    pub fn weigh(&mut self, bytes: usize) -> Result<(), Outright> {
        let Some(bodies) = &self.bodies else {
            return Ok(());
        };
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.div_ceil(PIECE_BYTES).saturating_sub(held);
        let more = u32::try_from(more).map_err(|_| house_full("bodies"))?;
        let permit = Arc::clone(bodies).try_acquire_many_owned(more);
        let permit = permit.map_err(|_| house_full("bodies"))?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }
}

fn callers(callers: &Mutex<Callers>) -> MutexGuard<'_, Callers> {
    callers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn house_full(why: &'static str) -> Outright {
    shed(why);
    Outright::later(
        StatusCode::SERVICE_UNAVAILABLE,
        "transient",
        "混み合っています。受け付けていません。少し後で再送してください / the house is full; nothing was taken; send it again in a moment",
        RETRY_S,
    )
}

fn shed(why: &'static str) {
    counter!("edge_shed_total", "why" => why).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: AdmissionLimits = AdmissionLimits {
        places: 1,
        intake: 1,
        waiting: 1,
        wait_ms: 20,
        per_caller: 1,
        files: 1,
        emergency: 2,
        body_bytes: 2_048,
    };

    #[tokio::test]
    async fn places_of_one_class_are_not_taken_by_another() {
        let gate = Gate::new(SMALL);
        let ordinary = gate.place(Class::Ordinary).await.unwrap();
        assert!(gate.place(Class::Ordinary).await.is_err(), "the wait ends");
        let crews = [
            gate.place(Class::Emergency).await.unwrap(),
            gate.place(Class::Emergency).await.unwrap(),
        ];
        assert!(gate.place(Class::Emergency).await.is_err());
        gate.place(Class::File).await.unwrap();
        gate.place(Class::Intake).await.unwrap();
        drop(ordinary);
        gate.place(Class::Ordinary).await.unwrap();
        drop(crews);
    }

    #[tokio::test]
    async fn nobody_waits_behind_a_full_queue() {
        let gate = Arc::new(Gate::new(AdmissionLimits {
            wait_ms: 60_000,
            ..SMALL
        }));
        let place = gate.place(Class::Ordinary).await.unwrap();
        let other = Arc::clone(&gate);
        let waiting = tokio::spawn(async move { other.place(Class::Ordinary).await.is_ok() });
        while gate.glance(Class::Ordinary).is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(gate.place(Class::Ordinary).await.is_err());
        assert!(gate.glance(Class::Emergency).is_ok());
        drop(place);
        assert!(waiting.await.unwrap());
        assert!(gate.glance(Class::Ordinary).is_ok());
    }

    #[test]
    fn bodies_are_weighed_together() {
        let gate = Gate::new(SMALL);
        let (mut one, mut two) = (gate.scales(Class::Ordinary), gate.scales(Class::File));
        one.weigh(10).unwrap();
        one.weigh(1_024).unwrap();
        two.weigh(1_000).unwrap();
        assert!(one.weigh(1_025).is_err());
        drop(two);
        one.weigh(2_048).unwrap();
        let mut crew = gate.scales(Class::Emergency);
        crew.weigh(1_000_000).unwrap();
    }
}
