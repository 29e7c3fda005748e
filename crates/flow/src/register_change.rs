//! What the office's words about staff change: pure. Known employments and what was said go in, rows to
//! write and the change of each line in words come out.
//!
//! What a line means:
//! - It is about one employment: a number, a facility, a profession. One that is known and not over is
//!   meant by it; the line's name and end replace the known ones, and an empty end means "open".
//! - One that is not known begins, and everything else that the person does here and that the file does not
//!   also list ends when it begins: somebody who moved works at one place. Who works at two places has two
//!   lines.
//! - What is over stays as it is, unless a line names its very first day or tells its end anew.

use std::collections::BTreeMap;

use renkei_model::clock::Instant;
use renkei_model::id::{FacilityCode, NetworkName, StaffId};
use renkei_model::lists::Profession;
use renkei_store::{ALWAYS, Employment};

/// What was said of an employment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line of the file, or the position in the list.
    pub place: usize,
    /// The office's number of the person.
    pub id: StaffId,
    /// Their name.
    pub name: String,
    /// As what they work.
    pub profession: Profession,
    /// Where they work.
    pub facility: FacilityCode,
    /// From when; none if that was not said.
    pub since: Option<Instant>,
    /// Until when (exclusive); none if it is open.
    pub until: Option<Instant>,
}

/// Kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Somebody begins who does nothing else here.
    Added,
    /// An end was set, or another one.
    Ended,
    /// From one facility to another.
    Moved,
    /// Another profession at the same facility.
    ProfessionChanged,
    /// Name, beginning, or an end that was taken back.
    Changed,
    /// Nothing.
    Unchanged,
}

impl What {
    /// Every kind, in the order in which answers list them.
    pub const ALL: [Self; 6] = [
        Self::Added,
        Self::Ended,
        Self::Moved,
        Self::ProfessionChanged,
        Self::Changed,
        Self::Unchanged,
    ];

    /// The word in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Ended => "ended",
            Self::Moved => "moved",
            Self::ProfessionChanged => "professionChanged",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What one line changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line of the file, or the position in the list.
    pub place: usize,
    /// The kind.
    pub what: What,
    /// As it was: the employment that the line means, or those that end because it begins.
    pub before: Vec<Employment>,
    /// As it is then.
    pub after: Employment,
}

/// Columns that can be wrong for a reason that only the directory knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The office's number.
    Id,
    /// The end.
    Until,
}

/// Something that cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snag {
    /// The line of the file, or the position in the list.
    pub place: usize,
    /// The column.
    pub column: Column,
    /// The rule.
    pub rule: &'static str,
}

/// Everything that the words change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// A change for each line, in their order.
    pub changes: Vec<Change>,
    /// Rows to write.
    pub puts: Vec<Employment>,
    /// Rows to take out, before the others are written.
    pub drops: Vec<Employment>,
    /// What cannot be done. With one of these nothing is.
    pub snags: Vec<Snag>,
}

const TWICE: &str =
    "同じ職員・施設・職種が二度あります / the same person, facility and profession twice";
const NO_TIME: &str = "終了日が開始日より前です / ends before it begins";
const NOTHING_TO_END: &str = "終わらせる在職がありません。番号・施設・職種を確かめるか、開始日も書いてください / there is no such employment to end; check number, facility and profession, or give its first day too";

/// Compares what was said with what is known of the same people.
#[must_use]
pub fn plan(network: &NetworkName, entries: &[Entry], known: &[Employment], now: Instant) -> Plan {
    let mut people: BTreeMap<&StaffId, (Vec<&Entry>, Vec<&Employment>)> = BTreeMap::new();
    for entry in entries {
        people.entry(&entry.id).or_default().0.push(entry);
    }
    for row in known {
        if let Some((_, rows)) = people.get_mut(&row.id) {
            rows.push(row);
        }
    }
    let mut plan = Plan::default();
    for (said, known) in people.into_values() {
        Person {
            network,
            known,
            now,
        }
        .plan(&said, &mut plan);
    }
    plan.changes.sort_by_key(|change| change.place);
    plan.snags.sort_by_key(|snag| snag.place);
    plan
}

/// One person, as the directory knows them.
struct Person<'a> {
    network: &'a NetworkName,
    known: Vec<&'a Employment>,
    now: Instant,
}

impl Person<'_> {
    fn plan(&self, said: &[&Entry], plan: &mut Plan) {
        let mut meant: Vec<&Employment> = Vec::new();
        let mut begins: Vec<&Entry> = Vec::new();
        for (position, entry) in said.iter().enumerate() {
            let same = |one: &&&Entry| {
                one.facility == entry.facility && one.profession == entry.profession
            };
            if said.iter().take(position).any(|one| same(&one)) {
                plan.snag(entry, Column::Id, TWICE);
                continue;
            }
            match self.meant(entry) {
                Some(row) => {
                    meant.push(row);
                    self.keep(entry, row, plan);
                }
                None if entry.since.is_none() && entry.until.is_some() => {
                    plan.snag(entry, Column::Until, NOTHING_TO_END);
                }
                None => begins.push(entry),
            }
        }
        self.begin(&begins, &meant, plan);
    }

    /// The known employment that a line is about.
    fn meant(&self, entry: &Entry) -> Option<&Employment> {
        let mut rows = self
            .known
            .iter()
            .copied()
            .filter(|row| row.facility == entry.facility && row.profession == entry.profession);
        if let Some(row) = rows.clone().find(|row| Some(row.since) == entry.since) {
            return Some(row);
        }
        let apart = |row: &&Employment| {
            let before = entry.until.is_some_and(|until| until <= row.since);
            let after = entry
                .since
                .is_some_and(|since| row.until.is_some_and(|until| until <= since));
            before && entry.since.is_some() || after
        };
        let mut open = rows.clone().filter(|row| !self.is_over(row));
        if let Some(row) = open.find(|row| !apart(row)) {
            return Some(row);
        }
        // Only the end is told again, of something that is over.
        if entry.since.is_some() || entry.until.is_none_or(|until| until > self.now) {
            return None;
        }
        let same_end = rows.clone().find(|row| row.until == entry.until);
        same_end.or_else(|| rows.next_back())
    }

    fn is_over(&self, row: &Employment) -> bool {
        row.until.is_some_and(|until| until <= self.now)
    }

    /// A line about an employment that is known.
    fn keep(&self, entry: &Entry, row: &Employment, plan: &mut Plan) {
        let since = match entry.since {
            // Who works here already is not sent home until the day that a renewal begins.
            Some(since) if since > self.now && row.since <= self.now => row.since,
            Some(since) => since,
            None => row.since,
        };
        if entry.until.is_some_and(|until| until <= since) {
            plan.snag(entry, Column::Until, NO_TIME);
            return;
        }
        let after = Employment {
            name: entry.name.clone(),
            since,
            until: entry.until,
            ..row.clone()
        };
        let what = if after == *row {
            What::Unchanged
        } else if after.until.is_some() && after.until != row.until {
            What::Ended
        } else {
            What::Changed
        };
        if since != row.since {
            plan.drops.push(row.clone());
        }
        if what != What::Unchanged {
            plan.puts.push(after.clone());
        }
        plan.changes.push(Change {
            place: entry.place,
            what,
            before: vec![row.clone()],
            after,
        });
    }

    /// Lines about employments that are not known.
    fn begin(&self, begins: &[&Entry], meant: &[&Employment], plan: &mut Plan) {
        let mut news: Vec<(usize, Employment)> = Vec::new();
        for entry in begins {
            let first = if self.known.is_empty() {
                ALWAYS
            } else {
                self.now
            };
            let row = Employment {
                network: self.network.clone(),
                id: entry.id.clone(),
                facility: entry.facility.clone(),
                profession: entry.profession,
                name: entry.name.clone(),
                since: entry.since.unwrap_or(first),
                until: entry.until,
            };
            if row.until.is_some_and(|until| until <= row.since) {
                plan.snag(entry, Column::Until, NO_TIME);
            } else {
                news.push((entry.place, row));
            }
        }
        let mut ended = self.end_others(&news, meant, plan);
        let lasting = news.iter().position(|(_, row)| !self.is_over(row));
        for (position, (place, after)) in news.into_iter().enumerate() {
            let before = if Some(position) == lasting {
                std::mem::take(&mut ended)
            } else {
                Vec::new()
            };
            let what = match before.first() {
                None => What::Added,
                Some(_) if before.iter().any(|row| row.facility == after.facility) => {
                    What::ProfessionChanged
                }
                Some(_) => What::Moved,
            };
            plan.puts.push(after.clone());
            plan.changes.push(Change {
                place,
                what,
                before,
                after,
            });
        }
    }

    /// Ends what the person does here and the file does not list, on the day on which something new
    /// begins. What was ended, as it was before.
    fn end_others(
        &self,
        news: &[(usize, Employment)],
        meant: &[&Employment],
        plan: &mut Plan,
    ) -> Vec<Employment> {
        let lasting = news.iter().filter(|(_, row)| !self.is_over(row));
        let Some(begin) = lasting.map(|(_, row)| row.since).min() else {
            return Vec::new();
        };
        let mut ended = Vec::new();
        for row in self.known.iter().filter(|row| !self.is_over(row)) {
            let over_by_then = row.until.is_some_and(|until| until <= begin);
            if over_by_then || meant.contains(row) {
                continue;
            }
            ended.push((*row).clone());
            if row.since >= begin {
                plan.drops.push((*row).clone());
            } else {
                plan.puts.push(Employment {
                    until: Some(begin),
                    ..(*row).clone()
                });
            }
        }
        ended
    }
}

impl Plan {
    fn snag(&mut self, entry: &Entry, column: Column, rule: &'static str) {
        self.snags.push(Snag {
            place: entry.place,
            column,
            rule,
        });
    }

    /// How many lines change something in this way.
    #[must_use]
    pub fn count(&self, what: What) -> usize {
        self.changes
            .iter()
            .filter(|change| change.what == what)
            .count()
    }
}
