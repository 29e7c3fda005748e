//! Proof: clients that are slow, silent or gone are cut off, and nobody else notices.
//!
//! What is proved here happens before any database is asked, so SQLite is enough.

use std::time::Duration;

use crate::harness::*;
use crate::slip::{Slip, patients_by_regional_id};
use crate::wire::{Wire, figure, half_sent, head, until};

/// A pause between two bytes: a few hundred milliseconds of patience are used up after a few.
const PAUSE: Duration = Duration::from_millis(60);

fn impatient(lines: &str) -> Server {
    Start::on(Database::Sqlite)
        .with(&format!("[connections]\n{lines}"))
        .go()
}

#[test]
fn a_head_that_drips_is_cut_off_and_others_are_served() {
    let server = impatient("header_ms = 400");
    let others: Vec<Wire> = (0..40)
        .map(|_| {
            let mut wire = Wire::to(&server);
            assert!(wire.say(b"GET /healthz HTTP/1.1\r\nHost: a.exa"));
            wire
        })
        .collect();
    let mut wire = Wire::to(&server);
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: a.example\r\nX-Slow: {}\r\n\r\n",
        "a".repeat(200)
    );
    let sent = wire.drip(head.as_bytes(), PAUSE);
    assert!(sent < head.len(), "all of it was waited for");
    assert_eq!(wire.expect_answer().status, 408);
    server.send(&Call::get("/healthz")).expect(200);
    for mut wire in others {
        wire.expect_end();
    }
    assert!(figure(&server, "edge_connections_cut_total{why=\"slow_head\"}") >= 41.0);
    // In two pieces, but in time.
    let mut wire = Wire::to(&server);
    assert!(wire.say(b"GET /healthz HTTP/1.1\r\nHo"));
    std::thread::sleep(PAUSE);
    assert!(wire.say(b"st: a.example\r\n\r\n"));
    wire.expect_answer().expect(200);
    // The time of a head begins with its first byte, however long the connection was idle before.
    std::thread::sleep(Duration::from_millis(700));
    wire.greet();
}

#[test]
fn a_head_behind_another_has_its_time_too() {
    let server = impatient("header_ms = 400");
    let mut wire = Wire::to(&server);
    assert!(
        wire.say(b"GET /healthz HTTP/1.1\r\nHost: a.example\r\n\r\nGET /healthz HTTP/1.1\r\nHost:")
    );
    wire.expect_answer().expect(200);
    wire.expect_end();
}

#[test]
fn a_body_that_stops_or_drips_is_ended_and_leaves_nothing() {
    let server = impatient("body_stall_ms = 400\npace = 1000");
    let slip = Slip::of_somebody_new();
    let body = slip.body();
    let mut wire = half_sent(&server, &care_manager(), &body);
    let answer = wire.expect_answer();
    assert!(
        answer.outcome(408).contains("nothing was taken"),
        "{answer}"
    );
    wire.expect_end();
    let mut wire = Wire::to(&server);
    let length = format!("Content-Length: {}\r\n", body.len());
    assert!(wire.say(head(&server, &care_manager(), &length).as_bytes()));
    let sent = wire.drip(&body, PAUSE);
    assert!(sent < body.len(), "all of it was waited for");
    wire.expect_answer().outcome(408);
    let mut wire = Wire::to(&server);
    let chunked = "Transfer-Encoding: chunked\r\n";
    assert!(wire.say(head(&server, &care_manager(), chunked).as_bytes()));
    assert!(wire.say(b"5\r\n{\"net"));
    wire.expect_answer().outcome(408);
    assert_eq!(patients_by_regional_id(&server, &slip)["total"], 0);
    // Its places are free again, and the same bytes are new.
    assert_eq!(figure(&server, "edge_under_way"), 0.0);
    server
        .post(&care_manager(), &messages_path(), body)
        .expect(201);
}

#[test]
fn whoever_is_refused_while_still_sending_hears_why() {
    let server = impatient("linger_ms = 1000");
    let body = vec![b' '; 3_000_000];
    let sending = |length: usize| {
        let mut wire = Wire::to(&server);
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: a.example\r\nContent-Length: {length}\r\n\r\n",
            messages_path()
        );
        assert!(wire.say(head.as_bytes()));
        wire
    };
    // It reads nothing before everything is sent, as most programs do.
    let mut wire = sending(body.len());
    for part in body.chunks(500_000) {
        assert!(wire.say(part), "cut off while it sends");
        std::thread::sleep(PAUSE);
    }
    wire.expect_answer().outcome(401);
    wire.greet();
    // What does not come is not waited for without end, and never taken for a request.
    let mut wire = sending(200);
    assert!(wire.say(b"GET /healthz HTTP/1.1\r\nHost: a.example\r\n\r\n"));
    wire.expect_answer().outcome(401);
    wire.expect_end();
    assert_eq!(wire.rest(), "");
    let mut wire = sending(1_000);
    let sent = wire.drip(&body[..1_000], PAUSE);
    assert!(sent < 1_000, "all of it was waited for");
}

#[test]
fn an_idle_connection_is_closed_in_the_end() {
    let server = impatient("idle_ms = 400");
    let mut silent = Wire::to(&server);
    let mut known = Wire::to(&server);
    known.greet();
    for wire in [&mut silent, &mut known] {
        wire.expect_end();
        assert_eq!(wire.rest(), "", "it is told nothing");
    }
    let mut patient = Wire::to(&server);
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(150));
        patient.greet();
    }
}

#[test]
fn who_never_reads_its_answers_is_cut_off() {
    let server = impatient("write_stall_ms = 500");
    let mut wire = Wire::to(&server);
    let timeout = Some(Duration::from_millis(200));
    wire.stream().set_write_timeout(timeout).expect("a limit");
    let ask = "GET /fhir/R4/metadata HTTP/1.1\r\nHost: a.example\r\n\r\n".repeat(100);
    // Until the buffers of both sides are full.
    for _ in 0..200 {
        if !wire.say(ask.as_bytes()) {
            break;
        }
    }
    until(&server, "edge_connections_cut_total{why=\"unread\"}", 1.0);
    server.send(&Call::get("/healthz")).expect(200);
    wire.expect_end();
}

#[test]
fn a_peer_that_is_gone_without_a_word_is_asked_for() {
    let server = shared(Database::Sqlite);
    let mut wire = Wire::to(server);
    wire.greet();
    let port = |address: std::net::SocketAddr| format!("0100007F:{:04X}", address.port());
    let ours = port(wire.stream().local_addr().expect("an address"));
    let theirs = port(wire.stream().peer_addr().expect("an address"));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let line = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|cells| cells.get(1) == Some(&&*theirs) && cells.get(2) == Some(&&*ours))
        .expect("the server's side of the connection");
    // 02: the keep-alive timer runs.
    assert!(line[5].starts_with("02:"), "{line:?}");
}

#[test]
fn stopping_waits_for_no_slow_client_for_ever() {
    let server = impatient("header_ms = 1000\nbody_stall_ms = 1000\nwrite_stall_ms = 1000");
    let idle: Vec<Wire> = (0..20)
        .map(|turn| {
            let mut wire = Wire::to(&server);
            if turn % 2 == 0 {
                wire.greet();
            }
            wire
        })
        .collect();
    let mut head_only = Wire::to(&server);
    assert!(head_only.say(b"GET /healthz HTTP/1.1\r\nHost:"));
    let slip = Slip::of_somebody_new();
    let body = slip.body();
    let mut stopped = half_sent(&server, &care_manager(), &body);
    let mut finishing = half_sent(&server, &care_manager(), &body);
    until(&server, "edge_connections ", 23.0);
    server.ask_to_end();
    std::thread::sleep(Duration::from_millis(200));
    assert!(finishing.say(&body[body.len() / 2..]));
    assert_eq!(finishing.expect_answer().status, 201);
    assert_eq!(stopped.expect_answer().status, 408);
    for mut wire in idle {
        wire.expect_end();
    }
    let status = server.end();
    assert!(status.success(), "{status}: {}", server.output());
    let said = server.output();
    assert!(!said.contains("did not end in time"), "{said}");
    server.resume();
    assert_eq!(patients_by_regional_id(&server, &slip)["total"], 1);
}
