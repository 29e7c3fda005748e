//! One line of plain Japanese for a resource: what a crew reads on a card.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::face::face;
use crate::items::{bare_answer, rank};
use crate::line_words::{concept, date, era_date, joined, one_line, word};
use crate::read::{each, text};

/// Resources by `Type/ID`, for what a line says of what it refers to.
type Known<'v> = HashMap<String, &'v Value>;

/// One line for a resource, for people: ペニシリン（発疹・重度）. `None` when it says nothing by itself.
///
/// Reads any resource of the messages that we know. What it refers to is not looked up; see [`lines`].
#[must_use]
pub fn line(resource: &Value) -> Option<String> {
    whole(resource, &HashMap::new())
}

/// The lines of resources that belong together, in their order. A resource that another one of them
/// refers to (the Device of a DeviceUseStatement, the Organization of a PractitionerRole) is part of that
/// one's line and has none of its own. An Observation has a line for each of its components, the kind of
/// a wish first. That there is something at all (あり) comes after what it is.
#[must_use]
pub fn lines(resources: &[Value]) -> Vec<String> {
    let named = resources
        .iter()
        .filter_map(|one| Some((name_of(one)?, one)));
    let known: Known<'_> = named.collect();
    let (answers, said): (Vec<&Value>, Vec<&Value>) =
        principals(resources).partition(|one| bare_answer(one));
    let ordered = said.into_iter().chain(answers);
    ordered.flat_map(|one| say(one, &known)).collect()
}

/// Those that stand for themselves, in their order: what no other one of the resources speaks of in its
/// own line, and what is more than somebody's or something's name that others refer to.
pub(crate) fn principals(resources: &[Value]) -> impl Iterator<Item = &Value> {
    let spoken_of: HashSet<String> = resources.iter().flat_map(speaks_of).collect();
    let mut referred = HashSet::new();
    resources
        .iter()
        .for_each(|resource| references(resource, &mut referred));
    let own = move |resource: &&Value| {
        let kind = resource.get("resourceType").and_then(Value::as_str);
        let names = matches!(kind, Some("Organization" | "Practitioner" | "Device"));
        name_of(resource).is_none_or(|name| {
            let told = spoken_of.contains(&name) || (names && referred.contains(name.as_str()));
            !told
        })
    };
    resources.iter().filter(own)
}

fn references<'v>(value: &'v Value, found: &mut HashSet<&'v str>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("reference").and_then(Value::as_str);
            found.extend(reference);
            members.values().for_each(|inner| references(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// `Type/ID` of a stored resource.
pub(crate) fn name_of(resource: &Value) -> Option<String> {
    let (kind, id) = (text(resource, "/resourceType")?, text(resource, "/id")?);
    Some(format!("{kind}/{id}"))
}

/// What a resource's line speaks of. A doctor in a team has a line of his own, with his facility.
fn speaks_of(resource: &Value) -> Vec<String> {
    let members = each(resource.get("participant")).iter();
    let team = members
        .flat_map(|one| {
            [
                text(one, "/member/reference"),
                text(one, "/onBehalfOf/reference"),
            ]
        })
        .flatten()
        .filter(|member| !member.starts_with("PractitionerRole/"));
    let own = [
        "/device/reference",
        "/practitioner/reference",
        "/organization/reference",
    ];
    team.chain(own.iter().filter_map(|pointer| text(resource, pointer)))
        .collect()
}

/// What a reference leads to.
fn find<'v>(from: &Value, pointer: &str, known: &Known<'v>) -> Option<&'v Value> {
    known.get(&text(from, pointer)?).copied()
}

/// All that a resource says, in one line.
fn whole(resource: &Value, known: &Known<'_>) -> Option<String> {
    let said = joined(&say(resource, known));
    (!said.is_empty()).then_some(said)
}

fn say(resource: &Value, known: &Known<'_>) -> Vec<String> {
    let said = match resource.get("resourceType").and_then(Value::as_str) {
        Some("Observation") => observation(resource),
        Some("CareTeam") => team(resource, known),
        Some(kind) => single(kind, resource, known).into_iter().collect(),
        None => Vec::new(),
    };
    let said = said.iter().map(|line| one_line(line));
    said.filter(|line| !line.is_empty()).collect()
}

fn single(kind: &str, resource: &Value, known: &Known<'_>) -> Option<String> {
    match kind {
        "Patient" => patient(resource),
        "RelatedPerson" => contact(resource),
        "Condition" => condition(resource),
        "AllergyIntolerance" => allergy(resource),
        "MedicationStatement" => medication(resource),
        "DeviceUseStatement" => device_use(resource, known),
        "Device" => concept(resource.get("type")),
        "PractitionerRole" => role(resource, known),
        "Practitioner" => face(resource).name,
        "Organization" => spaced([text(resource, "/name"), phones(resource)]),
        "Coverage" => coverage(resource),
        "Flag" => with(concept(resource.pointer("/code")), precautions(resource)),
        "DocumentReference" => labelled(
            concept(resource.get("type")),
            text(resource, "/description"),
        ),
        "Encounter" => labelled(
            Some("入院".to_owned()),
            text(resource, "/period/start").map(|day| date(&day)),
        ),
        "Composition" => spaced([
            text(resource, "/title"),
            text(resource, "/date").map(|day| date(&day)),
        ]),
        _ => None,
    }
}

/// The parts that there are, with spaces between.
fn spaced<const N: usize>(parts: [Option<String>; N]) -> Option<String> {
    let parts = parts.into_iter().flatten().map(|part| one_line(&part));
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What is added in brackets, with dots between; a full stop before a dot or a bracket is one too many.
pub(crate) fn with<const N: usize>(
    head: Option<String>,
    more: [Option<String>; N],
) -> Option<String> {
    let more = more.into_iter().flatten();
    let more: Vec<String> = more
        .map(|part| one_line(&part).trim_end_matches('。').to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    match (head, more.is_empty()) {
        (Some(head), false) => Some(format!("{head}（{}）", more.join("・"))),
        (head, true) => head,
        (None, false) => Some(more.join("・")),
    }
}

fn labelled(label: Option<String>, said: Option<String>) -> Option<String> {
    let said = one_line(&said?);
    Some(label.map_or_else(|| said.clone(), |label| format!("{label}: {said}")))
}

fn since(resource: &Value, pointer: &str) -> Option<String> {
    text(resource, pointer).map(|day| format!("{}から", date(&day)))
}

fn note(resource: &Value) -> Option<String> {
    let notes = each(resource.get("note")).iter();
    let notes: Vec<String> = notes.filter_map(|note| text(note, "/text")).collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}

fn phones(resource: &Value) -> Option<String> {
    let phones = face(resource).phones;
    (!phones.is_empty()).then(|| phones.join(" "))
}

fn patient(patient: &Value) -> Option<String> {
    let face = face(patient);
    let born = face
        .birth_date
        .as_deref()
        .map(|day| format!("{}生", era_date(day)));
    let sex = face.sex.as_deref().map(|sex| word(sex).to_owned());
    spaced([
        with(face.name, [face.kana]),
        born,
        sex,
        face.address,
        phones(patient),
    ])
}

fn contact(person: &Value) -> Option<String> {
    let relations: Vec<String> = each(person.get("relationship"))
        .iter()
        .filter_map(|relation| concept(Some(relation)))
        .collect();
    let relations = (!relations.is_empty()).then(|| relations.join("・"));
    let rank = each(person.get("extension"))
        .iter()
        .find_map(|extension| extension.get("valuePositiveInt")?.as_u64());
    let rank = rank.map(|rank| format!("連絡順{rank}"));
    with(
        spaced([relations, face(person).name, phones(person)]),
        [rank],
    )
}

fn condition(condition: &Value) -> Option<String> {
    let state = condition.get("clinicalStatus");
    with(
        concept(condition.get("code")),
        [
            text(condition, "/onsetDateTime").map(|day| date(&day)),
            concept(state),
            note(condition),
        ],
    )
}

fn allergy(allergy: &Value) -> Option<String> {
    let reactions = each(allergy.get("reaction")).iter();
    let reactions: Vec<String> = reactions
        .flat_map(|reaction| {
            let felt = each(reaction.get("manifestation")).iter();
            let felt = felt.filter_map(|one| concept(Some(one)));
            let severity = text(reaction, "/severity").map(|severity| word(&severity).to_owned());
            felt.chain(severity).collect::<Vec<_>>()
        })
        .collect();
    let reactions = (!reactions.is_empty()).then(|| reactions.join("・"));
    with(concept(allergy.get("code")), [reactions, note(allergy)])
}

fn medication(statement: &Value) -> Option<String> {
    let dosages = each(statement.get("dosage")).iter();
    let dosages: Vec<String> = dosages
        .filter_map(|dosage| {
            let amount = dosage
                .pointer("/doseAndRate/0/doseQuantity")
                .and_then(quantity);
            spaced([amount, text(dosage, "/text")])
        })
        .collect();
    let dosages = (!dosages.is_empty()).then(|| dosages.join("、"));
    let drug = spaced([concept(statement.get("medicationCodeableConcept")), dosages]);
    with(
        drug,
        [since(statement, "/effectivePeriod/start"), note(statement)],
    )
}

fn device_use(used: &Value, known: &Known<'_>) -> Option<String> {
    let device = find(used, "/device/reference", known)
        .and_then(|device| concept(device.get("type")))
        .or_else(|| text(used, "/device/display"));
    with(device, [note(used), since(used, "/timingPeriod/start")])
}

/// A doctor at a facility: 見本病院 内科 見本 太郎 000-000-0000（主治医）.
fn role(role: &Value, known: &Known<'_>) -> Option<String> {
    let find = |pointer: &str| find(role, pointer, known);
    let clinic = find("/organization/reference");
    let specialty = each(role.get("specialty"))
        .iter()
        .find_map(|one| concept(Some(one)));
    let duty = each(role.get("code"))
        .iter()
        .find_map(|one| concept(Some(one)));
    let who = spaced([
        clinic.and_then(|clinic| text(clinic, "/name")),
        specialty,
        find("/practitioner/reference").and_then(|doctor| face(doctor).name),
        clinic.and_then(phones),
    ]);
    with(who, [duty])
}

/// A team as far as its members are known, a line each: 訪問看護: 見本ステーション 000-000-0000.
fn team(team: &Value, known: &Known<'_>) -> Vec<String> {
    let members = each(team.get("participant"))
        .iter()
        .filter_map(|participant| {
            // A member's own line looks nothing up: a team may not lead back to itself.
            let find = |name: &str| {
                find(participant, &format!("/{name}/reference"), known)
                    .filter(|member| member.get("organization").is_none())
                    .and_then(|member| whole(member, &HashMap::new()))
                    .or_else(|| text(participant, &format!("/{name}/display")))
            };
            let who = spaced([find("onBehalfOf"), find("member")]);
            labelled(concept(participant.pointer("/role/0")), who)
        });
    members.collect()
}

fn coverage(coverage: &Value) -> Option<String> {
    let extensions = each(coverage.get("extension")).iter();
    let parts: Vec<String> = extensions
        .filter_map(|one| text(one, "/valueString"))
        .collect();
    let insurer = text(coverage, "/payor/0/identifier/value")
        .or_else(|| text(coverage, "/payor/0/display"))
        .map(|insurer| format!("保険者 {insurer}"));
    let number = text(coverage, "/subscriberId");
    let number = number.or_else(|| (!parts.is_empty()).then(|| parts.join("・")));
    let number = number.map(|number| format!("番号 {number}"));
    labelled(concept(coverage.get("type")), spaced([insurer, number]))
}

/// A flag's codings say what to do about what its text names.
fn precautions(flag: &Value) -> [Option<String>; 1] {
    let named = text(flag, "/code/text").is_some();
    let codings = each(flag.pointer("/code/coding")).iter();
    let said: Vec<String> = codings
        .filter_map(|coding| text(coding, "/display"))
        .collect();
    [(named && !said.is_empty()).then(|| said.join("・"))]
}

/// Code and value, then each component with its own: 要介護度: 要介護3, 移動: 全介助.
fn observation(observation: &Value) -> Vec<String> {
    let own = labelled(concept(observation.get("code")), value(observation));
    let mut components: Vec<&Value> = each(observation.get("component")).iter().collect();
    components.sort_by_key(|component| rank(component));
    let mut said: Vec<(String, String)> = Vec::new();
    for component in components {
        let (Some(label), Some(value)) = (concept(component.get("code")), value(component)) else {
            continue;
        };
        // Several answers to one question stand together.
        match said.last_mut().filter(|(known, _)| *known == label) {
            Some((_, values)) => {
                values.push('・');
                values.push_str(&value);
            }
            None => said.push((label, value)),
        }
    }
    let said = said
        .into_iter()
        .map(|(label, value)| format!("{label}: {value}"));
    own.into_iter().chain(said).collect()
}

/// The value of an Observation or a component, of whatever type it is.
pub(crate) fn value(of: &Value) -> Option<String> {
    let object = of.as_object()?;
    let (name, value) = object.iter().find(|(name, _)| name.starts_with("value"))?;
    match name.as_str() {
        "valueString" => value.as_str().map(str::to_owned),
        "valueBoolean" => value
            .as_bool()
            .map(|yes| if yes { "あり" } else { "なし" }.to_owned()),
        "valueInteger" => Some(value.to_string()),
        "valueCodeableConcept" => concept(Some(value)),
        "valueDateTime" => value.as_str().map(date),
        "valueQuantity" => quantity(value),
        "valuePeriod" => {
            let (start, end) = (text(value, "/start"), text(value, "/end"));
            let day = |day: Option<String>| day.map(|day| date(&day)).unwrap_or_default();
            Some(format!("{}～{}", day(start), day(end)))
        }
        _ => None,
    }
}

fn quantity(quantity: &Value) -> Option<String> {
    let number = quantity
        .get("value")
        .map(ToString::to_string)
        .unwrap_or_default();
    let unit = text(quantity, "/unit").unwrap_or_default();
    let said = number + &unit;
    (!said.is_empty()).then_some(said)
}
