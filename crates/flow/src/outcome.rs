//! What a caller is told of a no: one table of words, the room's own faults beside it. Quarantine keeps
//! the same text, so that the answer to a refused message can be read again. The HTTP status is not
//! decided here but in `edge`.

use renkei_fhir::outcome::{Issue, Severity};
use renkei_model::message::{Fault, FaultKind};
use serde_json::Value;

use crate::refusal::{Kind, Refusal};
use crate::staff::{NOT_EMPLOYED, StaffError};

/// The OperationOutcome of a refusal. Quotes nothing that is stored.
#[must_use]
pub fn outcome(refusal: &Refusal) -> Value {
    let kind = refusal.kind();
    let (code, general) = words(kind);
    let faults = refusal.faults();
    if !faults.is_empty() {
        let issues: Vec<Issue> = faults.iter().map(|fault| of_fault(fault, code)).collect();
        return renkei_fhir::outcome::outcome(&issues);
    }
    let text = match (refusal, kind) {
        (Refusal::Door(door), _) => door.text.clone(),
        (Refusal::Staff(StaffError::NotEmployed), _) => NOT_EMPLOYED.to_owned(),
        (_, Kind::Parameter | Kind::Conflict | Kind::Structure) => {
            std::error::Error::source(refusal)
                .map_or_else(|| general.to_owned(), ToString::to_string)
        }
        _ => general.to_owned(),
    };
    let code = if let Refusal::Door(door) = refusal {
        door.code
    } else {
        code
    };
    renkei_fhir::outcome::outcome(&[issue(code, text, None)])
}

/// Issue code and words of each kind.
const fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Absent => ("not-found", "見つかりません / not found"),
        Kind::Gone => ("deleted", "削除されています / deleted"),
        Kind::Forbidden => (
            "forbidden",
            "この職種・施設には許可されていません。事務局にお問い合わせください / not permitted to this profession and facility; ask the network's office",
        ),
        Kind::Structure => (
            "structure",
            "電文として読めません / not a message of this format",
        ),
        Kind::Fields => ("invalid", "項目に誤りがあります / a field breaks a rule"),
        Kind::Parameter => (
            "invalid",
            "パラメータが正しくありません / a parameter is not valid",
        ),
        Kind::TooLarge => ("too-long", "大きすぎます / larger than the limit"),
        Kind::MediaType => (
            "not-supported",
            "Content-Type は application/json、text/csv、application/hl7-v2 のいずれかにしてください / send application/json, text/csv or application/hl7-v2",
        ),
        Kind::Conflict => ("conflict", "競合しています / conflict"),
        Kind::TooMany => (
            "throttled",
            "回数の上限に達しました。しばらく待ってください / too many requests: wait a while",
        ),
        Kind::Busy => (
            "transient",
            "受け付けていません。後で再送してください / nothing was taken; send it again later",
        ),
        Kind::Full => (
            "no-store",
            "保存先に空きがありません。受け付けていません / no room left; nothing was taken",
        ),
        Kind::Bug => (
            "exception",
            "内部エラーです。受け付けていません / internal error; nothing was taken",
        ),
    }
}

fn of_fault(fault: &Fault, code: &'static str) -> Issue {
    let code = match (code, fault.kind) {
        ("conflict", _) => "conflict",
        (_, FaultKind::Structure) => "structure",
        (_, FaultKind::Required) => "required",
        (_, FaultKind::Value) => "value",
        (_, FaultKind::Code) => "code-invalid",
        (_, FaultKind::TooMuch) => "too-long",
    };
    let place = fault.span.map_or_else(String::new, |span| {
        format!(" (bytes {}–{} of the message)", span.start, span.end)
    });
    issue(
        code,
        if fault.field.is_empty() {
            format!("{}{place}", fault.rule)
        } else {
            format!("{}: {}{place}", fault.field, fault.rule)
        },
        Some(fault.field.clone()).filter(|field| !field.is_empty()),
    )
}

fn issue(code: &'static str, diagnostics: String, expression: Option<String>) -> Issue {
    Issue {
        severity: Severity::Error,
        code,
        diagnostics,
        expression,
    }
}
