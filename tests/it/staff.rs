//! Who works where counts on every request: from the first day to the last, whatever the token says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::*;
use crate::leaf::{actor_of, leaves_of, rule_of};

on_both! {
    fn who_is_not_employed_does_not_come_in_and_is_on_record(server) {
        let who = newcomer("nurse", HOSPITAL);
        let answer = knock(server, &who);
        assert!(answer.outcome(403).contains("在職"), "{answer}");
        let request = answer.header("x-request-id").expect("a request id");
        assert_eq!(leaves_of(server, request), [true]);
        assert_eq!(rule_of(server, request), "staff: no current employment");
        assert!(actor_of(server, request).contains(&who.subject), "the leaf names the caller");
        register(server, &[employment(&who)]);
        knock(server, &who).expect(200);
    }

    fn every_door_asks(server) {
        let who = newcomer("physician", HOSPITAL);
        let id = "01920000-0000-7000-8000-000000000000";
        let token = server.signer().token(&who);
        for path in ["/inbox", "/fhir/R4/Patient?identifier=1", &format!("/fhir/R4/Patient/{id}"), &format!("/sheets/{id}"),
            &format!("/messages/{id}/lineage"), &format!("/audit?record={id}")] {
            server.send(&Call::get(path).token(token.clone())).outcome(403);
        }
        let posted = Call::post(&messages_path(), "{}").token(token);
        server.send(&posted).outcome(403);
    }

    fn the_first_and_the_last_day_are_days_of_work(server) {
        let cases = [
            (Some(0), Some(0), 200),
            (Some(-30), Some(0), 200),
            (Some(0), None, 200),
            (None, Some(1), 200),
            (Some(-30), Some(-1), 403),
            (Some(1), None, 403),
            (Some(1), Some(9), 403),
        ];
        for (since, until, status) in cases {
            let who = newcomer("nurse", HOSPITAL);
            let mut entry = employment(&who);
            // An end needs something that it ends.
            if since.is_none() {
                register(server, &[entry.clone()]);
            }
            entry["since"] = since.map(day).into();
            entry["until"] = until.map(day).into();
            register(server, &[entry]);
            let answer = knock(server, &who);
            assert_eq!(answer.status, status, "{since:?} {until:?}: {answer}");
        }
    }

    fn the_next_request_of_an_open_connection_is_refused(server) {
        let who = newcomer("nurse", HOSPITAL);
        register(server, &[employment(&who)]);
        let mut connection = Connection::open(server, &server.signer().token(&who));
        assert_eq!(connection.ask("/inbox"), 200);
        assert_eq!(connection.ask("/inbox"), 200, "the connection is kept");
        let mut ended = employment(&who);
        ended["until"] = day(-1).into();
        register(server, &[ended]);
        assert_eq!(connection.ask("/inbox"), 403);
        register(server, &[employment(&who)]);
        assert_eq!(connection.ask("/inbox"), 200, "and lets in again who is employed anew");
    }

    fn who_moved_works_at_the_new_place_only(server) {
        let old = newcomer("nurse", HOSPITAL);
        let new = Who { facility: OTHER_HOSPITAL.to_owned(), ..old.clone() };
        register(server, &[employment(&old)]);
        knock(server, &old).expect(200);
        knock(server, &new).outcome(403);
        register(server, &[employment(&new)]);
        knock(server, &old).outcome(403);
        knock(server, &new).expect(200);
        // Back again, which is a new employment.
        register(server, &[employment(&old)]);
        knock(server, &old).expect(200);
        knock(server, &new).outcome(403);
    }

    fn a_move_that_is_still_to_come_changes_nothing_today(server) {
        let old = newcomer("nurse", HOSPITAL);
        let new = Who { facility: OTHER_HOSPITAL.to_owned(), ..old.clone() };
        register(server, &[employment(&old)]);
        let mut entry = employment(&new);
        entry["since"] = day(1).into();
        register(server, &[entry]);
        knock(server, &old).expect(200);
        knock(server, &new).outcome(403);
    }

    fn who_changed_profession_has_the_new_one_only(server) {
        let old = newcomer("home_helper", CARE_OFFICE);
        let new = Who { profession: "care_manager".to_owned(), ..old.clone() };
        register(server, &[employment(&old)]);
        register(server, &[employment(&new)]);
        knock(server, &old).outcome(403);
        knock(server, &new).expect(200);
    }

    fn who_works_at_two_places_works_at_both(server) {
        let one = newcomer("physician", HOSPITAL);
        let two = Who { facility: CLINIC.to_owned(), ..one.clone() };
        register(server, &[employment(&one), employment(&two)]);
        for who in [&one, &two] {
            knock(server, who).expect(200);
        }
        let mut ended = employment(&one);
        ended["until"] = day(-1).into();
        register(server, &[ended]);
        knock(server, &one).outcome(403);
        knock(server, &two).expect(200);
    }

    fn the_office_needs_no_row_until_there_is_one(server) {
        let who = newcomer("network_office", OFFICE);
        let post = || {
            let call = Call::post(&directory_path(), "{}").token(server.signer().token(&who));
            server.send(&call)
        };
        post().expect(200);
        let mut past = employment(&who);
        past["since"] = day(-30).into();
        past["until"] = day(-1).into();
        register(server, &[past]);
        assert!(post().outcome(403).contains("在職"));
    }

    fn systems_are_no_staff(server) {
        let system = Who { subject: format!("emr-{}", unique()), ..hospital() };
        knock(server, &system).expect(200);
        knock(server, &Who::facility(HOSPITAL)).expect(200);
    }
}

/// Somebody whom the directory does not know.
fn newcomer(profession: &str, facility: &str) -> Who {
    let subject = format!("newcomer-{}", unique());
    Who {
        subject,
        ..Who::person(profession, facility)
    }
}

#[track_caller]
fn register(server: &Server, staff: &[Value]) {
    let body = json!({ "staff": staff }).to_string();
    server.post(&office(), &directory_path(), body).expect(200);
}

/// With a token that registers nobody.
#[track_caller]
fn knock(server: &Server, who: &Who) -> Answer {
    server.send(&Call::get("/inbox").token(server.signer().token(who)))
}

/// One connection that is kept, with one token.
struct Connection {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Connection {
    fn open(server: &Server, token: &str) -> Self {
        let address = server.base.trim_start_matches("http://");
        let stream = TcpStream::connect(address).expect("the server listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a time limit");
        Self {
            stream: BufReader::new(stream),
            token: token.to_owned(),
        }
    }

    /// The status of an answer, which is read to its end.
    #[track_caller]
    fn ask(&mut self, path: &str) -> u16 {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: renkei\r\nAuthorization: Bearer {}\r\n\r\n",
            self.token
        );
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .expect("the connection is open");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer");
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {line}"));
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the body");
        status
    }
}
