//! The house rules as ordinary tests: limits, only places, arrows, the map, the rooms.

mod arrows;
mod limits;
mod map;
mod paths;
mod places;
mod rooms;
pub mod source;
