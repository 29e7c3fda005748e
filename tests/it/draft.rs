//! Room: draft. What was written out before the transaction is stored only if nobody was faster; else it is
//! written anew, with the ids and versions that follow.

use sqlx::Row as _;

use crate::harness::*;
use crate::slip::{Sent, Slip, field, native, send};

on_both! {
    fn versions_that_come_at_once_follow_each_other(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let senders: Vec<_> = (2..=9)
                .map(|version| {
                    let slip = slip.clone().version(version).set(field::REMARKS, &format!("第{version}版"));
                    scope.spawn(move || server.post(&care_manager(), &messages_path(), slip.body()).status)
                })
                .collect();
            senders.into_iter().map(|sender| sender.join().expect("sent")).collect()
        });
        assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
        assert_eq!(statuses[7], 201, "the newest is never stale");
        let stored = statuses.iter().filter(|status| **status == 201).count();
        let bundle = server.get(&care_manager(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200);
        assert_eq!(bundle.header("etag"), Some(&*format!("W/\"{}\"", stored + 1)), "no version is left out");
        assert!(bundle.text().contains("第9版"), "{bundle}");
        let back = native(server, &sent.sheet);
        assert_eq!(back["response"]["data"][0]["fieldData"][field::REMARKS], "第9版");
        // One sheet and one of each resource, whoever came first.
        let patient = server.get(&care_manager(), &format!("/fhir/R4/{}", sent.reference("Patient"))).expect(200);
        assert_eq!(patient.json()["meta"]["versionId"], (stored + 1).to_string());
    }

    fn two_first_versions_at_once_make_one_sheet(server) {
        let slip = Slip::of_somebody_new();
        let spaced = String::from_utf8(slip.body()).expect("UTF-8").replace("\"messages\":", "\n \"messages\" : ");
        let bodies = [slip.body(), spaced.into_bytes()];
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let senders: Vec<_> = bodies
                .into_iter()
                .map(|body| scope.spawn(move || server.post(&care_manager(), &messages_path(), body).expect(201)))
                .collect();
            senders.into_iter().map(|sender| sender.join().expect("sent")).collect()
        });
        let sent: Vec<Sent> = answers.into_iter().map(Sent::of).collect();
        assert_eq!(sent[0].sheet, sent[1].sheet);
        assert_eq!(sent[0].references, sent[1].references);
    }

    fn a_long_text_is_packed_and_is_read_to_the_letter(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let read = server.get(&care_manager(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200).text();
        let statement = format!(
            "SELECT length(text) AS long, length(packed) AS packed FROM version WHERE resource = '{}'",
            sent.sheet
        );
        let rows = server.sql(&statement);
        assert_eq!(rows.len(), 1);
        let packed = length(&rows[0], "packed");
        assert_eq!(length(&rows[0], "long"), 0);
        assert!(packed * 2 < read.len() as i64, "{packed} of {}", read.len());
    }
}

/// PostgreSQL's lengths are shorter numbers than SQLite's.
fn length(row: &sqlx::any::AnyRow, column: &str) -> i64 {
    row.try_get::<i64, _>(column)
        .or_else(|_| row.try_get::<i32, _>(column).map(i64::from))
        .expect("a length")
}
