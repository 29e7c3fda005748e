//! What is counted and logged of a request: the route as listed, never the URL.

use std::sync::OnceLock;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use metrics::{Counter, Histogram, counter, histogram};
use renkei_model::id::RequestId;

use crate::answer::TurnedAway;
use crate::door::RouteLine;

/// The statuses that this program answers with, as labels.
const STATUSES: [(u16, &str); 20] = [
    (200, "200"),
    (201, "201"),
    (304, "304"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (408, "408"),
    (409, "409"),
    (410, "410"),
    (413, "413"),
    (414, "414"),
    (415, "415"),
    (422, "422"),
    (429, "429"),
    (431, "431"),
    (500, "500"),
    (503, "503"),
    (507, "507"),
];

/// One route's figures. Each is looked up once, when it is first needed.
#[derive(Debug)]
pub struct Tally {
    line: RouteLine,
    seconds: OnceLock<Histogram>,
    answers: [OnceLock<Counter>; STATUSES.len()],
}

impl Tally {
    /// The figures of a route.
    #[must_use]
    pub fn of(line: RouteLine) -> Self {
        Self {
            line,
            seconds: OnceLock::new(),
            answers: [const { OnceLock::new() }; STATUSES.len()],
        }
    }

    /// Counts an answer and logs one line of it. Who was turned away because the house is full is counted
    /// only: a crowd must not fill the log.
    pub fn note(&self, response: &Response<Body>, id: RequestId, took: Duration) {
        let route = self.line.path;
        let status = response.status().as_u16();
        match STATUSES.iter().position(|(known, _)| *known == status) {
            Some(at) => {
                if let (Some(cell), Some((_, label))) = (self.answers.get(at), STATUSES.get(at)) {
                    cell.get_or_init(
                        || counter!("edge_requests_total", "route" => route, "status" => *label),
                    )
                    .increment(1);
                }
            }
            None => {
                let label = status.to_string();
                counter!("edge_requests_total", "route" => route, "status" => label).increment(1);
            }
        }
        if response.extensions().get::<TurnedAway>().is_some() {
            return;
        }
        self.seconds
            .get_or_init(|| histogram!("edge_request_seconds", "route" => route))
            .record(took.as_secs_f64());
        tracing::info!(
            request = %id,
            method = self.line.method,
            route,
            status,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}
