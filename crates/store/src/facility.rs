//! The directory's facilities, kept by a network's office.

use renkei_model::Permit;
use renkei_model::id::{FacilityCode, NetworkName};
use sqlx::any::AnyRow;

use crate::fault::StoreError;
use crate::permit::directory_permit;
use crate::script::{Step, single};
use crate::sql::{Reader, query};
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

const FACILITY: &str = "-- store.facility_find\nSELECT network, code, name, kind, mailbox FROM facility \
                        WHERE network = ? AND code = ?";

pub(crate) fn question(network: &NetworkName, code: &FacilityCode) -> Step {
    Step::new(FACILITY)
        .bind(network.as_str())
        .bind(code.as_str())
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

    /// A facility of the network, as this transaction sees it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn facility_find(
        &mut self,
        network: &NetworkName,
        code: &FacilityCode,
    ) -> Result<Option<Facility>, StoreError> {
        let found = self.ask_apart(question(network, code)).await?;
        found.first().map(facility_of).transpose()
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
        let asked = single(question(network, code), self.dialect());
        let row = self.find(asked).await?;
        row.as_ref().map(facility_of).transpose()
    }
}
