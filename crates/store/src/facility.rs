//! The directory: facilities and staff of a network, kept by its office.

use renkei_model::id::{FacilityCode, NetworkName, StaffId};
use renkei_model::{Instant, Permit, Profession};
use sqlx::any::AnyRow;

use crate::fault::StoreError;
use crate::permit::directory_permit;
use crate::sql::{Query, Reader, query};
use crate::store::Store;
use crate::tx::Tx;

/// A facility (施設) of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facility {
    /// The network.
    pub network: NetworkName,
    /// Its code.
    pub code: FacilityCode,
    /// Its name.
    pub name: String,
    /// `hospital`, `care_office`, ...: the directory's word.
    pub kind: String,
    /// Whether deliveries wait for it here until its system asks.
    pub mailbox: bool,
}

/// A member of staff (職員).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// The network.
    pub network: NetworkName,
    /// The office's number.
    pub id: StaffId,
    /// Where they work.
    pub facility: FacilityCode,
    /// As what.
    pub profession: Profession,
    /// Their name.
    pub name: String,
    /// From when; always, if not given.
    pub since: Option<Instant>,
    /// Until when (exclusive); open, if not given.
    pub until: Option<Instant>,
}

const FACILITY: &str = "-- store.facility_find\nSELECT network, code, name, kind, mailbox FROM facility \
                        WHERE network = $1 AND code = $2";

fn facility_query(network: &NetworkName, code: &FacilityCode) -> Query {
    query(FACILITY).bind(network.as_str()).bind(code.as_str())
}

fn facility_of(row: &AnyRow) -> Result<Facility, StoreError> {
    let row = Reader::new("facility", row);
    Ok(Facility {
        network: row.parsed("network")?,
        code: row.parsed("code")?,
        name: row.text("name")?,
        kind: row.text("kind")?,
        mailbox: row.flag("mailbox")?,
    })
}

impl Tx {
    /// Adds a facility or replaces what was known of it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn facility_put(
        &mut self,
        permit: &Permit,
        facility: &Facility,
    ) -> Result<(), StoreError> {
        directory_permit(permit, &facility.network, "facility")?;
        let sql = "-- store.facility_put\nINSERT INTO facility (network, code, name, kind, mailbox, since) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (network, code) DO UPDATE SET \
                   name = excluded.name, kind = excluded.kind, mailbox = excluded.mailbox";
        let query = query(sql)
            .bind(facility.network.as_str())
            .bind(facility.code.as_str())
            .bind(&*facility.name)
            .bind(&*facility.kind)
            .bind(i64::from(facility.mailbox))
            .bind(permit.at().0);
        self.execute(query).await.map(drop)
    }

    /// Adds a member of staff or replaces what was known of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_put(&mut self, permit: &Permit, staff: &Staff) -> Result<(), StoreError> {
        directory_permit(permit, &staff.network, "staff")?;
        let sql = "-- store.staff_put\nINSERT INTO staff (network, id, facility, profession, name, since, \
                   until) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (network, id) DO UPDATE SET \
                   facility = excluded.facility, profession = excluded.profession, name = excluded.name, \
                   since = excluded.since, until = excluded.until";
        let query = query(sql)
            .bind(staff.network.as_str())
            .bind(staff.id.as_str())
            .bind(staff.facility.as_str())
            .bind(staff.profession.as_str())
            .bind(&*staff.name)
            .bind(staff.since.map(|at| at.0))
            .bind(staff.until.map(|at| at.0));
        self.execute(query).await.map(drop)
    }

    /// A facility of the network, as this transaction sees it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn facility_find(
        &mut self,
        network: &NetworkName,
        code: &FacilityCode,
    ) -> Result<Option<Facility>, StoreError> {
        let row = self.find(facility_query(network, code)).await?;
        row.as_ref().map(facility_of).transpose()
    }
}

impl Store {
    /// A facility of the network.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn facility_find(
        &self,
        network: &NetworkName,
        code: &FacilityCode,
    ) -> Result<Option<Facility>, StoreError> {
        let row = self.find(facility_query(network, code)).await?;
        row.as_ref().map(facility_of).transpose()
    }

    /// A member of staff of the network, whether active or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staff_find(
        &self,
        network: &NetworkName,
        id: &StaffId,
    ) -> Result<Option<Staff>, StoreError> {
        let sql = "-- store.staff_find\nSELECT network, id, facility, profession, name, since, until \
                   FROM staff WHERE network = $1 AND id = $2";
        let row = self
            .find(query(sql).bind(network.as_str()).bind(id.as_str()))
            .await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reader::new("staff", &row);
        Ok(Some(Staff {
            network: row.parsed("network")?,
            id: row.parsed("id")?,
            facility: row.parsed("facility")?,
            profession: row.parsed("profession")?,
            name: row.text("name")?,
            since: row.instant_or_null("since")?,
            until: row.instant_or_null("until")?,
        }))
    }
}
