//! The top of a card.

use renkei_fhir::card::{CardBlock, CardMeta, card};
use renkei_fhir::card_head::{Notice, Person, identity, notices};
use renkei_model::Instant;
use renkei_model::id::ResourceId;
use serde_json::{Value, json};

const TODAY: &str = "2026-11-21";

fn person(date: &str, source: &str, more: Value) -> Person {
    let mut json = json!({ "resourceType": "Patient", "id": source });
    if let (Some(members), Value::Object(more)) = (json.as_object_mut(), more) {
        members.extend(more);
    }
    Person {
        json,
        source: source.to_owned(),
        date: date.to_owned(),
    }
}

fn phone(number: &str) -> Value {
    json!([{ "system": "phone", "value": number }])
}

#[test]
fn addresses_and_phones_are_everybodys_the_newest_first_each_once() {
    let people = [
        person(
            "2026-05-01",
            "a",
            json!({ "name": [{ "text": "見本 一" }], "birthDate": "1935-03-05", "gender": "male",
                "address": [{ "text": "見本町1" }], "telecom": phone("0157-00-0001") }),
        ),
        person(
            "2026-10-02",
            "b",
            json!({ "name": [{ "text": "見本 壱" }], "birthDate": "1936", "gender": "female",
                "address": [{ "text": "新町2" }], "telecom": phone("0157000001") }),
        ),
        person(
            "2024-01-01",
            "c",
            json!({ "address": [{ "text": "見本町1" }], "telecom": phone("0158-00-0003") }),
        ),
    ];
    let said = identity(&people, TODAY);
    assert_eq!(
        said,
        json!({
            "name": "見本 一", "kana": null,
            "birthDate": "1935-03-05", "birthDateText": "昭和10年3月5日", "age": 91, "ageText": "91歳",
            "sex": "male", "sexText": "男",
            "addresses": [
                { "text": "新町2", "source": "b", "date": "2026-10-02" },
                { "text": "見本町1", "source": "a", "date": "2026-05-01" },
            ],
            "phones": [
                { "text": "0157000001", "source": "b", "date": "2026-10-02" },
                { "text": "0158-00-0003", "source": "c", "date": "2024-01-01" },
            ],
        })
    );
    let meta = CardMeta {
        bundle: ResourceId::new(),
        composition: ResourceId::new(),
        identifier: ("urn:s".to_owned(), "1".to_owned()),
        at: Instant(1_795_219_200_000_000),
        author: "見本ネット".to_owned(),
    };
    let document = card(&[], &people, &[], meta).unwrap();
    let head = document["entry"][0]["resource"]["text"]["div"].as_str();
    for line in [
        "<ul><li>見本 一 昭和10年3月5日(1935年)生 91歳 男</li>",
        "<li>住所: 新町2（2026年10月2日・b）</li><li>住所: 見本町1（2026年5月1日・a）</li>",
        "<li>電話: 0157000001（2026年10月2日・b）</li><li>電話: 0158-00-0003（2024年1月1日・c）</li></ul>",
    ] {
        assert!(
            head.is_some_and(|head| head.contains(line)),
            "{line}: {head:?}"
        );
    }
}

#[test]
fn what_is_not_known_of_a_birth_and_a_sex_is_said_so() {
    let of = |more: Value| identity(&[person("2026-01-01", "a", more)], TODAY);
    for (birth, age, words, era) in [
        (
            json!("1935-11-21"),
            json!(91),
            json!("91歳"),
            json!("昭和10年11月21日"),
        ),
        (
            json!("1935-11-22"),
            json!(90),
            json!("90歳"),
            json!("昭和10年11月22日"),
        ),
        (
            json!("1935-11"),
            json!(null),
            json!("90～91歳"),
            json!("昭和10年11月"),
        ),
        (
            json!("1935"),
            json!(null),
            json!("90～91歳"),
            json!("昭和10年"),
        ),
        (
            json!("2026-11-22"),
            json!(null),
            json!(null),
            json!("令和8年11月22日"),
        ),
        (json!("きのう"), json!(null), json!(null), json!(null)),
        (json!(null), json!(null), json!(null), json!(null)),
    ] {
        let said = of(json!({ "birthDate": birth }));
        assert_eq!(said["age"], age, "{birth}");
        assert_eq!(said["ageText"], words, "{birth}");
        assert_eq!(said["birthDateText"], era, "{birth}");
    }
    for (sex, words) in [
        ("male", "男"),
        ("female", "女"),
        ("other", "その他"),
        ("unknown", "不明"),
    ] {
        assert_eq!(of(json!({ "gender": sex }))["sexText"], words);
    }
    assert_eq!(of(json!({}))["sexText"], "不明");
    assert_eq!(identity(&[], TODAY)["addresses"], json!([]));
}

fn component(code: &str, value: (&str, Value)) -> Value {
    let system = "https://renkei.example/fhir/CodeSystem/emergency-item";
    let mut component = json!({ "code": { "coding": [{ "system": system, "code": code }] } });
    component[value.0] = value.1;
    component
}

fn kind(text: &str) -> Value {
    component(
        "acp-kind",
        ("valueCodeableConcept", json!({ "text": text })),
    )
}

fn acp_block(date: &str, components: Vec<Value>) -> CardBlock {
    CardBlock {
        section: "acp".to_owned(),
        title: "事前の意思".to_owned(),
        date: Some(date.to_owned()),
        source: format!("source of {date}"),
        entries: vec![
            json!({ "resourceType": "Observation", "id": "o", "component": components,
                "derivedFrom": [{ "reference": "DocumentReference/hidden" }, { "reference": "DocumentReference/p/_history/2" }] }),
            json!({ "resourceType": "DocumentReference", "id": "q", "description": "another paper" }),
            json!({ "resourceType": "DocumentReference", "id": "p", "description": "居間の引き出し\r\n上から二段目。" }),
        ],
    }
}

fn words(blocks: &[CardBlock]) -> Vec<String> {
    let notices = notices(&[], blocks, TODAY);
    notices.into_iter().map(|notice| notice.text).collect()
}

#[test]
fn a_wish_says_whether_it_can_be_followed() {
    let paper = "原本: 居間の引き出し、上から二段目";
    let signed = |yes: bool| component("acp-signed", ("valueBoolean", json!(yes)));
    let review = |date: &str| component("acp-review", ("valueDateTime", json!(date)));
    let over = "・見直し日を過ぎています";
    for (more, expected) in [
        (vec![], format!("蘇生しない（{paper}）")),
        (
            vec![signed(true)],
            format!("蘇生しない（医師署名あり・{paper}）"),
        ),
        (
            vec![signed(false)],
            format!("蘇生しない（医師署名なし・{paper}）"),
        ),
        (
            vec![review("2026-11-20")],
            format!("蘇生しない（{paper}{over}）"),
        ),
        (vec![review("2026-11-21")], format!("蘇生しない（{paper}）")),
        (vec![review("2026-11")], format!("蘇生しない（{paper}）")),
        (
            vec![review("2026-10")],
            format!("蘇生しない（{paper}{over}）"),
        ),
        (vec![review("2025")], format!("蘇生しない（{paper}{over}）")),
        (
            vec![review("2026-01-01T09:00:00+09:00")],
            format!("蘇生しない（{paper}{over}）"),
        ),
    ] {
        let components = more.iter().cloned().chain([kind("蘇生しない")]).collect();
        let said = words(&[acp_block("2026-05-12", components)]);
        assert_eq!(said, [expected], "{more:?}");
    }
    let without = vec![component("acp-content", ("valueString", json!("家で")))];
    assert_eq!(words(&[acp_block("2026-05-12", without)]), [""; 0]);
    let foreign = json!({ "code": { "coding": [{ "system": "x", "code": "acp-kind" }] }, "valueString": "x" });
    assert_eq!(words(&[acp_block("2026-05-12", vec![foreign])]), [""; 0]);
}

#[test]
fn dead_then_gone_then_wishes_the_newest_of_each_first() {
    let people = [
        person("2026-01-01", "a", json!({ "name": [{ "text": "見本" }] })),
        person(
            "2026-03-01",
            "b",
            json!({ "address": [{ "text": "x", "period": { "end": "2026-02-02" } }] }),
        ),
        person(
            "2026-02-01",
            "c",
            json!({ "deceasedDateTime": "2026-01-30" }),
        ),
        person("2026-04-01", "d", json!({ "deceasedBoolean": true })),
    ];
    let blocks = [
        acp_block("2024-05-12", vec![kind("できる限り")]),
        acp_block("2026-05-12", vec![kind("蘇生しない")]),
        acp_block("2025-05-12", vec![kind("蘇生しない")]),
    ];
    let said = notices(&people, &blocks, TODAY);
    let lines: Vec<String> = said.iter().map(Notice::line).collect();
    let paper = "（原本: 居間の引き出し、上から二段目）";
    assert_eq!(
        lines,
        [
            "死亡の登録があります / registered as deceased 2026年4月1日 d".to_owned(),
            "転出の登録があります (2026-02-02) / registered as moved away 2026年3月1日 b"
                .to_owned(),
            format!("蘇生しない{paper} 2026年5月12日 source of 2026-05-12"),
            format!("できる限り{paper} 2024年5月12日 source of 2024-05-12"),
        ]
    );
    let kinds: Vec<&str> = said.iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds, ["deceased", "moved", "acp", "acp"]);
}
