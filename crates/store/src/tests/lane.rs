use renkei_model::id::{DeliveryId, MessageId, RecordId, ResourceId};
use renkei_model::lane::{NewDelivery, ReceiptOutcome};
use renkei_model::{Category, Instant, Relation};
use sqlx::Row;

use super::world::{
    HOSPITAL, NOW, OFFICE, World, facility, look, mask, network, origin, relation, shelf, version,
    worlds, write,
};
use crate::sql::query;
use crate::{NewVersion, Tx};

/// A sheet that the hospital may see, with one delivery to it for each version.
async fn sheet(world: &World, record: RecordId, versions: i64) -> (ResourceId, Vec<DeliveryId>) {
    let id = ResourceId::new();
    let mut deliveries = Vec::new();
    for number in 1..=versions {
        let mut tx = world.begin().await;
        let new = NewVersion {
            resource_type: "Bundle".to_owned(),
            ..version(id, number, shelf(record, OFFICE, Category::Sheet))
        };
        tx.versions_put(&write(OFFICE), &[new]).await.unwrap();
        let new = NewDelivery {
            id: DeliveryId::new(),
            network: network(),
            destination: facility(HOSPITAL),
            record,
            message: MessageId::new(),
            sheet: id,
            version: number,
            due_at: NOW,
        };
        tx.delivery_put(&write(OFFICE), &new).await.unwrap();
        assert_eq!(place(&mut tx, new.id).await, number, "{}", world.name);
        tx.commit().await.unwrap();
        deliveries.push(new.id);
    }
    (id, deliveries)
}

/// Where a delivery stands in its lane.
async fn place(tx: &mut Tx, delivery: DeliveryId) -> i64 {
    let sql = "-- store.test\nSELECT lane_seq FROM delivery WHERE id = $1";
    let row = tx.find(query(sql).bind(delivery.to_string())).await;
    row.unwrap().unwrap().get("lane_seq")
}

async fn receipt(world: &World, code: &str, delivery: DeliveryId, token: i64) -> ReceiptOutcome {
    let mut tx = world.begin().await;
    let outcome = tx
        .receipt_put(&look(code), delivery, token, NOW, "system:his")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    outcome
}

async fn ready(world: &World) -> RecordId {
    world
        .grant(&[
            mask(Relation::Exchange, Category::Sheet),
            mask(Relation::AuthorFacility, Category::Sheet),
        ])
        .await;
    let record = world.enrolled_record().await;
    world
        .relate(&relation(record, HOSPITAL, Relation::Exchange))
        .await;
    record
}

#[tokio::test]
async fn a_lane_keeps_its_order_and_lanes_stand_side_by_side() {
    for world in worlds().await {
        let record = ready(&world).await;
        let (_, first) = sheet(&world, record, 2).await;
        let other = world.enrolled_record().await;
        world
            .relate(&relation(other, HOSPITAL, Relation::Exchange))
            .await;
        let (_, second) = sheet(&world, other, 1).await;
        let inbox = world.store.inbox(&look(HOSPITAL), 10).await.unwrap();
        let heads: Vec<_> = inbox
            .iter()
            .map(|offer| (offer.delivery, offer.lane_seq))
            .collect();
        assert_eq!(
            heads,
            [(first[0], 1), (second[0], 1)],
            "heads only: {}",
            world.name
        );
        assert_eq!(
            world.store.inbox(&look(HOSPITAL), 1).await.unwrap().len(),
            1
        );
        let token = inbox[0].fencing_token;
        assert_eq!(
            receipt(&world, HOSPITAL, first[1], token).await,
            ReceiptOutcome::Fenced,
            "not the head"
        );
        assert_eq!(
            receipt(&world, HOSPITAL, first[0], token).await,
            ReceiptOutcome::Delivered
        );
        let inbox = world.store.inbox(&look(HOSPITAL), 10).await.unwrap();
        assert!(
            inbox
                .iter()
                .any(|offer| offer.delivery == first[1] && offer.lane_seq == 2)
        );
        assert!(inbox.iter().any(|offer| offer.delivery == second[0]));
        assert!(
            world
                .store
                .inbox(&look(OFFICE), 10)
                .await
                .unwrap()
                .is_empty(),
            "somebody else's mailbox"
        );
    }
}

#[tokio::test]
async fn a_receipt_must_name_the_token_of_its_offer() {
    for world in worlds().await {
        let record = ready(&world).await;
        let (_, deliveries) = sheet(&world, record, 2).await;
        let token = world.store.inbox(&look(HOSPITAL), 1).await.unwrap()[0].fencing_token;
        assert_eq!(
            receipt(&world, HOSPITAL, deliveries[0], token + 1).await,
            ReceiptOutcome::Fenced
        );
        assert_eq!(
            receipt(&world, OFFICE, deliveries[0], token).await,
            ReceiptOutcome::Absent
        );
        assert_eq!(
            receipt(&world, HOSPITAL, DeliveryId::new(), token).await,
            ReceiptOutcome::Absent
        );
        assert_eq!(
            receipt(&world, HOSPITAL, deliveries[0], token).await,
            ReceiptOutcome::Delivered
        );
        assert_eq!(
            receipt(&world, HOSPITAL, deliveries[0], token).await,
            ReceiptOutcome::Repeated
        );
        assert_eq!(
            receipt(&world, HOSPITAL, deliveries[0], token + 1).await,
            ReceiptOutcome::Fenced
        );
        assert_eq!(
            receipt(&world, HOSPITAL, deliveries[1], token).await,
            ReceiptOutcome::Fenced,
            "old token"
        );
        let now = world.store.inbox(&look(HOSPITAL), 1).await.unwrap()[0].fencing_token;
        assert!(now > token);
        assert_eq!(
            receipt(&world, HOSPITAL, deliveries[1], now).await,
            ReceiptOutcome::Delivered
        );
        assert!(
            world
                .store
                .inbox(&look(HOSPITAL), 1)
                .await
                .unwrap()
                .is_empty(),
            "{}",
            world.name
        );
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM attempt")
                .await,
            2
        );
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM receipt")
                .await,
            4
        );
    }
}

#[tokio::test]
async fn an_idle_lane_wakes_up_and_goes_on_counting() {
    for world in worlds().await {
        let record = ready(&world).await;
        let (_, deliveries) = sheet(&world, record, 1).await;
        assert_eq!(
            receipt(&world, HOSPITAL, deliveries[0], 1).await,
            ReceiptOutcome::Delivered
        );
        assert!(
            world
                .store
                .inbox(&look(HOSPITAL), 1)
                .await
                .unwrap()
                .is_empty()
        );
        let (_, more) = sheet_again(&world, record).await;
        let inbox = world.store.inbox(&look(HOSPITAL), 1).await.unwrap();
        assert_eq!(
            (inbox[0].delivery, inbox[0].lane_seq),
            (more, 2),
            "{}",
            world.name
        );
    }
}

async fn sheet_again(world: &World, record: RecordId) -> (ResourceId, DeliveryId) {
    let id = ResourceId::new();
    let mut tx = world.begin().await;
    tx.versions_put(
        &write(OFFICE),
        &[version(id, 1, shelf(record, OFFICE, Category::Sheet))],
    )
    .await
    .unwrap();
    let new = NewDelivery {
        id: DeliveryId::new(),
        network: network(),
        destination: facility(HOSPITAL),
        record,
        message: MessageId::new(),
        sheet: id,
        version: 1,
        due_at: NOW,
    };
    tx.delivery_put(&write(OFFICE), &new).await.unwrap();
    tx.commit().await.unwrap();
    (id, new.id)
}

#[tokio::test]
async fn a_lane_counts_without_gaps_after_rollbacks_and_an_early_delivery_waits() {
    for world in worlds().await {
        let record = ready(&world).await;
        let (id, _) = sheet(&world, record, 1).await;
        let new = |due_at| NewDelivery {
            id: DeliveryId::new(),
            network: network(),
            destination: facility(HOSPITAL),
            record,
            message: MessageId::new(),
            sheet: id,
            version: 1,
            due_at,
        };
        let mut tx = world.begin().await;
        let second = new(NOW);
        tx.delivery_put(&write(OFFICE), &second).await.unwrap();
        assert_eq!(place(&mut tx, second.id).await, 2);
        drop(tx);
        let mut tx = world.begin().await;
        let early = new(Instant(NOW.0 + 1));
        tx.delivery_put(&write(OFFICE), &early).await.unwrap();
        assert_eq!(place(&mut tx, early.id).await, 2, "{}", world.name);
        tx.commit().await.unwrap();
        let head = &world.store.inbox(&look(HOSPITAL), 9).await.unwrap()[0];
        assert_eq!(
            receipt(&world, HOSPITAL, head.delivery, head.fencing_token).await,
            ReceiptOutcome::Delivered
        );
        assert!(
            world
                .store
                .inbox(&look(HOSPITAL), 9)
                .await
                .unwrap()
                .is_empty(),
            "not due: {}",
            world.name
        );
    }
}

#[tokio::test]
async fn an_inbox_and_a_history_show_only_what_is_visible() {
    for world in worlds().await {
        let record = ready(&world).await;
        let (id, deliveries) = sheet(&world, record, 1).await;
        let origin = origin(record, id, vec![]);
        let mut tx = world.begin().await;
        tx.origin_put(&write(OFFICE), &origin).await.unwrap();
        tx.commit().await.unwrap();
        receipt(&world, HOSPITAL, deliveries[0], 1).await;
        for code in [OFFICE, HOSPITAL] {
            let history = world
                .store
                .sheet_history(&look(code), id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!((history.native_version, history.version), (3, 1));
            let lines: Vec<_> = history.lines.iter().map(|line| &*line.kind).collect();
            assert_eq!(lines, ["stored", "delivered"], "{}", world.name);
        }
        let sheet_of = async |code| world.store.delivery_sheet(&look(code), deliveries[0]).await;
        assert_eq!(
            sheet_of(HOSPITAL).await,
            Ok(Some((id, 1))),
            "{}",
            world.name
        );
        assert_eq!(sheet_of(OFFICE).await, Ok(None), "somebody else's mailbox");
        assert_eq!(
            world.store.sheet_history(&look("0199999999"), id).await,
            Ok(None)
        );
        assert_eq!(
            world
                .store
                .sheet_history(&look(OFFICE), ResourceId::new())
                .await,
            Ok(None)
        );
        sheet_again(&world, record).await;
        assert_eq!(
            world.store.inbox(&look(HOSPITAL), 9).await.unwrap().len(),
            1
        );
        world
            .relate(&relation(record, HOSPITAL, Relation::Blocked))
            .await;
        assert!(
            world
                .store
                .inbox(&look(HOSPITAL), 9)
                .await
                .unwrap()
                .is_empty(),
            "{}",
            world.name
        );
        assert_eq!(
            world.store.sheet_history(&look(HOSPITAL), id).await,
            Ok(None)
        );
    }
}
