//! Histories: the versions of one resource, newest first, as far as the caller may see them.

use renkei_model::id::ResourceId;
use renkei_model::permit::Permit;
use renkei_store::VisibleVersion;
use serde_json::{Value, json};

use crate::house::House;
use crate::look::{Ask, Found, HistoryQuestion, LookError, Seen, recheck_all};
use crate::page;
use crate::render_bundle::{self, PageOf};

/// What cursors of histories are sealed for.
const PURPOSE: &str = "page of a history";

/// Where a page begins, and how long it is.
struct Place {
    before: i64,
    offset: usize,
    count: Option<usize>,
}

/// Answers a page of a history. Who may see the current version, deleted or not, sees it and the older ones
/// that are on shelves open to him; everybody else gets what is said of a resource that does not exist.
///
/// # Errors
/// [`LookError`].
pub(crate) async fn history(
    house: &House,
    ask: &Ask,
    permit: &Permit,
    asked: &HistoryQuestion,
) -> Result<Found, LookError> {
    let id: ResourceId = asked.id.parse().map_err(|_| LookError::Absent)?;
    let place = match &asked.cursor {
        None => Place {
            before: i64::MAX,
            offset: asked.offset,
            count: asked.count,
        },
        Some(cursor) => resume(house, ask, asked, cursor)?,
    };
    let kind = asked.resource_type.as_str();
    let total = house.store.visible_versions(permit, (kind, id)).await?;
    if total == 0 {
        return Err(LookError::Absent);
    }
    let limit = place
        .count
        .unwrap_or(house.limits.page)
        .min(house.limits.page_max);
    let range = (place.offset, limit.saturating_add(1));
    let mut found = house
        .store
        .visible_history(permit, (kind, id), place.before, range)
        .await?;
    let more = found.len() > limit && limit > 0;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| {
        let content =
            json!({ "type": kind, "id": asked.id, "before": last.version, "count": place.count });
        page::seal(house, ask, PURPOSE, content)
    });
    let seen: Vec<Seen> = recheck_all(house, permit, found).await?;
    let rows: Vec<&VisibleVersion> = seen.iter().map(|seen| &seen.row).collect();
    let count = place.count.map(|count| ("_count", count.to_string()));
    let sight = render_bundle::history(&PageOf {
        base: &ask.base,
        path: &format!("{kind}/{id}/_history"),
        resource_type: kind,
        rows,
        total: Some(total),
        settings: count.into_iter().collect(),
        next,
    });
    let mut found = Found::of(sight, &seen);
    if found.shelves.is_empty() {
        // A page without entries is still a look at somebody.
        let about = match asked.id.parse() {
            Ok(id) => house.store.record_behind(id).await?,
            Err(_) => None,
        };
        found
            .records
            .extend(about.iter().map(|(_, record)| *record));
        found.network = about.map(|(network, _)| network);
    }
    Ok(found)
}

fn resume(
    house: &House,
    ask: &Ask,
    asked: &HistoryQuestion,
    cursor: &str,
) -> Result<Place, LookError> {
    let content = page::open(house, ask, PURPOSE, cursor)?;
    let text = |name: &str| content.get(name).and_then(Value::as_str);
    let before = content.get("before").and_then(Value::as_i64);
    if text("type") != Some(asked.resource_type.as_str()) || text("id") != Some(&asked.id) {
        return Err(page::useless());
    }
    let count = content.get("count").and_then(Value::as_u64);
    Ok(Place {
        before: before.ok_or_else(page::useless)?,
        offset: 0,
        count: count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
    })
}
