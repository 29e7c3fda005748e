//! What a permit must be for a store function to go on. The decision itself is not taken here.

use renkei_model::Permit;
use renkei_model::id::NetworkName;
use renkei_model::permit::Allows;

use crate::fault::{StoreError, inconsistent};

/// The permit must allow writing on this very network.
pub(crate) fn write_permit(
    permit: &Permit,
    network: &NetworkName,
    table: &'static str,
) -> Result<(), StoreError> {
    if !matches!(permit.allows(), Allows::Write { .. }) {
        return Err(inconsistent(table, "the permit does not allow writing"));
    }
    on_network(permit, network, table)
}

/// The permit must allow keeping the directory of this very network.
pub(crate) fn directory_permit(
    permit: &Permit,
    network: &NetworkName,
    table: &'static str,
) -> Result<(), StoreError> {
    if !matches!(permit.allows(), Allows::Directory) {
        return Err(inconsistent(table, "the permit is not for the directory"));
    }
    on_network(permit, network, table)
}

/// The permit must allow looking: in the ordinary way, under break-glass, or to tell people apart.
pub(crate) fn look_permit(permit: &Permit, table: &'static str) -> Result<(), StoreError> {
    if matches!(
        permit.allows(),
        Allows::Look | Allows::Emergency | Allows::Identity
    ) {
        Ok(())
    } else {
        Err(inconsistent(table, "the permit does not allow looking"))
    }
}

/// The permit must allow reading the audit log.
pub(crate) fn audit_permit(permit: &Permit) -> Result<(), StoreError> {
    if matches!(permit.allows(), Allows::Audit) {
        Ok(())
    } else {
        Err(inconsistent("leaf", "the permit is not for the audit log"))
    }
}

/// The permit must be for deciding who is whom.
pub(crate) fn identity_permit(permit: &Permit, table: &'static str) -> Result<(), StoreError> {
    if matches!(permit.allows(), Allows::Identity) {
        Ok(())
    } else {
        Err(inconsistent(
            table,
            "the permit is not for deciding who is whom",
        ))
    }
}

/// The permit must be a crew's.
pub(crate) fn emergency_permit(permit: &Permit, table: &'static str) -> Result<(), StoreError> {
    if matches!(permit.allows(), Allows::Emergency) {
        Ok(())
    } else {
        Err(inconsistent(table, "the permit is not for an emergency"))
    }
}

/// The permit must reach this network.
pub(crate) fn on_network(
    permit: &Permit,
    network: &NetworkName,
    table: &'static str,
) -> Result<(), StoreError> {
    if permit.networks().contains(network) {
        Ok(())
    } else {
        Err(inconsistent(table, "the permit is for another network"))
    }
}
