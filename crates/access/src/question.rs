//! A question of rights and the answer to it.

use std::fmt;
use std::str::FromStr;

use renkei_model::id::NetworkName;
use renkei_model::lists::{Category, ListError, Profession, Purpose, Relation, Sensitivity};

/// What somebody wants to do with a shelf. Each is a permission of its own; none implies another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// See everything on it.
    ReadFull,
    /// Put a version on it.
    Write,
    /// Have it sent to another facility.
    Send,
}

impl Action {
    /// Every action.
    pub const ALL: &'static [Self] = &[Self::ReadFull, Self::Write, Self::Send];

    /// The word used in policies and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadFull => "read_full",
            Self::Write => "write",
            Self::Send => "send",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = ListError;

    fn from_str(text: &str) -> Result<Self, ListError> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| ListError {
                list: "action",
                word: text.chars().take(64).collect(),
            })
    }
}

/// One cell of the cube.
///
/// A caller has the relation `none` to every shelf, and often others beside it: the room asks once
/// for each, and one yes is enough, unless [`Relation::Blocked`] is among them: that is a no.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// The network that owns the record: its rules govern.
    pub network: NetworkName,
    /// The caller's profession.
    pub profession: Profession,
    /// The shelf's category.
    pub category: Category,
    /// The shelf's sensitivity.
    pub sensitivity: Sensitivity,
    /// How the caller stands to the shelf.
    pub relation: Relation,
    /// Why, from our own records.
    pub purpose: Purpose,
    /// What.
    pub action: Action,
}

/// The answer. There is no third one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes, by these policies.
    Allow {
        /// Ids of the policies that allowed it; they go into the audit leaf.
        policies: Vec<String>,
    },
    /// No.
    Deny {
        /// Why: a forbid's id, `no rule allows it`, or `engine error`. Never personal.
        reason: String,
    },
}

impl Decision {
    /// Whether it is yes.
    #[must_use]
    pub const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }

    /// The rule for the audit leaf: the allowing policies, or the reason of the denial.
    #[must_use]
    pub fn rule(&self) -> String {
        match self {
            Self::Allow { policies } => policies.join(","),
            Self::Deny { reason } => reason.clone(),
        }
    }
}

/// Whatever answers questions of rights.
pub trait Decider: Send + Sync {
    /// Answers one question.
    fn decide(&self, question: &Question) -> Decision;

    /// Hash of the rules that answer (64 hex digits): the same hash, the same answers.
    fn policy(&self) -> &str;
}
