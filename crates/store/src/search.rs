//! Searches and histories over `visible`: what is hidden is neither found nor counted, and takes no place
//! on a page.
//!
//! A statement is put together from constant pieces; everything that came from outside is bound. The
//! first criterion is the one that is looked up in the index, the others are asked of what it finds: give
//! the narrowest first.

use renkei_model::Permit;
use renkei_model::id::{RecordId, ResourceId};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::permit::look_permit;
use crate::search_text::Text;
use crate::search_way::{FEW, behind, fitting, page, total, with_behind, with_stands};
use crate::sql::Reader;
use crate::stand::stands_of;
use crate::store::Store;
use crate::visible::{VisibleVersion, WHOLE, look_with, told, version_of, visible};

/// Records that a leaf names at most.
const BEHIND: usize = 100;

/// Rows from which on a criterion is broad: looking up so many takes some ten milliseconds, as long as walking past
/// the hidden ones of a large region.
const BROAD: usize = 5_000;

/// What a resource must be to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// `Patient`, `Observation`, ...
    pub resource_type: String,
    /// All of them must hold. The first is looked up in the index. Without any, nothing is found.
    pub criteria: Vec<SearchCriterion>,
    /// So much is known for the first criterion that looking it all up would take longer than going through the
    /// resources of the type until a page is full. Changes neither what is found nor its order. See
    /// [`Store::search_is_broad`].
    pub broad: bool,
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
    /// In the order of the index that leads: by the folded value that fits (of several the least, compared byte
    /// by byte), if the first criterion is one [`SearchTest::Begins`] or one [`SearchTest::Contains`]; else by
    /// id. What comes first is found without looking at the rest, however much there is.
    Index,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPlace {
    /// The sort key, microseconds; 0 in the orders that have none.
    pub key: i64,
    /// The folded value in the order of the index; empty in every other.
    pub text: String,
    /// The id.
    pub id: ResourceId,
}

/// The stretch of what is found that a page looked at.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'s> {
    /// The page's order.
    pub order: SearchOrder,
    /// Where the page before it ended.
    pub after: Option<&'s SearchPlace>,
    /// The last row of a full page; `None` when it looked to the end of what is found.
    pub to: Option<&'s SearchPlace>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The rows, in the page's order.
    pub rows: Vec<SearchRow>,
    /// What [`Store::records_behind`] says of the page, where few fit and the page's statement told it; `None`:
    /// ask there. Must never reach a caller.
    pub behind: Option<Vec<RecordId>>,
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
    "SELECT ",
    told!("a"),
    " FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current
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
        after: Option<&SearchPlace>,
        limit: usize,
    ) -> Result<SearchPage, StoreError> {
        let mut found: Vec<SearchRow> = Vec::new();
        let mut behind = None;
        if query.criteria.is_empty() {
            return Ok(SearchPage {
                rows: found,
                behind,
            });
        }
        let strangers = self.sees_no_stranger(permit).await?;
        // A resource that has a value twice comes twice, one after the other; those on the next page all lie
        // behind this place.
        let mut after = after.cloned();
        while found.len() < limit {
            let asked = limit - found.len();
            let text = page(query, (order, after.as_ref()), strangers, asked);
            let statement = look_with(permit, sqlx::query(AssertSqlSafe(text.sql)))?;
            let statement = Text::bound(text.arguments, statement);
            let rows = if with_behind(query, order) {
                self.all_short(statement).await?
            } else {
                self.all(statement).await?
            };
            if let Some(row) = rows.first().filter(|_| with_behind(query, order)) {
                behind = few_behind(row)?;
            }
            for row in &rows {
                let row = found_of(row, permit, order)?;
                if found
                    .last()
                    .is_none_or(|last| last.place.id != row.place.id)
                {
                    found.push(row);
                }
            }
            if rows.len() < asked {
                break;
            }
            after = found.last().map(|last| last.place.clone());
        }
        let rows = found;
        Ok(SearchPage { rows, behind })
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
        let text = total(query, self.sees_no_stranger(permit).await?);
        let statement = look_with(permit, sqlx::query(AssertSqlSafe(text.sql)))?;
        let row = self.find(Text::bound(text.arguments, statement)).await?;
        counted(row.as_ref())
    }

    /// Whether the index knows so much for the first criterion that [`SearchQuery::broad`] is the shorter way. Counts
    /// hidden and visible alike, and so must never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn search_is_broad(
        &self,
        permit: &Permit,
        query: &SearchQuery,
    ) -> Result<bool, StoreError> {
        look_permit(permit, "search_index")?;
        let Some(text) = fitting(query, BROAD) else {
            return Ok(false);
        };
        let statement = sqlx::query(AssertSqlSafe(text.sql));
        let row = self.find(Text::bound(text.arguments, statement)).await?;
        let row = row.ok_or(inconsistent("search_index", "a count without a row"))?;
        let hits = Reader::new("search_index", &row).number("hits")?;
        Ok(usize::try_from(hits).unwrap_or(0) >= BROAD)
    }

    /// Whom a page of a search is about on the permit's networks, at most a hundred, for the audit leaf: those
    /// whom it shows and those whom it passed over, also if the caller may see nothing of them. In the order
    /// of the index, and where the search is broad by id, the page's last row ends it; in other orders nobody knows
    /// who lay behind that, and those who come up first are named. What it finds must never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn records_behind(
        &self,
        permit: &Permit,
        query: &SearchQuery,
        stretch: Stretch<'_>,
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
        let networks = format!(",{networks}");
        // A record may have many hits: then more of them are looked at.
        let mut hits = BEHIND;
        loop {
            let text = behind(self.dialect(), query, stretch, &networks, hits);
            let statement = Text::bound(text.arguments, sqlx::query(AssertSqlSafe(text.sql)));
            let row = self.find(statement).await?;
            let row = row.ok_or(inconsistent("resource", "a count without a row"))?;
            let row = Reader::new("resource", &row);
            let found = usize::try_from(row.number("hits")?).unwrap_or(0);
            let records = row.text_or_null("records")?.unwrap_or_default();
            let records = records.split(',').filter(|record| !record.is_empty());
            let records: Result<Vec<RecordId>, _> = records.map(str::parse).collect();
            let mut records = records.map_err(|_| inconsistent("resource", "record"))?;
            if records.len() >= BEHIND || found < hits {
                records.truncate(BEHIND);
                records.sort_unstable();
                return Ok(records);
            }
            hits = hits.saturating_mul(8);
        }
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
            .say(" ORDER BY a.version DESC")
            .so_many(limit);
        text.say(" OFFSET (")
            .number(i64::try_from(skip).unwrap_or(i64::MAX))
            .say(" + 0)");
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

fn found_of(row: &AnyRow, permit: &Permit, order: SearchOrder) -> Result<SearchRow, StoreError> {
    let reader = Reader::new("search_index", row);
    let (key, text) = (reader.number("sort_key")?, reader.text("sort_text")?);
    let mut version = version_of(row)?;
    if with_stands(order) {
        let stands = stands_of(row, &version.shelf, permit.caller())?;
        version.stands = Some(stands);
    }
    let id = version.resource;
    Ok(SearchRow {
        row: version,
        place: SearchPlace { key, text, id },
    })
}

/// Whom a page is about, if that is all.
fn few_behind(row: &AnyRow) -> Result<Option<Vec<RecordId>>, StoreError> {
    let records = Reader::new("resource", row).text_or_null("behind")?;
    let records = records.unwrap_or_default();
    let records: Result<Vec<RecordId>, _> = records.split(',').map(str::parse).collect();
    let mut records = records.map_err(|_| inconsistent("resource", "record"))?;
    if records.len() > FEW {
        return Ok(None);
    }
    records.sort_unstable();
    records.dedup();
    Ok(Some(records))
}

fn counted(row: Option<&AnyRow>) -> Result<u64, StoreError> {
    let total = row.map_or(Ok(0), |row| Reader::new("version", row).number("total"))?;
    Ok(u64::try_from(total).unwrap_or(0))
}

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    vec![
        format!("{HISTORY}{WHOLE} ORDER BY a.version DESC LIMIT ($11 + 0) OFFSET ($12 + 0)"),
        format!("{HISTORY_TOTAL}{WHOLE}"),
    ]
}
