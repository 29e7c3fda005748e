use sqlx::Row as _;

use super::world::{clock, link, sqlite, sqlite_settings, worlds};
use crate::open::{POSTGRES, SQLITE, connect, sqlite_facts};
use crate::sql::query;
use crate::{Settings, Store, StoreError};

#[tokio::test]
async fn a_store_opens_twice_and_reports_what_it_read_back() {
    for world in worlds().await {
        let report = world.store.settings_report();
        let must = if world.name == "SQLite" {
            ("journal_mode", "wal")
        } else {
            ("fsync", "on")
        };
        assert!(
            report.contains(&(must.0.to_owned(), must.1.to_owned())),
            "{report:?}"
        );
        world.store.ping().await.unwrap();
        assert_eq!(
            Store::migrate(&world.settings).await,
            Ok(5),
            "again is nothing"
        );
        world.store.close().await;
        assert_eq!(
            world.store.ping().await,
            Err(StoreError::Unavailable),
            "{}",
            world.name
        );
        let again = Store::open(world.settings.clone(), clock(), link)
            .await
            .unwrap();
        again.ping().await.unwrap();
    }
}

#[tokio::test]
async fn every_connection_reads_back_what_the_check_wants_and_readers_cannot_write() {
    let world = sqlite().await;
    let facts = sqlite_facts(&mut connect(&world.settings).await.unwrap())
        .await
        .unwrap();
    assert_eq!(crate::check::check_sqlite(&facts), Ok(()));
    let delete = query("-- store.test\nDELETE FROM leaf");
    assert!(world.store.find(delete).await.is_err());
    for world in worlds().await {
        let insert = query("-- store.test\nINSERT INTO person (id, created_at) VALUES ('x', 1)");
        assert!(world.store.find(insert).await.is_err(), "{}", world.name);
    }
}

/// Planning a statement over `visible` takes longer than running it (docs/decisions/0011-plans-that-stay.md).
#[tokio::test]
async fn postgresql_makes_one_plan_for_a_statement_on_every_connection() {
    let settings = || {
        query(
            "-- store.test\nSELECT current_setting('plan_cache_mode') || ' ' || current_setting('enable_seqscan') \
             || ' ' || current_setting('max_parallel_workers_per_gather') || ' ' || current_setting('jit') AS told",
        )
    };
    for world in worlds().await {
        if world.name == "SQLite" {
            continue;
        }
        let read = world.store.find(settings()).await.unwrap().unwrap();
        let mut tx = world.begin().await;
        let written = tx.find(settings()).await.unwrap().unwrap();
        for row in [read, written] {
            let told: String = row.get("told");
            assert_eq!(told, "force_generic_plan off 0 off");
        }
    }
}

#[tokio::test]
async fn a_wrong_url_or_a_changed_migration_is_refused_without_quoting_the_password() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "mysql://root:secret@localhost/x",
        "postgres://u:secret@[::bad/x",
        "",
    ] {
        let settings = Settings {
            url: url.to_owned(),
            ..sqlite_settings(&folder)
        };
        let error = Store::migrate(&settings).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        assert!(!format!("{error:?} {settings:?}").contains("secret"));
    }
    let world = sqlite().await;
    let mut connection = connect(&world.settings).await.unwrap();
    let spoil = "-- store.test\nUPDATE _sqlx_migrations SET checksum = x'00'";
    query(spoil).execute(&mut connection).await.unwrap();
    assert!(matches!(
        Store::migrate(&world.settings).await,
        Err(StoreError::Refused(_))
    ));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let world = sqlite().await;
    world.store.blob_keep(&[1; 100_000]).await.unwrap();
    for name in ["renkei.db", "renkei.db-wal", "blobs"] {
        let mode = std::fs::metadata(world.folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

/// The two schemas are one: the same tables, the same columns, in the same order.
#[test]
fn both_databases_have_the_same_schema() {
    for (sqlite, postgres) in SQLITE.into_iter().zip(POSTGRES) {
        let sqlite = sqlite
            .replace("INTEGER", "BIGINT")
            .replace("BLOB", "BYTEA")
            .replace(") STRICT, WITHOUT ROWID;", ");")
            .replace(") STRICT;", ");")
            .replace("json_object(", "json_build_object(")
            .replace("json_array()", "json_build_array()")
            .replace("'why', why)", "'why', why)::text");
        let postgres = postgres.replace(" COLLATE \"C\"", "").replace(
            ") WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);",
            ");",
        );
        assert_eq!(sqlite, postgres);
    }
}
