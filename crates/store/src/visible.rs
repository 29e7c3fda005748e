//! The one relation through which callers reach patients' rows.
//!
//! It is one SQL text, the same on both databases, and the only one that gives a version's text to
//! a caller. Everything is judged at the permit's instant; `since` is inclusive, `until` exclusive.

use std::str::FromStr;

use renkei_model::id::{MessageId, ResourceId};
use renkei_model::{Instant, Permit, Shelf};
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::pack::text_of;
use crate::permit::look_permit;
use crate::sql::{Query, Reader, query};
use crate::stand::{Stand, kinds, parts, stands_of};
use crate::store::Store;

/// Makes a statement over `visible`: a row is a version that the caller may read in full.
///
/// `$1` networks as `,a,b,` `$2` facility `$3` staff or null `$4` profession `$5` purpose `$6` policy
/// `$7` instant; the statement's own arguments follow from `$8`. In this order: the network is one
/// of the caller's; nobody blocked the facility from the record; the record is enrolled, or the
/// caller's facility wrote the version, or it belongs to no patient; no consent denies it, unless the
/// facility wrote it; and a mask of the policy gives the category to the profession in a relation
/// that the caller has.
macro_rules! visible {
    ($name:literal, $($statement:tt)+) => {
        concat!(
            "-- store.",
            $name,
            "\nWITH visible AS NOT MATERIALIZED (
  SELECT v.resource, v.version, v.network, v.record, v.category, v.owner, v.sensitivity, v.at,
         v.message, v.deleted, v.profile_version, v.text, v.packed
  FROM version v
  WHERE $1 LIKE '%,' || v.network || ',%'
    AND NOT EXISTS (SELECT 1 FROM relation b
        WHERE b.record = v.record AND b.facility = $2 AND b.kind = 'blocked'
          AND b.since <= $7 AND (b.until IS NULL OR b.until > $7))
    AND (v.owner = $2 OR v.category = 'directory' OR EXISTS (SELECT 1 FROM enrolment e
        WHERE e.record = v.record AND e.since <= $7 AND (e.until IS NULL OR e.until > $7)))
    AND (v.owner = $2 OR NOT EXISTS (SELECT 1 FROM consent c
        WHERE c.record = v.record AND c.effect = 'deny'
          AND c.since <= $7 AND (c.until IS NULL OR c.until > $7)
          AND (c.facility IS NULL OR c.facility = $2)
          AND (c.profession IS NULL OR c.profession = $4)
          AND (c.categories & v.category_bit) <> 0))
    AND EXISTS (SELECT 1 FROM grant_mask g
        WHERE g.policy = $6 AND g.network = v.network AND g.profession = $4 AND g.purpose = $5
          AND g.sensitivity = v.sensitivity AND g.action = 'read_full'
          AND (g.categories & v.category_bit) <> 0
          AND (g.relation = 'none'
            OR (g.relation = 'author_facility' AND v.owner = $2)
            OR EXISTS (SELECT 1 FROM relation q
                WHERE q.record = v.record AND q.facility = $2 AND q.kind = g.relation
                  AND (q.staff IS NULL OR q.staff = $3)
                  AND q.since <= $7 AND (q.until IS NULL OR q.until > $7)
                  AND (q.owner_limit IS NULL OR q.owner_limit = v.owner))))
)\n",
            $($statement)+
        )
    };
}
pub(crate) use visible;

/// The columns of a row of `visible` from which [`version_of`] reads a version. All that is short is one text: a
/// column costs the driver more than the words in it. No word has a space in it but the last one may.
macro_rules! told {
    ($row:literal) => {
        concat!(
            $row,
            ".resource || ' ' || ",
            $row,
            ".network || ' ' || ",
            $row,
            ".record || ' ' || ",
            $row,
            ".category || ' ' || ",
            $row,
            ".owner || ' ' || ",
            $row,
            ".sensitivity || ' ' || ",
            $row,
            ".version || ' ' || ",
            $row,
            ".at || ' ' || ",
            $row,
            ".message || ' ' || ",
            $row,
            ".deleted || ' ' || ",
            $row,
            ".profile_version AS told, ",
            $row,
            ".text, ",
            $row,
            ".packed"
        )
    };
}
pub(crate) use told;

/// Behind a statement over `resource r` and `visible c`: a document (everything that a sheet has parts of) is shown
/// only to those who may see each of its parts as it stands now. A sheet is no way round the table. It is asked of
/// `c`, so that SQLite asks it after everything that `visible` asks.
macro_rules! whole {
    () => {
        " AND NOT EXISTS (SELECT 1 FROM origin_part p JOIN resource pr ON pr.id = p.resource
        WHERE p.sheet = c.resource AND NOT EXISTS (SELECT 1 FROM visible pv
            WHERE pv.resource = pr.id AND pv.version = pr.current))"
    };
}

/// The same for statements that are put together piece by piece.
pub(crate) const WHOLE: &str = whole!();

/// A version that the caller may read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleVersion {
    /// The resource.
    pub resource: ResourceId,
    /// The four columns that rights were decided on, to be checked once more.
    pub shelf: Shelf,
    /// The version.
    pub version: i64,
    /// When it was stored.
    pub at: Instant,
    /// The JSON text, to the letter.
    pub text: String,
    /// Whether this version says that the resource was deleted.
    pub deleted: bool,
    /// The message that brought it.
    pub message: MessageId,
    /// The profile that mapped it.
    pub profile_version: String,
    /// How the caller stands to its shelf and, of a document, to those of its parts, of the same instant as the
    /// row; `None` where the statement did not ask. See [`Store::stands`].
    pub stands: Option<Vec<Stand>>,
}

/// Makes a query of a statement and binds the seven arguments of `visible` from a permit that allows
/// looking.
pub(crate) fn look(permit: &Permit, sql: &'static str) -> Result<Query, StoreError> {
    look_with(permit, query(sql))
}

/// Binds the seven arguments of `visible` from a permit that allows looking.
pub(crate) fn look_with(permit: &Permit, query: Query) -> Result<Query, StoreError> {
    look_permit(permit, "version")?;
    let caller = permit.caller();
    // A network's name has neither comma nor wildcard in it.
    let networks: String = permit
        .networks()
        .iter()
        .map(|network| format!("{network},"))
        .collect();
    Ok(query
        .bind(format!(",{networks}"))
        .bind(caller.facility.as_str())
        .bind(caller.staff().map(ToString::to_string))
        .bind(caller.profession().as_str())
        .bind(permit.purpose().as_str())
        .bind(permit.policy().to_owned())
        .bind(permit.at().0))
}

/// For a resource that nothing is a part of; `parted` says that this one has parts, and then this is no answer.
const SIMPLE: &str = visible!(
    "visible_read",
    "SELECT ",
    told!("c"),
    ", ",
    kinds!("c.record", "c.owner"),
    " AS kinds, NULL AS parts,
     CASE WHEN EXISTS (SELECT 1 FROM origin_part p WHERE p.sheet = r.id) THEN 1 ELSE 0 END AS parted
     FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current
     WHERE r.id = $8 AND r.type = $9"
);

const CURRENT: &str = visible!(
    "visible_read",
    "SELECT ",
    told!("c"),
    ", ",
    kinds!("c.record", "c.owner"),
    " AS kinds, ",
    parts!("r.id", "c.record", "c.owner"),
    " AS parts FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current
     WHERE r.id = $8 AND r.type = $9",
    whole!()
);

/// An old version is shown to those who may see the current one: what was made secret later is secret.
const ASKED: &str = visible!(
    "visible_read",
    "SELECT ",
    told!("a"),
    ", ",
    kinds!("a.record", "a.owner"),
    " AS kinds, ",
    parts!("r.id", "a.record", "a.owner"),
    " AS parts FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current
     JOIN visible a ON a.resource = r.id AND a.version = $10
     WHERE r.id = $8 AND r.type = $9",
    whole!()
);

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[SIMPLE, CURRENT, ASKED];

impl Store {
    /// A resource by its id: the current version, or the one that was asked for if the caller may see
    /// both. A current version that says "deleted" is returned as such. Absent and hidden are `None`. How the
    /// caller stands to it comes with it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_read(
        &self,
        permit: &Permit,
        resource_type: &str,
        id: ResourceId,
        version: Option<i64>,
    ) -> Result<Option<VisibleVersion>, StoreError> {
        let asked = (resource_type, id);
        let row = match version {
            Some(version) => {
                let query = look_at(permit, ASKED, asked)?.bind(version);
                self.find(query).await?
            }
            None if resource_type == DOCUMENT => {
                self.find_short(look_at(permit, CURRENT, asked)?).await?
            }
            None => match self.find_short(look_at(permit, SIMPLE, asked)?).await? {
                Some(row) if Reader::new("origin_part", &row).flag("parted")? => {
                    self.find_short(look_at(permit, CURRENT, asked)?).await?
                }
                row => row,
            },
        };
        let Some(row) = row else {
            return Ok(None);
        };
        let mut version = version_of(&row)?;
        version.stands = Some(stands_of(&row, &version.shelf, permit.caller())?);
        Ok(Some(version))
    }
}

/// What has parts, as a rule. Whatever else has them is found out and judged the same way.
const DOCUMENT: &str = "Bundle";

fn look_at(
    permit: &Permit,
    sql: &'static str,
    (resource_type, id): (&str, ResourceId),
) -> Result<Query, StoreError> {
    Ok(look(permit, sql)?
        .bind(id.to_string())
        .bind(resource_type.to_owned()))
}

/// Reads the columns that [`told`] names.
pub(crate) fn version_of(row: &AnyRow) -> Result<VisibleVersion, StoreError> {
    let row = Reader::new("version", row);
    let told = row.text("told")?;
    let wrong = || inconsistent("version", "told");
    let mut words = told.splitn(11, ' ');
    let mut word = || words.next().ok_or_else(wrong);
    Ok(VisibleVersion {
        resource: parsed(word()?)?,
        shelf: Shelf {
            network: parsed(word()?)?,
            record: parsed(word()?)?,
            category: parsed(word()?)?,
            owner: parsed(word()?)?,
            sensitivity: parsed(word()?)?,
        },
        version: parsed(word()?)?,
        at: Instant(parsed(word()?)?),
        message: parsed(word()?)?,
        deleted: word()? != "0",
        profile_version: word()?.to_owned(),
        text: text_of(&row, "text", "packed")?,
        stands: None,
    })
}

fn parsed<T: FromStr>(word: &str) -> Result<T, StoreError> {
    word.parse().map_err(|_| inconsistent("version", "told"))
}
