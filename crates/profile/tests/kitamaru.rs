//! The Kitami profile: it loads, its golden cases hold both ways, its faults speak the sender's words.
//!
//! `RENKEI_BLESS=1 cargo test -p renkei-profile` writes the expected files anew; read the difference.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

use std::path::{Path, PathBuf};

use renkei_fhir::document::{DocumentPart, document};
use renkei_model::Instant;
use renkei_model::limits::Limits;
use renkei_profile::{Mapped, Message, Network};
use renkei_wire::{Record, filemaker};
use serde_json::Value;

fn profiles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles")
}

fn network() -> Network {
    renkei_profile::load(&profiles().join("kitamaru")).unwrap_or_else(|found| {
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

fn slip(network: &Network) -> &Message {
    network.message("admission-slip").expect("the slip")
}

fn decode(body: &[u8]) -> Vec<Record> {
    filemaker::decode(body, "application/json", &Limits::default()).expect("an envelope")
}

/// The document with ids that are the same every time.
fn bundle_of(mapped: &Mapped) -> Value {
    let id = |n: usize| {
        format!("00000000-0000-7000-8000-{n:012}")
            .parse()
            .expect("an id")
    };
    let parts: Vec<DocumentPart> = mapped
        .resources
        .iter()
        .enumerate()
        .map(|(n, part)| DocumentPart {
            key: part.key.clone(),
            id: id(n + 1),
            resource: part.json.clone(),
        })
        .collect();
    let at = Instant(1_795_219_200_000_000);
    let identifier = ("https://renkei.example/fhir/NamingSystem/sheet", "golden");
    document(
        &parts,
        "00000000-0000-7000-8000-000000000000"
            .parse()
            .expect("an id"),
        identifier,
        at,
    )
    .expect("a document")
}

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).expect("JSON") + "\n"
}

fn expect_file(path: &Path, actual: &str) {
    if std::env::var_os("RENKEI_BLESS").is_some() {
        std::fs::write(path, actual).expect("a file");
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(expected, actual, "{}", path.display());
}

/// The document and its resources go to the official validator, when a test run collects cases for it.
fn offer_to_the_judge(case: &Path, bundle: &Value) {
    let Some(folder) = std::env::var_os("RENKEI_TEST_VALIDATOR_CASES") else {
        return;
    };
    let case = case.file_name().expect("a name").to_string_lossy();
    let write = |name: String, json: &Value| {
        std::fs::write(Path::new(&folder).join(name), json.to_string()).expect("a file");
    };
    write(format!("ok-golden-{case}.json"), bundle);
    for (n, entry) in bundle["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .enumerate()
    {
        let resource = &entry["resource"];
        let kind = resource["resourceType"].as_str().expect("a type");
        write(format!("ok-golden-{case}-{n:02}-{kind}.json"), resource);
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(profiles().join("kitamaru/golden")).expect("golden cases");
    let mut cases: Vec<PathBuf> = folder.map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    cases
}

#[test]
fn golden_cases_hold_both_ways() {
    let network = network();
    let slip = slip(&network);
    assert!(cases().len() >= 4);
    for case in cases() {
        let native = std::fs::read(case.join("native.json")).expect("native bytes");
        let records = decode(&native);
        let mapped = slip
            .map_in(&records[0])
            .unwrap_or_else(|f| panic!("{}: {f:?}", case.display()));
        let bundle = bundle_of(&mapped);
        expect_file(&case.join("fhir.json"), &pretty(&bundle));
        offer_to_the_judge(&case, &bundle);
        let back = slip.map_out(&bundle).expect("a way back");
        let back = filemaker::encode(std::slice::from_ref(&back));
        let back: Value = serde_json::from_slice(&back).expect("JSON");
        expect_file(&case.join("native-back.json"), &pretty(&back));
        let loss: Vec<Value> = mapped
            .loss
            .iter()
            .map(|loss| serde_json::json!({"field": loss.field, "why": loss.why}))
            .collect();
        expect_file(
            &case.join("loss.json"),
            &pretty(&Value::Array(loss.clone())),
        );
        assert_eq!(
            loss.is_empty(),
            !case.ends_with("loss"),
            "{}: {loss:?}",
            case.display()
        );
    }
}

/// Whatever was sent comes back: names, values, rows.
#[test]
fn what_was_sent_comes_back() {
    let network = network();
    let slip = slip(&network);
    let mut files: Vec<PathBuf> = cases()
        .iter()
        .map(|case| case.join("native.json"))
        .collect();
    files.retain(|file| !file.to_string_lossy().contains("loss"));
    for n in 1..=4 {
        files.push(profiles().join(format!("kitamaru/samples/slip-{n}.json")));
    }
    for file in files {
        let bytes = std::fs::read(&file).expect("a slip");
        let mapped = slip.map_in(&decode(&bytes)[0]).expect("mapped");
        assert_eq!(mapped.loss, Vec::new(), "{}", file.display());
        let back = filemaker::encode(&[slip.map_out(&bundle_of(&mapped)).expect("back")]);
        let sent: Value = serde_json::from_slice(&bytes).expect("JSON");
        let back: Value = serde_json::from_slice(&back).expect("JSON");
        let (sent, back) = (&sent["response"]["data"][0], &back["response"]["data"][0]);
        for key in ["recordId", "modId"] {
            assert_eq!(sent[key], back[key]);
        }
        for (name, value) in sent["fieldData"].as_object().expect("fields") {
            assert_eq!(
                Some(value),
                back["fieldData"].get(name),
                "{} {name}",
                file.display()
            );
        }
        for (portal, rows) in sent["portalData"].as_object().expect("portals") {
            let (rows, back) = (rows.as_array().expect("rows"), &back["portalData"][portal]);
            assert_eq!(back.as_array().map(Vec::len), Some(rows.len()), "{portal}");
            for (row, back) in rows.iter().zip(back.as_array().expect("rows")) {
                for (name, value) in row.as_object().expect("a row") {
                    assert_eq!(Some(value), back.get(name), "{portal} {name}");
                }
            }
        }
    }
}

/// A slip with one field changed; `None` takes the field away.
fn faulty(field: &str, value: Option<Value>) -> Vec<(String, String)> {
    let network = network();
    let file = profiles().join("kitamaru/samples/slip-1.json");
    let mut slip: Value =
        serde_json::from_slice(&std::fs::read(file).expect("a slip")).expect("JSON");
    let fields = slip["response"]["data"][0]["fieldData"]
        .as_object_mut()
        .expect("fields");
    match value {
        Some(value) => fields.insert(field.to_owned(), value),
        None => fields.shift_remove(field),
    };
    let records = decode(slip.to_string().as_bytes());
    match network
        .message("admission-slip")
        .expect("the slip")
        .map_in(&records[0])
    {
        Ok(_) => Vec::new(),
        Err(faults) => faults
            .into_iter()
            .map(|fault| (fault.field, fault.rule))
            .collect(),
    }
}

#[test]
fn faults_name_the_field_in_the_senders_words() {
    for (field, value, rule) in [
        ("氏名", None, "必須項目です"),
        ("氏名", Some("　"), "必須項目です"),
        ("生年月日", Some("02/30/2026"), "実在しない日付です"),
        ("生年月日", Some("13/01/2026"), "実在しない日付です"),
        ("入院日", Some("2026-11-20"), "MM/DD/YYYY の形で"),
        ("被保険者番号", Some("12345"), "10文字で"),
        ("保険者番号", Some("１２３４５６"), "半角数字6桁で"),
        ("医療機関コード", Some("01101000"), "半角数字10桁で"),
        ("医療機関コード", None, "必須項目です"),
        (
            "要介護度",
            Some("要介護9"),
            "コード表「care-level」にない値です",
        ),
        (
            "退院連絡基準",
            Some("R1\rR9"),
            "コード表「discharge-required」にない値です",
        ),
        ("同意区分", Some("不明"), "「あり」か「なし」で"),
        ("氏名カナ", Some("常呂"), "カタカナで"),
        ("食事回数", Some("三"), "整数で"),
        ("地域ID", Some("%' OR 1=1 --"), "半角英数字"),
        ("被保険者番号", None, "この項目を記入するときは必須です"),
    ] {
        let faults = faulty(field, value.map(Value::from));
        let field = if value.is_none() && rule.starts_with("この") {
            "被保険者番号"
        } else {
            field
        };
        let expected = format!("data[0].fieldData.{field}");
        assert_eq!(faults.len(), 1, "{field}: {faults:?}");
        assert_eq!(faults[0].0, expected);
        assert!(faults[0].1.contains(rule), "{field}: {}", faults[0].1);
        assert!(
            faults[0].1.contains(" / "),
            "Japanese first, then English: {}",
            faults[0].1
        );
    }
}

#[test]
fn all_faults_of_a_record_are_told_at_once() {
    let body = r#"{"response":{"data":[{"fieldData":{"生年月日":"02/30/1940","性別":"x"},
        "portalData":{"緊急連絡先":[{"緊急連絡先::続柄":"?"}]},"recordId":"1","modId":"0"}]},
        "messages":[{"code":"0","message":"OK"}]}"#;
    let network = network();
    let faults = slip(&network)
        .map_in(&decode(body.as_bytes())[0])
        .expect_err("faults");
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    for field in [
        "data[0].fieldData.氏名",
        "data[0].fieldData.生年月日",
        "data[0].fieldData.性別",
        "data[0].fieldData.記入日",
        "data[0].fieldData.同意区分",
        "data[0].fieldData.地域ID",
        "data[0].portalData.緊急連絡先[0].緊急連絡先::続柄",
    ] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    let code = faults
        .iter()
        .find(|fault| fault.field.ends_with("続柄"))
        .expect("a fault");
    let span = code.span.expect("a place");
    assert_eq!(&body.as_bytes()[span.start..span.end], b"\"?\"");
}

#[test]
fn roles_and_lineage_point_into_the_message() {
    let network = network();
    let bytes = std::fs::read(profiles().join("kitamaru/samples/slip-1.json")).expect("a slip");
    let mapped = slip(&network).map_in(&decode(&bytes)[0]).expect("mapped");
    let roles = &mapped.roles;
    assert_eq!(roles.document, "composition");
    assert_eq!(roles.event_date.as_deref(), Some("2026-11-20"));
    assert_eq!(
        roles.destination.as_ref().map(|d| d.code.as_str()),
        Some("0110100011")
    );
    assert_eq!(
        roles.sender.as_ref().map(|s| s.code.as_str()),
        Some("0170100001")
    );
    assert_eq!(
        roles.family_doctor.as_ref().map(|d| d.code.as_str()),
        Some("0110100029")
    );
    assert_eq!(
        roles.consent.as_ref().map(|consent| consent.given),
        Some(true)
    );
    let claims: Vec<(u8, &str, &str)> = roles
        .identifiers
        .iter()
        .map(|c| (c.rank, c.system.as_str(), c.value.as_str()))
        .collect();
    let own = "https://renkei.example/fhir/NamingSystem";
    assert_eq!(
        claims,
        [
            (0, format!("{own}/kitamaru-resident").as_str(), "KT-000101"),
            (1, "urn:oid:1.2.392.100495.20.3.51.10110100011", "00012345"),
            (
                2,
                format!("{own}/care-insured-number/019999").as_str(),
                "0000100101"
            ),
        ]
    );
    assert_eq!(mapped.demography.kana.as_deref(), Some("トコロ ハナエ"));
    assert_eq!(mapped.demography.birth_date.as_deref(), Some("1938-03-14"));
    let patient = mapped
        .resources
        .iter()
        .find(|r| r.key == "patient")
        .expect("the patient");
    let birth = patient
        .lineage
        .iter()
        .find(|line| line.element == "birthDate")
        .expect("a line");
    assert_eq!(
        &bytes[birth.span.start..birth.span.end],
        "\"03/14/1938\"".as_bytes()
    );
    assert!(
        birth.row.starts_with("messages/admission-slip.yaml:"),
        "{}",
        birth.row
    );
    let abuse = mapped
        .resources
        .iter()
        .find(|r| r.key == "abuse-suspicion")
        .expect("an answer");
    assert_eq!(abuse.sensitivity.as_str(), "normal", "the answer is no");
}

/// Every code of ours that a code map writes is published in `profiles/fhir`, with the same display.
#[test]
fn code_maps_and_published_code_systems_agree() {
    const OURS: &str = "https://renkei.example/fhir/CodeSystem/";
    let mut checked = 0;
    for entry in std::fs::read_dir(profiles().join("kitamaru/codes")).expect("code maps") {
        let file = entry.expect("a file").path();
        let text = std::fs::read_to_string(&file).expect("CSV");
        let mut lines = csv::Reader::from_reader(text.as_bytes());
        for line in lines.records().map(|line| line.expect("a line")) {
            let Some(name) = line[1].strip_prefix(OURS) else {
                continue;
            };
            let system = std::fs::read(profiles().join(format!("fhir/CodeSystem-{name}.json")));
            let system: Value = serde_json::from_slice(&system.expect(name)).expect("JSON");
            let concepts = system["concept"].as_array().expect("concepts");
            let concept = concepts.iter().find(|concept| concept["code"] == line[2]);
            let display = concept.and_then(|concept| concept["display"].as_str());
            assert_eq!(display, Some(&line[3]), "{} in {name}", &line[2]);
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked}");
}
