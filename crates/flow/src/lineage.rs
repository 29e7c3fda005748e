//! The corridor for lineage: which FHIR element came from which bytes of a message, for who may see the
//! resources that the message made.

use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{MessageId, RequestId};
use renkei_model::permit::Permit;
use renkei_model::shelf::Shelf;
use renkei_store::{StoreError, TracedVersion};
use serde_json::{Value, json};

use crate::house::House;
use crate::judge::{joined, readable_shelf};
use crate::permit::permit_look;
use crate::record::{Recorded, of_permit, record_look};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse_about_all};

const ACTION: &str = "message.lineage";

/// A question for a message's lineage.
#[derive(Debug, Clone)]
pub struct LineageQuestion {
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// The message's id, still text: one that is none is answered like one that is not there.
    pub message: String,
}

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub enum LineageError {
    /// No such message, or nothing of it is visible to this caller.
    #[error("not found")]
    Absent,
    /// What is stored is not what the shelve room writes.
    #[error("a lineage cannot be read")]
    Unreadable,
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

/// Tells where the elements of the visible resources came from.
///
/// # Errors
/// [`Refused`]; absent and hidden look the same.
pub async fn lineage(
    house: &House,
    question: LineageQuestion,
) -> Result<Recorded<Vec<u8>>, Refused> {
    let refusal = match walk(house, &question).await {
        Ok(answer) => return Ok(answer),
        Err(refusal) => refusal,
    };
    // The auditor sees who tried, and about whom; the caller does not see that there was anybody.
    let about = match question.message.parse() {
        Ok(message) => house.store.message_behind(message).await,
        Err(_) => Ok(Vec::new()),
    };
    let asker = Asker {
        caller: question.caller,
        request: question.request,
        at: question.at,
        action: ACTION,
        about: None,
    };
    Err(refuse_about_all(house, asker, about, refusal).await)
}

async fn walk(house: &House, question: &LineageQuestion) -> Result<Recorded<Vec<u8>>, Refusal> {
    let message: MessageId = question.message.parse().map_err(|_| LineageError::Absent)?;
    let permit = permit_look(house, &question.caller, question.request, question.at);
    let rows = house.store.visible_lineage(&permit, message).await?;
    let (rows, rules) = judged(house, &permit, rows).await?;
    let first = rows.first().ok_or(LineageError::Absent)?;
    let mut leaf = of_permit(&permit, ACTION, &joined(rules));
    leaf.network = Some(first.version.shelf.network.clone());
    leaf.records = rows.iter().map(|row| row.version.shelf.record).collect();
    leaf.records.sort_unstable();
    leaf.records.dedup();
    leaf.shelves = rows
        .iter()
        .map(|row| (row.version.shelf.clone(), row.version.version))
        .collect();
    let answer = rendered(message, &rows)?.to_string().into_bytes();
    leaf.bytes_out = answer.len() as u64;
    Ok(record_look(house, answer, leaf).await?)
}

/// The rows whose shelf the policy engine opens as well, each shelf asked once, and its rules.
async fn judged(
    house: &House,
    permit: &Permit,
    rows: Vec<TracedVersion>,
) -> Result<(Vec<TracedVersion>, Vec<String>), LineageError> {
    let mut known: Vec<(Shelf, bool)> = Vec::new();
    let mut kept = Vec::with_capacity(rows.len());
    let mut rules = Vec::new();
    for row in rows {
        let shelf = &row.version.shelf;
        let opens = match known.iter().find(|(asked, _)| asked == shelf) {
            Some((_, opens)) => *opens,
            None => {
                let decision = readable_shelf(house, permit, shelf).await?;
                let opens = decision.is_allow();
                if opens {
                    rules.push(decision.rule());
                }
                known.push((shelf.clone(), opens));
                opens
            }
        };
        if opens {
            kept.push(row);
        }
    }
    Ok((kept, rules))
}

/// `{"message": …, "elements": [{"resource", "version", "element", "row", "start", "end"}]}`. Bytes count
/// from the message's first; `end` is one past the last.
fn rendered(message: MessageId, rows: &[TracedVersion]) -> Result<Value, LineageError> {
    let mut elements = Vec::new();
    for row in rows {
        let stored: Value =
            serde_json::from_str(&row.lineage).map_err(|_| LineageError::Unreadable)?;
        let stored = stored.get("rows").and_then(Value::as_array);
        for traced in stored.ok_or(LineageError::Unreadable)? {
            elements.push(json!({
                "resource": format!("{}/{}", row.resource_type, row.version.resource),
                "version": row.version.version,
                "element": traced.get("element"), "row": traced.get("row"),
                "start": traced.get("start"), "end": traced.get("end"),
            }));
        }
    }
    Ok(json!({ "message": message.to_string(), "elements": elements }))
}
