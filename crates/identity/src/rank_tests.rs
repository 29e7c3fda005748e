//! The order of answers, by hand.

use proptest::prelude::*;

use super::*;
use crate::query::Asked;
use crate::town_tests::{TODAY, town};

fn person(kana: &str, name: &str, birth: &str, address: &str) -> Face {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Face {
        name: text(name),
        kana: text(kana),
        birth_date: text(birth),
        address: text(address),
        ..Face::default()
    }
}

fn ranked(asked: &Asked, people: &[Face]) -> Vec<usize> {
    let query = Query::read(asked, TODAY).unwrap();
    let candidates = people
        .iter()
        .enumerate()
        .map(|(at, face)| (face, &[][..], at));
    query
        .rank(candidates)
        .into_iter()
        .map(|(_, at)| at)
        .collect()
}

#[test]
fn the_crew_type_half_width_kana_and_a_year() {
    let people = [
        person("ハマナカ ショウイチ", "浜中 正一", "1935-03-05", ""),
        person("ハマダ トメ", "濱田 トメ", "1951-08-17", ""),
        person(
            "ハマダ ショウイチ",
            "濱田 正一",
            "1935-03-05",
            "北見市端野町三区10",
        ),
        person("ハマタ キヨ", "浜田 キヨ", "1935-11-11", ""),
    ];
    let asked = Asked {
        name: Some("ﾊﾏﾀﾞ".to_owned()),
        birth_date: Some("昭和10年".to_owned()),
        ..Asked::default()
    };
    assert_eq!(ranked(&asked, &people), [2, 3]);
}

#[test]
fn half_kana_half_kanji_agrees_with_both() {
    let people = [
        person("ハマ イチロウ", "波間 一郎", "1941-01-01", ""),
        person("ハマオ ウメ", "浜尾 梅", "1941-01-01", ""),
        person("ハマサキ カツ", "浜崎 カツ", "1941-01-01", ""),
        person("ハマダ ショウイチ", "濱田 正一", "1935-03-05", ""),
        person("ヤマダ ショウイチ", "山田 正一", "1935-03-05", ""),
    ];
    for typed in [
        "ハマ田",
        "はま田",
        "ハ田",
        "浜ダ",
        "濵だ",
        "ハマ田正一",
        "ハマ田 正一",
        "ハマ田ショウイチ",
    ] {
        let asked = Asked {
            name: Some(typed.to_owned()),
            ..Asked::default()
        };
        assert_eq!(ranked(&asked, &people).first(), Some(&3), "{typed}");
    }
    let asked = Asked {
        name: Some("ヤマダ ショウ一".to_owned()),
        ..Asked::default()
    };
    assert_eq!(ranked(&asked, &people).first(), Some(&4));
}

#[test]
fn the_name_of_a_prefecture_speaks_against_nobody() {
    let people = [
        person("ハヤシダ ウメ", "林田 梅", "1941-01-01", "北見市寿町5-1-2"),
        person("ハヤシダ キク", "林田 菊", "1941-01-01", "青森県青森市1-1"),
    ];
    for (name, address) in [
        ("林", "北海道"),
        ("林", "北海道北見市"),
        ("林", "北見市"),
        ("は", "寿町"),
    ] {
        let asked = Asked {
            name: Some(name.to_owned()),
            address: Some(address.to_owned()),
            ..Asked::default()
        };
        assert_eq!(
            ranked(&asked, &people).first(),
            Some(&0),
            "{name} {address}"
        );
    }
    let asked = Asked {
        name: Some("は".to_owned()),
        age: Some("85".to_owned()),
        ..Asked::default()
    };
    assert_eq!(ranked(&asked, &people), [0, 1], "one kana and an age");
}

#[test]
fn who_does_not_fit_is_left_out() {
    let people = [
        person(
            "ハマダ ショウイチ",
            "濱田 正一",
            "1935-03-05",
            "北見市端野町三区10",
        ),
        person("キタミ ウメ", "北見 ウメ", "1935-03-05", "北見市寿町5-1-2"),
    ];
    let asked = |name: &str, birth: &str| Asked {
        name: Some(name.to_owned()),
        birth_date: Some(birth.to_owned()),
        ..Asked::default()
    };
    assert_eq!(
        ranked(&asked("アバシリ", "1935-03-05"), &people),
        Vec::<usize>::new()
    );
    assert_eq!(
        ranked(&asked("ハマダ", "1971-10-10"), &people),
        Vec::<usize>::new()
    );
    assert_eq!(
        ranked(&asked("ハマダ ショウイチ", "1971-10-10"), &people),
        [0]
    );
    assert_eq!(ranked(&asked("キタミ ウメ", "昭和10年"), &people), [1]);
    // The maiden name, but birth date and address are right.
    let maiden = Asked {
        address: Some("寿町5-1-2".to_owned()),
        ..asked("オホーツク", "1935-03-05")
    };
    assert_eq!(ranked(&maiden, &people), [1]);
}

#[test]
fn parts_of_an_address() {
    let people = [
        person(
            "ハマダ ショウイチ",
            "",
            "",
            "北海道北見市端野町三区572番地1",
        ),
        person("ハマダ ウメ", "", "", "北海道北見市寿町5丁目1-2"),
        Face {
            district: Some("端野自治区".to_owned()),
            ..person("ハマダ キヨ", "", "", "")
        },
    ];
    for (typed, expected) in [
        ("端野町", vec![0, 2, 1]),
        ("端野", vec![2, 0, 1]),
        ("三区", vec![0, 2, 1]),
        ("北見市端野町３区572", vec![0, 2, 1]),
        ("寿町5-1-2 コーポ101", vec![1, 2, 0]),
        ("北見端野", vec![0, 2, 1]),
    ] {
        let asked = Asked {
            name: Some("ハマダ".to_owned()),
            address: Some(typed.to_owned()),
            ..Asked::default()
        };
        let found = ranked(&asked, &people);
        assert_eq!(found.first(), expected.first(), "{typed} {found:?}");
    }
}

#[test]
fn a_district_called_like_its_town() {
    let living = |district: &str, address: &str| Face {
        district: Some(district.to_owned()),
        ..person("ハマダ ウメ", "", "", address)
    };
    let people = [
        living("端野自治区", "北海道北見市端野町三区10"),
        living("北見自治区", "北海道北見市寿町5-1-2"),
    ];
    let asked = |address: &str| Asked {
        name: Some("ハマダ".to_owned()),
        address: Some(address.to_owned()),
        ..Asked::default()
    };
    assert_eq!(ranked(&asked("北見"), &people), [1, 0]);
    assert_eq!(ranked(&asked("北見自治区"), &people), [1, 0]);
    assert_eq!(ranked(&asked("端野自治区"), &people), [0, 1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_candidates_does_not_matter(
        order in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
        name in "[アイウエオカサタハマ]{2,4}",
        age in 60_u16..100,
    ) {
        let town = town(40);
        let asked = Asked {
            name: Some(name),
            age: Some(age.to_string()),
            ..Asked::default()
        };
        let shuffled: Vec<Face> = order.iter().map(|at| town.people[*at].clone()).collect();
        let found: Vec<usize> = ranked(&asked, &shuffled).into_iter().map(|at| order[at]).collect();
        prop_assert_eq!(found, ranked(&asked, &town.people));
    }

    #[test]
    fn nothing_typed_is_too_strange(name in "\\PC{0,20}", address in "\\PC{0,20}", phone in "\\PC{0,12}") {
        let town = town(20);
        let asked = Asked {
            name: Some(name),
            address: Some(address),
            phone: Some(phone),
            ..Asked::default()
        };
        if Query::read(&asked, TODAY).is_ok() {
            prop_assert!(town.search(&asked).len() <= 20);
        }
    }
}

#[test]
fn the_right_name_in_the_next_year_is_before_half_the_name_in_the_right_one() {
    let people = [
        person("スズキ ショウゴ", "鈴木 省吾", "1938-04-09", ""),
        person("ワタナベ ショウゴ", "渡辺 省吾", "1939-01-01", ""),
    ];
    let asked = Asked {
        name: Some("ワタナベ ショウゴ".to_owned()),
        birth_date: Some("1938".to_owned()),
        ..Asked::default()
    };
    assert_eq!(ranked(&asked, &people), [1, 0]);
}
