//! A body that nobody reads to its end, because its request was refused, is taken in and thrown away for
//! a moment after the answer: whoever closes at once resets the connection, and a sender that is still
//! writing then loses the answer that tells why (RFC 9112, 9.6).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::pulse::Pulse;

/// A request's body; what is left of it when it is dropped is thrown away as it comes, for a while.
#[derive(Debug)]
pub struct Lingering {
    body: Option<Incoming>,
    pulse: Arc<Pulse>,
    patience: Duration,
}

impl Lingering {
    /// A body whose rest is waited for so long.
    pub const fn new(body: Incoming, pulse: Arc<Pulse>, patience: Duration) -> Self {
        Self {
            body: Some(body),
            pulse,
            patience,
        }
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let lingering = self.get_mut();
        let Some(body) = &mut lingering.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            lingering.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let pulse = Arc::clone(&self.pulse);
        let patience = self.patience;
        pulse.drain();
        runtime.spawn(async move {
            let rest = async { while let Some(Ok(_)) = body.frame().await {} };
            // Whoever still sends after that is cut off.
            let _ = tokio::time::timeout(patience, rest).await;
            drop(body);
            pulse.drained();
        });
    }
}
