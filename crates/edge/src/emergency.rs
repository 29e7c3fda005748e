//! The doors for crews: search, card, wrong person, notes. Names and reasons travel in bodies, never in URLs.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use renkei_flow::card::{Opened, open_card, wrong_person};
use renkei_flow::emergency::search;
use renkei_flow::form::Filled;
use renkei_flow::note::{Noting, note};
use renkei_flow::record::Recorded;
use renkei_model::Caller;

use crate::answer::{Rejected, Reply};
use crate::door::Porch;
use crate::incoming::Incoming;

type Answer = Result<Recorded<Reply>, Rejected>;

/// `POST /emergency/search`
pub async fn post_search(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let found = search(&porch.house, filled(caller, &incoming)).await?;
    Ok(found.map(Reply::json))
}

/// `POST /emergency/{record}/card`: the compact card, or a FHIR document for who accepts FHIR.
pub async fn post_card(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let document = incoming
        .header(ACCEPT)
        .is_some_and(|accept| accept.to_ascii_lowercase().contains("fhir+json"));
    let sight = open_card(&porch.house, opened(caller, &incoming, document)).await?;
    Ok(sight.map(|sight| Reply {
        status: StatusCode::OK,
        sight,
    }))
}

/// `POST /emergency/{record}/wrong-person`
pub async fn post_wrong_person(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let done = wrong_person(&porch.house, opened(caller, &incoming, false)).await?;
    Ok(done.map(Reply::json))
}

/// `POST /emergency/notes`
pub async fn post_note(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let made = note(&porch.house, Noting::Make(filled(caller, &incoming))).await?;
    Ok(made.map(|body| Reply {
        status: StatusCode::CREATED,
        ..Reply::json(body)
    }))
}

/// `GET /emergency/notes`
pub async fn get_notes(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let seen = note(&porch.house, Noting::List(filled(caller, &incoming))).await?;
    Ok(seen.map(Reply::json))
}

/// `POST /emergency/notes/{id}/link`
pub async fn post_note_link(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let noting = Noting::Link {
        filled: filled(caller, &incoming),
        note: incoming.path("id"),
    };
    Ok(note(&porch.house, noting).await?.map(Reply::json))
}

fn opened(caller: Caller, incoming: &Incoming, document: bool) -> Opened {
    Opened {
        filled: filled(caller, incoming),
        record: incoming.path("record"),
        document,
    }
}

/// A request with a form in its body.
pub(crate) fn filled(caller: Caller, incoming: &Incoming) -> Filled {
    Filled {
        caller,
        request: incoming.request,
        at: incoming.at,
        body: incoming.body.to_vec(),
    }
}
