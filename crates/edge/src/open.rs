//! Open doors: health, readiness, metrics, what the FHIR door can do.

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Response, StatusCode};
use renkei_fhir::capability::capability;
use renkei_flow::House;
use renkei_model::id::RequestId;
use tokio::sync::Mutex;

use crate::EdgeSettings;
use crate::answer::{put, with};
use crate::door::Porch;
use crate::incoming::{only, query};

/// The program runs.
pub async fn healthz(_porch: Arc<Porch>, _request: Request) -> Response<Body> {
    text(StatusCode::OK, "ok\n".to_owned())
}

/// The database answers.
pub async fn readyz(porch: Arc<Porch>, _request: Request) -> Response<Body> {
    if porch.readiness.ask(&porch.house).await {
        text(StatusCode::OK, "ready\n".to_owned())
    } else {
        text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n".to_owned(),
        )
    }
}

/// What the database answered a moment ago: anybody may ask, so that not everybody's question goes on.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Stopwatch, bool)>>);

/// How long an answer of the database is good for.
const MOMENT: Duration = Duration::from_millis(200);

impl Readiness {
    async fn ask(&self, house: &House) -> bool {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, ready)) if at.elapsed() < MOMENT => ready,
            _ => {
                let ready = house.store.ping().await.is_ok();
                *last = Some((Stopwatch::now(), ready));
                ready
            }
        }
    }
}

/// Figures for Prometheus; nothing of anybody.
pub async fn metrics(porch: Arc<Porch>, _request: Request) -> Response<Body> {
    text(StatusCode::OK, (porch.render_metrics)())
}

/// The CapabilityStatement, without a token, as clients ask for it first.
pub async fn metadata(porch: Arc<Porch>, request: Request) -> Response<Body> {
    let asked = query(request.uri().query().unwrap_or_default())
        .and_then(|asked| only(&asked, &["_format"]));
    if let Err(no) = asked {
        return no.answer(RequestId::new());
    }
    let base = base(&porch.settings, request.headers());
    let statement = capability(&base, env!("CARGO_PKG_VERSION"), RELEASED);
    let body = statement.to_string().into_bytes();
    let mut response = with(StatusCode::OK, body, RequestId::new());
    put(
        &mut response,
        CONTENT_TYPE,
        "application/fhir+json; charset=utf-8",
    );
    response
}

/// Date of the capability statement: the day on which what the FHIR door can do last changed.
const RELEASED: &str = "2026-11-21";

/// The base of FHIR links: by setting, or as the client addressed us.
#[must_use]
pub fn base(settings: &EdgeSettings, headers: &HeaderMap) -> String {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let clean = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let host = if host.chars().all(clean) {
        host
    } else {
        "localhost"
    };
    let root = settings
        .public_base
        .clone()
        .unwrap_or_else(|| format!("http://{host}"));
    format!("{}/fhir/R4", root.trim_end_matches('/'))
}

fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = with(status, body.into_bytes(), RequestId::new());
    put(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}
