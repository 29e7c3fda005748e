//! Dates: a table of spellings and of wrong ones, and the laws.

use proptest::prelude::*;

use super::*;

fn iso(text: &str) -> Result<String, DayError> {
    parse(text).map(|(day, _)| day.iso())
}

#[test]
fn one_day_in_all_its_spellings() {
    for (text, form) in [
        ("1935-03-05", DayForm::Iso),
        ("1935-3-5", DayForm::Iso),
        ("１９３５－０３－０５", DayForm::Iso),
        ("1935/03/05", DayForm::Slashed),
        ("1935.3.5", DayForm::Slashed),
        ("03/05/1935", DayForm::American),
        ("3/5/1935", DayForm::American),
        ("19350305", DayForm::Compact),
        ("1935年3月5日", DayForm::Kanji),
        ("一九三五年三月五日", DayForm::Kanji),
        ("昭和10年3月5日", DayForm::Era),
        ("昭和１０年０３月０５日", DayForm::Era),
        (" 昭和 10年 3月 5日 ", DayForm::Era),
        ("昭和十年三月五日", DayForm::Era),
        ("㍼10年3月5日", DayForm::Era),
        ("昭和10.3.5", DayForm::Era),
        ("昭10.3.5", DayForm::Era),
        ("S10.3.5", DayForm::Era),
        ("s10/3/5", DayForm::Era),
        ("Ｓ１０－３－５", DayForm::Era),
        ("S.10.3.5", DayForm::Era),
        ("S100305", DayForm::Era),
        ("昭和100305", DayForm::Era),
    ] {
        let found = parse(text).map(|(day, form)| (day.iso(), form));
        assert_eq!(found, Ok(("1935-03-05".to_owned(), form)), "{text}");
    }
}

#[test]
fn months_years_and_the_edges_of_eras() {
    for (text, expected) in [
        ("昭和10年", "1935"),
        ("昭和10", "1935"),
        ("S10", "1935"),
        ("昭和10年3月", "1935-03"),
        ("S10.3", "1935-03"),
        ("1935", "1935"),
        ("1935年", "1935"),
        ("1935-03", "1935-03"),
        ("1935/3", "1935-03"),
        ("平成元年", "1989"),
        ("平成元年1月8日", "1989-01-08"),
        ("昭和64年1月7日", "1989-01-07"),
        ("昭和64年", "1989"),
        ("明治45年7月30日", "1912-07-30"),
        ("大正元年7月30日", "1912-07-30"),
        ("大正15年12月25日", "1926-12-25"),
        ("昭和元年12月25日", "1926-12-25"),
        ("令和元年5月1日", "2019-05-01"),
        ("平成31年4月30日", "2019-04-30"),
        ("明治6年1月1日", "1873-01-01"),
        ("令和2年2月29日", "2020-02-29"),
    ] {
        assert_eq!(iso(text), Ok(expected.to_owned()), "{text}");
    }
}

#[test]
fn what_is_no_date_says_why() {
    for (text, expected) in [
        ("", DayError::Empty),
        ("　 ", DayError::Empty),
        ("不明", DayError::NotADate),
        ("昭和", DayError::NotADate),
        ("昭和10年3", DayError::NotADate),
        ("昭和年", DayError::NotADate),
        ("35/3/5", DayError::NotADate),
        ("3100305", DayError::NotADate),
        ("1935-03-05-01", DayError::NotADate),
        ("1935/03-05", DayError::NotADate),
        ("1935-003-05", DayError::NotADate),
        ("1935--05", DayError::NotADate),
        ("昭和100年", DayError::NotADate),
        ("1935'; --", DayError::NotADate),
        ("1935-02-30", DayError::NoSuchDay),
        ("1935-13-01", DayError::NoSuchDay),
        ("昭和10年2月29日", DayError::NoSuchDay),
        ("1735-01-01", DayError::NoSuchDay),
        ("9999-01-01", DayError::NoSuchDay),
        ("明治99年", DayError::NoSuchEraYear),
        ("昭和65年1月1日", DayError::NoSuchEraYear),
        ("昭和0年", DayError::NoSuchEraYear),
        ("大正20年", DayError::NoSuchEraYear),
        ("昭和64年1月8日", DayError::EraOver),
        ("昭和64年2月", DayError::EraOver),
        ("大正15年12月26日", DayError::EraOver),
        ("平成31年5月1日", DayError::EraOver),
        ("平成元年1月7日", DayError::BeforeEra),
        ("昭和元年11月", DayError::BeforeEra),
        ("明治5年12月2日", DayError::BeforeEra),
    ] {
        assert_eq!(iso(text), Err(expected), "{text}");
        assert!(expected.to_string().contains(" / "), "{expected}");
    }
    assert_eq!(iso(&"1".repeat(1_000)), Err(DayError::NotADate));
}

fn day(text: &str) -> PartialDay {
    parse(text).unwrap().0
}

#[test]
fn an_era_is_written_with_its_first_year() {
    for (text, expected) in [
        ("1989-01-08", "平成元年1月8日"),
        ("1989-01-07", "昭和64年1月7日"),
        ("1989", "平成元年"),
        ("1926", "大正15年"),
        ("1926-12-25", "昭和元年12月25日"),
        ("2019-05", "令和元年5月"),
        ("1912-07-30", "大正元年7月30日"),
        ("1935-03-05", "昭和10年3月5日"),
    ] {
        assert_eq!(era_text(&day(text)).as_deref(), Some(expected));
    }
    assert_eq!(era_text(&day("1872-12-31")), None);
    assert_eq!(era_text(&day("2118-01-01")), None);
}

#[test]
fn a_neighbouring_era_with_the_same_year() {
    let swaps = |text: &str| -> Vec<String> {
        let found = era_swaps(&day(text), text);
        found.iter().map(PartialDay::iso).collect()
    };
    assert_eq!(swaps("昭和10年3月5日"), ["1921-03-05", "1998-03-05"]);
    assert_eq!(swaps("S10"), ["1921", "1998"]);
    assert_eq!(swaps("大正10年"), ["1877", "1935"]);
    assert_eq!(swaps("昭和45年"), Vec::<String>::new());
    assert_eq!(swaps("令和2年2月29日"), Vec::<String>::new());
    assert_eq!(swaps("1935-03-05"), Vec::<String>::new());
}

#[test]
fn ages_are_completed_years() {
    let ages = |birth: &str, today: &str| age_on(&day(birth), today);
    assert_eq!(ages("1935-03-05", "2026-03-04"), Some((90, 90)));
    assert_eq!(ages("1935-03-05", "2026-03-05"), Some((91, 91)));
    assert_eq!(ages("1935", "2026-03-05"), Some((90, 91)));
    assert_eq!(ages("1935-03", "2026-03-05"), Some((90, 91)));
    assert_eq!(ages("2026", "2026-03-05"), Some((0, 0)));
    assert_eq!(ages("2026-03-06", "2026-03-05"), None);
    assert_eq!(ages("1935-03-05", "2026-03"), None);
    assert_eq!(ages("1935-03-05", "today"), None);
}

#[test]
fn the_first_and_the_last_day_that_it_can_be() {
    assert_eq!(day("1936-02").last(), "1936-02-29");
    assert_eq!(day("1936-02").first(), "1936-02-01");
    assert_eq!(day("1935").first(), "1935-01-01");
    assert_eq!(day("1935").last(), "1935-12-31");
    assert!(PartialDay::new(1935, None, Some(1)).is_err());
}

fn any_day() -> impl Strategy<Value = PartialDay> {
    (1873_i16..2118, 1_u8..=12, 1_u8..=31, 0..3).prop_filter_map(
        "the calendar has no such day",
        |(year, month, day, known)| {
            let (month, day) = match known {
                0 => (None, None),
                1 => (Some(month), None),
                _ => (Some(month), Some(day)),
            };
            PartialDay::new(year, month, day).ok()
        },
    )
}

proptest! {
    #[test]
    fn an_iso_date_reads_as_itself(day in any_day()) {
        prop_assert_eq!(parse(&day.iso()), Ok((day, DayForm::Iso)));
    }

    #[test]
    fn an_era_date_reads_as_the_same_day(day in any_day()) {
        let text = era_text(&day).unwrap();
        prop_assert_eq!(parse(&text), Ok((day, DayForm::Era)));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,40}") {
        if let Ok((day, _)) = parse(&text) {
            prop_assert!(day.first() <= day.last());
        }
    }

    #[test]
    fn digits_and_signs_never_make_a_day_that_does_not_exist(text in "[MTSH昭和平成元0-9年月日./-]{1,12}") {
        if let Ok((day, _)) = parse(&text) {
            prop_assert_eq!(PartialDay::new(day.year(), day.month(), day.day()), Ok(day));
        }
    }
}
