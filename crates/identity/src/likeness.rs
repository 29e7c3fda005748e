//! How like two texts or two dates are: slips of the pen, of the ear and of the hand.

use renkei_model::day::{DayForm, PartialDay, parse};

/// How two dates of birth agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    /// Equal to the day.
    Equal,
    /// What both know agrees, but one of them knows no day.
    Within,
    /// A slip apart: one day, month or year; one digit; two digits changed over; day and month changed
    /// over; the same year of another era.
    OneOff,
    /// The same year, and nothing more.
    SameYear,
    /// The same day of another year.
    SameDayOfYear,
    /// Nothing of this.
    Differ,
}

/// Years by which the same year of two eras is apart: 明治–大正, 大正–昭和, 昭和–平成, 平成–令和.
const ERAS_APART: [i16; 4] = [44, 14, 63, 30];

/// Compares two dates as FHIR writes them; `None` if one of them is none.
pub(crate) fn dates(one: &str, other: &str) -> Option<Dates> {
    Some(days(&iso(one)?, &iso(other)?))
}

/// Reads what FHIR calls a date.
pub(crate) fn iso(text: &str) -> Option<PartialDay> {
    match parse(text) {
        Ok((day, DayForm::Iso)) => Some(day),
        _ => None,
    }
}

/// Compares two dates.
pub(crate) fn days(one: &PartialDay, other: &PartialDay) -> Dates {
    if one == other && one.day().is_some() {
        return Dates::Equal;
    }
    let both_full = one.day().is_some() && other.day().is_some();
    let within = one.year() == other.year()
        && (one.month().is_none() || other.month().is_none() || one.month() == other.month());
    if !both_full && within {
        return Dates::Within;
    }
    if is_slip(one, other) {
        return Dates::OneOff;
    }
    if one.year() == other.year() {
        return Dates::SameYear;
    }
    let same_day =
        one.month().is_some() && (one.month(), one.day()) == (other.month(), other.day());
    if same_day {
        Dates::SameDayOfYear
    } else {
        Dates::Differ
    }
}

fn is_slip(one: &PartialDay, other: &PartialDay) -> bool {
    let apart = (one.year() - other.year()).abs();
    let same_year = apart == 0;
    let same_day = (one.month(), one.day()) == (other.month(), other.day());
    if same_day && (apart == 1 || ERAS_APART.contains(&apart)) {
        return true;
    }
    let ((Some(month), Some(day)), (Some(other_month), Some(other_day))) =
        ((one.month(), one.day()), (other.month(), other.day()))
    else {
        return false;
    };
    let next = |one: u8, other: u8| one.abs_diff(other) == 1;
    let turned = (month, day) == (other_day, other_month);
    (same_year && month == other_month && next(day, other_day))
        || (same_year && day == other_day && next(month, other_month))
        || (same_year && turned)
        || one_digit_off(&digits(one), &digits(other))
}

fn digits(day: &PartialDay) -> String {
    day.iso().replace('-', "")
}

/// Of one length, and one letter differs or two neighbours changed places.
pub(crate) fn one_digit_off(one: &str, other: &str) -> bool {
    one.len() == other.len() && one != other && (substituted(one, other) || transposed(one, other))
}

fn substituted(one: &str, other: &str) -> bool {
    one.chars()
        .zip(other.chars())
        .filter(|(a, b)| a != b)
        .count()
        == 1
}

/// Whether one is the other with two neighbours changed over.
pub(crate) fn transposed(one: &str, other: &str) -> bool {
    let differing: Vec<(usize, (char, char))> = one
        .chars()
        .zip(other.chars())
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .collect();
    match differing.as_slice() {
        [(first, (a, b)), (second, (c, d))] => {
            one.len() == other.len() && second - first == 1 && a == d && b == c
        }
        _ => false,
    }
}

/// All that a text becomes when two different neighbours change over.
pub(crate) fn transpositions(digits: &str) -> Vec<String> {
    let letters: Vec<char> = digits.chars().collect();
    (1..letters.len())
        .filter_map(|at| {
            let mut changed = letters.clone();
            changed.swap(at - 1, at);
            (changed != letters).then(|| changed.into_iter().collect())
        })
        .collect()
}

/// The fewest letters to insert, leave out or replace to make one the other; stops caring above `most`.
pub(crate) fn edits(one: &str, other: &str, most: usize) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for ((j, second), above) in other.iter().enumerate().zip(row.windows(2)) {
            let [diagonal, above] = above else { continue };
            let left = next.get(j).copied().unwrap_or(usize::MAX);
            let replaced = diagonal + usize::from(letter != second);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_of_the_pen() {
        for (one, other, expected) in [
            ("1935-03-05", "1935-03-05", Dates::Equal),
            ("1935-03-05", "1935", Dates::Within),
            ("1935-03-05", "1935-03", Dates::Within),
            ("1935", "1935", Dates::Within),
            ("1935-03-05", "1935-03-06", Dates::OneOff),
            ("1935-03-09", "1935-03-10", Dates::OneOff),
            ("1935-03-05", "1935-04-05", Dates::OneOff),
            ("1935-03-05", "1935-05-03", Dates::OneOff),
            ("1935-03-05", "1936-03-05", Dates::OneOff),
            ("1935-03-05", "1921-03-05", Dates::OneOff),
            ("1935-03-05", "1935-03-15", Dates::OneOff),
            ("1935-03-12", "1935-03-21", Dates::OneOff),
            ("1935-03-05", "1953-03-05", Dates::OneOff),
            ("1935-03-05", "1935-08-27", Dates::SameYear),
            ("1935-03-05", "1972-03-05", Dates::SameDayOfYear),
            ("1935-03-05", "1972-11-27", Dates::Differ),
            ("1935-03-05", "1936", Dates::Differ),
        ] {
            assert_eq!(dates(one, other), Some(expected), "{one} {other}");
            assert_eq!(dates(other, one), Some(expected), "{other} {one}");
        }
        assert_eq!(dates("1935-03-05", "昭和10年"), None);
    }

    #[test]
    fn neighbours_change_over() {
        assert_eq!(transpositions("0112"), ["1012", "0121"]);
        assert!(transposed("0157", "0517"));
        assert!(!transposed("0157", "5107"));
    }

    proptest! {
        #[test]
        fn edits_are_few_and_symmetric(one in "[アイウ]{0,6}", other in "[アイウ]{0,6}") {
            let found = edits(&one, &other, 9);
            prop_assert_eq!(found, edits(&other, &one, 9));
            prop_assert_eq!(found == Some(0), one == other);
            prop_assert!(found.unwrap_or(0) <= one.chars().count().max(other.chars().count()));
        }

        #[test]
        fn what_was_changed_over_is_seen(digits in "[0-9]{4,11}") {
            for changed in transpositions(&digits) {
                prop_assert!(transposed(&digits, &changed));
            }
        }
    }
}
