//! Every door refuses every profession without the right; a new door without a case here fails.

use serde_json::json;

use crate::crew_doors::CREW_DOORS;
use crate::harness::*;
use crate::slip::{Sent, Slip, field, send};
use crate::tidy::source;

/// What a door must do for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    /// 404, as if there were nothing.
    Hide,
    /// 403.
    Forbid,
    /// 200 with an empty list.
    ShowNothing,
    /// The caller has the right: 200 or 201.
    Let,
}

/// A door that knows its caller.
pub struct Door {
    pub method: &'static str,
    /// As `renkei routes` prints it.
    pub path: &'static str,
    pub call: fn(&Scene, &Who) -> Call,
    pub must: fn(&Scene, &Who) -> Must,
}

const OPEN: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/fhir/R4/metadata"];

const DOORS: [Door; 17] = [
    Door {
        method: "GET",
        path: "/fhir/R4/{type}",
        call: |scene, _| {
            Call::get(&format!(
                "/fhir/R4/Patient?identifier={}",
                scene.slip.get(field::REGIONAL_ID)
            ))
        },
        must: |_, who| {
            if sees(who, "demographics") {
                Must::Let
            } else {
                Must::ShowNothing
            }
        },
    },
    Door {
        method: "POST",
        path: "/fhir/R4/{type}/_search",
        call: |scene, _| {
            let body = format!("identifier={}", scene.slip.get(field::REGIONAL_ID));
            let form = "application/x-www-form-urlencoded";
            Call::post("/fhir/R4/Patient/_search", body).header("Content-Type", form)
        },
        must: |_, who| {
            if sees(who, "demographics") {
                Must::Let
            } else {
                Must::ShowNothing
            }
        },
    },
    Door {
        method: "GET",
        path: "/fhir/R4/{type}/{id}/_history",
        call: |scene, _| {
            Call::get(&format!(
                "/fhir/R4/Patient/{}/_history",
                scene.sent.patient()
            ))
        },
        must: |_, who| {
            if sees(who, "demographics") {
                Must::Let
            } else {
                Must::Hide
            }
        },
    },
    Door {
        method: "GET",
        path: "/fhir/R4/{type}/{id}",
        call: |scene, _| Call::get(&format!("/fhir/R4/Patient/{}", scene.sent.patient())),
        must: |_, who| {
            if sees(who, "demographics") {
                Must::Let
            } else {
                Must::Hide
            }
        },
    },
    Door {
        method: "GET",
        path: "/fhir/R4/{type}/{id}/_history/{version}",
        call: |scene, _| {
            Call::get(&format!(
                "/fhir/R4/Patient/{}/_history/1",
                scene.sent.patient()
            ))
        },
        must: |_, who| {
            if sees(who, "demographics") {
                Must::Let
            } else {
                Must::Hide
            }
        },
    },
    Door {
        method: "GET",
        path: "/networks/{network}/{message}/{id}",
        call: |scene, _| {
            Call::get(&format!(
                "/networks/{NETWORK}/admission-slips/{}",
                scene.sent.sheet
            ))
        },
        must: |scene, who| {
            if reads_the_sheet(scene, who) {
                Must::Let
            } else {
                Must::Hide
            }
        },
    },
    Door {
        method: "GET",
        path: "/sheets/{id}",
        call: |scene, _| Call::get(&format!("/sheets/{}", scene.sent.sheet)),
        must: |scene, who| {
            if reads_the_sheet(scene, who) {
                Must::Let
            } else {
                Must::Hide
            }
        },
    },
    Door {
        method: "GET",
        path: "/inbox",
        call: |_, _| Call::get("/inbox"),
        must: |scene, who| {
            if who.facility == HOSPITAL && reads_the_sheet(scene, who) {
                Must::Let
            } else {
                Must::ShowNothing
            }
        },
    },
    Door {
        method: "POST",
        path: "/inbox/{id}/receipt",
        call: |scene, _| {
            let body = json!({"fencingToken": scene.delivery.1}).to_string();
            Call::post(&format!("/inbox/{}/receipt", scene.delivery.0), body)
        },
        must: |scene, who| {
            if who.facility == HOSPITAL && reads_the_sheet(scene, who) {
                if sends_sheets_back(who) {
                    Must::Let
                } else {
                    Must::Forbid
                }
            } else {
                Must::Hide
            }
        },
    },
    Door {
        method: "POST",
        path: "/networks/{network}/messages",
        call: |_, who| {
            Call::post(
                &messages_path(),
                Slip::of_somebody_new()
                    .set(field::SENDER, &who.facility)
                    .body(),
            )
        },
        must: |scene, who| {
            if may_send(scene, who) {
                Must::Let
            } else {
                Must::Forbid
            }
        },
    },
    Door {
        method: "POST",
        path: "/networks/{network}/directory",
        call: |_, _| {
            Call::post(
                &format!("/networks/{NETWORK}/directory"),
                directory().to_string(),
            )
        },
        must: |_, who| office_only(who),
    },
    Door {
        method: "POST",
        path: "/networks/{network}/staff",
        call: |_, _| staff_file(""),
        must: |_, who| office_only(who),
    },
    Door {
        method: "POST",
        path: "/networks/{network}/staff/preview",
        call: |_, _| staff_file("/preview"),
        must: |_, who| office_only(who),
    },
    Door {
        method: "GET",
        path: "/networks/{network}/staff",
        call: |_, _| Call::get(&format!("/networks/{NETWORK}/staff")),
        must: |_, who| office_only(who),
    },
    Door {
        method: "GET",
        path: "/networks/{network}/report",
        call: |_, _| Call::get(&format!("/networks/{NETWORK}/report")),
        must: |_, who| office_only(who),
    },
    Door {
        method: "GET",
        path: "/messages/{id}/lineage",
        call: |scene, _| {
            let message = scene.sent.answer.json()["message"].clone();
            Call::get(&format!(
                "/messages/{}/lineage",
                message.as_str().unwrap_or_default()
            ))
        },
        must: |scene, who| {
            // Something of the message is enough; the document itself is made, and comes from no bytes.
            if scene.shelves.iter().any(|shelf| sees(who, shelf)) {
                Must::Let
            } else {
                Must::Hide
            }
        },
    },
    Door {
        method: "GET",
        path: "/audit",
        call: |scene, _| Call::get(&format!("/audit?record={}", scene.sent.patient())),
        must: |_, who| {
            if who.profession == "auditor" {
                Must::Let
            } else {
                Must::Forbid
            }
        },
    },
];

/// A slip that was sent to the hospital and lies in its inbox.
pub struct Scene {
    slip: Slip,
    sent: Sent,
    /// Id and fencing token.
    delivery: (String, i64),
    /// Category and sensitivity of everything that was made of the slip, as the table writes them.
    shelves: Vec<String>,
}

alone_on_both! {
    fn every_door_refuses_every_profession_without_the_right(start) {
        let server = start.go();
        let slip = Slip::of_somebody_new();
        let sent = send(&server, &slip);
        let inbox = server.get(&hospital(), "/inbox").expect(200).json();
        let delivery = &inbox["deliveries"][0];
        let id = delivery["id"].as_str().expect("a delivery").to_owned();
        let scene = Scene { slip, sent, delivery: (id, delivery["fencingToken"].as_i64().expect("a token")), shelves: shelves(&server) };
        let mut refusals = 0;
        for door in DOORS.iter().chain(&CREW_DOORS) {
            for facility in [PHARMACY, OTHER_HOSPITAL, HOSPITAL] {
                for profession in PROFESSIONS {
                    refusals += usize::from(knock(&server, &scene, door, &caller(profession, facility)));
                }
            }
            let nobody = server.send(&(door.call)(&scene, &pharmacist()));
            assert_eq!(nobody.status, 401, "{} {}: {nobody}", door.method, door.path);
        }
        assert!(refusals > 10 * 15, "only {refusals} refusals: the table opens nearly everything");
    }

    fn every_door_has_its_refusal_case(start) {
        let server = start.prepare();
        let output = server.command().arg("routes").output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let listed = String::from_utf8(output.stdout).expect("text");
        let mut doors = 0;
        for line in listed.lines().filter(|line| !line.trim().is_empty()) {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [method, path, kind] = parts[..] else { panic!("not METHOD PATH KIND: {line}") };
            let known = match kind {
                "open" => method == "GET" && OPEN.contains(&path),
                _ => DOORS.iter().chain(&CREW_DOORS).any(|door| door.method == method && door.path == path),
            };
            assert!(known, "{line} has no refusal case in this file");
            doors += 1;
        }
        assert_eq!(doors, OPEN.len() + DOORS.len() + CREW_DOORS.len(), "a case here has lost its door:\n{listed}");
    }
}

on_both! {
    fn open_doors_show_nothing_of_anybody(server) {
        let slip = Slip::of_somebody_new();
        send(server, &slip);
        for path in OPEN {
            let answer = server.send(&Call::get(path)).expect(200);
            for canary in slip.canaries() {
                assert!(!answer.text().contains(&canary), "{path} shows {canary}");
            }
            for method in ["POST", "PUT", "DELETE"] {
                server.send(&Call::new(method, path)).outcome(405);
            }
        }
    }
}

/// Knocks at a door; whether the caller was refused.
fn knock(server: &Server, scene: &Scene, door: &Door, who: &Who) -> bool {
    let must = (door.must)(scene, who);
    let answer = server.send(&(door.call)(scene, who).token(server.token(who)));
    let name = format!(
        "{} {} by {} of {}: {must:?}",
        door.method, door.path, who.profession, who.facility
    );
    match must {
        Must::Hide => assert_eq!(answer.status, 404, "{name}: {answer}"),
        Must::Forbid => assert_eq!(answer.status, 403, "{name}: {answer}"),
        Must::ShowNothing => {
            assert_eq!(answer.status, 200, "{name}: {answer}");
            let body = answer.json();
            let list = body.get("deliveries").or_else(|| body.get("entry"));
            assert!(
                list.and_then(|list| list.as_array())
                    .is_none_or(Vec::is_empty),
                "{name}: {answer}"
            );
        }
        Must::Let => assert!([200, 201].contains(&answer.status), "{name}: {answer}"),
    }
    if must != Must::Let {
        for canary in scene
            .slip
            .canaries()
            .iter()
            .filter(|canary| *canary != scene.slip.get(field::REGIONAL_ID))
        {
            assert!(
                !answer.text().contains(canary.as_str()),
                "{name} shows {canary}"
            );
        }
    }
    must != Must::Let
}

pub fn office_only(who: &Who) -> Must {
    if who.profession == "network_office" {
        Must::Let
    } else {
        Must::Forbid
    }
}

/// A file of one line about somebody who has always worked at the pharmacy.
fn staff_file(door: &str) -> Call {
    let file = format!("id,name,profession,facility\nknown-1,架空,nurse,{PHARMACY}\n");
    Call::post(&format!("/networks/{NETWORK}/staff{door}"), file).header("Content-Type", "text/csv")
}

fn caller(profession: &str, facility: &str) -> Who {
    if profession == "vendor_system" {
        Who::system(facility)
    } else {
        Who::person(profession, facility)
    }
}

/// Whether the network's table shows a category of the scene's slip to a caller. The hospital that the
/// slip names stands in exchange with its sender; the others stand in no relation.
fn sees(who: &Who, category: &str) -> bool {
    relations(who)
        .iter()
        .any(|relation| row(who, category, relation).is_some_and(|cells| cells[4] == "full"))
}

fn relations(who: &Who) -> &'static [&'static str] {
    if who.facility == HOSPITAL {
        &["none", "exchange"]
    } else {
        &["none"]
    }
}

/// A sheet is read by who may read all that it holds.
fn reads_the_sheet(scene: &Scene, who: &Who) -> bool {
    sees(who, "sheet") && scene.shelves.iter().all(|shelf| sees(who, shelf))
}

/// Who answers for a mailbox may send sheets to the one who sent.
fn sends_sheets_back(who: &Who) -> bool {
    relations(who)
        .iter()
        .any(|relation| row(who, "sheet", relation).is_some_and(|cells| cells[6] == "yes"))
}

/// Whether the table lets a caller write and send a slip like the scene's about somebody new: every shelf
/// of it, as author or without relation.
fn may_send(scene: &Scene, who: &Who) -> bool {
    let right = |shelf: &str, cell: usize| {
        ["none", "author_facility"]
            .iter()
            .any(|relation| row(who, shelf, relation).is_some_and(|cells| cells[cell] == "yes"))
    };
    right("sheet", 6) && scene.shelves.iter().all(|shelf| right(shelf, 5))
}

fn shelves(server: &Server) -> Vec<String> {
    use sqlx::Row as _;
    let rows = server
        .sql("select distinct category, sensitivity from version where category <> 'directory'");
    let shelves: Vec<String> = rows
        .iter()
        .map(|row| {
            (
                row.get::<String, _>("category"),
                row.get::<String, _>("sensitivity"),
            )
        })
        .map(|(category, sensitivity)| {
            if sensitivity == "normal" {
                category
            } else {
                format!("{category}+{sensitivity}")
            }
        })
        .collect();
    assert!(shelves.len() > 4, "{shelves:?}");
    shelves
}

/// A line of access.csv: network, profession, category, relation, view, write, send.
fn row(who: &Who, category: &str, relation: &str) -> Option<Vec<String>> {
    let table = source::read("profiles/kitamaru/access.csv");
    let mut lines = table.lines().map(|line| {
        line.split(',')
            .map(|cell| cell.trim().to_owned())
            .collect::<Vec<_>>()
    });
    lines.find(|cells| {
        cells.len() == 7
            && cells[1] == who.profession
            && cells[2] == category
            && cells[3] == relation
    })
}
