//! Bad input: each with a fault that names the field in the sender's own words.

use renkei_model::limits::Limits;
use renkei_model::message::{Fault, FaultKind};

use super::decode;

const GOOD: &str = r#"{"response":{"data":[{"fieldData":{"氏名":"架空 太郎"},"portalData":{},"recordId":"12","modId":"3"}]},"messages":[{"code":"0","message":"OK"}]}"#;

fn faults(body: impl AsRef<[u8]>) -> Vec<Fault> {
    decode(body.as_ref(), "application/json", &Limits::default()).unwrap_err()
}

/// The field and the rule of the only fault.
fn only(body: impl AsRef<[u8]>) -> (String, String) {
    let mut faults = faults(body);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let fault = faults.remove(0);
    (fault.field, fault.rule)
}

fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from));
    GOOD.replacen(from, to, 1)
}

#[test]
fn charsets_are_named() {
    assert!(decode(GOOD.as_bytes(), "", &Limits::default()).is_ok());
    let utf16: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(only(&utf16).1.contains("send UTF-8, not UTF-16"));
    let marked: Vec<u8> = [0xFE, 0xFF].into_iter().chain(utf16).collect();
    assert!(only(&marked).1.contains("send UTF-8, not UTF-16"));
    let (ms932, ..) = encoding_rs::SHIFT_JIS.encode(GOOD);
    let (_, rule) = only(&ms932);
    assert!(rule.contains("not MS932 (Shift_JIS) (byte 36)"), "{rule}");
    let (euc, ..) = encoding_rs::EUC_JP.encode(GOOD);
    assert!(only(&euc).1.contains("EUC-JP"));
    let (jis, ..) = encoding_rs::ISO_2022_JP.encode(GOOD);
    assert!(only(&jis).1.contains("ISO-2022-JP"));
    let latin = [GOOD.as_bytes(), b"\xFF\xFF\xFF"].concat();
    assert!(only(&latin).1.contains("another charset"));
    let declared = decode(
        GOOD.as_bytes(),
        "application/json; charset=shift_jis",
        &Limits::default(),
    );
    assert!(declared.unwrap_err()[0].rule.contains("charset=utf-8"));
    let form = decode(
        GOOD.as_bytes(),
        "application/x-www-form-urlencoded",
        &Limits::default(),
    );
    assert!(form.unwrap_err()[0].rule.contains("application/json"));
    assert!(only("").1.contains("empty"));
}

#[test]
fn syntax_faults_carry_place_and_byte() {
    let (field, rule) = only(&GOOD[..51]);
    assert_eq!(field, "data[0].fieldData.氏名");
    assert!(rule.contains("ends too early (byte 51)"), "{rule}");
    assert!(
        only(&GOOD.as_bytes()[..50])
            .1
            .contains("ends inside a character (byte 48)")
    );
    let twice = changed("\"氏名\":", "\"氏名\":\"\",\"氏名\":");
    let (field, rule) = only(twice);
    assert_eq!(field, "data[0].fieldData.氏名");
    assert!(rule.contains("the same name twice"));
    let deep = changed("\"架空 太郎\"", &("[".repeat(200) + &"]".repeat(200)));
    let fault = faults(deep).remove(0);
    assert_eq!(fault.kind, FaultKind::TooMuch);
    assert!(fault.rule.contains("at most 64 levels"));
}

#[test]
fn missing_parts_of_the_envelope_are_named() {
    for (body, field) in [
        ("{}", "response"),
        (r#"{"response":{}}"#, "response.data"),
        (r#"{"response":{"data":[]}}"#, "response.data"),
        (r#"{"response":{"data":{}}}"#, "response.data"),
        (r#"{"response":[]}"#, "response"),
        ("[]", ""),
        (r#"{"response":{"data":[7]}}"#, "data[0]"),
    ] {
        assert_eq!(only(body).0, field, "{body}");
    }
    let found: Vec<String> = faults(r#"{"response":{"data":[{}]}}"#)
        .into_iter()
        .map(|fault| fault.field)
        .collect();
    assert_eq!(
        found,
        ["data[0].recordId", "data[0].modId", "data[0].fieldData"]
    );
}

#[test]
fn values_of_the_wrong_shape_are_named() {
    for (from, to, field) in [
        ("\"12\"", "12", "data[0].recordId"),
        ("\"12\"", "\"012\"", "data[0].recordId"),
        ("\"12\"", "\"１２\"", "data[0].recordId"),
        ("\"3\"", "\"-3\"", "data[0].modId"),
        ("\"3\"", "\"9999999999999999999\"", "data[0].modId"),
        ("\"架空 太郎\"", "[]", "data[0].fieldData.氏名"),
        ("\"架空 太郎\"", "\"a\\u0000b\"", "data[0].fieldData.氏名"),
        ("{\"氏名\":\"架空 太郎\"}", "[]", "data[0].fieldData"),
        (
            "\"portalData\":{}",
            "\"portalData\":{\"連絡先\":{}}",
            "data[0].portalData.連絡先",
        ),
        (
            "\"portalData\":{}",
            "\"portalData\":{\"連絡先\":[1]}",
            "data[0].portalData.連絡先[0]",
        ),
        (
            "\"portalData\":{}",
            "\"portalData\":{\"連絡先\":[{},{\"連絡先::電話\":{}}]}",
            "data[0].portalData.連絡先[1].連絡先::電話",
        ),
        ("\"0\"", "\"401\"", "messages"),
    ] {
        assert_eq!(only(changed(from, to)).0, field, "{to}");
    }
}

#[test]
fn sizes_are_limited() {
    let record = r#"{"fieldData":{},"recordId":"1","modId":"0"}"#;
    let body = |n: usize| {
        format!(
            r#"{{"response":{{"data":[{}]}}}}"#,
            vec![record; n].join(",")
        )
    };
    let records = decode(body(500).as_bytes(), "", &Limits::default()).unwrap();
    assert_eq!(records.len(), 500);
    let fault = faults(body(501)).remove(0);
    assert_eq!(
        (fault.field.as_str(), fault.kind),
        ("response.data", FaultKind::TooMuch)
    );
    let fault = faults(vec![b' '; 6_000_000]).remove(0);
    assert_eq!(fault.kind, FaultKind::TooMuch);
    let wrong = changed("{\"氏名\":\"架空 太郎\"}", &{
        let fields: Vec<String> = (0..1_000).map(|n| format!("\"f{n}\":[]")).collect();
        format!("{{{}}}", fields.join(","))
    });
    assert_eq!(faults(wrong).len(), 100);
}
