//! What is known of a resident, by neutral names; a template says which native field gets what.

use std::collections::BTreeMap;

use jiff::civil::Date;
use renkei_model::day::PartialDay;

/// One thing that is known.
#[derive(Debug, Clone)]
pub enum Fact {
    /// Text, in the region's words.
    Text(String),
    /// A day, a month or a year.
    Day(PartialDay),
}

/// Things known, and groups of them.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    single: BTreeMap<&'static str, Fact>,
    groups: BTreeMap<&'static str, Vec<Facts>>,
}

/// Every name that can stand in a template outside groups.
pub const NAMES: &[&str] = &[
    "acp",
    "acp_doctor",
    "acp_kind",
    "acp_paper",
    "acp_review",
    "acp_signed",
    "acp_speaker",
    "acp_speaker_name",
    "acp_text",
    "acp_told",
    "address",
    "admission_course",
    "admission_diagnosis",
    "admission_history",
    "admission_symptom",
    "admitted",
    "age",
    "allergy",
    "birth",
    "blood_group",
    "blood_rhesus",
    "care_from",
    "care_insurer",
    "care_level",
    "care_number",
    "care_state",
    "care_to",
    "checked_acp",
    "checked_allergy",
    "checked_care",
    "checked_contacts",
    "checked_device",
    "checked_diagnosis",
    "checked_doctor",
    "checked_drug",
    "checked_history",
    "checked_infection",
    "checked_insurance",
    "communication",
    "consent_by",
    "consent_on",
    "deceased_on",
    "diagnosis_text",
    "district",
    "doctor_code",
    "doctor_department",
    "doctor_facility",
    "doctor_name",
    "doctor_phone",
    "drug_text",
    "family",
    "family_kana",
    "given",
    "given_kana",
    "health_branch",
    "health_insurer",
    "health_number",
    "health_symbol",
    "history_text",
    "home_phone",
    "hospital_code",
    "hospital_name",
    "hospital_worker",
    "infection",
    "manager_name",
    "mobile",
    "mobility",
    "moved_on",
    "moved_to",
    "nursing_code",
    "nursing_name",
    "nursing_phone",
    "office_code",
    "office_name",
    "office_phone",
    "postal_code",
    "record_id",
    "region_id",
    "registrar_code",
    "registrar_name",
    "registrar_writer",
    "remarks",
    "residence",
    "sex",
    "slip_id",
    "written",
];

/// Every group, with the names in it; `row` counts from 1.
pub const GROUPS: &[(&str, &[&str])] = &[
    (
        "contacts",
        &[
            "family",
            "family_kana",
            "given",
            "given_kana",
            "kinship",
            "mobile",
            "phone",
            "row",
        ],
    ),
    (
        "doctors",
        &[
            "code",
            "department",
            "doctor",
            "facility",
            "main",
            "phone",
            "row",
        ],
    ),
    ("diagnoses", &["began", "name", "row", "state"]),
    ("histories", &["began", "name", "note", "row"]),
    (
        "drugs",
        &["amount", "code", "name", "row", "since", "usage"],
    ),
    (
        "allergies",
        &["kind", "reaction", "row", "severity", "substance"],
    ),
    ("devices", &["detail", "kind", "row", "since"]),
    ("infections", &["kind", "precaution", "row"]),
];

impl Facts {
    /// Notes a text; an empty one is nothing.
    pub fn text(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.single.insert(name, Fact::Text(value));
        }
    }

    /// Notes a day.
    pub fn day(&mut self, name: &'static str, day: Date) {
        self.partial(name, whole(day));
    }

    /// Notes a day, a month or a year.
    pub fn partial(&mut self, name: &'static str, day: Option<PartialDay>) {
        if let Some(day) = day {
            self.single.insert(name, Fact::Day(day));
        }
    }

    /// Adds a row to a group.
    pub fn row(&mut self, group: &'static str, mut facts: Self) {
        let rows = self.groups.entry(group).or_default();
        facts.text("row", (rows.len() + 1).to_string());
        rows.push(facts);
    }

    /// What is known by that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.single.get(name)
    }

    /// The text by that name; empty for a day and for nothing.
    #[must_use]
    pub fn word(&self, name: &str) -> &str {
        match self.single.get(name) {
            Some(Fact::Text(text)) => text,
            Some(Fact::Day(_)) | None => "",
        }
    }

    /// The day by that name, if all of it is known.
    #[must_use]
    pub fn date(&self, name: &str) -> Option<Date> {
        let Some(Fact::Day(day)) = self.single.get(name) else {
            return None;
        };
        let number = |part: Option<u8>| part.and_then(|part| i8::try_from(part).ok());
        Date::new(day.year(), number(day.month())?, number(day.day())?).ok()
    }

    /// The rows of a group.
    #[must_use]
    pub fn rows(&self, group: &str) -> &[Self] {
        self.groups.get(group).map_or(&[], Vec::as_slice)
    }
}

/// A day of the calendar as a date that people write.
#[must_use]
pub fn whole(day: Date) -> Option<PartialDay> {
    PartialDay::new(day.year(), month(day), u8::try_from(day.day()).ok()).ok()
}

/// The month of a day, as a number from 1.
#[must_use]
pub fn month(day: Date) -> Option<u8> {
    u8::try_from(day.month()).ok()
}
