//! Doors for what was sent: the recipient's mailbox, the sender's view of a sheet, the auditor's log.

use std::sync::Arc;

use renkei_flow::deliver::{Delivered, deliver};
use renkei_flow::look::Question;
use renkei_flow::record::Recorded;
use renkei_model::Caller;

use crate::answer::{Outright, Rejected, Reply};
use crate::door::Porch;
use crate::fhir::ask;
use crate::incoming::Incoming;

type Answer = Result<Recorded<Reply>, Rejected>;

/// `GET /inbox`
pub async fn get_inbox(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    ask(&porch, caller, &incoming, Question::Inbox).await
}

/// `POST /inbox/{id}/receipt`
pub async fn post_receipt(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let delivered = Delivered {
        caller,
        request: incoming.request,
        at: incoming.at,
        delivery: incoming.path("id"),
        body: incoming.body.to_vec(),
    };
    Ok(deliver(&porch.house, delivered).await?.map(Reply::json))
}

/// `GET /sheets/{id}`
pub async fn get_sheet(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let question = Question::Sheet {
        id: incoming.path("id"),
    };
    ask(&porch, caller, &incoming, question).await
}

/// `GET /audit?record=…`
pub async fn get_audit(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&["record"])?;
    let record = incoming
        .parameter("record")
        .ok_or_else(|| Outright::parameter("record: the id of a record or a Patient is required"))?
        .to_owned();
    ask(&porch, caller, &incoming, Question::Audit { record }).await
}
