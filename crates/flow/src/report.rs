//! The corridor for a network's report: counts for its office, about nobody in particular. What each
//! number means is in `docs/report.md`.

use std::collections::BTreeMap;

use renkei_fhir::instant::{day_start, day_text};
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RequestId};
use renkei_model::message::{Fault, FaultKind};
use renkei_model::permit::Permit;
use renkei_store::{CardCount, DistrictCount, Period, SearchMade, SheetMade, Store, StoreError};
use serde_json::{Value, json};

use crate::house::House;
use crate::permit::{PermitError, permit_report};
use crate::record::{Recorded, of_permit, record_look};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse};
use crate::register_file::after;

/// Searches of one member of a crew that follow one another within this time are one look-up.
pub const PAUSE_MICROS: i64 = 10 * 60 * 1_000_000;

/// Days that one report may cover.
pub const DAYS: i64 = 366;

const DAY_MICROS: i64 = 86_400_000_000;

const ACTION: &str = "network.report";

/// A question for the report.
#[derive(Debug, Clone)]
pub struct ReportQuestion {
    /// The network.
    pub network: NetworkName,
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// The first day, `YYYY-MM-DD`; by default the first of the last day's month.
    pub from: Option<String>,
    /// The last day, `YYYY-MM-DD`; by default today.
    pub to: Option<String>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No such network, or not one of the caller's.
    #[error("no such network here")]
    Absent,
    /// No such right.
    #[error("permit")]
    Permit(#[from] PermitError),
    /// Days that are none.
    #[error("the days cannot be read")]
    Faults(Vec<Fault>),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

/// The days that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// The first, `YYYY-MM-DD`.
    pub first: String,
    /// The last, `YYYY-MM-DD`.
    pub last: String,
    /// The same as instants in Japan, the end exclusive.
    pub period: Period,
}

/// How crews looked for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookUps {
    /// Single searches.
    pub searches: u64,
    /// Of these, how many found at least one person.
    pub with_results: u64,
    /// Searches of one member of a crew in a row, counted once.
    pub look_ups: u64,
    /// Of these, how many led to a card that nobody called wrong.
    pub found: u64,
}

/// Sheets for one facility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheets {
    /// The profile's kind of message.
    pub kind: String,
    /// For whom: the code as the sender wrote it.
    pub destination: String,
    /// Their name, if the directory knows them.
    pub name: Option<String>,
    /// How many.
    pub count: u64,
    /// How long after the day they tell of they came.
    pub lead: Option<Lead>,
}

/// Days from an admission to the sheet about it. A sheet that came before counts as on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// Sheets that tell a day.
    pub count: u64,
    /// Twice the median in days, so that halves stay whole numbers.
    pub twice_median: i64,
    /// Of these, how many came on the day or before.
    pub same_day: u64,
    /// How many came within three days.
    pub within_three: u64,
}

/// A network's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The network.
    pub network: NetworkName,
    /// The days.
    pub days: Days,
    /// Residents by district, now.
    pub districts: Vec<DistrictCount>,
    /// Look-ups of crews in the period.
    pub look_ups: LookUps,
    /// Cards opened in the period, by reason.
    pub cards: Vec<CardCount>,
    /// Different people whose cards these were.
    pub persons: u64,
    /// Sheets that came in the period, by kind and destination.
    pub sheets: Vec<Sheets>,
}

/// Makes the report for the network's office.
///
/// # Errors
/// [`Refused`].
pub async fn report(house: &House, question: ReportQuestion) -> Result<Recorded<Vec<u8>>, Refused> {
    let asker = Asker {
        caller: question.caller.clone(),
        request: question.request,
        at: question.at,
        action: ACTION,
        about: None,
    };
    match walk(house, &question).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(refuse(house, asker, refusal).await),
    }
}

async fn walk(house: &House, question: &ReportQuestion) -> Result<Recorded<Vec<u8>>, Refusal> {
    if !house.admits(&question.caller, &question.network) {
        return Err(ReportError::Absent.into());
    }
    let when = (question.request, question.at);
    let permit = permit_report(house, &question.caller, &question.network, when)
        .map_err(ReportError::Permit)?;
    let days = days(
        question.from.as_deref(),
        question.to.as_deref(),
        question.at,
    )
    .map_err(ReportError::Faults)?;
    let report = count(&house.store, &permit, &question.network, days)
        .await
        .map_err(ReportError::Store)?;
    let answer = report.json().to_string().into_bytes();
    let mut leaf = of_permit(&permit, ACTION, "the network's office only");
    leaf.network = Some(question.network.clone());
    leaf.bytes_out = answer.len() as u64;
    Ok(record_look(house, answer, leaf).await?)
}

/// Counts.
///
/// # Errors
/// When the store cannot be read.
pub async fn count(
    store: &Store,
    permit: &Permit,
    network: &NetworkName,
    days: Days,
) -> Result<Report, StoreError> {
    let period = days.period;
    let searches = store.report_searches(permit, network, period).await?;
    let sheets = store.report_sheets(permit, network, period).await?;
    Ok(Report {
        network: network.clone(),
        districts: store.report_districts(permit, network, period).await?,
        look_ups: look_ups(&searches),
        cards: store.report_cards(permit, network, period).await?,
        persons: store.report_persons(permit, network, period).await?,
        sheets: by_destination(sheets),
        days,
    })
}

/// Reads the days of a report, both inclusive.
///
/// # Errors
/// Faults that name `from` or `to`.
pub fn days(from: Option<&str>, to: Option<&str>, now: Instant) -> Result<Days, Vec<Fault>> {
    let last = to.map_or_else(|| day_text(now), str::to_owned);
    let month: String = last.chars().take(8).collect();
    let first = from.map_or_else(|| format!("{month}01"), str::to_owned);
    let starts = (day_start(&first), day_start(&last));
    let wrong = |name: &str, rule: &str| Fault {
        field: name.to_owned(),
        rule: rule.to_owned(),
        span: None,
        kind: FaultKind::Value,
    };
    let no_day = "実在する日付 (YYYY-MM-DD) が必要です / must be a day that exists (YYYY-MM-DD)";
    let (from, to) = match starts {
        (Some(from), Some(to)) => (from, after(to)),
        (from, to) => {
            let missing = [
                ("from", from.is_none() && to.is_some()),
                ("to", to.is_none()),
            ];
            let named = missing.iter().filter(|(_, missing)| *missing);
            return Err(named.map(|(name, _)| wrong(name, no_day)).collect());
        }
    };
    if to <= from {
        let rule = "最後の日が最初の日より前です / the last day is before the first";
        return Err(vec![wrong("to", rule)]);
    }
    if to.0.saturating_sub(from.0) > DAYS * DAY_MICROS {
        let rule = format!("期間は{DAYS}日までです / at most {DAYS} days");
        return Err(vec![wrong("from", &rule)]);
    }
    Ok(Days {
        first,
        last,
        period: (from, to),
    })
}

/// Counts look-ups: searches in the order of facility, actor and time. A card that was opened ends its
/// look-up, unless it was the wrong person's; so does a pause.
fn look_ups(searches: &[SearchMade]) -> LookUps {
    let mut counted = LookUps::default();
    let mut before: Option<&SearchMade> = None;
    for search in searches {
        counted.searches += 1;
        counted.with_results += u64::from(search.found > 0);
        let goes_on = before.is_some_and(|before| {
            before.opened == 0
                && before.facility == search.facility
                && before.actor == search.actor
                && search.at.0.saturating_sub(before.at.0) <= PAUSE_MICROS
        });
        counted.look_ups += u64::from(!goes_on);
        counted.found += u64::from(search.opened > 0);
        before = Some(search);
    }
    counted
}

fn by_destination(sheets: Vec<SheetMade>) -> Vec<Sheets> {
    let mut groups: BTreeMap<(String, String), Vec<SheetMade>> = BTreeMap::new();
    for sheet in sheets {
        let key = (sheet.kind.clone(), sheet.destination.clone());
        groups.entry(key).or_default().push(sheet);
    }
    let mut counted: Vec<Sheets> = groups
        .into_iter()
        .map(|((kind, destination), sheets)| Sheets {
            kind,
            destination,
            name: sheets.first().and_then(|sheet| sheet.name.clone()),
            count: sheets.len() as u64,
            lead: lead(sheets.iter().filter_map(lead_days).collect()),
        })
        .collect();
    counted.sort_by(|one, other| {
        (&one.kind, other.count, &one.destination).cmp(&(
            &other.kind,
            one.count,
            &other.destination,
        ))
    });
    counted
}

/// Days in Japan from the day that a sheet tells of to the day on which it came.
fn lead_days(sheet: &SheetMade) -> Option<i64> {
    let event = day_start(sheet.event_date.as_deref()?)?;
    let came = day_start(&day_text(sheet.at))?;
    Some((came.0 - event.0) / DAY_MICROS)
}

fn lead(mut days: Vec<i64>) -> Option<Lead> {
    days.sort_unstable();
    let middle = days.len() / 2;
    let upper = days.get(middle)?;
    let lower = if days.len() % 2 == 1 {
        upper
    } else {
        days.get(middle - 1)?
    };
    let within = |limit: i64| days.iter().filter(|days| **days <= limit).count() as u64;
    Some(Lead {
        count: days.len() as u64,
        twice_median: lower.saturating_add(*upper),
        same_day: within(0),
        within_three: within(3),
    })
}

/// A share in percent with one decimal; none of none.
#[must_use]
pub fn percent(part: u64, whole: u64) -> Option<String> {
    let tenths = (part.saturating_mul(2_000) + whole).checked_div(whole.checked_mul(2)?)?;
    Some(format!("{}.{}", tenths / 10, tenths % 10))
}

/// A median in days, with a half if there is one.
#[must_use]
pub fn median(lead: &Lead) -> String {
    let (whole, half) = (lead.twice_median / 2, lead.twice_median % 2 != 0);
    match (half, lead.twice_median < 0 && whole == 0) {
        (false, _) => whole.to_string(),
        (true, true) => "-0.5".to_owned(),
        (true, false) => format!("{whole}.5"),
    }
}

impl Report {
    /// As the API answers.
    #[must_use]
    pub fn json(&self) -> Value {
        let districts: Vec<Value> = self
            .districts
            .iter()
            .map(|row| {
                json!({
                    "district": row.district, "residents": row.residents, "addedInPeriod": row.added,
                    "deceased": row.deceased, "movedAway": row.moved,
                })
            })
            .collect();
        let reasons: Vec<Value> = self
            .cards
            .iter()
            .map(|row| json!({"reason": row.reason, "cards": row.cards, "wrongPerson": row.wrong}))
            .collect();
        let sheets: Vec<Value> = self.sheets.iter().map(Sheets::json).collect();
        let look_ups = &self.look_ups;
        json!({
            "network": self.network.as_str(), "from": self.days.first, "to": self.days.last,
            "residents": {
                "total": self.districts.iter().map(|row| row.residents).sum::<u64>(),
                "byDistrict": districts,
            },
            "emergency": {
                "searches": look_ups.searches, "searchesWithResults": look_ups.with_results,
                "lookUps": look_ups.look_ups, "found": look_ups.found,
                "foundPercent": percent(look_ups.found, look_ups.look_ups),
                "cardsOpened": self.cards.iter().map(|row| row.cards).sum::<u64>(),
                "personsOpened": self.persons,
                "wrongPersons": self.cards.iter().map(|row| row.wrong).sum::<u64>(),
                "byReason": reasons,
            },
            "sheets": sheets,
        })
    }
}

impl Sheets {
    fn json(&self) -> Value {
        let lead = self.lead.map(|lead| {
            json!({
                "sheetsWithDay": lead.count, "medianDays": median(&lead),
                "sameDay": lead.same_day, "sameDayPercent": percent(lead.same_day, lead.count),
                "withinThreeDays": lead.within_three,
                "withinThreeDaysPercent": percent(lead.within_three, lead.count),
            })
        });
        json!({
            "kind": self.kind, "destination": self.destination, "name": self.name,
            "count": self.count, "leadFromAdmission": lead,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(actor: &str, minute: i64, opened: u64) -> SearchMade {
        SearchMade {
            facility: "0100000119".parse().unwrap(),
            actor: actor.to_owned(),
            at: Instant(minute * 60_000_000),
            found: opened,
            opened,
        }
    }

    #[test]
    fn searches_in_a_row_are_one_look_up_until_a_card_is_opened() {
        let made = [
            search("a", 0, 0),
            search("a", 5, 0),
            search("a", 15, 1),
            search("a", 16, 0),
            search("a", 27, 0),
            search("b", 28, 1),
        ];
        let counted = look_ups(&made);
        let expected = LookUps {
            searches: 6,
            with_results: 2,
            look_ups: 4,
            found: 2,
        };
        assert_eq!(counted, expected);
        assert_eq!(look_ups(&[]), LookUps::default());
    }

    #[test]
    fn shares_and_medians_are_rounded_and_never_divided_by_nothing() {
        assert_eq!(percent(43, 83).as_deref(), Some("51.8"));
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(1, 1).as_deref(), Some("100.0"));
        for (days, expected) in [
            (vec![3], "3"),
            (vec![1, 0], "0.5"),
            (vec![5, 1, 2], "2"),
            (vec![-1, 0], "-0.5"),
            (vec![-2, -1], "-1.5"),
        ] {
            assert_eq!(median(&lead(days.clone()).unwrap()), expected, "{days:?}");
        }
        assert_eq!(lead(Vec::new()), None);
    }

    #[test]
    fn lead_is_counted_in_days_of_japan() {
        let sheet = |event: &str, at: i64| SheetMade {
            kind: "slip".to_owned(),
            destination: "0114110011".to_owned(),
            name: None,
            event_date: Some(event.to_owned()),
            at: Instant(at),
        };
        // 2026-11-21T15:30Z is the 22nd in Japan.
        let evening = 1_795_275_000_000_000;
        assert_eq!(lead_days(&sheet("2026-11-22", evening)), Some(0));
        assert_eq!(lead_days(&sheet("2026-11-19", evening)), Some(3));
        assert_eq!(lead_days(&sheet("2026-11-25", evening)), Some(-3));
        assert_eq!(lead_days(&sheet("2026-11", evening)), None);
    }

    #[test]
    fn days_are_whole_days_of_japan() {
        let now = Instant(1_795_275_000_000_000);
        let by_default = days(None, None, now).unwrap();
        assert_eq!(
            (&*by_default.first, &*by_default.last),
            ("2026-11-01", "2026-11-22")
        );
        let one = days(Some("2026-04-01"), Some("2026-04-01"), now).unwrap();
        assert_eq!(one.period.1.0 - one.period.0.0, DAY_MICROS);
        let field = |from, to| days(from, to, now).unwrap_err().swap_remove(0).field;
        assert_eq!(field(Some("2026-02-30"), None), "from");
        assert_eq!(field(None, Some("yesterday")), "to");
        assert_eq!(field(Some("2026-04-02"), Some("2026-04-01")), "to");
        assert_eq!(field(Some("2020-04-02"), Some("2026-04-01")), "from");
    }
}
