//! Admission slips, each of them new: the network's sample, about other people.
//!
//! The sample is taken apart once, at the values that change; a slip is then put together by copying. Four
//! of five are about residents who are registered already, one about somebody new, as a region's are.

use std::path::Path;

use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::LoadError;
use crate::target::Person;

/// Of so many slips, one is about somebody new.
const NEW: u64 = 5;
/// Hospitals that take slips, by the demo's directory.
const HOSPITALS: [&str; 3] = ["0110100011", "0110100037", "0110100045"];
/// A value that changes, in the sample's place.
const MARK: char = '\u{e000}';

/// The values that change, in the order of [`Values::of`].
const FIELDS: [&str; 12] = [
    "氏名",
    "氏名カナ",
    "性別",
    "生年月日",
    "郵便番号",
    "住所",
    "電話",
    "地域ID",
    "被保険者番号",
    "医療機関患者番号",
    "医療機関コード",
    "事業所番号",
];
/// The place of the record's number behind the fields.
const RECORD: usize = FIELDS.len();
/// The place of a telephone number of a contact.
const CONTACT: usize = RECORD + 1;

/// The sample, taken apart.
#[derive(Debug)]
pub struct Form {
    /// A text, and which value follows it.
    pieces: Vec<(String, Option<usize>)>,
    /// `fieldData` and the record's numbers, for a line of a file.
    record: Value,
}

/// The values of one slip.
#[derive(Debug, Clone)]
pub struct Values([String; CONTACT + 1]);

impl Values {
    /// Of one slip: the `serial`th of a run whose records begin at `first`.
    pub fn of(people: &[Person], sender: &Caller, first: u64, serial: u64) -> Self {
        let count = people.len().max(1) as u64;
        let pick = |at: u64| {
            let at = usize::try_from(at % count).unwrap_or_default();
            people.get(at)
        };
        let number = first + serial;
        let someone = pick(scattered(number));
        let word = |choose: fn(&Person) -> &str| someone.map_or("", choose).to_owned();
        let mut name = word(|one| &one.name);
        let mut kana = word(|one| &one.kana);
        let digits: String = word(|one| &one.region_id)
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let mut own = digits.parse().unwrap_or(number);
        let mut region = word(|one| &one.region_id);
        let mut phone = someone.and_then(|one| one.phones.first().cloned());
        if serial.is_multiple_of(NEW) {
            // Nobody's numbers, and the given name of somebody else.
            own = 7_000_000_000 + number % 1_000_000_000;
            region = format!("KT-9{:09}", number % 1_000_000_000);
            phone = Some(format!(
                "0159-{:02}-{:04}",
                number / 10_000 % 100,
                number % 10_000
            ));
            if let Some(other) = pick(scattered(number ^ 0xff)) {
                name = joined(&name, &other.name);
                kana = joined(&kana, &other.kana);
            }
        }
        let hospital = HOSPITALS[usize::try_from(number % 3).unwrap_or_default()];
        Self([
            name.replace(' ', "\u{3000}"),
            kana.replace(' ', "\u{3000}"),
            word(|one| if one.sex == "male" { "男" } else { "女" }),
            american(&word(|one| &one.birth_date)),
            word(|one| &one.postal_code),
            word(|one| &one.address),
            phone.unwrap_or_default(),
            region,
            // The demo numbers insured people one behind their cards.
            format!("{:010}", own.saturating_sub(1)),
            format!("{:08}", own % 100_000_000),
            hospital.to_owned(),
            sender.facility.clone(),
            number.to_string(),
            format!("080-{:04}-{:04}", number / 10_000 % 10_000, number % 10_000),
        ])
    }
}

impl Form {
    /// The sample of a network's folder.
    ///
    /// # Errors
    /// When it cannot be read, or has another form.
    pub fn read(profile: &Path) -> Result<Self, LoadError> {
        Self::take_apart(&profile.join("samples").join("slip-1.json"))
    }

    /// An ordinary slip of a network's golden files: a line of an export. Ten thousand of them are as long a file
    /// as the door takes.
    ///
    /// # Errors
    /// When it cannot be read, or has another form.
    pub fn ordinary(profile: &Path) -> Result<Self, LoadError> {
        Self::take_apart(&profile.join("golden").join("ordinary").join("native.json"))
    }

    fn take_apart(path: &Path) -> Result<Self, LoadError> {
        let bytes = std::fs::read(path).map_err(LoadError::file(path))?;
        let mut message: Value =
            serde_json::from_slice(&bytes).map_err(|error| LoadError::content(path, error))?;
        let record = message
            .pointer_mut("/response/data/0")
            .ok_or_else(|| LoadError::content(path, "no record"))?;
        let place = |index: usize| json!(format!("{MARK}{index:02}"));
        for (index, field) in FIELDS.iter().enumerate() {
            if let Some(value) = record.pointer_mut(&format!("/fieldData/{field}")) {
                *value = place(index);
            }
        }
        record["recordId"] = place(RECORD);
        if let Some(Value::Array(rows)) = record.pointer_mut("/portalData/緊急連絡先") {
            for row in rows {
                if let Some(value) = row.get_mut("緊急連絡先::携帯電話") {
                    *value = place(CONTACT);
                }
            }
        }
        let record = record.clone();
        let text = message.to_string();
        let mut pieces = Vec::new();
        for (at, piece) in text.split(MARK).enumerate() {
            let (index, rest) = if at == 0 {
                ("", piece)
            } else {
                piece.split_at_checked(2).unwrap_or_default()
            };
            if let Some((_, place)) = pieces.last_mut() {
                *place = index.parse().ok();
            }
            pieces.push((rest.to_owned(), None));
        }
        Ok(Self { pieces, record })
    }

    /// A message with these values.
    pub fn fill(&self, values: &Values, into: &mut Vec<u8>) {
        into.clear();
        for (text, place) in &self.pieces {
            into.extend_from_slice(text.as_bytes());
            let value = place.and_then(|index| values.0.get(index));
            // Names and numbers of the demo hold nothing that JSON would have to escape.
            into.extend_from_slice(value.map_or("", String::as_str).as_bytes());
        }
    }

    /// The names of a file's columns.
    pub fn columns(&self) -> Vec<String> {
        let fields = self.record["fieldData"].as_object();
        let names = fields.into_iter().flat_map(|fields| fields.keys().cloned());
        ["recordId", "modId"]
            .map(str::to_owned)
            .into_iter()
            .chain(names)
            .collect()
    }

    /// The cells of a file's line with these values.
    pub fn cells(&self, values: &Values) -> Vec<String> {
        let fields = self.record["fieldData"].as_object();
        let own = [&self.record["recordId"], &self.record["modId"]];
        let all = own
            .into_iter()
            .chain(fields.into_iter().flat_map(|fields| fields.values()));
        all.map(|value| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let index = text.strip_prefix(MARK).and_then(|index| index.parse().ok());
            match index.and_then(|index: usize| values.0.get(index)) {
                Some(value) => value.clone(),
                None => text,
            }
        })
        .collect()
    }
}

/// The first word of one name and the last of another.
fn joined(family: &str, given: &str) -> String {
    let first = family.split(' ').next().unwrap_or_default();
    format!(
        "{first} {}",
        given.split(' ').next_back().unwrap_or_default()
    )
}

/// `1938-03-14` as `03/14/1938`.
fn american(date: &str) -> String {
    match date.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => format!("{month}/{day}/{year}"),
        _ => String::new(),
    }
}

/// Far from its neighbours: people are not asked for in the order of their numbers.
pub const fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::caller::Role;

    /// Somebody.
    pub fn person(number: u32) -> Person {
        serde_json::from_value(json!({
            "name": format!("佐藤 花{number}"), "kana": "サトウ ハナ", "birth_date": "1938-03-14",
            "sex": "female", "postal_code": "090-0901", "town": "みどり町", "address": "北海道1番地",
            "phones": ["0157-00-0001"], "region_id": format!("KT-{number}"),
        }))
        .unwrap()
    }

    fn sender() -> Caller {
        Caller {
            role: Role::Sender,
            staff: "CM-0001".to_owned(),
            facility: "0170100001".to_owned(),
            token: String::new(),
        }
    }

    fn profile() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru")
    }

    #[test]
    fn a_slip_is_the_sample_with_other_values() {
        let form = Form::read(&profile()).unwrap();
        let people = [person(1_000_001), person(1_000_002)];
        let mut bytes = Vec::new();
        form.fill(&Values::of(&people, &sender(), 70, 1), &mut bytes);
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        let record = &message["response"]["data"][0];
        assert_eq!(record["recordId"], "71");
        let fields = &record["fieldData"];
        assert_eq!(fields["生年月日"], "03/14/1938");
        assert_eq!(fields["氏名カナ"], "サトウ\u{3000}ハナ");
        assert_eq!(fields["事業所番号"], "0170100001");
        assert!(fields["地域ID"].as_str().unwrap().starts_with("KT-100000"));
        assert_eq!(fields["被保険者番号"].as_str().unwrap().len(), 10);
        let sample = std::fs::read(profile().join("samples/slip-1.json")).unwrap();
        let sample: Value = serde_json::from_slice(&sample).unwrap();
        let sample = &sample["response"]["data"][0]["fieldData"];
        assert_eq!(
            fields["経過"], sample["経過"],
            "what is not about people stays"
        );
        assert!(!String::from_utf8(bytes).unwrap().contains(MARK));
    }

    #[test]
    fn no_two_slips_are_alike_and_some_are_about_new_people() {
        let form = Form::read(&profile()).unwrap();
        let people: Vec<Person> = (100..110).map(person).collect();
        let slip = |serial| {
            let mut bytes = Vec::new();
            form.fill(&Values::of(&people, &sender(), 1_000, serial), &mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        let slips: std::collections::BTreeSet<String> = (0..50).map(slip).collect();
        assert_eq!(slips.len(), 50);
        assert_eq!(
            slips.iter().filter(|slip| slip.contains("KT-9")).count(),
            10
        );
    }

    #[test]
    fn a_line_has_a_cell_for_each_column() {
        let form = Form::ordinary(&profile()).unwrap();
        let values = Values::of(&[person(1)], &sender(), 70, 1);
        let (columns, cells) = (form.columns(), form.cells(&values));
        assert_eq!(columns.len(), cells.len());
        let at = columns.iter().position(|name| name == "氏名").unwrap();
        assert_eq!(
            (cells[0].as_str(), cells[at].as_str()),
            ("71", "佐藤\u{3000}花1")
        );
    }
}
