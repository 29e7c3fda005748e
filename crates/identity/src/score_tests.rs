//! Comparing: a table of pairs that offices know, and the laws.

use proptest::prelude::*;

use super::*;

/// `kana|birth date|sex|phone|address|name`, empty where unknown.
fn face(text: &str) -> Face {
    let mut cells = text
        .split('|')
        .map(|cell| (!cell.is_empty()).then(|| cell.to_owned()));
    let mut next = || cells.next().flatten();
    let (kana, birth_date, sex) = (next(), next(), next());
    let phones = next().into_iter().collect();
    let (address, name) = (next(), next());
    Face {
        name,
        kana,
        birth_date,
        sex,
        address,
        phones,
        ..Face::default()
    }
}

const SHOICHI: &str = "ハマダ ショウイチ|1935-03-05|male|0157-00-1234|北見市寿町5-1-2|濱田 正一";

fn judged(one: &str, other: &str) -> (Verdict, i32, Vec<&'static str>) {
    let (verdict, score) = compare(&face(one), &face(other));
    let words = score.grounds.iter().map(|ground| ground.as_str()).collect();
    (verdict, score.points, words)
}

#[test]
fn the_same_human_being() {
    for other in [
        SHOICHI,
        // Written in another way by another sender.
        "ﾊﾏﾀﾞ ｼｮｳｲﾁ|1935-03-05|male|0157001234|北海道北見市寿町５丁目１番地２|浜田正一",
        "はまだしょういち|1935-03-05|male|0157-00-1234||",
        // Moved house and kept the number; or the number changed and the house did not.
        "ハマダ ショウイチ|1935-03-05|male|0157-00-1234|北見市端野町三区10|濱田 正一",
        "ハマダ ショウイチ|1935-03-05|male|0157-99-0000|北見市寿町5-1-2 コーポ寿|",
        // One side does not say the sex.
        "ハマダ ショウイチ|1935-03-05||0157-00-1234||",
    ] {
        assert_eq!(judged(SHOICHI, other).0, Verdict::Same, "{other}");
    }
}

#[test]
fn for_the_office_to_say() {
    for (other, word) in [
        // Nothing but name, day and sex: in a town of a hundred thousand there are two.
        ("ハマダ ショウイチ|1935-03-05|male|||", "birth_date"),
        // Moved, with a new number.
        (
            "ハマダ ショウイチ|1935-03-05|male|0157-99-0000|北見市端野町三区10|",
            "address_differs",
        ),
        // A misread birth date, a misheard name, the wrong box for the sex.
        (
            "ハマダ ショウイチ|1935-03-06|male|0157-00-1234|北見市寿町5-1-2|",
            "birth_one_off",
        ),
        (
            "ハマダ ショウイチ|1921-03-05|male|0157-00-1234|北見市寿町5-1-2|",
            "birth_one_off",
        ),
        (
            "ハマタ シヨウイチ|1935-03-05|male|0157-00-1234|北見市寿町5-1-2|",
            "kana_alike",
        ),
        (
            "ハマダ ショウイチ|1935-03-05|female|0157-00-1234|北見市寿町5-1-2|",
            "sex_differs",
        ),
        // Only the year is known.
        (
            "ハマダ ショウイチ|1935|male|0157-00-1234|北見市寿町5-1-2|",
            "birth_partial",
        ),
        ("ハマダ ショウイチ||male|0157-00-1234||", "phone"),
        // Another kanji behind the same kana.
        (
            "ハマダ ショウイチ|1935-03-05|male|0157-00-1234||浜田 昭一",
            "name_differs",
        ),
        // No kana on one side.
        ("|1935-03-05|male|0157-00-1234||浜田 正一", "name"),
        // Another family name in the same house.
        (
            "キタミ ショウイチ|1935-03-05|male|0157-00-1234|北見市寿町5-1-2|",
            "family_differs",
        ),
    ] {
        let (verdict, points, words) = judged(SHOICHI, other);
        assert_eq!(verdict, Verdict::Doubtful, "{other} {points} {words:?}");
        assert!(words.contains(&word), "{other} {words:?}");
    }
}

#[test]
fn two_human_beings() {
    for (other, why) in [
        (
            "ハマダ ショウジ|1935-03-05|male|0157-00-1234|北見市寿町5-1-2|濱田 正二",
            "twins",
        ),
        (
            "ハマダ ショウコ|1935-03-05|female|0157-00-1234|北見市寿町5-1-2|",
            "twins, boy and girl",
        ),
        (
            "ハマダ ウメ|1938-11-20|female|0157-00-1234|北見市寿町5-1-2|濱田 ウメ",
            "spouses",
        ),
        (
            "ハマダ ショウイチ|1951-08-17|male|0157-55-5555|北見市寿町5-1-9|",
            "same-name neighbours",
        ),
        (
            "ハマダ ショウイチ|1962-10-30|male|0157-00-1234|北見市寿町5-1-2|",
            "father and son of one kana",
        ),
        (
            "ハマダ ケンジ|1962-10-30|male|0157-00-1234|北見市寿町5-1-2|",
            "father and son",
        ),
        ("ハマダ ショウイチ||||", "a name alone"),
        ("|1935-03-05|male|||", "a birthday alone"),
        (
            "キタミ ショウイチ|1935-03-05|male|||",
            "same given name, same birthday",
        ),
        ("||||北見市寿町5-1-2|", "a house alone"),
        ("|||||", "nobody"),
    ] {
        let (verdict, points, words) = judged(SHOICHI, other);
        assert_eq!(verdict, Verdict::Different, "{why}: {points} {words:?}");
    }
}

#[test]
fn the_points_are_those_of_the_page() {
    let page = include_str!("../../../docs/identity.md");
    for ground in GROUNDS {
        let row = format!("| `{}` | {} |", ground.as_str(), ground.points());
        assert!(page.contains(&row), "docs/identity.md has no row {row}");
    }
    for line in [
        format!("from {SAME} points"),
        format!("from {DOUBTFUL} points"),
    ] {
        assert!(
            page.contains(&line),
            "docs/identity.md does not say: {line}"
        );
    }
}

#[test]
fn the_worked_examples_are_true() {
    let page = include_str!("../../../docs/identity.md");
    let home = "0157-00-1234|北見市寿町5-1-2";
    for (example, other) in [
        (
            "same telephone, same house",
            format!("ハマダ ショウイチ|1935-03-05|male|{home}|"),
        ),
        (
            "moved, same telephone",
            "ハマダ ショウイチ|1935-03-05|male|0157-00-1234|端野町三区10|".to_owned(),
        ),
        (
            "moved, new telephone",
            "ハマダ ショウイチ|1935-03-05|male|0157-99-0000|端野町三区10|".to_owned(),
        ),
        (
            "telephone, 1935-03-06",
            format!("ハマダ ショウイチ|1935-03-06|male|{home}|"),
        ),
        (
            "telephone, 大正10年 for 昭和10年",
            format!("ハマダ ショウイチ|1921-03-05|male|{home}|"),
        ),
        (
            "ハマタ シヨウイチ (marks not typed)",
            format!("ハマタ シヨウイチ|1935-03-05|male|{home}|"),
        ),
        (
            "正一 and 昭一",
            "ハマダ ショウイチ|1935-03-05|male|0157-00-1234||浜田 昭一".to_owned(),
        ),
        (
            "married: another family name",
            format!("キタミ ショウイチ|1935-03-05|male|{home}|"),
        ),
        (
            "another family name, same given name",
            "キタミ ショウイチ|1935-03-05|male|||".to_owned(),
        ),
        (
            "twins ショウイチ and ショウジ",
            format!("ハマダ ショウジ|1935-03-05|male|{home}|"),
        ),
        (
            "husband and wife",
            format!("ハマダ ウメ|1938-11-20|female|{home}|"),
        ),
        (
            "father and son of one kana",
            format!("ハマダ ショウイチ|1962-10-30|male|{home}|"),
        ),
        (
            "neighbours of one name",
            "ハマダ ショウイチ|1951-08-17|male|0157-55-5555|北見市寿町5-1-9|".to_owned(),
        ),
    ] {
        let (verdict, points, _) = judged(SHOICHI, &other);
        let verdict = format!("{verdict:?}").to_lowercase();
        let row = page
            .lines()
            .find(|line| line.starts_with("| ") && line.contains(example));
        let row = row.unwrap_or_else(|| panic!("docs/identity.md has no example {example}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let said = cells[2].split(',').next().unwrap_or_default();
        assert_eq!(
            (said, cells[3]),
            (points.to_string().as_str(), verdict.as_str()),
            "{row}"
        );
    }
}

const GROUNDS: [Ground; 17] = [
    Ground::Kana,
    Ground::KanaAlike,
    Ground::Name,
    Ground::Given,
    Ground::BirthDate,
    Ground::BirthPartial,
    Ground::BirthOneOff,
    Ground::Sex,
    Ground::Phone,
    Ground::Address,
    Ground::GivenDiffers,
    Ground::FamilyDiffers,
    Ground::KanaDiffers,
    Ground::NameDiffers,
    Ground::BirthDiffers,
    Ground::SexDiffers,
    Ground::AddressDiffers,
];

fn any_face() -> impl Strategy<Value = Face> {
    let pick = |values: &'static [&'static str]| proptest::sample::select(values);
    (
        pick(&[
            "",
            "ハマダ ショウイチ",
            "ハマダ ショウジ",
            "ハマダショウイチ",
            "キタミ ショウイチ",
            "ハマタ シヨイチ",
            "ハマダ",
        ]),
        pick(&[
            "",
            "1935-03-05",
            "1935-03-06",
            "1935",
            "1935-03",
            "1962-10-30",
        ]),
        pick(&["", "male", "female", "unknown"]),
        pick(&["", "0157-00-1234", "0157-55-5555"]),
        pick(&["", "北見市寿町5-1-2", "寿町5-1-2", "端野町三区10"]),
        pick(&["", "濱田 正一", "浜田正一", "浜田 正二"]),
    )
        .prop_map(|(kana, birth, sex, phone, address, name)| {
            face(&[kana, birth, sex, phone, address, name].join("|"))
        })
}

proptest! {
    #[test]
    fn comparing_is_symmetric(one in any_face(), other in any_face()) {
        prop_assert_eq!(compare(&one, &other), compare(&other, &one));
    }

    #[test]
    fn another_given_name_is_never_linked(
        one in any_face(), other in any_face(), given in "[ァ-ン]{2,5}", second in "[ァ-ン]{2,5}",
    ) {
        prop_assume!(fold_kana(&given) != fold_kana(&second));
        let one = Face { kana: Some(format!("ハマダ {given}")), ..one };
        let other = Face { kana: Some(format!("ハマダ {second}")), birth_date: one.birth_date.clone(), ..other };
        prop_assert_ne!(compare(&one, &other).0, Verdict::Same);
    }

    #[test]
    fn what_is_linked_agrees_in_all_that_counts(one in any_face(), other in any_face()) {
        if compare(&one, &other).0 == Verdict::Same {
            prop_assert_eq!(kana_names(&one, &other), Some(Names::Equal));
            prop_assert_eq!(&one.birth_date, &other.birth_date);
            prop_assert_ne!(same_sex(&one, &other), Some(false));
        }
    }
}
