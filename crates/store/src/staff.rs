//! Staff (職員): one row an employment, kept by a network's office.
//!
//! Somebody may work at several facilities, and what was is kept: a row is never moved, it ends and another
//! begins. `since` is inclusive, `until` exclusive, as everywhere.

use renkei_model::id::{FacilityCode, NetworkName, StaffId};
use renkei_model::{Instant, Permit, Profession};
use serde_json::{Value, json};
use sqlx::any::AnyRow;

use crate::fault::StoreError;
use crate::permit::directory_permit;
use crate::sql::{Dialect, Query, Reader, Sql, insert_many, query};
use crate::store::Store;
use crate::tx::Tx;

/// The beginning of an employment of which nobody said when it began.
pub const ALWAYS: Instant = Instant(0);

/// Somebody's work at a facility in a profession, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Employment {
    /// The network.
    pub network: NetworkName,
    /// The office's number of the person.
    pub id: StaffId,
    /// Where they work.
    pub facility: FacilityCode,
    /// As what.
    pub profession: Profession,
    /// Their name.
    pub name: String,
    /// From when; [`ALWAYS`] if that was not told.
    pub since: Instant,
    /// Until when (exclusive); open, if not given.
    pub until: Option<Instant>,
}

const OF: Sql = Sql {
    sqlite: "-- store.staff_of\nSELECT network, id, facility, profession, name, since, until FROM staff \
             WHERE network = $1 AND id IN (SELECT value FROM json_each($2)) \
             ORDER BY id, since, facility, profession",
    postgres: "-- store.staff_of\nSELECT network, id, facility, profession, name, since, until FROM staff \
               WHERE network = $1 AND id IN (SELECT json_array_elements_text($2::json)) \
               ORDER BY id, since, facility, profession",
};

const LIST: &str = "-- store.staff_list\nSELECT network, id, facility, profession, name, since, until \
                    FROM staff WHERE network = $1 AND ($2 IS NULL OR facility = $2) \
                    ORDER BY id, since, facility, profession LIMIT ($3 + 0) OFFSET ($4 + 0)";

const COUNTS: &str = "-- store.staff_counts\nSELECT facility, profession, count(DISTINCT id) AS people \
                      FROM staff WHERE network = $1 AND ($2 IS NULL OR facility = $2) AND since <= $3 \
                      AND (until IS NULL OR until > $3) GROUP BY facility, profession \
                      ORDER BY facility, profession";

const PUT: Sql = insert_many!(
    "staff_put", "staff",
    "network" "TEXT", "id" "TEXT", "facility" "TEXT", "profession" "TEXT", "name" "TEXT",
    "since" "BIGINT", "until" "BIGINT";
    "ON CONFLICT (network, id, facility, profession, since) DO UPDATE SET name = excluded.name, \
     until = excluded.until"
);

const DROP: Sql = Sql {
    sqlite: "-- store.staff_drop\nDELETE FROM staff WHERE (network, id, facility, profession, since) IN \
             (SELECT value->>'$.network', value->>'$.id', value->>'$.facility', value->>'$.profession', \
             value->>'$.since' FROM json_each($1))",
    postgres: "-- store.staff_drop\nDELETE FROM staff WHERE (network, id, facility, profession, since) IN \
               (SELECT network, id, facility, profession, since FROM json_to_recordset($1::json) \
               AS r(network TEXT, id TEXT, facility TEXT, profession TEXT, since BIGINT))",
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF.sqlite];

impl Tx {
    /// Keeps other changes of the network's staff waiting until this transaction ends.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_hold(&mut self, network: &NetworkName) -> Result<(), StoreError> {
        self.hold("staff", &[network.as_str()]).await
    }

    /// Every employment, past and present, of these people in the network, as this transaction sees it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_of(
        &mut self,
        permit: &Permit,
        network: &NetworkName,
        ids: &[StaffId],
    ) -> Result<Vec<Employment>, StoreError> {
        directory_permit(permit, network, "staff")?;
        let rows = self.all(of_query(self.dialect(), network, ids)).await?;
        rows.iter().map(employment_of).collect()
    }

    /// Adds employments; one that is there already gets the new name and end.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_put(
        &mut self,
        permit: &Permit,
        employments: &[Employment],
    ) -> Result<(), StoreError> {
        self.staff_change(permit, employments, PUT).await
    }

    /// Takes employments out that never began.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_drop(
        &mut self,
        permit: &Permit,
        employments: &[Employment],
    ) -> Result<(), StoreError> {
        self.staff_change(permit, employments, DROP).await
    }

    async fn staff_change(
        &mut self,
        permit: &Permit,
        employments: &[Employment],
        sql: Sql,
    ) -> Result<(), StoreError> {
        for employment in employments {
            directory_permit(permit, &employment.network, "staff")?;
        }
        self.forgets_people();
        self.many(sql, employments.iter().map(row).collect())
            .await
            .map(drop)
    }
}

impl Store {
    /// Employments of a network, past and present, in the order of the people's numbers; of one facility
    /// if one is named.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_list(
        &self,
        permit: &Permit,
        network: &NetworkName,
        facility: Option<&FacilityCode>,
        (offset, limit): (usize, usize),
    ) -> Result<Vec<Employment>, StoreError> {
        directory_permit(permit, network, "staff")?;
        let number = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        let query = query(LIST)
            .bind(network.as_str())
            .bind(facility.map(|code| code.as_str().to_owned()))
            .bind(number(limit))
            .bind(number(offset));
        self.all(query).await?.iter().map(employment_of).collect()
    }
}

impl Store {
    /// How many people work at a facility in a profession at the permit's instant; at all facilities of
    /// the network if none is named.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_counts(
        &self,
        permit: &Permit,
        network: &NetworkName,
        facility: Option<&FacilityCode>,
    ) -> Result<Vec<(FacilityCode, Profession, u64)>, StoreError> {
        directory_permit(permit, network, "staff")?;
        let query = query(COUNTS)
            .bind(network.as_str())
            .bind(facility.map(|code| code.as_str().to_owned()))
            .bind(permit.at().0);
        let count = |row: &AnyRow| {
            let row = Reader::new("staff", row);
            let people = row.number("people")?.unsigned_abs();
            Ok((row.parsed("facility")?, row.parsed("profession")?, people))
        };
        self.all(query).await?.iter().map(count).collect()
    }
}

fn of_query(dialect: Dialect, network: &NetworkName, ids: &[StaffId]) -> Query {
    let ids: Vec<&str> = ids.iter().map(StaffId::as_str).collect();
    query(OF.of(dialect))
        .bind(network.as_str())
        .bind(json!(ids).to_string())
}

fn row(employment: &Employment) -> Value {
    json!({
        "network": employment.network.as_str(), "id": employment.id.as_str(),
        "facility": employment.facility.as_str(), "profession": employment.profession.as_str(),
        "name": employment.name, "since": employment.since.0,
        "until": employment.until.map(|until| until.0),
    })
}

fn employment_of(row: &AnyRow) -> Result<Employment, StoreError> {
    let row = Reader::new("staff", row);
    Ok(Employment {
        network: row.parsed("network")?,
        id: row.parsed("id")?,
        facility: row.parsed("facility")?,
        profession: row.parsed("profession")?,
        name: row.text("name")?,
        since: row.instant("since")?,
        until: row.instant_or_null("until")?,
    })
}
