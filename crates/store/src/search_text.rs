//! The statements of searches, put together from constant pieces. Everything else is bound.

use crate::search::{DateTest, SearchCriterion, SearchOrder, SearchPlace, SearchQuery, SearchTest};
use crate::sql::Query;
use crate::visible::{WHOLE, visible};

/// Records that a leaf names at most.
const BEHIND: i64 = 100;

const PAGE: &str = visible!(
    "visible_search",
    "SELECT c.resource, c.version, c.network, c.record, c.category, c.owner, c.sensitivity, c.at,
     c.message, c.deleted, c.profile_version, c.text"
);
const TOTAL: &str = visible!(
    "visible_count",
    "SELECT COUNT(*) AS total
     FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current"
);
const FROM: &str = " FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current";
const WITH_DATE: &str = " LEFT JOIN search_index d ON d.resource = r.id AND d.param = 'date'";
const RECORDS: &str = "-- store.records_behind\nSELECT DISTINCT r.record FROM resource r";

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

    /// What `resource r` must meet: ` WHERE … AND …`.
    fn criteria(&mut self, query: &SearchQuery) {
        self.say(" WHERE r.type = ").text(&query.resource_type);
        for (place, criterion) in query.criteria.iter().enumerate() {
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
            SearchTest::Value(value) => self.say("s.value = ").text(value),
            SearchTest::ValueWithoutSystem(value) => self
                .say("(s.value = ")
                .text(value)
                .say(" AND s.system IS NULL)"),
            SearchTest::ValueOf(system, value) => self
                .say("(s.value = ")
                .text(value)
                .say(" AND s.system = ")
                .text(system)
                .say(")"),
            SearchTest::Folded(folded) => self.say("s.folded = ").text(folded),
            SearchTest::Begins(folded) => self
                .say("(s.folded >= ")
                .text(folded)
                .say(" AND s.folded < ")
                .text(&format!("{folded}{}", char::MAX))
                .say(")"),
            SearchTest::Contains(folded) => self
                .say("s.folded LIKE ")
                .text(&anywhere(folded))
                .say(" ESCAPE '!'"),
            SearchTest::Date { how, low, high } => self.date(*how, *low, *high),
        };
    }

    /// Both ends where one would do: the index knows the beginnings.
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
                .say("(s.low < ")
                .number(low)
                .say(" OR s.high > ")
                .number(high)
                .say(")"),
            DateTest::EndsAfter => self.say("s.high > ").number(high),
            DateTest::BeginsBefore => self.say("s.low < ").number(low),
            DateTest::WithinOrAfter => self
                .say("(s.high > ")
                .number(high)
                .say(" OR s.low >= ")
                .number(low)
                .say(")"),
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
            SearchOrder::Id => self.say("CAST(0 AS BIGINT)"),
            SearchOrder::Updated { .. } => self.say("c.at"),
            SearchOrder::Date { descending } => {
                let last = if descending { i64::MIN } else { i64::MAX };
                self.say("COALESCE(d.low, ").number(last).say(")")
            }
        }
    }

    /// Rows after a place, in order, so many.
    fn page(&mut self, order: SearchOrder, after: Option<SearchPlace>, limit: usize) {
        let descending = matches!(
            order,
            SearchOrder::Date { descending: true } | SearchOrder::Updated { descending: true }
        );
        if let Some(after) = after {
            let id = after.id.to_string();
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
        self.say(" ORDER BY ");
        if order != SearchOrder::Id {
            self.say("sort_key")
                .say(if descending { " DESC, " } else { ", " });
        }
        self.say("r.id LIMIT ")
            .number(i64::try_from(limit).unwrap_or(i64::MAX));
    }
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
    after: Option<SearchPlace>,
    limit: usize,
) -> Text {
    let mut text = Text::new(PAGE, 7);
    text.say(", ").key(order).say(" AS sort_key").say(FROM);
    if matches!(order, SearchOrder::Date { .. }) {
        text.say(WITH_DATE);
    }
    text.criteria(query);
    text.say(" AND c.deleted = 0").say(WHOLE);
    text.page(order, after, limit);
    text
}

/// The statement of a total.
pub(crate) fn total(query: &SearchQuery) -> Text {
    let mut text = Text::new(TOTAL, 7);
    text.criteria(query);
    text.say(" AND c.deleted = 0").say(WHOLE);
    text
}

/// The statement that names whom a search is about, hidden or not. Networks as `,a,b,`.
pub(crate) fn behind(query: &SearchQuery, networks: &str) -> Text {
    let mut text = Text::new(RECORDS, 0);
    text.criteria(query);
    text.say(" AND ")
        .text(networks)
        .say(" LIKE '%,' || r.network || ',%'");
    // In no order: the first hundred that come up, and nobody waits for the rest.
    text.say(" LIMIT ").number(BEHIND);
    text
}

/// For the test that looks at their plans: every test as the one that is looked up, and every order.
#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let text = || "x".to_owned();
    let date = |how| SearchTest::Date {
        how,
        low: 1,
        high: 2,
    };
    let tests = [
        vec![SearchTest::Id(text()), SearchTest::Id(text())],
        vec![SearchTest::Value(text())],
        vec![
            SearchTest::ValueWithoutSystem(text()),
            SearchTest::ValueOf(text(), text()),
        ],
        vec![SearchTest::Folded(text())],
        vec![SearchTest::Begins(text()), SearchTest::Begins(text())],
        vec![SearchTest::Contains(text())],
        vec![date(DateTest::Within), date(DateTest::NotWithin)],
        vec![date(DateTest::EndsAfter), date(DateTest::BeginsBefore)],
        vec![
            date(DateTest::WithinOrAfter),
            date(DateTest::WithinOrBefore),
        ],
        vec![date(DateTest::After), date(DateTest::Before)],
    ];
    let place = SearchPlace {
        key: 1,
        id: renkei_model::id::ResourceId::new(),
    };
    let orders = [
        (SearchOrder::Id, None),
        (SearchOrder::Id, Some(place)),
        (SearchOrder::Date { descending: true }, Some(place)),
        (SearchOrder::Updated { descending: false }, Some(place)),
    ];
    let criterion = |any: &Vec<SearchTest>| SearchCriterion {
        param: text(),
        any: any.clone(),
    };
    let mut statements = Vec::new();
    for first in &tests {
        let query = SearchQuery {
            resource_type: text(),
            criteria: std::iter::once(first)
                .chain(&tests)
                .map(criterion)
                .collect(),
        };
        statements.extend(orders.map(|(order, after)| page(&query, order, after, 1).sql));
        statements.push(total(&query).sql);
    }
    statements
}
