//! Every door of the store wants the permit that was issued for it.

use renkei_model::Permit;
use renkei_model::id::{NetworkName, ResourceId};
use renkei_model::permit::{Allows, PermitFacts};

use super::face::range;
use super::world::{NOW, OFFICE, facts, nurse_of, sqlite};
use crate::StoreError;

/// The tables of the region answer to nobody with a permit for something else.
#[tokio::test]
async fn each_table_wants_its_own_permit() {
    let world = sqlite().await;
    let of = |allows| Permit::issue(facts(nurse_of(OFFICE), allows));
    let record = world.enrolled_record().await;
    let refused =
        |result: Result<(), StoreError>| matches!(result, Err(StoreError::Inconsistent { .. }));
    for permit in [
        of(Allows::Look),
        of(Allows::Directory),
        of(Allows::Emergency),
    ] {
        let store = &world.store;
        assert!(refused(
            store.reviews(&permit, &[], None, 1).await.map(drop)
        ));
        assert!(refused(store.changes_of(&permit, record).await.map(drop)));
        let mut tx = world.begin().await;
        assert!(refused(
            tx.face_put(&permit, &[])
                .await
                .and(tx.face_drop(&permit, &[]).await)
        ));
    }
    for permit in [of(Allows::Look), of(Allows::Identity), of(Allows::Audit)] {
        let store = &world.store;
        assert!(refused(store.notes_open(&permit).await.map(drop)));
        assert!(refused(store.notes_of(&permit, &[]).await.map(drop)));
        assert!(refused(
            store.opening_active(&permit, record).await.map(drop)
        ));
        assert!(refused(
            store.emergency_load(&permit, NOW, NOW).await.map(drop)
        ));
    }
    for permit in [of(Allows::Directory), of(Allows::Audit), of(Allows::Report)] {
        let store = &world.store;
        assert!(refused(
            store.person_records(&permit, record).await.map(drop)
        ));
        assert!(refused(
            store
                .visible_faces(&permit, range("kana", "", "~"), 1)
                .await
                .map(drop)
        ));
        assert!(refused(
            store.visible_faces_of(&permit, record).await.map(drop)
        ));
        let ranges = [range("kana", "", "~")];
        assert!(refused(store.lead(&permit, &ranges, 1).await.map(drop)));
        assert!(refused(store.candidates(&permit, &[]).await.map(drop)));
        let sheets = [ResourceId::new()];
        assert!(refused(
            store.visible_among(&permit, &sheets).await.map(drop)
        ));
    }
    let elsewhere: NetworkName = "fukui".parse().unwrap();
    let stranger = Permit::issue(PermitFacts {
        network: Some(elsewhere),
        ..facts(nurse_of(OFFICE), Allows::Look)
    });
    assert_eq!(
        world.store.person_records(&stranger, record).await,
        Ok(vec![])
    );
}
