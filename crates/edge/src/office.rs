//! Doors of a network's office: staff, the report. And lineage, which is anybody's who may see.

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use renkei_flow::lineage::{LineageQuestion, lineage};
use renkei_flow::record::Recorded;
use renkei_flow::register_staff::{StaffFile, StaffList, list_staff, register_staff};
use renkei_flow::report::{ReportQuestion, report};
use renkei_model::Caller;

use crate::answer::{Outright, Rejected, Reply};
use crate::door::Porch;
use crate::incoming::Incoming;
use crate::network::network;

type Answer = Result<Recorded<Reply>, Rejected>;

/// `POST /networks/{network}/staff`
pub async fn post_staff(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    staff_file(porch, caller, incoming, false).await
}

/// `POST /networks/{network}/staff/preview`
pub async fn post_staff_preview(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    staff_file(porch, caller, incoming, true).await
}

async fn staff_file(
    porch: Arc<Porch>,
    caller: Caller,
    incoming: Incoming,
    preview: bool,
) -> Answer {
    incoming.only(&[])?;
    let file = StaffFile {
        network: network(&incoming)?,
        caller,
        request: incoming.request,
        at: incoming.at,
        content_type: incoming
            .header(CONTENT_TYPE)
            .unwrap_or_default()
            .to_ascii_lowercase(),
        body: incoming.body.clone(),
        preview,
    };
    Ok(register_staff(&porch.house, file).await?.map(Reply::json))
}

/// `GET /networks/{network}/staff?facility=&page=&_count=`
pub async fn get_staff(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&["facility", "page", "_count"])?;
    let asked = StaffList {
        network: network(&incoming)?,
        caller,
        request: incoming.request,
        at: incoming.at,
        facility: incoming.parameter("facility").map(str::to_owned),
        page: number(&incoming, "page")?.unwrap_or(1),
        count: number(&incoming, "_count")?,
    };
    Ok(list_staff(&porch.house, asked).await?.map(Reply::json))
}

/// `GET /networks/{network}/report?from=&to=`
pub async fn get_report(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&["from", "to"])?;
    let question = ReportQuestion {
        network: network(&incoming)?,
        caller,
        request: incoming.request,
        at: incoming.at,
        from: incoming.parameter("from").map(str::to_owned),
        to: incoming.parameter("to").map(str::to_owned),
    };
    Ok(report(&porch.house, question).await?.map(Reply::json))
}

/// `GET /messages/{id}/lineage`
pub async fn get_lineage(porch: Arc<Porch>, caller: Caller, incoming: Incoming) -> Answer {
    incoming.only(&[])?;
    let question = LineageQuestion {
        caller,
        request: incoming.request,
        at: incoming.at,
        message: incoming.path("id"),
    };
    Ok(lineage(&porch.house, question).await?.map(Reply::json))
}

/// A parameter that counts from 1.
fn number(incoming: &Incoming, name: &str) -> Result<Option<usize>, Outright> {
    let Some(text) = incoming.parameter(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(Outright::parameter(&format!("{name}: a number from 1"))),
    }
}
