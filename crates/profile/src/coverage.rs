//! What a message's plan carries, field by field, for people who ask what gets lost.

use crate::convert::Convert;
use crate::native::NativePath;
use crate::network::Message;
use crate::plan::{Direction, Row};

/// What becomes of one native field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The field as the plan writes it: `fieldData.氏名`.
    pub field: String,
    /// Where it goes, for each row.
    pub places: Vec<Carried>,
    /// Why it has no place; `None` where it has one.
    pub unmapped: Option<String>,
}

/// One place of a field in FHIR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The element: `patient.birthDate`.
    pub element: String,
    /// The row, as file and line.
    pub row: String,
    /// Why it goes one way only; `None` for both ways.
    pub one_way: Option<String>,
    /// Native values whose FHIR code does not mean exactly the same.
    pub inexact: Vec<String>,
    /// Values that come back in one spelling, whatever was sent: dates, kana, numbers of telephones.
    pub respelt: bool,
}

impl Message {
    /// What becomes of every native field, in the order of the plan.
    #[must_use]
    pub fn coverage(&self) -> Vec<Coverage> {
        let plan = self.plan();
        let mut fields: Vec<(&NativePath, Coverage)> = Vec::new();
        for row in &plan.rows {
            let place = place(row);
            match fields.iter_mut().find(|(native, _)| **native == row.native) {
                Some((_, field)) => field.places.push(place),
                None => fields.push((
                    &row.native,
                    Coverage {
                        field: self.written(&row.native),
                        places: vec![place],
                        unmapped: None,
                    },
                )),
            }
        }
        let unmapped = plan.unmapped.iter().map(|unmapped| Coverage {
            field: self.written(&unmapped.native),
            places: Vec::new(),
            unmapped: Some(unmapped.why.clone()),
        });
        fields
            .into_iter()
            .map(|(_, field)| field)
            .chain(unmapped)
            .collect()
    }

    /// A native path as the plan's file writes it.
    fn written(&self, native: &NativePath) -> String {
        let joined = |steps: &[String]| {
            let escaped = steps.iter().map(|step| step.replace('.', "\\."));
            escaped.collect::<Vec<_>>().join(".")
        };
        match native {
            NativePath::Key => "@key".to_owned(),
            NativePath::Version => "@version".to_owned(),
            NativePath::Field(steps) => joined(steps),
            NativePath::Item { group, steps } => {
                let group = self.plan().groups.get(*group);
                let branch = group.map_or_else(String::new, |group| {
                    format!("{}.{}[]", joined(&group.branch), group.item)
                });
                format!("{branch}.{}", joined(steps))
            }
        }
    }
}

fn place(row: &Row) -> Carried {
    let inexact = match &row.convert {
        Convert::Codes(map, _) => {
            let codes = map.codes().iter().filter(|code| !code.exact);
            codes.map(|code| code.native.clone()).collect()
        }
        _ => Vec::new(),
    };
    let why = row.why.clone().unwrap_or_default();
    Carried {
        element: row.target.text.clone(),
        row: row.source.clone(),
        one_way: (row.direction != Direction::Both).then_some(why),
        inexact,
        respelt: matches!(
            row.convert,
            Convert::Day(_) | Convert::Kana | Convert::Phone | Convert::Quantity
        ),
    }
}
