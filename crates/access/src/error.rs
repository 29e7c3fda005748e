//! What can be wrong with a table of rights.

/// A mistake in `access.csv` or in the policies made from it. Found at start, never at a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A row, or the header, that cannot stand.
    #[error("{file}:{line}:{}: {rule}", column.as_deref().unwrap_or("row"))]
    Row {
        /// The table's file, as it was named to [`crate::read_table`].
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column's name, if the mistake is in one cell.
        column: Option<String>,
        /// What the rule is and how it was broken.
        rule: String,
    },
    /// Two tables speak for one network.
    #[error("{file}: network \"{network}\" already has rows in {other}: a network has one table")]
    TwoTables {
        /// The later table.
        file: String,
        /// The earlier table.
        other: String,
        /// The network.
        network: String,
    },
    /// Cedar refused a policy, the schema or an entity: a mistake of this program, not of a table.
    #[error("policy {policy}: {rule}")]
    Engine {
        /// The policy, or the part of the set.
        policy: String,
        /// Cedar's own words.
        rule: String,
    },
}

impl AccessError {
    /// Cedar's refusal, in its own words, which are about policies and never about people.
    pub(crate) fn engine(policy: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Engine {
            policy: policy.to_owned(),
            rule: error.to_string(),
        }
    }
}
