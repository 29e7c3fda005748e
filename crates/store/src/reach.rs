//! Whether somebody sees residents' rows only of their own facility or in a relation: then a search may pass over all
//! others without judging them.
//!
//! It is asked of the masks that `visible` asks. A policy's masks never change, so the answer is remembered.

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use renkei_model::{Category, Permit, Profession, Purpose};

use crate::fault::StoreError;
use crate::sql::{Reader, query};
use crate::store::Store;

/// A policy that was never activated gives no row, and nothing is remembered of it.
const OPEN: &str = "-- store.sees_no_stranger\nSELECT CASE WHEN EXISTS (SELECT 1 FROM grant_mask g
    WHERE g.policy = p.hash AND g.profession = $2 AND g.purpose = $3 AND g.action = 'read_full'
      AND g.relation = 'none' AND (g.categories & $4) <> 0) THEN 1 ELSE 0 END AS open
    FROM policy p WHERE p.hash = $1";

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OPEN];

/// Answers remembered at most.
const ANSWERS: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Role {
    policy: String,
    profession: Profession,
    purpose: Purpose,
}

/// The same, borrowed. Hashes as [`Role`] does.
#[derive(Hash)]
struct Asked<'a> {
    policy: &'a str,
    profession: Profession,
    purpose: Purpose,
}

impl Equivalent<Role> for Asked<'_> {
    fn equivalent(&self, role: &Role) -> bool {
        *self.policy == role.policy
            && self.profession == role.profession
            && self.purpose == role.purpose
    }
}

/// What is remembered: true where a stranger's rows are never seen.
pub(crate) struct Reaches(Cache<Role, bool>);

impl Reaches {
    pub(crate) fn new() -> Self {
        Self(Cache::new(ANSWERS))
    }
}

impl Store {
    /// Whether the masks give the caller nothing of a resident without a relation, on whichever network.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(crate) async fn sees_no_stranger(&self, permit: &Permit) -> Result<bool, StoreError> {
        let asked = Asked {
            policy: permit.policy(),
            profession: permit.caller().profession(),
            purpose: permit.purpose(),
        };
        if let Some(known) = self.reaches.0.get(&asked) {
            return Ok(known);
        }
        let query = query(OPEN)
            .bind(asked.policy.to_owned())
            .bind(asked.profession.as_str())
            .bind(asked.purpose.as_str())
            .bind(!Category::Directory.bit());
        let Some(row) = self.find(query).await? else {
            return Ok(false);
        };
        let none = !Reader::new("grant_mask", &row).flag("open")?;
        let role = Role {
            policy: asked.policy.to_owned(),
            profession: asked.profession,
            purpose: asked.purpose,
        };
        self.reaches.0.insert(role, none);
        Ok(none)
    }
}
