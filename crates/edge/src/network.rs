//! A network's own doors: messages in, sheets in native form, the directory.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use renkei_flow::accept::Media;
use renkei_flow::look::Question;
use renkei_flow::record::Recorded;
use renkei_flow::refuse::refuse_message;
use renkei_flow::register::{Registration, register};
use renkei_flow::{batch, receive};
use renkei_model::Caller;
use renkei_model::id::NetworkName;
use renkei_model::message::Inbound;

use crate::answer::{Outright, Rejected, Reply};
use crate::door::Porch;
use crate::fhir::ask;
use crate::incoming::Incoming;

type Answer = Result<Recorded<Reply>, Rejected>;

/// `POST /networks/{network}/messages`: a message, or a file of them as CSV.
pub async fn post_message(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    let mut inbound = Inbound {
        network: network(&incoming)?,
        caller,
        content_type: incoming
            .header(CONTENT_TYPE)
            .unwrap_or_default()
            .to_ascii_lowercase(),
        sender_key: None,
        request: incoming.request,
        at: incoming.at,
        body: incoming.body.clone(),
    };
    // A message is kept also when only its envelope is wrong.
    match incoming.only(&[]).and_then(|()| sender_key(&incoming)) {
        Ok(key) => inbound.sender_key = key,
        // Where the sender does not belong, the corridor says what it says of everything there.
        Err(_) if !porch.house.admits(&inbound.caller, &inbound.network) => {}
        Err(no) => {
            let refused = refuse_message(&porch.house, &inbound, no.refusal(), Vec::new()).await;
            return Err(Rejected::told(no, refused));
        }
    }
    if Media::of(&inbound.content_type) == Some(Media::Csv) {
        let recorded = batch(&porch.house, inbound).await?;
        return Ok(recorded.map(|answer| Reply::json(answer.into_bytes())));
    }
    let recorded = receive(&porch.house, inbound).await?;
    Ok(recorded.map(|receipt| {
        let mut reply = Reply::json(receipt.answer.into_bytes());
        if !receipt.repeated {
            reply.status = StatusCode::CREATED;
        }
        reply
    }))
}

/// `POST /networks/{network}/directory`
pub async fn post_directory(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let registration = Registration {
        network: network(&incoming)?,
        caller,
        request: incoming.request,
        at: incoming.at,
        body: incoming.body.to_vec(),
    };
    Ok(register(&porch.house, registration).await?.map(Reply::json))
}

/// `GET /networks/{network}/{message}/{id}`
pub async fn get_native(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let question = Question::Native {
        network: network(&incoming)?,
        path: incoming.path("message"),
        id: incoming.path("id"),
    };
    ask(&porch, caller, &incoming, question).await
}

/// The network of the path. A name that no network can have is answered like one that is not there.
pub fn network(incoming: &Incoming) -> Result<NetworkName, Outright> {
    incoming.path("network").parse().map_err(|_| {
        Outright::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "見つかりません / not found",
        )
    })
}

/// The sender's own message id, where it has one; otherwise the bytes themselves are the key.
fn sender_key(incoming: &Incoming) -> Result<Option<String>, Outright> {
    let Some(value) = incoming.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if key.is_empty() || key.len() > 128 || !key.chars().all(good) {
        return Err(Outright::parameter(
            "Idempotency-Key: 1 to 128 characters of letters, digits, - _ . :",
        ));
    }
    Ok(Some(format!("key:{key}")))
}
