//! The demo's data, sent in through the same doors as everybody's: never by writing to the database.

use renkei_edge::Door;
use serde_json::Value;

use super::Tokens;
use super::script::Script;
use crate::error::GatewayError;

/// Rounds of emptying the mailbox at most: one lane gives one delivery a round.
const ROUNDS: usize = 100;
const JSON: &str = "application/json";

/// Posts the directory and the first messages.
///
/// # Errors
/// When a door refuses: the answer's text, which names field and rule.
pub(super) async fn fill(
    door: &Door,
    script: &Script,
    tokens: &Tokens,
) -> Result<(), GatewayError> {
    let network = &script.network;
    let path = format!("/networks/{network}/directory");
    post(door, &path, &tokens.office, JSON, script.directory.clone()).await?;
    if let Some(population) = &script.population {
        post(door, &path, &tokens.office, JSON, population.directory()).await?;
    }
    let path = format!("/networks/{network}/messages");
    for message in &script.before {
        post(
            door,
            &path,
            &tokens.sender,
            &script.content_type,
            message.clone(),
        )
        .await?;
    }
    Ok(())
}

/// Lets the recipient acknowledge everything, so that its mailbox holds nothing but what the reader sends.
///
/// # Errors
/// When the door refuses.
pub(super) async fn empty(door: &Door, tokens: &Tokens) -> Result<(), GatewayError> {
    for _ in 0..ROUNDS {
        let answer = ask(door, "GET", "/inbox", &tokens.recipient, "", Vec::new()).await?;
        let deliveries = answer.get("deliveries").and_then(Value::as_array);
        let Some(deliveries) = deliveries.filter(|deliveries| !deliveries.is_empty()) else {
            return Ok(());
        };
        for delivery in deliveries {
            let id = delivery
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let token = delivery.get("fencingToken").cloned().unwrap_or_default();
            let body = serde_json::json!({ "fencingToken": token })
                .to_string()
                .into_bytes();
            post(
                door,
                &format!("/inbox/{id}/receipt"),
                &tokens.recipient,
                JSON,
                body,
            )
            .await?;
        }
    }
    Ok(())
}

/// Posts, and wants it taken.
///
/// # Errors
/// When the door refuses.
pub(super) async fn post(
    door: &Door,
    path: &str,
    token: &str,
    content_type: &str,
    body: Vec<u8>,
) -> Result<(), GatewayError> {
    ask(door, "POST", path, token, content_type, body)
        .await
        .map(drop)
}

async fn ask(
    door: &Door,
    method: &'static str,
    path: &str,
    token: &str,
    content_type: &str,
    body: Vec<u8>,
) -> Result<Value, GatewayError> {
    let (status, answer) = door
        .call(method, path, Some(token), content_type, body)
        .await;
    if !(200..300).contains(&status) {
        return Err(GatewayError::Demo {
            request: format!("{method} {path}"),
            status,
            answer: String::from_utf8_lossy(&answer).into_owned(),
        });
    }
    serde_json::from_slice(&answer).map_err(|_| GatewayError::Demo {
        request: format!("{method} {path}"),
        status,
        answer: "not JSON".to_owned(),
    })
}
