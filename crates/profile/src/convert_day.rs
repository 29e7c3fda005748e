//! Days as people write them, in any form ⇄ FHIR's dates: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
//!
//! Reading is `renkei_model::day`'s; here is only in which form a date goes back.

use renkei_model::day::{self, PartialDay};

/// The form in which a date goes back to the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayStyle {
    /// In the Japanese calendar: `昭和10年3月5日`; slashed where that calendar does not reach.
    Era,
    /// `1935/03/05`
    Slashed,
    /// `1935-03-05`
    Iso,
}

impl DayStyle {
    /// How a row says it.
    pub(crate) const WORDS: &'static str = "day(era), day(slashed) or day(iso)";

    /// The style of this word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "era" => Some(Self::Era),
            "slashed" => Some(Self::Slashed),
            "iso" => Some(Self::Iso),
            _ => None,
        }
    }

    fn write(self, day: &PartialDay) -> String {
        match self {
            Self::Era => day::era_text(day).unwrap_or_else(|| day.iso().replace('-', "/")),
            Self::Slashed => day.iso().replace('-', "/"),
            Self::Iso => day.iso(),
        }
    }
}

/// Any form → FHIR.
pub(crate) fn to_iso(native: &str) -> Result<String, String> {
    match day::parse(native) {
        Ok((day, _)) => Ok(day.iso()),
        Err(error) => Err(error.to_string()),
    }
}

/// FHIR → the sender's form. The day of a longer date and time counts.
pub(crate) fn from_iso(iso: &str, style: DayStyle) -> Option<String> {
    let date = iso.split_once('T').map_or(iso, |(date, _)| date);
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut two = || match parts.next() {
        None => Some(None),
        Some(part) if part.len() == 2 => Some(Some(part.parse::<u8>().ok()?)),
        Some(_) => None,
    };
    let (month, day) = (two()?, two()?);
    let day = PartialDay::new(year, month, day).ok()?;
    parts.next().is_none().then(|| style.write(&day))
}

/// The `n`th of many: days, months and years, later ones later.
pub(crate) fn sample(n: usize, style: DayStyle) -> String {
    let step = u16::try_from(n % 130).unwrap_or(0);
    let year = i16::try_from(1880 + step).unwrap_or(1880);
    let (month, day) = match n % 3 {
        0 => (Some(3), Some(5)),
        1 => (Some(11), None),
        _ => (None, None),
    };
    PartialDay::new(year, month, day).map_or_else(|_| String::new(), |day| style.write(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_go_back_in_one() {
        for (written, iso, era) in [
            ("S10.3.5", "1935-03-05", "昭和10年3月5日"),
            ("1935/3", "1935-03", "昭和10年3月"),
            ("平成元年", "1989", "平成元年"),
            ("1860-01-02", "1860-01-02", "1860/01/02"),
        ] {
            assert_eq!(to_iso(written).as_deref(), Ok(iso));
            assert_eq!(from_iso(iso, DayStyle::Era).as_deref(), Some(era));
            assert_eq!(to_iso(era).as_deref(), Ok(iso), "the inverse is exact");
        }
        assert_eq!(
            from_iso("2026-11-21T10:00:00+09:00", DayStyle::Slashed).as_deref(),
            Some("2026/11/21")
        );
        for wrong in ["1935-3", "1935-03-05-01", "35", "1935-13", "x"] {
            assert_eq!(from_iso(wrong, DayStyle::Iso), None, "{wrong}");
        }
        assert!(to_iso("昭和64年1月8日").is_err_and(|rule| rule.contains(" / ")));
    }

    /// Every day, month and year of 150 years comes back as what it was.
    #[test]
    fn every_day_has_one_way_back() {
        for style in [DayStyle::Era, DayStyle::Slashed, DayStyle::Iso] {
            for year in 1873..2023 {
                for month in [None, Some(1), Some(7), Some(12)] {
                    for day in [None, Some(1), Some(7), Some(8), Some(25), Some(30)] {
                        let Ok(day) = PartialDay::new(year, month, day) else {
                            continue;
                        };
                        let written = style.write(&day);
                        assert_eq!(to_iso(&written).as_deref(), Ok(day.iso().as_str()));
                    }
                }
            }
        }
    }
}
