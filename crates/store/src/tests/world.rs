//! A store of its own for each test, with a few invented facilities and one resident.

use std::sync::Arc;

use renkei_model::caller::{Caller, CallerKind};
use renkei_model::clock::SharedClock;
use renkei_model::id::{
    FacilityCode, LeafId, MessageId, NetworkName, RecordId, RequestId, ResourceId, StaffId,
};
use renkei_model::leaf::{Hash, SealedLeaf};
use renkei_model::permit::{Allows, PermitFacts};
use renkei_model::{
    Category, Clock, Instant, Permit, Profession, Purpose, Relation, Sensitivity, Shelf,
};
use sha2::{Digest, Sha256};
use sqlx::{ConnectOptions, any::AnyConnectOptions};
use tempfile::TempDir;

use crate::sql::query;
use crate::{
    IndexRow, Kept, MaskRow, NewEnrolment, NewOrigin, NewRelation, NewVersion, Settings, Store,
    StoreError, Tx, Urgency,
};

pub(super) const OFFICE: &str = "0170000001";
pub(super) const HOSPITAL: &str = "0110000001";
pub(super) const NOW: Instant = Instant(1_800_000_000_000_000);
pub(super) const POLICY: &str = "policy-1";

pub(super) struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Instant {
        NOW
    }
}

pub(super) fn clock() -> SharedClock {
    Arc::new(StoppedClock)
}

pub(super) fn link(prev: &Hash, seq: u64, hash: &Hash) -> Hash {
    let mut sha = Sha256::new();
    sha.update(prev);
    sha.update(seq.to_be_bytes());
    sha.update(hash);
    sha.finalize().into()
}

pub(super) struct World {
    pub(super) store: Arc<Store>,
    pub(super) settings: Settings,
    /// For messages of failed assertions.
    pub(super) name: &'static str,
    pub(super) folder: TempDir,
}

pub(super) fn sqlite_settings(folder: &TempDir) -> Settings {
    Settings {
        url: format!("sqlite://{}", folder.path().join("renkei.db").display()),
        data_dir: folder.path().to_owned(),
        read_connections: 4,
        group_members: 64,
        group_work_ms: 5,
        group_busy_ms: 50,
    }
}

pub(super) async fn sqlite() -> World {
    sqlite_with_groups_of(5).await
}

/// A group stays open this long, if somebody waits.
pub(super) async fn sqlite_with_groups_of(group_work_ms: u64) -> World {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        group_work_ms,
        group_busy_ms: group_work_ms,
        ..sqlite_settings(&folder)
    };
    let store = Store::open(settings.clone(), clock(), link).await.unwrap();
    World {
        store: Arc::new(store),
        settings,
        name: "SQLite",
        folder,
    }
}

/// A fresh, empty database on the test server, if there is one.
pub(super) async fn postgres_settings(folder: &TempDir) -> Option<Settings> {
    postgres_database(folder, "").await
}

/// The same with words of `CREATE DATABASE`.
pub(super) async fn postgres_database(folder: &TempDir, words: &str) -> Option<Settings> {
    let server = std::env::var("RENKEI_TEST_POSTGRES_URL").ok()?;
    let server = server.trim_end_matches('/');
    let name = format!("renkei_{}", uuid::Uuid::now_v7().simple());
    sqlx::any::install_default_drivers();
    let admin: AnyConnectOptions = format!("{server}/postgres").parse().unwrap();
    let mut admin = admin.connect().await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "CREATE DATABASE {name} {words}"
    )))
    .execute(&mut admin)
    .await
    .unwrap();
    Some(Settings {
        url: format!("{server}/{name}"),
        read_connections: 12,
        ..sqlite_settings(folder)
    })
}

/// A store on the test server, if there is one.
pub(super) async fn postgres() -> Option<World> {
    let folder = tempfile::tempdir().unwrap();
    let settings = postgres_settings(&folder).await?;
    let store = Store::open(settings.clone(), clock(), link).await.unwrap();
    Some(World {
        store: Arc::new(store),
        settings,
        name: "PostgreSQL",
        folder,
    })
}

pub(super) async fn worlds() -> Vec<World> {
    let mut worlds = vec![sqlite().await];
    worlds.extend(postgres().await);
    worlds
}

pub(super) fn network() -> NetworkName {
    "kitamaru".parse().unwrap()
}

pub(super) fn facility(code: &str) -> FacilityCode {
    code.parse().unwrap()
}

pub(super) fn nurse_of(code: &str) -> Caller {
    let staff: StaffId = "nurse-1".parse().unwrap();
    let kind = CallerKind::Person {
        staff,
        profession: Profession::Nurse,
    };
    Caller {
        kind,
        facility: facility(code),
        networks: vec![network()],
    }
}

pub(super) fn facts(caller: Caller, allows: Allows) -> PermitFacts {
    PermitFacts {
        caller,
        network: Some(network()),
        purpose: Purpose::Treatment,
        allows,
        policy: POLICY.to_owned(),
        request: RequestId::new(),
        at: NOW,
    }
}

pub(super) fn look(code: &str) -> Permit {
    Permit::issue(facts(nurse_of(code), Allows::Look))
}

pub(super) fn write(code: &str) -> Permit {
    Permit::issue(facts(
        nurse_of(code),
        Allows::Write {
            categories: i64::MAX,
        },
    ))
}

/// The network's office, deciding who is whom.
pub(super) fn identity() -> Permit {
    Permit::issue(facts(nurse_of(OFFICE), Allows::Identity))
}

/// A permit of another instant.
pub(super) fn at(permit: &Permit, at: Instant) -> Permit {
    Permit::issue(PermitFacts {
        caller: permit.caller().clone(),
        network: permit.networks().first().cloned(),
        purpose: permit.purpose(),
        allows: permit.allows().clone(),
        policy: permit.policy().to_owned(),
        request: permit.request(),
        at,
    })
}

pub(super) fn mask(relation: Relation, category: Category) -> MaskRow {
    MaskRow {
        network: network(),
        profession: Profession::Nurse,
        relation,
        purpose: Purpose::Treatment,
        sensitivity: Sensitivity::Normal,
        action: "read_full".to_owned(),
        categories: category.bit(),
    }
}

pub(super) fn shelf(record: RecordId, owner: &str, category: Category) -> Shelf {
    let sensitivity = Sensitivity::Normal;
    Shelf {
        network: network(),
        record,
        category,
        owner: facility(owner),
        sensitivity,
    }
}

pub(super) fn version(resource: ResourceId, number: i64, shelf: Shelf) -> NewVersion {
    NewVersion {
        resource,
        resource_type: "Patient".to_owned(),
        version: number,
        shelf,
        at: NOW,
        message: MessageId::new(),
        text: Kept::resource(format!(
            "{{\"resourceType\":\"Patient\",\"id\":\"{resource}\",\"n\":{number}}}"
        )),
        deleted: false,
        profile_version: "profile-1".to_owned(),
        index: vec![IndexRow {
            param: "identifier".to_owned(),
            system: Some("urn:x".to_owned()),
            value: "A-1".to_owned(),
            folded: None,
            low: None,
            high: None,
        }],
        lineage: Some(Kept::seldom_read("[]".to_owned())),
    }
}

pub(super) fn leaf(byte: u8) -> SealedLeaf {
    SealedLeaf {
        id: LeafId::new(),
        at: NOW,
        network: Some(network()),
        canonical: vec![1, byte],
        hash: Sha256::digest([1, byte]).into(),
        pseudonyms: vec![format!("p{byte}")],
        details: vec![],
    }
}

impl World {
    pub(super) async fn begin(&self) -> Tx {
        self.store.begin("test", Urgency::Ordinary).await.unwrap()
    }

    /// How many rows a table has.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        let row = self.store.find(query(sql)).await.unwrap().unwrap();
        sqlx::Row::try_get(&row, 0).unwrap()
    }

    pub(super) async fn enrolled_record(&self) -> RecordId {
        let permit = write(OFFICE);
        let mut tx = self.begin().await;
        let record = tx
            .record_create(&network(), Some("キタミハナコ"), Some("1940-01-02"), NOW)
            .await
            .unwrap();
        let source = MessageId::new();
        let (network, basis) = (network(), "slip".to_owned());
        let enrolment = NewEnrolment {
            network,
            record,
            basis,
            since: Instant(NOW.0 - 10),
            source,
        };
        tx.enrolment_begin(&permit, &enrolment).await.unwrap();
        tx.commit().await.unwrap();
        record
    }

    pub(super) async fn put(&self, versions: &[NewVersion]) -> Result<(), StoreError> {
        let mut tx = self.begin().await;
        tx.versions_put(&write(OFFICE), versions).await?;
        tx.commit().await
    }

    pub(super) async fn grant(&self, masks: &[MaskRow]) {
        let mut tx = self.begin().await;
        tx.policy_activate(POLICY, masks, NOW).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn relate(&self, relation: &NewRelation) {
        let mut tx = self.begin().await;
        tx.relation_put(&write(OFFICE), relation).await.unwrap();
        tx.commit().await.unwrap();
    }
}

pub(super) fn relation(record: RecordId, code: &str, kind: Relation) -> NewRelation {
    NewRelation {
        network: network(),
        record,
        facility: facility(code),
        staff: None,
        kind,
        owner_limit: None,
        since: Instant(NOW.0 - 10),
        until: None,
        source: MessageId::new(),
    }
}

pub(super) fn origin(
    record: RecordId,
    sheet: ResourceId,
    parts: Vec<(String, ResourceId)>,
) -> NewOrigin {
    NewOrigin {
        network: network(),
        owner: facility(OFFICE),
        kind: "admission-slip".to_owned(),
        native_key: "12".to_owned(),
        sheet,
        record,
        native_version: 3,
        kana: None,
        birth_date: None,
        event_date: None,
        destination: None,
        content_sha256: [5; 32],
        parts,
    }
}
