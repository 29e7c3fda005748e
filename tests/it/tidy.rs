//! The house rules as ordinary tests: limits, only places, arrows, the map.

mod arrows;
mod limits;
mod map;
mod paths;
mod places;
pub mod source;
