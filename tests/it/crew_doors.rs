//! The doors of crews, and of those who decide who is whom: whom each refuses. `refused_doors.rs` knocks.

use crate::card::reason;
use crate::harness::*;
use crate::refused_doors::{Door, Must, office_only};

/// Their refusal cases.
pub const CREW_DOORS: [Door; 12] = [
    Door {
        method: "POST",
        path: "/emergency/search",
        call: |_, _| Call::post("/emergency/search", r#"{"name":"ソンザイシナイ"}"#),
        must: |_, who| breaks_glass(who, Must::Let),
    },
    Door {
        method: "POST",
        path: "/emergency/{record}/card",
        call: |_, _| Call::post("/emergency/bm9ib2R5/card", reason().to_string()),
        must: |_, who| breaks_glass(who, Must::Hide),
    },
    Door {
        method: "POST",
        path: "/emergency/{record}/wrong-person",
        call: |_, _| Call::post("/emergency/bm9ib2R5/wrong-person", "{}"),
        must: |_, who| breaks_glass(who, Must::Hide),
    },
    Door {
        method: "GET",
        path: "/emergency/notes",
        call: |_, _| Call::get("/emergency/notes"),
        must: |_, who| breaks_glass(who, Must::Let),
    },
    Door {
        method: "POST",
        path: "/emergency/notes",
        call: |_, _| Call::post("/emergency/notes", r#"{"dispatch":"K-1","text":"不明"}"#),
        must: |_, who| breaks_glass(who, Must::Let),
    },
    Door {
        method: "POST",
        path: "/emergency/notes/{id}/link",
        call: |_, _| Call::post("/emergency/notes/none/link", r#"{"record":"bm9ib2R5"}"#),
        must: |_, who| breaks_glass(who, Must::Hide),
    },
    Door {
        method: "GET",
        path: "/identity/reviews",
        call: |_, _| Call::get("/identity/reviews"),
        must: |_, who| office_only(who),
    },
    Door {
        method: "POST",
        path: "/identity/reviews/{id}/decision",
        call: |_, _| {
            Call::post(
                "/identity/reviews/none/decision",
                r#"{"decision":"later","reason":"x"}"#,
            )
        },
        must: |_, who| office_or(who, Must::Hide),
    },
    Door {
        method: "POST",
        path: "/identity/links",
        call: |_, _| {
            Call::post(
                "/identity/links",
                r#"{"record":"a","other":"b","reason":"x"}"#,
            )
        },
        must: |_, who| office_or(who, Must::Hide),
    },
    Door {
        method: "POST",
        path: "/identity/unlinks",
        call: |_, _| Call::post("/identity/unlinks", r#"{"record":"a","reason":"x"}"#),
        must: |_, who| office_or(who, Must::Hide),
    },
    Door {
        method: "POST",
        path: "/identity/changes/{id}/undo",
        call: |_, _| Call::post("/identity/changes/none/undo", r#"{"reason":"x"}"#),
        must: |_, who| office_or(who, Must::Hide),
    },
    Door {
        method: "GET",
        path: "/identity/records/{id}/changes",
        call: |_, _| Call::get("/identity/records/none/changes"),
        must: |_, who| office_or(who, Must::Hide),
    },
];

/// Crews, and physicians and nurses in the emergency room.
fn breaks_glass(who: &Who, then: Must) -> Must {
    match who.profession.as_str() {
        "ambulance_crew" | "physician" | "nurse" => then,
        _ => Must::Forbid,
    }
}

/// The office is let in to find nothing there; nobody else is let in.
fn office_or(who: &Who, then: Must) -> Must {
    match office_only(who) {
        Must::Let => then,
        other => other,
    }
}
