//! The table read without an engine: the second opinion that Cedar has to agree with.
//!
//! Written apart from `generate.rs` and `forbid.cedar` on purpose: it shares the table with them and
//! nothing else. It is also the fallback if Cedar ever has to go.

use std::collections::BTreeMap;

use renkei_model::lists::{Category, Profession, Purpose, Relation, View};

use crate::question::{Action, Decider, Decision, Question};
use crate::table::{Cell, Grant, Table};

/// The table interpreter.
#[derive(Debug, Clone)]
pub struct Reference {
    cells: BTreeMap<Cell, Grant>,
}

impl Reference {
    /// The interpreter of these tables.
    #[must_use]
    pub fn new(tables: &[Table]) -> Self {
        Self {
            cells: tables
                .iter()
                .flat_map(|table| table.cells.clone())
                .collect(),
        }
    }

    fn is_open(&self, question: &Question) -> bool {
        let cell = Cell {
            network: question.network.clone(),
            profession: question.profession,
            relation: question.relation,
            sensitivity: question.sensitivity,
            category: question.category,
            emergency: question.purpose == Purpose::Emergency,
        };
        let Some(grant) = self.cells.get(&cell) else {
            return false;
        };
        match question.action {
            Action::ReadFull => grant.view == View::Full,
            Action::Write => grant.write,
            Action::Send => grant.send,
        }
    }
}

/// The laws above every table.
fn broken_law(question: &Question) -> Option<&'static str> {
    let is_care = match question.category {
        Category::Demographics | Category::Contacts | Category::Consent | Category::Directory => {
            false
        }
        Category::Emergency
        | Category::Diagnosis
        | Category::Allergy
        | Category::Prescription
        | Category::Injection
        | Category::Lab
        | Category::Imaging
        | Category::Vitals
        | Category::Notes
        | Category::Care
        | Category::Acp
        | Category::Appointment
        | Category::Sheet => true,
    };
    let is_office = matches!(
        question.profession,
        Profession::Auditor | Profession::NetworkOffice | Profession::FacilityAdministrator
    );
    if question.relation == Relation::Blocked {
        return Some("blocked");
    }
    if question.relation == Relation::Former && question.action != Action::ReadFull {
        return Some("former members only look back");
    }
    match question.purpose {
        Purpose::Treatment if is_care && is_office => Some("offices see no care"),
        Purpose::Operation if is_care => Some("operation needs no care"),
        Purpose::Audit if question.category != Category::Directory => {
            Some("audit reads no patient")
        }
        Purpose::Emergency if question.action != Action::ReadFull => Some("break-glass only reads"),
        Purpose::Emergency if is_office || question.profession == Profession::VendorSystem => {
            Some("break-glass is a person's")
        }
        Purpose::Treatment | Purpose::Operation | Purpose::Audit | Purpose::Emergency => None,
    }
}

impl Decider for Reference {
    fn decide(&self, question: &Question) -> Decision {
        if let Some(law) = broken_law(question) {
            return Decision::Deny {
                reason: law.to_owned(),
            };
        }
        if self.is_open(question) {
            Decision::Allow {
                policies: vec!["table".to_owned()],
            }
        } else {
            Decision::Deny {
                reason: "not in the table".to_owned(),
            }
        }
    }

    /// A constant: the oracle is for comparing answers, and its masks are never stored.
    fn policy(&self) -> &'static str {
        "reference"
    }
}
