//! Which ranges a query reads.

use super::*;
use crate::query::Asked;

fn probes(asked: &Asked) -> Vec<(TermKind, String)> {
    let query = Query::read(asked, "2026-11-21").unwrap();
    let found = query.probes();
    assert!(found.len() <= MOST, "{}", found.len());
    for probe in &found {
        assert!(probe.low < probe.high, "{probe:?}");
        assert!(
            !probe.low.contains('\0') && !probe.high.contains('\0'),
            "{probe:?}"
        );
    }
    found
        .into_iter()
        .map(|probe| (probe.kind, probe.low))
        .collect()
}

fn at(probes: &[(TermKind, String)], kind: TermKind, low: &str) -> usize {
    probes
        .iter()
        .position(|probe| *probe == (kind, low.to_owned()))
        .unwrap_or_else(|| panic!("{} {low} is not among {probes:?}", kind.as_str()))
}

#[test]
fn the_narrowest_comes_first() {
    let found = probes(&Asked {
        name: Some("ﾊﾏﾀﾞ".to_owned()),
        birth_date: Some("昭和10年".to_owned()),
        address: Some("端野町".to_owned()),
        ..Asked::default()
    });
    assert_eq!(at(&found, TermKind::KanaYear, "1935|ハマタ"), 0);
    let area = at(&found, TermKind::KanaArea, "端野|ハマタ");
    let name = at(&found, TermKind::Kana, "ハマタ");
    let other_era = at(&found, TermKind::KanaYear, "1921|ハマタ");
    let near = at(&found, TermKind::KanaYear, "1936|ハマタ");
    let year = at(&found, TermKind::Birth, "1935");
    assert!(other_era < area && area < name && name < near && near < year);
}

#[test]
fn a_full_birth_date_a_phone_and_a_card_are_exact() {
    let found = probes(&Asked {
        birth_date: Some("S10.3.5".to_owned()),
        phone: Some("0157-00-1234".to_owned()),
        card: Some("km-0001".to_owned()),
        ..Asked::default()
    });
    assert_eq!(at(&found, TermKind::Card, "KM0001"), 0);
    assert_eq!(at(&found, TermKind::Phone, "0157001234"), 1);
    assert_eq!(at(&found, TermKind::Birth, "1935-03-05"), 2);
    at(&found, TermKind::Birth, "1921-03-05");
    at(&found, TermKind::Birth, "1935-03-06");
    at(&found, TermKind::Phone, "0157002134");
    at(&found, TermKind::Phone, "~1234");
}

#[test]
fn kana_and_kanji_mixed_and_the_wrong_way_round() {
    let found = probes(&Asked {
        name: Some("はまだ正一".to_owned()),
        ..Asked::default()
    });
    at(&found, TermKind::Kana, "ハマタ");
    at(&found, TermKind::GivenName, "正一");
    let found = probes(&Asked {
        name: Some("ショウイチ ハマダ".to_owned()),
        ..Asked::default()
    });
    at(&found, TermKind::Kana, "ハマタシヨイチ");
    let found = probes(&Asked {
        name: Some("かづこ".to_owned()),
        ..Asked::default()
    });
    at(&found, TermKind::Given, "カツコ");
    at(&found, TermKind::Given, "カスコ");
}

#[test]
fn an_age_is_some_years_and_a_decade_a_span() {
    let found = probes(&Asked {
        name: Some("ハマダ".to_owned()),
        age: Some("91".to_owned()),
        ..Asked::default()
    });
    for year in ["1933", "1934", "1935", "1936"] {
        at(&found, TermKind::KanaYear, &format!("{year}|ハマタ"));
    }
    let query = Query::read(
        &Asked {
            age: Some("90代".to_owned()),
            ..Asked::default()
        },
        "2026-11-21",
    );
    let found = query.unwrap().probes();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].low.as_str(), found[0].high.as_str()),
        ("1925", "1938")
    );
}

#[test]
fn everything_at_once_is_still_few() {
    let found = probes(&Asked {
        name: Some("かづじ ずしぢ".to_owned()),
        birth_date: Some("昭和10年3月5日".to_owned()),
        age: Some("91".to_owned()),
        sex: Some("男".to_owned()),
        address: Some("北海道北見市端野町三区10-1".to_owned()),
        phone: Some("0123456789".to_owned()),
        card: Some("123".to_owned()),
    });
    assert!(found.len() > 20);
}
