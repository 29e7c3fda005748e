//! Dates as Japanese people write them: 昭和10年3月5日, S10.3.5, 1935-03-05, or no more than the year.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

/// Years that we take for a date of somebody alive or treated; outside, a date is a slip of the pen.
const YEARS: RangeInclusive<i16> = 1850..=2200;
/// The longest text that is looked at, in characters: the longest real form has eleven.
const LONGEST: usize = 32;

/// A day, a month or a year: what is known of a date. Always one that exists in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartialDay {
    year: i16,
    month: Option<u8>,
    day: Option<u8>,
}

/// The form in which a date was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayForm {
    /// `YYYY-MM-DD`, `YYYY-MM`, `YYYY`.
    Iso,
    /// `YYYY/MM/DD` or `YYYY.MM.DD`, and without the day.
    Slashed,
    /// `MM/DD/YYYY`.
    American,
    /// `YYYYMMDD`.
    Compact,
    /// `1935年3月5日`, and without the day or the month.
    Kanji,
    /// An era's year (和暦): `昭和10年3月5日`, `昭10.3.5`, `S10/3/5`, `S100305`, `㍼10年`.
    Era,
}

/// Why a text is no date. The text of each is the rule, Japanese first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// Nothing was written.
    #[error("日付がありません / no date was written")]
    Empty,
    /// Not in any form that we read.
    #[error(
        "日付として読めません(例: 昭和10年3月5日, S10.3.5, 1935-03-05, 1935年) / not a date that can be read (like 1935-03-05)"
    )]
    NotADate,
    /// In a form that we read, but the calendar has no such day, or the year is out of reach.
    #[error("実在しない日付です / the calendar has no such day (years 1850 to 2200)")]
    NoSuchDay,
    /// The era did not last that long: 明治99年, 昭和65年; or year nought.
    #[error("その元号にその年はありません / the era has no such year")]
    NoSuchEraYear,
    /// A day after the era's last: 昭和64年1月8日.
    #[error(
        "元号の最後の日より後の日付です(昭和は64年1月7日まで) / the day is after the last day of the era"
    )]
    EraOver,
    /// A day before the era's first: 平成元年1月7日; or 明治 before the Gregorian calendar (明治6年).
    #[error(
        "元号の最初の日より前の日付です(明治は6年1月1日から) / the day is before the first day of the era"
    )]
    BeforeEra,
}

impl PartialDay {
    /// Checks and makes one. `month` and `day` from 1; a day needs its month.
    ///
    /// # Errors
    /// [`DayError::NoSuchDay`] if the calendar has none, or the year is not within 1850 to 2200.
    pub fn new(year: i16, month: Option<u8>, day: Option<u8>) -> Result<Self, DayError> {
        if day.is_some() && month.is_none() {
            return Err(DayError::NoSuchDay);
        }
        let one = Self { year, month, day };
        let exists = civil(year, month.unwrap_or(1), day.unwrap_or(1)).is_some();
        (exists && YEARS.contains(&year))
            .then_some(one)
            .ok_or(DayError::NoSuchDay)
    }

    /// The year.
    #[must_use]
    pub const fn year(&self) -> i16 {
        self.year
    }

    /// The month from 1, if it is known.
    #[must_use]
    pub const fn month(&self) -> Option<u8> {
        self.month
    }

    /// The day of the month from 1, if it is known.
    #[must_use]
    pub const fn day(&self) -> Option<u8> {
        self.day
    }

    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`: what FHIR calls a date.
    #[must_use]
    pub fn iso(&self) -> String {
        self.to_string()
    }

    /// The first day that it can be, `YYYY-MM-DD`.
    #[must_use]
    pub fn first(&self) -> String {
        self.first_day().to_string()
    }

    /// The last day that it can be, `YYYY-MM-DD`.
    #[must_use]
    pub fn last(&self) -> String {
        self.last_day().to_string()
    }

    fn first_day(&self) -> Date {
        // The calendar was asked when this was made: the fallback is never taken.
        civil(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).unwrap_or(Date::ZERO)
    }

    fn last_day(&self) -> Date {
        match (self.month, self.day) {
            (None, _) => self.first_day().last_of_year(),
            (Some(_), None) => self.first_day().last_of_month(),
            (Some(_), Some(_)) => self.first_day(),
        }
    }
}

impl fmt::Display for PartialDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

fn civil(year: i16, month: u8, day: u8) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// An era (元号) with the days on which it can be written.
struct Era {
    name: &'static str,
    letter: char,
    /// The western year before the era's first: era year 1 is `offset + 1`.
    offset: i16,
    first: Date,
    last: Date,
}

/// Oldest first. A day on which the era changed at once (明治45年7月30日 is 大正元年7月30日) is good in both.
/// Sources: 明治五年太政官布告第三百三十七号 (Gregorian calendar from 明治6年1月1日), the edicts of 1912 and
/// 1926, 元号を改める政令 of 1989 and 2019.
const ERAS: [Era; 5] = [
    era("明治", 'M', 1867, ((1873, 1, 1), (1912, 7, 30))),
    era("大正", 'T', 1911, ((1912, 7, 30), (1926, 12, 25))),
    era("昭和", 'S', 1925, ((1926, 12, 25), (1989, 1, 7))),
    era("平成", 'H', 1988, ((1989, 1, 8), (2019, 4, 30))),
    era("令和", 'R', 2018, ((2019, 5, 1), (2117, 12, 31))),
];

type Ymd = (i16, i8, i8);

const fn era(name: &'static str, letter: char, offset: i16, (first, last): (Ymd, Ymd)) -> Era {
    Era {
        name,
        letter,
        offset,
        first: Date::constant(first.0, first.1, first.2),
        last: Date::constant(last.0, last.1, last.2),
    }
}

impl Era {
    /// The day of this era, if the era has it.
    fn day(&self, year: i16, month: Option<u8>, day: Option<u8>) -> Result<PartialDay, DayError> {
        let western = year.saturating_add(self.offset);
        if year < 1 || western > self.last.year() {
            return Err(DayError::NoSuchEraYear);
        }
        let found = PartialDay::new(western, month, day)?;
        if found.first_day() > self.last {
            Err(DayError::EraOver)
        } else if found.last_day() < self.first {
            Err(DayError::BeforeEra)
        } else {
            Ok(found)
        }
    }

    /// What follows the era's name, if the text begins with it: 昭和, 昭 or S.
    fn strip<'a>(&self, text: &'a str) -> Option<&'a str> {
        let short = self.name.get(..3).unwrap_or(self.name);
        text.strip_prefix(self.name)
            .or_else(|| text.strip_prefix(short))
            .or_else(|| {
                text.strip_prefix(|letter: char| letter.to_ascii_uppercase() == self.letter)
            })
            .map(|rest| rest.trim_start_matches(['.', '・']))
    }
}

/// Reads a date in any form that is used in Japan; full-width or half-width, with or without spaces.
///
/// Two-digit years without an era and the digit codes of eras (3 for 昭和) are not read: they are
/// ambiguous. Kanji numerals are (昭和十年三月五日).
///
/// # Errors
/// [`DayError`]: its text is the rule that was broken, and quotes nothing.
pub fn parse(text: &str) -> Result<(PartialDay, DayForm), DayError> {
    let plain = plain(text)?;
    let found = ERAS
        .iter()
        .find_map(|era| era.strip(&plain).map(|rest| (era, rest)));
    if let Some((era, rest)) = found {
        let (year, month, day) = era_numbers(rest).ok_or(DayError::NotADate)?;
        return Ok((era.day(year, month, day)?, DayForm::Era));
    }
    let (numbers, form) = western(&plain).ok_or(DayError::NotADate)?;
    let (year, month, day) = numbers;
    Ok((PartialDay::new(year, month, day)?, form))
}

/// One spelling of digits, dashes and numerals; no spaces.
fn plain(text: &str) -> Result<String, DayError> {
    let letters: String = text
        .nfkc()
        .filter(|letter| !letter.is_whitespace())
        .take(LONGEST + 1)
        .map(|letter| match letter {
            '‐' | '‑' | '–' | '—' | '―' | '−' | 'ー' => '-',
            '。' | '、' | ',' => '.',
            other => other,
        })
        .collect();
    match letters.chars().count() {
        0 => Err(DayError::Empty),
        1..=LONGEST => Ok(kanji_numerals(&letters)),
        _ => Err(DayError::NotADate),
    }
}

/// Runs of kanji numerals up to 99, or digit by digit, as ASCII digits: 十 → 10, 二十三 → 23, 一九三五 → 1935.
#[must_use]
pub fn kanji_numerals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for letter in text.chars().chain(['\0']) {
        if "〇零一二三四五六七八九十".contains(letter) {
            run.push(letter);
            continue;
        }
        out.push_str(&numeral(&run));
        run.clear();
        if letter != '\0' {
            out.push(letter);
        }
    }
    out
}

fn numeral(run: &str) -> String {
    let digit = |letter: char| "〇一二三四五六七八九".chars().position(|one| one == letter);
    let digits = |text: &str| -> String {
        text.chars()
            .map(|letter| digit(letter).unwrap_or(0).to_string())
            .collect()
    };
    match run.split_once('十') {
        None => digits(run),
        Some((tens, ones)) => {
            let tens = if tens.is_empty() {
                "1".to_owned()
            } else {
                digits(tens)
            };
            let ones = if ones.is_empty() {
                "0".to_owned()
            } else {
                digits(ones)
            };
            format!("{tens}{ones}")
        }
    }
}

type Numbers = (i16, Option<u8>, Option<u8>);

/// What stands behind an era: `10年3月5日`, `10.3.5`, `100305`, `元年`, `10`.
fn era_numbers(rest: &str) -> Option<Numbers> {
    let rest = rest
        .strip_prefix('元')
        .map_or_else(|| rest.to_owned(), |after| format!("1{after}"));
    if rest.len() == 6 && is_digits(&rest) {
        let part = |from: usize| rest.get(from..from + 2);
        return Some((
            short(part(0)?)?.into(),
            Some(short(part(2)?)?),
            Some(short(part(4)?)?),
        ));
    }
    let parts = kanji_parts(&rest).or_else(|| parts(&rest, &['.', '/', '-']))?;
    numbers(&parts, 1..=2)
}

/// A western date and its form.
fn western(text: &str) -> Option<(Numbers, DayForm)> {
    if text.len() == 8 && is_digits(text) {
        let found = (
            text.get(..4)?.parse().ok()?,
            Some(short(text.get(4..6)?)?),
            Some(short(text.get(6..)?)?),
        );
        return Some((found, DayForm::Compact));
    }
    if let Some(parts) = kanji_parts(text) {
        return Some((numbers(&parts, 4..=4)?, DayForm::Kanji));
    }
    if let Some(parts) = parts(text, &['-']) {
        return Some((numbers(&parts, 4..=4)?, DayForm::Iso));
    }
    let parts = parts(text, &['/']).or_else(|| parts(text, &['.']))?;
    if let [month, day, year] = parts.as_slice()
        && year.len() == 4
    {
        let found = (year.parse().ok()?, Some(short(month)?), Some(short(day)?));
        return Some((found, DayForm::American));
    }
    Some((numbers(&parts, 4..=4)?, DayForm::Slashed))
}

/// `10年3月5日`, `10年3月`, `10年` → its numbers. A missing 日 at the end is forgiven.
fn kanji_parts(text: &str) -> Option<Vec<&str>> {
    let (year, rest) = text.split_once('年')?;
    if rest.is_empty() {
        return Some(vec![year]);
    }
    let (month, day) = rest.split_once('月')?;
    if day.is_empty() {
        return Some(vec![year, month]);
    }
    Some(vec![year, month, day.strip_suffix('日').unwrap_or(day)])
}

/// Up to three parts, divided by one and the same sign.
fn parts<'a>(text: &'a str, signs: &[char]) -> Option<Vec<&'a str>> {
    let sign = text.chars().find(|letter| signs.contains(letter));
    let parts: Vec<&str> = match sign {
        Some(sign) => text.split(sign).collect(),
        None => vec![text],
    };
    let good = parts.len() <= 3 && parts.iter().all(|part| is_digits(part));
    good.then_some(parts)
}

fn numbers(parts: &[&str], year_digits: RangeInclusive<usize>) -> Option<Numbers> {
    let (year, rest) = parts.split_first()?;
    if !is_digits(year) || !year_digits.contains(&year.len()) {
        return None;
    }
    let mut rest = rest.iter();
    let month = rest.next().map(|part| short(part).ok_or(())).transpose();
    let day = rest.next().map(|part| short(part).ok_or(())).transpose();
    Some((year.parse().ok()?, month.ok()?, day.ok()?))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// One or two digits.
fn short(text: &str) -> Option<u8> {
    (is_digits(text) && text.len() <= 2)
        .then(|| text.parse().ok())
        .flatten()
}

/// The date in the Japanese calendar: 昭和10年3月5日, 昭和10年3月, 昭和10年; the first year is 元年.
///
/// The day on which an era changed is the new era's; a month or a year in which it changed is the era's
/// that holds its middle. `None` before 1873 and after 令和99年.
#[must_use]
pub fn era_text(day: &PartialDay) -> Option<String> {
    let shown = match (day.month, day.day) {
        (None, _) => civil(day.year, 7, 1)?,
        (Some(month), None) => civil(day.year, month, 16)?,
        (Some(_), Some(_)) => day.first_day(),
    };
    let era = ERAS
        .iter()
        .rev()
        .find(|era| era.first <= shown && shown <= era.last)?;
    let mut text = match day.year - era.offset {
        1 => format!("{}元年", era.name),
        year => format!("{}{year}年", era.name),
    };
    if let Some(month) = day.month {
        text.push_str(&format!("{month}月"));
    }
    if let Some(day) = day.day {
        text.push_str(&format!("{day}日"));
    }
    Some(text)
}

/// The same era year in the era before and the one after: the slip of the tongue of who says 昭和10年 and
/// means 大正10年. Empty unless `written`, the text that `day` was read from, names an era.
#[must_use]
pub fn era_swaps(day: &PartialDay, written: &str) -> Vec<PartialDay> {
    let Ok(plain) = plain(written) else {
        return Vec::new();
    };
    let Some(at) = ERAS.iter().position(|era| era.strip(&plain).is_some()) else {
        return Vec::new();
    };
    let year = ERAS.get(at).map_or(0, |era| day.year - era.offset);
    let beside = [at.checked_sub(1), at.checked_add(1)];
    beside
        .into_iter()
        .flatten()
        .filter_map(|one| ERAS.get(one))
        .filter_map(|era| era.day(year, day.month, day.day).ok())
        .collect()
}

/// The age on the day `today` (`YYYY-MM-DD`) in completed years: the youngest and the oldest that
/// somebody born then can be. `None` if `today` is no day or before the birth.
#[must_use]
pub fn age_on(birth: &PartialDay, today: &str) -> Option<(u16, u16)> {
    let (today, DayForm::Iso) = parse(today).ok()? else {
        return None;
    };
    let today = today.day.and(Some(today.first_day()))?;
    if birth.first_day() > today {
        return None;
    }
    let age = |born: Date| {
        let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
        let years = today.year() - born.year() - i16::from(!had_birthday);
        u16::try_from(years).unwrap_or(0)
    };
    Some((age(birth.last_day()), age(birth.first_day())))
}

#[cfg(test)]
#[path = "day_tests.rs"]
mod tests;
