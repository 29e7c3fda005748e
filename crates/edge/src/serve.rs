//! Opens the doors, and closes them without dropping what was accepted.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

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
use crate::door::{Porch, router};
use crate::key::IssuerKey;

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
    /// The listener broke.
    #[error("the listener broke")]
    Serve(#[source] std::io::Error),
}

/// A bound listener with everything behind it.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
}

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
        let porch = Arc::new(Porch {
            house,
            settings,
            key,
            render_metrics,
        });
        let router = router(porch).layer(CatchPanicLayer::custom(panicked));
        Ok(Self {
            listener,
            address,
            router,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` completes; then takes no new connection and finishes the open requests.
    ///
    /// # Errors
    /// [`DoorError::Serve`].
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), DoorError> {
        axum::serve(self.listener, self.router)
            .with_graceful_shutdown(shutdown)
            .await
            .map_err(DoorError::Serve)
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
