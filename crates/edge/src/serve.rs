//! Opens the doors, and closes them without dropping what was accepted.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use renkei_flow::House;
use renkei_model::id::RequestId;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;

use crate::EdgeSettings;
use crate::answer::Outright;
use crate::crew::Crews;
use crate::door::{Porch, router};
use crate::hall::{Hall, welcome_waiting};
use crate::key::IssuerKey;
use crate::open::Readiness;
use crate::place::Gate;

/// Why the doors do not open.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The system gives no threads.
    #[error("no threads for those who answer crews")]
    Crews(#[source] std::io::Error),
    /// A door without proof of who knocks is open to this machine only.
    #[error("{address} is not a loopback address: HL7 over MLLP has no TLS here yet")]
    Open {
        /// The address.
        address: SocketAddr,
    },
}

/// A bound listener with everything behind it.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    hall: Arc<Hall>,
}

/// What is a little too large is answered by `incoming.rs` in our words; beyond this it is cut off.
const HEADER_SLACK_BYTES: usize = 8_192;
/// No connection can be accepted for now: others must end first.
const FULL_PAUSE: Duration = Duration::from_millis(20);

impl Door {
    /// Binds the address.
    ///
    /// # Errors
    /// [`DoorError::Listen`].
    pub async fn bind(
        settings: EdgeSettings,
        house: Arc<House>,
        key: IssuerKey,
        render_metrics: Arc<dyn Fn() -> String + Send + Sync>,
    ) -> Result<Self, DoorError> {
        let address = settings.listen;
        let failed = |cause| DoorError::Listen { address, cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let limits = &settings.limits;
        let hall = Hall::open(
            settings.connections,
            limits.header_bytes + limits.url_bytes + HEADER_SLACK_BYTES,
        );
        let crews = Crews::start().map_err(DoorError::Crews)?;
        let porch = Arc::new(Porch {
            house,
            crews,
            gate: Gate::new(settings.admission),
            settings,
            key,
            render_metrics,
            readiness: Readiness::default(),
        });
        let router = router(porch).layer(CatchPanicLayer::custom(panicked));
        Ok(Self {
            listener,
            address,
            router,
            hall,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` completes; then takes no new connection and finishes the open requests.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => self.hall.welcome(stream, &self.router),
                // Who hung up before being let in.
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    self.hall.make_room_for_one();
                    tokio::time::sleep(FULL_PAUSE).await;
                }
            }
        }
        // Whoever stood at the door when it closed is let in.
        welcome_waiting(&self.listener, &self.hall, &self.router);
        drop(self.listener);
        self.hall.close().await;
    }

    /// One request through the same router, without a socket.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, content_type);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let Ok(request) = request.body(Body::from(body)) else {
            return (StatusCode::BAD_REQUEST.as_u16(), Vec::new());
        };
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        (
            status,
            body.map(|body| body.to_bytes().to_vec())
                .unwrap_or_default(),
        )
    }
}

fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// A panic in one request ends that request only. What it said may hold anything: it is not passed on.
fn panicked(_cause: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    tracing::error!("a request panicked");
    let no = Outright::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "exception",
        "internal error",
    );
    no.answer(RequestId::new())
}
