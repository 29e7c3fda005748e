//! What an emergency card is put together from: everything of a record that the caller may see.

use std::collections::HashMap;

use renkei_model::id::{NetworkName, RecordId, ResourceId};
use renkei_model::{Category, Permit};
use serde_json::json;

use crate::fault::StoreError;
use crate::permit::look_permit;
use crate::sql::{Reader, Sql, query};
use crate::stand::{kinds, parts, stands_of};
use crate::store::Store;
use crate::visible::{VisibleVersion, look, told, version_of, visible};

/// A resource of a record with the sheet that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRow {
    /// The sheet's Bundle, where a sheet brought it.
    pub sheet: Option<ResourceId>,
    /// FHIR type.
    pub resource_type: String,
    /// The name of the facility that wrote it, where the directory knows it.
    pub source: Option<String>,
    /// The resource, and how the caller stands to it.
    pub row: VisibleVersion,
}

/// The sheets are looked up from the record: what a resource is a part of has no index of its own. Whose word each row
/// is and how the caller stands to it come with it: two journeys less while somebody waits.
const OF_RECORD: &str = visible!(
    "visible_of_record",
    "SELECT ",
    told!("c"),
    ", r.type AS resource_type, p.sheet AS sheet,
     (SELECT d.name FROM facility d WHERE d.network = c.network AND d.code = c.owner) AS source, ",
    kinds!("c.record", "c.owner"),
    " AS kinds, ",
    parts!("r.id", "c.record", "c.owner"),
    " AS parts FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current
     LEFT JOIN (SELECT op.sheet, op.resource FROM resource b JOIN origin_part op ON op.sheet = b.id
       WHERE b.record = $8 AND b.type = 'Bundle') p ON p.resource = r.id
     WHERE r.record = $8 AND r.type <> 'Bundle' AND c.deleted = 0
     ORDER BY c.at DESC, r.id LIMIT ($9 + 0)"
);

/// What a person has refused a caller, on any record that the same network has of them: a refusal on one
/// record is not undone by another record of the same human being.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonLimits {
    /// The facility is blocked, or the resident has left the network.
    pub closed: bool,
    /// Bits of the categories that a consent denies.
    pub denied: i64,
}

impl PersonLimits {
    /// Whether a refusal hides the person as a whole.
    #[must_use]
    pub const fn hide(&self) -> bool {
        self.closed || self.denied & Category::Demographics.bit() != 0
    }
}

/// Whose record it is, and what that person has refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The records of the person on the permit's networks, the record itself among them, by id.
    pub records: Vec<(RecordId, NetworkName)>,
    /// What is refused on the record's own network.
    pub limits: PersonLimits,
}

/// `$1` records as a JSON array `$2` facility `$3` instant `$4` profession. A row for each linked record and each
/// consent on it, in any order.
macro_rules! persons {
    ($records:literal) => {
        concat!(
            "-- store.persons\nSELECT a.value AS asked, k.record, r.network,
      CASE WHEN r.network = own.network THEN 1 ELSE 0 END AS same,
      CASE WHEN EXISTS (SELECT 1 FROM relation b WHERE b.record = k.record AND b.facility = $2
          AND b.kind = 'blocked' AND b.since <= $3 AND (b.until IS NULL OR b.until > $3))
        OR (EXISTS (SELECT 1 FROM enrolment e WHERE e.record = k.record)
          AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.record = k.record
            AND e.since <= $3 AND (e.until IS NULL OR e.until > $3)))
        THEN 1 ELSE 0 END AS closed, c.categories AS denied
    FROM ",
            $records,
            " a CROSS JOIN record own JOIN link l ON l.record = own.id AND l.until IS NULL
      JOIN link k ON k.person = l.person AND k.until IS NULL JOIN record r ON r.id = k.record
      LEFT JOIN consent c ON c.record = k.record AND c.effect = 'deny'
        AND c.since <= $3 AND (c.until IS NULL OR c.until > $3)
        AND (c.facility IS NULL OR c.facility = $2) AND (c.profession IS NULL OR c.profession = $4)
    WHERE own.id = a.value"
        )
    };
}
const PERSONS: Sql = Sql {
    sqlite: persons!("json_each($1)"),
    postgres: persons!("json_array_elements_text($1::json)"),
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_RECORD, PERSONS.sqlite];

impl Store {
    /// Whose these records are and what that person has refused the caller, for each of them that exists; one
    /// statement for all.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn persons(
        &self,
        permit: &Permit,
        records: &[RecordId],
    ) -> Result<HashMap<RecordId, Person>, StoreError> {
        look_permit(permit, "consent")?;
        let caller = permit.caller();
        let asked: Vec<String> = records.iter().map(ToString::to_string).collect();
        let query = query(PERSONS.of(self.dialect()))
            .bind(json!(asked).to_string())
            .bind(caller.facility.to_string())
            .bind(permit.at().0)
            .bind(caller.profession().as_str());
        let mut persons: HashMap<RecordId, Person> = HashMap::new();
        for row in self.all(query).await? {
            let row = Reader::new("link", &row);
            let person = persons.entry(row.parsed("asked")?).or_default();
            let network: NetworkName = row.parsed("network")?;
            if row.flag("same")? {
                person.limits.closed |= row.flag("closed")?;
                person.limits.denied |= row.number_or_null("denied")?.unwrap_or(0);
            }
            if permit.networks().contains(&network) {
                person.records.push((row.parsed("record")?, network));
            }
        }
        for person in persons.values_mut() {
            person.records.sort_unstable();
            person.records.dedup();
        }
        Ok(persons)
    }

    /// The current versions of a record's resources, the newest first; whole documents are left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_of_record(
        &self,
        permit: &Permit,
        record: RecordId,
        limit: usize,
    ) -> Result<Vec<CardRow>, StoreError> {
        let query = look(permit, OF_RECORD)?
            .bind(record.to_string())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = self.all(query).await?;
        rows.iter()
            .map(|row| {
                let reader = Reader::new("version", row);
                let sheet = reader.text_or_null("sheet")?;
                let mut version = version_of(row)?;
                version.stands = Some(stands_of(row, &version.shelf, permit.caller())?);
                Ok(CardRow {
                    sheet: sheet.and_then(|sheet| sheet.parse().ok()),
                    resource_type: reader.text("resource_type")?,
                    source: reader.text_or_null("source")?,
                    row: version,
                })
            })
            .collect()
    }
}
