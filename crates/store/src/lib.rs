//! What we remember: all SQL, both databases, the folder of large bodies.
//!
//! One file a table family. What a patient row needs is reached by callers only through `visible.rs`.
//! On SQLite one task owns the write connection and commits transactions in groups (`writer.rs`);
//! on PostgreSQL transactions are the pool's and one sequencer numbers audit leaves (`sequencer.rs`).

mod again;
mod blob;
mod candidate;
mod card;
mod chain;
mod change;
mod check;
mod emergency;
mod errand;
mod face;
mod facility;
mod fault;
mod foresight;
mod group;
mod lane;
mod leaf;
mod leaf_group;
mod leaf_rows;
mod lineage;
mod link;
mod loan;
mod message;
mod near;
mod open;
mod pack;
mod permit;
mod policy;
mod reach;
mod readers;
mod record;
mod relation;
mod report;
mod resource;
mod review;
mod script;
mod search;
mod search_text;
mod search_way;
mod sequencer;
mod sql;
mod staff;
mod stand;
mod standing;
mod store;
#[cfg(test)]
mod tests;
mod together;
mod tx;
mod visible;
mod wal;
mod writer;

pub use blob::Body;
pub use candidate::{Candidate, Lead, TermRange};
pub use card::{CardRow, Person, PersonLimits};
pub use change::{Change, ChangeKind, NewChange, Undone};
pub use emergency::{NewNote, NewOpening, NewSearch, Note, Opening, Rate};
pub use face::{KnownFace, NewFace, VisibleFace, VisibleRange};
pub use facility::Facility;
pub use fault::{DatabaseFault, StoreError};
pub use foresight::Question;
pub use lane::SheetHistory;
pub use lineage::TracedVersion;
pub use message::{NewMessage, NewQuarantine};
pub use near::{Asked, Near};
pub use pack::Kept;
pub use policy::MaskRow;
pub use readers::urgently;
pub use record::IdentifierMatch;
pub use relation::{NewEnrolment, NewRelation};
pub use report::{CardCount, DistrictCount, Period, SearchMade, SheetMade};
pub use resource::{IndexRow, NewOrigin, NewVersion, Origin, OriginPart};
pub use review::{Decision, NewReview, Review, ReviewState};
pub use search::{
    DateTest, SearchCriterion, SearchOrder, SearchPage, SearchPlace, SearchQuery, SearchRow,
    SearchTest, Stretch,
};
pub use staff::{ALWAYS, Employment};
pub use stand::Stand;
pub use standing::Standing;
pub use store::{Settings, Store};
pub use tx::{Tx, Urgency};
pub use visible::VisibleVersion;
