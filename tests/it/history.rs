//! Proof: the history of a resource is complete for who may see it, and nothing for everybody else.

use serde_json::Value;

use crate::harness::*;
use crate::leaf::{actions, entries};
use crate::look::write_out;
use crate::search::link;
use crate::slip::{Slip, field, send};

on_both! {
    fn every_version_is_there_newest_first(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        for version in 2..=5 {
            send(server, &slip.clone().version(version).set(field::REMARKS, &format!("{version}回目")));
        }
        let path = format!("/fhir/R4/Bundle/{}/_history", sent.sheet);
        let history = server.get(&care_manager(), &path).expect(200).json();
        assert_eq!((&history["type"], &history["total"]), (&"history".into(), &5.into()));
        assert_eq!(versions(&history), ["5", "4", "3", "2", "1"]);
        let entries = history["entry"].as_array().expect("entries");
        let first = entries.last().expect("an entry");
        assert_eq!((&first["request"]["method"], &first["request"]["url"]), (&"POST".into(), &"Bundle".into()));
        assert_eq!((&first["response"]["status"], &first["response"]["etag"]), (&"201".into(), &"W/\"1\"".into()));
        assert_eq!(entries[0]["request"]["method"], "PUT");
        assert_eq!(entries[0]["request"]["url"], format!("Bundle/{}", sent.sheet));
        for entry in entries {
            let version = entry["resource"]["meta"]["versionId"].as_str().expect("a version");
            let read = server.get(&care_manager(), &format!("{path}/{version}")).expect(200).json();
            assert_eq!(entry["resource"], read, "byte for byte what a vread gives");
            assert_eq!(entry["fullUrl"], format!("{}/fhir/R4/Bundle/{}", server.base, sent.sheet));
        }
        let seen = self::entries(server, &sent.patient());
        assert!(actions(&seen).contains(&"fhir.history"), "{seen:?}");
        let patient = format!("/fhir/R4/Patient/{}/_history", sent.patient());
        write_out(server, "ok-history", &server.get(&care_manager(), &patient).expect(200).json());
        // By our cursors, and by the count and offset of one client.
        let mut turned = vec![format!("{path}?_count=2")];
        let mut seen = Vec::new();
        while let Some(path) = turned.pop() {
            let page = server.get(&care_manager(), &path).expect(200).json();
            assert_eq!(page["total"], 5);
            seen.extend(versions(&page));
            turned.extend(link(&page, "next").map(|next| next.replace(&server.base, "")));
        }
        assert_eq!(seen, ["5", "4", "3", "2", "1"]);
        let offset = |offset: usize| {
            let page = server.get(&care_manager(), &format!("{path}?_count=2&_offset={offset}")).expect(200);
            versions(&page.json())
        };
        assert_eq!((offset(0), offset(2), offset(4)), (vec!["5".to_owned(), "4".to_owned()], vec!["3".to_owned(), "2".to_owned()], vec!["1".to_owned()]));
        assert!(offset(5).is_empty());
        let none = server.get(&care_manager(), &format!("{path}?_count=0")).expect(200).json();
        assert!(none["total"] == 5 && versions(&none).is_empty() && link(&none, "next").is_none(), "{none}");
    }

    fn what_was_deleted_has_a_history_for_those_who_may_know(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        send(server, &slip.version(2).without_last_contact());
        let contacts = sent.references.iter().filter(|reference| reference.starts_with("RelatedPerson/"));
        let gone: Vec<&str> = contacts.filter_map(|reference| reference.split('/').nth(1))
            .filter(|id| server.get(&care_manager(), &format!("/fhir/R4/RelatedPerson/{id}")).status == 410).collect();
        assert_eq!(gone.len(), 1, "{:?}", sent.references);
        let path = format!("/fhir/R4/RelatedPerson/{}/_history", gone[0]);
        let history = server.get(&care_manager(), &path).expect(200).json();
        assert_eq!(history["total"], 2);
        let entries = history["entry"].as_array().expect("entries");
        assert_eq!(entries[0]["request"]["method"], "DELETE");
        assert_eq!(entries[0]["response"]["status"], "204");
        assert!(entries[0].get("resource").is_none(), "{history}");
        assert_eq!(entries[1]["resource"]["id"], gone[0]);
        write_out(server, "ok-history-deleted", &history);
        // It is found no more, and strangers learn nothing of it.
        let found = server.get(&care_manager(), &format!("/fhir/R4/RelatedPerson?_id={}", gone[0])).expect(200).json();
        assert_eq!(found["total"], 0, "{found}");
        let hidden = server.get(&pharmacist(), &path);
        let absent = server.get(&pharmacist(), "/fhir/R4/RelatedPerson/01900000-0000-7000-8000-000000000000/_history");
        assert_eq!(hidden.without_accidents(), absent.without_accidents());
        hidden.outcome(404);
    }

    fn what_a_history_does_not_offer_is_refused(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let path = format!("/fhir/R4/Patient/{}/_history", sent.patient());
        for query in ["_since=2026-01-01", "_at=2026", "_list=1", "_sort=-_lastUpdated", "_count=-1", "_count=x", "_offset=-1", "_offset="] {
            let name = query.split('=').next().unwrap_or_default();
            let answer = server.get(&care_manager(), &format!("{path}?{query}"));
            assert!(answer.outcome(400).contains(name), "{query}: {answer}");
        }
        for query in ["cursor=x", "cursor=", "cursor=x&_count=1", "_count=1&_count=1"] {
            server.get(&care_manager(), &format!("{path}?{query}")).outcome(400);
        }
        for query in ["", "?", "?_format=json", "?_count=100000"] {
            server.get(&care_manager(), &format!("{path}{query}")).expect(200);
        }
        for id in ["none", "01900000-0000-7000-8000-000000000000", &sent.sheet] {
            server.get(&care_manager(), &format!("/fhir/R4/Patient/{id}/_history")).outcome(404);
            server.get(&care_manager(), &format!("/fhir/R4/Patient/{id}/_history?cursor=x")).outcome(if id == "none" { 404 } else { 400 });
        }
    }
}

fn versions(history: &Value) -> Vec<String> {
    let entries = history["entry"].as_array().into_iter().flatten();
    let versions = entries.filter_map(|entry| entry["resource"]["meta"]["versionId"].as_str());
    versions.map(str::to_owned).collect()
}
