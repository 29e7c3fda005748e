//! Which index leads a search, and the statements of searches.

use crate::search::{SearchOrder, SearchPlace, SearchQuery, SearchTest, Stretch};
use crate::search_text::{Text, by_id};
use crate::sql::{Dialect, Sql};
use crate::stand::{kinds, parts};
use crate::visible::{WHOLE, told, visible};

const PAGE: &str = visible!("visible_search", "SELECT ", told!("c"));
const TOTAL: &str = visible!("visible_count", "SELECT COUNT(*) AS total");
/// How the caller stands to a row and its parts. Not where everything that fits is sorted first: it would be asked
/// of all of it.
const STANDS: &str = concat!(
    ", ",
    kinds!("c.record", "c.owner"),
    " AS kinds, ",
    parts!("c.resource", "c.record", "c.owner"),
    " AS parts"
);
const VISIBLE: &str = " JOIN visible c ON c.resource = r.id AND c.version = r.current";
const WITH_DATE: &str = " LEFT JOIN search_index d ON d.resource = r.id AND d.param = 'date'";
/// As one row: a hundred rows of one column cost more than finding them.
const RECORDS: Sql = Sql {
    sqlite: "-- store.records_behind\nSELECT group_concat(DISTINCT b.record) AS records, COUNT(*) AS hits \
             FROM (SELECT ",
    postgres: "-- store.records_behind\nSELECT string_agg(DISTINCT b.record, ',') AS records, COUNT(*) AS hits \
               FROM (SELECT ",
};
/// The records of what is looked up, hidden or not, in the page's own statement: the leaf needs no other where they
/// are few.
const FEW_BEHIND: &str =
    ", (SELECT string_agg(b.record, ',') FROM (SELECT r.record FROM resource r";
const FEW_BEHIND_END: &str = " AND $1 LIKE '%,' || r.network || ',%' LIMIT 9) b) AS behind";
/// One less than the statement looks for: with as many there may be more.
pub(crate) const FEW: usize = 8;
const FITTING: &str = "-- store.search_is_broad\nSELECT COUNT(*) AS hits FROM (";

/// How the rows of a search come up.
#[derive(Clone, Copy)]
pub(crate) enum Way<'q> {
    /// What the index knows for the first criterion is looked up.
    LookedUp,
    /// The index of folded values is walked along, in its order; nobody looks further than the page's end.
    Folded(Walk<'q>),
    /// The resources of the type are walked along by their ids.
    Ids(Ids<'q>),
}

/// What the index is walked along by, and from where.
#[derive(Clone, Copy)]
pub(crate) struct Walk<'q> {
    pub(crate) begins: &'q str,
    pub(crate) contains: Option<&'q str>,
    pub(crate) after: Option<&'q SearchPlace>,
    pub(crate) to: Option<&'q SearchPlace>,
    /// A resource with several values that fit comes up once, with the least of them.
    pub(crate) once: bool,
}

/// From where to where ids are walked along.
#[derive(Clone, Copy)]
pub(crate) struct Ids<'q> {
    pub(crate) after: Option<&'q SearchPlace>,
    pub(crate) to: Option<&'q SearchPlace>,
}

impl<'q> Way<'q> {
    pub(crate) fn of(query: &'q SearchQuery, stretch: Stretch<'q>) -> Self {
        let (after, to) = (stretch.after, stretch.to);
        if let Some((begins, contains)) = folded(query, stretch.order) {
            return Self::Folded(Walk {
                begins,
                contains,
                after,
                to,
                once: true,
            });
        }
        if query.broad && by_id(stretch.order) {
            return Self::Ids(Ids { after, to });
        }
        Self::LookedUp
    }

    const fn from(self) -> &'static str {
        match self {
            Self::LookedUp => " FROM resource r",
            Self::Folded(_) => " FROM search_index w JOIN resource r ON r.id = w.resource",
            Self::Ids(_) => " FROM resource w JOIN resource r ON r.id = w.id",
        }
    }

    /// The resource's id, as what leads has it.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::LookedUp => "r.id",
            Self::Folded(_) => "w.resource",
            Self::Ids(_) => "w.id",
        }
    }

    /// What must hold of a row that somebody sees who sees residents' rows only of their own facility or in a relation:
    /// asked of what leads, before anything else of the row is read. `visible` says the same and more.
    pub(crate) const fn strangers(self) -> &'static str {
        match self {
            Self::LookedUp => {
                " AND (r.owner IS NULL OR r.owner = $2 OR EXISTS (SELECT 1 FROM relation z
            WHERE z.facility = $2 AND z.record = r.record))"
            }
            Self::Folded(_) | Self::Ids(_) => {
                " AND (w.owner IS NULL OR w.owner = $2 OR EXISTS (SELECT 1 FROM relation z
            WHERE z.facility = $2 AND z.record = w.record))"
            }
        }
    }

    const fn sorted(self) -> Option<&'static str> {
        match self {
            Self::LookedUp => None,
            Self::Folded(_) => Some(" ORDER BY w.folded, w.resource"),
            Self::Ids(_) => Some(" ORDER BY w.id"),
        }
    }
}

/// Only one beginning, or one text anywhere, is a walk: several would have to be merged.
fn folded(query: &SearchQuery, order: SearchOrder) -> Option<(&str, Option<&str>)> {
    if order != SearchOrder::Index {
        return None;
    }
    match &query.criteria.first()?.any[..] {
        [SearchTest::Begins(folded)] => Some((folded, None)),
        [SearchTest::Contains(folded)] => Some(("", Some(folded))),
        _ => None,
    }
}

/// The statement of a page. `strangers`: the caller sees residents' rows only of the own facility or in a relation.
pub(crate) fn page(
    query: &SearchQuery,
    (order, after): (SearchOrder, Option<&SearchPlace>),
    strangers: bool,
    limit: usize,
) -> Text {
    let to = None;
    let way = Way::of(query, Stretch { order, after, to });
    let mut text = Text::new(PAGE, 7);
    if with_stands(order) {
        text.say(STANDS);
    }
    if with_behind(query, order) {
        text.say(FEW_BEHIND);
        text.criteria(query, way, false);
        text.say(FEW_BEHIND_END);
    }
    text.say(", ").key(order).say(" AS sort_key, ");
    text.say(match way {
        Way::Folded(_) => "w.folded AS sort_text",
        Way::LookedUp | Way::Ids(_) => "CAST('' AS TEXT) AS sort_text",
    });
    text.say(way.from()).say(VISIBLE);
    if matches!(order, SearchOrder::Date { .. }) {
        text.say(WITH_DATE);
    }
    text.criteria(query, way, strangers);
    text.say(" AND c.deleted = 0").say(WHOLE);
    if let Some(sorted) = way.sorted() {
        text.say(sorted).so_many(limit);
    } else {
        text.page(order, after, limit);
    }
    text
}

/// Whether rows of a page in this order say how the caller stands to them.
pub(crate) const fn with_stands(order: SearchOrder) -> bool {
    by_id(order)
}

/// Whether rows of a page bring with them whom the page is about.
pub(crate) fn with_behind(query: &SearchQuery, order: SearchOrder) -> bool {
    by_id(order) && !query.broad && folded(query, order).is_none()
}

/// The statement of a total.
pub(crate) fn total(query: &SearchQuery, strangers: bool) -> Text {
    let way = Way::LookedUp;
    let mut text = Text::new(TOTAL, 7);
    text.say(way.from()).say(VISIBLE);
    text.criteria(query, way, strangers);
    text.say(" AND c.deleted = 0").say(WHOLE);
    text
}

/// The statement that names whom a stretch of a search is about, hidden or not: of so many hits. Networks as
/// `,a,b,`.
pub(crate) fn behind(
    dialect: Dialect,
    query: &SearchQuery,
    stretch: Stretch<'_>,
    networks: &str,
    hits: usize,
) -> Text {
    let mut way = Way::of(query, stretch);
    // From the beginning on, whoever comes up with another value came up with the least one, too.
    if let Way::Folded(walk) = &mut way {
        walk.once = walk.after.is_some();
    }
    let mut text = Text::new(RECORDS.of(dialect), 0);
    // Beside a folded value stands whose it is: the index is all that is read.
    let network = match way {
        Way::Folded(_) => {
            text.say("w.record FROM search_index w");
            "w.network"
        }
        Way::LookedUp | Way::Ids(_) => {
            text.say("r.record").say(way.from());
            "r.network"
        }
    };
    text.criteria(query, way, false);
    text.say(" AND ").text(networks).say(" LIKE '%,' || ");
    text.say(network).say(" || ',%'");
    // Looked up in no order: those that come up first, and nobody waits for the rest.
    if let Some(sorted) = way.sorted() {
        text.say(sorted);
    }
    text.so_many(hits);
    text.say(") b");
    text
}

/// The statement that counts what the index knows for the first criterion, up to a number; `None` where the index is
/// walked along anyway, or there is nothing to count.
pub(crate) fn fitting(query: &SearchQuery, at_most: usize) -> Option<Text> {
    let first = query.criteria.first()?;
    if folded(query, SearchOrder::Index).is_some() {
        return None;
    }
    let mut text = Text::new(FITTING, 0);
    text.looked_up(&query.resource_type, first);
    text.so_many(at_most);
    text.say(") b");
    Some(text)
}
