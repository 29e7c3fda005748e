//! What holds for every population, tried with the one that stands in `profiles/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::date;
use serde_json::Value;

use super::facts::{Fact, Facts, GROUPS, NAMES};
use super::household::{Fate, Resident, Tie};
use super::messages::Message;
use super::{Crowd, Population};

const CROWD: Crowd = Crowd {
    residents: 2_000,
    seed: 1,
};

fn population() -> Population {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru");
    Population::read(&folder).unwrap().expect("a population")
}

fn people(crowd: Crowd) -> Vec<Resident> {
    population().households(crowd).flatten().collect()
}

fn messages(crowd: Crowd) -> Vec<Message> {
    let population = population();
    population
        .messages(crowd, 0, 50, date(2026, 11, 21))
        .collect()
}

/// The resident whom a tie names.
fn other(people: &[Resident], one: &Resident, wanted: Tie) -> Option<Resident> {
    let (tie, number) = one.tie?;
    let other = usize::try_from(number)
        .ok()
        .and_then(|number| people.get(number));
    other.filter(|_| tie == wanted).cloned()
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    let small = Crowd {
        residents: 300,
        seed: 7,
    };
    let one = messages(small);
    assert_eq!(one, messages(small));
    assert_ne!(one, messages(Crowd { seed: 8, ..small }));
    assert_eq!(
        one.iter().map(|message| message.residents).sum::<u64>(),
        300
    );
}

#[test]
fn more_residents_leave_the_first_ones_as_they_were() {
    let line = |crowd| population().people("network", crowd).next().unwrap();
    let few = Crowd {
        residents: 40,
        seed: 1,
    };
    assert_eq!(line(few), line(CROWD));
    let (few, many) = (people(few), people(CROWD));
    for (one, same) in few.iter().zip(&many) {
        assert_eq!((&one.name, one.birth), (&same.name, same.birth));
    }
}

#[test]
fn what_is_stored_already_is_not_sent_again() {
    let population = population();
    let rest = population.messages(CROWD, 1_990, 50, date(2026, 11, 21));
    let sent: u64 = rest.map(|message| message.residents).sum();
    assert!((10..=11).contains(&sent), "{sent}");
}

#[test]
fn twins_share_birthday_and_address_but_not_their_name() {
    let people = people(CROWD);
    let mut pairs = 0;
    for one in &people {
        if let Some(twin) = other(&people, one, Tie::Twin) {
            assert_eq!((one.birth, &one.place), (twin.birth, &twin.place));
            assert_eq!(one.name.family_kana, twin.name.family_kana);
            assert_ne!(one.name.given_kana, twin.name.given_kana);
            pairs += 1;
        }
    }
    assert!(pairs >= 10, "{pairs}");
}

#[test]
fn spouses_live_together() {
    let people = people(CROWD);
    let mut spouses = 0;
    for one in &people {
        if let Some(spouse) = other(&people, one, Tie::Spouse) {
            assert_eq!(one.place, spouse.place);
            assert_eq!(one.sex, spouse.sex.other());
            spouses += 1;
        }
    }
    assert!(spouses > 500, "{spouses}");
}

#[test]
fn the_same_name_is_not_always_the_same_person() {
    let people = people(CROWD);
    let (mut neighbours, mut doubtful, mut twice) = (0, 0, 0);
    for one in &people {
        if let Some(neighbour) = other(&people, one, Tie::SameName) {
            assert_eq!(one.name, neighbour.name);
            assert_ne!(one.birth, neighbour.birth);
            assert_eq!(one.place.town, neighbour.place.town);
            neighbours += 1;
        }
        if let Some(same) = other(&people, one, Tie::SamePerson) {
            assert_eq!((&one.name, one.birth), (&same.name, same.birth));
            let moved = one.place != same.place;
            assert!(moved || (&one.home_phone, &one.mobile) == (&same.home_phone, &same.mobile));
            if moved { doubtful += 1 } else { twice += 1 }
        }
    }
    assert!(
        neighbours >= 5 && doubtful >= 3 && twice >= 3,
        "{neighbours} {doubtful} {twice}"
    );
}

#[test]
fn forty_residents_have_some_of_each() {
    let ties: Vec<Tie> = people(Crowd {
        residents: 40,
        seed: 1,
    })
    .iter()
    .filter_map(|one| Some(one.tie?.0))
    .collect();
    for tie in [Tie::Twin, Tie::Spouse, Tie::SameName, Tie::SamePerson] {
        assert!(ties.contains(&tie), "{tie:?}");
    }
}

#[test]
fn all_districts_all_ages_old_kanji_and_some_who_left() {
    let people = people(CROWD);
    assert_eq!(people.len(), 2_000);
    let districts: BTreeSet<&str> = people
        .iter()
        .map(|one| one.place.district.as_str())
        .collect();
    assert_eq!(
        districts,
        BTreeSet::from(["北見", "端野", "常呂", "留辺蘂"])
    );
    let as_of = population().source.settings.as_of;
    let old = people.iter().filter(|one| one.age(as_of) >= 100).count();
    let young = people.iter().filter(|one| one.age(as_of) < 18).count();
    assert!(old >= 5 && young >= 3, "{old} {young}");
    for kanji in "髙﨑邉邊齋澤濱𠮷".chars() {
        let bearers = people.iter().filter(|one| one.name.family.contains(kanji));
        assert!(bearers.count() > 0, "{kanji}");
    }
    let left = |wanted: fn(&Fate) -> bool| people.iter().filter(|one| wanted(&one.fate)).count();
    let (died, moved) = (
        left(|fate| matches!(fate, Fate::Died(_))),
        left(|fate| matches!(fate, Fate::Moved(..))),
    );
    assert!(died >= 10 && moved >= 10, "{died} {moved}");
}

/// Everything that is known of everybody, with who it is.
fn known() -> Vec<(Resident, Facts)> {
    let population = population();
    let mut all = Vec::new();
    for home in population.households(CROWD) {
        for one in &home {
            if let Some(known) = population.source.known(one, &home, CROWD.seed) {
                all.push((one.clone(), known.facts));
            }
        }
    }
    assert_eq!(all.len(), 2_000);
    all
}

/// The day by that name, or the first of the month or year, as `YYYY-MM-DD`.
fn day(facts: &Facts, name: &str) -> Option<String> {
    match facts.get(name)? {
        Fact::Day(day) => Some(day.first()),
        Fact::Text(_) => None,
    }
}

/// Every day in the rows of a group.
fn days(facts: &Facts, group: &str) -> Vec<String> {
    let (_, names) = GROUPS.iter().find(|(name, _)| *name == group).unwrap();
    let rows = facts.rows(group).iter();
    rows.flat_map(|row| names.iter().filter_map(|name| day(row, name)))
        .collect()
}

#[test]
fn nothing_is_dated_after_death_or_moving_away() {
    let as_of = population().source.settings.as_of;
    let (mut gone, mut compared) = (0, 0);
    for (one, facts) in known() {
        let last = one.last_day(as_of).to_string();
        gone += usize::from(!one.is_here());
        // What is planned: until when a certification is valid, when a wish is looked at again.
        let planned = ["care_to", "acp_review"];
        let own = NAMES.iter().filter(|name| !planned.contains(name));
        let own = own.filter_map(|name| day(&facts, name));
        let rows = GROUPS.iter().flat_map(|(group, _)| days(&facts, group));
        for day in own.chain(rows) {
            assert!(day <= last, "{day} after {last}: {one:?}");
            assert!(*day >= one.birth.to_string()[..4], "{day}: {one:?}");
            compared += 1;
        }
        assert!(one.is_here() || day(&facts, "acp_review").is_none());
    }
    assert!(gone >= 20 && compared > 20_000, "{gone} {compared}");
}

#[test]
fn a_block_is_not_confirmed_before_what_stands_in_it() {
    let mut compared = 0;
    for (one, facts) in known() {
        let block = |name: &str| day(&facts, name).unwrap();
        let told = |name: &str| day(&facts, name).into_iter().collect();
        for (checked, content) in [
            ("checked_diagnosis", days(&facts, "diagnoses")),
            ("checked_history", days(&facts, "histories")),
            ("checked_drug", days(&facts, "drugs")),
            ("checked_device", days(&facts, "devices")),
            ("checked_care", told("care_from")),
            ("checked_acp", told("acp_told")),
        ] {
            let checked = block(checked);
            assert!(checked <= block("written"), "{checked}: {one:?}");
            for day in content {
                assert!(day <= checked, "{day} in a block of {checked}: {one:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 8_000, "{compared}");
}

#[test]
fn nobody_takes_two_drugs_of_a_class() {
    let source = population().source;
    let mut drugs = 0;
    for (one, facts) in known() {
        let mut classes = BTreeSet::new();
        for row in facts.rows("drugs") {
            let code = row.word("code");
            let drug = source.drugs.iter().find(|drug| drug.code == code).unwrap();
            assert!(classes.insert(&drug.class), "{}: {one:?}", drug.class);
            drugs += 1;
        }
    }
    assert!(drugs > 2_000, "{drugs}");
}

#[test]
fn names_are_short_and_readings_are_kana() {
    let kana = |text: &str| !text.is_empty() && text.chars().all(|c| ('ァ'..='ヶ').contains(&c));
    for one in people(CROWD) {
        let length = one.name.family.chars().count() + one.name.given.chars().count();
        assert!((2..=5).contains(&length), "{:?}", one.name);
        assert!(
            kana(&one.name.family_kana) && kana(&one.name.given_kana),
            "{:?}",
            one.name
        );
    }
}

/// Every number of a message that looks like a telephone number begins like one that nobody can have.
#[test]
fn no_telephone_number_is_a_real_one() {
    let mut seen = BTreeMap::new();
    for message in messages(CROWD) {
        let value: Value = serde_json::from_slice(&message.body).unwrap();
        phones(&value, &mut seen);
    }
    assert!(seen.len() > 3_000, "{}", seen.len());
    let invented = ["0157-0", "0152-0", "090-0", "080-0"];
    for phone in seen.keys() {
        assert!(
            invented.iter().any(|start| phone.starts_with(start)),
            "{phone}"
        );
    }
}

fn phones(value: &Value, seen: &mut BTreeMap<String, u32>) {
    match value {
        Value::String(text) => {
            let parts: Vec<&str> = text.split('-').collect();
            let digits = text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-');
            if digits && text.starts_with('0') && parts.len() == 3 {
                *seen.entry(text.clone()).or_default() += 1;
            }
        }
        Value::Array(items) => items.iter().for_each(|item| phones(item, seen)),
        Value::Object(object) => object.values().for_each(|item| phones(item, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn different_households_have_different_numbers() {
    let mut homes: BTreeMap<String, u64> = BTreeMap::new();
    for one in people(CROWD) {
        if let Some(phone) = &one.home_phone
            && !matches!(one.tie, Some((Tie::SamePerson, _)))
        {
            assert_eq!(
                *homes.entry(phone.clone()).or_insert(one.household),
                one.household
            );
        }
    }
}

/// All words of a message are in the region's form: nothing is left of the template.
#[test]
fn messages_have_fifty_records_and_no_gaps() {
    let sent = messages(CROWD);
    assert!(sent.iter().all(|message| message.residents <= 50));
    let slips = sent.iter().filter(|message| message.residents == 0).count();
    assert!((60..=100).contains(&slips), "{slips}");
    for message in sent {
        let text = String::from_utf8(message.body).unwrap();
        assert!(!text.contains("${") && !text.contains("$each") && !text.contains("$records"));
        assert!(text.contains("\"recordId\""));
    }
}

#[test]
fn an_export_has_its_lines_and_its_mistakes() {
    let few = Crowd {
        residents: 40,
        seed: 1,
    };
    let export = population().export(few, 500, "0170100001").unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(export.body.as_slice());
    let columns = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 500);
    let ragged: Vec<usize> = (0..500)
        .filter(|row| rows[*row].len() != columns.len())
        .collect();
    assert_eq!(ragged, [100], "line 102");
    let (first, last) = (&rows[0][0], &rows[499][0]);
    assert_eq!((first, last), ("500041", "500540"));
    let birth = columns
        .iter()
        .position(|column| column == "生年月日")
        .unwrap();
    assert_eq!(&rows[249][birth], "明治99年4月1日");
}

#[test]
fn staff_of_all_professions_in_twenty_facilities() {
    let source = population().source;
    assert_eq!((source.facilities.len(), source.staff.len()), (20, 60));
    let professions: BTreeSet<&str> = source
        .staff
        .iter()
        .map(|one| one.profession.as_str())
        .collect();
    // All but the systems of vendors, who are no people.
    assert_eq!(
        professions.len(),
        renkei_model::lists::Profession::ALL.len() - 1
    );
    assert!(source.surnames.len() >= 350 && source.given_names.len() >= 300);
    let samples = include_str!("../../../../../profiles/kitamaru/samples/directory.json");
    let samples: Value = serde_json::from_str(samples).unwrap();
    for one in samples["staff"].as_array().unwrap() {
        assert!(
            source
                .staff
                .iter()
                .any(|member| one["id"] == member.id.as_str()),
            "{one}"
        );
    }
}

#[test]
fn a_mistake_in_a_file_is_named() {
    let root = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru/population");
    let to = root.path().join("population");
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    assert!(Population::read(root.path()).unwrap().is_some());
    let staff = "id,name,profession,facility,department\nX-1,名,nurse,9999999999,\n";
    std::fs::write(to.join("staff.csv"), staff).unwrap();
    let said = Population::read(root.path()).unwrap_err().to_string();
    assert!(
        said.contains("staff.csv") && said.contains("9999999999"),
        "{said}"
    );
    assert!(
        Population::read(&to).unwrap().is_none(),
        "no population in it"
    );
}
