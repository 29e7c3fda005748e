//! Room: note. A patient whom nobody can name is written down now and linked with a record later.

use serde_json::json;

use crate::card::{document, open};
use crate::emergency::{crew, handle};
use crate::harness::*;
use crate::leaf::entries;
use crate::resident::{Resident, enrol};

const NOTES: &str = "/emergency/notes";

on_both! {
    fn a_note_is_made_seen_by_the_station_and_linked_later(server) {
        let resident = Resident::somebody_new();
        let sent = enrol(server, &resident);
        let who = crew(server);
        let words = format!("身元不明の女性 {}", unique());
        let note = json!({"dispatch": "K-2026-0002", "text": words, "sex": "女", "age": "80歳くらい", "place": "架空公園"});
        let made = server.post(&who, NOTES, note.to_string()).expect(201).json();
        let id = made["note"].as_str().expect("an id").to_owned();
        // A colleague of the same station sees it, another facility's nurse does not.
        let colleague = crew(server);
        let listed = server.get(&colleague, NOTES).expect(200).text();
        assert!(listed.contains(&words) && listed.contains("80歳くらい"), "{listed}");
        let nurse = Who::person("nurse", OTHER_HOSPITAL);
        assert!(!server.get(&nurse, NOTES).expect(200).text().contains(&words));
        // Linked, it leaves the list and stands on the card.
        let handle = handle(server, &who, &json!({"card": resident.get("地域ID")}));
        open(server, &who, &handle).expect(200);
        let link = format!("{NOTES}/{id}/link");
        let body = json!({"record": handle}).to_string();
        server.post(&who, &link, body.clone()).expect(200);
        server.post(&who, &link, body).expect(404);
        assert!(!server.get(&colleague, NOTES).expect(200).text().contains(&words));
        let card = open(server, &who, &handle).expect(200).json();
        assert_eq!(card["notes"][0]["text"], words, "{card}");
        let whole = document(server, &who, &handle, "ok-card-served-note");
        assert!(whole["entry"][0]["resource"]["text"].to_string().contains(&words), "{whole}");
        let seen = entries(server, &sent.patient());
        assert!(seen.iter().any(|entry| entry["action"] == "emergency.note-link"), "{seen:?}");
    }

    fn a_note_needs_words_and_a_dispatch(server) {
        let who = crew(server);
        for (note, field) in [
            (json!({"text": "x"}), "dispatch"),
            (json!({"dispatch": "1"}), "text"),
            (json!({"dispatch": "1", "text": "x".repeat(2_001)}), "text"),
            (json!({"dispatch": "1", "text": "x", "network": "elsewhere"}), "network"),
            (json!({"dispatch": "1", "text": "x", "record": "y"}), "record"),
        ] {
            let answer = server.post(&who, NOTES, note.to_string());
            assert!(answer.outcome(422).contains(field), "{note}: {answer}");
        }
    }

    fn another_station_links_nothing(server) {
        let resident = Resident::somebody_new();
        enrol(server, &resident);
        let who = crew(server);
        let note = json!({"dispatch": "K-3", "text": "身元不明"});
        let made = server.post(&who, NOTES, note.to_string()).expect(201).json();
        let id = made["note"].as_str().expect("an id");
        let nurse = Who::person("nurse", OTHER_HOSPITAL);
        let handle = handle(server, &nurse, &json!({"card": resident.get("地域ID")}));
        open(server, &nurse, &handle).expect(200);
        let body = json!({"record": handle}).to_string();
        server.post(&nurse, &format!("{NOTES}/{id}/link"), body).expect(404);
        server.post(&pharmacist(), NOTES, note.to_string()).expect(403);
    }
}
