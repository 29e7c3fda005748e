//! Which block a resource belongs to.

use renkei_fhir::card_blocks::{CardPart, lay};
use renkei_model::Category;
use serde_json::{Value, json};

fn part(sheet: &str, category: Category, json: Value) -> CardPart {
    CardPart {
        sheet: sheet.to_owned(),
        source: format!("source of {sheet}"),
        day: "2026-11-01".to_owned(),
        category,
        json,
    }
}

#[test]
fn a_composition_says_where_and_how_old_and_the_type_says_it_otherwise() {
    let composition = json!({
        "resourceType": "Composition", "id": "c", "date": "2026-05-01T09:00:00+09:00",
        "section": [
            { "code": { "coding": [{ "system": "x/emergency-card-section", "code": "history" }] },
              "extension": [{ "url": "x", "valueDate": "2025-01-02" }],
              "entry": [{ "reference": "Condition/h" }] },
            { "code": { "coding": [{ "system": "x/emergency-card-section", "code": "diagnosis" }] },
              "entry": [{ "reference": "Condition/d" }] },
        ],
    });
    let condition = |id: &str| json!({ "resourceType": "Condition", "id": id });
    let laid = lay(vec![
        part("a", Category::Emergency, composition),
        part("a", Category::Diagnosis, condition("h")),
        part("a", Category::Diagnosis, condition("d")),
        part(
            "b",
            Category::Diagnosis,
            json!({ "resourceType": "Condition", "id": "s", "recordedDate": "2024-12-31" }),
        ),
        part(
            "b",
            Category::Demographics,
            json!({ "resourceType": "Patient", "id": "p" }),
        ),
        part(
            "b",
            Category::Contacts,
            json!({ "resourceType": "Organization", "id": "o" }),
        ),
        part(
            "a",
            Category::Contacts,
            json!({ "resourceType": "Organization", "id": "o" }),
        ),
        part(
            "b",
            Category::Care,
            json!({ "resourceType": "Observation", "id": "ob", "performer": [{ "reference": "Organization/o" }] }),
        ),
    ]);
    let blocks: Vec<(&str, Option<&str>, &str)> = laid
        .blocks
        .iter()
        .map(|block| (&*block.section, block.date.as_deref(), &*block.source))
        .collect();
    assert_eq!(
        blocks,
        [
            ("history", Some("2025-01-02"), "source of a"),
            ("diagnosis", Some("2026-05-01"), "source of a"),
            ("diagnosis", Some("2024-12-31"), "source of b"),
            ("care", Some("2026-11-01"), "source of b"),
        ]
    );
    assert_eq!(laid.people.len(), 1);
    let person = &laid.people[0];
    assert_eq!(person.source, "source of b");
    assert_eq!(person.date, "2026-11-01", "its sheet says no day");
    let entries: Vec<usize> = laid
        .blocks
        .iter()
        .map(|block| block.entries.len())
        .collect();
    assert_eq!(
        entries,
        [1, 1, 1, 2],
        "what is referred to comes along, of the same sheet"
    );
}
