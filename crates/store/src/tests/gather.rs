//! Writes that go together, texts that are packed, and rows of the schema before.

use renkei_model::id::{MessageId, ResourceId};
use renkei_model::message::{DedupKey, StoredAnswer};
use renkei_model::{Category, Relation};
use sqlx::Connection;

use super::world::{
    OFFICE, clock, leaf, link, look, mask, network, origin, postgres_settings, shelf,
    sqlite_settings, version, worlds, write,
};
use crate::open::{connect, migrate_to};
use crate::sql::query;
use crate::{Asked, Kept, NewVersion, Settings, Store, StoreError, Urgency};

#[tokio::test]
async fn what_is_gathered_is_stored_together_or_not_at_all() {
    for world in worlds().await {
        let record = world.enrolled_record().await;
        let shelf = shelf(record, OFFICE, Category::Sheet);
        let permit = write(OFFICE);
        let (one, two) = (ResourceId::new(), ResourceId::new());
        let mut tx = world.begin().await;
        tx.gather();
        tx.versions_put(&permit, &[version(one, 1, shelf.clone())])
            .await
            .unwrap();
        tx.leaf_put(leaf(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM version")
                .await,
            1
        );
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM leaf_person")
                .await,
            1
        );

        // A version that is not the next one is found out late; then nothing is there.
        let mut tx = world.begin().await;
        tx.gather();
        let versions = [
            version(two, 1, shelf.clone()),
            version(one, 3, shelf.clone()),
        ];
        tx.versions_put(&permit, &versions).await.unwrap();
        // On PostgreSQL a leaf goes by itself, and what waits goes before it.
        let ended = match tx.leaf_put(leaf(2)).await {
            Ok(()) => tx.commit().await,
            Err(error) => Err(error),
        };
        assert_eq!(ended, Err(StoreError::Conflict), "{}", world.name);
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM version")
                .await,
            1
        );
        assert_eq!(
            world
                .count("-- store.test\nSELECT count(*) FROM leaf")
                .await,
            1
        );

        // A read sees what was gathered before it; the chain goes on.
        let mut tx = world.begin().await;
        tx.gather();
        tx.origin_put(&permit, &origin(record, one, vec![]))
            .await
            .unwrap();
        let key = (network(), OFFICE.parse().unwrap());
        let found = tx.origin_find(&key.0, &key.1, "admission-slip", "12").await;
        assert_eq!(found.unwrap().unwrap().sheet, one);
        tx.leaf_put(leaf(3)).await.unwrap();
        tx.commit().await.unwrap();
        if world.name == "SQLite" {
            assert_eq!(
                world
                    .count("-- store.test\nSELECT max(seq) FROM leaf")
                    .await,
                1
            );
        }
    }
}

#[tokio::test]
async fn what_is_near_is_found_with_one_question() {
    for world in worlds().await {
        let (record, other) = (world.enrolled_record().await, world.enrolled_record().await);
        let permit = write(OFFICE);
        let message = MessageId::new();
        let pair = |value: &str| ("urn:x".to_owned(), value.to_owned());
        let mut tx = world.begin().await;
        for (record, value) in [(record, "B"), (other, "A"), (other, "B")] {
            let (system, value) = pair(value);
            tx.identifiers_add(&permit, record, &[(system, value, 1)], message)
                .await
                .unwrap();
        }
        let sheet = ResourceId::new();
        tx.versions_put(
            &permit,
            &[version(sheet, 1, shelf(record, OFFICE, Category::Sheet))],
        )
        .await
        .unwrap();
        tx.origin_put(&permit, &origin(record, sheet, vec![]))
            .await
            .unwrap();
        let many: Vec<_> = (0..70).map(|nth| pair(&nth.to_string())).collect();
        let identifiers = [vec![pair("B"), pair("A"), pair("B")], many].concat();
        let (network, owner) = (network(), OFFICE.parse().unwrap());
        let asked = Asked {
            network: &network,
            owner: &owner,
            kind: "admission-slip",
            native_key: "12",
            record: Some(record),
            identifiers: &identifiers,
            birth_date: Some("1940-01-02"),
            kana: None,
            limit: 9,
        };
        let near = tx.near(&asked).await.unwrap();
        let (low, high) = (record.min(other), record.max(other));
        let found: Vec<_> = near
            .identified
            .iter()
            .map(|one| (one.value.as_str(), one.record))
            .collect();
        let b = [("B", low), ("B", high)];
        assert_eq!(
            found,
            [&b[..], &[("A", other)], &b].concat(),
            "{}",
            world.name
        );
        assert_eq!(
            near.identified[0].face.kana.as_deref(),
            Some("キタミハナコ")
        );
        assert_eq!(near.origin, Some((sheet, 3)));
        assert!(near.faces[&record].is_empty() && near.alike.is_empty());
        let nothing = Asked {
            identifiers: &[],
            native_key: "13",
            record: None,
            ..asked
        };
        let near = tx.near(&nothing).await.unwrap();
        assert!(near.identified.is_empty() && near.origin.is_none() && near.faces.is_empty());
    }
}

#[tokio::test]
async fn a_sheet_tells_the_lineage_of_its_parts_and_older_rows_tell_their_own() {
    for world in worlds().await {
        world
            .grant(&[mask(Relation::AuthorFacility, Category::Sheet)])
            .await;
        let record = world.enrolled_record().await;
        let shelf = shelf(record, OFFICE, Category::Sheet);
        let (sheet, part, older) = (ResourceId::new(), ResourceId::new(), ResourceId::new());
        let message = MessageId::new();
        let told = format!("{{\"rows\": [ {} ]}}", "1.50, ".repeat(900) + "2");
        let bundle = NewVersion {
            resource_type: "Bundle".to_owned(),
            text: Kept::resource("長".repeat(5000)),
            lineage: Some(Kept::seldom_read(format!("{{\"{part}\":{told}}}"))),
            message,
            ..version(sheet, 1, shelf.clone())
        };
        let new = |resource, lineage| NewVersion {
            lineage,
            message,
            ..version(resource, 1, shelf.clone())
        };
        let before = Some(Kept::seldom_read("{\"rows\":[]}".to_owned()));
        let mut tx = world.begin().await;
        tx.versions_put(
            &write(OFFICE),
            &[bundle, new(part, None), new(older, before)],
        )
        .await
        .unwrap();
        let parts = vec![("sheet".to_owned(), sheet), ("patient".to_owned(), part)];
        tx.origin_put(&write(OFFICE), &origin(record, sheet, parts))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let found = world
            .store
            .visible_lineage(&look(OFFICE), message)
            .await
            .unwrap();
        let mut found: Vec<_> = found
            .into_iter()
            .map(|traced| (traced.version.resource, traced.lineage))
            .collect();
        found.sort_unstable();
        let mut expected = vec![(part, told), (older, "{\"rows\":[]}".to_owned())];
        expected.sort_unstable();
        assert_eq!(found, expected, "{}", world.name);
        let read = world
            .store
            .visible_read(&look(OFFICE), "Bundle", sheet, None)
            .await;
        assert_eq!(read.unwrap().unwrap().text, "長".repeat(5000));
    }
}

/// Rows of the second schema, with the bytes of a hash as each database spells them.
async fn before(settings: &Settings) {
    assert_eq!(migrate_to(settings, 2).await, Ok(2));
    let mut connection = connect(settings).await.unwrap();
    let rows = if settings.url.starts_with("sqlite") {
        "-- store.test\nINSERT INTO dedup (network, sender, sender_key, message, body_sha256, answer, records) \
         VALUES ('kitamaru', 's', 'k', '01970000-0000-7000-8000-0000000000cc', zeroblob(32), '{\"a\": 1.50}', '')"
    } else {
        "-- store.test\nINSERT INTO dedup (network, sender, sender_key, message, body_sha256, answer, records) \
         VALUES ('kitamaru', 's', 'k', '01970000-0000-7000-8000-0000000000cc', decode(repeat('00', 32), 'hex'), \
         '{\"a\": 1.50}', '')"
    };
    query(rows).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn answers_of_the_second_schema_are_read_to_the_letter_and_long_ones_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut databases = vec![sqlite_settings(&folder)];
    databases.extend(postgres_settings(&folder).await);
    for settings in databases {
        before(&settings).await;
        let store = Store::open(settings.clone(), clock(), link).await.unwrap();
        let key = |key: &str| DedupKey {
            network: network(),
            sender: "s".to_owned(),
            key: key.to_owned(),
        };
        let found = store.dedup_find(&key("k")).await.unwrap().unwrap();
        assert_eq!(found.answer, "{\"a\": 1.50}", "{}", settings.url);
        let long = StoredAnswer {
            answer: format!("[{}]", "\"答え\\u0000\", ".repeat(200)),
            ..found
        };
        let mut tx = store.begin("test", Urgency::Ordinary).await.unwrap();
        tx.dedup_put(&key("l"), &long).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.dedup_find(&key("l")).await, Ok(Some(long)));
        store.close().await;
    }
}
