//! What a FHIR date covers: from its first microsecond to the one after its last.
//!
//! A year covers a year, a second a second. What says no offset is Japanese time.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use crate::instant::JST_HOURS;

/// Microseconds since 1970, UTC: `low` belongs to it, `high` no more. A period without an end goes on to
/// `i64::MAX`, one without a beginning comes from `i64::MIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first microsecond.
    pub low: i64,
    /// The microsecond after the last.
    pub high: i64,
}

/// What a `date`, `dateTime` or `instant` covers; `None` for every other text and for days and hours that
/// do not exist. As in a search, minutes may stand without seconds.
#[must_use]
pub fn span(text: &str) -> Option<Span> {
    match text.split_once('T') {
        None => day_span(text),
        Some((day, time)) => time_span(day, time),
    }
}

fn day_span(text: &str) -> Option<Span> {
    let digits = |from: usize, to: usize| -> Option<i16> { number(text.get(from..to)?) };
    let dash = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    let year = digits(0, 4)?;
    let (first, next) = match text.len() {
        4 => {
            let first = Date::new(year, 1, 1).ok()?;
            (first, Date::new(year.checked_add(1)?, 1, 1).ok()?)
        }
        7 if dash(4) => {
            let first = Date::new(year, i8::try_from(digits(5, 7)?).ok()?, 1).ok()?;
            (first, first.last_of_month().tomorrow().ok()?)
        }
        10 if dash(4) && dash(7) => {
            let (month, day) = (digits(5, 7)?, digits(8, 10)?);
            let first = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
            (first, first.tomorrow().ok()?)
        }
        _ => return None,
    };
    let jst = Offset::constant(JST_HOURS);
    Some(Span {
        low: micros(first.to_datetime(jiff::civil::Time::midnight()), jst)?,
        high: micros(next.to_datetime(jiff::civil::Time::midnight()), jst)?,
    })
}

fn time_span(day: &str, time: &str) -> Option<Span> {
    if day.len() != 10 {
        return None;
    }
    let (clock, offset) = split_offset(time)?;
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (clock, None),
    };
    let parts: Vec<&str> = whole.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] if fraction.is_none() => (two(hour)?, two(minute)?, None),
        [hour, minute, second] => (two(hour)?, two(minute)?, Some(two(second)?)),
        _ => return None,
    };
    // The day is one that exists, or there is no hour of it.
    day_span(day)?;
    let date: Date = day.parse().ok()?;
    let at = date.at(0, 0, 0, 0);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || second.is_some_and(|s| s > 59) {
        return None;
    }
    let seconds = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second.unwrap_or(0));
    let (more, width) = match (second, fraction) {
        (None, _) => (0, 60_000_000),
        (Some(_), None) => (0, 1_000_000),
        (Some(_), Some(fraction)) => parts_of_second(fraction)?,
    };
    let low = micros(at, offset)?.checked_add(seconds * 1_000_000 + more)?;
    Some(Span {
        low,
        high: low.checked_add(width)?,
    })
}

/// `Z`, `+09:00`, `-05:00`, or nothing.
fn split_offset(time: &str) -> Option<(&str, Offset)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, Offset::UTC));
    }
    let Some(at) = time.find(['+', '-']) else {
        return Some((time, Offset::constant(JST_HOURS)));
    };
    let (clock, offset) = time.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (i32::from(two(hours)?), i32::from(two(minutes)?));
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()?;
    Some((clock, offset))
}

/// The microseconds of a fraction, and how many of them its last digit stands for. What is finer than a
/// microsecond is cut.
fn parts_of_second(fraction: &str) -> Option<(i64, i64)> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = fraction.get(..fraction.len().min(6))?;
    let width = 10_i64.checked_pow(6 - u32::try_from(kept.len()).ok()?)?;
    Some((kept.parse::<i64>().ok()?.checked_mul(width)?, width))
}

fn two(text: &str) -> Option<i8> {
    if text.len() == 2 {
        number(text).and_then(|number| i8::try_from(number).ok())
    } else {
        None
    }
}

fn number(text: &str) -> Option<i16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn micros(at: DateTime, offset: Offset) -> Option<i64> {
    let zoned = at.to_zoned(TimeZone::fixed(offset)).ok()?;
    Some(zoned.timestamp().as_microsecond())
}
