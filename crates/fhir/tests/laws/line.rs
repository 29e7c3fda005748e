//! Lines for people.

use renkei_fhir::card::{line, lines};
use serde_json::{Value, json};

fn said(resource: Value) -> String {
    line(&resource).unwrap_or_default()
}

#[test]
fn each_kind_of_resource_is_one_line() {
    let ide = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";
    let name =
        |text: &str| json!([{ "extension": [{ "url": ide, "valueCode": "IDE" }], "text": text }]);
    for (resource, expected) in [
        (
            json!({ "resourceType": "AllergyIntolerance", "code": { "text": "ペニシリン" },
                "reaction": [{ "manifestation": [{ "text": "発疹" }], "severity": "severe" }] }),
            "ペニシリン（発疹・重度）",
        ),
        (
            json!({ "resourceType": "MedicationStatement", "medicationCodeableConcept": { "text": "アムロジピン錠5mg" },
                "dosage": [{ "text": "朝食後", "doseAndRate": [{ "doseQuantity": { "value": 1, "unit": "錠" } }] }],
                "effectivePeriod": { "start": "2024-04-10" } }),
            "アムロジピン錠5mg 1錠 朝食後（2024年4月10日から）",
        ),
        (
            json!({ "resourceType": "RelatedPerson", "name": name("濱田 花"), "relationship": [{ "coding": [{ "display": "長女" }] }],
                "telecom": [{ "system": "phone", "value": "0157-00-2002" }], "extension": [{ "url": "r", "valuePositiveInt": 1 }] }),
            "長女 濱田 花 0157-00-2002（連絡順1）",
        ),
        (
            json!({ "resourceType": "Condition", "code": { "text": "慢性心不全" }, "onsetDateTime": "2020-04",
                "clinicalStatus": { "coding": [{ "code": "active", "display": "Active" }] } }),
            "慢性心不全（2020年4月・治療中）",
        ),
        (
            json!({ "resourceType": "Flag", "code": { "text": "MRSA", "coding": [{ "display": "接触予防策" }] } }),
            "MRSA（接触予防策）",
        ),
        (
            json!({ "resourceType": "Flag", "code": { "coding": [{ "display": "接触予防策" }] } }),
            "接触予防策",
        ),
        (
            json!({ "resourceType": "DocumentReference", "type": { "text": "書面" }, "description": "冷蔵庫の扉" }),
            "書面: 冷蔵庫の扉",
        ),
        (
            json!({ "resourceType": "Coverage", "type": { "text": "介護保険" }, "subscriberId": "0000100201",
                "payor": [{ "identifier": { "value": "019999" } }] }),
            "介護保険: 保険者 019999 番号 0000100201",
        ),
        (
            json!({ "resourceType": "Patient", "name": name("濱田 昭吉"), "birthDate": "1935-03-05", "gender": "male",
                "address": [{ "text": "見本町1" }] }),
            "濱田 昭吉 昭和10年3月5日(1935年)生 男 見本町1",
        ),
        (
            json!({ "resourceType": "Observation", "code": { "text": "同意" }, "valueBoolean": true }),
            "同意: あり",
        ),
        (
            json!({ "resourceType": "Encounter", "period": { "start": "2026-11-20" } }),
            "入院: 2026年11月20日",
        ),
        (json!({ "resourceType": "Bundle" }), ""),
        (json!({ "resourceType": "Condition" }), ""),
        (json!({}), ""),
    ] {
        assert_eq!(said(resource), expected);
    }
}

#[test]
fn components_are_named_and_answers_to_one_question_stand_together() {
    let concept = |text: &str| json!({ "text": text });
    let observation = json!({
        "resourceType": "Observation",
        "code": { "text": "身体" },
        "component": [
            { "code": { "text": "移動" }, "valueCodeableConcept": concept("全介助") },
            { "code": { "text": "移動手段" }, "valueCodeableConcept": concept("杖") },
            { "code": { "text": "移動手段" }, "valueCodeableConcept": concept("車いす") },
            { "code": { "text": "認定" }, "valuePeriod": { "start": "2026-04-01" } },
            { "code": { "text": "喫煙" }, "valueQuantity": { "value": 3, "unit": "本/日" } },
            { "code": { "text": "食事回数" }, "valueInteger": 3 },
            { "code": { "text": "実施日" }, "valueDateTime": "2026-02" },
            { "code": { "text": "空" } },
        ],
    });
    let expected = "移動: 全介助、移動手段: 杖・車いす、認定: 2026年4月1日～、喫煙: 3本/日、食事回数: 3、実施日: 2026年2月";
    assert_eq!(said(observation.clone()), expected);
    let apart: Vec<&str> = expected.split('、').collect();
    assert_eq!(lines(&[observation]), apart, "a line each");
}

#[test]
fn a_wish_begins_with_its_kind_and_breaks_no_line() {
    let item = |code: &str, display: &str| {
        let system = "https://renkei.example/fhir/CodeSystem/emergency-item";
        json!({ "coding": [{ "system": system, "code": code, "display": display }] })
    };
    let note = json!({ "resourceType": "Observation", "id": "o", "component": [
        { "code": item("acp-known", "有無"), "valueCodeableConcept": { "text": "あり" } },
        { "code": item("acp-content", "内容"), "valueString": "管は望みません。\r家で\r\n\n過ごしたい。\n" },
        { "code": item("acp-kind", "区分"), "valueCodeableConcept": { "text": "蘇生しない" } },
        { "code": item("acp-signed", "署名"), "valueBoolean": true },
    ] });
    let expected = [
        "区分: 蘇生しない",
        "内容: 管は望みません。家で、過ごしたい。",
        "署名: あり",
        "有無: あり",
    ];
    assert_eq!(lines(std::slice::from_ref(&note)), expected);
    assert_eq!(
        said(note),
        "区分: 蘇生しない、内容: 管は望みません。家で、過ごしたい。署名: あり、有無: あり"
    );
    let device =
        json!({ "resourceType": "Flag", "code": { "text": "耳が遠い。\r\n右から\tゆっくり" } });
    assert_eq!(said(device), "耳が遠い。右から ゆっくり");
    let history = json!({ "resourceType": "Condition", "code": { "text": "骨折" }, "onsetDateTime": "2020",
        "note": [{ "text": "手術。\n経過良好。" }] });
    assert_eq!(said(history), "骨折（2020年・手術。経過良好）");
}

#[test]
fn that_there_is_something_comes_after_what_it_is() {
    let status = json!({ "resourceType": "Observation", "id": "s", "code": { "text": "アレルギーの有無" },
        "valueCodeableConcept": { "coding": [{ "system": "https://renkei.example/fhir/CodeSystem/slip-answer",
            "code": "yes", "display": "あり" }] } });
    let allergy =
        json!({ "resourceType": "AllergyIntolerance", "id": "a", "code": { "text": "そば" } });
    assert_eq!(
        lines(&[status, allergy]),
        ["そば", "アレルギーの有無: あり"]
    );
}

#[test]
fn what_belongs_together_is_said_in_one_line() {
    let together = [
        json!({ "resourceType": "CareTeam", "id": "t", "participant": [
            { "role": [{ "text": "かかりつけ医" }], "member": { "reference": "PractitionerRole/r" } },
            { "role": [{ "text": "訪問看護" }], "member": { "reference": "Organization/n" } },
            { "role": [{ "text": "ケアマネジャー" }], "member": { "reference": "Practitioner/hidden" } }] }),
        json!({ "resourceType": "PractitionerRole", "id": "r", "practitioner": { "reference": "Practitioner/d" },
            "organization": { "reference": "Organization/o" }, "specialty": [{ "text": "内科" }], "code": [{ "text": "主治医" }] }),
        json!({ "resourceType": "Practitioner", "id": "d", "name": [{ "text": "山並 遥" }] }),
        json!({ "resourceType": "Organization", "id": "o", "name": "やまなみ", "telecom": [{ "system": "phone", "value": "0157-00-0201" }] }),
        json!({ "resourceType": "Organization", "id": "n", "name": "あおぞら" }),
        json!({ "resourceType": "DeviceUseStatement", "id": "u", "device": { "reference": "Device/p" }, "note": [{ "text": "左胸" }],
            "performer": [{ "reference": "Organization/x" }] }),
        json!({ "resourceType": "Device", "id": "p", "type": { "text": "ペースメーカー" } }),
        json!({ "resourceType": "Organization", "id": "x", "name": "only a name" }),
    ];
    let expected = [
        "訪問看護: あおぞら",
        "やまなみ 内科 山並 遥 0157-00-0201（主治医）",
        "ペースメーカー（左胸）",
    ];
    assert_eq!(lines(&together), expected);
}
