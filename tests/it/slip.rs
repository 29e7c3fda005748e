//! Admission slips as the network's own system gives them: the golden ordinary case, about somebody else.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::harness::{
    Answer, CARE_OFFICE, HOSPITAL, NETWORK, Server, Who, care_manager, messages_path, unique,
};
use crate::tidy::source;

/// The names of the fields that tests set.
pub mod field {
    pub const REGIONAL_ID: &str = "地域ID";
    pub const PATIENT_NUMBER: &str = "医療機関患者番号";
    pub const HOSPITAL: &str = "医療機関コード";
    pub const INSURER: &str = "保険者番号";
    pub const INSURED: &str = "被保険者番号";
    pub const NAME: &str = "氏名";
    pub const KANA: &str = "氏名カナ";
    pub const BIRTH_DATE: &str = "生年月日";
    pub const SEX: &str = "性別";
    pub const PHONE: &str = "電話";
    pub const ADMITTED: &str = "入院日";
    pub const SENDER: &str = "事業所番号";
    pub const CONSENT: &str = "同意区分";
    pub const ADDRESS: &str = "住所";
    pub const ABUSE: &str = "虐待の疑い";
    pub const ABUSE_DETAIL: &str = "虐待の疑い内容";
    pub const REMARKS: &str = "特記事項";
    pub const CONTACTS: &str = "緊急連絡先";
    pub const CONTACT_NAME: &str = "緊急連絡先::氏名";
    pub const CONTACT_PHONE: &str = "緊急連絡先::電話";
    pub const CONTACT_MOBILE: &str = "緊急連絡先::携帯電話";
}

/// One record of a message.
#[derive(Debug, Clone)]
pub struct Slip {
    record: Value,
}

impl Slip {
    /// A golden slip as it stands.
    pub fn golden(case: &str) -> Self {
        Self {
            record: golden_record(case, "native.json"),
        }
    }

    /// The golden ordinary slip about somebody whom the program has not met, from the care manager's office
    /// to the hospital.
    pub fn of_somebody_new() -> Self {
        Self::anew("ordinary")
    }

    /// The same with any golden slip.
    pub fn anew(case: &str) -> Self {
        let number = unique() + u64::from(std::process::id() % 1_000) * 10_000;
        let digits = spelled(number, "〇一二三四五六七八九");
        let mut slip = Self::golden(case).numbered(number).version(1);
        slip.refill("fieldData", field::REGIONAL_ID, &format!("9{number:09}"));
        slip.refill("fieldData", field::PATIENT_NUMBER, &format!("8{number:07}"));
        slip.refill("fieldData", field::INSURED, &format!("7{number:09}"));
        slip.refill("fieldData", field::NAME, &format!("検証\u{3000}{digits}"));
        slip.refill(
            "fieldData",
            field::KANA,
            &format!(
                "ケンショウ\u{3000}{}",
                spelled(number, "アカサタナハマヤラワ")
            ),
        );
        slip.refill("fieldData", field::PHONE, &phone(number, "0157"));
        let rows = slip.record["portalData"][field::CONTACTS]
            .as_array()
            .map_or(0, Vec::len);
        for index in 0..rows {
            let own = number * 10 + u64::try_from(index).expect("few rows");
            let row = format!("portalData/{}/{index}", field::CONTACTS);
            slip.refill(
                &row,
                field::CONTACT_NAME,
                &format!("縁者{index}\u{3000}{digits}"),
            );
            slip.refill(&row, field::CONTACT_PHONE, &phone(own, "0158"));
            slip.refill(&row, field::CONTACT_MOBILE, &phone(own, "090"));
        }
        slip.set(field::HOSPITAL, HOSPITAL)
            .set(field::SENDER, CARE_OFFICE)
    }

    /// Another value where the golden slip has one.
    fn refill(&mut self, place: &str, field: &str, value: &str) {
        let place = self
            .record
            .pointer_mut(&format!("/{place}"))
            .expect("the place exists");
        if place.get(field).is_some_and(|known| known != "") {
            place[field] = json!(value);
        }
    }

    /// Another slip about the same person: the same identifiers and name, another record number.
    pub fn about_the_same(&self) -> Self {
        self.clone().numbered(unique() + 500_000_000).version(1)
    }

    /// With another `recordId`.
    pub fn numbered(mut self, number: u64) -> Self {
        self.record["recordId"] = json!(number.to_string());
        self
    }

    /// With another `modId`.
    pub fn version(mut self, version: u64) -> Self {
        self.record["modId"] = json!(version.to_string());
        self
    }

    /// With another value of a field.
    pub fn set(mut self, field: &str, value: &str) -> Self {
        self.record["fieldData"][field] = json!(value);
        self
    }

    /// Without a field.
    pub fn without(mut self, field: &str) -> Self {
        let fields = self.record["fieldData"]
            .as_object_mut()
            .expect("fieldData is an object");
        assert!(
            fields.shift_remove(field).is_some(),
            "the golden slip has no field {field}"
        );
        self
    }

    /// Without the last of the contacts.
    pub fn without_last_contact(mut self) -> Self {
        let rows = self.record["portalData"][field::CONTACTS]
            .as_array_mut()
            .expect("contacts are rows");
        assert!(rows.pop().is_some(), "the golden slip has no contact");
        self
    }

    /// A field.
    pub fn get(&self, field: &str) -> &str {
        self.record["fieldData"][field]
            .as_str()
            .unwrap_or_else(|| panic!("the slip has no text {field}"))
    }

    /// `fieldData` and `portalData`.
    pub fn record(&self) -> &Value {
        &self.record
    }

    /// A message of this one record.
    pub fn body(&self) -> Vec<u8> {
        envelope(std::slice::from_ref(self))
    }

    /// What must never be in a log: names, kana, phones, identifiers.
    pub fn canaries(&self) -> Vec<String> {
        let fields = [
            field::NAME,
            field::KANA,
            field::PHONE,
            field::INSURED,
            field::REGIONAL_ID,
            field::PATIENT_NUMBER,
            field::ADDRESS,
        ];
        let mut canaries: Vec<String> = fields
            .iter()
            .map(|field| self.get(field).to_owned())
            .collect();
        for row in self.record["portalData"][field::CONTACTS]
            .as_array()
            .into_iter()
            .flatten()
        {
            for name in [
                field::CONTACT_NAME,
                field::CONTACT_PHONE,
                field::CONTACT_MOBILE,
            ] {
                canaries.extend(
                    row[name]
                        .as_str()
                        .filter(|text| !text.is_empty())
                        .map(str::to_owned),
                );
            }
        }
        assert!(canaries.len() >= 8, "a slip has contacts: {canaries:?}");
        canaries
    }
}

/// The one record of a file of a golden case.
pub fn golden_record(case: &str, file: &str) -> Value {
    let text = source::read(&format!("profiles/kitamaru/golden/{case}/{file}"));
    let envelope: Value = serde_json::from_str(&text).expect("a golden slip is JSON");
    envelope["response"]["data"][0].clone()
}

/// The names of the golden cases of slips; those of other messages begin with their kind.
pub fn golden_cases() -> Vec<String> {
    let files = source::files();
    let golden = files
        .iter()
        .filter_map(|name| name.strip_prefix("profiles/kitamaru/golden/"));
    let cases: Vec<String> = golden
        .filter_map(|name| name.strip_suffix("/native.json"))
        .filter(|case| !case.starts_with("emergency-"))
        .map(str::to_owned)
        .collect();
    assert!(cases.len() >= 2, "{cases:?}");
    cases
}

/// Whether the profile says of a field that it is kept in the original only.
pub fn is_unmapped(field: &str) -> bool {
    static UNMAPPED: OnceLock<Vec<String>> = OnceLock::new();
    let unmapped = UNMAPPED.get_or_init(|| {
        let profile = source::read("profiles/kitamaru/messages/admission-slip.yaml");
        let section = profile
            .split("\nunmapped:")
            .nth(1)
            .expect("the profile lists what is unmapped");
        let lines = section
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with("  - "));
        lines
            .filter_map(|line| line.split("native: ").nth(1)?.split(',').next())
            .map(|path| {
                path.trim_matches('"')
                    .rsplit('.')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    });
    unmapped.iter().any(|known| known == field)
}

/// A message of several records, in the envelope of the Data API.
pub fn envelope(slips: &[Slip]) -> Vec<u8> {
    let records: Vec<&Value> = slips.iter().map(|slip| &slip.record).collect();
    let count = records.len();
    json!({
        "response": {
            "dataInfo": {
                "database": "renkei", "layout": "入退院連絡票", "table": "入退院連絡票",
                "totalRecordCount": count, "foundCount": count, "returnedCount": count,
            },
            "data": records,
        },
        "messages": [{"code": "0", "message": "OK"}],
    })
    .to_string()
    .into_bytes()
}

/// What became of one slip.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The whole answer.
    pub answer: Answer,
    /// The document.
    pub sheet: String,
    /// `Type/id/_history/version` of everything that was made of it.
    pub references: Vec<String>,
}

impl Sent {
    /// The only record of an answer.
    pub fn of(answer: Answer) -> Self {
        let record = answer.json()["records"][0].clone();
        let references = record["references"]
            .as_array()
            .unwrap_or_else(|| panic!("no references: {answer}"));
        Self {
            sheet: record["sheet"]
                .as_str()
                .unwrap_or_else(|| panic!("no sheet: {answer}"))
                .to_owned(),
            references: references
                .iter()
                .filter_map(|text| text.as_str().map(str::to_owned))
                .collect(),
            answer,
        }
    }

    /// `Type/id` of the first resource of a type.
    pub fn reference(&self, kind: &str) -> String {
        let found = self
            .references
            .iter()
            .find(|reference| reference.starts_with(&format!("{kind}/")));
        let found = found.unwrap_or_else(|| panic!("no {kind} among {:?}", self.references));
        found
            .split("/_history/")
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// The id of the Patient.
    pub fn patient(&self) -> String {
        self.reference("Patient").replace("Patient/", "")
    }
}

/// Sends a slip by the care manager; it must be accepted.
#[track_caller]
pub fn send(server: &Server, slip: &Slip) -> Sent {
    send_as(server, &care_manager(), slip)
}

/// Sends a slip; it must be accepted.
#[track_caller]
pub fn send_as(server: &Server, who: &Who, slip: &Slip) -> Sent {
    Sent::of(server.post(who, &messages_path(), slip.body()).expect(201))
}

fn spelled(number: u64, digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    number
        .to_string()
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .map(|digit| digits[usize::try_from(digit).expect("a digit")])
        .collect()
}

fn phone(number: u64, area: &str) -> String {
    let digits = format!("{:08}", number % 100_000_000);
    format!("{area}-{}-{}", &digits[..4], &digits[4..])
}

/// An answer with every id taken out: what is left is what the sender is told.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    if name == "recordId" {
                        Value::Null
                    } else {
                        shape(value)
                    },
                )
            })
            .collect::<serde_json::Map<String, Value>>()
            .into(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(text) => {
            let shaped: Vec<String> = text.split('/').map(without_id).collect();
            Value::from(shaped.join("/"))
        }
        other => other.clone(),
    }
}

fn without_id(part: &str) -> String {
    let id = part.len() == 36 && part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if id { "ID".to_owned() } else { part.to_owned() }
}

/// How many deliveries of a sheet there have ever been, by what the sender is told.
pub fn deliveries_of(server: &Server, sheet: &str) -> usize {
    let status = server
        .get(&care_manager(), &format!("/sheets/{sheet}"))
        .expect(200)
        .json();
    let receipts = status["receipts"].as_array().expect("receipts");
    receipts
        .iter()
        .filter(|receipt| receipt["kind"] == "stored")
        .count()
}

/// A sheet in the network's own form.
pub fn native(server: &Server, sheet: &str) -> Value {
    server
        .get(
            &care_manager(),
            &format!("/networks/{NETWORK}/admission-slips/{sheet}"),
        )
        .expect(200)
        .json()
}

/// Nobody with the slip's regional id is known.
pub fn assert_nobody(server: &Server, slip: &Slip) {
    let found = patients_by_regional_id(server, slip);
    assert_eq!(found["entry"].as_array().map_or(0, Vec::len), 0, "{found}");
}

/// Search by the slip's regional id, without system.
pub fn patients_by_regional_id(server: &Server, slip: &Slip) -> Value {
    let path = format!(
        "/fhir/R4/Patient?identifier={}",
        slip.get(field::REGIONAL_ID)
    );
    server.get(&care_manager(), &path).expect(200).json()
}

/// The message is refused with this status, the answer names these words, and nobody was made of it.
#[track_caller]
pub fn refused(server: &Server, slip: &Slip, body: Vec<u8>, status: u16, words: &[&str]) -> Answer {
    let answer = server.post(&care_manager(), &messages_path(), body);
    let text = answer.outcome(status);
    for word in words {
        assert!(text.contains(word), "{word} is not named: {answer}");
    }
    assert_nobody(server, slip);
    answer
}
