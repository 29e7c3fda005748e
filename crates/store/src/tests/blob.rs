use std::time::{Duration, UNIX_EPOCH};

use renkei_model::Instant;
use renkei_model::id::RequestId;

use super::world::{NOW, OFFICE, facility, network, sqlite};
use crate::{NewQuarantine, blob};

#[tokio::test]
async fn large_bodies_go_to_the_folder_under_their_hash() {
    let world = sqlite().await;
    let small = world.store.blob_keep(&[7; 65_536]).await.unwrap();
    assert!(small.inline.is_some() && small.path.is_none() && small.bytes == 65_536);
    let big = world.store.blob_keep(&[7; 65_537]).await.unwrap();
    let path = big.path.clone().unwrap();
    assert_eq!(path.replace('/', ""), hex::encode(big.sha256));
    let file = world.folder.path().join("blobs").join(&path);
    assert_eq!(std::fs::read(&file).unwrap(), [7; 65_537]);
    assert_eq!(
        world.store.blob_keep(&[7; 65_537]).await,
        Ok(big),
        "again is the same"
    );
    assert_eq!(
        std::fs::read_dir(file.parent().unwrap()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[tokio::test]
async fn old_orphans_are_swept_and_nothing_else() {
    let world = sqlite().await;
    let blobs = world.folder.path().join("blobs");
    let mut paths = Vec::new();
    for byte in 0..3 {
        let body = world.store.blob_keep(&[byte; 70_000]).await.unwrap();
        let path = blobs.join(body.path.as_ref().unwrap());
        let written = if byte == 2 {
            NOW.0
        } else {
            NOW.0 - 7_200_000_000
        };
        let at = UNIX_EPOCH + Duration::from_micros(written.unsigned_abs());
        std::fs::File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(at)
            .unwrap();
        paths.push(path);
        if byte == 0 {
            let mut tx = world.begin().await;
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
        }
    }
    assert_eq!(blob::sweep(&world.store, Instant(NOW.0)).await, Ok(1));
    let left: Vec<bool> = paths.iter().map(|path| path.exists()).collect();
    assert_eq!(left, [true, false, true], "referenced, orphaned, young");
}
