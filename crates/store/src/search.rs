//! Searches and histories over `visible`: what is hidden is neither found nor counted, and takes no place
//! on a page.
//!
//! A statement is put together from constant pieces; everything that came from outside is bound. The
//! first criterion is the one that is looked up in the index, the others are asked of what it finds: give
//! the narrowest first.

use renkei_model::Permit;
use renkei_model::id::{RecordId, ResourceId};
use sqlx::AssertSqlSafe;

use crate::fault::StoreError;
use crate::permit::look_permit;
use crate::search_text::{Text, behind, page, total};
use crate::sql::Reader;
use crate::store::Store;
use crate::visible::{VisibleVersion, WHOLE, look_with, version_of, visible};

/// What a resource must be to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// `Patient`, `Observation`, ...
    pub resource_type: String,
    /// All of them must hold. The first is looked up in the index. Without any, nothing is found.
    pub criteria: Vec<SearchCriterion>,
}

/// One of the tests must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchCriterion {
    /// The stored parameter: `identifier`, `name`, `patient`, ...
    pub param: String,
    /// The tests. Never empty.
    pub any: Vec<SearchTest>,
}

/// How a stored value is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchTest {
    /// The resource's own id.
    Id(String),
    /// A value of any system, or without one.
    Value(String),
    /// A value that has no system.
    ValueWithoutSystem(String),
    /// A value of this system: system, value.
    ValueOf(String, String),
    /// The folded value is this.
    Folded(String),
    /// The folded value begins so.
    Begins(String),
    /// The folded value holds this somewhere.
    Contains(String),
    /// A date that stands so to `low` (inclusive) and `high` (exclusive), microseconds.
    Date {
        /// How.
        how: DateTest,
        /// First microsecond.
        low: i64,
        /// The microsecond after the last.
        high: i64,
    },
}

/// How a stored date stands to the one that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateTest {
    /// Lies in it.
    Within,
    /// Does not lie in it.
    NotWithin,
    /// Goes on after it.
    EndsAfter,
    /// Begins before it.
    BeginsBefore,
    /// Lies in it, or goes on after it.
    WithinOrAfter,
    /// Lies in it, or begins before it.
    WithinOrBefore,
    /// Begins after it.
    After,
    /// Ends before it.
    Before,
}

/// The order of what is found. What is equal in it is ordered by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchOrder {
    /// By id: in the order in which resources came for the first time.
    Id,
    /// By the parameter `date`, its first microsecond; what has none comes last.
    Date {
        /// Newest first.
        descending: bool,
    },
    /// By the time of the current version.
    Updated {
        /// Newest first.
        descending: bool,
    },
}

/// Where a page ended: the last row's place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchPlace {
    /// The sort key, microseconds; 0 in the order of ids.
    pub key: i64,
    /// The id.
    pub id: ResourceId,
}

/// A row that was found, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRow {
    /// The current version.
    pub row: VisibleVersion,
    /// Its place in the order.
    pub place: SearchPlace,
}

const HISTORY: &str = visible!(
    "visible_history",
    "SELECT a.* FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current
     JOIN visible a ON a.resource = r.id
     WHERE r.id = $8 AND r.type = $9 AND a.version < $10"
);
const HISTORY_TOTAL: &str = visible!(
    "visible_history",
    "SELECT COUNT(*) AS total FROM resource r
     JOIN visible c ON c.resource = r.id AND c.version = r.current JOIN visible a ON a.resource = r.id
     WHERE r.id = $8 AND r.type = $9"
);

impl Store {
    /// The next rows of a search that the caller may see, documents only whole, after a place. Deleted
    /// resources are not found.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_search(
        &self,
        permit: &Permit,
        query: &SearchQuery,
        order: SearchOrder,
        after: Option<SearchPlace>,
        limit: usize,
    ) -> Result<Vec<SearchRow>, StoreError> {
        if query.criteria.is_empty() {
            return Ok(Vec::new());
        }
        let Text { sql, arguments, .. } = page(query, order, after, limit);
        let statement = look_with(permit, sqlx::query(AssertSqlSafe(sql)))?;
        let rows = self.all(Text::bound(arguments, statement)).await?;
        rows.iter()
            .map(|row| {
                let key = Reader::new("search_index", row).number("sort_key")?;
                let row = version_of(row)?;
                let place = SearchPlace {
                    key,
                    id: row.resource,
                };
                Ok(SearchRow { row, place })
            })
            .collect()
    }

    /// How many resources a search finds that the caller may see.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_count(
        &self,
        permit: &Permit,
        query: &SearchQuery,
    ) -> Result<u64, StoreError> {
        if query.criteria.is_empty() {
            return Ok(0);
        }
        let Text { sql, arguments, .. } = total(query);
        let statement = look_with(permit, sqlx::query(AssertSqlSafe(sql)))?;
        let row = self.find(Text::bound(arguments, statement)).await?;
        counted(row.as_ref())
    }

    /// Whom a search is about on the permit's networks, at most a hundred, for the audit leaf of a search
    /// that the caller may see nothing of. What it finds must never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn records_behind(
        &self,
        permit: &Permit,
        query: &SearchQuery,
    ) -> Result<Vec<RecordId>, StoreError> {
        look_permit(permit, "resource")?;
        if query.criteria.is_empty() {
            return Ok(Vec::new());
        }
        let networks: String = permit
            .networks()
            .iter()
            .map(|network| format!("{network},"))
            .collect();
        let text = behind(query, &format!(",{networks}"));
        let statement = Text::bound(text.arguments, sqlx::query(AssertSqlSafe(text.sql)));
        let rows = self.all(statement).await?;
        let records = rows
            .iter()
            .map(|row| Reader::new("resource", row).parsed("record"));
        let mut records: Vec<RecordId> = records.collect::<Result<_, _>>()?;
        records.sort_unstable();
        Ok(records)
    }

    /// Versions of a resource before one, newest first, that the caller may see: the current version
    /// decides, and each version's own shelf. Nothing for what is absent or hidden.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_history(
        &self,
        permit: &Permit,
        (resource_type, id): (&str, ResourceId),
        before: i64,
        (skip, limit): (usize, usize),
    ) -> Result<Vec<VisibleVersion>, StoreError> {
        let mut text = Text::new(HISTORY, 10);
        text.say(WHOLE)
            .say(" ORDER BY a.version DESC LIMIT ")
            .number(i64::try_from(limit).unwrap_or(i64::MAX));
        text.say(" OFFSET ")
            .number(i64::try_from(skip).unwrap_or(i64::MAX));
        let statement = look_with(permit, sqlx::query(AssertSqlSafe(text.sql)))?
            .bind(id.to_string())
            .bind(resource_type.to_owned())
            .bind(before);
        let rows = self.all(Text::bound(text.arguments, statement)).await?;
        rows.iter().map(version_of).collect()
    }

    /// How many versions of a resource the caller may see; 0 for what is absent or hidden.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_versions(
        &self,
        permit: &Permit,
        (resource_type, id): (&str, ResourceId),
    ) -> Result<u64, StoreError> {
        let mut text = Text::new(HISTORY_TOTAL, 9);
        text.say(WHOLE);
        let statement = look_with(permit, sqlx::query(AssertSqlSafe(text.sql)))?
            .bind(id.to_string())
            .bind(resource_type.to_owned());
        let row = self.find(statement).await?;
        counted(row.as_ref())
    }
}

fn counted(row: Option<&sqlx::any::AnyRow>) -> Result<u64, StoreError> {
    let total = row.map_or(Ok(0), |row| Reader::new("version", row).number("total"))?;
    Ok(u64::try_from(total).unwrap_or(0))
}

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let mut statements = crate::search_text::statements();
    statements.push(format!(
        "{HISTORY}{WHOLE} ORDER BY a.version DESC LIMIT $11 OFFSET $12"
    ));
    statements.push(format!("{HISTORY_TOTAL}{WHOLE}"));
    statements
}
