use std::sync::Arc;
use std::time::Duration;

use renkei_model::id::{MessageId, RecordId, RequestId};
use renkei_model::message::{DedupKey, StoredAnswer};

use super::world::{NOW, OFFICE, World, facility, look, network, worlds, write};
use crate::{NewMessage, NewQuarantine, StoreError, Urgency};

fn message(world: &World, body: crate::Body) -> NewMessage {
    NewMessage {
        id: MessageId::new(),
        network: network(),
        sender: facility(OFFICE),
        kind: "admission-slip".to_owned(),
        received_at: NOW,
        body,
        request: RequestId::new(),
        episode: None,
        profile_version: "profile-1".to_owned(),
        policy: world.name.to_owned(),
    }
}

/// What `receive` does with the dedup table.
async fn receive(world: &World, key: &DedupKey) -> Result<(MessageId, bool), StoreError> {
    let body = world.store.blob_keep(b"{}").await?;
    let mut tx = world.store.begin("receive", Urgency::Ordinary).await?;
    if let Some(answer) = tx.dedup_find(key).await? {
        return Ok((answer.message, false));
    }
    let new = message(world, body);
    tx.message_put(&write(OFFICE), &new).await?;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let answer = StoredAnswer {
        message: new.id,
        body_sha256: new.body.sha256,
        answer: "{}".to_owned(),
        records: vec![RecordId::new(), RecordId::new()],
    };
    tx.dedup_put(key, &answer).await?;
    tx.commit().await?;
    Ok((new.id, true))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn equal_messages_at_once_make_one() {
    for world in worlds().await {
        let world = Arc::new(world);
        let key = DedupKey {
            network: network(),
            sender: OFFICE.to_owned(),
            key: "m-1".to_owned(),
        };
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (world, key) = (Arc::clone(&world), key.clone());
                tokio::spawn(async move { receive(&world, &key).await.unwrap() })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        assert_eq!(
            answers.iter().filter(|(_, first)| *first).count(),
            1,
            "{}",
            world.name
        );
        assert!(
            answers.iter().all(|(id, _)| *id == answers[0].0),
            "{}",
            world.name
        );
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM message")
                .await,
            1
        );
        let other = DedupKey {
            sender: "another".to_owned(),
            ..key
        };
        assert!(
            receive(&world, &other).await.unwrap().1,
            "another sender's key is another key"
        );
    }
}

#[tokio::test]
async fn a_second_answer_for_a_key_is_a_conflict() {
    for world in worlds().await {
        let key = DedupKey {
            network: network(),
            sender: OFFICE.to_owned(),
            key: "m-1".to_owned(),
        };
        let answer = StoredAnswer {
            message: MessageId::new(),
            body_sha256: [9; 32],
            answer: "{}".to_owned(),
            records: vec![RecordId::new(), RecordId::new()],
        };
        let mut tx = world.begin().await;
        tx.dedup_put(&key, &answer).await.unwrap();
        assert_eq!(tx.dedup_find(&key).await, Ok(Some(answer.clone())));
        assert_eq!(
            tx.dedup_put(&key, &answer).await,
            Err(StoreError::Conflict),
            "{}",
            world.name
        );
    }
}

#[tokio::test]
async fn a_message_needs_a_writing_permit_and_a_refused_one_needs_none() {
    for world in worlds().await {
        let body = world.store.blob_keep("入院連絡".as_bytes()).await.unwrap();
        let mut tx = world.begin().await;
        let refused = tx
            .message_put(&look(OFFICE), &message(&world, body.clone()))
            .await;
        assert!(matches!(refused, Err(StoreError::Inconsistent { .. })));
        let elsewhere = NewMessage {
            network: "fukui".parse().unwrap(),
            ..message(&world, body.clone())
        };
        let refused = tx.message_put(&write(OFFICE), &elsewhere).await;
        assert!(matches!(refused, Err(StoreError::Inconsistent { .. })));
        let quarantine = NewQuarantine {
            network: network(),
            sender: facility(OFFICE),
            received_at: NOW,
            body,
            reason: "structure".to_owned(),
            answer: "{}".to_owned(),
            request: RequestId::new(),
        };
        tx.quarantine_put(&quarantine).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM message")
                .await,
            0
        );
        assert_eq!(
            world
                .count("-- store.test\nSELECT bytes FROM quarantine")
                .await,
            12
        );
    }
}
