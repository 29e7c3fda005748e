//! The canonical encoding of a leaf: version byte 1, then JSON as RFC 8785 (JCS) writes it.
//!
//! Keys in alphabetical order, no spaces, integers only, strings escaped no more than needed: one
//! leaf has one encoding. [`decode`] refuses every other spelling by encoding again and comparing.

use std::str::FromStr;

use renkei_model::id::{FacilityCode, LeafId, NetworkName, RequestId};
use renkei_model::leaf::Hash;
use renkei_model::{Category, Instant, Profession, Purpose, Sensitivity};
use serde_json::Value;

use crate::error::AuditError;

/// First byte of every leaf in this encoding.
const VERSION: u8 = 1;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The request was carried out.
    Allow,
    /// It was refused.
    Deny,
}

impl Decision {
    /// The word in the leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// A leaf as it is written down: with pseudonyms for records and digests for what is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub leaf: LeafId,
    /// When.
    pub at: Instant,
    /// The network whose data it is about, if one.
    pub network: Option<NetworkName>,
    /// `person:ID`, `system:ID` or `facility`.
    pub actor: String,
    /// The profession that counted.
    pub profession: Profession,
    /// The facility on whose behalf.
    pub facility: FacilityCode,
    /// Pseudonyms of the records whose data the request touched, sorted, each once.
    pub records: Vec<String>,
    /// The shelves.
    pub shelves: EntryShelves,
    /// Why.
    pub purpose: Purpose,
    /// What: `message.receive`, `fhir.read`, ...
    pub action: String,
    /// What was decided.
    pub decision: Decision,
    /// The rule that decided.
    pub rule: String,
    /// Hash of the policy set.
    pub policy: String,
    /// The request.
    pub request: RequestId,
    /// Bytes of a buffered answer.
    pub bytes_out: u64,
    /// Digests of personal details.
    pub details: Vec<EntryDetail>,
}

/// The shelves of a leaf: a list, or too many for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryShelves {
    /// All of them.
    Listed(Vec<EntryShelf>),
    /// How many, and the SHA-256 of the list's canonical JSON.
    Counted {
        /// How many.
        count: u64,
        /// Of the list that was left out.
        digest: Hash,
    },
}

/// One shelf, and the version on it that was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryShelf {
    /// The network.
    pub network: NetworkName,
    /// The record's pseudonym.
    pub record: String,
    /// The category.
    pub category: Category,
    /// The owner.
    pub owner: FacilityCode,
    /// The sensitivity.
    pub sensitivity: Sensitivity,
    /// The version.
    pub version: i64,
}

/// The digest that stands for a personal detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryDetail {
    /// What it is.
    pub name: String,
    /// Salted SHA-256.
    pub digest: Hash,
}

/// Encodes an entry.
#[must_use]
pub fn encode(entry: &Entry) -> Vec<u8> {
    let mut out = String::with_capacity(1_024);
    out.push(char::from(VERSION));
    let mut object = Object::open(&mut out);
    object.text("action", &entry.action);
    object.text("actor", &entry.actor);
    object.number("at", entry.at.0);
    object.number("bytes_out", entry.bytes_out);
    object.text("decision", entry.decision.as_str());
    array(object.key("details"), &entry.details, detail_json);
    object.text("facility", entry.facility.as_str());
    object.text("leaf", &entry.leaf.to_string());
    match &entry.network {
        Some(network) => object.text("network", network.as_str()),
        None => object.key("network").push_str("null"),
    }
    object.text("policy", &entry.policy);
    object.text("profession", entry.profession.as_str());
    object.text("purpose", entry.purpose.as_str());
    array(object.key("records"), &entry.records, |out, record| {
        string(out, record);
    });
    object.text("request", &entry.request.to_string());
    object.text("rule", &entry.rule);
    shelves_json(object.key("shelves"), &entry.shelves);
    object.close();
    out.into_bytes()
}

/// The canonical JSON of a list of shelves, which is what a count's digest is made over.
pub(crate) fn shelf_list_json(shelves: &[EntryShelf]) -> String {
    let mut out = String::new();
    array(&mut out, shelves, shelf_json);
    out
}

fn shelves_json(out: &mut String, shelves: &EntryShelves) {
    match shelves {
        EntryShelves::Listed(list) => array(out, list, shelf_json),
        EntryShelves::Counted { count, digest } => {
            let mut object = Object::open(out);
            object.number("count", *count);
            object.text("digest", &hex::encode(digest));
            object.close();
        }
    }
}

fn shelf_json(out: &mut String, shelf: &EntryShelf) {
    let mut object = Object::open(out);
    object.text("category", shelf.category.as_str());
    object.text("network", shelf.network.as_str());
    object.text("owner", shelf.owner.as_str());
    object.text("record", &shelf.record);
    object.text("sensitivity", shelf.sensitivity.as_str());
    object.number("version", shelf.version);
    object.close();
}

fn detail_json(out: &mut String, detail: &EntryDetail) {
    let mut object = Object::open(out);
    object.text("digest", &hex::encode(detail.digest));
    object.text("name", &detail.name);
    object.close();
}

fn array<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// serde_json escapes exactly what RFC 8785 says: quote, backslash and control characters. Where there
/// are none, the text is its own spelling.
fn string(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::String(text.to_owned()).to_string());
    }
}

/// Writes members in the order of its calls, which the callers keep alphabetical. Keys need no escapes.
struct Object<'a> {
    out: &'a mut String,
    next: char,
}

impl<'a> Object<'a> {
    const fn open(out: &'a mut String) -> Self {
        Self { out, next: '{' }
    }

    /// Begins a member, whose value comes next.
    fn key(&mut self, key: &str) -> &mut String {
        self.out.push(self.next);
        self.next = ',';
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self.out
    }

    fn number(&mut self, key: &str, number: impl ToString) {
        let number = number.to_string();
        self.key(key).push_str(&number);
    }

    fn text(&mut self, key: &str, text: &str) {
        string(self.key(key), text);
    }

    fn close(self) {
        self.out.push('}');
    }
}

/// Reads an encoded leaf back.
///
/// # Errors
///
/// [`AuditError::Leaf`] for another version, for anything that is not a leaf, and for any spelling
/// of a leaf that is not the canonical one.
pub fn decode(canonical: &[u8]) -> Result<Entry, AuditError> {
    let (version, json) = canonical
        .split_first()
        .ok_or(AuditError::Leaf("it is empty"))?;
    if *version != VERSION {
        return Err(AuditError::Leaf("its version is unknown"));
    }
    let value: Value = serde_json::from_slice(json).map_err(|_| AuditError::Leaf("not JSON"))?;
    let entry = read_entry(&value).ok_or(AuditError::Leaf("a field is missing or malformed"))?;
    if encode(&entry) == canonical {
        Ok(entry)
    } else {
        Err(AuditError::Leaf("not in canonical form"))
    }
}

fn read_entry(value: &Value) -> Option<Entry> {
    let network = match value.get("network")? {
        Value::Null => None,
        name => Some(name.as_str()?.parse().ok()?),
    };
    Some(Entry {
        leaf: word(value, "leaf")?,
        at: Instant(value.get("at")?.as_i64()?),
        network,
        actor: text(value, "actor")?,
        profession: word(value, "profession")?,
        facility: word(value, "facility")?,
        records: list(value, "records", |record| {
            record.as_str().map(str::to_owned)
        })?,
        shelves: read_shelves(value)?,
        purpose: word(value, "purpose")?,
        action: text(value, "action")?,
        decision: match value.get("decision")?.as_str()? {
            "allow" => Decision::Allow,
            "deny" => Decision::Deny,
            _ => return None,
        },
        rule: text(value, "rule")?,
        policy: text(value, "policy")?,
        request: word(value, "request")?,
        bytes_out: value.get("bytes_out")?.as_u64()?,
        details: list(value, "details", |detail| {
            Some(EntryDetail {
                name: text(detail, "name")?,
                digest: read_hash(detail, "digest")?,
            })
        })?,
    })
}

fn read_shelves(value: &Value) -> Option<EntryShelves> {
    let shelves = value.get("shelves")?;
    if shelves.is_array() {
        return list(value, "shelves", read_shelf).map(EntryShelves::Listed);
    }
    let count = shelves.get("count")?.as_u64()?;
    Some(EntryShelves::Counted {
        count,
        digest: read_hash(shelves, "digest")?,
    })
}

fn read_shelf(shelf: &Value) -> Option<EntryShelf> {
    Some(EntryShelf {
        network: word(shelf, "network")?,
        record: text(shelf, "record")?,
        category: word(shelf, "category")?,
        owner: word(shelf, "owner")?,
        sensitivity: word(shelf, "sensitivity")?,
        version: shelf.get("version")?.as_i64()?,
    })
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn word<T: FromStr>(value: &Value, key: &str) -> Option<T> {
    value.get(key)?.as_str()?.parse().ok()
}

fn read_hash(value: &Value, key: &str) -> Option<Hash> {
    hex::decode(value.get(key)?.as_str()?).ok()?.try_into().ok()
}

fn list<T>(value: &Value, key: &str, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.get(key)?.as_array()?.iter().map(read).collect()
}
