//! The directory's words: what professions are called, and changes of staff told in Japanese and English.

use std::collections::BTreeMap;

use renkei_fhir::instant::day_text;
use renkei_model::clock::Instant;
use renkei_model::id::FacilityCode;
use renkei_model::lists::Profession;
use renkei_store::{ALWAYS, Employment};
use serde_json::{Value, json};

use crate::register_change::{Change, What};

/// Names of facilities by their code.
pub type Names = BTreeMap<FacilityCode, String>;

/// What a profession is called (職種名), the usual name first. These are the words of the list's
/// documentation and of the licences, of no region.
const fn labels(profession: Profession) -> &'static [&'static str] {
    match profession {
        Profession::Physician => &["医師"],
        Profession::Dentist => &["歯科医師"],
        Profession::Pharmacist => &["薬剤師"],
        Profession::Nurse => &["看護師", "准看護師", "助産師"],
        Profession::VisitingNurse => &["訪問看護師"],
        Profession::PublicHealthNurse => &["保健師"],
        Profession::CareManager => &[
            "介護支援専門員",
            "ケアマネジャー",
            "ケアマネージャー",
            "主任介護支援専門員",
        ],
        Profession::MedicalSocialWorker => &["医療ソーシャルワーカー", "MSW"],
        Profession::CommunitySupportCentre => &["地域包括支援センター職員"],
        Profession::Therapist => &[
            "理学療法士・作業療法士・言語聴覚士",
            "理学療法士",
            "作業療法士",
            "言語聴覚士",
        ],
        Profession::Dietitian => &["管理栄養士", "栄養士"],
        Profession::DentalHygienist => &["歯科衛生士"],
        Profession::HomeHelper => &["訪問介護員", "ホームヘルパー"],
        Profession::AmbulanceCrew => &["救急隊員", "救急救命士"],
        Profession::MunicipalOfficer => &["市町村職員"],
        Profession::FacilityAdministrator => &["施設管理者"],
        Profession::NetworkOffice => &["事務局"],
        Profession::Auditor => &["監査担当"],
        Profession::VendorSystem => &["ベンダーのシステム"],
    }
}

/// The usual Japanese name.
#[must_use]
pub fn label(profession: Profession) -> &'static str {
    labels(profession).first().copied().unwrap_or_default()
}

/// The profession of a word of the list, or of a Japanese name; never the system, which is nobody.
#[must_use]
pub fn profession(text: &str) -> Option<Profession> {
    let named = |profession: &&Profession| labels(**profession).contains(&text);
    let found = text
        .parse()
        .ok()
        .or_else(|| Profession::ALL.iter().find(named).copied());
    found.filter(|profession| *profession != Profession::VendorSystem)
}

/// An employment as answers show it. `until` is the last day, as offices write it.
#[must_use]
pub fn employment(row: &Employment, names: &Names) -> Value {
    json!({
        "id": row.id.as_str(), "name": row.name, "profession": row.profession.as_str(),
        "professionLabel": label(row.profession), "facility": row.facility.as_str(),
        "facilityName": names.get(&row.facility), "since": first_day(row.since),
        "until": row.until.map(last_day),
    })
}

/// A change as answers show it.
#[must_use]
pub fn change(change: &Change, names: &Names) -> Value {
    let before: Vec<Value> = change
        .before
        .iter()
        .map(|row| employment(row, names))
        .collect();
    json!({
        "line": change.place, "change": change.what.as_str(), "text": text(change, names),
        "before": before, "after": employment(&change.after, names),
    })
}

/// A change in words.
fn text(change: &Change, names: &Names) -> String {
    let after = &change.after;
    let (ja, en) = match change.what {
        What::Added => (
            format!("{}で{}から働きます", place_ja(after, names), from_ja(after)),
            format!("begins at {} {}", place_en(after, names), from_en(after)),
        ),
        What::Ended => {
            let last = after.until.map(last_day).unwrap_or_default();
            (
                format!("{}を{last}で終えます", place_ja(after, names)),
                format!("leaves {}; last day {last}", place_en(after, names)),
            )
        }
        What::Moved | What::ProfessionChanged => moved(change, names),
        What::Changed => (
            format!(
                "登録を直します: {}",
                differences(change, |word, _| word).join("・")
            ),
            format!(
                "corrected: {}",
                differences(change, |_, word| word).join(", ")
            ),
        ),
        What::Unchanged => ("変わりません".to_owned(), "no change".to_owned()),
    };
    let until = match (change.what, after.until) {
        (What::Ended | What::Unchanged | What::Changed, _) | (_, None) => {
            (String::new(), String::new())
        }
        (_, Some(until)) => {
            let last = last_day(until);
            (format!("({last}まで)"), format!(", until {last}"))
        }
    };
    format!("{}: {ja}{} / {en}{}", after.name, until.0, until.1)
}

fn moved(change: &Change, names: &Names) -> (String, String) {
    let after = &change.after;
    let old = |place: fn(&Employment, &Names) -> String, between: &str| {
        let places: Vec<String> = change.before.iter().map(|row| place(row, names)).collect();
        places.join(between)
    };
    let (verb_ja, verb_en) = if change.what == What::Moved {
        ("異動します", "moves")
    } else {
        ("職種が変わります", "changes profession")
    };
    (
        format!(
            "{}から{}へ、{}に{verb_ja}",
            old(place_ja, "と"),
            place_ja(after, names),
            first_day(after.since).unwrap_or_default()
        ),
        format!(
            "{verb_en} from {} to {} {}",
            old(place_en, " and "),
            place_en(after, names),
            from_en(after)
        ),
    )
}

fn differences(
    change: &Change,
    word: fn(&'static str, &'static str) -> &'static str,
) -> Vec<&'static str> {
    let after = &change.after;
    let mut words = Vec::new();
    for before in &change.before {
        if before.name != after.name {
            words.push(word("氏名", "name"));
        }
        if before.since != after.since {
            words.push(word("開始日", "first day"));
        }
        if before.until != after.until {
            words.push(word("終了日", "last day"));
        }
    }
    words
}

fn place_ja(row: &Employment, names: &Names) -> String {
    format!("{}({})", facility(row, names), label(row.profession))
}

fn place_en(row: &Employment, names: &Names) -> String {
    format!("{} ({})", facility(row, names), row.profession)
}

/// Its name, or its code if the directory has lost it.
fn facility(row: &Employment, names: &Names) -> String {
    names
        .get(&row.facility)
        .cloned()
        .unwrap_or_else(|| row.facility.to_string())
}

fn from_ja(row: &Employment) -> String {
    first_day(row.since).unwrap_or_else(|| "以前".to_owned())
}

fn from_en(row: &Employment) -> String {
    first_day(row.since).map_or_else(
        || "at no known date".to_owned(),
        |day| format!("from {day}"),
    )
}

fn first_day(since: Instant) -> Option<String> {
    (since != ALWAYS).then(|| day_text(since))
}

/// The last day of a time that ends before this instant.
fn last_day(until: Instant) -> String {
    day_text(Instant(until.0.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profession_of_a_person_is_read_by_its_word_and_by_all_its_names() {
        let page = include_str!("../../../docs/lists.md");
        let mut seen = Vec::new();
        for one in Profession::ALL {
            let is_person = *one != Profession::VendorSystem;
            let expected = is_person.then_some(*one);
            assert_eq!(profession(one.as_str()), expected);
            for name in labels(*one) {
                assert_eq!(profession(name), expected, "{name}");
                assert!(!seen.contains(name), "{name} names two professions");
                seen.push(name);
            }
            assert!(page.contains(label(*one)), "{one}");
        }
        for other in ["", "看護", "Nurse", "医師 ", "wizard"] {
            assert_eq!(profession(other), None, "{other}");
        }
    }
}
