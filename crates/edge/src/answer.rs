//! Answers: the one table from a refusal to a status, and the headers that every answer carries.
//!
//! | kind | status | issue code |
//! |---|---|---|
//! | `Absent` | 404 | not-found |
//! | `Gone` | 410 | deleted |
//! | `Forbidden` | 403 | forbidden |
//! | `Structure` | 400 | structure |
//! | `Fields` | 422 | by fault: required, value, code-invalid |
//! | `Parameter` | 400 | invalid |
//! | `TooLarge` | 413 | too-long |
//! | `MediaType` | 415 | not-supported |
//! | `Conflict` | 409 | conflict |
//! | `Busy` | 503 with Retry-After | transient |
//! | `Full` | 507 | no-store |
//! | `Bug` | 500 | exception |

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LAST_MODIFIED};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use renkei_fhir::outcome::{Issue, Severity, outcome};
use renkei_flow::render::{Form, Sight};
use renkei_flow::{Kind, Refused};
use renkei_model::clock::Instant;
use renkei_model::id::RequestId;
use renkei_model::message::{Fault, FaultKind};

/// A no that needs no look at anybody's data: a malformed request, an unknown route, no token.
#[derive(Debug)]
pub struct Outright {
    status: StatusCode,
    code: &'static str,
    text: String,
}

impl Outright {
    /// A no.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, text: &str) -> Self {
        Self {
            status,
            code,
            text: text.to_owned(),
        }
    }

    /// 400 for a parameter.
    #[must_use]
    pub fn parameter(text: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", text)
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self, request: RequestId) -> Response<Body> {
        let issue = Issue {
            severity: Severity::Error,
            code: self.code,
            diagnostics: self.text.clone(),
            expression: None,
        };
        let mut response = fhir(self.status, &[issue], request);
        if self.status == StatusCode::UNAUTHORIZED {
            put(&mut response, header::WWW_AUTHENTICATE, "Bearer");
        }
        response
    }
}

/// Either kind of no.
#[derive(Debug)]
pub enum Rejected {
    /// By a corridor, on record.
    Refused(Box<Refused>),
    /// At the door.
    Outright(Outright),
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

/// Turns a reply into bytes. A version that the caller already has is not sent again; that is decided
/// here, after the rights were.
#[must_use]
pub fn reply(reply: Reply, asked: &HeaderMap, request: RequestId) -> Response<Body> {
    let Reply { status, sight } = reply;
    let etag = sight.version.map(|version| format!("W/\"{version}\""));
    let unchanged = match (
        &sight.version,
        asked.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()),
    ) {
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
        };
        put(&mut response, CONTENT_TYPE, media_type);
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
    let (status, code, text) = line(kind);
    let mut response = if refusal.faults().is_empty() {
        let text = match kind {
            Kind::Parameter | Kind::Conflict | Kind::Structure => specific(refusal, text),
            _ => text.to_owned(),
        };
        Outright::new(status, code, &text).answer(refused.request)
    } else {
        let issues: Vec<Issue> = refusal
            .faults()
            .iter()
            .map(|fault| issue(fault, code))
            .collect();
        fhir(status, &issues, refused.request)
    };
    if kind == Kind::Busy {
        put(&mut response, header::RETRY_AFTER, "5");
    }
    if matches!(kind, Kind::Bug | Kind::Busy | Kind::Full) {
        tracing::error!(request = %refused.request, cause = %causes(refusal), "refused");
    }
    response
}

const fn line(kind: Kind) -> (StatusCode, &'static str, &'static str) {
    match kind {
        Kind::Absent => (
            StatusCode::NOT_FOUND,
            "not-found",
            "見つかりません / not found",
        ),
        Kind::Gone => (StatusCode::GONE, "deleted", "削除されています / deleted"),
        Kind::Forbidden => (
            StatusCode::FORBIDDEN,
            "forbidden",
            "この職種・施設には許可されていません。事務局にお問い合わせください / not permitted to this profession and facility; ask the network's office",
        ),
        Kind::Structure => (
            StatusCode::BAD_REQUEST,
            "structure",
            "電文として読めません / not a message of this format",
        ),
        Kind::Fields => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "項目に誤りがあります / a field breaks a rule",
        ),
        Kind::Parameter => (StatusCode::BAD_REQUEST, "invalid", "parameter not valid"),
        Kind::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-long",
            "大きすぎます / larger than the limit",
        ),
        Kind::MediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-supported",
            "Content-Type は application/json にしてください / send application/json",
        ),
        Kind::Conflict => (
            StatusCode::CONFLICT,
            "conflict",
            "競合しています / conflict",
        ),
        Kind::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "transient",
            "受け付けていません。後で再送してください / nothing was taken; send it again later",
        ),
        Kind::Full => (
            StatusCode::INSUFFICIENT_STORAGE,
            "no-store",
            "保存先に空きがありません。受け付けていません / no room left; nothing was taken",
        ),
        Kind::Bug => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            "内部エラーです。受け付けていません / internal error; nothing was taken",
        ),
    }
}

/// The room's own words where they are meant for the sender.
fn specific(refusal: &renkei_flow::Refusal, general: &str) -> String {
    std::error::Error::source(refusal).map_or_else(|| general.to_owned(), ToString::to_string)
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

fn issue(fault: &Fault, code: &'static str) -> Issue {
    let code = match (code, fault.kind) {
        ("conflict", _) => "conflict",
        (_, FaultKind::Structure) => "structure",
        (_, FaultKind::Required) => "required",
        (_, FaultKind::Value) => "value",
        (_, FaultKind::Code) => "code-invalid",
        (_, FaultKind::TooMuch) => "too-long",
    };
    let place = fault.span.map_or_else(String::new, |span| {
        format!(" (bytes {}–{} of the message)", span.start, span.end)
    });
    Issue {
        severity: Severity::Error,
        code,
        diagnostics: format!("{}: {}{place}", fault.field, fault.rule),
        expression: Some(fault.field.clone()),
    }
}

fn fhir(status: StatusCode, issues: &[Issue], request: RequestId) -> Response<Body> {
    let mut response = with(status, outcome(issues).to_string().into_bytes(), request);
    put(
        &mut response,
        CONTENT_TYPE,
        "application/fhir+json; charset=utf-8",
    );
    response
}

/// An answer with the headers that all answers carry.
#[must_use]
pub fn with(status: StatusCode, body: Vec<u8>, request: RequestId) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    put(&mut response, CACHE_CONTROL, "no-store, private");
    put(&mut response, header::VARY, "Authorization");
    put(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(
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
