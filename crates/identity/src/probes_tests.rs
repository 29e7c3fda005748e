//! Which ranges a query reads.

use super::*;
use crate::query::Asked;

fn probes(asked: &Asked) -> Vec<(TermKind, String)> {
    let query = Query::read(asked, "2026-11-21").unwrap();
    let Probes { near, broad, .. } = query.probes();
    let found = [near, broad].concat();
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
    assert!(other_era < area && area < near && near < name && name < year);
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
fn half_kana_half_kanji_begins_in_its_own_script() {
    for (typed, kind, low) in [
        ("ハマ田", TermKind::Kana, "ハマ"),
        ("ハ田", TermKind::Kana, "ハ"),
        ("濱だ", TermKind::Name, "浜"),
        ("ハマ田 正一", TermKind::Kana, "ハマ"),
        ("ショウ一", TermKind::Given, "シヨ"),
        ("正いち", TermKind::GivenName, "正"),
    ] {
        let found = probes(&Asked {
            name: Some(typed.to_owned()),
            age: Some("91".to_owned()),
            ..Asked::default()
        });
        at(&found, kind, low);
        if kind == TermKind::Kana {
            at(&found, TermKind::KanaYear, &format!("1935|{low}"));
        }
    }
}

#[test]
fn a_face_that_knows_no_day_is_looked_for_too() {
    let found = probes(&Asked {
        birth_date: Some("1935-03-05".to_owned()),
        ..Asked::default()
    });
    at(&found, TermKind::Birth, "1935-03");
    at(&found, TermKind::Birth, "1935");
}

/// Whatever may be asked is looked for somewhere.
#[test]
fn every_search_reads_something() {
    for (field, typed) in [
        ("name", "林"),
        ("name", "いし"),
        ("name", "A"),
        ("birth", "昭和10年"),
        ("age", "0"),
        ("age", "125"),
        ("address", "端野"),
        ("address", "訓子府町"),
        ("address", "北見"),
        ("phone", "1234"),
        ("card", "123"),
    ] {
        let value = |name: &str| (field == name).then(|| typed.to_owned());
        let found = probes(&Asked {
            name: value("name"),
            birth_date: value("birth"),
            age: value("age"),
            address: value("address"),
            phone: value("phone"),
            card: value("card"),
            sex: None,
        });
        assert!(!found.is_empty(), "{field} {typed}");
    }
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
    let found = query.unwrap().probes().broad;
    let ranges: Vec<(&str, &str)> = found
        .iter()
        .map(|probe| (probe.low.as_str(), probe.high.as_str()))
        .collect();
    assert_eq!(
        ranges,
        [("1926-11-21", "1936-11-21\u{1}"), ("1925", "1938")],
        "the days of birth first, then a year more at both ends"
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

#[test]
fn ranges_that_are_left_out_are_told() {
    let query = |name: &str, card: Option<&str>| {
        let asked = Asked {
            name: Some(name.to_owned()),
            birth_date: Some("昭和10年3月5日".to_owned()),
            age: Some("91".to_owned()),
            address: Some("北海道北見市端野町三区10-1".to_owned()),
            phone: Some("0123456789".to_owned()),
            card: card.map(str::to_owned),
            sex: None,
        };
        Query::read(&asked, "2026-11-21").unwrap().probes()
    };
    let all = query("かづじ ずしぢ", Some("123"));

    assert!(all.left_out);
    assert_eq!(all.near.len() + all.broad.len(), MOST);
    assert!(!query("林", None).left_out);
}

/// What is read first and what only if nobody fits.
#[test]
fn a_family_name_alone_is_broad_and_a_full_name_is_near() {
    let ranges = |name: &str| {
        let asked = Asked {
            name: Some(name.to_owned()),
            ..Asked::default()
        };
        Query::read(&asked, "2026-11-21").unwrap().probes()
    };
    let near = |name: &str| {
        let near = ranges(name).near.into_iter();
        near.map(|probe| probe.low).collect::<Vec<_>>()
    };
    assert_eq!(near("ハマダ"), [""; 0]);
    assert_eq!(near("浜田"), [""; 0]);
    assert!(near("ハマダ ショウイチ").contains(&"ハマタシヨイチ".to_owned()));
    assert!(near("ハマダショウイチ").contains(&"ハマタシヨイチ".to_owned()));
    assert!(near("浜田正一郎").contains(&"浜田正一郎".to_owned()));
    assert!(
        ranges("ハマダ ショウイチ")
            .broad
            .iter()
            .all(|probe| !near("ハマダ ショウイチ").contains(&probe.low)),
        "each once"
    );
}

#[test]
fn a_house_is_near_and_a_street_is_broad() {
    let asked = Asked {
        address: Some("端野町三区572番地1".to_owned()),
        ..Asked::default()
    };
    let Probes { near, broad, .. } = Query::read(&asked, "2026-11-21").unwrap().probes();
    let lows = |probes: &[Probe]| probes.iter().map(|one| one.low.clone()).collect::<Vec<_>>();
    assert_eq!(lows(&near), ["端野町3区572-1"]);
    assert!(lows(&broad).contains(&"端野町3区".to_owned()), "{broad:?}");
}

#[test]
fn letters_of_a_family_name_that_changed_over_are_near_in_the_year_that_was_asked() {
    let asked = Asked {
        name: Some("ワナタベ ショウゴ".to_owned()),
        birth_date: Some("1938".to_owned()),
        ..Asked::default()
    };
    let Probes { near, .. } = Query::read(&asked, "2026-11-21").unwrap().probes();
    let low = "1938|ワタナヘ".to_owned();
    assert!(
        near.iter()
            .any(|probe| probe.kind == TermKind::KanaYear && probe.low == low),
        "{near:?}"
    );
}
