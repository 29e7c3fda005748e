//! The emergency card: one document for a crew, composed of blocks of several records of one person.
//!
//! Pure: what may be shown was decided before, and only that is given in. A reference to anything that
//! is not on the card is taken out, so that the card never points to what its reader may not see.

use std::collections::{HashMap, HashSet};

use renkei_model::Instant;
use renkei_model::id::ResourceId;
use serde_json::{Map, Value, json};

pub use crate::line::{line, lines};

use crate::card_head::{Person, head};
use crate::document::DocumentError;
use crate::instant::{day_text, instant_text};
use crate::items;
use crate::line::{name_of, principals};
use crate::line_words::date as japanese_date;
use crate::read::text;

/// Base of our own definitions in `profiles/fhir`.
const OWN: &str = "https://renkei.example/fhir";

/// The order in which a crew reads a card, by what a minute costs: is this about somebody who lives
/// here, and may resuscitation begin (notices); what exactly is wished (acp); must the crew protect itself
/// (infection); what must not be given or touched (allergy, device); what explains the state and goes to
/// the hospital with the patient (medication, diagnosis, history); what somebody wrote for the crew
/// (remarks); who is called on the way (contacts, family-doctor); what the hospital's desk needs (care,
/// insurance, basic). Name and birth date stand above all of them, in the card's own text.
///
/// A section of which every block says only なし or 不明 comes after remarks, before contacts: that there
/// are no allergies is told to the hospital, so it stays on the card and with what is clinical, but in the
/// first ten seconds it must not push down what says something. Where one block says なし and another
/// names something, both stay in the section's own place, the newest first: a crew must see that they
/// differ.
pub const SECTIONS: [(&str, &str); 14] = [
    (NOTICES, "お知らせ"),
    ("acp", "人生の最終段階における医療・ケア"),
    ("infection", "感染症"),
    ("allergy", "アレルギー"),
    ("device", "医療機器・処置"),
    ("medication", "内服薬"),
    ("diagnosis", "病名"),
    ("history", "既往歴"),
    (REMARKS, "救急隊への伝達事項"),
    ("contacts", "緊急連絡先"),
    ("family-doctor", "かかりつけ"),
    ("care", "介護"),
    ("insurance", "保険"),
    (BASIC, "基本情報"),
];

const NOTICES: &str = "notices";
const REMARKS: &str = "remarks";
const BASIC: &str = "basic";

/// One block of one record: what a facility registered under one heading.
#[derive(Debug, Clone, PartialEq)]
pub struct CardBlock {
    /// Code of [`SECTIONS`]; a code that is not there is shown under `remarks`.
    pub section: String,
    /// The heading, for people.
    pub title: String,
    /// The day from which the block is, `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    pub date: Option<String>,
    /// Name of the facility that registered it.
    pub source: String,
    /// The resources with their ids, as they are stored, those too that others of them refer to.
    pub entries: Vec<Value>,
}

/// What the document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardMeta {
    /// Id of the Bundle.
    pub bundle: ResourceId,
    /// Id of the Composition.
    pub composition: ResourceId,
    /// System and value by which the document is named.
    pub identifier: (String, String),
    /// When it was composed.
    pub at: Instant,
    /// Who composed it, for people: the networks' names.
    pub author: String,
}

/// Composes the card. `people` are the person's Patients, the one to show first at the head; `notices`
/// are lines that stand before everything else (死亡, 転出, 事前の意思).
///
/// Sections follow [`SECTIONS`]; within one, the newest block comes first, blocks without a date last.
///
/// # Errors
/// [`DocumentError::Identifier`] without a system or value, [`DocumentError::Subject`] without a
/// Patient, [`DocumentError::NotAResource`] for an entry without type or id.
pub fn card(
    blocks: &[CardBlock],
    people: &[Person],
    notices: &[String],
    meta: CardMeta,
) -> Result<Value, DocumentError> {
    let (system, value) = &meta.identifier;
    if system.is_empty() || value.is_empty() {
        return Err(DocumentError::Identifier);
    }
    let subject = people.first().ok_or(DocumentError::Subject)?;
    let blocks = in_order(blocks);
    let patients = people.iter().map(|person| &person.json);
    let held = patients.chain(blocks.iter().flat_map(|block| &block.entries));
    let links = Links::of(held.clone(), &subject.json)?;
    let mut entries = vec![json!({
        "fullUrl": format!("urn:uuid:{}", meta.composition),
        "resource": composition(&blocks, people, notices, &meta, &links),
    })];
    let mut written = HashSet::new();
    for resource in held {
        let url = links.url_of(resource);
        if written.insert(url.clone()) {
            entries.push(json!({ "fullUrl": url, "resource": links.bound(resource) }));
        }
    }
    Ok(json!({
        "resourceType": "Bundle",
        "id": meta.bundle.to_string(),
        "identifier": { "system": system, "value": value },
        "type": "document",
        "timestamp": instant_text(meta.at),
        "entry": entries,
    }))
}

/// The blocks in the order in which they are shown: that of [`SECTIONS`], and the newest first within one.
#[must_use]
pub fn in_order(blocks: &[CardBlock]) -> Vec<&CardBlock> {
    let mut ordered: Vec<&CardBlock> = blocks.iter().collect();
    // A day sorts behind its month and its year as text: reversed, the newest comes first, none last.
    ordered.sort_by(|one, other| other.date.cmp(&one.date));
    let telling: HashSet<&str> = blocks
        .iter()
        .filter(|block| !says_none(block))
        .map(|block| known_section(&block.section))
        .collect();
    ordered.sort_by_key(|block| {
        let own = place(&block.section);
        if telling.contains(known_section(&block.section)) {
            (own, None)
        } else {
            (own.max(place(REMARKS)), Some(own))
        }
    });
    ordered
}

/// Whether all that a block says is that there is nothing, or that nobody knows.
#[must_use]
pub fn says_none(block: &CardBlock) -> bool {
    let mut said = principals(&block.entries).peekable();
    said.peek().is_some() && said.all(items::says_none)
}

fn known_section(code: &str) -> &str {
    let known = SECTIONS.iter().any(|(known, _)| *known == code);
    if known { code } else { REMARKS }
}

fn place(code: &str) -> Option<usize> {
    let code = known_section(code);
    SECTIONS.iter().position(|(known, _)| *known == code)
}

fn composition(
    blocks: &[&CardBlock],
    people: &[Person],
    notices: &[String],
    meta: &CardMeta,
    links: &Links,
) -> Value {
    // Who it is, what must be known first, then where that person lives and is called.
    let mut head = head(people, &day_text(meta.at));
    let after = head.len().min(1);
    head.splice(after..after, notices.iter().cloned());
    let told = (!notices.is_empty()).then(|| {
        let mut section = section(NOTICES, "お知らせ");
        section.insert("text".to_owned(), narrative(notices));
        Value::Object(section)
    });
    let sections = told
        .into_iter()
        .chain(blocks.iter().map(|block| block_section(block, links)))
        .chain([persons(people, links)]);
    json!({
        "resourceType": "Composition",
        "id": meta.composition.to_string(),
        "meta": { "profile": [format!("{OWN}/StructureDefinition/EmergencyCard")] },
        "text": narrative(&head),
        "identifier": { "system": meta.identifier.0, "value": meta.identifier.1 },
        "status": "final",
        "type": { "coding": [{
            "system": format!("{OWN}/CodeSystem/document-type"),
            "code": "emergency-card",
            "display": "救急カード・救急医療情報",
        }] },
        "subject": { "reference": links.subject },
        "date": instant_text(meta.at),
        "author": [{ "display": meta.author }],
        "title": "救急カード",
        "section": sections.collect::<Vec<_>>(),
    })
}

/// A section with title and code only.
fn section(code: &str, title: &str) -> Map<String, Value> {
    let code = known_section(code);
    let display = SECTIONS
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, display)| *display);
    let mut section = Map::new();
    section.insert("title".to_owned(), json!(title));
    let coding = json!({
        "system": format!("{OWN}/CodeSystem/emergency-card-section"),
        "code": code,
        "display": display,
    });
    section.insert("code".to_owned(), json!({ "coding": [coding] }));
    section
}

fn block_section(block: &CardBlock, links: &Links) -> Value {
    let day = block
        .date
        .as_deref()
        .map(|date| date.split('T').next().unwrap_or(date));
    let from: Vec<String> = day
        .map(japanese_date)
        .into_iter()
        .chain((!block.source.is_empty()).then(|| block.source.clone()))
        .collect();
    let title = if from.is_empty() {
        block.title.clone()
    } else {
        format!("{}（{}）", block.title, from.join(" "))
    };
    let mut extensions = Vec::new();
    if let Some(day) = day {
        extensions.push(
            json!({ "url": format!("{OWN}/StructureDefinition/block-date"), "valueDate": day }),
        );
    }
    if !block.source.is_empty() {
        let url = format!("{OWN}/StructureDefinition/block-source");
        extensions.push(json!({ "url": url, "valueString": block.source }));
    }
    let mut out = Map::new();
    if !extensions.is_empty() {
        out.insert("extension".to_owned(), Value::Array(extensions));
    }
    out.extend(section(&block.section, &title));
    out.insert("text".to_owned(), narrative(&lines(&block.entries)));
    let entries = principals(&block.entries).map(|one| json!({ "reference": links.url_of(one) }));
    let entries: Vec<Value> = entries.collect();
    if !entries.is_empty() {
        out.insert("entry".to_owned(), Value::Array(entries));
    }
    Value::Object(out)
}

/// Who the person is in each record: the last section, so that every Patient is spoken of.
fn persons(people: &[Person], links: &Links) -> Value {
    let mut out = section(BASIC, "本人");
    let patients = people.iter().map(|person| &person.json);
    let said: Vec<String> = patients.clone().filter_map(line).collect();
    let entries = patients.map(|one| json!({ "reference": links.url_of(one) }));
    out.insert("text".to_owned(), narrative(&said));
    out.insert("entry".to_owned(), entries.collect());
    Value::Object(out)
}

/// Lines as XHTML. A section without lines says so: nothing registered is an answer too.
fn narrative(lines: &[String]) -> Value {
    let items: String = lines
        .iter()
        .map(|line| format!("<li>{}</li>", escaped(line)))
        .collect();
    let inner = if items.is_empty() {
        "<p>登録なし</p>".to_owned()
    } else {
        format!("<ul>{items}</ul>")
    };
    json!({ "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>") })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = text.replace("\r\n", "\n");
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' => out.push_str("<br/>"),
            other => out.push(other),
        }
    }
    out
}

/// What stands on the card, and under which URL.
struct Links {
    urls: HashMap<String, String>,
    /// URL of the person, to whom everything on the card belongs.
    subject: String,
}

impl Links {
    fn of<'v>(
        held: impl Iterator<Item = &'v Value>,
        subject: &Value,
    ) -> Result<Self, DocumentError> {
        let mut urls = HashMap::new();
        for resource in held {
            let name = name_of(resource).ok_or_else(|| DocumentError::NotAResource {
                key: text(resource, "/resourceType").unwrap_or_default(),
            })?;
            let id = text(resource, "/id").unwrap_or_default();
            urls.insert(name, format!("urn:uuid:{id}"));
        }
        let subject = name_of(subject).and_then(|name| urls.get(&name).cloned());
        let subject = subject.ok_or(DocumentError::Subject)?;
        Ok(Self { urls, subject })
    }

    fn url_of(&self, resource: &Value) -> String {
        name_of(resource)
            .and_then(|name| self.urls.get(&name).cloned())
            .unwrap_or_default()
    }

    /// Where a reference leads. A Patient who is not on the card is the same person: all of it is about one.
    fn target(&self, reference: &str) -> Option<String> {
        let plain = reference.split("/_history/").next().unwrap_or(reference);
        let person = || plain.starts_with("Patient/").then(|| self.subject.clone());
        self.urls.get(plain).cloned().or_else(person)
    }

    /// A copy whose references lead to what is on the card; the others are gone, with what held nothing
    /// but them.
    fn bound(&self, resource: &Value) -> Value {
        let mut copy = self.without_dangling(resource).unwrap_or(Value::Null);
        // The one element of ours that must be there and may refer to what is hidden.
        if let Some(members) = copy.as_object_mut()
            && resource.get("resourceType").and_then(Value::as_str) == Some("DeviceUseStatement")
            && !members.contains_key("device")
        {
            members.insert("device".to_owned(), json!({ "display": "不明" }));
        }
        copy
    }

    fn without_dangling(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Object(members) => {
                let mut kept = Map::new();
                for (name, inner) in members {
                    if name == "reference"
                        && let Some(reference) = inner.as_str()
                    {
                        if reference.starts_with('#') {
                            kept.insert(name.clone(), inner.clone());
                        } else if let Some(url) = self.target(reference) {
                            kept.insert(name.clone(), Value::String(url));
                        }
                    } else if let Some(inner) = self.without_dangling(inner) {
                        kept.insert(name.clone(), inner);
                    }
                }
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            Value::Array(items) => {
                let kept: Vec<Value> = items
                    .iter()
                    .filter_map(|item| self.without_dangling(item))
                    .collect();
                (!kept.is_empty()).then_some(Value::Array(kept))
            }
            other => Some(other.clone()),
        }
    }
}
