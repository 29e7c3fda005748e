//! The export: one JSON object a line (NDJSON), which the offline verifier reads.
//!
//! First line `{"type":"export","version":1}`; then `{"type":"checkpoint",...}` lines; then
//! `{"type":"leaf",...}` lines in the order of positions. Bytes are base64, hashes hex.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use renkei_model::Instant;
use renkei_model::leaf::{Checkpoint, Hash, LeafDetail, StoredLeaf};
use serde_json::{Value, json};

use crate::error::AuditError;

/// The version of the format that is written and read.
const VERSION: u64 = 1;

/// Whether the plain values of details go into an export: they are personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Details {
    /// Yes, with their salts, so that the verifier checks them.
    Included,
    /// No; the digests in the leaves remain.
    LeftOut,
}

/// One line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The first line.
    Header,
    /// A checkpoint.
    Checkpoint(Checkpoint),
    /// A leaf.
    Leaf(StoredLeaf),
}

/// The first line, without a line end.
#[must_use]
pub fn header_line() -> String {
    json!({"type": "export", "version": VERSION}).to_string()
}

/// A checkpoint's line, without a line end.
#[must_use]
pub fn checkpoint_line(checkpoint: &Checkpoint) -> String {
    json!({
        "type": "checkpoint",
        "size": checkpoint.size,
        "root": hex::encode(checkpoint.root),
        "head": hex::encode(checkpoint.head),
        "at": checkpoint.at.0,
        "note": checkpoint.note,
    })
    .to_string()
}

/// A leaf's line, without a line end.
#[must_use]
pub fn leaf_line(leaf: &StoredLeaf, details: Details) -> String {
    let kept: &[LeafDetail] = match details {
        Details::Included => &leaf.details,
        Details::LeftOut => &[],
    };
    let kept: Vec<Value> = kept
        .iter()
        .map(|one| json!({"name": one.name, "salt": hex::encode(one.salt), "value": one.value}))
        .collect();
    json!({
        "type": "leaf",
        "seq": leaf.seq,
        "id": leaf.id.to_string(),
        "at": leaf.at.0,
        "hash": hex::encode(leaf.hash),
        "link": leaf.link.map(hex::encode),
        "canonical": BASE64.encode(&leaf.canonical),
        "details": kept,
    })
    .to_string()
}

/// Reads one line; `line` is its number, from 1, for naming mistakes.
///
/// # Errors
///
/// [`AuditError::Export`] if it is none of the three kinds of line.
pub fn read_line(line: usize, text: &str) -> Result<Line, AuditError> {
    let refuse = |rule| AuditError::Export { line, rule };
    let value: Value = serde_json::from_str(text).map_err(|_| refuse("it is not JSON"))?;
    match value.get("type").and_then(Value::as_str) {
        Some("export") if value.get("version").and_then(Value::as_u64) == Some(VERSION) => {
            Ok(Line::Header)
        }
        Some("export") => Err(refuse("the export's version is unknown")),
        Some("checkpoint") => read_checkpoint(&value)
            .map(Line::Checkpoint)
            .ok_or_else(|| refuse("a field of the checkpoint is missing or malformed")),
        Some("leaf") => read_leaf(&value)
            .map(Line::Leaf)
            .ok_or_else(|| refuse("a field of the leaf is missing or malformed")),
        _ => Err(refuse("its type is neither export, checkpoint nor leaf")),
    }
}

fn read_checkpoint(value: &Value) -> Option<Checkpoint> {
    Some(Checkpoint {
        size: value.get("size")?.as_u64()?,
        root: read_hash(value.get("root")?)?,
        head: read_hash(value.get("head")?)?,
        at: Instant(value.get("at")?.as_i64()?),
        note: value.get("note")?.as_str()?.to_owned(),
    })
}

fn read_leaf(value: &Value) -> Option<StoredLeaf> {
    let seq = match value.get("seq")? {
        Value::Null => None,
        seq => Some(seq.as_u64()?),
    };
    let link = match value.get("link")? {
        Value::Null => None,
        link => Some(read_hash(link)?),
    };
    let details = value.get("details")?.as_array()?;
    Some(StoredLeaf {
        id: value.get("id")?.as_str()?.parse().ok()?,
        seq,
        at: Instant(value.get("at")?.as_i64()?),
        canonical: BASE64.decode(value.get("canonical")?.as_str()?).ok()?,
        hash: read_hash(value.get("hash")?)?,
        link,
        details: details.iter().map(read_detail).collect::<Option<_>>()?,
    })
}

fn read_detail(value: &Value) -> Option<LeafDetail> {
    Some(LeafDetail {
        name: value.get("name")?.as_str()?.to_owned(),
        salt: hex::decode(value.get("salt")?.as_str()?)
            .ok()?
            .try_into()
            .ok()?,
        value: value.get("value")?.as_str()?.to_owned(),
    })
}

fn read_hash(value: &Value) -> Option<Hash> {
    hex::decode(value.as_str()?).ok()?.try_into().ok()
}
