//! One patient in sight of a hospital: what the tests of `visible` change one thing at a time of.

use renkei_model::id::{RecordId, ResourceId};
use renkei_model::{Category, Permit, Relation};

use super::world::{HOSPITAL, OFFICE, World, look, mask, relation, shelf, version, worlds};
use crate::sql::query;
use crate::{SearchCriterion, SearchOrder, SearchQuery, SearchTest};

/// A patient that the office wrote and the hospital may see by exchange.
pub(super) struct Case<'w> {
    world: &'w World,
    pub(super) record: RecordId,
    pub(super) id: ResourceId,
}

impl<'w> Case<'w> {
    pub(super) async fn new(world: &'w World) -> Self {
        let record = world.enrolled_record().await;
        let id = ResourceId::new();
        world
            .put(&[version(
                id,
                1,
                shelf(record, OFFICE, Category::Demographics),
            )])
            .await
            .unwrap();
        world
            .relate(&relation(record, HOSPITAL, Relation::Exchange))
            .await;
        let case = Self { world, record, id };
        case.must(true, "control").await;
        case
    }

    pub(super) async fn sees(&self, permit: &Permit) -> bool {
        let store = &self.world.store;
        let read = store
            .visible_read(permit, "Patient", self.id, None)
            .await
            .unwrap()
            .is_some();
        let query = by_identifier("Patient", Some("urn:x"), "A-1");
        let found = store
            .visible_search(permit, &query, SearchOrder::Id, None, 100)
            .await
            .unwrap()
            .rows;
        assert_eq!(
            read,
            found.iter().any(|found| found.row.resource == self.id),
            "read and search must agree"
        );
        let history = ("Patient", self.id);
        let versions = store.visible_versions(permit, history).await.unwrap();
        assert_eq!(read, versions > 0, "read and history must agree");
        read
    }

    pub(super) async fn must(&self, see: bool, why: &str) {
        assert_eq!(
            self.sees(&look(HOSPITAL)).await,
            see,
            "{why} on {}",
            self.world.name
        );
    }

    pub(super) async fn sql(&self, sql: &'static str) {
        let mut tx = self.world.begin().await;
        tx.execute(query(sql).bind(self.record.to_string()))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn deny(
        &self,
        who: (Option<&str>, Option<&str>),
        categories: i64,
        since: i64,
        until: Option<i64>,
    ) {
        let sql = "-- store.test\nINSERT INTO consent (id, network, record, effect, facility, profession, \
                   categories, since, until, source_message) VALUES ($1, 'kitamaru', $2, 'deny', $3, $4, $5, $6, $7, 'm')";
        let insert = query(sql)
            .bind(ResourceId::new().to_string())
            .bind(self.record.to_string())
            .bind(who.0.map(str::to_owned))
            .bind(who.1.map(str::to_owned))
            .bind(categories)
            .bind(since)
            .bind(until);
        let mut tx = self.world.begin().await;
        tx.execute(insert).await.unwrap();
        tx.commit().await.unwrap();
    }
}

pub(super) fn by_identifier(kind: &str, system: Option<&str>, value: &str) -> SearchQuery {
    let value = value.to_owned();
    let test = match system {
        Some(system) => SearchTest::ValueOf(system.to_owned(), value),
        None => SearchTest::Value(value),
    };
    SearchQuery {
        resource_type: kind.to_owned(),
        criteria: vec![SearchCriterion {
            param: "identifier".to_owned(),
            any: vec![test],
        }],
        broad: false,
    }
}

pub(super) async fn granted() -> Vec<World> {
    let worlds = worlds().await;
    for world in &worlds {
        let kinds = [
            Relation::Exchange,
            Relation::AuthorFacility,
            Relation::TeamMember,
            Relation::Former,
        ];
        world
            .grant(&kinds.map(|kind| mask(kind, Category::Demographics)))
            .await;
    }
    worlds
}
