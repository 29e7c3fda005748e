//! Proof: a full house says so, one greedy caller fills nobody else's place, and crews always find theirs.

use std::sync::mpsc;
use std::thread::{scope, sleep, spawn};
use std::time::Duration;

use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use crate::emergency::crew;
use crate::harness::*;
use crate::resident::{Resident, enrol};
use crate::slip::{Slip, patients_by_regional_id};
use crate::wire::{figure, half_sent, until};

/// A lock in the database, as long as it lives: whatever needs what it holds waits with its place.
struct Held {
    release: Option<mpsc::Sender<()>>,
    holder: Option<std::thread::JoinHandle<()>>,
}

impl Held {
    fn by(server: &Server, statements: &'static [&'static str]) -> Self {
        let (release, released) = mpsc::channel::<()>();
        let (holding, held) = mpsc::channel();
        let url = server.database_url.clone();
        let holder = spawn(move || {
            sqlx::any::install_default_drivers();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let mut connection = AnyConnection::connect(&url).await.expect("a connection");
                for statement in statements {
                    let statement = AssertSqlSafe((*statement).to_owned());
                    connection.execute(statement).await.expect("a lock");
                }
                holding.send(()).expect("the test goes on");
                let _ = released.recv();
                connection
                    .execute(AssertSqlSafe("ROLLBACK".to_owned()))
                    .await
                    .expect("the lock is given back");
                connection.close().await.expect("the connection closes");
            });
        });
        held.recv().expect("the lock is held");
        Self {
            release: Some(release),
            holder: Some(holder),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(holder) = self.holder.take() {
            let _ = holder.join();
        }
    }
}

/// Fills a house of two places and one who waits; what those who are let in are told in the end.
fn fill(server: &Server, lock: &'static [&'static str], meanwhile: impl FnOnce()) -> Vec<u16> {
    let slips: Vec<Slip> = (0..3).map(|_| Slip::of_somebody_new()).collect();
    let sender = &care_manager();
    server.token(sender);
    let held = Held::by(server, lock);
    let statuses: Vec<u16> = scope(|threads| {
        let sent: Vec<_> = slips
            .iter()
            .take(2)
            .map(|slip| {
                threads.spawn(move || server.post(sender, &messages_path(), slip.body()).status)
            })
            .collect();
        until(server, "edge_under_way{class=\"intake\"}", 2.0);
        // Who waits too long is told so.
        let waited = server.post(sender, &messages_path(), slips[2].body());
        later(&waited, 503);
        assert!(figure(server, "edge_shed_total{why=\"waited\"}") >= 1.0);
        // Who would have to stand behind somebody who waits is told at once.
        let last = &slips[2];
        let post = move || server.post(sender, &messages_path(), last.body());
        let waiting = threads.spawn(move || post().status);
        for _ in 0..200 {
            later(&post(), 503);
            if figure(server, "edge_shed_total{why=\"full\"}") >= 1.0 {
                break;
            }
        }
        assert!(figure(server, "edge_shed_total{why=\"full\"}") >= 1.0);
        server.send(&Call::get("/healthz")).expect(200);
        meanwhile();
        assert_eq!(waiting.join().expect("it is told"), 503);
        drop(held);
        sent.into_iter()
            .map(|sent| sent.join().expect("an answer"))
            .collect()
    });
    assert_eq!(
        patients_by_regional_id(server, &slips[2])["total"],
        0,
        "it was told that nothing was taken"
    );
    for (slip, status) in slips.iter().zip(&statuses) {
        if *status == 201 {
            assert_eq!(patients_by_regional_id(server, slip)["total"], 1);
        }
    }
    server
        .post(sender, &messages_path(), slips[2].body())
        .expect(201);
    statuses
}

const SMALL: &str = "[admission]\nintake = 2\nwaiting = 1\nwait_ms = 300";

#[track_caller]
fn later(answer: &Answer, status: u16) {
    answer.outcome(status);
    let seconds = answer
        .header("retry-after")
        .and_then(|text| text.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0), "{answer}");
}

#[test]
fn a_full_house_says_so_and_keeps_what_it_took() {
    let server = Start::on(Database::Sqlite).with(SMALL).go();
    let statuses = fill(&server, &["BEGIN IMMEDIATE"], || ());
    assert_eq!(statuses, [201, 201]);
}

#[test]
fn crews_are_served_while_the_house_is_full() {
    let server = Start::on(Database::Postgres).with(SMALL).go();
    let resident = Resident::somebody_new();
    enrol(&server, &resident);
    let who = crew(&server);
    let asked = json!({"name": resident.get("氏名")});
    // Messages wait for this table; a crew's search does not look at it.
    let lock: &[&str] = &["BEGIN", "LOCK TABLE message IN ACCESS EXCLUSIVE MODE"];
    let statuses = fill(&server, lock, || {
        for _ in 0..5 {
            let found = server.post(&who, "/emergency/search", asked.to_string());
            found.expect(200);
        }
        // Nor does anybody's look wait behind messages.
        assert_eq!(
            patients_by_regional_id(&server, &Slip::of_somebody_new())["total"],
            0
        );
    });
    assert_eq!(statuses, [201, 201]);
}

#[test]
fn a_greedy_caller_is_told_and_others_are_served() {
    let server = Start::on(Database::Sqlite)
        .with("[admission]\nper_caller = 3\nplaces = 4\nemergency = 2")
        .go();
    let who = crew(&server);
    let greedy = care_manager();
    let bodies: Vec<_> = (0..3).map(|_| Slip::of_somebody_new().body()).collect();
    let mut under_way: Vec<_> = bodies
        .iter()
        .map(|body| half_sent(&server, &greedy, body))
        .collect();
    let told = (0..100)
        .find_map(|_| {
            sleep(Duration::from_millis(20));
            let answer = server.post(&greedy, &messages_path(), Slip::of_somebody_new().body());
            (answer.status != 201).then_some(answer)
        })
        .expect("it is told");
    later(&told, 429);
    later(&server.get(&greedy, "/inbox"), 429);
    assert!(figure(&server, "edge_shed_total{why=\"caller\"}") >= 2.0);
    server.get(&hospital(), "/inbox").expect(200);
    server.get(&other_care_manager(), "/inbox").expect(200);
    let search = json!({"name": "架空 太郎"}).to_string();
    server
        .post(&who, "/emergency/search", search.clone())
        .expect(200);
    // What it has under way is taken, and then it may ask again.
    for (wire, body) in under_way.iter_mut().zip(&bodies) {
        assert!(wire.say(&body[body.len() / 2..]));
        assert_eq!(wire.expect_answer().status, 201);
    }
    server
        .post(&greedy, &messages_path(), Slip::of_somebody_new().body())
        .expect(201);
}

#[test]
fn bodies_together_have_a_limit() {
    let settings = "[admission]\nbody_bytes = 1000000\n[limits]\nbody_bytes = 1000000\n[batch]\nbytes = 1000000";
    let server = Start::on(Database::Sqlite).with(settings).go();
    let large = vec![b' '; 900_000];
    let wires: Vec<_> = (0..2)
        .map(|_| half_sent(&server, &care_manager(), &large))
        .collect();
    sleep(Duration::from_millis(500));
    let told = (0..100)
        .find_map(|_| {
            sleep(Duration::from_millis(20));
            let answer = server.post(&other_care_manager(), &messages_path(), vec![b' '; 400_000]);
            (answer.status == 503).then_some(answer)
        })
        .expect("it is told");
    later(&told, 503);
    server.get(&hospital(), "/inbox").expect(200);
    drop(wires);
}

#[test]
fn a_caller_who_was_turned_away_leaves_no_entry_in_the_log() {
    let server = Start::on(Database::Sqlite)
        .with("[admission]\nper_caller = 1")
        .go();
    let greedy = care_manager();
    let body = Slip::of_somebody_new().body();
    let mut wire = half_sent(&server, &greedy, &body);
    let told = (0..100)
        .find_map(|_| {
            sleep(Duration::from_millis(20));
            let answer = server.get(&greedy, "/inbox");
            (answer.status != 200).then_some(answer)
        })
        .expect("it is told");
    later(&told, 429);
    let leaves = || server.sql("SELECT id FROM leaf").len();
    let before = leaves();
    for _ in 0..5 {
        later(&server.get(&greedy, "/inbox"), 429);
    }
    assert_eq!(leaves(), before, "nothing was asked of anybody's data");
    assert!(wire.say(&body[body.len() / 2..]));
    assert_eq!(wire.expect_answer().status, 201);
    assert!(leaves() > before, "and what is taken has its leaf");
}
