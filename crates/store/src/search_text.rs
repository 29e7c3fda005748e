//! The statements of searches, put together from constant pieces. Everything else is bound.

use crate::search::{DateTest, SearchCriterion, SearchOrder, SearchPlace, SearchQuery, SearchTest};
use crate::search_way::{Ids, Walk, Way};
use crate::sql::Query;

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

    /// What a resource must meet: ` WHERE … AND …`. Each criterion is asked in its place, but the first leads.
    pub(crate) fn criteria(&mut self, query: &SearchQuery, way: Way<'_>, strangers: bool) {
        self.leading(query, way);
        if strangers {
            self.say(way.strangers());
        }
        for (place, criterion) in query.criteria.iter().enumerate() {
            match (place, way) {
                (0, Way::Folded(walk)) if walk.once => self.least(&criterion.param, walk),
                (0, Way::Folded(_)) => {}
                (0, Way::LookedUp) if !only_ids(criterion) => {}
                _ if only_ids(criterion) => self.ids(criterion, way),
                _ => self.asked(criterion, way),
            }
        }
    }

    /// What leads: an index, and where in it to begin and to end.
    fn leading(&mut self, query: &SearchQuery, way: Way<'_>) {
        let first = query.criteria.first();
        match (way, first) {
            (Way::Folded(walk), Some(first)) => {
                self.walked(&query.resource_type, &first.param, walk);
            }
            (Way::Ids(ids), _) => self.by_ids(&query.resource_type, ids),
            _ => {
                // By its id a resource is found in one step; an index that knows the type too would be a second.
                self.say(" WHERE (r.type || '') = ")
                    .text(&query.resource_type);
                if let Some(first) = first.filter(|first| !only_ids(first)) {
                    self.say(" AND r.id IN (");
                    self.looked_up(&query.resource_type, first);
                    self.say(")");
                }
            }
        }
    }

    fn ids(&mut self, criterion: &SearchCriterion, way: Way<'_>) {
        self.say(" AND ").say(way.id()).say(" IN (");
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

    /// The resources that the index knows for one of the tests, each as often as it knows them.
    pub(crate) fn looked_up(&mut self, resource_type: &str, criterion: &SearchCriterion) {
        for (place, test) in criterion.any.iter().enumerate() {
            if place > 0 {
                self.say(" UNION ALL");
            }
            self.say(" SELECT s.resource FROM search_index s WHERE s.type = ")
                .text(resource_type);
            self.say(" AND s.param = ")
                .text(&criterion.param)
                .say(" AND ");
            self.test(test);
        }
    }

    /// All resources of a type in the order of their ids, from one on.
    fn by_ids(&mut self, resource_type: &str, ids: Ids<'_>) {
        self.say(" WHERE w.type = ").text(resource_type);
        if let Some(after) = ids.after {
            self.say(" AND w.id > ").text(&after.id.to_string());
        }
        if let Some(to) = ids.to {
            self.say(" AND w.id <= ").text(&to.id.to_string());
        }
    }

    /// Rows of the index in its order, from a place on.
    fn walked(&mut self, resource_type: &str, param: &str, walk: Walk<'_>) {
        // Said although it follows: SQLite must know that the index, which has only such rows, will do.
        self.say(" WHERE w.folded IS NOT NULL AND w.type = ")
            .text(resource_type)
            .say(" AND w.param = ")
            .text(param)
            .say(" AND ");
        match walk.after {
            Some(after) => self
                .say("(w.folded, w.resource) > (")
                .text(&after.text)
                .say(", ")
                .text(&after.id.to_string())
                .say(")"),
            None => self.say("w.folded >= ").text(walk.begins),
        };
        if let Some(to) = walk.to {
            self.say(" AND (w.folded, w.resource) <= (")
                .text(&to.text)
                .say(", ")
                .text(&to.id.to_string())
                .say(")");
        }
        self.say(" AND w.folded ").fits(walk);
    }

    /// Of several values of a resource that fit, the least one counts.
    fn least(&mut self, param: &str, walk: Walk<'_>) {
        self.say(
            " AND NOT EXISTS (SELECT 1 FROM search_index e WHERE e.resource = w.resource AND e.param = ",
        )
        .text(param)
        .say(" AND e.folded < w.folded AND e.folded >= ")
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

    /// Whether a resource that was found has one of the values. Along a walk it is no join: PostgreSQL would gather
    /// everything that has one.
    fn asked(&mut self, criterion: &SearchCriterion, way: Way<'_>) {
        let (before, behind) = match way {
            Way::LookedUp => (" AND EXISTS (", ")"),
            Way::Folded(_) | Way::Ids(_) => (" AND CASE WHEN EXISTS (", ") THEN 1 ELSE 0 END = 1"),
        };
        self.say(before)
            .say(" SELECT 1 FROM search_index s WHERE s.resource = ")
            .say(way.id())
            .say(" AND s.param = ")
            .text(&criterion.param)
            .say(" AND (");
        for (place, test) in criterion.any.iter().enumerate() {
            if place > 0 {
                self.say(" OR ");
            }
            self.test(test);
        }
        self.say(")").say(behind);
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
    pub(crate) fn key(&mut self, order: SearchOrder) -> &mut Self {
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
    pub(crate) fn page(&mut self, order: SearchOrder, after: Option<&SearchPlace>, limit: usize) {
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

fn only_ids(criterion: &SearchCriterion) -> bool {
    let mut tests = criterion.any.iter();
    tests.all(|test| matches!(test, SearchTest::Id(_)))
}

/// Where no walk gives another order.
pub(crate) const fn by_id(order: SearchOrder) -> bool {
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
