//! Who is the same human being, and who may be meant: folding, terms, ranked search, comparing two
//! faces, and the decision over exact identifiers. `docs/identity.md` has the rules and the points.
//!
//! Invariant: pure. No SQL, no HTTP, no clock; the rooms look up terms and identifiers and hand in what
//! was found. Nothing here rewrites a record: a doubtful match stays apart, for a person to look at.

mod address;
mod fit;
mod fold;
mod likeness;
mod probes;
mod promise;
mod query;
mod rank;
mod read;
mod resolve;
mod score;
mod sound;
mod terms;
#[cfg(test)]
mod town_tests;
mod variants;
mod words;

pub use address::fold_address;
pub use fit::Fit;
pub use fold::{fold_kana, fold_name, fold_phone, loose_kana};
pub use probes::{Probe, Probes};
pub use promise::Led;
pub use query::{Asked, Query};
pub use resolve::{Known, Resolution, agrees, resolve};
pub use score::{Ground, Score, Verdict, compare};
pub use terms::{About, Term, TermKind, terms};
