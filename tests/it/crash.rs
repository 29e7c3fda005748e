//! Killed under load, again and again: what was acknowledged is there once, in order; nothing is half-made.
//!
//! Senders and the recipient write an own ledger and sync it before they go on. The judge reads that ledger
//! and the public API, nothing else.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::*;
use crate::slip::{Slip, field};

const SENDERS: usize = 4;
const PEOPLE_A_SENDER: usize = 3;

alone_on_both! {
    fn killed_under_intake_load(start) {
        let server = start.go();
        let load = Load::new(&server);
        for round in 0..if long() { 50 } else { 5 } {
            load.run(|| {
                sleep(delay(round));
                server.kill();
            });
            server.resume();
        }
        load.run(|| sleep(Duration::from_millis(300)));
        judge(&server, &load);
        assert!(server.end().success());
        let verified = server.renkei(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }
}

#[test]
fn postgresql_stopped_immediately_under_intake_load() {
    let cluster = Cluster::start("postgres-to-stop");
    let mut start = Start::on(Database::Postgres);
    start.database_url = Some(cluster.database());
    let server = start.go();
    let load = Load::new(&server);
    for round in 0..if long() { 20 } else { 3 } {
        load.run(|| {
            sleep(delay(round));
            cluster.stop_immediate();
            sleep(Duration::from_millis(200));
        });
        assert_eq!(
            server.send(&Call::get("/healthz")).status,
            200,
            "the process lives"
        );
        assert_eq!(
            server.send(&Call::get("/readyz")).status,
            503,
            "and says that it cannot serve"
        );
        cluster.resume();
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.send(&Call::get("/readyz")).status != 200 {
            assert!(
                Instant::now() < deadline,
                "it does not come back:\n{}",
                server.output()
            );
            sleep(Duration::from_millis(50));
        }
    }
    load.run(|| sleep(Duration::from_millis(300)));
    judge(&server, &load);
}

/// From a moment after the start of the load to well into it, different each round.
fn delay(round: u64) -> Duration {
    Duration::from_millis(150 + (round * 379) % 1_100)
}

/// The client's own memory.
struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
}

impl Ledger {
    fn write(&self, line: &Value) {
        let mut file = self.file.lock().expect("the ledger");
        writeln!(file, "{line}").expect("the ledger is written");
        file.sync_data().expect("the ledger is durable");
    }

    fn read(path: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(path).expect("the ledger is read");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line of the ledger"))
            .collect()
    }
}

/// One person's slip, the number of the last version that was acknowledged, and the one that was not.
struct Person {
    slip: Slip,
    acknowledged: u64,
    pending: Option<Vec<u8>>,
}

impl Person {
    fn version(&self, version: u64) -> Slip {
        self.slip
            .clone()
            .version(version)
            .set(field::REMARKS, &remark(version))
    }
}

fn remark(version: u64) -> String {
    format!("第{version}版の連絡")
}

struct Load<'a> {
    server: &'a Server,
    hospital: String,
    ledger: Ledger,
    people: Vec<Mutex<Vec<Person>>>,
}

impl<'a> Load<'a> {
    fn new(server: &'a Server) -> Self {
        let path = server.folder.join("ledger");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .expect("the ledger opens");
        let hospital = new_hospital(server);
        let person = || Person {
            slip: Slip::of_somebody_new().set(field::HOSPITAL, &hospital),
            acknowledged: 0,
            pending: None,
        };
        let people = (0..SENDERS)
            .map(|_| Mutex::new((0..PEOPLE_A_SENDER).map(|_| person()).collect()))
            .collect();
        Self {
            server,
            hospital,
            ledger: Ledger {
                path,
                file: Mutex::new(file),
            },
            people,
        }
    }

    /// Sends and receives until the trouble is over, or until the server is gone.
    fn run(&self, trouble: impl FnOnce()) {
        let over = AtomicBool::new(false);
        let sender_token = self.server.token(&care_manager());
        let recipient_token = self.server.token(&Who::system(&self.hospital));
        scope(|threads| {
            for people in &self.people {
                let (over, token) = (&over, sender_token.as_str());
                threads
                    .spawn(move || self.send(&mut people.lock().expect("the people"), token, over));
            }
            let (over_too, token) = (&over, recipient_token.as_str());
            threads.spawn(move || self.receive(token, over_too));
            trouble();
            over.store(true, Ordering::Relaxed);
        });
    }

    fn send(&self, people: &mut [Person], token: &str, over: &AtomicBool) {
        for turn in 0.. {
            let person = &mut people[turn % PEOPLE_A_SENDER];
            let version = person.acknowledged + 1;
            let body = person
                .pending
                .take()
                .unwrap_or_else(|| person.version(version).body());
            let call = Call::post(&messages_path(), body.clone()).token(token);
            match call.send(&self.server.base) {
                Ok(answer) if [200, 201].contains(&answer.status) => {
                    let record = &answer.json()["records"][0];
                    self.ledger.write(&json!({
                        "what": "acknowledged", "sheet": record["sheet"], "version": version,
                        "id": person.slip.get(field::REGIONAL_ID),
                    }));
                    person.acknowledged = version;
                }
                Ok(answer) => {
                    assert!([503, 507].contains(&answer.status), "{answer}");
                    person.pending = Some(body);
                    sleep(Duration::from_millis(20));
                }
                Err(_) => {
                    person.pending = Some(body);
                    return;
                }
            }
            if over.load(Ordering::Relaxed) && turn >= PEOPLE_A_SENDER {
                return;
            }
        }
    }

    /// Reads the inbox and gives receipts, as a vendor's system does.
    fn receive(&self, token: &str, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            match receive_once(self.server, &self.ledger, token) {
                Some(0) | None => sleep(Duration::from_millis(20)),
                Some(_) => {}
            }
        }
    }
}

/// Takes what the inbox offers; how many, or nothing when the server is gone or busy.
fn receive_once(server: &Server, ledger: &Ledger, token: &str) -> Option<usize> {
    let inbox = Call::get("/inbox")
        .token(token)
        .send(&server.base)
        .ok()
        .filter(|answer| answer.status == 200)?;
    let deliveries = inbox.json()["deliveries"]
        .as_array()
        .expect("deliveries")
        .clone();
    for delivery in &deliveries {
        let native = &delivery["native"]["response"]["data"][0];
        let version: u64 = native["modId"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("a version");
        assert_eq!(
            native["fieldData"][field::REMARKS],
            remark(version),
            "a delivery is half-made: {delivery}"
        );
        assert_eq!(
            delivery["document"]["type"], "document",
            "a delivery is half-made: {delivery}"
        );
        let line =
            |what: &str| json!({"what": what, "sheet": delivery["sheet"], "version": version});
        ledger.write(&line("offered"));
        let body = json!({"fencingToken": delivery["fencingToken"]}).to_string();
        let path = format!("/inbox/{}/receipt", delivery["id"].as_str().expect("an id"));
        let answer = Call::post(&path, body)
            .token(token)
            .send(&server.base)
            .ok()?;
        match answer.status {
            200 => ledger.write(&line("received")),
            status => {
                assert!([503, 507].contains(&status), "{answer}");
                return None;
            }
        }
    }
    Some(deliveries.len())
}

/// Empties the inbox, and compares everything with the ledger.
fn judge(server: &Server, load: &Load<'_>) {
    let token = server.token(&Who::system(&load.hospital));
    while receive_once(server, &load.ledger, &token) != Some(0) {}
    let mut acknowledged: BTreeMap<String, (String, Vec<u64>)> = BTreeMap::new();
    let mut offered: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut received: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for line in Ledger::read(&load.ledger.path) {
        let sheet = line["sheet"].as_str().expect("a sheet").to_owned();
        let version = line["version"].as_u64().expect("a version");
        match line["what"].as_str() {
            Some("acknowledged") => {
                let id = line["id"].as_str().expect("an id").to_owned();
                acknowledged
                    .entry(sheet)
                    .or_insert((id, Vec::new()))
                    .1
                    .push(version);
            }
            Some("offered") => offered.entry(sheet).or_default().push(version),
            _ => received.entry(sheet).or_default().push(version),
        }
    }
    assert!(
        !acknowledged.is_empty(),
        "no slip was acknowledged: this proves nothing"
    );
    let mut total = 0;
    for (sheet, (id, versions)) in &acknowledged {
        let last = versions.last().copied().expect("a version");
        let all: Vec<u64> = (1..=last).collect();
        assert_eq!(versions, &all, "{sheet}: acknowledged in order");
        let mut seen = offered.get(sheet).cloned().unwrap_or_default();
        seen.dedup();
        assert_eq!(
            seen, all,
            "{sheet}: offered in the order of its lane, none missing, none again after it was received"
        );
        let mut taken = received.get(sheet).cloned().unwrap_or_default();
        taken.dedup();
        assert!(
            taken.windows(2).all(|pair| pair[0] < pair[1]),
            "{sheet}: received in order, once: {taken:?}"
        );
        let status = server
            .get(&care_manager(), &format!("/sheets/{sheet}"))
            .expect(200)
            .json();
        assert_eq!(
            status["nativeVersion"]
                .as_u64()
                .or(status["version"].as_u64()),
            Some(last),
            "{status}"
        );
        for kind in ["stored", "delivered"] {
            let count = crate::mail::kinds(&status)
                .iter()
                .filter(|found| **found == kind)
                .count();
            assert_eq!(
                u64::try_from(count).expect("a count"),
                last,
                "{sheet}: {kind}: {status}"
            );
        }
        let found = server
            .get(
                &care_manager(),
                &format!("/fhir/R4/Patient?identifier={id}"),
            )
            .expect(200)
            .json();
        assert_eq!(found["total"], 1, "{sheet}: one record: {found}");
        total += last;
    }
    println!("{total} slips acknowledged, each there once, in order");
}
