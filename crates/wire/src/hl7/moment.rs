//! Dates and times of HL7 v2.5 (TS, DTM): `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.

/// A moment as exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Year.
    pub year: u16,
    /// Month, 1–12.
    pub month: Option<u8>,
    /// Day, 1–31.
    pub day: Option<u8>,
    /// Hour, 0–23.
    pub hour: Option<u8>,
    /// Minute.
    pub minute: Option<u8>,
    /// Second, 0–59.
    pub second: Option<u8>,
    /// The digits behind the point, one to four; empty for none.
    pub fraction: String,
    /// Minutes east of UTC; `None` where the sender's own time is meant.
    pub offset: Option<i16>,
}

/// Reads a moment; `None` for one that does not exist.
pub(super) fn read_moment(text: &str) -> Option<Moment> {
    let (rest, offset) = match text.find(['+', '-']) {
        None => (text, None),
        Some(at) => {
            let (rest, offset) = text.split_at(at);
            (rest, Some(read_offset(offset)?))
        }
    };
    let (digits, fraction) = match rest.split_once('.') {
        None => (rest, ""),
        Some((digits, fraction)) => (digits, fraction),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14);
    if !whole || !all_digits(digits) || !all_digits(fraction) || fraction.len() > 4 {
        return None;
    }
    if rest.contains('.') && (fraction.is_empty() || digits.len() != 14) {
        return None;
    }
    let two = |at: usize, range: std::ops::RangeInclusive<u8>| match digits.get(at..at + 2) {
        None => Some(None),
        Some(text) => text.parse().ok().filter(|n| range.contains(n)).map(Some),
    };
    let moment = Moment {
        year: digits.get(..4)?.parse().ok()?,
        month: two(4, 1..=12)?,
        day: two(6, 1..=31)?,
        hour: two(8, 0..=23)?,
        minute: two(10, 0..=59)?,
        second: two(12, 0..=59)?,
        fraction: fraction.to_owned(),
        offset,
    };
    let days = moment.month.map_or(31, |month| days(moment.year, month));
    moment.day.is_none_or(|day| day <= days).then_some(moment)
}

/// `+0900`: at most fourteen hours, the widest there is.
fn read_offset(text: &str) -> Option<i16> {
    let digits = text.get(1..).filter(|digits| digits.len() == 4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i16 = digits.get(..2)?.parse().ok()?;
    let minutes: i16 = digits.get(2..)?.parse().ok()?;
    let total = (hours <= 14 && minutes < 60).then_some(hours * 60 + minutes)?;
    Some(if text.starts_with('-') { -total } else { total })
}

const fn days(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::read_moment;

    #[test]
    fn moments_are_as_exact_as_they_are_written() {
        let moment = read_moment("20260401101530.1234+0900").unwrap();
        assert_eq!(
            (moment.year, moment.month, moment.day),
            (2026, Some(4), Some(1))
        );
        assert_eq!(
            (moment.hour, moment.minute, moment.second),
            (Some(10), Some(15), Some(30))
        );
        assert_eq!(
            (moment.fraction.as_str(), moment.offset),
            ("1234", Some(540))
        );
        let month = read_moment("199601").unwrap();
        assert_eq!(
            (month.year, month.month, month.day, month.offset),
            (1996, Some(1), None, None)
        );
        for good in [
            "1941",
            "20240229",
            "2026040110",
            "202604011015",
            "20260401000000-0330",
            "2026+0900",
        ] {
            assert!(read_moment(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "194",
            "19410",
            "20230229",
            "20260431",
            "20261301",
            "20260400",
            "2026040124",
            "202604011060",
            "20260401101530.",
            "20260401101530.12345",
            "202604011015.1",
            "20260401T1015",
            "２０２６",
            "20260401+09:00",
            "20260401+9",
            "20260401+1500",
            "小学校低学年の頃",
        ] {
            assert!(read_moment(bad).is_none(), "{bad}");
        }
    }
}
