//! Employments: what is said of one changes no other, and each request is asked about at its own instant.

use renkei_model::id::StaffId;
use renkei_model::permit::Allows;
use renkei_model::{Instant, Permit, Profession};
use sqlx::Row;

use super::world::{
    HOSPITAL, NOW, OFFICE, World, facility, facts, look, network, nurse_of, sqlite, worlds,
};
use crate::{ALWAYS, Employment, Standing};

fn permit() -> Permit {
    Permit::issue(facts(nurse_of(OFFICE), Allows::Directory))
}

fn id(text: &str) -> StaffId {
    text.parse().unwrap()
}

fn works(person: &str, code: &str, since: Instant, until: Option<Instant>) -> Employment {
    Employment {
        network: network(),
        id: id(person),
        facility: facility(code),
        profession: Profession::Nurse,
        name: "見本 太郎".to_owned(),
        since,
        until,
    }
}

async fn put(world: &World, rows: &[Employment]) {
    let mut tx = world.begin().await;
    tx.staff_put(&permit(), rows).await.unwrap();
    tx.commit().await.unwrap();
}

async fn standing(world: &World, person: &str, code: &str, at: Instant) -> Option<Standing> {
    let (code, person) = (facility(code), id(person));
    let networks = [network(), "elsewhere".parse().unwrap()];
    let asked = (&person, &code, Profession::Nurse);
    let found = world.store.standings(&networks, asked, at).await.unwrap();
    assert!(found.len() <= 1 && found.iter().all(|(name, _)| *name == network()));
    found.first().map(|(_, standing)| *standing)
}

#[tokio::test]
async fn an_employment_counts_from_its_first_instant_to_before_its_last() {
    for world in worlds().await {
        let until = Instant(NOW.0 + 100);
        put(&world, &[works("n-1", HOSPITAL, NOW, Some(until))]).await;
        put(&world, &[works("n-2", HOSPITAL, ALWAYS, None)]).await;
        let cases = [
            ("n-1", HOSPITAL, NOW.0 - 1, Some(Standing::Otherwise)),
            ("n-1", HOSPITAL, NOW.0, Some(Standing::Employed)),
            ("n-1", HOSPITAL, until.0 - 1, Some(Standing::Employed)),
            ("n-1", HOSPITAL, until.0, Some(Standing::Otherwise)),
            ("n-1", OFFICE, NOW.0, Some(Standing::Otherwise)),
            ("n-2", HOSPITAL, NOW.0, Some(Standing::Employed)),
            ("n-3", HOSPITAL, NOW.0, None),
        ];
        for (person, code, at, expected) in cases {
            let found = standing(&world, person, code, Instant(at)).await;
            assert_eq!(found, expected, "{}: {person} {code} {at}", world.name);
        }
        let code = facility(HOSPITAL);
        let asked = (&id("n-2"), &code, Profession::Physician);
        let found = world.store.standings(&[network()], asked, NOW).await;
        assert_eq!(found, Ok(vec![(network(), Standing::Otherwise)]));
        let none = world.store.standings(&[], asked, NOW).await;
        assert_eq!(none, Ok(Vec::new()), "{}", world.name);
    }
}

#[tokio::test]
async fn rows_are_added_replaced_dropped_and_listed() {
    for world in worlds().await {
        let first = works("n-1", HOSPITAL, ALWAYS, None);
        let second = works("n-1", OFFICE, NOW, None);
        let other = works("n-2", OFFICE, NOW, None);
        put(&world, &[first.clone(), second.clone(), other.clone()]).await;
        let ended = Employment {
            until: Some(NOW),
            name: "見本 次郎".to_owned(),
            ..first
        };
        put(&world, std::slice::from_ref(&ended)).await;
        let mut tx = world.begin().await;
        tx.staff_hold(&network()).await.unwrap();
        let of = [id("n-1"), id("nobody")];
        let found = tx.staff_of(&permit(), &network(), &of).await.unwrap();
        assert_eq!(found, [ended.clone(), second.clone()], "{}", world.name);
        tx.staff_drop(&permit(), std::slice::from_ref(&second))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let list = |code: Option<&'static str>, page| {
            let world = &world;
            async move {
                let code = code.map(facility);
                let listed = world
                    .store
                    .staff_list(&permit(), &network(), code.as_ref(), page)
                    .await;
                listed.unwrap()
            }
        };
        assert_eq!(list(None, (0, 9)).await, [ended.clone(), other.clone()]);
        assert_eq!(list(None, (1, 9)).await, std::slice::from_ref(&other));
        assert_eq!(list(Some(HOSPITAL), (0, 9)).await, [ended]);
        // What ended at this very instant is over.
        let counts = |code: Option<&'static str>| {
            let world = &world;
            async move {
                let code = code.map(facility);
                let counted = world
                    .store
                    .staff_counts(&permit(), &network(), code.as_ref())
                    .await;
                counted.unwrap()
            }
        };
        let expected = [(facility(OFFICE), Profession::Nurse, 1)];
        assert_eq!(counts(None).await, expected, "{}", world.name);
        assert_eq!(counts(Some(HOSPITAL)).await, []);
    }
}

#[tokio::test]
async fn staff_is_the_directorys_affair_only() {
    for world in worlds().await {
        let row = works("n-1", HOSPITAL, ALWAYS, None);
        let mut elsewhere = row.clone();
        elsewhere.network = "elsewhere".parse().unwrap();
        let mut tx = world.begin().await;
        assert!(tx.staff_put(&look(OFFICE), &[row]).await.is_err());
        assert!(tx.staff_put(&permit(), &[elsewhere]).await.is_err());
        assert!(
            tx.staff_of(&look(OFFICE), &network(), &[id("n-1")])
                .await
                .is_err()
        );
        let listed = world
            .store
            .staff_list(&look(OFFICE), &network(), None, (0, 1))
            .await;
        assert!(listed.is_err());
    }
}

#[tokio::test]
async fn a_request_costs_one_search_by_key() {
    let world = sqlite().await;
    let statements = crate::staff::STATEMENTS.iter();
    for sql in statements.chain(crate::standing::STATEMENTS) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = world.store.all(sqlx::query(explain)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let searched = plan
            .iter()
            .any(|step| step.starts_with("SEARCH staff USING PRIMARY KEY (network=? AND id=?)"));
        assert!(searched, "{plan:#?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN staff")));
    }
}

#[tokio::test]
async fn a_committed_change_counts_from_the_next_request_on() {
    for world in worlds().await {
        let open = works("n-1", HOSPITAL, ALWAYS, None);
        let ended = Employment {
            until: Some(NOW),
            ..open.clone()
        };
        for _ in 0..3 {
            put(&world, std::slice::from_ref(&open)).await;
            for _ in 0..2 {
                let found = standing(&world, "n-1", HOSPITAL, NOW).await;
                assert_eq!(found, Some(Standing::Employed), "{}", world.name);
            }
            put(&world, std::slice::from_ref(&ended)).await;
            let found = standing(&world, "n-1", HOSPITAL, NOW).await;
            assert_eq!(found, Some(Standing::Otherwise), "{}", world.name);
        }
        let mut tx = world.begin().await;
        let dropped = tx.staff_drop(&permit(), std::slice::from_ref(&ended)).await;
        assert_eq!(dropped, Ok(()));
        // Not before it is committed.
        let found = standing(&world, "n-1", HOSPITAL, NOW).await;
        assert_eq!(found, Some(Standing::Otherwise), "{}", world.name);
        tx.commit().await.unwrap();
        let found = standing(&world, "n-1", HOSPITAL, NOW).await;
        assert_eq!(found, None, "{}", world.name);
    }
}
