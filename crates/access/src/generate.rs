//! Cedar text from tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use renkei_model::id::NetworkName;
use renkei_model::lists::{Category, Profession, Relation, Sensitivity};

use crate::question::Action;
use crate::table::Table;

/// The hand-written rules that no table can undo.
pub(crate) const FORBIDS: &str = include_str!("forbid.cedar");

/// What policies may look at.
pub(crate) const SCHEMA: &str = include_str!("access.cedarschema");

/// Policies that can have a say in the same question stand in one small set: a Cedar decision costs
/// what its set's length costs.
pub(crate) type SetKey = (NetworkName, Profession, Action);

/// A generated permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permit {
    /// Its id, as it appears in audit leaves: `kitamaru.nurse.facility_in_team.read_full`.
    pub(crate) id: String,
    /// Its Cedar text.
    pub(crate) text: String,
}

/// The permits of each set: one for each relation to which the tables give the set's action.
pub(crate) fn permits(tables: &[Table]) -> BTreeMap<SetKey, Vec<Permit>> {
    type Opened = BTreeMap<Sensitivity, BTreeSet<Category>>;
    let mut granted: BTreeMap<SetKey, BTreeMap<(Relation, bool), Opened>> = BTreeMap::new();
    for (cell, grant) in tables.iter().flat_map(|table| &table.cells) {
        for action in Action::ALL
            .iter()
            .copied()
            .filter(|action| grant.gives(*action))
        {
            let relations = granted
                .entry((cell.network.clone(), cell.profession, action))
                .or_default();
            let opened = relations
                .entry((cell.relation, cell.emergency))
                .or_default();
            opened
                .entry(cell.sensitivity)
                .or_default()
                .insert(cell.category);
        }
    }
    granted
        .into_iter()
        .map(|(key, relations)| {
            let permits = relations
                .iter()
                .map(|(relation, opened)| permit(&key, *relation, opened))
                .collect();
            (key, permits)
        })
        .collect()
}

fn permit(
    key: &SetKey,
    (relation, emergency): (Relation, bool),
    opened: &BTreeMap<Sensitivity, BTreeSet<Category>>,
) -> Permit {
    let (network, profession, action) = key;
    let (purpose, mark) = if emergency {
        ("==", "+emergency")
    } else {
        ("!=", "")
    };
    let cells: Vec<String> = opened
        .iter()
        .map(|(sensitivity, categories)| {
            let words: Vec<String> = categories
                .iter()
                .map(|category| format!("\"{category}\""))
                .collect();
            format!(
                "(resource.sensitivity == \"{sensitivity}\" && [{}].contains(resource.category))",
                words.join(", ")
            )
        })
        .collect();
    let mut text =
        format!("permit (principal, action == Action::\"{action}\", resource)\nwhen {{ ");
    // Writing into a String cannot fail.
    let _ = write!(
        text,
        "context.relation == \"{relation}\" && principal.profession == \"{profession}\" && \
         resource.network == \"{network}\" && context.purpose {purpose} \"emergency\"\n       && ({}) }};\n",
        cells.join("\n           || ")
    );
    Permit {
        id: format!("{network}.{profession}.{relation}{mark}.{action}"),
        text,
    }
}
