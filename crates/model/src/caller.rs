//! Who asks: a person, a vendor's system, or a facility itself.

use crate::id::{ClientId, FacilityCode, NetworkName, StaffId};
use crate::lists::Profession;

/// The authenticated caller of a request, or the recipient whose rights count when something is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Person, system or facility.
    pub kind: CallerKind,
    /// The facility on whose behalf the caller acts.
    pub facility: FacilityCode,
    /// The networks that the caller's facility belongs to; requests to others answer like absence.
    pub networks: Vec<NetworkName>,
}

/// The three kinds of caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerKind {
    /// A member of staff.
    Person {
        /// Who.
        staff: StaffId,
        /// As what.
        profession: Profession,
    },
    /// A vendor's system.
    System {
        /// Which.
        client: ClientId,
    },
    /// A facility, when nobody is logged in: a recipient at send time.
    Facility,
}

impl Caller {
    /// The profession whose column of the table counts. Systems and facilities are vendor systems.
    #[must_use]
    pub const fn profession(&self) -> Profession {
        match self.kind {
            CallerKind::Person { profession, .. } => profession,
            CallerKind::System { .. } | CallerKind::Facility => Profession::VendorSystem,
        }
    }

    /// The member of staff, if the caller is a person.
    #[must_use]
    pub const fn staff(&self) -> Option<&StaffId> {
        match &self.kind {
            CallerKind::Person { staff, .. } => Some(staff),
            CallerKind::System { .. } | CallerKind::Facility => None,
        }
    }

    /// The word for audit leaves: `person:ID`, `system:ID` or `facility`.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.kind {
            CallerKind::Person { staff, .. } => format!("person:{staff}"),
            CallerKind::System { client } => format!("system:{client}"),
            CallerKind::Facility => "facility".to_owned(),
        }
    }

    /// Whether the caller's facility belongs to the network.
    #[must_use]
    pub fn belongs_to(&self, network: &NetworkName) -> bool {
        self.networks.contains(network)
    }
}
