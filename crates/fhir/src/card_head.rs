//! The top of an emergency card: who this is, and what must be known before anything else is read.
//!
//! Said over all linked records: an address that only the neighbouring office knows, or a death that only
//! an older sheet tells, is on the card whichever record the search led to.

use std::collections::HashSet;

use renkei_model::{Face, day};
use serde_json::{Value, json};

use crate::card::{CardBlock, in_order};
use crate::face::face;
use crate::items::{ACP_KIND, ACP_REVIEW, ACP_SIGNED, is_item};
use crate::line::{name_of, value, with};
use crate::line_words::{date, era_date, one_line, word};
use crate::read::{each, text};

/// A Patient on the card, and whose word it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The Patient, with its id.
    pub json: Value,
    /// Name of the facility that registered it.
    pub source: String,
    /// The day of the sheet that it came with, `YYYY-MM-DD`.
    pub date: String,
}

/// What stands before everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `deceased`, `moved` or `acp`; a program that composes cards may add its own.
    pub kind: &'static str,
    /// For people.
    pub text: String,
    /// The day from which the word is, where it has one.
    pub date: Option<String>,
    /// Name of the facility whose word it is; empty where it is nobody's.
    pub source: String,
}

impl Notice {
    /// The notice as one line.
    #[must_use]
    pub fn line(&self) -> String {
        let from = self.date.as_deref().map(date).unwrap_or_default();
        let parts = [&*self.text, &*from, &*self.source];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// Somebody's face in one sheet, and whose word it is.
struct Said<'p> {
    face: Face,
    person: &'p Person,
}

fn said(people: &[Person]) -> Vec<Said<'_>> {
    let said = people.iter().map(|person| Said {
        face: face(&person.json),
        person,
    });
    said.collect()
}

/// The newest sheet first, whichever record it belongs to.
fn newest_first(mut said: Vec<Said<'_>>) -> Vec<Said<'_>> {
    said.sort_by(|one, other| other.person.date.cmp(&one.person.date));
    said
}

/// Who this is, for the compact card. `people`: the record that was chosen first, its newest sheet first.
/// `today`: `YYYY-MM-DD`, the day for which the age is.
///
/// Name, date of birth and sex are those of the first who says them. Addresses and telephone numbers are
/// everybody's, each once, with who says so and since when: a crew tries the newest first.
#[must_use]
pub fn identity(people: &[Person], today: &str) -> Value {
    let said = said(people);
    let first = |pick: fn(&Face) -> Option<&String>| {
        let found = said.iter().find_map(|one| pick(&one.face));
        found.cloned()
    };
    let birth = first(|face| face.birth_date.as_ref());
    let sex = first(|face| face.sex.as_ref());
    let known = birth.as_deref().and_then(|birth| day::parse(birth).ok());
    let known = known.map(|(day, _)| day);
    let ages = known.as_ref().and_then(|day| day::age_on(day, today));
    let name = first(|face| face.name.as_ref());
    let kana = first(|face| face.kana.as_ref());
    let said = newest_first(said);
    json!({
        "name": name,
        "kana": kana,
        "birthDate": birth,
        "birthDateText": known.as_ref().and_then(day::era_text),
        "age": ages.and_then(|(youngest, oldest)| (youngest == oldest).then_some(oldest)),
        "ageText": ages.map(age_text),
        "sex": sex,
        "sexText": word(sex.as_deref().unwrap_or("unknown")),
        "addresses": each_once(&said, addresses),
        "phones": each_once(&said, phones),
    })
}

/// 91歳, or 90～91歳 where the day of birth is not known.
fn age_text((youngest, oldest): (u16, u16)) -> String {
    if youngest == oldest {
        format!("{oldest}歳")
    } else {
        format!("{youngest}～{oldest}歳")
    }
}

fn addresses(face: &Face) -> Vec<String> {
    face.address.iter().map(|text| one_line(text)).collect()
}

fn phones(face: &Face) -> Vec<String> {
    face.phones.iter().map(|text| one_line(text)).collect()
}

fn each_once(said: &[Said<'_>], pick: fn(&Face) -> Vec<String>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for one in said {
        for text in pick(&one.face) {
            // The same number with and without hyphens is one number.
            let key: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            if seen.insert(key) {
                let (source, date) = (&one.person.source, &one.person.date);
                found.push(json!({ "text": text, "source": source, "date": date }));
            }
        }
    }
    found
}

/// Who this is, in the lines of the document's own text: the first is the person, the others are where
/// the person lives and is called.
pub(crate) fn head(people: &[Person], today: &str) -> Vec<String> {
    let identity = identity(people, today);
    let part = |name: &str| text(&identity, &format!("/{name}"));
    let born = part("birthDate").map(|day| format!("{}生", era_date(&day)));
    let name = with(part("name"), [part("kana")]);
    let who = [name, born, part("ageText"), part("sexText")];
    let who: Vec<String> = who.into_iter().flatten().collect();
    let mut lines = vec![who.join(" ")];
    for (label, list) in [("住所", "addresses"), ("電話", "phones")] {
        for one in each(identity.get(list)) {
            let said = text(one, "/text").map(|said| format!("{label}: {said}"));
            let from = text(one, "/date").map(|day| date(&day));
            lines.extend(with(said, [from, text(one, "/source")]));
        }
    }
    lines
}

/// What must be seen first, in this order: died, moved away, what is wished at the end of life. `today`:
/// `YYYY-MM-DD`, by which a wish may be due to be talked over again.
#[must_use]
pub fn notices(people: &[Person], blocks: &[CardBlock], today: &str) -> Vec<Notice> {
    let said = newest_first(said(people));
    let deceased = "死亡の登録があります";
    let moved = "転出の登録があります";
    let living = [
        of_face("deceased", &said, |face| face.deceased.as_deref())
            .map(|found| found.about(deceased, "registered as deceased")),
        of_face("moved", &said, |face| face.moved.as_deref())
            .map(|found| found.about(moved, "registered as moved away")),
    ];
    living
        .into_iter()
        .flatten()
        .chain(acp(blocks, today))
        .collect()
}

/// A fact that a face tells, its day empty where only the fact is known.
struct Fact<'p> {
    kind: &'static str,
    day: String,
    person: &'p Person,
}

impl Fact<'_> {
    fn about(self, japanese: &str, english: &str) -> Notice {
        let day = if self.day.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.day)
        };
        Notice {
            kind: self.kind,
            text: format!("{japanese}{day} / {english}"),
            date: Some(self.person.date.clone()),
            source: self.person.source.clone(),
        }
    }
}

fn of_face<'p>(
    kind: &'static str,
    said: &[Said<'p>],
    pick: fn(&Face) -> Option<&str>,
) -> Option<Fact<'p>> {
    said.iter().find_map(|one| {
        let day = pick(&one.face)?.to_owned();
        let person = one.person;
        Some(Fact { kind, day, person })
    })
}

/// Each note that says which kind of wish it is, the newest first; a note that says the same again is left
/// out.
fn acp(blocks: &[CardBlock], today: &str) -> Vec<Notice> {
    let mut found: Vec<Notice> = Vec::new();
    for block in in_order(blocks) {
        let words = block
            .entries
            .iter()
            .filter_map(|entry| wish(entry, &block.entries, today));
        for text in words {
            if found.iter().all(|known| known.text != text) {
                found.push(Notice {
                    kind: "acp",
                    text,
                    date: block.date.clone(),
                    source: block.source.clone(),
                });
            }
        }
    }
    found
}

/// 心肺蘇生を望まない（医師署名あり・原本: 居間の引き出し・見直し日を過ぎています）: what decides on the spot whether
/// the wish can be followed.
fn wish(observation: &Value, beside: &[Value], today: &str) -> Option<String> {
    let components = each(observation.get("component"));
    let item = |item: &'static str| components.iter().filter(move |one| is_item(one, item));
    let kinds: Vec<String> = item(ACP_KIND).filter_map(value).collect();
    if kinds.is_empty() {
        return None;
    }
    let signed = item(ACP_SIGNED).find_map(|one| one.get("valueBoolean")?.as_bool());
    let signed = signed.map(|yes| {
        if yes {
            "医師署名あり"
        } else {
            "医師署名なし"
        }
    });
    let over = item(ACP_REVIEW)
        .filter_map(|one| text(one, "/valueDateTime"))
        .any(|review| is_past(&review, today));
    let paper = paper(observation, beside).map(|place| format!("原本: {place}"));
    let over = over.then(|| "見直し日を過ぎています".to_owned());
    with(
        Some(kinds.join("・")),
        [signed.map(str::to_owned), paper, over],
    )
}

/// Where the paper is that the note was taken from.
fn paper(observation: &Value, beside: &[Value]) -> Option<String> {
    let papers = each(observation.get("derivedFrom")).iter();
    let mut papers = papers.filter_map(|paper| text(paper, "/reference"));
    papers.find_map(|reference| {
        let plain = reference.split("/_history/").next().map(str::to_owned);
        let found = beside.iter().find(|one| name_of(one) == plain)?;
        text(found, "/description")
    })
}

/// A month is past when its last day is.
fn is_past(date: &str, today: &str) -> bool {
    let day = date.split('T').next().unwrap_or(date);
    day::parse(day).is_ok_and(|(day, _)| *day.last() < *today)
}
