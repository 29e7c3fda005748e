//! A request as handlers see it: path, query, headers and body, within the limits.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Stopwatch};

use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as _;
use renkei_model::clock::Instant;
use renkei_model::id::RequestId;
use renkei_model::limits::Limits;

use crate::answer::Outright;
use crate::place::{Class, Scales};

/// A request of an authenticated caller.
#[derive(Debug)]
pub struct Incoming {
    /// Names in braces of the route's path, with their values, percent-decoded.
    pub path: BTreeMap<String, String>,
    /// Query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The request's id.
    pub request: RequestId,
    /// When it arrived.
    pub at: Instant,
}

impl Incoming {
    /// A value of the path. Routes and handlers agree on the names; an unknown one is empty.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.path.get(name).cloned().unwrap_or_default()
    }

    /// Refuses every parameter that is not on the list, and every one that comes twice.
    ///
    /// # Errors
    /// [`Outright`], 400.
    pub fn only(&self, known: &[&str]) -> Result<(), Outright> {
        only(&self.query, known)
    }

    /// A query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Refuses every parameter that is not on the list, and every one that comes twice.
///
/// # Errors
/// [`Outright`], 400.
pub fn only(query: &[(String, String)], known: &[&str]) -> Result<(), Outright> {
    for (position, (name, _)) in query.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let name: String = name.chars().take(64).collect();
            return Err(Outright::parameter(&format!(
                "{name}: not a known parameter here"
            )));
        }
        if query
            .iter()
            .take(position)
            .any(|(before, _)| before == name)
        {
            return Err(Outright::parameter(&format!("{name}: given twice")));
        }
    }
    Ok(())
}

/// The parameters of a query.
///
/// # Errors
/// [`Outright`], 400, unless it is percent-encoded UTF-8.
pub fn query(text: &str) -> Result<Vec<(String, String)>, Outright> {
    decoded(text).ok_or_else(|| {
        Outright::parameter("the query is not percent-encoded UTF-8 without control characters")
    })
}

/// Refuses requests whose line or headers are too large.
///
/// # Errors
/// [`Outright`], 414 or 431.
pub fn fits(request: &Request, limits: &Limits) -> Result<(), Outright> {
    let url_bytes = request
        .uri()
        .path_and_query()
        .map_or(0, |text| text.as_str().len());
    if url_bytes > limits.url_bytes {
        return Err(Outright::new(
            StatusCode::URI_TOO_LONG,
            "too-long",
            "URL が長すぎます / the URL is too long",
        ));
    }
    // Content-Length beside Transfer-Encoding was refused before: `attend.rs`.
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        let text = "more than one Host";
        return Err(Outright::new(StatusCode::BAD_REQUEST, "structure", text));
    }
    let header_bytes: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if header_bytes > limits.header_bytes {
        return Err(Outright::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "too-long",
            "ヘッダーが大きすぎます / the headers are too large",
        ));
    }
    Ok(())
}

/// What a route takes in: how large, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A request.
    Request,
    /// A request, or a file of records as CSV, whose lines are worked through while its sender waits.
    File,
    /// A crew's request: small, and nobody on scene waits long for an answer.
    Emergency,
}

impl Load {
    /// The largest body in bytes, and the longest time.
    #[must_use]
    pub fn allowance(self, headers: &HeaderMap, limits: &Limits) -> (usize, Duration) {
        if self.class(headers) == Class::File {
            // The lines have their time for themselves; reading and answering take the usual.
            let limit_ms = limits.request_ms.saturating_add(limits.batch_ms);
            (limits.batch_bytes, Duration::from_millis(limit_ms))
        } else {
            let limit_ms = if self == Self::Emergency {
                limits.emergency_ms
            } else {
                limits.request_ms
            };
            (limits.body_bytes, Duration::from_millis(limit_ms))
        }
    }

    /// Which places it takes.
    #[must_use]
    pub fn class(self, headers: &HeaderMap) -> Class {
        let declared = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media = declared.split(';').next().unwrap_or_default().trim();
        match self {
            Self::Emergency => Class::Emergency,
            Self::File if media.eq_ignore_ascii_case("text/csv") => Class::File,
            Self::File => Class::Intake,
            Self::Request => Class::Ordinary,
        }
    }
}

/// How a body must come.
#[derive(Debug)]
pub struct BodyRule {
    /// Bytes at most.
    pub limit_bytes: usize,
    /// Nothing for so long ends it.
    pub stall: Duration,
    /// Bytes a second that it must keep up, beyond the time of one stall.
    pub pace: u64,
    /// Weighed as it comes.
    pub scales: Scales,
}

/// Reads a request to its end.
///
/// # Errors
/// [`Outright`]: 400 for a query that is not UTF-8 or a body that breaks off, 408 for one that stops, 413
/// for one that is too large, 503 when all bodies together are.
pub async fn read(
    params: RawPathParams,
    request: Request,
    rule: &mut BodyRule,
    (id, at): (RequestId, Instant),
) -> Result<Incoming, Outright> {
    let path = params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let query = query(request.uri().query().unwrap_or_default())?;
    let (parts, body) = request.into_parts();
    Ok(Incoming {
        path,
        query,
        headers: parts.headers,
        body: collect(body, rule).await?,
        request: id,
        at,
    })
}

async fn collect(body: Body, rule: &mut BodyRule) -> Result<Bytes, Outright> {
    let limit_bytes = rule.limit_bytes;
    let mut body = Limited::new(body, limit_bytes);
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut bytes = 0_usize;
    let began = Stopwatch::now();
    while !body.is_end_stream() {
        let Ok(next) = tokio::time::timeout(rule.stall, body.frame()).await else {
            return Err(stopped());
        };
        let frame = match next {
            None => break,
            Some(Ok(frame)) => frame,
            Some(Err(error)) if error.is::<LengthLimitError>() => {
                return Err(too_large(limit_bytes));
            }
            Some(Err(_)) => {
                let text = "本文が途中で切れました / the body stopped before its end";
                return Err(Outright::new(StatusCode::BAD_REQUEST, "structure", text));
            }
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        bytes += data.len();
        rule.scales.weigh(bytes)?;
        let earned_ms = u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000)
            / rule.pace;
        if began.elapsed() > rule.stall + Duration::from_millis(earned_ms) {
            return Err(stopped());
        }
        // Most bodies come in one piece, which is not copied.
        if first.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn stopped() -> Outright {
    let text = "本文が届きません。受け付けていません。再送してください / the body did not come; nothing was taken; send it again";
    Outright::new(StatusCode::REQUEST_TIMEOUT, "timeout", text)
}

fn too_large(limit_bytes: usize) -> Outright {
    Outright::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-long",
        &format!(
            "本文が大きすぎます(最大{limit_bytes}バイト) / the body has more than {limit_bytes} bytes"
        ),
    )
}

fn decoded(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((percent(name)?, percent(value)?))
        })
        .collect()
}

fn percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low)
                    .ok()
                    .filter(|byte| *byte >= b' ')?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_strictly() {
        assert_eq!(
            decoded("identifier=urn%3Ax%7C1+2&&a"),
            Some(vec![
                ("identifier".to_owned(), "urn:x|1 2".to_owned()),
                ("a".to_owned(), String::new())
            ])
        );
        assert_eq!(decoded(""), Some(Vec::new()), "an empty query is no query");
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00", "a=%0A"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
