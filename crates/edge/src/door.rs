//! All routes, in one list, and the two kinds of door.
//!
//! An open door answers anybody and touches nobody's data. An audited door knows its caller, and its
//! handler can return nothing but a [`Recorded`] reply: without a committed audit leaf there is no answer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::IF_NONE_MATCH;
use axum::http::{Method, Response, StatusCode};
use axum::routing::{MethodFilter, MethodRouter, on};
use renkei_flow::refuse::{Asker, refuse};
use renkei_flow::staff::employed;
use renkei_flow::{House, Recorded, urgently};
use renkei_model::Caller;
use renkei_model::id::RequestId;

use crate::answer::{Outright, Rejected, Reply, refused, reply};
use crate::crew::Crews;
use crate::guard::guard;
use crate::incoming::{BodyRule, Incoming, Load, fits, read};
use crate::key::IssuerKey;
use crate::open::Readiness;
use crate::place::Gate;
use crate::tally::Tally;
use crate::{EdgeSettings, emergency, fhir, identity, mailbox, network, office, open};

/// What all doors share.
pub struct Porch {
    /// The house behind them.
    pub house: Arc<House>,
    /// Settings.
    pub settings: EdgeSettings,
    /// Checks tokens.
    pub key: IssuerKey,
    /// How many come in at once.
    pub gate: Gate,
    /// Who answers crews.
    pub crews: Crews,
    /// Whether the database answers.
    pub readiness: Readiness,
    /// The metrics page.
    pub render_metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// A route as `renkei routes` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteLine {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with names in braces.
    pub path: &'static str,
    /// `open` or `audited`.
    pub kind: &'static str,
}

/// After how many seconds it makes sense to try again what took too long.
const RETRY_S: u64 = 5;

struct Route {
    line: RouteLine,
    service: MethodRouter<Arc<Porch>>,
}

/// Every route that there is.
#[rustfmt::skip]
fn list() -> Vec<Route> {
    vec![
        open_door("/healthz", open::healthz),
        open_door("/readyz", open::readyz),
        open_door("/metrics", open::metrics),
        open_door("/fhir/R4/metadata", open::metadata),
        audited("GET", "/fhir/R4/{type}", fhir::search),
        audited("POST", "/fhir/R4/{type}/_search", fhir::search_by_post),
        audited("GET", "/fhir/R4/{type}/{id}", fhir::read),
        audited("GET", "/fhir/R4/{type}/{id}/_history", fhir::history),
        audited("GET", "/fhir/R4/{type}/{id}/_history/{version}", fhir::vread),
        taking(Load::File, "POST", "/networks/{network}/messages", network::post_message),
        audited("POST", "/networks/{network}/directory", network::post_directory),
        audited("POST", "/networks/{network}/staff", office::post_staff),
        audited("POST", "/networks/{network}/staff/preview", office::post_staff_preview),
        audited("GET", "/networks/{network}/staff", office::get_staff),
        audited("GET", "/networks/{network}/report", office::get_report),
        audited("GET", "/networks/{network}/{message}/{id}", network::get_native),
        audited("GET", "/messages/{id}/lineage", office::get_lineage),
        audited("GET", "/inbox", mailbox::get_inbox),
        audited("POST", "/inbox/{id}/receipt", mailbox::post_receipt),
        audited("GET", "/sheets/{id}", mailbox::get_sheet),
        audited("GET", "/audit", mailbox::get_audit),
        taking(Load::Emergency, "POST", "/emergency/search", emergency::post_search),
        taking(Load::Emergency, "POST", "/emergency/{record}/card", emergency::post_card),
        taking(Load::Emergency, "POST", "/emergency/{record}/wrong-person", emergency::post_wrong_person),
        taking(Load::Emergency, "GET", "/emergency/notes", emergency::get_notes),
        taking(Load::Emergency, "POST", "/emergency/notes", emergency::post_note),
        taking(Load::Emergency, "POST", "/emergency/notes/{id}/link", emergency::post_note_link),
        audited("GET", "/identity/reviews", identity::get_reviews),
        audited("POST", "/identity/reviews/{id}/decision", identity::post_decision),
        audited("POST", "/identity/links", identity::post_link),
        audited("POST", "/identity/unlinks", identity::post_unlink),
        audited("POST", "/identity/changes/{id}/undo", identity::post_undo),
        audited("GET", "/identity/records/{id}/changes", identity::get_changes),
    ]
}

/// All routes, for `renkei routes` and for the test that looks for doors without a refusal case.
#[must_use]
pub fn routes() -> Vec<RouteLine> {
    list().into_iter().map(|route| route.line).collect()
}

/// The router: the list, and a clear no for everything else.
pub fn router(porch: Arc<Porch>) -> Router {
    let mut router = Router::new();
    for route in list() {
        router = router.route(route.line.path, route.service);
    }
    router
        .fallback(|| async {
            let text = "この経路はありません。FHIR の内容は /fhir/R4/metadata に / no such route; what the FHIR door offers is in /fhir/R4/metadata";
            let no = Outright::new(StatusCode::NOT_FOUND, "not-supported", text);
            no.answer(RequestId::new())
        })
        .method_not_allowed_fallback(|| async {
            let text = "このメソッドは使えません / this method is not offered here";
            let no = Outright::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", text);
            no.answer(RequestId::new())
        })
        .with_state(porch)
}

fn open_door<H, F>(path: &'static str, handler: H) -> Route
where
    H: Fn(Arc<Porch>, Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let line = RouteLine {
        method: "GET",
        path,
        kind: "open",
    };
    let tally = Arc::new(Tally::of(line));
    let service = on(
        MethodFilter::GET,
        move |State(porch): State<Arc<Porch>>, request: Request| {
            let id = RequestId::new();
            let handler = handler.clone();
            measured(Arc::clone(&tally), id, async move {
                match fits(&request, &porch.settings.limits) {
                    Ok(()) => handler(porch, request).await,
                    Err(no) => no.answer(id),
                }
            })
        },
    );
    Route { line, service }
}

fn audited<H, F>(method: &'static str, path: &'static str, handler: H) -> Route
where
    H: Fn(Arc<Porch>, Caller, Incoming) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Recorded<Reply>, Rejected>> + Send + 'static,
{
    taking(Load::Request, method, path, handler)
}

/// An audited door with limits of its own.
fn taking<H, F>(load: Load, method: &'static str, path: &'static str, handler: H) -> Route
where
    H: Fn(Arc<Porch>, Caller, Incoming) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Recorded<Reply>, Rejected>> + Send + 'static,
{
    let line = RouteLine {
        method,
        path,
        kind: "audited",
    };
    let filter = if line.method == Method::POST.as_str() {
        MethodFilter::POST
    } else {
        MethodFilter::GET
    };
    let tally = Arc::new(Tally::of(line));
    let service = on(
        filter,
        move |State(porch): State<Arc<Porch>>, params: RawPathParams, request: Request| {
            let id = RequestId::new();
            let handler = handler.clone();
            measured(Arc::clone(&tally), id, async move {
                let known = request.headers().get(IF_NONE_MATCH).cloned();
                let (_, limit) = load.allowance(request.headers(), &porch.settings.limits);
                let crews = porch.crews.clone();
                // Behind a pointer: whoever hands it on would otherwise copy all that it may ever hold.
                let walk = Box::pin(walk(porch, params, request, (id, load), handler));
                let answered = if load == Load::Emergency {
                    let answered = crews.run(urgently(in_time(limit, walk))).await;
                    answered.unwrap_or_else(|| Err(too_late()))
                } else {
                    in_time(limit, walk).await
                };
                match answered {
                    Ok(recorded) => reply(recorded.into_inner(), known.as_ref(), id),
                    Err(Rejected::Refused(no)) => refused(&no),
                    Err(Rejected::Outright(no) | Rejected::Told(no)) => no.answer(id),
                }
            })
        },
    );
    Route { line, service }
}

async fn in_time<F>(limit: Duration, walk: F) -> Result<Recorded<Reply>, Rejected>
where
    F: Future<Output = Result<Recorded<Reply>, Rejected>> + Send,
{
    let walked = tokio::time::timeout(limit, walk).await;
    walked.unwrap_or_else(|_| Err(too_late()))
}

/// Whatever was not committed by now is rolled back; what was is answered when it is sent again.
fn too_late() -> Rejected {
    let text = "時間切れです。再送してください / out of time; send it again";
    let no = Outright::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", text);
    no.retry(RETRY_S).into()
}

/// Through the door: a place, a caller, a request; then the handler. Who finds no place is told so before
/// anybody's data is asked for, and no leaf is written: nothing was asked of anybody.
async fn walk<H, F>(
    porch: Arc<Porch>,
    params: RawPathParams,
    request: Request,
    (id, load): (RequestId, Load),
    handler: H,
) -> Result<Recorded<Reply>, Rejected>
where
    H: Fn(Arc<Porch>, Caller, Incoming) -> F + Send,
    F: Future<Output = Result<Recorded<Reply>, Rejected>> + Send,
{
    let at = porch.house.clock.now();
    let class = load.class(request.headers());
    fits(&request, &porch.settings.limits)?;
    porch.gate.glance(class)?;
    let caller = guard(&porch.key, &porch.settings, request.headers(), at)
        .map_err(|no| Outright::new(StatusCode::UNAUTHORIZED, "login", &no.to_string()))?;
    let _counted = porch.gate.count(&caller, class)?;
    // Whoever sends slowly takes nobody's place meanwhile.
    let mut rule = body_rule(&porch, load, &request);
    let incoming = match read(params, request, &mut rule, (id, at)).await {
        Err(no) if no.is_turned_away() => return Err(no.into()),
        incoming => incoming,
    };
    let _place = porch.gate.place(class).await?;
    let caller = employed(&porch.house, caller, (id, at)).await?;
    let asker = Asker {
        caller: caller.clone(),
        request: id,
        at,
        action: "door",
        about: None,
    };
    let house = Arc::clone(&porch.house);
    let answered = async { Box::pin(handler(porch, caller, incoming?)).await };
    match answered.await {
        Err(Rejected::Outright(no)) => {
            let refused = Box::pin(refuse(&house, asker, no.refusal())).await;
            Err(Rejected::told(no, refused))
        }
        answer => answer,
    }
}

fn body_rule(porch: &Porch, load: Load, request: &Request) -> BodyRule {
    let headers = request.headers();
    let (limit_bytes, _) = load.allowance(headers, &porch.settings.limits);
    let connections = porch.settings.connections;
    BodyRule {
        limit_bytes,
        stall: Duration::from_millis(connections.body_stall_ms),
        pace: connections.pace,
        scales: porch.gate.scales(load.class(headers)),
    }
}

/// Counts a request and logs one line of it.
async fn measured<F>(tally: Arc<Tally>, id: RequestId, work: F) -> Response<Body>
where
    F: Future<Output = Response<Body>> + Send,
{
    let started = Stopwatch::now();
    let response = work.await;
    tally.note(&response, id, started.elapsed());
    response
}
