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
/// Paths that are read by id, of all readers together.
const READS: usize = 4_000;
/// Identifiers, of all readers together.
const IDENTIFIERS: usize = 2_000;
/// Patients whose resources one search asks for: as many values as a parameter may have.
const TOGETHER: usize = 10;
/// Hits that a measured search by name has to have.
const HITS: usize = 20;
/// Names that are tried, the most frequent first.
const NAMES: usize = 60;
/// Names a reader has at least, if beginnings of names count.
const FEW: usize = 4;
/// Types that are read by id besides Patient, each found by whom it is about.
const TYPES: [&str; 5] = [
    "Condition",
    "MedicationStatement",
    "AllergyIntolerance",
    "Coverage",
    "Composition",
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
    let readers = callers.iter().filter(|one| one.role == Role::Reader);
    let readers: Vec<&Caller> = readers.collect();
    for (number, reader) in readers.iter().enumerate() {
        let share = share(&targets, readers.len() - number);
        collect(&mut asker, reader, &names, share, &mut targets).await?;
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

/// How much of each one reader gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    reads: usize,
    identifiers: usize,
}

/// What is missing, divided among the readers who are left: who has little leaves the rest to the others.
fn share(targets: &Targets, left: usize) -> Share {
    let of = |all: usize, have: usize| all.saturating_sub(have).div_ceil(left.max(1));
    Share {
        reads: of(READS, targets.reads.len()),
        identifiers: of(IDENTIFIERS, targets.identifiers.len()),
    }
}

/// Some of one reader's.
async fn collect(
    asker: &mut Asker,
    reader: &Caller,
    names: &[String],
    share: Share,
    targets: &mut Targets,
) -> Result<(), LoadError> {
    let patients = asker.named(reader, names, targets).await?;
    for patient in spread(&patients, share.identifiers) {
        if let Some(identifier) = identifier(patient) {
            let path = format!("/fhir/R4/Patient?identifier={}", encoded(&identifier));
            targets.identifiers.push((reader.staff.clone(), path));
        }
    }
    let each = share.reads.div_ceil(TYPES.len() + 1);
    let mut read = |resource: &Value| {
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let id = resource["id"].as_str().unwrap_or_default();
        let path = format!("/fhir/R4/{kind}/{id}");
        targets.reads.push((reader.staff.clone(), path));
    };
    spread(&patients, each).for_each(&mut read);
    // Few have an allergy: whom to ask about are more than resources wanted.
    let about: Vec<&Value> = spread(&patients, 4 * each).collect();
    for kind in TYPES {
        let mut missing = each;
        for group in about.chunks(TOGETHER) {
            if missing == 0 {
                break;
            }
            let ids: Vec<&str> = group.iter().filter_map(|one| one["id"].as_str()).collect();
            let patients = encoded(&ids.join(","));
            let path = format!("/fhir/R4/{kind}?patient={patients}&_count={missing}");
            let found = asker.page(reader, &path).await?;
            missing = missing.saturating_sub(found.len());
            found.iter().for_each(&mut read);
        }
    }
    Ok(())
}

/// So many of these, evenly from the first to the last; all of them, if there are fewer.
fn spread<T>(all: &[T], many: usize) -> impl Iterator<Item = &T> {
    let many = many.min(all.len());
    (0..many).filter_map(move |number| all.get(number * all.len() / many.max(1)))
}

struct Asker {
    base: Base,
    connection: Connection,
    request: Vec<u8>,
}

impl Asker {
    /// Adds the names that fill a reader's page. Who stands on the pages, each once.
    async fn named(
        &mut self,
        reader: &Caller,
        names: &[String],
        targets: &mut Targets,
    ) -> Result<Vec<Value>, LoadError> {
        // Common names first; where a facility has too few people for a page, some beginnings of names: each of those is
        // a long search.
        let beginnings = beginnings(names);
        let whole = names.iter().map(|name| (name, NAMES / 3));
        let begun = beginnings.iter().map(|name| (name, FEW));
        let mut filled = 0;
        let mut seen = BTreeSet::new();
        let mut patients = Vec::new();
        for (name, enough) in whole.chain(begun) {
            if filled >= enough {
                continue;
            }
            let path = format!("/fhir/R4/Patient?name={}&_count={HITS}", encoded(name));
            let hits = self.page(reader, &path).await?;
            if hits.len() >= HITS {
                filled += 1;
                targets.names.push((reader.staff.clone(), path));
            }
            let new = hits.into_iter();
            patients.extend(new.filter(|hit| seen.insert(hit["id"].to_string())));
        }
        Ok(patients)
    }

    /// The resources of a search's first page.
    async fn page(&mut self, reader: &Caller, path: &str) -> Result<Vec<Value>, LoadError> {
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
        Ok(entries.map(|entry| entry["resource"].clone()).collect())
    }
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
    }

    #[test]
    fn shares_are_even_and_what_one_lacks_the_others_give() {
        let mut targets = Targets::default();
        let even = Share {
            reads: 100,
            identifiers: 50,
        };
        assert_eq!(share(&targets, 40), even);
        targets.reads = vec![(String::new(), String::new()); 40];
        let more = share(&targets, 39);
        assert_eq!((more.reads, more.identifiers), (102, 52));
        targets.reads = vec![(String::new(), String::new()); READS + 1];
        assert_eq!(share(&targets, 1).reads, 0);
        assert_eq!(share(&targets, 0).identifiers, IDENTIFIERS);
    }

    #[test]
    fn what_is_taken_is_spread_over_all() {
        let all: Vec<u32> = (0..10).collect();
        let taken = |many| spread(&all, many).copied().collect::<Vec<_>>();
        assert_eq!(taken(3), [0, 3, 6]);
        assert_eq!(taken(10), all);
        assert_eq!(taken(99), all, "there are no more");
        assert!(taken(0).is_empty() && spread(&[0; 0], 3).next().is_none());
    }
}
