//! Every way in which a corridor can say no, joined; and what kind of no each is.
//!
//! | kind | meaning | who must act |
//! |---|---|---|
//! | `Absent` | not there, or not for this caller: the same to the caller | nobody |
//! | `Forbidden` | the caller's profession has no such right | the network's office |
//! | `Structure` | the bytes are not of the format | the sender |
//! | `Fields` | a field breaks a rule | the sender |
//! | `TooLarge`, `MediaType` | over a limit, wrong kind of content | the sender |
//! | `Conflict` | older than, or different from, what is already here | the sender |
//! | `TooMany` | one caller asks too often; later | the caller |
//! | `Busy`, `Full` | try again later; nothing was taken | the operator |
//! | `Bug` | our fault | us |

use renkei_model::message::{Fault, FaultKind};
use renkei_store::StoreError;

use crate::accept::AcceptError;
use crate::decode::DecodeError;
use crate::deliver::DeliverError;
use crate::draft::DraftError;
use crate::emergency::EmergencyError;
use crate::identify::IdentifyError;
use crate::lineage::LineageError;
use crate::look::LookError;
use crate::map::MapError;
use crate::permit::PermitError;
use crate::recall::RecallError;
use crate::record::RecordError;
use crate::register::RegisterError;
use crate::report::ReportError;
use crate::review::ReviewError;
use crate::route::RouteError;
use crate::shelve::ShelveError;
use crate::staff::StaffError;
use crate::store::StoreRoomError;

/// A corridor's no, with the room that said it.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "one variant a room; the room's own error says it all"
)]
pub enum Refusal {
    #[error("accept")]
    Accept(#[from] AcceptError),
    #[error("recall")]
    Recall(#[from] RecallError),
    #[error("decode")]
    Decode(#[from] DecodeError),
    #[error("map")]
    Map(#[from] MapError),
    #[error("draft")]
    Draft(#[from] DraftError),
    #[error("identify")]
    Identify(#[from] IdentifyError),
    #[error("shelve")]
    Shelve(#[from] ShelveError),
    #[error("permit")]
    Permit(#[from] PermitError),
    #[error("store")]
    Store(#[from] StoreRoomError),
    #[error("route")]
    Route(#[from] RouteError),
    #[error("record")]
    Record(#[from] RecordError),
    #[error("look")]
    Look(#[from] LookError),
    #[error("deliver")]
    Deliver(#[from] DeliverError),
    #[error("register")]
    Register(#[from] RegisterError),
    #[error("report")]
    Report(#[from] ReportError),
    #[error("lineage")]
    Lineage(#[from] LineageError),
    #[error("staff")]
    Staff(#[from] StaffError),
    #[error("emergency")]
    Emergency(#[from] EmergencyError),
    #[error("review")]
    Review(#[from] ReviewError),
    #[error("door")]
    Door(#[from] DoorRefusal),
    #[error("the store could not be reached")]
    Begin(#[from] StoreError),
}

/// A no that a door said to an authenticated caller before any room: a parameter that is not known, a
/// body over the limit.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}")]
pub struct DoorRefusal {
    /// FHIR issue code.
    pub code: &'static str,
    /// What the caller is told.
    pub text: String,
}

/// Kinds of no. `edge/answer.rs` turns them into status codes, in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not there, or hidden.
    Absent,
    /// Deleted, for those who may know.
    Gone,
    /// No such right.
    Forbidden,
    /// The bytes are not of the format.
    Structure,
    /// A field breaks a rule.
    Fields,
    /// A parameter that is not known or not valid.
    Parameter,
    /// Over a limit.
    TooLarge,
    /// Wrong kind of content.
    MediaType,
    /// Older or different.
    Conflict,
    /// One caller asks too often.
    TooMany,
    /// Try again later.
    Busy,
    /// No room left.
    Full,
    /// Our fault.
    Bug,
}

impl Refusal {
    /// What kind of no this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Door(_) => Kind::Parameter,
            Self::Accept(AcceptError::Absent)
            | Self::Look(LookError::Absent)
            | Self::Deliver(DeliverError::Absent)
            | Self::Register(RegisterError::Absent)
            | Self::Report(ReportError::Absent)
            | Self::Lineage(LineageError::Absent)
            | Self::Emergency(EmergencyError::Absent)
            | Self::Review(ReviewError::Absent) => Kind::Absent,
            Self::Look(LookError::Gone) => Kind::Gone,
            Self::Accept(AcceptError::TooLarge { .. }) => Kind::TooLarge,
            Self::Accept(AcceptError::MediaType) => Kind::MediaType,
            Self::Accept(AcceptError::Empty)
            | Self::Decode(DecodeError::NoPlan)
            | Self::Deliver(DeliverError::Body) => Kind::Structure,
            Self::Recall(RecallError::KeyReused)
            | Self::Identify(IdentifyError::Stale { .. } | IdentifyError::Conflict { .. })
            | Self::Deliver(DeliverError::Fenced)
            | Self::Review(ReviewError::Conflict(_)) => Kind::Conflict,
            Self::Permit(PermitError::Forbidden { .. })
            | Self::Look(LookError::Permit(PermitError::Forbidden { .. }))
            | Self::Register(RegisterError::Permit(PermitError::Forbidden { .. }))
            | Self::Deliver(DeliverError::Permit(PermitError::Forbidden { .. }))
            | Self::Report(ReportError::Permit(PermitError::Forbidden { .. }))
            | Self::Staff(StaffError::NotEmployed)
            | Self::Emergency(EmergencyError::Permit(PermitError::Forbidden { .. }))
            | Self::Review(ReviewError::Permit(PermitError::Forbidden { .. })) => Kind::Forbidden,
            Self::Emergency(EmergencyError::TooMany { .. }) => Kind::TooMany,
            Self::Look(LookError::Parameter(_)) | Self::Review(ReviewError::Parameter(_)) => {
                Kind::Parameter
            }
            Self::Map(MapError::Structure { .. })
            | Self::Shelve(_)
            | Self::Draft(DraftError::Unwritable(_))
            | Self::Lineage(LineageError::Unreadable)
            | Self::Look(LookError::Render(_))
            | Self::Emergency(EmergencyError::Card(_)) => Kind::Bug,
            _ => self.by_faults().unwrap_or_else(|| self.by_store()),
        }
    }

    /// What is wrong, field by field, in the sender's words; empty for refusals that are not about fields.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Decode(DecodeError::Faults(faults))
            | Self::Map(MapError::Faults(faults))
            | Self::Permit(PermitError::Faults(faults))
            | Self::Route(RouteError::Faults(faults))
            | Self::Report(ReportError::Faults(faults))
            | Self::Register(RegisterError::Faults(faults))
            | Self::Emergency(EmergencyError::Faults(faults))
            | Self::Review(ReviewError::Faults(faults)) => faults,
            Self::Identify(
                IdentifyError::Stale { fault, .. } | IdentifyError::Conflict { fault, .. },
            ) => std::slice::from_ref(fault),
            _ => &[],
        }
    }

    /// After how many seconds it makes sense to try again, where the refusal knows.
    #[must_use]
    pub const fn retry_s(&self) -> Option<u64> {
        match self {
            Self::Emergency(EmergencyError::TooMany { retry_s }) => Some(*retry_s),
            _ => None,
        }
    }

    fn by_faults(&self) -> Option<Kind> {
        let faults = self.faults();
        let has = |kind: FaultKind| faults.iter().any(|fault| fault.kind == kind);
        match faults {
            [] => None,
            _ if has(FaultKind::Structure) => Some(Kind::Structure),
            _ if has(FaultKind::TooMuch) => Some(Kind::TooLarge),
            _ => Some(Kind::Fields),
        }
    }

    fn by_store(&self) -> Kind {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            match error.downcast_ref::<StoreError>() {
                Some(StoreError::Full) => return Kind::Full,
                Some(StoreError::Unavailable | StoreError::Conflict) => return Kind::Busy,
                Some(_) => return Kind::Bug,
                None => cause = error.source(),
            }
        }
        Kind::Bug
    }
}
