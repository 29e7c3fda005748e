//! Proof: the door for HL7 v2 over MLLP. `AA` comes only when the message is durable, every answer names its message, and
//! whoever sends no frames is told and cut off, to nobody else's harm.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::Row as _;

use crate::disk_full::Disk;
use crate::frame::{Adt, Line, framed};
use crate::harness::*;
use crate::tidy::source::root;

/// The product's networks and those of the tests, in one folder.
fn networks() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = run_folder().join("networks");
        std::fs::create_dir(&folder).expect("the folder is made");
        for from in ["profiles", "tests/profiles"] {
            for entry in std::fs::read_dir(root().join(from)).expect("a folder") {
                let entry = entry.expect("an entry");
                symlink(entry.path(), folder.join(entry.file_name())).expect("a link");
            }
        }
        folder
    })
}

/// A start with the door open; `lines` are further settings of it.
fn open(start: Start, lines: &str) -> Start {
    let door = "[mllp]\nlisten = \"127.0.0.1:0\"\nnetwork = \"byoin\"\nclient = \"his\"";
    start
        .profiles(networks())
        .with(&format!("{door}\nfacility = \"{HOSPITAL}\"\n{lines}"))
}

/// The server of the tests to which the database is all one.
fn gateway() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| open(Start::on(Database::Sqlite), "").go())
}

/// The patients of a number, as the sending system itself sees them.
fn patients(server: &Server, number: &str) -> Vec<Value> {
    let his = Who {
        subject: "his".to_owned(),
        networks: vec!["byoin".to_owned()],
        ..Who::system(HOSPITAL)
    };
    let path = format!("/fhir/R4/Patient?identifier={number}");
    let found = server.get(&his, &path).expect(200).json();
    let entries = found["entry"].as_array().cloned().unwrap_or_default();
    entries
        .into_iter()
        .map(|mut entry| entry["resource"].take())
        .collect()
}

fn count(server: &Server, table: &str) -> i64 {
    let rows = server.sql(&format!(
        "SELECT count(*) AS n FROM {table} WHERE network = 'byoin'"
    ));
    rows[0].get("n")
}

#[track_caller]
fn taken(line: &mut Line, adt: &Adt) {
    line.exchange(&adt.bytes()).says("AA", &adt.id);
}

alone_on_both! {
    fn what_is_acknowledged_outlives_a_kill(start) {
        let server = open(start, "").go();
        for turn in 1..=3 {
            let adt = Adt::of_somebody_new();
            taken(&mut Line::to(&server), &adt);
            server.kill();
            server.resume();
            assert_eq!(patients(&server, &adt.patient).len(), 1);
            assert_eq!(count(&server, "message"), turn);
            // The same bytes after the restart: known, and not taken again.
            taken(&mut Line::to(&server), &adt);
            assert_eq!(count(&server, "message"), turn);
        }
        assert!(server.end().success());
        let verified = server.renkei(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }

    fn the_same_bytes_are_taken_once(start) {
        let server = open(start, "").go();
        let adt = Adt::of_somebody_new();
        let mut line = Line::to(&server);
        for _ in 0..3 {
            taken(&mut line, &adt);
        }
        let other = Adt::of_somebody_new();
        scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| taken(&mut Line::to(&server), &other));
            }
        });
        for adt in [&adt, &other] {
            assert_eq!(patients(&server, &adt.patient).len(), 1);
        }
        assert_eq!((count(&server, "message"), count(&server, "quarantine")), (2, 0));
        // The same number with other content is another matter.
        let changed = adt.clone().with("|F|", "|M|");
        line.exchange(&changed.bytes()).says("AE", &adt.id).at(&["MSH^1^7^1"]);
        assert_eq!(count(&server, "message"), 2);
    }

    fn what_is_refused_is_told_and_kept_in_quarantine(start) {
        let server = open(start, "").go();
        let mut line = Line::to(&server);
        let unknown = Adt::of_somebody_new().with("ADT^A08^ADT_A01", "ADT^A99^ADT_A99");
        let ack = line.exchange(&unknown.bytes()).says("AR", &unknown.id).at(&["MSH^1^9^1"]);
        assert!(ack.fields("ERR", 3)[0].starts_with("200^"), "{}", ack.text);
        let kept = server.sql("SELECT reason, bytes FROM quarantine WHERE network = 'byoin'");
        assert_eq!(kept.len(), 1);
        let (reason, bytes): (String, i64) = (kept[0].get("reason"), kept[0].get("bytes"));
        assert!(reason.contains("MSH-9"), "{reason}");
        assert_eq!(Ok(bytes), i64::try_from(unknown.bytes().len()));
        // Rights: a sender speaks for its own facility.
        let foreign = Adt::of_somebody_new().with(HOSPITAL, OTHER_HOSPITAL);
        line.exchange(&foreign.bytes()).says("AE", &foreign.id).at(&["MSH^1^4^1^1"]);
        // All that is wrong at once, and the second name by its repetition.
        let wrong = Adt::of_somebody_new()
            .with("|F|", "|X|")
            .with("~カクウ^", "~^")
            .with("090-0000", "x");
        let ack = line.exchange(&wrong.bytes()).says("AE", &wrong.id);
        let mut places = ack.places();
        places.sort_unstable();
        assert_eq!(places, ["PID^1^11^1^5", "PID^1^5^2^1", "PID^1^8^1^1"], "{}", ack.text);
        assert_eq!((count(&server, "message"), count(&server, "quarantine")), (0, 3));
        for adt in [unknown, foreign, wrong] {
            assert!(patients(&server, &adt.patient).is_empty());
        }
        taken(&mut line, &Adt::of_somebody_new());
    }
}

#[test]
fn a_burst_is_answered_in_its_order() {
    let server = gateway();
    let mut line = Line::to(server);
    let burst: Vec<Adt> = (0..40).map(|_| Adt::of_somebody_new()).collect();
    let mut bytes = Vec::new();
    for (turn, adt) in burst.iter().enumerate() {
        let adt = match turn % 4 {
            1 => adt.clone().with("ADT^A08^ADT_A01", "ADT^A01^ADT_A01"),
            2 => adt.clone().with("|F|", "|X|"),
            _ => adt.clone(),
        };
        bytes.extend(framed(&adt.bytes()));
    }
    assert!(line.say(&bytes));
    for (turn, adt) in burst.iter().enumerate() {
        let code = ["AA", "AR", "AE", "AA"][turn % 4];
        line.expect_answer().says(code, &adt.id);
        let here = usize::from(code == "AA");
        assert_eq!(patients(server, &adt.patient).len(), here);
    }
}

#[test]
fn whoever_asks_in_the_enhanced_mode_gets_what_is_asked_for() {
    let mut line = Line::to(gateway());
    let probe = Adt::of_somebody_new();
    for (accept, application, good, bad) in [
        ("AL", "NE", &["CA"][..], &["CE"][..]),
        ("NE", "AL", &["AA"], &["AE"]),
        ("AL", "AL", &["CA", "AA"], &["CE", "AE"]),
        ("ER", "ER", &[], &["CE", "AE"]),
        ("SU", "SU", &["CA", "AA"], &[]),
        ("AL", "ER", &["CA"], &["CE", "AE"]),
        ("NE", "NE", &[], &[]),
        ("AL", "", &["CA"], &["CE"]),
        ("", "AL", &["AA"], &["AE"]),
    ] {
        let wanted = format!("2.5|||{accept}|{application}||");
        let asking = Adt::of_somebody_new().with("2.5||||||", &wanted);
        for (adt, codes) in [(asking.clone().with("|F|", "|X|"), bad), (asking, good)] {
            assert!(line.say(&framed(&adt.bytes())));
            // What is answered before the next message is all that there is.
            assert!(line.say(&framed(&probe.bytes())));
            for code in codes {
                line.expect_answer().says(code, &adt.id);
            }
            line.expect_answer().says("AA", &probe.id);
        }
    }
}

/// The second byte of each of these characters is a separator.
#[test]
fn double_byte_characters_hold_separators() {
    let (family, address) = ("栢笠改移愛", "諦厚像期五急筑迎向時美京本養倍移殺巳側王");
    let adt = Adt::of_somebody_new()
        .with("UNICODE UTF-8", "~ISO IR87||ISO 2022-1994")
        .with("|架空^", &format!("|{family}^"))
        .with("架空市見本町", address);
    let (bytes, _, lost) = encoding_rs::ISO_2022_JP.encode(adt.text());
    assert!(!lost);
    for mark in *b"|^~\\&" {
        let here = bytes.iter().filter(|byte| **byte == mark).count();
        let plain = adt.text().bytes().filter(|byte| *byte == mark).count();
        assert!(here >= plain + 4, "{mark}");
    }
    let server = gateway();
    Line::to(server).exchange(&bytes).says("AA", &adt.id);
    let patient = &patients(server, &adt.patient)[0];
    assert_eq!(patient["name"][0]["family"], family, "{patient}");
    assert_eq!(patient["address"][0]["text"], address, "{patient}");
}

#[test]
fn other_separators_are_read_by_the_header() {
    let adt = Adt::of_somebody_new();
    let text = adt.text().replace('|', "!").replace('^', "@");
    let text = text.replace('~', "%").replace("\\&", "\\$");
    let server = gateway();
    let ack = Line::to(server).exchange(text.as_bytes());
    assert_eq!(ack.id(), adt.id, "{}", ack.text);
    assert_eq!(ack.code(), "AA", "{}", ack.text);
    assert_eq!(
        patients(server, &adt.patient)[0]["name"][0]["family"],
        "架空"
    );
}

#[test]
fn what_cannot_be_read_is_refused_by_its_place() {
    let server = gateway();
    let mut line = Line::to(server);
    let nameless = Adt::of_somebody_new();
    let nameless = nameless.clone().with(&nameless.id, "");
    line.exchange(&nameless.bytes())
        .says("AE", "")
        .at(&["MSH^1^10^1"]);
    let nul = Adt::of_somebody_new().with("|架空^", "|架\0空^");
    line.exchange(&nul.bytes())
        .says("AE", &nul.id)
        .at(&["PID^1^5^1"]);
    let unclosed = Adt::of_somebody_new().with("UNICODE UTF-8", "~ISO IR87||ISO 2022-1994");
    let unclosed = unclosed.with("|架空^", "|\u{1b}$B2M6u^");
    let ack = line.exchange(unclosed.text().as_bytes());
    assert_eq!(
        (ack.code(), ack.id()),
        ("AE", &*unclosed.id),
        "{}",
        ack.text
    );
    assert_ne!(ack.fields("MSA", 3), [""], "{}", ack.text);
    for (text, id) in [("", ""), ("hello", ""), ("PID|1\r", "")] {
        let ack = line.exchange(text.as_bytes());
        assert!(["AE", "AR"].contains(&ack.code()), "{}", ack.text);
        assert_eq!(ack.id(), id);
    }
    for adt in [nameless, nul, unclosed] {
        assert!(patients(server, &adt.patient).is_empty());
    }
    // The frames were whole: the connection lives.
    taken(&mut line, &Adt::of_somebody_new());
}

#[test]
fn whoever_sends_no_frames_is_told_and_cut_off() {
    let server = gateway();
    let [good, behind] = [(); 2].map(|()| Adt::of_somebody_new());
    let mut line = Line::to(server);
    let garbage = [&framed(&good.bytes())[..], b"xx", &framed(&behind.bytes())].concat();
    assert!(line.say(&garbage));
    line.expect_answer().says("AA", &good.id);
    assert_eq!(line.expect_answer().code(), "AR");
    line.expect_end();
    let [outer, inner] = [(); 2].map(|()| Adt::of_somebody_new());
    let nested = [b"\x0b", &outer.bytes()[..], &framed(&inner.bytes())].concat();
    let mut line = Line::to(server);
    assert!(line.say(&nested));
    line.expect_answer().says("AR", &outer.id);
    line.expect_end();
    let mut line = Line::to(server);
    assert!(line.say(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"));
    assert_eq!(line.expect_answer().code(), "AR");
    line.expect_end();
    for adt in [behind, outer, inner] {
        assert!(patients(server, &adt.patient).is_empty());
    }
}

#[test]
fn a_frame_over_the_limit_is_refused_and_the_connection_closed() {
    let server = gateway();
    let large =
        Adt::of_somebody_new().with("PV1|1|N", &format!("PV1|1|N|{}", "a".repeat(6_000_000)));
    let mut line = Line::to(server);
    // It may be cut off while it sends.
    let _ = line.say(&framed(&large.bytes()));
    line.expect_answer().says("AR", &large.id);
    line.expect_end();
    assert!(patients(server, &large.patient).is_empty());
    taken(&mut Line::to(server), &Adt::of_somebody_new());
}

#[test]
fn a_message_that_stops_is_cut_off_and_a_slow_one_taken() {
    let server = open(
        Start::on(Database::Sqlite),
        "stall_ms = 1000\nidle_ms = 4000",
    )
    .go();
    let endless = Adt::of_somebody_new();
    let mut line = Line::to(&server);
    assert!(line.say(b"\x0b") && line.say(&endless.bytes()));
    line.expect_end();
    assert!(patients(&server, &endless.patient).is_empty());
    // It takes longer than the pause that is allowed, and never pauses so long.
    let slow = Adt::of_somebody_new();
    let bytes = framed(&slow.bytes());
    let mut line = Line::to(&server);
    for part in bytes.chunks(bytes.len() / 6) {
        assert!(line.say(part));
        sleep(Duration::from_millis(250));
    }
    line.expect_answer().says("AA", &slow.id);
    sleep(Duration::from_millis(1_500));
    taken(&mut line, &Adt::of_somebody_new());
    line.expect_end();
}

#[test]
fn one_connection_that_is_stuck_holds_up_no_other() {
    let server = gateway();
    let stuck = Adt::of_somebody_new();
    let bytes = framed(&stuck.bytes());
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut line = Line::to(server);
    assert!(line.say(first));
    let mut other = Line::to(server);
    for _ in 0..5 {
        taken(&mut other, &Adt::of_somebody_new());
    }
    assert!(line.say(rest));
    line.expect_answer().says("AA", &stuck.id);
}

#[test]
fn stopping_waits_for_the_message_that_is_coming() {
    let server = open(Start::on(Database::Sqlite), "stall_ms = 2000").go();
    let adt = Adt::of_somebody_new();
    let bytes = framed(&adt.bytes());
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut idle = Line::to(&server);
    taken(&mut idle, &Adt::of_somebody_new());
    let mut line = Line::to(&server);
    assert!(line.say(first));
    sleep(Duration::from_millis(100));
    server.ask_to_end();
    idle.expect_end();
    assert!(line.say(rest));
    line.expect_answer().says("AA", &adt.id);
    line.expect_end();
    let status = server.end();
    assert!(status.success(), "{status}: {}", server.output());
    server.resume();
    assert_eq!(patients(&server, &adt.patient).len(), 1);
}

#[test]
fn it_listens_for_this_machine_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:2575", "localhost"] {
        let line = format!(
            "[mllp]\nlisten = \"{address}\"\nnetwork = \"byoin\"\nclient = \"his\"\nfacility = \"{HOSPITAL}\""
        );
        let server = Start::on(Database::Sqlite)
            .profiles(networks())
            .with(&line)
            .prepare();
        let refused = server.renkei(&["check"]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{address}: {said}");
        server.spawn();
        let deadline = Instant::now() + Duration::from_secs(30);
        let status = loop {
            if let Some(status) = server.exited() {
                break status;
            }
            assert!(Instant::now() < deadline, "it serves at {address}");
            sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(2));
        let said = server.output();
        assert!(
            said.contains("mllp.listen") && said.contains("a loopback address"),
            "{said}"
        );
    }
}

#[test]
fn without_a_database_nothing_is_acknowledged() {
    let cluster = Cluster::start("postgres-of-hl7");
    let mut start = open(Start::on(Database::Postgres), "");
    start.database_url = Some(cluster.database());
    let server = start.go();
    let mut line = Line::to(&server);
    taken(&mut line, &Adt::of_somebody_new());
    cluster.stop_immediate();
    let adt = Adt::of_somebody_new();
    line.exchange(&adt.bytes()).says("AR", &adt.id);
    cluster.resume();
    let deadline = Instant::now() + Duration::from_secs(30);
    while line.exchange(&adt.bytes()).code() != "AA" {
        assert!(
            Instant::now() < deadline,
            "it does not come back: {}",
            server.output()
        );
        sleep(Duration::from_millis(100));
    }
    assert_eq!(patients(&server, &adt.patient).len(), 1);
    assert_eq!(count(&server, "message"), 2);
}

#[test]
fn on_a_full_disk_nothing_is_acknowledged() {
    let Some(disk) = Disk::mount("disk-of-hl7", 24) else {
        return;
    };
    let mut start = open(Start::on(Database::Sqlite), "");
    start.data_dir = Some(disk.path.join("data"));
    let server = start.go();
    let mut line = Line::to(&server);
    disk.fill();
    let mut acknowledged = Vec::new();
    let refused = (0..2_000).find_map(|_| {
        let adt = Adt::of_somebody_new();
        let ack = line.exchange(&adt.bytes());
        if ack.code() == "AA" {
            acknowledged.push(adt);
            return None;
        }
        Some((adt, ack))
    });
    let (adt, ack) = refused.expect("a full disk refuses at last");
    ack.says("AR", &adt.id);
    disk.make_room();
    let deadline = Instant::now() + Duration::from_secs(30);
    while line.exchange(&adt.bytes()).code() != "AA" {
        assert!(
            Instant::now() < deadline,
            "it does not work again: {}",
            server.output()
        );
        sleep(Duration::from_millis(100));
    }
    acknowledged.push(adt);
    for adt in acknowledged {
        assert_eq!(patients(&server, &adt.patient).len(), 1);
    }
}
