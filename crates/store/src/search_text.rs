//! The statements of searches, put together from constant pieces. Everything else is bound.

use crate::search::{
    DateTest, SearchCriterion, SearchOrder, SearchPlace, SearchQuery, SearchTest, Stretch,
};
use crate::sql::{Dialect, Query, Sql};
use crate::visible::{WHOLE, told, visible};

const PAGE: &str = visible!("visible_search", "SELECT ", told!("c"));
const TOTAL: &str = visible!(
    "visible_count",
    "SELECT COUNT(*) AS total
     FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current"
);
const FROM: &str = " FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current";
const WITH_DATE: &str = " LEFT JOIN search_index d ON d.resource = r.id AND d.param = 'date'";
/// The index leads: its rows come in its order, and nobody looks further than the page's end.
const WALK: &str = " FROM search_index s JOIN resource r ON r.id = s.resource
     JOIN visible c ON c.resource = r.id AND c.version = r.current";
/// As one row: a hundred rows of one column cost more than finding them.
const RECORDS: Sql = Sql {
    sqlite: "-- store.records_behind\nSELECT group_concat(DISTINCT b.record) AS records, COUNT(*) AS hits \
             FROM (SELECT r.record",
    postgres: "-- store.records_behind\nSELECT string_agg(DISTINCT b.record, ',') AS records, COUNT(*) AS hits \
               FROM (SELECT r.record",
};

/// A statement that grows, with its arguments.
pub(crate) struct Text {
    pub(crate) sql: String,
    pub(crate) arguments: Vec<Argument>,
    /// How many arguments stand before ours.
    before: usize,
}

/// What a placeholder stands for.
pub(crate) enum Argument {
    Text(String),
    Number(i64),
}

impl Text {
    pub(crate) fn new(sql: &'static str, before: usize) -> Self {
        Self {
            sql: sql.to_owned(),
            arguments: Vec::new(),
            before,
        }
    }

    /// A constant piece.
    pub(crate) fn say(&mut self, piece: &'static str) -> &mut Self {
        self.sql.push_str(piece);
        self
    }

    /// The next placeholder, and what it stands for.
    fn bind(&mut self, argument: Argument) -> &mut Self {
        self.arguments.push(argument);
        let place = self.before + self.arguments.len();
        self.sql.push('$');
        self.sql.push_str(&place.to_string());
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bind(Argument::Text(text.to_owned()))
    }

    pub(crate) fn number(&mut self, number: i64) -> &mut Self {
        self.bind(Argument::Number(number))
    }

    /// Binds what was collected after what `query` has.
    pub(crate) fn bound(arguments: Vec<Argument>, query: Query) -> Query {
        arguments
            .into_iter()
            .fold(query, |query, argument| match argument {
                Argument::Text(text) => query.bind(text),
                Argument::Number(number) => query.bind(number),
            })
    }

    /// What `resource r` must meet: ` WHERE … AND …`. Where the index leads, the first criterion is the walk.
    fn criteria(&mut self, query: &SearchQuery, walked: Option<Walk<'_>>) {
        self.say(" WHERE r.type = ").text(&query.resource_type);
        for (place, criterion) in query.criteria.iter().enumerate() {
            if place == 0
                && let Some(walk) = walked
            {
                self.walked(&query.resource_type, &criterion.param, walk);
                continue;
            }
            let ids = criterion
                .any
                .iter()
                .all(|test| matches!(test, SearchTest::Id(_)));
            if ids {
                self.ids(criterion);
            } else if place == 0 {
                self.looked_up(&query.resource_type, criterion);
            } else {
                self.asked(criterion);
            }
        }
    }

    fn ids(&mut self, criterion: &SearchCriterion) {
        self.say(" AND r.id IN (");
        for (place, test) in criterion.any.iter().enumerate() {
            if place > 0 {
                self.say(", ");
            }
            if let SearchTest::Id(id) = test {
                self.text(id);
            }
        }
        self.say(")");
    }

    /// The resources that the index knows for one of the tests.
    fn looked_up(&mut self, resource_type: &str, criterion: &SearchCriterion) {
        self.say(" AND r.id IN (");
        for (place, test) in criterion.any.iter().enumerate() {
            if place > 0 {
                self.say(" UNION ALL ");
            }
            self.say(" SELECT s.resource FROM search_index s WHERE s.type = ")
                .text(resource_type);
            self.say(" AND s.param = ")
                .text(&criterion.param)
                .say(" AND ");
            self.test(test);
        }
        self.say(")");
    }

    /// Rows of the index in its order, from a place on. Of several values of a resource that fit, the least one
    /// counts.
    fn walked(&mut self, resource_type: &str, param: &str, walk: Walk<'_>) {
        // Said although it follows: SQLite must know that the index, which has only such rows, will do.
        self.say(" AND s.folded IS NOT NULL AND s.type = ")
            .text(resource_type)
            .say(" AND s.param = ")
            .text(param)
            .say(" AND ");
        if let Some(after) = walk.after {
            self.say("(s.folded, s.resource) > (")
                .text(&after.text)
                .say(", ")
                .text(&after.id.to_string())
                .say(") AND ");
        }
        if walk.after.is_none() {
            self.say("s.folded >= ").text(walk.begins).say(" AND ");
        }
        if let Some(to) = walk.to {
            self.say("(s.folded, s.resource) <= (")
                .text(&to.text)
                .say(", ")
                .text(&to.id.to_string())
                .say(") AND ");
        }
        self.say("s.folded ").fits(walk);
        self.say(
            " AND NOT EXISTS (SELECT 1 FROM search_index e WHERE e.resource = s.resource AND e.param = ",
        )
        .text(param)
        .say(" AND e.folded < s.folded AND e.folded >= ")
        .text(walk.begins)
        .say(" AND e.folded ")
        .fits(walk)
        .say(")");
    }

    fn fits(&mut self, walk: Walk<'_>) -> &mut Self {
        match walk.contains {
            Some(text) => self
                .say("LIKE (")
                .text(&anywhere(text))
                .say(" || '') ESCAPE '!'"),
            None => self.say("< ").text(&beyond(walk.begins)),
        }
    }

    /// Whether a resource that was found has one of the values.
    fn asked(&mut self, criterion: &SearchCriterion) {
        self.say(
            " AND EXISTS (SELECT 1 FROM search_index s WHERE s.resource = r.id AND s.param = ",
        )
        .text(&criterion.param)
        .say(" AND (");
        for (place, test) in criterion.any.iter().enumerate() {
            if place > 0 {
                self.say(" OR ");
            }
            self.test(test);
        }
        self.say("))");
    }

    fn test(&mut self, test: &SearchTest) {
        match test {
            SearchTest::Id(id) => self.say("s.resource = ").text(id),
            // The index of values leaves dates out.
            SearchTest::Value(value) => self
                .say("(s.low IS NULL AND s.value = ")
                .text(value)
                .say(")"),
            SearchTest::ValueWithoutSystem(value) => self
                .say("(s.low IS NULL AND s.value = ")
                .text(value)
                .say(" AND s.system IS NULL)"),
            SearchTest::ValueOf(system, value) => self
                .say("(s.low IS NULL AND s.value = ")
                .text(value)
                .say(" AND s.system = ")
                .text(system)
                .say(")"),
            SearchTest::Folded(folded) => self.say("s.folded = ").text(folded),
            SearchTest::Begins(folded) => self
                .say("(s.folded >= ")
                .text(folded)
                .say(" AND s.folded < ")
                .text(&beyond(folded))
                .say(")"),
            SearchTest::Contains(folded) => self
                .say("(s.folded IS NOT NULL AND s.folded LIKE (")
                .text(&anywhere(folded))
                .say(" || '') ESCAPE '!')"),
            SearchTest::Date { how, low, high } => self.date(*how, *low, *high),
        };
    }

    /// Both ends where one would do: the index knows the beginnings, and only of what has one.
    fn date(&mut self, how: DateTest, low: i64, high: i64) -> &mut Self {
        match how {
            DateTest::Within => self
                .say("(s.low >= ")
                .number(low)
                .say(" AND s.low < ")
                .number(high)
                .say(" AND s.high <= ")
                .number(high)
                .say(")"),
            DateTest::NotWithin => self
                .say("(s.low IS NOT NULL AND (s.low < ")
                .number(low)
                .say(" OR s.high > ")
                .number(high)
                .say("))"),
            DateTest::EndsAfter => self
                .say("(s.low IS NOT NULL AND s.high > ")
                .number(high)
                .say(")"),
            DateTest::BeginsBefore => self.say("s.low < ").number(low),
            DateTest::WithinOrAfter => self
                .say("(s.low IS NOT NULL AND (s.high > ")
                .number(high)
                .say(" OR s.low >= ")
                .number(low)
                .say("))"),
            DateTest::WithinOrBefore => self
                .say("(s.low < ")
                .number(high)
                .say(" AND (s.low < ")
                .number(low)
                .say(" OR s.high <= ")
                .number(high)
                .say("))"),
            DateTest::After => self.say("s.low >= ").number(high),
            DateTest::Before => self
                .say("(s.low < ")
                .number(low)
                .say(" AND s.high <= ")
                .number(low)
                .say(")"),
        }
    }

    /// The sort key of a row.
    fn key(&mut self, order: SearchOrder) -> &mut Self {
        match order {
            SearchOrder::Id | SearchOrder::Index => self.say("CAST(0 AS BIGINT)"),
            SearchOrder::Updated { .. } => self.say("c.at"),
            SearchOrder::Date { descending } => {
                let last = if descending { i64::MIN } else { i64::MAX };
                self.say("COALESCE(d.low, ").number(last).say(")")
            }
        }
    }

    /// Rows after a place, in order, so many.
    fn page(&mut self, order: SearchOrder, after: Option<&SearchPlace>, limit: usize) {
        let descending = matches!(
            order,
            SearchOrder::Date { descending: true } | SearchOrder::Updated { descending: true }
        );
        if let Some(after) = after {
            let id = after.id.to_string();
            if by_id(order) {
                self.say(" AND r.id > ").text(&id);
            } else {
                let beyond = if descending { " < " } else { " > " };
                self.say(" AND (")
                    .key(order)
                    .say(beyond)
                    .number(after.key)
                    .say(" OR (");
                self.key(order)
                    .say(" = ")
                    .number(after.key)
                    .say(" AND r.id > ")
                    .text(&id)
                    .say("))");
            }
        }
        self.say(" ORDER BY ");
        if !by_id(order) {
            self.say("sort_key")
                .say(if descending { " DESC, " } else { ", " });
        }
        self.say("r.id");
        self.so_many(limit);
    }

    /// A sum, because SQLite plans anew each time where it could look at a bound limit itself.
    pub(crate) fn so_many(&mut self, limit: usize) -> &mut Self {
        self.say(" LIMIT (")
            .number(i64::try_from(limit).unwrap_or(i64::MAX))
            .say(" + 0)")
    }
}

/// What the index is walked along by, and from where.
#[derive(Clone, Copy)]
struct Walk<'q> {
    begins: &'q str,
    contains: Option<&'q str>,
    after: Option<&'q SearchPlace>,
    to: Option<&'q SearchPlace>,
}

/// Only one beginning, or one text anywhere, is a walk: several would have to be merged.
fn walk<'q>(query: &'q SearchQuery, stretch: Stretch<'q>) -> Option<Walk<'q>> {
    if stretch.order != SearchOrder::Index {
        return None;
    }
    let (begins, contains) = match &query.criteria.first()?.any[..] {
        [SearchTest::Begins(folded)] => (&**folded, None),
        [SearchTest::Contains(folded)] => ("", Some(&**folded)),
        _ => return None,
    };
    Some(Walk {
        begins,
        contains,
        after: stretch.after,
        to: stretch.to,
    })
}

/// Where no walk gives another order.
const fn by_id(order: SearchOrder) -> bool {
    matches!(order, SearchOrder::Id | SearchOrder::Index)
}

/// The value after the last that begins so.
fn beyond(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

/// A pattern that finds a text anywhere; nothing in the text is a wildcard.
fn anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The statement of a page.
pub(crate) fn page(
    query: &SearchQuery,
    order: SearchOrder,
    after: Option<&SearchPlace>,
    limit: usize,
) -> Text {
    let to = None;
    let walked = walk(query, Stretch { order, after, to });
    let mut text = Text::new(PAGE, 7);
    text.say(", ").key(order).say(" AS sort_key");
    match walked {
        Some(_) => text.say(", s.folded AS sort_text").say(WALK),
        None => text.say(", CAST('' AS TEXT) AS sort_text").say(FROM),
    };
    if matches!(order, SearchOrder::Date { .. }) {
        text.say(WITH_DATE);
    }
    text.criteria(query, walked);
    text.say(" AND c.deleted = 0").say(WHOLE);
    if walked.is_some() {
        text.say(" ORDER BY s.folded, s.resource").so_many(limit);
    } else {
        text.page(order, after, limit);
    }
    text
}

/// The statement of a total.
pub(crate) fn total(query: &SearchQuery) -> Text {
    let mut text = Text::new(TOTAL, 7);
    text.criteria(query, None);
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
    let walked = walk(query, stretch);
    let mut text = Text::new(RECORDS.of(dialect), 0);
    text.say(match walked {
        Some(_) => " FROM search_index s JOIN resource r ON r.id = s.resource",
        None => " FROM resource r",
    });
    text.criteria(query, walked);
    text.say(" AND ")
        .text(networks)
        .say(" LIKE '%,' || r.network || ',%'");
    // Without a walk in no order: those that come up first, and nobody waits for the rest.
    if walked.is_some() {
        text.say(" ORDER BY s.folded, s.resource");
    }
    text.so_many(hits);
    text.say(") b");
    text
}
