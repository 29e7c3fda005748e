//! The doors of the network's office: who is whom.

use std::sync::Arc;

use renkei_flow::record::Recorded;
use renkei_flow::review::{Reviewing, What, review};
use renkei_model::Caller;

use crate::answer::{Outright, Rejected, Reply};
use crate::door::Porch;
use crate::emergency::filled;
use crate::incoming::Incoming;

type Answer = Result<Recorded<Reply>, Rejected>;

/// `GET /identity/reviews?state=&_count=&cursor=`
pub async fn get_reviews(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&["state", "_count", "cursor"])?;
    let count = incoming.parameter("_count").map(str::parse).transpose();
    let what = What::List {
        state: incoming.parameter("state").map(str::to_owned),
        count: count.map_err(|_| Outright::parameter("_count: a whole number from 1"))?,
        cursor: incoming.parameter("cursor").map(str::to_owned),
    };
    ask(porch, caller, incoming, what).await
}

/// `POST /identity/reviews/{id}/decision`
pub async fn post_decision(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let what = What::Decide {
        review: incoming.path("id"),
    };
    ask(porch, caller, incoming, what).await
}

/// `POST /identity/links`
pub async fn post_link(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    ask(porch, caller, incoming, What::Link).await
}

/// `POST /identity/unlinks`
pub async fn post_unlink(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    ask(porch, caller, incoming, What::Unlink).await
}

/// `POST /identity/changes/{id}/undo`
pub async fn post_undo(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let what = What::Undo {
        change: incoming.path("id"),
    };
    ask(porch, caller, incoming, what).await
}

/// `GET /identity/records/{id}/changes`
pub async fn get_changes(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let what = What::Changes {
        record: incoming.path("id"),
    };
    ask(porch, caller, incoming, what).await
}

async fn ask(porch: Arc<Porch>, caller: Caller, incoming: Incoming, what: What) -> Answer {
    let reviewing = Reviewing {
        filled: filled(caller, &incoming),
        what,
    };
    Ok(review(&porch.house, reviewing).await?.map(Reply::json))
}
