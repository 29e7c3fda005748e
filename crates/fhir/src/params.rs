//! What can be searched for, by type: one table, from which values are taken out of a resource, queries
//! are read and the capability statement is written.
//!
//! Source of names and definitions: FHIR R4 (4.0.1), search parameter registry. `date` of a type for which
//! R4 has no such parameter is ours, so that every type with a day can be searched and sorted by it.

use crate::types::ResourceType;

/// How a parameter's values are read and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ParamKind {
    /// The resource's id.
    Id,
    /// An Identifier: system and value.
    Identifier,
    /// A code of this system.
    Code(&'static str),
    /// A telephone number.
    Phone,
    /// A person's or a facility's name.
    Name,
    /// An address or a part of one.
    Address,
    /// A date, an instant or a period.
    Date,
    /// A reference to a Patient.
    Patient,
}

impl ParamKind {
    /// R4's type of search parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id | Self::Identifier | Self::Code(_) | Self::Phone => "token",
            Self::Name | Self::Address => "string",
            Self::Date => "date",
            Self::Patient => "reference",
        }
    }
}

/// One parameter of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchParam {
    /// As it is written in a query.
    pub name: &'static str,
    /// Its kind.
    pub kind: ParamKind,
    /// The last part of its definition's URL; `None` for one of ours.
    pub definition: Option<&'static str>,
    /// The name under which its values are stored: `subject` is stored as `patient`.
    pub stored: &'static str,
    /// Where its values stand: names of elements, numbers for places of a list; a list without a number is
    /// all of it. A date is taken from the first of the paths that has one, everything else from all.
    pub(crate) paths: &'static [&'static str],
}

/// What every type is found by.
pub const ID: SearchParam = SearchParam {
    name: "_id",
    kind: ParamKind::Id,
    definition: Some("Resource-id"),
    stored: "_id",
    paths: &[],
};

/// The parameters of a type.
#[must_use]
pub fn params(kind: ResourceType) -> Vec<SearchParam> {
    let mut params = vec![ID];
    params.extend(own(kind.as_str()));
    params
}

/// A parameter of a type by its name.
#[must_use]
pub fn param(kind: ResourceType, name: &str) -> Option<SearchParam> {
    params(kind).into_iter().find(|param| param.name == name)
}

const GENDER: ParamKind = ParamKind::Code("http://hl7.org/fhir/administrative-gender");
const ADDRESS: &[&str] = &[
    "address.text",
    "address.line",
    "address.city",
    "address.district",
    "address.state",
    "address.postalCode",
];
const PERSON: &[&str] = &["name.text", "name.family", "name.given"];

/// What a type is found by besides its id.
fn own(kind: &str) -> Vec<SearchParam> {
    match kind {
        "Patient" => patient(),
        "Practitioner" => vec![
            identifier("Practitioner-identifier"),
            name("name", "Practitioner-name", PERSON),
            name("family", "individual-family", &["name.family"]),
            name("given", "individual-given", &["name.given"]),
            phone(),
        ],
        "PractitionerRole" => vec![identifier("PractitionerRole-identifier"), phone()],
        "Organization" => vec![
            identifier("Organization-identifier"),
            name("name", "Organization-name", &["name", "alias"]),
            address("Organization-address"),
        ],
        "RelatedPerson" => vec![
            identifier("RelatedPerson-identifier"),
            patient_at("RelatedPerson-patient", &["patient"]),
            name("name", "RelatedPerson-name", PERSON),
            phone(),
        ],
        "Coverage" => vec![
            identifier("Coverage-identifier"),
            patient_at("Coverage-patient", &["beneficiary"]),
            also("beneficiary", "Coverage-beneficiary"),
            our_date(&["period"]),
        ],
        "Bundle" => vec![
            identifier("Bundle-identifier"),
            SearchParam {
                definition: None,
                ..patient_at("", &["entry.0.resource.subject"])
            },
            date("timestamp", "Bundle-timestamp", &["timestamp"]),
            our_date(&["entry.0.resource.date", "timestamp"]),
        ],
        "Device" => vec![
            identifier("Device-identifier"),
            patient_at("Device-patient", &["patient"]),
        ],
        other => clinical(other),
    }
}

fn patient() -> Vec<SearchParam> {
    vec![
        identifier("Patient-identifier"),
        name("name", "Patient-name", PERSON),
        name("family", "individual-family", &["name.family"]),
        name("given", "individual-given", &["name.given"]),
        date("birthdate", "individual-birthdate", &["birthDate"]),
        with("gender", GENDER, "individual-gender", &["gender"]),
        address("individual-address"),
        phone(),
    ]
}

/// What is said of a patient: found by whom it is about and by its day.
fn clinical(kind: &str) -> Vec<SearchParam> {
    let of_subject = |definition| {
        vec![
            identifier("clinical-identifier"),
            patient_at("clinical-patient", &["subject"]),
            also("subject", definition),
        ]
    };
    let effective: &[&str] = &["effectiveDateTime", "effectivePeriod"];
    let onset: &[&str] = &["onsetDateTime", "onsetPeriod"];
    let r4_date = |paths| date("date", "clinical-date", paths);
    let (mut params, dates) = match kind {
        "Encounter" => (of_subject("Encounter-subject"), vec![r4_date(&["period"])]),
        "Condition" => (
            of_subject("Condition-subject"),
            vec![
                date(
                    "recorded-date",
                    "Condition-recorded-date",
                    &["recordedDate"],
                ),
                date("onset-date", "Condition-onset-date", onset),
                our_date(&["recordedDate", "onsetDateTime", "onsetPeriod"]),
            ],
        ),
        "Composition" => (of_subject("Composition-subject"), vec![r4_date(&["date"])]),
        "Observation" => (of_subject("Observation-subject"), vec![r4_date(effective)]),
        "MedicationStatement" => (
            of_subject("MedicationStatement-subject"),
            vec![
                date("effective", "MedicationStatement-effective", effective),
                our_date(&["effectiveDateTime", "effectivePeriod", "dateAsserted"]),
            ],
        ),
        "CareTeam" => (of_subject("CareTeam-subject"), vec![r4_date(&["period"])]),
        "Procedure" => (
            of_subject("Procedure-subject"),
            vec![r4_date(&["performedDateTime", "performedPeriod"])],
        ),
        "DocumentReference" => (
            of_subject("DocumentReference-subject"),
            vec![date("date", "DocumentReference-date", &["date"])],
        ),
        "DeviceUseStatement" => (
            of_subject("DeviceUseStatement-subject"),
            vec![our_date(&["timingDateTime", "timingPeriod", "recordedOn"])],
        ),
        "Flag" => (of_subject("Flag-subject"), vec![r4_date(&["period"])]),
        "AllergyIntolerance" => (by_patient(), vec![r4_date(&["recordedDate"])]),
        "Consent" => (by_patient(), vec![r4_date(&["dateTime"])]),
        _ => (vec![], vec![]),
    };
    // Two types name their identifier themselves.
    for param in params.iter_mut().filter(|param| param.name == "identifier") {
        match kind {
            "DeviceUseStatement" => param.definition = Some("DeviceUseStatement-identifier"),
            "Flag" => param.definition = Some("Flag-identifier"),
            _ => {}
        }
    }
    params.extend(dates);
    params
}

fn by_patient() -> Vec<SearchParam> {
    vec![
        identifier("clinical-identifier"),
        patient_at("clinical-patient", &["patient"]),
    ]
}

const fn with(
    name: &'static str,
    kind: ParamKind,
    definition: &'static str,
    paths: &'static [&'static str],
) -> SearchParam {
    SearchParam {
        name,
        kind,
        definition: Some(definition),
        stored: name,
        paths,
    }
}

const fn identifier(definition: &'static str) -> SearchParam {
    with(
        "identifier",
        ParamKind::Identifier,
        definition,
        &["identifier"],
    )
}

const fn name(
    name: &'static str,
    definition: &'static str,
    paths: &'static [&'static str],
) -> SearchParam {
    with(name, ParamKind::Name, definition, paths)
}

const fn address(definition: &'static str) -> SearchParam {
    with("address", ParamKind::Address, definition, ADDRESS)
}

const fn phone() -> SearchParam {
    with("phone", ParamKind::Phone, "individual-phone", &["telecom"])
}

const fn date(
    name: &'static str,
    definition: &'static str,
    paths: &'static [&'static str],
) -> SearchParam {
    with(name, ParamKind::Date, definition, paths)
}

/// A day of a type for which R4 has no parameter `date`.
const fn our_date(paths: &'static [&'static str]) -> SearchParam {
    SearchParam {
        definition: None,
        ..date("date", "", paths)
    }
}

const fn patient_at(definition: &'static str, paths: &'static [&'static str]) -> SearchParam {
    with("patient", ParamKind::Patient, definition, paths)
}

/// Another name of `patient`.
const fn also(name: &'static str, definition: &'static str) -> SearchParam {
    SearchParam {
        stored: "patient",
        ..with(name, ParamKind::Patient, definition, &[])
    }
}
