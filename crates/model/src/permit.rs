//! The permit: proof that a decision was taken, demanded by every store function that touches patients.

use crate::caller::Caller;
use crate::clock::Instant;
use crate::id::{NetworkName, RequestId};
use crate::lists::{Category, Purpose};

/// What a permit allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allows {
    /// Reading through the `visible` relation, which applies the caller's masks row by row.
    Look,
    /// Writing new versions in these categories (bits of [`Category`]) on one network.
    Write {
        /// Bits of the categories.
        categories: i64,
    },
    /// Keeping the directory of facilities and staff.
    Directory,
    /// Reading the audit log.
    Audit,
    /// Deciding which records are one human being.
    Identity,
    /// Looking under break-glass, and keeping what crews searched, opened and noted.
    Emergency,
    /// Counting for the network's report.
    Report,
}

/// A decision in favour of a caller.
///
/// Invariant: [`Permit::issue`] is called in `flow/src/permit.rs` and nowhere else; the tidy test holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    caller: Caller,
    network: Option<NetworkName>,
    purpose: Purpose,
    allows: Allows,
    policy: String,
    request: RequestId,
    at: Instant,
}

/// What a permit is made of.
#[derive(Debug, Clone)]
pub struct PermitFacts {
    /// Who was allowed.
    pub caller: Caller,
    /// On which network; `None` for reads across the caller's networks.
    pub network: Option<NetworkName>,
    /// Why, from our own records.
    pub purpose: Purpose,
    /// What.
    pub allows: Allows,
    /// Hash of the policy set that decided.
    pub policy: String,
    /// The request.
    pub request: RequestId,
    /// When it was decided; relations and enrolment are judged at this instant.
    pub at: Instant,
}

impl Permit {
    /// Makes a permit. Only the permit room may.
    #[must_use]
    pub fn issue(facts: PermitFacts) -> Self {
        let PermitFacts {
            caller,
            network,
            purpose,
            allows,
            policy,
            request,
            at,
        } = facts;
        Self {
            caller,
            network,
            purpose,
            allows,
            policy,
            request,
            at,
        }
    }

    /// Who was allowed.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The networks that the permit reaches: the one it names, or all of the caller's.
    #[must_use]
    pub fn networks(&self) -> &[NetworkName] {
        self.network
            .as_ref()
            .map_or(&self.caller.networks, std::slice::from_ref)
    }

    /// Why.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// What.
    #[must_use]
    pub const fn allows(&self) -> &Allows {
        &self.allows
    }

    /// Whether a version of this category may be written.
    #[must_use]
    pub const fn allows_write(&self, category: Category) -> bool {
        match self.allows {
            Allows::Write { categories } => categories & category.bit() != 0,
            Allows::Directory => matches!(category, Category::Directory),
            Allows::Look
            | Allows::Audit
            | Allows::Identity
            | Allows::Emergency
            | Allows::Report => false,
        }
    }

    /// Hash of the policy set that decided.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The request.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// When it was decided.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.at
    }
}
