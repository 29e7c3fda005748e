//! What every room has at its door: a span and a clock. One word names both.

use std::future::Future;
use std::sync::LazyLock;
use std::thread::available_parallelism;
use std::time::Instant;

use metrics::histogram;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

/// Desks for long computations: half as many as there are processors. The other half is for those who are on
/// their way through the database already, whom more of those who compute would only hold up.
static DESKS: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(1, usize::from);
    Semaphore::new((processors / 2).max(1))
});

/// The names of one room.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Histogram of the time spent inside, in seconds.
    pub metric: &'static str,
}

/// Walks through a room that only computes.
pub fn walk<T>(room: Room, span: &tracing::Span, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = span.in_scope(work);
    histogram!(room.metric).record(started.elapsed().as_secs_f64());
    result
}

/// Walks through a room that computes for long: at a desk, while the thread's other tasks go on elsewhere.
/// Mapping a sheet takes milliseconds; the writer, whom everybody waits for, and a crew's look-up must not
/// stand behind several of them.
pub async fn walk_at_desk<T>(room: Room, span: tracing::Span, work: impl FnOnce() -> T) -> T {
    // The semaphore is never closed.
    let _desk = DESKS.acquire().await.ok();
    let many = |handle: Handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread;
    if Handle::try_current().is_ok_and(many) {
        tokio::task::block_in_place(|| walk(room, &span, work))
    } else {
        walk(room, &span, work)
    }
}

/// Walks through a room that asks the database.
pub async fn walk_async<T>(
    room: Room,
    span: tracing::Span,
    work: impl Future<Output = T> + Send,
) -> T {
    let started = Instant::now();
    let result = work.instrument(span).await;
    histogram!(room.metric).record(started.elapsed().as_secs_f64());
    result
}

/// `room!(accept => accept(...))` for pure rooms, `room!(map => long map(...))` for those that take their time,
/// `room!(identify => async identify(...))` for others: span `flow.accept`, metric `flow_accept_seconds`.
#[macro_export]
macro_rules! room {
    ($name:ident => async $work:expr) => {
        $crate::room::walk_async(
            $crate::room::Room {
                metric: concat!("flow_", stringify!($name), "_seconds"),
            },
            tracing::debug_span!(concat!("flow.", stringify!($name))),
            $work,
        )
        .await
    };
    ($name:ident => long $work:expr) => {
        $crate::room::walk_at_desk(
            $crate::room::Room {
                metric: concat!("flow_", stringify!($name), "_seconds"),
            },
            tracing::debug_span!(concat!("flow.", stringify!($name))),
            || $work,
        )
        .await
    };
    ($name:ident => $work:expr) => {
        $crate::room::walk(
            $crate::room::Room {
                metric: concat!("flow_", stringify!($name), "_seconds"),
            },
            &tracing::debug_span!(concat!("flow.", stringify!($name))),
            || $work,
        )
    };
}
