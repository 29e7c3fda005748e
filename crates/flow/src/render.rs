//! What a read looks like on the way out. Pure; stored texts are passed on byte for byte.

use renkei_fhir::instant::instant_text;
use renkei_model::clock::Instant;
use renkei_model::lane::Offer;
use renkei_model::leaf::{LeafDetail, StoredLeaf};
use renkei_model::limits::Limits;
use renkei_profile::{Format, Message};
use renkei_store::{SheetHistory, VisibleVersion};
use renkei_wire::format::Unwritable;
use renkei_wire::hl7;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Bytes that may leave once their leaf is committed.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The body.
    pub body: Vec<u8>,
    /// Whether it is FHIR or plain JSON.
    pub form: Form,
    /// Version, for the ETag.
    pub version: Option<i64>,
    /// When that version was made.
    pub modified: Option<Instant>,
}

/// Media type of a [`Sight`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `application/fhir+json`
    Fhir,
    /// `application/json`
    Json,
    /// `application/hl7-v2`
    Hl7,
}

/// Why something cannot be shown: our fault.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A stored document has no way back to the native form.
    #[error("a stored document cannot be given in the network's own form")]
    Native(#[from] renkei_profile::MapOutError),
    /// A stored text is not what was stored.
    #[error("a stored text cannot be read")]
    Text(#[from] serde_json::Error),
    /// The native form has characters that its charset lacks.
    #[error("a stored document cannot be written in the network's own form")]
    Unwritable(#[from] Unwritable),
    /// The native form that was written cannot be read again.
    #[error("the network's own form cannot be read again")]
    Form,
    /// A stored leaf is not what was stored.
    #[error("a stored audit leaf cannot be read")]
    Leaf,
}

/// A delivery with its document.
pub struct Letter<'a> {
    /// The offer.
    pub offer: Offer,
    /// The document.
    pub row: VisibleVersion,
    /// How it goes back to the native form.
    pub plan: &'a Message,
}

/// A resource, verbatim. Its text is taken out of the row, not copied.
#[must_use]
pub fn resource(row: &mut VisibleVersion) -> Sight {
    Sight {
        body: std::mem::take(&mut row.text).into_bytes(),
        form: Form::Fhir,
        version: Some(row.version),
        modified: Some(row.at),
    }
}

/// A sheet in its network's own form.
///
/// # Errors
/// [`RenderError`].
pub fn native(plan: &Message, row: &VisibleVersion) -> Result<Sight, RenderError> {
    let body = native_bytes(plan, row)?;
    Ok(Sight {
        body,
        form: match plan.format() {
            Format::FilemakerJson => Form::Json,
            Format::Hl7 => Form::Hl7,
        },
        version: Some(row.version),
        modified: Some(row.at),
    })
}

fn native_bytes(plan: &Message, row: &VisibleVersion) -> Result<Vec<u8>, RenderError> {
    let bundle: Value = serde_json::from_str(&row.text)?;
    let record = plan.map_out(&bundle)?;
    Ok(plan.write(&[record])?)
}

/// The native form inside JSON: JSON as it is, anything else as one string, whatever its charset.
fn native_json(plan: &Message, row: &VisibleVersion) -> Result<Box<RawValue>, RenderError> {
    let bytes = native_bytes(plan, row)?;
    Ok(match plan.format() {
        Format::FilemakerJson => serde_json::from_slice(&bytes)?,
        Format::Hl7 => {
            let message = hl7::decode(&bytes, &Limits::default()).map_err(|_| RenderError::Form)?;
            serde_json::value::to_raw_value(message.text())?
        }
    })
}

/// What became of a sheet.
#[must_use]
pub fn sheet(row: &VisibleVersion, history: &SheetHistory) -> Sight {
    let receipts: Vec<Value> = history
        .lines
        .iter()
        .map(|line| {
            json!({
                "kind": line.kind, "facility": line.facility.as_str(), "version": line.version,
                "at": instant_text(line.at),
            })
        })
        .collect();
    let body = json!({
        "id": row.resource.to_string(),
        "network": row.shelf.network.as_str(),
        "kind": history.kind,
        "version": row.version,
        "nativeVersion": history.native_version,
        "receipts": receipts,
    });
    plain(&body)
}

/// A mailbox: heads of lanes, oldest first, each as FHIR document and in native form.
///
/// # Errors
/// [`RenderError`].
pub fn inbox(letters: &[Letter<'_>]) -> Result<Sight, RenderError> {
    let mut deliveries = Vec::with_capacity(letters.len());
    for letter in letters {
        let native = native_json(letter.plan, &letter.row)?;
        let offer = &letter.offer;
        let head = json!({
            "id": offer.delivery.to_string(),
            "sheet": offer.sheet.to_string(),
            "version": offer.version,
            "network": offer.network.as_str(),
            "kind": letter.plan.kind(),
            "laneSeq": offer.lane_seq,
            "fencingToken": offer.fencing_token,
            "storedAt": instant_text(offer.stored_at),
        })
        .to_string();
        let head = head.strip_suffix('}').unwrap_or(&head);
        deliveries.push(format!(
            r#"{head},"document":{},"native":{}}}"#,
            letter.row.text,
            native.get()
        ));
    }
    let body = format!(r#"{{"deliveries":[{}]}}"#, deliveries.join(","));
    Ok(Sight {
        body: body.into_bytes(),
        form: Form::Json,
        version: None,
        modified: None,
    })
}

/// Who has seen a record.
///
/// # Errors
/// [`RenderError`].
pub fn audit(leaves: &[StoredLeaf]) -> Result<Sight, RenderError> {
    let mut entries = Vec::with_capacity(leaves.len());
    for stored in leaves {
        let leaf = renkei_audit::decode(&stored.canonical).map_err(|_| RenderError::Leaf)?;
        entries.push(json!({
            "seq": stored.seq,
            "at": instant_text(stored.at),
            "actor": leaf.actor,
            "profession": leaf.profession.as_str(),
            "facility": leaf.facility.as_str(),
            "action": leaf.action,
            "purpose": leaf.purpose.as_str(),
            "decision": leaf.decision.as_str(),
            "request": leaf.request.to_string(),
            "why": why(&stored.details),
        }));
    }
    Ok(plain(&json!({ "entries": entries })))
}

/// What somebody said of the reason: details that auditors need beside who and when. What was searched
/// for stays with the log.
fn why(details: &[LeafDetail]) -> Value {
    const SAID: [&str; 5] = ["reason", "reason text", "dispatch", "decision", "text"];
    let said: serde_json::Map<String, Value> = details
        .iter()
        .filter(|detail| SAID.contains(&&*detail.name) && !detail.value.is_empty())
        .map(|detail| (detail.name.clone(), Value::from(detail.value.clone())))
        .collect();
    if said.is_empty() {
        Value::Null
    } else {
        Value::Object(said)
    }
}

fn plain(body: &Value) -> Sight {
    Sight {
        body: body.to_string().into_bytes(),
        form: Form::Json,
        version: None,
        modified: None,
    }
}
