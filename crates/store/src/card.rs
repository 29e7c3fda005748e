//! What an emergency card is put together from: everything of a record that the caller may see.

use renkei_model::Permit;
use renkei_model::id::{RecordId, ResourceId};

use crate::fault::StoreError;
use crate::sql::Reader;
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

impl Store {
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
