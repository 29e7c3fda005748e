//! Proof: who may not know of a resident cannot tell whether there is one. A crew without the network, a
//! pharmacist without relation and a care manager of another office get the same bytes before the resident
//! is registered and after, in search, card, FHIR read, search and history.

use serde_json::json;

use crate::card::reason;
use crate::emergency::{crew, handle};
use crate::harness::*;
use crate::resident::{Resident, enrol};

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

type Seen = (u16, Vec<(String, String)>, String);

on_both! {
    fn three_outsiders_see_the_same_whether_a_resident_exists_or_not(server) {
        let resident = Resident::somebody_new();
        let before: Vec<Vec<Seen>> = outsiders().iter().map(|who| everything(server, who, &resident, NOBODY, "bm9ib2R5")).collect();
        let sent = enrol(server, &resident);
        let insider = crew(server);
        let given = handle(server, &insider, &json!({"card": resident.get("地域ID")}));
        for (who, before) in outsiders().iter().zip(before) {
            let after = everything(server, who, &resident, &sent.patient(), &given);
            assert_eq!(before.len(), after.len());
            for (one, other) in before.iter().zip(&after) {
                let told = other.2.replace(&sent.patient(), NOBODY).replace(&given, "bm9ib2R5");
                assert_eq!((one.0, &one.1, &one.2), (other.0, &other.1, &told), "{who:?}");
            }
        }
        // The positive controls: who may, sees.
        server.get(&care_manager(), &format!("/fhir/R4/Patient/{}", sent.patient())).expect(200);
        server.post(&insider, &format!("/emergency/{given}/card"), reason().to_string()).expect(200);
    }
}

fn outsiders() -> [Who; 4] {
    let mut elsewhere = Who::person("ambulance_crew", FIRE_DEPARTMENT);
    elsewhere.networks = vec!["elsewhere".to_owned()];
    let mut system = Who::system(OTHER_HOSPITAL);
    system.networks = vec!["elsewhere".to_owned()];
    [elsewhere, system, pharmacist(), other_care_manager()]
}

/// Every way to ask for somebody.
fn everything(
    server: &Server,
    who: &Who,
    resident: &Resident,
    patient: &str,
    handle: &str,
) -> Vec<Seen> {
    let encoded =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let search = |asked: serde_json::Value| Call::post("/emergency/search", asked.to_string());
    let (name, number) = (encoded(resident.get("氏名カナ")), resident.get("地域ID"));
    let form = "application/x-www-form-urlencoded";
    let calls = [
        search(json!({"card": number})),
        search(json!({"name": resident.get("氏名カナ"), "birthDate": resident.get("生年月日")})),
        Call::post(&format!("/emergency/{handle}/card"), reason().to_string()),
        Call::post(&format!("/emergency/{handle}/wrong-person"), "{}"),
        Call::get(&format!("/fhir/R4/Patient/{patient}")),
        Call::get(&format!("/fhir/R4/Patient/{patient}/_history")),
        Call::get(&format!("/fhir/R4/Patient/{patient}/_history/1")),
        Call::get(&format!("/fhir/R4/Patient?identifier={number}")),
        Call::get(&format!("/fhir/R4/Patient?name={name}&_total=accurate")),
        Call::get(&format!("/fhir/R4/Patient?name={name}&_count=0")),
        Call::post("/fhir/R4/Patient/_search", format!("name={name}")).header("Content-Type", form),
        Call::get(&format!("/fhir/R4/Condition?patient={patient}")),
        Call::get(&format!("/sheets/{patient}")),
        Call::get(&format!("/messages/{patient}/lineage")),
    ];
    let token = server.token(who);
    let ask = |call: Call| server.send(&call.token(token.clone())).without_accidents();
    calls.into_iter().map(ask).collect()
}
