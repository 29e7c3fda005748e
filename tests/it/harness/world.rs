//! The invented facilities and staff that all tests share, and the two servers that most of them use.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::database::Database;
use super::server::{Server, Start};
use super::token::Who;

/// The network of the tests.
pub const NETWORK: &str = "kitamaru";
/// オホーツク架空中央病院: the hospital that slips name.
pub const HOSPITAL: &str = "0114110011";
/// Another hospital of the network, which no slip names unless a test says so.
pub const OTHER_HOSPITAL: &str = "0114110029";
/// 架空ケアプランセンター: the care manager's office.
pub const CARE_OFFICE: &str = "0174100019";
/// Another care office.
pub const OTHER_CARE_OFFICE: &str = "0174100027";
/// 架空内科クリニック: the family doctor.
pub const CLINIC: &str = "0114110037";
/// 架空調剤薬局: a pharmacy without relation to anybody.
pub const PHARMACY: &str = "0144110012";
/// 架空消防署
pub const FIRE_DEPARTMENT: &str = "0100000119";
/// The network's office.
pub const OFFICE: &str = "0100000001";
/// A hospital that the directory does not know.
pub const UNKNOWN_HOSPITAL: &str = "0114119999";

/// Code, name, kind, whether it takes sheets.
const FACILITIES: [(&str, &str, &str, bool); 8] = [
    (HOSPITAL, "架空オホーツク中央病院", "hospital", true),
    (OTHER_HOSPITAL, "架空北西病院", "hospital", true),
    (CARE_OFFICE, "架空ケアプランセンター", "care_office", false),
    (
        OTHER_CARE_OFFICE,
        "架空第二ケアプランセンター",
        "care_office",
        false,
    ),
    (CLINIC, "架空内科クリニック", "clinic", false),
    (PHARMACY, "架空調剤薬局", "pharmacy", false),
    (FIRE_DEPARTMENT, "架空消防署", "fire_department", false),
    (OFFICE, "架空連携事務局", "office", false),
];

/// The largest body that a door lets in.
pub const BODY_BYTES: usize = 5_000_000;

/// Every profession of the contracts. Written down here, so that a list that shrinks is noticed.
pub const PROFESSIONS: [&str; 19] = [
    "physician",
    "dentist",
    "pharmacist",
    "nurse",
    "visiting_nurse",
    "public_health_nurse",
    "care_manager",
    "medical_social_worker",
    "community_support_centre",
    "therapist",
    "dietitian",
    "dental_hygienist",
    "home_helper",
    "ambulance_crew",
    "municipal_officer",
    "facility_administrator",
    "network_office",
    "auditor",
    "vendor_system",
];

/// The care manager who sends slips.
pub fn care_manager() -> Who {
    Who::person("care_manager", CARE_OFFICE)
}

/// A care manager of another office.
pub fn other_care_manager() -> Who {
    Who::person("care_manager", OTHER_CARE_OFFICE)
}

/// The system of the hospital that slips name.
pub fn hospital() -> Who {
    Who::system(HOSPITAL)
}

/// The system of a hospital that they do not name.
pub fn other_hospital() -> Who {
    Who::system(OTHER_HOSPITAL)
}

/// A pharmacist without relation to anybody.
pub fn pharmacist() -> Who {
    Who::person("pharmacist", PHARMACY)
}

/// The network's office.
pub fn office() -> Who {
    Who::person("network_office", OFFICE)
}

/// Who may read the audit log.
pub fn auditor() -> Who {
    Who::person("auditor", OFFICE)
}

/// Where slips are sent.
pub fn messages_path() -> String {
    format!("/networks/{NETWORK}/messages")
}

/// Where the network's office keeps its directory.
pub fn directory_path() -> String {
    format!("/networks/{NETWORK}/directory")
}

/// An entry of the directory's staff.
pub fn employment(who: &Who) -> Value {
    json!({"id": who.subject, "name": "架空 職員", "profession": who.profession, "facility": who.facility})
}

/// The directory as the network's office sends it.
pub fn directory() -> Value {
    let facilities: Vec<Value> = FACILITIES
        .iter()
        .map(|(code, name, kind, mailbox)| json!({"code": code, "name": name, "kind": kind, "mailbox": mailbox}))
        .collect();
    let staff: Vec<Value> = FACILITIES
        .iter()
        .flat_map(|(code, ..)| {
            PROFESSIONS
                .iter()
                .map(move |profession| Who::person(profession, code))
        })
        .filter(|who| who.profession != "vendor_system")
        .map(|who| employment(&who))
        .collect();
    json!({"facilities": facilities, "staff": staff})
}

/// Tells a server of them, by the door that the network's office uses.
pub fn register(server: &Server) {
    server
        .post(&office(), &directory_path(), directory().to_string())
        .expect(200);
}

/// Registers one more hospital with a mailbox; its code.
pub fn new_hospital(server: &Server) -> String {
    let code = format!("01142{:05}", unique());
    let facility =
        json!({"code": code, "name": "架空新設病院", "kind": "hospital", "mailbox": true});
    let body = json!({"facilities": [facility], "staff": []}).to_string();
    server.post(&office(), &directory_path(), body).expect(200);
    code
}

/// The server that tests of a database share.
pub fn shared(database: Database) -> &'static Server {
    static SQLITE: OnceLock<Server> = OnceLock::new();
    static POSTGRES: OnceLock<Server> = OnceLock::new();
    let place = match database {
        Database::Sqlite => &SQLITE,
        Database::Postgres => &POSTGRES,
    };
    place.get_or_init(|| Start::on(database).go())
}

/// A number that no other place of this run has.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
