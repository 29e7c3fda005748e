//! From loose resources of a person's sheets to the blocks of an emergency card: which block each belongs
//! to, how old it is, and whose word it is.

use std::collections::{HashMap, HashSet};

use renkei_model::Category;
use serde_json::Value;

use crate::card::{CardBlock, SECTIONS};
use crate::card_head::Person;

/// A resource that a card may show.
#[derive(Debug, Clone)]
pub struct CardPart {
    /// What the sheet that brought it is called here; parts of one sheet belong together.
    pub sheet: String,
    /// Name of the facility whose word it is.
    pub source: String,
    /// The day on which it reached us, `YYYY-MM-DD`: its date where it has no other.
    pub day: String,
    /// The category of its shelf.
    pub category: Category,
    /// The resource, with its id.
    pub json: Value,
}

/// A person's resources, laid out for a card.
#[derive(Debug, Default)]
pub struct Laid {
    /// The Patients in the order of their parts.
    pub people: Vec<Person>,
    /// One block for each section of each sheet, what its entries refer to (organisations, practitioners,
    /// devices) among them.
    pub blocks: Vec<CardBlock>,
}

/// A section that is not on the emergency card's own list is another form's, and says nothing here.
const OWN_SECTIONS: &str = "/emergency-card-section";

/// Lays parts out. Their order is kept inside a block; blocks of a sheet come in the order of its parts.
#[must_use]
pub fn lay(parts: Vec<CardPart>) -> Laid {
    let said = sections(&parts);
    let written = written(&parts);
    let mut laid = Laid::default();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut sheets = Vec::new();
    let mut others: Vec<CardPart> = Vec::new();
    for part in parts {
        let section = match place(&part, &said) {
            Place::Patient => {
                let date = written.get(&part.sheet).cloned().unwrap_or(part.day);
                laid.people.push(Person {
                    json: part.json,
                    source: part.source,
                    date,
                });
                continue;
            }
            Place::Other => {
                others.push(part);
                continue;
            }
            Place::Nowhere => continue,
            Place::Section(section) => section,
        };
        let date = section.date.unwrap_or_else(|| part.day.clone());
        let key = (part.sheet.clone(), section.code.clone());
        let at = *places.entry(key).or_insert_with(|| {
            sheets.push(part.sheet.clone());
            laid.blocks.push(CardBlock {
                title: title(&section.code).to_owned(),
                section: section.code,
                date: Some(date),
                source: part.source.clone(),
                entries: Vec::new(),
            });
            laid.blocks.len() - 1
        });
        if let Some(block) = laid.blocks.get_mut(at) {
            block.entries.push(part.json);
        }
    }
    let blocks = laid.blocks.iter_mut().zip(&sheets);
    for (block, sheet) in blocks {
        complete(block, others.iter().filter(|other| other.sheet == *sheet));
    }
    laid
}

/// Adds to a block what its entries refer to, and what that refers to.
fn complete<'p>(block: &mut CardBlock, others: impl Iterator<Item = &'p CardPart>) {
    let known: HashMap<String, &Value> = others
        .map(|other| (name(&other.json), &other.json))
        .collect();
    let mut wanted = Vec::new();
    for entry in &block.entries {
        references(entry, &mut wanted);
    }
    let mut held: HashSet<String> = block.entries.iter().map(name).collect();
    while let Some(reference) = wanted.pop() {
        if let Some(found) = known.get(&reference)
            && held.insert(reference)
        {
            references(found, &mut wanted);
            block.entries.push((*found).clone());
        }
    }
}

/// `Type/id`, as references write it.
fn name(resource: &Value) -> String {
    let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or("");
    format!("{}/{}", text("resourceType"), text("id"))
}

fn references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("reference").and_then(Value::as_str) {
                let plain = reference.split("/_history/").next().unwrap_or(reference);
                into.push(plain.to_owned());
            }
            members.values().for_each(|member| references(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

enum Place {
    Patient,
    Section(Section),
    Other,
    Nowhere,
}

#[derive(Debug, Clone)]
struct Section {
    code: String,
    date: Option<String>,
}

/// For each sheet, the day on which it says that it was written.
fn written(parts: &[CardPart]) -> HashMap<String, String> {
    let compositions = parts.iter().filter(|part| is(part, "Composition"));
    compositions
        .filter_map(|part| Some((part.sheet.clone(), day_of(&part.json)?.to_owned())))
        .collect()
}

fn day_of(composition: &Value) -> Option<&str> {
    composition.get("date")?.as_str()?.get(..10)
}

/// What the Compositions say: for each sheet and resource, the section and its own date.
fn sections(parts: &[CardPart]) -> HashMap<(String, String), Section> {
    let mut said = HashMap::new();
    for part in parts.iter().filter(|part| is(part, "Composition")) {
        let written = day_of(&part.json);
        for section in array(&part.json, "section") {
            let coding = section.pointer("/code/coding/0");
            let own = coding
                .and_then(|coding| coding.get("system"))
                .and_then(Value::as_str)
                .is_some_and(|system| system.ends_with(OWN_SECTIONS));
            let code = coding
                .and_then(|coding| coding.get("code"))
                .and_then(Value::as_str);
            let (true, Some(code)) = (own, code) else {
                continue;
            };
            let dated = array(section, "extension")
                .find_map(|extension| extension.get("valueDate").and_then(Value::as_str));
            let section_said = Section {
                code: code.to_owned(),
                date: dated.or(written).map(str::to_owned),
            };
            for entry in array(section, "entry") {
                if let Some(reference) = entry.get("reference").and_then(Value::as_str) {
                    let key = (part.sheet.clone(), reference.to_owned());
                    said.insert(key, section_said.clone());
                }
            }
        }
    }
    said
}

fn place(part: &CardPart, said: &HashMap<(String, String), Section>) -> Place {
    let name = name(&part.json);
    let kind = name.split('/').next().unwrap_or_default();
    let key = (part.sheet.clone(), name.clone());
    if kind == "Patient" {
        return Place::Patient;
    }
    if let Some(section) = said.get(&key) {
        return Place::Section(section.clone());
    }
    let code = match kind {
        "Composition" | "Encounter" | "Bundle" => return Place::Nowhere,
        "Organization" | "Practitioner" | "PractitionerRole" | "Device" => return Place::Other,
        "AllergyIntolerance" => "allergy",
        "MedicationStatement" => "medication",
        "DeviceUseStatement" => "device",
        "RelatedPerson" => "contacts",
        "CareTeam" => "family-doctor",
        "Coverage" => "insurance",
        "DocumentReference" => "acp",
        "Flag" => "remarks",
        _ => match part.category {
            Category::Acp => "acp",
            Category::Diagnosis => "diagnosis",
            Category::Prescription => "medication",
            Category::Allergy => "allergy",
            Category::Contacts => "family-doctor",
            Category::Care | Category::Vitals => "care",
            Category::Emergency | Category::Demographics => "basic",
            _ => return Place::Nowhere,
        },
    };
    Place::Section(Section {
        code: code.to_owned(),
        date: own_date(&part.json),
    })
}

/// The day that a resource itself says it is from.
fn own_date(resource: &Value) -> Option<String> {
    let elements = [
        "recordedDate",
        "dateAsserted",
        "recordedOn",
        "effectiveDateTime",
        "date",
    ];
    elements.iter().find_map(|element| {
        let text = resource.get(element)?.as_str()?;
        text.get(..10).map(str::to_owned)
    })
}

/// What crews call a section.
fn title(code: &str) -> &'static str {
    let known = SECTIONS.iter().find(|(known, _)| *known == code);
    known.map_or("救急隊への伝達事項", |(_, title)| title)
}

fn is(part: &CardPart, kind: &str) -> bool {
    part.json.get("resourceType").and_then(Value::as_str) == Some(kind)
}

fn array<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
