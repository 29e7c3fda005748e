//! Answers: the one table from a refusal to a status, and the headers that every answer carries.
//!
//! | kind | status |
//! |---|---|
//! | `Absent` | 404 |
//! | `Gone` | 410 |
//! | `Forbidden` | 403 |
//! | `Structure`, `Parameter` | 400 |
//! | `Fields` | 422 |
//! | `TooLarge` | 413 |
//! | `MediaType` | 415 |
//! | `Conflict` | 409 |
//! | `TooMany` | 429 with Retry-After |
//! | `Busy` | 503 with Retry-After |
//! | `Full` | 507 |
//! | `Bug` | 500 |
//!
//! The words are flow's: `crates/flow/src/outcome.rs`.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use renkei_flow::outcome::outcome;
use renkei_flow::refusal::DoorRefusal;
use renkei_flow::render::{Form, Sight};
use renkei_flow::{Kind, Refusal, Refused};
use renkei_model::clock::Instant;
use renkei_model::id::RequestId;
use serde_json::Value;

/// A no that needs no look at anybody's data: a malformed request, an unknown route, no token.
#[derive(Debug)]
pub struct Outright {
    status: StatusCode,
    code: &'static str,
    text: String,
    retry_s: Option<u64>,
    turned_away: bool,
}

/// Marks the answer to a request that was turned away before anything was done for it.
#[derive(Debug, Clone, Copy)]
pub struct TurnedAway;

impl Outright {
    /// A no.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, text: &str) -> Self {
        Self {
            status,
            code,
            text: text.to_owned(),
            retry_s: None,
            turned_away: false,
        }
    }

    /// A no to whom there is no place for now: come again after so many seconds.
    #[must_use]
    pub fn later(status: StatusCode, code: &'static str, text: &str, retry_s: u64) -> Self {
        Self {
            turned_away: true,
            ..Self::new(status, code, text).retry(retry_s)
        }
    }

    /// The same with the seconds after which it makes sense to try again.
    #[must_use]
    pub fn retry(self, retry_s: u64) -> Self {
        Self {
            retry_s: Some(retry_s),
            ..self
        }
    }

    /// Whether nothing was asked yet: such a no is counted, and not on record.
    #[must_use]
    pub const fn is_turned_away(&self) -> bool {
        self.turned_away
    }

    /// 400 for a parameter.
    #[must_use]
    pub fn parameter(text: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", text)
    }

    /// The same no for the corridors' records.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        DoorRefusal {
            code: self.code,
            text: self.text.clone(),
        }
        .into()
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self, request: RequestId) -> Response<Body> {
        let mut response = fhir(self.status, &outcome(&self.refusal()), request);
        if self.status == StatusCode::UNAUTHORIZED {
            put_static(&mut response, header::WWW_AUTHENTICATE, "Bearer");
        }
        if let Some(seconds) = self.retry_s {
            put(&mut response, header::RETRY_AFTER, &seconds.to_string());
        }
        if self.turned_away {
            response.extensions_mut().insert(TurnedAway);
        }
        response
    }
}

/// Either kind of no.
#[derive(Debug)]
pub enum Rejected {
    /// By a corridor, on record.
    Refused(Box<Refused>),
    /// At the door; goes on record before it is told, if the caller is known.
    Outright(Outright),
    /// At the door, and on record.
    Told(Outright),
}

impl Rejected {
    /// What is told once a no of the door was to be recorded: that no, or "later" if it could not be.
    #[must_use]
    pub fn told(no: Outright, refused: Refused) -> Self {
        match refused.refusal {
            Refusal::Door(_) => Self::Told(no),
            _ => refused.into(),
        }
    }
}

impl From<Refused> for Rejected {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<Outright> for Rejected {
    fn from(outright: Outright) -> Self {
        Self::Outright(outright)
    }
}

/// What an audited route answers when all went well.
#[derive(Debug)]
pub struct Reply {
    /// 200 or 201.
    pub status: StatusCode,
    /// What was found or made.
    pub sight: Sight,
}

impl Reply {
    /// 200 with plain JSON.
    #[must_use]
    pub const fn json(body: Vec<u8>) -> Self {
        let sight = Sight {
            body,
            form: Form::Json,
            version: None,
            modified: None,
        };
        Self {
            status: StatusCode::OK,
            sight,
        }
    }
}

/// Turns a reply into bytes. A version that the caller already has (`If-None-Match`) is not sent again; that
/// is decided here, after the rights were.
#[must_use]
pub fn reply(reply: Reply, known: Option<&HeaderValue>, request: RequestId) -> Response<Body> {
    let Reply { status, sight } = reply;
    let etag = sight.version.map(|version| format!("W/\"{version}\""));
    let unchanged = match (&sight.version, known.and_then(|known| known.to_str().ok())) {
        (Some(version), Some(known)) => known.split(',').any(|tag| names(tag, *version)),
        _ => false,
    };
    let (status, body) = if unchanged {
        (StatusCode::NOT_MODIFIED, Vec::new())
    } else {
        (status, sight.body)
    };
    let mut response = with(status, body, request);
    if !unchanged {
        let media_type = match sight.form {
            Form::Fhir => "application/fhir+json; charset=utf-8",
            Form::Json => "application/json; charset=utf-8",
            Form::Hl7 => "application/hl7-v2",
        };
        put_static(&mut response, CONTENT_TYPE, media_type);
    }
    if let Some(etag) = etag {
        put(&mut response, ETAG, &etag);
    }
    if let Some(modified) = sight.modified {
        put(&mut response, LAST_MODIFIED, &http_date(modified));
    }
    response
}

/// `W/"3"`, `"3"` and, as one client sends it, `3`.
fn names(tag: &str, version: i64) -> bool {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    tag.parse() == Ok(version)
}

/// Turns a refusal into bytes.
#[must_use]
pub fn refused(refused: &Refused) -> Response<Body> {
    let refusal = &refused.refusal;
    let kind = refusal.kind();
    let mut response = fhir(status(kind), &outcome(refusal), refused.request);
    let retry_s = refusal.retry_s().or((kind == Kind::Busy).then_some(5));
    if let Some(seconds) = retry_s {
        put(&mut response, header::RETRY_AFTER, &seconds.to_string());
    }
    if matches!(kind, Kind::Bug | Kind::Busy | Kind::Full) {
        tracing::error!(request = %refused.request, cause = %causes(refusal), "refused");
    }
    response
}

const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Absent => StatusCode::NOT_FOUND,
        Kind::Gone => StatusCode::GONE,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Structure | Kind::Parameter => StatusCode::BAD_REQUEST,
        Kind::Fields => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Full => StatusCode::INSUFFICIENT_STORAGE,
        Kind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn fhir(status: StatusCode, outcome: &Value, request: RequestId) -> Response<Body> {
    let mut response = with(status, outcome.to_string().into_bytes(), request);
    put_static(
        &mut response,
        CONTENT_TYPE,
        "application/fhir+json; charset=utf-8",
    );
    response
}

/// Headers of an answer at most, with those that hyper adds.
const HEADERS: usize = 12;

/// An answer with the headers that all answers carry.
#[must_use]
pub fn with(status: StatusCode, body: Vec<u8>, request: RequestId) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    // Room for all that an answer has: growing would put every header anew.
    response.headers_mut().reserve(HEADERS);
    put_static(&mut response, CACHE_CONTROL, "no-store, private");
    put_static(&mut response, header::VARY, "Authorization");
    put_static(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put_static(
        &mut response,
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'",
    );
    put(
        &mut response,
        HeaderName::from_static("x-request-id"),
        &request.to_string(),
    );
    response
}

/// Sets a header to a value that never changes.
fn put_static(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    let value = HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
}

/// Sets a header; a value that is no header value is left out.
pub fn put(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn http_date(at: Instant) -> String {
    let since = std::time::Duration::from_micros(at.0.max(0).unsigned_abs());
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + since)
}
