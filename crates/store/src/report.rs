//! Counts for the network's report. Nothing here is about one human being: what leaves is how many, and
//! for searches and sheets when.

use renkei_model::id::{FacilityCode, NetworkName};
use renkei_model::permit::Allows;
use renkei_model::{Instant, Permit};
use sqlx::any::AnyRow;

use crate::fault::{StoreError, inconsistent};
use crate::permit::on_network;
use crate::sql::{Query, Reader, query};
use crate::store::Store;

/// A time: from the first instant, to before the second.
pub type Period = (Instant, Instant);

/// Residents of a district. Records that are linked to one person count once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrictCount {
    /// The district as the newest sheet that names one has it; none if no sheet does.
    pub district: Option<String>,
    /// Enrolled, and neither dead nor moved away.
    pub residents: u64,
    /// Of these, first known in the period.
    pub added: u64,
    /// Of the enrolled, how many some sheet calls dead.
    pub deceased: u64,
    /// Of the enrolled and living, how many some sheet calls moved away.
    pub moved: u64,
}

/// A search of a crew, without what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchMade {
    /// Whose.
    pub facility: FacilityCode,
    /// By whom, as audit leaves call them.
    pub actor: String,
    /// When.
    pub at: Instant,
    /// How many people it found.
    pub found: u64,
    /// Cards on this network that were opened from it and not called wrong.
    pub opened: u64,
}

/// Cards opened for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardCount {
    /// The reason's code.
    pub reason: String,
    /// Cards opened.
    pub cards: u64,
    /// Of these, called the wrong person.
    pub wrong: u64,
}

/// A sheet that was written for a facility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetMade {
    /// The profile's kind of message.
    pub kind: String,
    /// For whom: the code as the sender wrote it.
    pub destination: String,
    /// Their name, if the directory knows them.
    pub name: Option<String>,
    /// The day it tells of, `YYYY-MM-DD`, if it tells one.
    pub event_date: Option<String>,
    /// When its first version came.
    pub at: Instant,
}

const DISTRICTS: &str = "-- store.report_districts
WITH faces AS (
  SELECT l.person, f.district,
         ROW_NUMBER() OVER (PARTITION BY l.person ORDER BY
           CASE WHEN f.district IS NULL THEN 1 ELSE 0 END, f.at DESC, f.sheet DESC) AS n,
         MAX(CASE WHEN f.deceased IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY l.person) AS dead,
         MAX(CASE WHEN f.moved IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY l.person) AS away,
         MIN(r.created_at) OVER (PARTITION BY l.person) AS first
  FROM face f JOIN record r ON r.id = f.record JOIN link l ON l.record = f.record AND l.until IS NULL
  WHERE f.network = $1 AND EXISTS (SELECT 1 FROM enrolment e WHERE e.record = f.record
    AND e.since <= $2 AND (e.until IS NULL OR e.until > $2))
)
SELECT district, count(CASE WHEN dead = 0 AND away = 0 THEN 1 END) AS residents,
       count(CASE WHEN dead = 0 AND away = 0 AND first >= $3 AND first < $4 THEN 1 END) AS added,
       count(CASE WHEN dead = 1 THEN 1 END) AS deceased,
       count(CASE WHEN dead = 0 AND away = 1 THEN 1 END) AS moved
FROM faces WHERE n = 1 GROUP BY district ORDER BY residents DESC, district";

const SEARCHES: &str = "-- store.report_searches\nSELECT s.facility, s.actor, s.at, s.found, \
    (SELECT count(*) FROM opening o WHERE o.search = s.id AND o.network = $1 AND o.wrong_at IS NULL) AS opened \
    FROM emergency_search s WHERE s.at >= $2 AND s.at < $3 AND s.networks LIKE '%,' || $1 || ',%' \
    ORDER BY s.facility, s.actor, s.at, s.id";

const CARDS: &str = "-- store.report_cards\nSELECT reason_code, count(*) AS cards, \
    count(wrong_at) AS wrong FROM opening WHERE network = $1 AND at >= $2 AND at < $3 \
    GROUP BY reason_code ORDER BY reason_code";

const PERSONS: &str = "-- store.report_persons\nSELECT count(DISTINCT person) AS n FROM opening \
    WHERE network = $1 AND at >= $2 AND at < $3 AND wrong_at IS NULL";

const SHEETS: &str = "-- store.report_sheets\nSELECT o.kind, o.destination, f.name, o.event_date, v.at \
    FROM origin o JOIN version v ON v.resource = o.sheet AND v.version = 1 \
    LEFT JOIN facility f ON f.network = o.network AND f.code = o.destination \
    WHERE o.network = $1 AND o.destination IS NOT NULL AND v.at >= $2 AND v.at < $3 \
    ORDER BY o.kind, o.destination, v.at";

impl Store {
    /// Residents registered now, district by district, the largest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn report_districts(
        &self,
        permit: &Permit,
        network: &NetworkName,
        (from, to): Period,
    ) -> Result<Vec<DistrictCount>, StoreError> {
        report_permit(permit, network)?;
        let query = query(DISTRICTS)
            .bind(network.as_str())
            .bind(permit.at().0)
            .bind(from.0)
            .bind(to.0);
        let count = |row: &AnyRow| {
            let row = Reader::new("face", row);
            Ok(DistrictCount {
                district: row.text_or_null("district")?,
                residents: size(&row, "residents")?,
                added: size(&row, "added")?,
                deceased: size(&row, "deceased")?,
                moved: size(&row, "moved")?,
            })
        };
        self.all(query).await?.iter().map(count).collect()
    }

    /// Searches of crews that reached the network, in the order of facility, actor and time.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn report_searches(
        &self,
        permit: &Permit,
        network: &NetworkName,
        period: Period,
    ) -> Result<Vec<SearchMade>, StoreError> {
        let made = |row: &AnyRow| {
            let row = Reader::new("emergency_search", row);
            Ok(SearchMade {
                facility: row.parsed("facility")?,
                actor: row.text("actor")?,
                at: row.instant("at")?,
                found: size(&row, "found")?,
                opened: size(&row, "opened")?,
            })
        };
        let query = within(SEARCHES, permit, network, period)?;
        self.all(query).await?.iter().map(made).collect()
    }

    /// Cards opened, by reason.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn report_cards(
        &self,
        permit: &Permit,
        network: &NetworkName,
        period: Period,
    ) -> Result<Vec<CardCount>, StoreError> {
        let count = |row: &AnyRow| {
            let row = Reader::new("opening", row);
            Ok(CardCount {
                reason: row.text("reason_code")?,
                cards: size(&row, "cards")?,
                wrong: size(&row, "wrong")?,
            })
        };
        let query = within(CARDS, permit, network, period)?;
        self.all(query).await?.iter().map(count).collect()
    }

    /// How many different people's cards were opened and not called wrong.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn report_persons(
        &self,
        permit: &Permit,
        network: &NetworkName,
        period: Period,
    ) -> Result<u64, StoreError> {
        let row = self.find(within(PERSONS, permit, network, period)?).await?;
        let row = row.ok_or(inconsistent("opening", "no count"))?;
        size(&Reader::new("opening", &row), "n")
    }

    /// Sheets for a facility whose first version came in the period.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn report_sheets(
        &self,
        permit: &Permit,
        network: &NetworkName,
        period: Period,
    ) -> Result<Vec<SheetMade>, StoreError> {
        let made = |row: &AnyRow| {
            let row = Reader::new("origin", row);
            Ok(SheetMade {
                kind: row.text("kind")?,
                destination: row.text("destination")?,
                name: row.text_or_null("name")?,
                event_date: row.text_or_null("event_date")?,
                at: row.instant("at")?,
            })
        };
        let query = within(SHEETS, permit, network, period)?;
        self.all(query).await?.iter().map(made).collect()
    }
}

/// The permit must be for the report of this very network.
fn report_permit(permit: &Permit, network: &NetworkName) -> Result<(), StoreError> {
    if !matches!(permit.allows(), Allows::Report) {
        return Err(inconsistent("report", "the permit is not for the report"));
    }
    on_network(permit, network, "report")
}

fn within(
    sql: &'static str,
    permit: &Permit,
    network: &NetworkName,
    (from, to): Period,
) -> Result<Query, StoreError> {
    report_permit(permit, network)?;
    let query = query(sql).bind(network.as_str()).bind(from.0).bind(to.0);
    Ok(query)
}

fn size(row: &Reader<'_>, column: &'static str) -> Result<u64, StoreError> {
    Ok(row.number(column)?.unsigned_abs())
}
