//! What every room has at its door: a span and a clock. One word names both.

use std::future::Future;
use std::time::Instant;

use metrics::histogram;
use tracing::Instrument as _;

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

/// `room!(accept => accept(...))` for pure rooms, `room!(identify => async identify(...))` for others: span `flow.accept`, metric `flow_accept_seconds`.
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
