//! A database of the first schema with rows in it is brought up to date, and nothing is lost.

use renkei_model::Face;
use sqlx::{AnyConnection, Connection, Row};

use super::world::{clock, identity, link, network, postgres_settings, sqlite_settings};
use crate::open::{connect, migrate_to};
use crate::sql::query;
use crate::{ReviewState, Settings, Store, Urgency};

const LOW: &str = "01970000-0000-7000-8000-00000000000a";
const HIGH: &str = "01970000-0000-7000-8000-00000000000b";

/// Rows of the first schema; what an origin needs is spelled differently by the two databases.
const ROWS: [&str; 10] = [
    "-- store.test\nINSERT INTO record (id, network, kind, kana_folded, birth_date, created_at) VALUES \
     ('01970000-0000-7000-8000-00000000000a', 'kitamaru', 'resident', 'ミホン', '1935-03-05', 5), \
     ('01970000-0000-7000-8000-00000000000b', 'kitamaru', 'resident', NULL, NULL, 6)",
    "-- store.test\nINSERT INTO person (id, created_at) VALUES ('01970000-0000-7000-8000-0000000000ff', 5)",
    "-- store.test\nINSERT INTO link (id, record, person, since, by_actor, why) VALUES ('l', \
     '01970000-0000-7000-8000-00000000000a', '01970000-0000-7000-8000-0000000000ff', 5, 'system', 'first seen')",
    "-- store.test\nINSERT INTO identifier (network, system, value, record, rank, message) VALUES \
     ('kitamaru', 'urn:x', 'A-1', '01970000-0000-7000-8000-00000000000a', 0, 'm')",
    "-- store.test\nINSERT INTO resource (id, network, record, type, current, source_message) VALUES \
     ('01970000-0000-7000-8000-0000000000aa', 'kitamaru', '01970000-0000-7000-8000-00000000000a', 'Patient', 1, 'm')",
    "-- store.test\nINSERT INTO search_index (resource, type, param, system, value) VALUES \
     ('01970000-0000-7000-8000-0000000000aa', 'Patient', 'identifier', 'urn:x', 'A-1')",
    "-- store.test\nINSERT INTO identity_conflict (id, network, message, record, other, at, why) VALUES \
     ('01970000-0000-7000-8000-000000000001', 'kitamaru', '01970000-0000-7000-8000-0000000000cc', \
      '01970000-0000-7000-8000-00000000000b', '01970000-0000-7000-8000-00000000000a', 8, 'a \"number\"')",
    "-- store.test\nINSERT INTO identity_conflict (id, network, message, record, other, at, why) VALUES \
     ('01970000-0000-7000-8000-000000000002', 'kitamaru', '01970000-0000-7000-8000-0000000000cc', \
      '01970000-0000-7000-8000-00000000000b', NULL, 9, 'no agreement'), \
     ('01970000-0000-7000-8000-000000000003', 'kitamaru', '01970000-0000-7000-8000-0000000000cd', \
      '01970000-0000-7000-8000-00000000000b', NULL, 9, 'no agreement')",
    "-- store.test\nINSERT INTO staff (network, id, facility, profession, name, since, until) VALUES \
     ('kitamaru', 'cm-1', '0170000001', 'care_manager', '見本 太郎', 7, 70), \
     ('kitamaru', 'cm-2', '0170000001', 'care_manager', '見本 花子', NULL, NULL)",
    "-- store.test\nINSERT INTO facility (network, code, name, kind, mailbox, since) VALUES \
     ('kitamaru', '0170000001', '見本', 'care_office', 0, 1)",
];

async fn old(settings: &Settings) {
    assert_eq!(migrate_to(settings, 1).await, Ok(1));
    let mut connection = connect(settings).await.unwrap();
    for sql in ROWS {
        query(sql).execute(&mut connection).await.unwrap();
    }
    let origin = if settings.url.starts_with("sqlite") {
        "-- store.test\nINSERT INTO origin (network, owner, kind, native_key, sheet, record, native_version, \
         content_sha256) VALUES ('kitamaru', '0170000001', 'admission-slip', '12', \
         '01970000-0000-7000-8000-0000000000dd', '01970000-0000-7000-8000-00000000000a', 3, zeroblob(32))"
    } else {
        "-- store.test\nINSERT INTO origin (network, owner, kind, native_key, sheet, record, native_version, \
         content_sha256) VALUES ('kitamaru', '0170000001', 'admission-slip', '12', \
         '01970000-0000-7000-8000-0000000000dd', '01970000-0000-7000-8000-00000000000a', 3, \
         decode(repeat('00', 32), 'hex'))"
    };
    query(origin).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn text(connection: &mut AnyConnection, sql: &'static str) -> Vec<String> {
    let rows = query(sql).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn what_the_first_schema_held_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut databases = vec![sqlite_settings(&folder)];
    databases.extend(postgres_settings(&folder).await);
    for settings in databases {
        old(&settings).await;
        let store = Store::open(settings.clone(), clock(), link).await.unwrap();
        assert_eq!(Store::migrate(&settings).await, Ok(5), "again is nothing");

        let every = [ReviewState::Open];
        let reviews = store.reviews(&identity(), &every, None, 9).await.unwrap();
        assert_eq!(reviews.len(), 3, "{}", settings.url);
        let (low, high) = (LOW.parse().unwrap(), HIGH.parse().unwrap());
        assert_eq!(
            (reviews[0].record, reviews[0].other, reviews[0].raised_at.0),
            (low, Some(high), 8),
            "the lower id first"
        );
        let grounds: serde_json::Value = serde_json::from_str(&reviews[0].grounds).unwrap();
        assert_eq!(grounds["why"], "a \"number\"");
        assert_eq!((reviews[1].record, reviews[1].other), (high, None));

        let mut connection = connect(&settings).await.unwrap();
        let staff = "-- store.test\nSELECT id || ' ' || name || ' ' || CAST(since AS TEXT) || ' ' || \
                     coalesce(CAST(until AS TEXT), '-') FROM staff ORDER BY id";
        assert_eq!(
            text(&mut connection, staff).await,
            ["cm-1 見本 太郎 7 70", "cm-2 見本 花子 0 -"]
        );
        let rest = "-- store.test\nSELECT native_key FROM origin WHERE event_date IS NULL \
                    UNION ALL SELECT value FROM search_index WHERE folded IS NULL AND low IS NULL \
                    UNION ALL SELECT name FROM facility";
        assert_eq!(text(&mut connection, rest).await, ["12", "A-1", "見本"]);
        connection.close().await.unwrap();

        let mut tx = store.begin("test", Urgency::Ordinary).await.unwrap();
        let keys = [("urn:x".to_owned(), "A-1".to_owned())];
        let found = tx.identifier_match(&network(), &keys).await.unwrap();
        let face = Face {
            kana: Some("ミホン".to_owned()),
            birth_date: Some("1935-03-05".to_owned()),
            ..Face::default()
        };
        assert_eq!((found[0].record, &found[0].face), (low, &face));
        assert_eq!(tx.record_network(low).await, Ok(Some(network())));
        assert_eq!(
            tx.person_of(low).await.unwrap().to_string(),
            "01970000-0000-7000-8000-0000000000ff"
        );
        drop(tx);
        store.close().await;
    }
}
