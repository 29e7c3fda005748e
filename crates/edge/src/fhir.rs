//! The FHIR door, first slice: read, vread, Patient by identifier. Everything else is refused.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use renkei_fhir::types::ResourceType;
use renkei_flow::look::{Ask, Question};
use renkei_flow::{Recorded, look};
use renkei_model::Caller;

use crate::answer::{Outright, Rejected, Reply};
use crate::door::Porch;
use crate::incoming::Incoming;
use crate::open::base;

type Answer = Result<Recorded<Reply>, Rejected>;

/// `GET /fhir/R4/{type}/{id}`
pub async fn read(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    resource(porch, caller, incoming, None).await
}

/// `GET /fhir/R4/{type}/{id}/_history/{version}`
pub async fn vread(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    let version = incoming.path("version");
    resource(porch, caller, incoming, Some(version)).await
}

async fn resource(
    porch: Arc<Porch>,
    caller: Caller,
    incoming: Incoming,
    version: Option<String>,
) -> Answer {
    incoming.only(&["_format"])?;
    json_wanted(&incoming)?;
    let resource_type: ResourceType = incoming.path("type").parse().map_err(|_| {
        Outright::new(
            StatusCode::NOT_FOUND,
            "not-supported",
            "this resource type is not offered",
        )
    })?;
    let question = Question::Resource {
        resource_type: resource_type.as_str(),
        id: incoming.path("id"),
        version,
    };
    ask(&porch, caller, &incoming, question).await
}

/// `GET /fhir/R4/Patient?identifier=system|value`. `_count` limits the entries; `_totalMethod` is what
/// one client sends beside `_count=0` and asks for nothing that the total does not say already.
pub async fn search_patients(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&["identifier", "_count", "_totalMethod", "_format"])?;
    json_wanted(&incoming)?;
    let identifier = incoming
        .parameter("identifier")
        .ok_or_else(|| Outright::parameter("identifier: required in a search for Patient"))?
        .to_owned();
    let count = incoming.parameter("_count").map(str::parse).transpose();
    let count = count.map_err(|_| Outright::parameter("_count: a whole number from 0"))?;
    ask(
        &porch,
        caller,
        &incoming,
        Question::Patients { identifier, count },
    )
    .await
}

/// Asks the corridor and passes on what it saw.
pub(crate) async fn ask(
    porch: &Porch,
    caller: Caller,
    incoming: &Incoming,
    question: Question,
) -> Answer {
    let ask = Ask {
        caller,
        request: incoming.request,
        at: incoming.at,
        base: base(&porch.settings, &incoming.headers),
        question,
    };
    let recorded = look(&porch.house, ask).await?;
    Ok(recorded.map(|sight| Reply {
        status: StatusCode::OK,
        sight,
    }))
}

/// JSON is the only form. Clients that name XML first and JSON somewhere are answered in JSON; one that
/// accepts no JSON at all is told so.
fn json_wanted(incoming: &Incoming) -> Result<(), Outright> {
    let json = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("json") || text.contains("*/*") || text.contains("application/*")
    };
    let format = incoming.parameter("_format").is_none_or(json);
    let mut lines = incoming.headers.get_all(ACCEPT).iter().peekable();
    let accept = lines.peek().is_none() || lines.any(|line| line.to_str().is_ok_and(json));
    if format && (accept || incoming.parameter("_format").is_some()) {
        return Ok(());
    }
    Err(Outright::new(
        StatusCode::NOT_ACCEPTABLE,
        "not-supported",
        "only JSON is offered",
    ))
}
