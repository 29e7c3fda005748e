//! What an emergency card is put together from: everything of a record that the caller may see.

use renkei_model::Permit;
use renkei_model::id::{RecordId, ResourceId};

use crate::fault::StoreError;
use crate::permit::look_permit;
use crate::sql::{Reader, query};
use crate::store::Store;
use crate::visible::{VisibleVersion, look, version_of, visible};

/// A resource of a record with the sheet that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRow {
    /// The sheet's Bundle, where a sheet brought it.
    pub sheet: Option<ResourceId>,
    /// FHIR type.
    pub resource_type: String,
    /// The resource.
    pub row: VisibleVersion,
}

const OF_RECORD: &str = visible!(
    "visible_of_record",
    "SELECT c.*, r.type AS resource_type, p.sheet AS sheet
     FROM resource r JOIN visible c ON c.resource = r.id AND c.version = r.current
     LEFT JOIN origin_part p ON p.resource = r.id
     WHERE r.record = $8 AND r.type <> 'Bundle' AND c.deleted = 0
     ORDER BY c.at DESC, r.id LIMIT $9"
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

/// `$1` record `$2` facility `$3` instant `$4` profession.
const LIMITS: &str = "-- store.person_limits\n\
    WITH linked AS (SELECT o.record FROM record own JOIN link l ON l.record = own.id AND l.until IS NULL \
      JOIN link o ON o.person = l.person AND o.until IS NULL \
      JOIN record r ON r.id = o.record AND r.network = own.network WHERE own.id = $1) \
    SELECT CASE WHEN EXISTS (SELECT 1 FROM relation b WHERE b.record = k.record AND b.facility = $2 \
        AND b.kind = 'blocked' AND b.since <= $3 AND (b.until IS NULL OR b.until > $3)) \
      OR (EXISTS (SELECT 1 FROM enrolment e WHERE e.record = k.record) \
        AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.record = k.record \
          AND e.since <= $3 AND (e.until IS NULL OR e.until > $3))) \
      THEN 1 ELSE 0 END AS closed, c.categories AS denied \
    FROM linked k LEFT JOIN consent c ON c.record = k.record AND c.effect = 'deny' \
      AND c.since <= $3 AND (c.until IS NULL OR c.until > $3) \
      AND (c.facility IS NULL OR c.facility = $2) AND (c.profession IS NULL OR c.profession = $4)";

impl Store {
    /// What a record's person has refused the caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn person_limits(
        &self,
        permit: &Permit,
        record: RecordId,
    ) -> Result<PersonLimits, StoreError> {
        look_permit(permit, "consent")?;
        let caller = permit.caller();
        let query = query(LIMITS)
            .bind(record.to_string())
            .bind(caller.facility.to_string())
            .bind(permit.at().0)
            .bind(caller.profession().as_str());
        let mut limits = PersonLimits::default();
        for row in self.all(query).await? {
            let row = Reader::new("consent", &row);
            limits.closed |= row.flag("closed")?;
            limits.denied |= row.number_or_null("denied")?.unwrap_or(0);
        }
        Ok(limits)
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
                Ok(CardRow {
                    sheet: sheet.and_then(|sheet| sheet.parse().ok()),
                    resource_type: reader.text("resource_type")?,
                    row: version_of(row)?,
                })
            })
            .collect()
    }
}
