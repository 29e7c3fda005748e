//! How searches are read, and what dates cover.

use proptest::prelude::*;
use renkei_fhir::moment::{Span, span};
use renkei_fhir::params::{ParamKind, params};
use renkei_fhir::search::{Prefix, Search, Sort, Test, TextMatch, TokenSystem, search};
use renkei_fhir::types::{ResourceType, TYPES};

const DAY: i64 = 86_400_000_000;
/// 2026-11-21T00:00+09:00
const MIDNIGHT: i64 = 1_795_186_800_000_000;

fn read(kind: ResourceType, asked: &[(&str, &str)]) -> Result<Search, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    search(kind, &asked.iter().map(owned).collect::<Vec<_>>())
}

fn tests(kind: ResourceType, name: &str, value: &str) -> Vec<Test> {
    let mut read = read(kind, &[(name, value)]).unwrap();
    assert_eq!(read.criteria.len(), 1);
    read.criteria.remove(0).tests
}

#[test]
fn a_date_covers_what_it_says_in_japanese_time() {
    let covers = |text: &str| span(text).map(|span| (span.low - MIDNIGHT, span.high - span.low));
    for (text, low, width) in [
        ("2026-11-21", 0, DAY),
        ("2026-11", -20 * DAY, 30 * DAY),
        ("2026", -324 * DAY, 365 * DAY),
        ("2026-11-21T00:00", 0, 60_000_000),
        ("2026-11-21T00:00:01", 1_000_000, 1_000_000),
        ("2026-11-21T00:00:01.5", 1_500_000, 100_000),
        ("2026-11-21T00:00:00.123+09:00", 123_000, 1_000),
        ("2026-11-20T15:00:00Z", 0, 1_000_000),
        ("2026-11-20T10:30:00-04:30", 0, 1_000_000),
        ("2026-11-21T00:00:00.1234567Z", 9 * DAY / 24 + 123_456, 1),
    ] {
        assert_eq!(covers(text), Some((low, width)), "{text}");
    }
    assert_eq!(
        span("2024-02-29").map(|span| span.high - span.low),
        Some(DAY)
    );
    for text in [
        "",
        "26",
        "20261121",
        "2026-1-1",
        "2026-13",
        "2026-00",
        "2026-02-29",
        "2026-11-21T",
        "2026-11-21T24:00",
        "2026-11-21T00:60",
        "2026-11-21T00:00:60",
        "2026-11-21T00",
        "2026-11T00:00",
        "2026-11-21T00:00:00.",
        "2026-11-21T00:00:00.x",
        "2026-11-21T00:00:00+9:00",
        "2026-11-21T00:00:00+15:00",
        "2026-11-21T00:00:00 09:00",
        "２０２６",
        "令和8年",
        "-026",
        "+026",
        "9999-99-99",
        "2026-11-21T00:00Zx",
        "2026-11-é1",
    ] {
        assert_eq!(span(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_that_comes_from_outside_breaks_a_date(text in "\\PC{0,32}") {
        if let Some(Span { low, high }) = span(&text) {
            prop_assert!(low < high);
        }
    }

    #[test]
    fn nothing_that_comes_from_outside_breaks_a_search(name in "[a-z_:.-]{0,12}", value in "\\PC{0,40}") {
        for kind in TYPES {
            let _ = read(*kind, &[(&name, &value)]);
            let _ = read(*kind, &[("_id", &value), (&name, &value)]);
        }
    }
}

#[test]
fn values_are_read_by_the_kind_of_their_parameter() {
    use ResourceType::{Observation, Patient};
    let token = |system, value: &str| Test::Token {
        system,
        value: value.to_owned(),
    };
    let text = |value: &str, how| Test::Text(value.to_owned(), how);
    let day = span("1935-03-05").unwrap();
    for (kind, name, value, expected) in [
        (
            Patient,
            "_id",
            "a,b",
            vec![Test::Id("a".to_owned()), Test::Id("b".to_owned())],
        ),
        (
            Patient,
            "identifier",
            "v",
            vec![token(TokenSystem::Any, "v")],
        ),
        (
            Patient,
            "identifier",
            "|v",
            vec![token(TokenSystem::Without, "v")],
        ),
        (
            Patient,
            "identifier",
            "s|v,w",
            vec![
                token(TokenSystem::Is("s".to_owned()), "v"),
                token(TokenSystem::Any, "w"),
            ],
        ),
        (
            Patient,
            "identifier",
            "s|a\\|b\\,c\\\\",
            vec![token(TokenSystem::Is("s".to_owned()), "a|b,c\\")],
        ),
        (
            Patient,
            "name",
            "ハマダ",
            vec![text("ハマダ", TextMatch::Begins)],
        ),
        (
            Patient,
            "family:exact",
            "濱田",
            vec![text("濱田", TextMatch::Exact)],
        ),
        (
            Patient,
            "address:contains",
            "南町",
            vec![text("南町", TextMatch::Contains)],
        ),
        (
            Patient,
            "phone",
            "0157-00-0000",
            vec![Test::Phone("0157-00-0000".to_owned())],
        ),
        (
            Patient,
            "birthdate",
            "1935-03-05",
            vec![Test::Date(Prefix::Eq, day)],
        ),
        (
            Patient,
            "birthdate",
            "sa1935-03-05",
            vec![Test::Date(Prefix::Sa, day)],
        ),
        (
            Observation,
            "patient",
            "x",
            vec![Test::Patient("x".to_owned())],
        ),
        (
            Observation,
            "subject",
            "Patient/x",
            vec![Test::Patient("x".to_owned())],
        ),
        (
            Observation,
            "patient",
            "https://a.example/fhir/R4/Patient/x",
            vec![Test::Patient("x".to_owned())],
        ),
    ] {
        assert_eq!(tests(kind, name, value), expected, "{name}={value}");
    }
}

#[test]
fn what_is_not_offered_is_refused_by_its_name() {
    let patient =
        |name: &str, value: &str| read(ResourceType::Patient, &[("_id", "1"), (name, value)]);
    for (name, value) in [
        ("_include", "*"),
        ("_has:Observation:patient:code", "1"),
        ("identifier:not", "1"),
        ("identifier:exact", "1"),
        ("name:missing", "true"),
        ("general-practitioner.name", "x"),
        ("_lastUpdated", "2026"),
        ("patient", "1"),
        ("birthdate", "ap1935"),
        ("birthdate", "xx"),
        ("birthdate", "eq"),
        ("_sort", "date"),
        ("_sort", "birthdate"),
        ("_sort", "_lastUpdated,_id"),
        ("_sort", ""),
        ("_count", "-1"),
        ("_count", ""),
        ("_count", "1.0"),
        ("_total", "estimate"),
        ("name", ""),
        ("name", "a,"),
        ("name", "a\\b"),
        ("identifier", "s|"),
        ("gender", "|"),
        ("_id", "2"),
        ("", "x"),
        ("name", "1,2,3,4,5,6,7,8,9,10,11"),
        ("_summary", "count"),
        ("_elements", "id"),
        ("_offset", "1"),
        ("Name", "x"),
    ] {
        let told = patient(name, value).expect_err(&format!("{name}={value}"));
        assert!(
            told.starts_with(&format!("{name}: ")),
            "{name}={value}: {told}"
        );
        assert!(
            value.len() < 3
                || !told.contains(value)
                || name.contains(value)
                || "date".contains(value),
            "{told}"
        );
    }
    for value in ["Observation/x", "Patient/", "/x"] {
        assert!(
            read(ResourceType::Observation, &[("patient", value)]).is_err(),
            "{value}"
        );
    }
    let long = "あ".repeat(257);
    assert!(patient("name", &long).is_err());
    let wide = "あ".repeat(200);
    assert!(
        read(
            ResourceType::Patient,
            &[("name", &wide), ("address", &wide), ("family", &wide)]
        )
        .is_err()
    );
    assert!(read(ResourceType::Patient, &[]).is_err());
    assert!(read(ResourceType::Patient, &[("_count", "0")]).is_err());
    let told = read(ResourceType::Patient, &[("gender", "male")]).unwrap_err();
    assert!(told.starts_with("gender: "), "{told}");
}

#[test]
fn settings_are_read_and_a_span_of_time_is_two_dates() {
    let asked = [
        ("date", "ge2026-11-01"),
        ("date", "lt2026-12-01"),
        ("_count", "5"),
        ("_sort", "-date"),
        ("_total", "accurate"),
        ("_format", "json"),
        ("_totalMethod", "count"),
    ];
    let search = read(ResourceType::Encounter, &asked).unwrap();
    assert_eq!(search.criteria.len(), 2);
    assert_eq!((search.count, search.total), (Some(5), Some(true)));
    assert_eq!(search.sort, Sort::Date { descending: true });
    assert_eq!(search.asked.len(), 5, "what asks for nothing is not kept");
    // What is kept reads as the same search.
    let again = renkei_fhir::search::search(ResourceType::Encounter, &search.asked).unwrap();
    assert_eq!(again, search);
    let twice = [("patient", "a"), ("patient", "b")];
    assert!(
        read(ResourceType::Encounter, &twice)
            .unwrap_err()
            .starts_with("patient: ")
    );
    let number = read(
        ResourceType::Encounter,
        &[("_id", "a"), ("_count", "99999999999999999999999")],
    );
    assert_eq!(number.unwrap().count, Some(usize::MAX));
}

#[test]
fn every_type_is_searched_by_more_than_its_id() {
    for kind in TYPES {
        let params = params(*kind);
        let mut names: Vec<&str> = params.iter().map(|param| param.name).collect();
        assert!(
            names.contains(&"_id") && names.contains(&"identifier"),
            "{kind}: {names:?}"
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), params.len(), "{kind}: a name twice");
        let days = params.iter().filter(|param| param.name == "date");
        assert!(days.clone().all(|param| param.kind == ParamKind::Date));
        let bearer = [
            "Patient",
            "Practitioner",
            "PractitionerRole",
            "Organization",
        ]
        .contains(&kind.as_str());
        assert_ne!(names.contains(&"patient"), bearer, "{kind}");
    }
}
