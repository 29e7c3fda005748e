//! Collects what can be asked for: through the public doors, as people who may see it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::caller::{self, Caller, Role, lines};
use crate::client::Connection;
use crate::error::LoadError;
use crate::request::Base;
use crate::say::say;
use crate::target::{PEOPLE, Person, TARGETS, Targets};

/// People kept for look-ups and slips at most.
const PEOPLE_AT_MOST: usize = 20_000;
/// Rows a page when collecting.
const PAGE: usize = 200;
/// Pages that are turned of one search.
const PAGES: usize = 3;
/// Hits that a measured search by name has to have.
const HITS: usize = 20;
/// Names that are tried, the most frequent first.
const NAMES: usize = 60;
/// Types that are read by id besides Patient, and a parameter by which all of them are found.
const TYPES: [(&str, &str); 5] = [
    ("Condition", "recorded-date"),
    ("MedicationStatement", "date"),
    ("AllergyIntolerance", "date"),
    ("Coverage", "date"),
    ("Composition", "date"),
];

/// Arguments of `prepare`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server, http://host:port
    #[arg(long)]
    base: String,
    /// Who asks: a file of callers
    #[arg(long)]
    callers: PathBuf,
    /// Residents, as `renkei demo people` prints them
    #[arg(long)]
    people: PathBuf,
    /// The folder to write to
    #[arg(long)]
    out: PathBuf,
}

/// Collects, writes the files, prints how much there is.
///
/// # Errors
/// When the server refuses a search, or a file cannot be read or written.
pub async fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let people: Vec<Person> = lines(&arguments.people)?;
    let names = frequent(&people);
    let mut asker = Asker {
        base: Base::parse(&arguments.base)?,
        request: Vec::new(),
        connection: Connection::to(Base::parse(&arguments.base)?.address),
    };
    let mut targets = Targets::default();
    let callers = caller::read(&arguments.callers)?;
    for reader in callers.iter().filter(|one| one.role == Role::Reader) {
        collect(&mut asker, reader, &names, &mut targets).await?;
    }
    let path = &arguments.out;
    std::fs::create_dir_all(path).map_err(LoadError::file(path))?;
    let text = serde_json::to_vec(&targets).unwrap_or_default();
    let path = arguments.out.join(TARGETS);
    std::fs::write(&path, text).map_err(LoadError::file(&path))?;
    let step = people.len().div_ceil(PEOPLE_AT_MOST).max(1);
    let kept: Vec<String> = people
        .iter()
        .step_by(step)
        .filter_map(|person| serde_json::to_string(person).ok())
        .collect();
    let path = arguments.out.join(PEOPLE);
    std::fs::write(&path, kept.join("\n")).map_err(LoadError::file(&path))?;
    let summary = json!({
        "what": "prepare",
        "reads": targets.reads.len(),
        "identifiers": targets.identifiers.len(),
        "names": targets.names.len(),
        "people": kept.len(),
    });
    say(&summary.to_string())
}

/// Everything of one reader.
async fn collect(
    asker: &mut Asker,
    reader: &Caller,
    names: &[String],
    targets: &mut Targets,
) -> Result<(), LoadError> {
    let add = |targets: &mut Targets, resource: &Value| {
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let id = resource["id"].as_str().unwrap_or_default();
        targets
            .reads
            .push((reader.staff.clone(), format!("/fhir/R4/{kind}/{id}")));
        if let Some(identifier) = identifier(resource).filter(|_| kind == "Patient") {
            let path = format!("/fhir/R4/Patient?identifier={}", encoded(&identifier));
            targets.identifiers.push((reader.staff.clone(), path));
        }
    };
    // Common names first; where a facility has too few people for a page, the beginnings of names.
    let beginnings = beginnings(names);
    let mut filled = 0;
    let mut seen = BTreeSet::new();
    for name in names.iter().chain(&beginnings) {
        if filled >= NAMES / 3 {
            break;
        }
        let search = format!("/fhir/R4/Patient?name={}", encoded(name));
        let path = format!("{search}&_count={HITS}");
        let hits = asker.page(reader, &path).await?.resources;
        if hits.len() < HITS {
            continue;
        }
        filled += 1;
        targets.names.push((reader.staff.clone(), path));
        for resource in asker
            .pages(reader, format!("{search}&_count={PAGE}"))
            .await?
        {
            if seen.insert(resource["id"].to_string()) {
                add(targets, &resource);
            }
        }
    }
    for (kind, parameter) in TYPES {
        let search = format!("/fhir/R4/{kind}?{parameter}=ge1900-01-01&_count={PAGE}");
        for resource in asker.pages(reader, search).await? {
            add(targets, &resource);
        }
    }
    Ok(())
}

/// One page of a search.
struct Page {
    resources: Vec<Value>,
    next: Option<String>,
}

struct Asker {
    base: Base,
    connection: Connection,
    request: Vec<u8>,
}

impl Asker {
    /// The first pages of a search.
    async fn pages(&mut self, reader: &Caller, first: String) -> Result<Vec<Value>, LoadError> {
        let mut all = Vec::new();
        let mut next = Some(first);
        for _ in 0..PAGES {
            let Some(path) = next else { break };
            let page = self.page(reader, &path).await?;
            all.extend(page.resources);
            next = page.next;
        }
        Ok(all)
    }

    async fn page(&mut self, reader: &Caller, path: &str) -> Result<Page, LoadError> {
        self.base.get(&mut self.request, path, &reader.token);
        let what = || format!("{} GET {path}", reader.staff);
        let head = self.connection.ask(&self.request).await;
        let head = head.map_err(|source| LoadError::Client {
            what: what(),
            source,
        })?;
        let body = self.connection.body();
        if head.status != 200 {
            return Err(LoadError::Refused {
                what: what(),
                status: head.status,
                text: String::from_utf8_lossy(body).chars().take(300).collect(),
            });
        }
        let bundle: Value = serde_json::from_slice(body).unwrap_or_default();
        let entries = bundle["entry"].as_array().into_iter().flatten();
        let links = bundle["link"].as_array().into_iter().flatten();
        let next = links.filter(|link| link["relation"] == "next");
        Ok(Page {
            resources: entries.map(|entry| entry["resource"].clone()).collect(),
            next: next.filter_map(|link| local(link["url"].as_str()?)).next(),
        })
    }
}

/// A URL without the server.
fn local(url: &str) -> Option<String> {
    url.find("/fhir/")
        .and_then(|at| url.get(at..))
        .map(str::to_owned)
}

/// The first identifier that has a system.
fn identifier(resource: &Value) -> Option<String> {
    let all = resource["identifier"].as_array()?;
    let found = all.iter().find(|one| one["system"].is_string())?;
    Some(format!(
        "{}|{}",
        found["system"].as_str()?,
        found["value"].as_str()?
    ))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Family names, as they are written and as they sound, the most frequent first.
fn frequent(people: &[Person]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for person in people {
        for name in [&person.name, &person.kana] {
            let family = name.split(' ').next().unwrap_or_default();
            *counts.entry(family).or_default() += 1;
        }
    }
    let mut names: Vec<(&str, usize)> = counts.into_iter().collect();
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    names
        .iter()
        .take(NAMES)
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

/// The first one and two characters of names.
fn beginnings(names: &[String]) -> Vec<String> {
    let mut all = BTreeSet::new();
    for name in names {
        for length in 1..=2 {
            all.insert(name.chars().take(length).collect::<String>());
        }
    }
    let mut all: Vec<String> = all.into_iter().collect();
    all.sort_by_key(|name| std::cmp::Reverse(name.chars().count()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slip::tests::person;

    #[test]
    fn the_commonest_names_come_first_and_then_their_beginnings() {
        let people = [person(1), person(2)];
        let names = frequent(&people);
        assert_eq!(names, ["サトウ", "佐藤"]);
        assert_eq!(beginnings(&names), ["サト", "佐藤", "サ", "佐"]);
    }

    #[test]
    fn identifiers_are_asked_for_with_their_system() {
        let patient =
            json!({ "identifier": [{ "value": "1" }, { "system": "urn:x", "value": "2" }] });
        assert_eq!(identifier(&patient).unwrap(), "urn:x|2");
        assert_eq!(encoded("urn:x|2"), "urn%3Ax%7C2");
        assert_eq!(identifier(&json!({})), None);
        assert_eq!(
            local("http://h:1/fhir/R4/Patient?cursor=a").unwrap(),
            "/fhir/R4/Patient?cursor=a"
        );
    }
}
