//! What mapping makes, and what can go wrong with it.

use renkei_model::lists::{Category, Sensitivity};
use renkei_model::message::{Loss, Span};
use serde_json::Value;

/// A mistake in a network's folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {rule}")]
pub struct ProfileError {
    /// The file, relative to the network's folder's parent: `kitamaru/messages/admission-slip.yaml`.
    pub file: String,
    /// From 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// From 1; 0 when the line as a whole is meant.
    pub column: usize,
    /// What is wrong.
    pub rule: String,
}

/// Why a stored document could not be given back in the network's own form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapOutError {
    /// Not a Bundle with a resource of the plan's document type in it.
    #[error("not a document of this message")]
    NotADocument,
    /// An element holds something that its row cannot turn back.
    #[error("{element} has no inverse by {row}")]
    NoInverse {
        /// The element with its resource's key: `patient.gender`.
        element: String,
        /// The row, as file and line.
        row: String,
    },
}

/// One record of a message, mapped.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// The message's kind: `admission-slip`.
    pub kind: String,
    /// The sender's own key of the record.
    pub native_key: String,
    /// The sender's version of it.
    pub native_version: i64,
    /// The resources; the document's Composition is among them, under [`Roles::document`].
    pub resources: Vec<MappedResource>,
    /// Who is who in the message.
    pub roles: Roles,
    /// What has no place, or not all of its place, in FHIR.
    pub loss: Vec<Loss>,
    /// What identity compares.
    pub demography: Demography,
}

/// One FHIR resource, before it has an id.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedResource {
    /// Its name inside this message: `patient`, `contact[0]`.
    pub key: String,
    /// `Patient`.
    pub resource_type: String,
    /// The shelf's category.
    pub category: Category,
    /// The shelf's sensitivity.
    pub sensitivity: Sensitivity,
    /// The resource without id; references to other resources of the message read `key:patient`.
    pub json: Value,
    /// Where its elements come from.
    pub lineage: Vec<Lineage>,
}

/// Where an element comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The element inside the resource: `name[0].text`.
    pub element: String,
    /// The profile's row, as file and line: `messages/admission-slip.yaml:120`.
    pub row: String,
    /// The bytes of the original message.
    pub span: Span,
}

/// Who is who in a message. Claims of the sender, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// Identifiers of the human being, lowest rank first.
    pub identifiers: Vec<Claim>,
    /// The facility that the message says it is from.
    pub sender: Option<Named>,
    /// The facility that it goes to.
    pub destination: Option<Named>,
    /// Whether the resident (or family) agreed to the exchange (同意区分).
    pub consent: Option<Consent>,
    /// The family doctor's facility (かかりつけ医).
    pub family_doctor: Option<Named>,
    /// The day of the event, for example of the admission: `YYYY-MM-DD`.
    pub event_date: Option<String>,
    /// The key of the Composition.
    pub document: String,
}

/// An identifier that the message claims for its human being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The FHIR identifier system.
    pub system: String,
    /// The value in it.
    pub value: String,
    /// 0 the region's own id, 1 a facility's patient number, 2 insurer and insured number.
    pub rank: u8,
}

/// A facility that a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The code as it stands in the message.
    pub code: String,
    /// The field, in the sender's own terms.
    pub field: String,
    /// Its bytes.
    pub span: Span,
}

/// What a message says of the resident's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Whether it was given.
    pub given: bool,
    /// The field, in the sender's own terms.
    pub field: String,
    /// Its bytes.
    pub span: Span,
}

/// What identity compares beside identifiers. Folding is identity's work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demography {
    /// The name in kana.
    pub kana: Option<String>,
    /// `YYYY-MM-DD`.
    pub birth_date: Option<String>,
}
