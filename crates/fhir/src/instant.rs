//! Instants as FHIR writes them.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use renkei_model::Instant;

/// Japan's offset from UTC. Japan has no summer time.
pub(crate) const JST_HOURS: i8 = 9;

/// The instant in Japan's time with milliseconds: `2026-11-21T09:00:00.123+09:00`.
/// Instants outside the years -9999 to 9999 are moved to the nearest one inside.
#[must_use]
pub fn instant_text(at: Instant) -> String {
    format(at, "%Y-%m-%dT%H:%M:%S%.3f%:z")
}

/// The day in Japan on which the instant lies: `2026-11-21`.
#[must_use]
pub fn day_text(at: Instant) -> String {
    format(at, "%Y-%m-%d")
}

fn format(at: Instant, pattern: &str) -> String {
    let nearest = if at.0 < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let timestamp = Timestamp::from_microsecond(at.0).unwrap_or(nearest);
    let zoned = timestamp.to_zoned(TimeZone::fixed(Offset::constant(JST_HOURS)));
    zoned.strftime(pattern).to_string()
}

/// The first instant in Japan of a day written `YYYY-MM-DD`; `None` for a day that does not exist.
#[must_use]
pub fn day_start(day: &str) -> Option<Instant> {
    if day.len() != 10 {
        return None;
    }
    let date: jiff::civil::Date = day.parse().ok()?;
    let zoned = date
        .to_zoned(TimeZone::fixed(Offset::constant(JST_HOURS)))
        .ok()?;
    Some(Instant(zoned.timestamp().as_microsecond()))
}
