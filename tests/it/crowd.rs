//! Proof: more connections than there is room for, many idle ones, and requests that bend HTTP's framing.
//!
//! What is proved here happens before any database is asked, so SQLite is enough.

use std::thread::sleep;
use std::time::Duration;

use crate::harness::*;
use crate::slip::{Slip, patients_by_regional_id};
use crate::wire::{Wire, figure, half_sent, head};

/// A request is under way once the server has read its head, which nobody outside can see.
const SETTLE: Duration = Duration::from_millis(500);

fn with_room_for(connections: usize) -> Server {
    Start::on(Database::Sqlite)
        // On a machine that is busy the other half of a request may take its time.
        .with(&format!(
            "[connections]\nmax = {connections}\nbody_stall_ms = 120000"
        ))
        .go()
}

#[test]
fn the_longest_idle_leave_for_newcomers_and_who_is_served_stays() {
    let server = with_room_for(40);
    let slip = Slip::of_somebody_new();
    let body = slip.body();
    let mut served = half_sent(&server, &care_manager(), &body);
    sleep(SETTLE);
    let mut crowd: Vec<Wire> = (0..200).map(|_| Wire::to(&server)).collect();
    // Newcomers are let in, one after the other.
    for _ in 0..20 {
        server.send(&Call::get("/healthz")).expect(200);
    }
    server.get(&hospital(), "/inbox").expect(200);
    for wire in crowd.iter_mut().take(100) {
        wire.expect_end();
    }
    assert!(figure(&server, "edge_connections_cut_total{why=\"made_room\"}") >= 100.0);
    assert!(served.say(&body[body.len() / 2..]));
    assert_eq!(served.expect_answer().status, 201);
}

#[test]
fn dripping_heads_do_not_keep_newcomers_out() {
    // Long enough that it is not the clock that ends them.
    let server = Start::on(Database::Sqlite)
        .with("[connections]\nmax = 10\nheader_ms = 600000")
        .go();
    let mut crowd: Vec<Wire> = (0..10)
        .map(|_| {
            let mut wire = Wire::to(&server);
            assert!(wire.say(b"GET /healthz HTTP/1.1\r\nHost:"));
            wire
        })
        .collect();
    for _ in 0..5 {
        server.send(&Call::get("/healthz")).expect(200);
    }
    // Which of them made room depends on whose bytes the server saw first, which is not the order of sending.
    let deadline = std::time::Instant::now() + crate::wire::PATIENCE;
    while !crowd.iter_mut().any(Wire::has_ended) {
        assert!(std::time::Instant::now() < deadline, "nobody made room");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_newcomer_is_told_when_everybody_is_being_served() {
    let server = with_room_for(4);
    let bodies: Vec<_> = (0..4).map(|_| Slip::of_somebody_new().body()).collect();
    let mut served: Vec<Wire> = bodies
        .iter()
        .map(|body| half_sent(&server, &care_manager(), body))
        .collect();
    sleep(SETTLE);
    let deadline = std::time::Instant::now() + crate::wire::PATIENCE;
    let told = loop {
        let answer = Call::get("/healthz").send(&server.base);
        if let Ok(answer) = answer
            && answer.status == 503
        {
            break answer;
        }
        assert!(std::time::Instant::now() < deadline, "nobody is told");
    };
    assert!(told.header("retry-after").is_some(), "{told}");
    for (wire, body) in served.iter_mut().zip(&bodies) {
        assert!(wire.say(&body[body.len() / 2..]));
        assert_eq!(wire.expect_answer().status, 201);
    }
    drop(served);
    let deadline = std::time::Instant::now() + crate::wire::PATIENCE;
    while !Call::get("/healthz")
        .send(&server.base)
        .is_ok_and(|answer| answer.status == 200)
    {
        assert!(std::time::Instant::now() < deadline, "there is room again");
    }
}

#[test]
fn many_idle_connections_are_kept_while_others_are_served() {
    let wanted = if long() { 10_000 } else { 400 };
    // Both ends of a connection need a descriptor, ours in this process.
    let here = descriptors().saturating_sub(300);
    let many = wanted.min(here);
    if many < wanted {
        skipped(&format!(
            "{wanted} idle connections: only {many} descriptors"
        ));
    }
    let server = Start::on(Database::Sqlite).go();
    let mut idle: Vec<Wire> = (0..many)
        .map(|turn| {
            let mut wire = Wire::to(&server);
            if turn % 2 == 0 {
                wire.greet();
            }
            wire
        })
        .collect();
    // Long enough for buffers to be given back.
    sleep(Duration::from_millis(500));
    let slip = Slip::of_somebody_new();
    server
        .post(&care_manager(), &messages_path(), slip.body())
        .expect(201);
    for _ in 0..20 {
        server.get(&hospital(), "/inbox").expect(200);
    }
    for wire in idle.iter_mut().step_by(many.div_ceil(100).max(1)) {
        wire.greet();
    }
    assert_eq!(figure(&server, "edge_connections_cut_total"), 0.0);
}

/// What this process may open.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("the kernel's table");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok())
        .unwrap_or(1_024)
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let server = shared(Database::Sqlite);
    let sent = crate::slip::send(server, &Slip::of_somebody_new());
    let token = server.token(&hospital());
    let paths = [
        format!("/sheets/{}", sent.sheet),
        "/healthz".to_owned(),
        format!("/fhir/R4/Patient/{}", sent.patient()),
        "/inbox?no=such".to_owned(),
        "/fhir/R4/metadata".to_owned(),
        "/readyz".to_owned(),
    ];
    let alone: Vec<Answer> = paths
        .iter()
        .map(|path| server.send(&Call::get(path).token(token.clone())))
        .collect();
    let mut row = String::new();
    for _ in 0..5 {
        for path in &paths {
            row.push_str(&format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
                server.base.trim_start_matches("http://")
            ));
        }
    }
    let mut wire = Wire::to(server);
    // In pieces that end where no request ends.
    for piece in row.as_bytes().chunks(997) {
        assert!(wire.say(piece));
    }
    for (turn, alone) in (0..5).flat_map(|turn| alone.iter().map(move |alone| (turn, alone))) {
        let answer = wire.expect_answer();
        let (status, _, body) = answer.without_accidents();
        let (expected, _, text) = alone.without_accidents();
        assert_eq!((status, &body), (expected, &text), "turn {turn}");
    }
    assert_eq!(wire.rest(), "");
}

#[test]
fn framing_that_two_readers_see_differently_is_refused() {
    let server = shared(Database::Sqlite);
    let slip = Slip::of_somebody_new();
    let body = String::from_utf8(slip.body()).expect("UTF-8");
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let smuggled = "GET /fhir/R4/metadata HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let length = body.len();
    let corpus = [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n".to_owned(),
        "cONTENT-lENGTH:0\r\ntRANSFER-eNCODING:chunked\r\n".to_owned(),
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
        "Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        "Content-Length: 5, 6\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Content-Length: 0x5\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: 99999999999999999999999\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n".to_owned(),
        "Transfer-Encoding: \u{b}chunked\r\n".to_owned(),
        " Transfer-Encoding: chunked\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned(),
        "X: y\r\n Transfer-Encoding: chunked\r\n".to_owned(),
        format!("Content-Length: {length}\rTransfer-Encoding: chunked\r\n"),
    ];
    for lengths in &corpus {
        for piece in [usize::MAX, 31] {
            let request = format!(
                "{}{chunks}{smuggled}",
                head(server, &care_manager(), lengths)
            );
            let mut wire = Wire::to(server);
            for piece in request.as_bytes().chunks(piece) {
                if !wire.say(piece) {
                    break;
                }
            }
            let answers: Vec<Answer> = std::iter::from_fn(|| wire.answer()).collect();
            assert!(answers.len() <= 1, "{lengths:?}: {answers:?}");
            assert!(
                answers.iter().all(|answer| answer.status == 400),
                "{lengths:?}: {answers:?}"
            );
        }
    }
    assert_eq!(patients_by_regional_id(server, &slip)["total"], 0);
    // A length and, later on the same connection, chunks: either alone is right.
    let mut wire = Wire::to(server);
    for lengths in [
        format!("Content-Length: {length}\r\n"),
        "Transfer-Encoding: chunked\r\n".to_owned(),
    ] {
        let body = if lengths.starts_with('C') {
            &body
        } else {
            &chunks
        };
        assert!(wire.say(format!("{}{body}", head(server, &care_manager(), &lengths)).as_bytes()));
        let answer = wire.expect_answer();
        assert!([200, 201].contains(&answer.status), "{answer}");
    }
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let server = Start::on(Database::Sqlite)
        .with("[limits]\nheader_bytes = 8192")
        .go();
    let ask = |line: &str, more: &str| {
        let mut wire = Wire::to(&server);
        let head = format!("GET {line} HTTP/1.1\r\nHost: a.example\r\n{more}\r\n");
        wire.say(head.as_bytes());
        wire.answer().map(|answer| answer.status)
    };
    let long = |bytes: usize| format!("X-Long: {}\r\n", "a".repeat(bytes));
    assert_eq!(ask("/healthz", &long(8_000)), Some(200));
    assert_eq!(ask("/healthz", &long(9_000)), Some(431));
    assert_eq!(ask("/healthz", &long(18_000)), Some(431));
    // Far too large: what is not read may cost it the answer.
    assert!([Some(431), None].contains(&ask("/healthz", &long(2_000_000))));
    assert_eq!(ask("/healthz", &"X-Many: a\r\n".repeat(200)), Some(431));
    assert_eq!(
        ask(&format!("/healthz?{}", "a".repeat(5_000)), ""),
        Some(414)
    );
    server.send(&Call::get("/healthz")).expect(200);
}
