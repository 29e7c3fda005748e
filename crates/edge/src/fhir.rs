//! The FHIR door: read, vread, history of an instance, search. Everything else is refused.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use renkei_fhir::search::count;
use renkei_fhir::types::ResourceType;
use renkei_flow::look::{Ask, HistoryQuestion, Page, Question};
use renkei_flow::{Recorded, look};
use renkei_model::Caller;

use crate::answer::{Outright, Rejected, Reply};
use crate::door::Porch;
use crate::incoming::{Incoming, only, query};
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
    json_wanted(&incoming, incoming.parameter("_format"))?;
    let question = Question::Resource {
        resource_type: served(&incoming)?.as_str(),
        id: incoming.path("id"),
        version,
    };
    ask(&porch, caller, &incoming, question).await
}

/// `GET /fhir/R4/{type}/{id}/_history`, paged by `_count` and our cursors, or by `_count` and `_offset` as one
/// client does it.
pub async fn history(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    let cursor = incoming.parameter("cursor").map(str::to_owned);
    incoming.only(match cursor {
        Some(_) => &["cursor", "_format"],
        None => &["_count", "_offset", "_format"],
    })?;
    json_wanted(&incoming, incoming.parameter("_format"))?;
    let number = |name: &str| {
        let digits = |text: &str| count(text).map_err(|_| whole_number(name));
        incoming.parameter(name).map(digits).transpose()
    };
    let question = Question::History(HistoryQuestion {
        resource_type: served(&incoming)?,
        id: incoming.path("id"),
        count: number("_count")?,
        offset: number("_offset")?.unwrap_or(0),
        cursor,
    });
    ask(&porch, caller, &incoming, question).await
}

/// `GET /fhir/R4/{type}?…`
pub async fn search(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    let asked = incoming.query.clone();
    searched(porch, caller, incoming, asked).await
}

/// `POST /fhir/R4/{type}/_search`: what is asked stands in the body, in the URL, or in both, but nothing in
/// both places.
pub async fn search_by_post(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    let mut asked = incoming.query.clone();
    let form = form(&incoming)?;
    for (name, _) in &form {
        if asked.iter().any(|(known, _)| known == name) {
            let name: String = name.chars().take(64).collect();
            let text = "URLと本文の両方にあります / given in the URL and in the body";
            return Err(Outright::parameter(&format!("{name}: {text}")).into());
        }
    }
    asked.extend(form);
    searched(porch, caller, incoming, asked).await
}

async fn searched(
    porch: Arc<Porch>,
    caller: Caller,
    incoming: Incoming,
    asked: Vec<(String, String)>,
) -> Answer {
    let resource_type = served(&incoming)?;
    let value = |name: &str| {
        let found = asked.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    json_wanted(&incoming, value("_format"))?;
    let page = match value("cursor") {
        Some(cursor) => {
            // It holds everything that was asked for.
            only(&asked, &["cursor", "_format"])?;
            Page::Next(cursor.to_owned())
        }
        None => Page::First(
            renkei_fhir::search::search(resource_type, &asked)
                .map_err(|text| Outright::parameter(&text))?,
        ),
    };
    let question = Question::Search {
        resource_type,
        page,
    };
    ask(&porch, caller, &incoming, question).await
}

/// The parameters of a form.
fn form(incoming: &Incoming) -> Result<Vec<(String, String)>, Outright> {
    let media = incoming.header(CONTENT_TYPE).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !incoming.body.is_empty() && !media.eq_ignore_ascii_case(FORM) {
        let text = "本文は application/x-www-form-urlencoded です / the body of a search is a form";
        return Err(Outright::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-supported",
            text,
        ));
    }
    let body = std::str::from_utf8(&incoming.body).unwrap_or("%");
    query(body)
}

const FORM: &str = "application/x-www-form-urlencoded";

fn whole_number(name: &str) -> Outright {
    Outright::parameter(&format!("{name}: 0以上の整数です / a whole number from 0"))
}

/// The type in the path, if it is served.
fn served(incoming: &Incoming) -> Result<ResourceType, Outright> {
    incoming.path("type").parse().map_err(|_| {
        Outright::new(
            StatusCode::NOT_FOUND,
            "not-supported",
            "this resource type is not offered",
        )
    })
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
fn json_wanted(incoming: &Incoming, format: Option<&str>) -> Result<(), Outright> {
    let json = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("json") || text.contains("*/*") || text.contains("application/*")
    };
    let wanted = format.is_none_or(json);
    let mut lines = incoming.headers.get_all(ACCEPT).iter().peekable();
    let accept = lines.peek().is_none() || lines.any(|line| line.to_str().is_ok_and(json));
    if wanted && (accept || format.is_some()) {
        return Ok(());
    }
    Err(Outright::new(
        StatusCode::NOT_ACCEPTABLE,
        "not-supported",
        "only JSON is offered",
    ))
}
