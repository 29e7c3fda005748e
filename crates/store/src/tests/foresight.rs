//! Answers that were asked for ahead: they are what the database would say, also of what the transaction wrote since.

use renkei_model::Permit;
use renkei_model::id::{MessageId, RecordId};
use renkei_model::message::{DedupKey, StoredAnswer};
use renkei_model::permit::Allows;

use super::world::{OFFICE, facility, facts, network, nurse_of, worlds, write};
use crate::{Asked, Facility, Question};

fn key() -> DedupKey {
    DedupKey {
        network: network(),
        sender: OFFICE.to_owned(),
        key: "m-1".to_owned(),
    }
}

fn answer() -> StoredAnswer {
    StoredAnswer {
        message: MessageId::new(),
        body_sha256: [7; 32],
        answer: "{}".to_owned(),
        records: vec![RecordId::new()],
    }
}

#[tokio::test]
async fn what_a_transaction_wrote_since_is_found() {
    for world in worlds().await {
        for gathers in [false, true] {
            let (key, office) = (key(), facility(OFFICE));
            let mut tx = world.begin().await;
            let questions = [
                Question::Dedup(&key),
                Question::Facility(&network(), &office),
            ];
            tx.foresee(&questions).await.unwrap();
            if gathers {
                tx.gather();
            }
            let answer = answer();
            tx.dedup_put(&key, &answer).await.unwrap();
            let found = tx.dedup_find(&key).await.unwrap();
            assert_eq!(found, Some(answer), "{} {gathers}", world.name);
            let put = Facility {
                network: network(),
                code: office.clone(),
                name: "新".to_owned(),
                kind: "care_office".to_owned(),
                mailbox: true,
            };
            let permit = Permit::issue(facts(nurse_of(OFFICE), Allows::Directory));
            tx.facility_put(&permit, &put).await.unwrap();
            let found = tx.facility_find(&network(), &office).await.unwrap();
            assert_eq!(found, Some(put), "{} {gathers}", world.name);
            tx.rollback().await;
        }
    }
}

#[tokio::test]
async fn each_question_gets_its_own_answer() {
    for world in worlds().await {
        let mut tx = world.begin().await;
        tx.gather();
        let record = tx
            .record_create(&network(), Some("ハナコ"), None, super::world::NOW)
            .await
            .unwrap();
        let identifiers: Vec<(String, String)> = (0..70)
            .map(|nth| ("urn:x".to_owned(), nth.to_string()))
            .collect();
        let claims = [("urn:x".to_owned(), "3".to_owned(), 1)];
        let source = MessageId::new();
        tx.identifiers_add(&write(OFFICE), record, &claims, source)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let (known, unknown) = (facility(OFFICE), facility("9999999999"));
        let permit = Permit::issue(facts(nurse_of(OFFICE), Allows::Directory));
        let put = Facility {
            network: network(),
            code: known.clone(),
            name: "新".to_owned(),
            kind: "care_office".to_owned(),
            mailbox: true,
        };
        let mut tx = world.begin().await;
        tx.facility_put(&permit, &put).await.unwrap();
        tx.commit().await.unwrap();

        for size in [0, 5, 70] {
            let asked = Asked {
                network: &network(),
                owner: &known,
                kind: "admission-slip",
                native_key: "1",
                record: None,
                identifiers: &identifiers[..size],
                birth_date: None,
                kana: None,
                limit: 10,
            };
            let key = key();
            let mut tx = world.begin().await;
            let questions = [
                Question::Facility(&network(), &unknown),
                Question::Near(&asked),
                Question::Dedup(&key),
                Question::Facility(&network(), &known),
            ];
            tx.foresee(&questions).await.unwrap();
            assert_eq!(tx.dedup_find(&key).await.unwrap(), None);
            for _ in 0..2 {
                // The first time foreseen, the second asked.
                let near = tx.near(&asked).await.unwrap();
                let records: Vec<RecordId> =
                    near.identified.iter().map(|found| found.record).collect();
                let expected: Vec<RecordId> = (size > 3).then_some(record).into_iter().collect();
                assert_eq!(records, expected, "{} {size}", world.name);
                let found = tx.facility_find(&network(), &known).await.unwrap();
                assert_eq!(found.as_ref(), Some(&put));
                let found = tx.facility_find(&network(), &unknown).await.unwrap();
                assert_eq!(found, None);
            }
            tx.rollback().await;
        }
    }
}
