//! The network's figures: by the API for its office, by the command line for the operator, and the same.

use serde_json::{Value, json};

use crate::card::open;
use crate::emergency::{crew, find, handle};
use crate::harness::*;
use crate::leaf::leaves_of;
use crate::resident::{Resident, enrol};
use crate::slip::{Slip, field, send};

alone_on_both! {
    fn slips_are_counted_by_hospital_with_their_lead_time(start) {
        let server = start.go();
        let american = |from_today: i64| {
            let iso = day(from_today);
            format!("{}/{}/{}", &iso[5..7], &iso[8..], &iso[..4])
        };
        for from_today in [0, -1, -2, -9] {
            send(&server, &Slip::of_somebody_new().set(field::ADMITTED, &american(from_today)));
        }
        let other = Slip::of_somebody_new().set(field::HOSPITAL, OTHER_HOSPITAL).set(field::ADMITTED, &american(0));
        let first = send(&server, &other);
        // A newer version is the same slip.
        send(&server, &other.version(2).set(field::PHONE, "0157-00-0000"));
        let answer = server.get(&office(), &path("")).expect(200);
        assert_eq!(leaves_of(&server, answer.header("x-request-id").expect("a request id")), [false]);
        let report = answer.json();
        let lead = json!({"sheetsWithDay": 4, "medianDays": "1.5", "sameDay": 1, "sameDayPercent": "25.0",
            "withinThreeDays": 3, "withinThreeDaysPercent": "75.0"});
        let sheets = report["sheets"].as_array().expect("sheets");
        assert_eq!(sheets.len(), 2, "{report}");
        assert_eq!((&sheets[0]["destination"], &sheets[0]["count"]), (&json!(HOSPITAL), &json!(4)), "{report}");
        assert_eq!(sheets[0]["name"], "架空オホーツク中央病院");
        assert_eq!(sheets[0]["leadFromAdmission"], lead, "{report}");
        assert_eq!((&sheets[1]["destination"], &sheets[1]["count"]), (&json!(OTHER_HOSPITAL), &json!(1)), "{report}");
        assert_eq!(report["residents"]["total"], 5, "{report}");
        assert_eq!(report["emergency"]["lookUps"], 0);
        assert_eq!(report["emergency"]["foundPercent"], Value::Null);
        for canary in other_canaries(&first.answer) {
            assert!(!answer.text().contains(&canary), "{canary}");
        }
        let long_ago = server.get(&office(), &path("?from=2020-01-01&to=2020-12-31")).expect(200).json();
        assert_eq!(long_ago["sheets"], json!([]));
        assert_eq!(long_ago["residents"]["total"], 5, "residents are those of now");

        let printed = server.renkei(&["report", "--json", "--network", NETWORK]);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let printed: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
        assert_eq!(printed, json!([report]), "the command counts as the API does");
        let text = server.renkei(&["report"]);
        let text = String::from_utf8(text.stdout).expect("text");
        assert!(text.contains(&format!("{HOSPITAL} 架空オホーツク中央病院: 4")), "{text}");
    }

    fn look_ups_of_crews_are_counted_as_cases(start) {
        let server = start.go();
        let (right, wrong) = (Resident::somebody_new(), Resident::somebody_new());
        for resident in [&right, &wrong] {
            enrol(&server, resident);
        }
        let nobody = json!({"card": "E999999999"});
        let card = |resident: &Resident| json!({"card": resident.get("地域ID")});
        let one = crew(&server);
        // One patient: found at the second attempt.
        assert_eq!(find(&server, &one, &nobody).len(), 0);
        open(&server, &one, &handle(&server, &one, &card(&right))).expect(200);
        // The next: somebody else's card, taken back.
        let handle = handle(&server, &one, &card(&wrong));
        open(&server, &one, &handle).expect(200);
        let text = json!({"text": "別人だった"}).to_string();
        server.post(&one, &format!("/emergency/{handle}/wrong-person"), text).expect(200);
        // And one of another crew whom nobody knows.
        let other = crew(&server);
        for _ in 0..2 {
            assert_eq!(find(&server, &other, &nobody).len(), 0);
        }
        let report = server.get(&office(), &path("")).expect(200).json();
        let expected = json!({
            "searches": 5, "searchesWithResults": 2, "lookUps": 3, "found": 1, "foundPercent": "33.3",
            "cardsOpened": 2, "personsOpened": 1, "wrongPersons": 1,
            "byReason": [{"reason": "unconscious", "cards": 2, "wrongPerson": 1}],
        });
        assert_eq!(report["emergency"], expected, "{report}");
        let district = json!({"district": "端野自治区", "residents": 2, "addedInPeriod": 2, "deceased": 0, "movedAway": 0});
        assert_eq!(report["residents"]["byDistrict"], json!([district]));
        let text = server.renkei(&["report"]);
        let text = String::from_utf8(text.stdout).expect("text");
        assert!(text.contains("found: 1 (33.3 %)") && text.contains("端野自治区: 2"), "{text}");
    }
}

on_both! {
    fn days_are_checked(server) {
        for (query, name) in [("?from=2026-02-30", "from"), ("?to=x", "to"), ("?from=2026-02-02&to=2026-02-01", "to"),
            ("?from=2020-01-01&to=2026-01-01", "from")] {
            assert!(server.get(&office(), &path(query)).outcome(422).contains(name), "{query}");
        }
        server.get(&office(), &path("?colour=blue")).outcome(400);
        server.get(&office(), "/networks/nowhere/report").outcome(404);
        for arguments in [&["report", "--from", "x"][..], &["report", "--network", "nowhere"]] {
            assert!(!server.renkei(arguments).status.success(), "{arguments:?}");
        }
    }

    fn nobody_but_the_office_reads_it(server) {
        for profession in PROFESSIONS.iter().filter(|profession| **profession != "network_office") {
            let who = if *profession == "vendor_system" { Who::system(OFFICE) } else { Who::person(profession, OFFICE) };
            server.get(&who, &path("")).outcome(403);
        }
    }
}

fn path(query: &str) -> String {
    format!("/networks/{NETWORK}/report{query}")
}

/// Ids of what was made of a slip: a report is about nobody.
fn other_canaries(answer: &Answer) -> Vec<String> {
    let record = answer.json()["records"][0].clone();
    let references = record["references"].as_array().expect("references").clone();
    let ids = references
        .iter()
        .filter_map(|reference| reference.as_str()?.split('/').nth(1));
    ids.map(str::to_owned).collect()
}
