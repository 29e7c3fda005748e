//! Starting, stopping, settings, health.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::thread::{scope, sleep};
use std::time::Duration;

use crate::harness::database::sql;
use crate::harness::*;
use crate::slip::{Sent, Slip, send};

alone_on_both! {
    fn ending_finishes_what_was_accepted(start) {
        let server = start.go();
        let slip = Slip::of_somebody_new();
        let body = slip.body();
        let mut stream = half_sent(&server, &body);
        let acknowledged = scope(|threads| {
            let senders: Vec<_> = (0..4).map(|_| threads.spawn(|| send_until_refused(&server))).collect();
            sleep(Duration::from_millis(400));
            server.ask_to_end();
            sleep(Duration::from_millis(100));
            stream.write_all(&body[body.len() / 2..]).expect("the server still reads");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("the server still answers");
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
            senders.into_iter().flat_map(|sender| sender.join().expect("the sender ends")).collect::<Vec<String>>()
        });
        for _ in 0..400 {
            if server.exited().is_some() {
                break;
            }
            sleep(Duration::from_millis(25));
        }
        let status = server.exited().expect("the server ends by itself");
        assert!(status.success(), "{status}: {}", server.output());
        server.resume();
        assert!(!acknowledged.is_empty());
        for sheet in acknowledged {
            server.get(&care_manager(), &format!("/sheets/{sheet}")).expect(200);
        }
        let found = crate::slip::patients_by_regional_id(&server, &slip);
        assert_eq!(found["total"], 1, "what was half sent when the end came is there: {found}");
        server.post(&care_manager(), &messages_path(), body).expect(200);
    }

    fn everything_is_there_after_a_restart(start) {
        let server = start.go();
        let slip = Slip::of_somebody_new();
        let sent = send(&server, &slip);
        assert!(server.end().success());
        server.resume();
        server.get(&hospital(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200);
        server.post(&care_manager(), &messages_path(), slip.body()).expect(200);
    }

    fn unknown_settings_refuse_the_start(start) {
        let server = start.clone().with("colour = \"blue\"").prepare();
        let refused = server.renkei(&["serve"]);
        assert!(!refused.status.success());
        assert!(text(&refused).contains("colour"), "{}", text(&refused));
        assert!(!text(&refused).contains("blue"), "values are not repeated: {}", text(&refused));
        let server = start.clone().with("[limits]\ndepht = 3").prepare();
        let refused = server.renkei(&["check"]);
        assert!(!refused.status.success());
        assert!(text(&refused).contains("limits.depht"), "{}", text(&refused));
        // No token may live longer than twelve hours, whatever the settings say.
        let server = start.clone().with("[tokens]\nlifetime_max_s = 43201").prepare();
        let refused = server.renkei(&["serve"]);
        assert!(!refused.status.success());
        assert!(text(&refused).contains("tokens.lifetime_max_s"), "{}", text(&refused));
        let server = start.prepare();
        let refused = server.command().args(["serve", "--config"]).arg(&server.config)
            .env("RENKEI_COLOUR", "blue").output().expect("the program runs");
        assert!(!refused.status.success());
        assert!(text(&refused).contains("RENKEI_COLOUR"), "{}", text(&refused));
    }

    fn check_explains_every_setting(start) {
        let server = start.prepare();
        let checked = server.renkei(&["check"]);
        assert!(checked.status.success(), "{}", text(&checked));
        for setting in ["listen", "data_dir", "profiles_dir", "database_url", "tokens.lifetime_max_s", "limits.depth",
            "limits.body_bytes", "audit.checkpoint_s", "store.group_members", "store.group_busy_ms", "log.filter"] {
            assert!(text(&checked).contains(setting), "{setting} is not explained: {}", text(&checked));
        }
        assert!(text(&checked).contains(NETWORK), "the profiles are checked too: {}", text(&checked));
    }

    fn migrating_twice_is_harmless(start) {
        let server = start.prepare();
        for _ in 0..2 {
            let migrated = server.renkei(&["migrate"]);
            assert!(migrated.status.success(), "{}", text(&migrated));
        }
        server.resume();
        world::register(&server);
        send(&server, &Slip::of_somebody_new());
    }

    fn a_key_that_others_can_read_refuses_the_start(start) {
        let server = start.go();
        assert!(server.end().success());
        for entry in std::fs::read_dir(server.data_dir.join("keys")).expect("keys").flatten() {
            let open = |mode| std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(mode));
            open(0o644).expect("the mode is set");
            let refused = server.renkei(&["serve"]);
            assert!(!refused.status.success(), "{}: {}", entry.path().display(), text(&refused));
            open(0o600).expect("the mode is set");
        }
        server.resume();
    }

    fn a_broken_profile_refuses_the_start_with_file_and_line(start) {
        let server = start.prepare();
        let profiles = server.folder.join("profiles");
        crate::harness::database::copy_folder(&crate::tidy::source::root().join("profiles"), &profiles);
        let slip = profiles.join("kitamaru/messages/admission-slip.yaml");
        let good = std::fs::read_to_string(&slip).expect("the profile");
        std::fs::write(&slip, format!("{good}\nnonsense: true\n")).expect("the profile is broken");
        let refused = server.command().args(["check", "--config"]).arg(&server.config)
            .env("RENKEI_PROFILES_DIR", &profiles).output().expect("the program runs");
        assert!(!refused.status.success());
        let line = good.lines().count() + 2;
        assert!(text(&refused).contains(&format!("admission-slip.yaml:{line}")), "{}", text(&refused));
    }
}

on_both! {
    fn health_readiness_and_metrics_are_open(server) {
        assert_eq!(server.send(&Call::get("/healthz")).expect(200).text().trim(), "ok");
        assert_eq!(server.send(&Call::get("/readyz")).expect(200).text().trim(), "ready");
        let patient = send(server, &Slip::of_somebody_new()).patient();
        server.get(&care_manager(), &format!("/fhir/R4/Patient/{patient}")).expect(200);
        let metrics = server.send(&Call::get("/metrics")).expect(200).text();
        for name in ["edge_requests_total", "flow_identify_seconds", "flow_permit_seconds", "store_group_seconds",
            "store_group_leaves_total"] {
            assert!(metrics.contains(name), "{name} is missing: {metrics}");
        }
    }
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let server = Start::on(Database::Sqlite).go();
    let refused = server
        .command()
        .args(["serve", "--config"])
        .arg(&server.config)
        .env("RENKEI_LISTEN", "127.0.0.1:0")
        .output()
        .expect("the program runs");
    assert!(!refused.status.success(), "{}", text(&refused));
    send(&server, &Slip::of_somebody_new());
}

#[test]
fn postgresql_that_may_lose_commits_refuses_the_start() {
    let cluster = Cluster::start("postgres-unsafe");
    let mut start = Start::on(Database::Postgres);
    start.database_url = Some(cluster.database());
    let server = start.prepare();
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        sql(
            &server.database_url,
            &format!("alter system set {setting} = off"),
        );
        sql(
            &server.database_url,
            "select 1 from (select pg_reload_conf()) reload",
        );
        sleep(Duration::from_millis(300));
        let refused = server.renkei(&["serve"]);
        assert!(!refused.status.success(), "{}", text(&refused));
        assert!(text(&refused).contains(setting), "{}", text(&refused));
        sql(
            &server.database_url,
            &format!("alter system reset {setting}"),
        );
    }
    sql(
        &server.database_url,
        "select 1 from (select pg_reload_conf()) reload",
    );
    sleep(Duration::from_millis(300));
    server.resume();
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A message of which half is on the way.
fn half_sent(server: &Server, body: &[u8]) -> TcpStream {
    let address = server.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a time limit");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        messages_path(),
        server.token(&care_manager()),
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the head is sent");
    stream
        .write_all(&body[..body.len() / 2])
        .expect("half the body is sent");
    stream
}

/// The sheets that were acknowledged before the server stopped listening.
fn send_until_refused(server: &Server) -> Vec<String> {
    let token = server.token(&care_manager());
    let mut acknowledged = Vec::new();
    loop {
        let call =
            Call::post(&messages_path(), Slip::of_somebody_new().body()).token(token.clone());
        match call.send(&server.base) {
            Ok(answer) if answer.status == 201 => acknowledged.push(Sent::of(answer).sheet),
            Ok(answer) => assert_eq!(answer.status, 503, "{answer}"),
            Err(_) => return acknowledged,
        }
    }
}
