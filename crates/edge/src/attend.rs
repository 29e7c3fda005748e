//! One connection, from its acceptance to its end.
//!
//! While nothing of a request is here, a connection is a socket and a timer: hyper and its buffers come
//! with the first byte and go again after a quiet moment. Requests that are sent without waiting for
//! answers are taken one after the other: hyper reads the next head after the answer is written.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use metrics::counter;
use renkei_model::id::RequestId;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::ServiceExt as _;

use crate::answer::Outright;
use crate::hall::{Seat, prepare};
use crate::line::Line;
use crate::linger::Lingering;
use crate::pulse::{Due, NEVER, Order, Phase, Pulse};

/// What a head that did not come in time is told.
const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\
    cache-control: no-store, private\r\ncontent-length: 0\r\n\r\n";

/// Serves one connection to its end.
pub async fn attend(stream: TcpStream, seat: Seat, router: Router) {
    prepare(&stream, &seat.hall.limits);
    let mut alarm = Alarm {
        sleep: pin!(sleep_until(Instant::now())),
        at: NEVER,
    };
    let mut line = Line::new(stream, Arc::clone(&seat.pulse));
    while line.has_begun() || speaks(&line, &seat, &mut alarm).await {
        match serve(line, &seat, &router, &mut alarm).await {
            Some(quiet) => line = quiet,
            None => return,
        }
    }
}

/// A timer that is set anew only for an earlier moment: a busy connection leaves it alone.
struct Alarm<'a> {
    sleep: Pin<&'a mut Sleep>,
    at: u64,
}

impl Alarm<'_> {
    /// Whether this moment, or an earlier one that it was set to, has come.
    fn rings(&mut self, at: u64, pulse: &Pulse, context: &mut Context<'_>) -> bool {
        if at < self.at {
            self.at = at;
            self.sleep.as_mut().reset(pulse.moment(at));
        }
        if self.at == NEVER || self.sleep.as_mut().poll(context).is_pending() {
            return false;
        }
        self.at = NEVER;
        true
    }
}

/// Waits for the first byte of a request; false when the connection is to end instead.
async fn speaks(line: &Line, seat: &Seat, alarm: &mut Alarm<'_>) -> bool {
    let pulse = &seat.pulse;
    let end = pulse.since().saturating_add(seat.hall.limits.idle_ms);
    poll_fn(|context| {
        let order = pulse.order(context.waker());
        // What was sent before the order came is answered.
        if let Poll::Ready(ready) = line.stream().poll_read_ready(context) {
            return Poll::Ready(ready.is_ok());
        }
        if order != Order::Stay {
            cut(if order == Order::Leave {
                "made_room"
            } else {
                "stopped"
            });
            return Poll::Ready(false);
        }
        while pulse.now() < end {
            if !alarm.rings(end, pulse, context) {
                return Poll::Pending;
            }
        }
        cut("idle");
        Poll::Ready(false)
    })
    .await
}

/// How a time of serving ended.
enum Turn {
    /// The connection is over.
    Ended,
    /// It is to be given up.
    Cut(&'static str),
    /// It is quiet.
    Quiet,
    /// A head did not come in time.
    SlowHead,
}

/// Serves until the connection ends or is quiet; the connection, if it goes on.
async fn serve(line: Line, seat: &Seat, router: &Router, alarm: &mut Alarm<'_>) -> Option<Line> {
    let pulse = &seat.pulse;
    let limits = &seat.hall.limits;
    let linger = Duration::from_millis(limits.linger_ms);
    let service = service_fn(|request: Request<Incoming>| {
        let rest = Arc::clone(pulse);
        answer(
            request.map(|body| Lingering::new(body, rest, linger)),
            router,
            pulse,
        )
    });
    let mut connection = Box::new(seat.hall.http.serve_connection(TokioIo::new(line), service));
    let mut finishing = false;
    let turn = poll_fn(|context| {
        loop {
            let order = pulse.order(context.waker());
            if Pin::new(&mut *connection).poll(context).is_ready() {
                return Poll::Ready(Turn::Ended);
            }
            match order {
                Order::Finish if !finishing => {
                    finishing = true;
                    Pin::new(&mut *connection).graceful_shutdown();
                    continue;
                }
                Order::Leave if pulse.phase() == Phase::Working => pulse.stay(),
                Order::Leave => return Poll::Ready(Turn::Cut("made_room")),
                Order::Stay | Order::Finish => {}
            }
            let (at, due) = pulse.due(limits);
            if at <= pulse.now() {
                return Poll::Ready(match due {
                    Due::Quiet => Turn::Quiet,
                    Due::SlowHead => Turn::SlowHead,
                    Due::Unread => Turn::Cut("unread"),
                });
            }
            if !alarm.rings(at, pulse, context) {
                return Poll::Pending;
            }
        }
    })
    .await;
    match turn {
        Turn::Ended => None,
        Turn::Cut(why) => {
            cut(why);
            None
        }
        Turn::SlowHead => {
            cut("slow_head");
            let line = connection.into_parts().io.into_inner();
            // Whoever does not take it at once is not told.
            let _ = line.stream().try_write(TOO_SLOW);
            None
        }
        Turn::Quiet => {
            let parts = connection.into_parts();
            let mut line = parts.io.into_inner();
            line.put_back(parts.read_buf);
            Some(line)
        }
    }
}

async fn answer(
    request: Request<Lingering>,
    router: &Router,
    pulse: &Pulse,
) -> Result<Response<Body>, Infallible> {
    pulse.turn(Phase::Working);
    let answered = if pulse.has_two_lengths(request.headers()) {
        Ok(two_lengths())
    } else {
        router.clone().oneshot(request.map(Body::new)).await
    };
    pulse.answered();
    answered
}

/// Content-Length beside Transfer-Encoding: two readers may see two different requests.
fn two_lengths() -> Response<Body> {
    let text = "Content-Length と Transfer-Encoding の両方があります / both Content-Length and Transfer-Encoding";
    let no = Outright::new(StatusCode::BAD_REQUEST, "structure", text);
    let mut response = no.answer(RequestId::new());
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// Counts a connection that the gateway ended by itself.
fn cut(why: &'static str) {
    counter!("edge_connections_cut_total", "why" => why).increment(1);
}
