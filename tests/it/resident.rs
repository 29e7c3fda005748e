//! Emergency records as the network's own system gives them: invented residents of its four districts.

use serde_json::{Value, json};

use crate::harness::{CARE_OFFICE, Server, Who, care_manager, messages_path, unique};
use crate::slip::Sent;

/// The layout by which the network's system names these records.
pub const LAYOUT: &str = "救急医療情報";

/// One resident's emergency record.
#[derive(Debug, Clone)]
pub struct Resident {
    record: Value,
}

impl Resident {
    /// Somebody whom the program has not met: no two share name, date of birth, address or phone.
    pub fn somebody_new() -> Self {
        let number = unique() + u64::from(std::process::id() % 900) * 10_000;
        let kana = spelled(number);
        let year = 5 + number % 10;
        Self {
            record: json!({
                "recordId": number.to_string(),
                "modId": "1",
                "fieldData": {
                    "作成日": "05/01/2026",
                    "登録機関コード": CARE_OFFICE,
                    "登録機関名": "架空ケアプランセンター",
                    "同意区分": "あり",
                    "在住状況": "在住",
                    "氏名": format!("試験\u{3000}{}", spelled_kanji(number)),
                    "氏名カナ": format!("シケン\u{3000}{kana}"),
                    "性別": "女",
                    "生年月日": format!("昭和{year}年{}月{}日", 1 + number % 12, 1 + number / 12 % 28),
                    "郵便番号": "099-0870",
                    "住所": format!("北海道北見市端野町架空{}番地{}", number % 10_000, number / 10_000),
                    "自治区": "端野自治区",
                    "電話": format!("0157-00-{:04}", number % 10_000),
                    "地域ID": format!("E{number:09}"),
                    "病名確認日": "令和8年5月1日",
                    "ACP有無": "あり",
                    "ACP内容": format!("自宅で過ごしたい{number}"),
                    "ACP表明者": "本人",
                    "ACP表明日": "令和7年10月1日",
                    "ACP原本の場所": "冷蔵庫の扉の筒",
                    "ACP確認日": "令和7年10月1日",
                    "アレルギー有無": "あり",
                    "アレルギー確認日": "令和8年4月1日",
                },
                "portalData": {
                    "病名": [{ "recordId": "1", "modId": "0", "病名::病名": format!("架空心不全{number}"), "病名::状態": "治療中" }],
                    "アレルギー": [{ "recordId": "1", "modId": "0", "アレルギー::種類": "薬剤", "アレルギー::物質": format!("架空ペニシリン{number}"), "アレルギー::反応": "発疹" }],
                    "緊急連絡先": [{ "recordId": "1", "modId": "0", "緊急連絡先::氏名": "試験\u{3000}長女", "緊急連絡先::続柄": "長女", "緊急連絡先::電話": format!("0158-00-{:04}", number % 10_000) }],
                },
            }),
        }
    }

    /// Another value of a field.
    pub fn set(mut self, field: &str, value: &str) -> Self {
        self.record["fieldData"][field] = json!(value);
        self
    }

    /// Other rows of a portal.
    pub fn rows(mut self, portal: &str, rows: Value) -> Self {
        self.record["portalData"][portal] = rows;
        self
    }

    /// The same record as another facility registers it, with its own number.
    pub fn registered_by(self, who: &Who) -> Self {
        let mut other = self.set("登録機関コード", &who.facility);
        other.record["recordId"] = json!((unique() + 5_000_000).to_string());
        other
    }

    /// Under the number of another record.
    pub fn numbered_as(mut self, other: &Self) -> Self {
        self.record["recordId"] = other.record["recordId"].clone();
        self
    }

    /// The next version.
    pub fn version(mut self, version: u64) -> Self {
        self.record["modId"] = json!(version.to_string());
        self
    }

    /// A field.
    pub fn get(&self, field: &str) -> &str {
        self.record["fieldData"][field]
            .as_str()
            .unwrap_or_else(|| panic!("no text {field}"))
    }

    /// The first row's value of a portal.
    pub fn row(&self, portal: &str, field: &str) -> &str {
        self.record["portalData"][portal][0][field]
            .as_str()
            .unwrap_or_else(|| panic!("no text {field} in {portal}"))
    }

    /// Family or given name in kana.
    pub fn kana(&self, part: usize) -> &str {
        let parts = self.get("氏名カナ").split('\u{3000}');
        parts.into_iter().nth(part).expect("two parts")
    }

    /// A message of this record.
    pub fn body(&self) -> Vec<u8> {
        envelope(std::slice::from_ref(self))
    }

    /// What must never be in a log.
    pub fn canaries(&self) -> Vec<String> {
        let fields = ["氏名", "氏名カナ", "電話", "住所", "地域ID", "ACP内容"];
        let fields = fields.iter().map(|field| self.get(field).to_owned());
        fields
            .chain([
                self.row("病名", "病名::病名").to_owned(),
                self.row("アレルギー", "アレルギー::物質").to_owned(),
                self.row("緊急連絡先", "緊急連絡先::電話").to_owned(),
            ])
            .collect()
    }
}

/// A message of several records.
pub fn envelope(residents: &[Resident]) -> Vec<u8> {
    let records: Vec<&Value> = residents.iter().map(|one| &one.record).collect();
    json!({
        "response": { "dataInfo": { "layout": LAYOUT }, "data": records },
        "messages": [{ "code": "0", "message": "OK" }],
    })
    .to_string()
    .into_bytes()
}

/// Registers a resident by the care manager; it must be accepted.
#[track_caller]
pub fn enrol(server: &Server, resident: &Resident) -> Sent {
    enrol_as(server, &care_manager(), resident)
}

/// Registers a resident; it must be accepted.
#[track_caller]
pub fn enrol_as(server: &Server, who: &Who, resident: &Resident) -> Sent {
    Sent::of(
        server
            .post(who, &messages_path(), resident.body())
            .expect(201),
    )
}

fn spelled(number: u64) -> String {
    digits(number, "アカサタナハマヤラワ")
}

fn spelled_kanji(number: u64) -> String {
    digits(number, "〇一二三四五六七八九")
}

fn digits(number: u64, alphabet: &str) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let digits = number.to_string();
    digits
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .map(|digit| letters[usize::try_from(digit).expect("a digit")])
        .collect()
}
