//! Folding of names and numbers, so that one name has one spelling.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

use crate::variants;

/// Distance between a hiragana and the katakana of the same sound in Unicode.
const HIRAGANA_TO_KATAKANA: u32 = 0x60;

/// Folds a kana name (氏名カナ) to the form in which names are compared and stored for searching.
///
/// NFKC (half-width kana becomes full-width, loose voicing marks are joined), hiragana becomes
/// katakana, small kana become large ones (`ッ` → `ツ`), and spaces, middle dots, long vowel marks
/// and the dashes that are typed instead of them are dropped. Folding twice changes nothing more.
#[must_use]
pub fn fold_kana(name: &str) -> String {
    let compatible = compatible(name);
    let letters = compatible.chars().map(to_katakana).map(to_large);
    // Once more together: a voicing mark may have stood behind a space that is gone now.
    composed(letters.filter(|letter| !is_dropped(*letter)).collect())
}

/// In NFKC. Most text that is stored is: looking costs a tenth of writing it anew.
pub(crate) fn compatible(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfkc().collect()),
    }
}

/// In NFC.
pub(crate) fn composed(text: String) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text,
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    }
}

/// Folds a kana name further, to what is left of it when it is heard badly or typed in haste: the form
/// in which names are looked up, never the one in which they are compared.
///
/// After [`fold_kana`]: repetition marks are written out, voiced and half-voiced marks are off
/// (ガ → カ, パ → ハ, ヴ → ウ), ヲ ヱ ヰ are オ エ イ, and the second half of a long vowel is dropped
/// (オオノ, オウノ and オノ are one; so are ユウコ and ユコ, ケイコ and ケコ).
#[must_use]
pub fn loose_kana(name: &str) -> String {
    loosened(fold_kana(name))
}

/// As [`loose_kana`], of what [`fold_kana`] has folded.
pub(crate) fn loosened(folded: String) -> String {
    let folded = unrepeated(folded);
    let bare: String = folded
        .nfd()
        .filter(|letter| !is_voicing(*letter))
        .nfc()
        .collect();
    let mut loose = String::with_capacity(bare.len());
    let mut vowel = None;
    for letter in bare.chars().map(to_modern) {
        let long = matches!(
            (vowel, letter),
            (Some('ア'), 'ア')
                | (Some('イ'), 'イ')
                | (Some('ウ'), 'ウ')
                | (Some('エ'), 'エ' | 'イ')
                | (Some('オ'), 'オ' | 'ウ')
        );
        if !long {
            vowel = vowel_of(letter);
            loose.push(letter);
        }
    }
    loose
}

/// Folds a name as it is written (氏名) to the form in which it is looked up and compared.
///
/// NFKC; variation selectors off; kanji variants become the form of the table `variants.csv`
/// (髙 → 高, 邊 → 辺); 々 is written out; kana as in [`fold_kana`]; Latin letters upper case; spaces,
/// middle dots and dashes off.
#[must_use]
pub fn fold_name(name: &str) -> String {
    unrepeated(fold_kana(&plain(name).to_ascii_uppercase()))
}

/// The digits of a telephone number, from the 0 on; `+81` becomes `0`. `None` if there are fewer than
/// four or more than fifteen.
#[must_use]
pub fn fold_phone(phone: &str) -> Option<String> {
    let compatible = compatible(phone);
    let plain: String = compatible.chars().filter(|c| !c.is_whitespace()).collect();
    let national = plain.strip_prefix("+81").map(|rest| {
        format!(
            "0{}",
            rest.trim_start_matches("(0)")
                .trim_start_matches(['-', '0'])
        )
    });
    let digits: String = national
        .unwrap_or(plain)
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    (4..=15).contains(&digits.len()).then_some(digits)
}

/// A number on a card (地域ID, 被保険者番号): half-width, upper case, letters and digits only.
pub(crate) fn fold_card(card: &str) -> String {
    let compatible = compatible(card);
    let letters = compatible.chars().filter(|letter| letter.is_alphanumeric());
    letters.collect::<String>().to_ascii_uppercase()
}

/// NFKC, one form for the variants of a kanji, and nothing that cannot be seen.
pub(crate) fn plain(text: &str) -> String {
    let compatible = compatible(text);
    let seen = |letter: &char| !variants::is_selector(*letter) && !letter.is_control();
    compatible
        .chars()
        .filter(seen)
        .map(variants::form)
        .collect()
}

/// Whether a folded text is kana and nothing else.
pub(crate) fn is_kana(folded: &str) -> bool {
    !folded.is_empty() && folded.chars().all(is_kana_letter)
}

pub(crate) const fn is_kana_letter(letter: char) -> bool {
    matches!(letter, 'ァ'..='ヺ' | 'ヽ' | 'ヾ') || is_voicing(letter)
}

const fn is_voicing(letter: char) -> bool {
    matches!(letter, '\u{3099}' | '\u{309a}')
}

/// Repetition marks written out: 佐々木 → 佐佐木, イスヾ → イスス.
fn unrepeated(text: String) -> String {
    if !text.contains(['々', 'ヽ', 'ヾ']) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let repeated = matches!(letter, '々' | 'ヽ' | 'ヾ');
        out.push(match out.chars().next_back() {
            Some(before) if repeated => before,
            _ => letter,
        });
    }
    // A voicing mark may have stood behind the repetition mark.
    composed(out)
}

const fn to_modern(letter: char) -> char {
    match letter {
        'ヲ' => 'オ',
        'ヱ' => 'エ',
        'ヰ' => 'イ',
        _ => letter,
    }
}

/// The vowel of a large kana without marks.
fn vowel_of(letter: char) -> Option<char> {
    const ROWS: [(char, &str); 5] = [
        ('ア', "アカサタナハマヤラワ"),
        ('イ', "イキシチニヒミリ"),
        ('ウ', "ウクスツヌフムユル"),
        ('エ', "エケセテネヘメレ"),
        ('オ', "オコソトノホモヨロ"),
    ];
    ROWS.iter()
        .find(|(_, row)| row.contains(letter))
        .map(|(vowel, _)| *vowel)
}

pub(crate) fn to_katakana(letter: char) -> char {
    match letter {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => {
            char::from_u32(letter as u32 + HIRAGANA_TO_KATAKANA).unwrap_or(letter)
        }
        _ => letter,
    }
}

pub(crate) const fn to_large(letter: char) -> char {
    match letter {
        'ァ' => 'ア',
        'ィ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' => 'エ',
        'ォ' => 'オ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        _ => letter,
    }
}

fn is_dropped(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            'ー' | '・' | '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '~' | '〜'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_name_has_one_spelling() {
        for spelling in [
            "キタミ ショウコ",
            "きたみ　しょうこ",
            "ｷﾀﾐ ｼｮｳｺ",
            "キタミ・シヨウコ",
            "キタミシヨ－ウコ",
        ] {
            assert_eq!(fold_kana(spelling), "キタミシヨウコ", "{spelling}");
        }
        assert_eq!(fold_kana("ﾊﾞｯﾊﾟ"), "バツパ");
        assert_eq!(fold_kana("か\u{3099}"), "ガ");
        assert_eq!(fold_kana("カ゛"), "ガ");
        assert_eq!(fold_kana("カ ﾞ"), "ガ");
        assert_eq!(fold_kana("オーノ"), fold_kana("オノ"));
    }

    #[test]
    fn different_names_stay_different() {
        assert_ne!(fold_kana("サトウ"), fold_kana("サイトウ"));
        assert_ne!(fold_kana("ハンダ"), fold_kana("バンダ"));
    }

    #[test]
    fn a_name_heard_badly_is_still_found() {
        for (one, other) in [
            ("ハマダ", "ﾊﾏﾀﾞ"),
            ("ハマダ", "はまた"),
            ("ハマダ", "ﾞﾊﾏﾀ"),
            ("オオノ", "オウノ"),
            ("オオノ", "オーノ"),
            ("オオノ", "おの"),
            ("ショウイチ", "シヨイチ"),
            ("ユウコ", "ユーコ"),
            ("ケイコ", "ケーコ"),
            ("ヴァン", "ウアン"),
            ("ヲサム", "おさむ"),
            ("ヱイ", "エイ"),
            ("パパ", "ハハ"),
            ("イスヾ", "イスズ"),
        ] {
            assert_eq!(loose_kana(one), loose_kana(other), "{one} {other}");
        }
        for (one, other) in [
            ("サトウ", "サイトウ"),
            ("ハマダ", "ハマナ"),
            ("キタ", "キタミ"),
        ] {
            assert_ne!(loose_kana(one), loose_kana(other), "{one} {other}");
        }
    }

    #[test]
    fn a_kanji_has_one_form() {
        for (one, other) in [
            ("濱田 正一", "浜田正一"),
            ("髙橋", "高橋"),
            ("山﨑", "山崎"),
            ("渡邊", "渡辺"),
            ("渡邉", "渡辺"),
            ("齋藤", "斉藤"),
            ("齊藤", "斎藤"),
            ("黑澤", "黒沢"),
            ("𠮷田", "吉田"),
            ("葛\u{e0100}西", "葛西"),
            ("神\u{fe00}田", "神田"),
            ("佐々木", "佐佐木"),
            ("しづ江", "シヅ江"),
            ("鬼ヶ島", "鬼ケ島"),
            ("Nguyen Van", "ＮＧＵＹＥＮ　ＶＡＮ"),
        ] {
            assert_eq!(fold_name(one), fold_name(other), "{one} {other}");
        }
        assert_ne!(fold_name("佐藤"), fold_name("斎藤"));
        assert_ne!(fold_name("坂本"), fold_name("阪本"));
    }

    #[test]
    fn a_telephone_number_is_its_digits() {
        for text in [
            "0157-00-1234",
            "０１５７（００）１２３４",
            "+81-157-00-1234",
            "+81(0)157001234",
            "0157 00 1234",
        ] {
            assert_eq!(fold_phone(text).as_deref(), Some("0157001234"), "{text}");
        }
        assert_eq!(fold_phone("1234").as_deref(), Some("1234"));
        assert_eq!(fold_phone("123"), None);
        assert_eq!(fold_phone("なし"), None);
        assert_eq!(fold_phone(&"1".repeat(16)), None);
    }

    proptest! {
        #[test]
        fn loosening_twice_changes_nothing_more(name in "\\PC{0,16}|[ぁ-ゖァ-ヾ]{0,12}") {
            let once = loose_kana(&name);
            prop_assert_eq!(loose_kana(&once), once);
        }

        #[test]
        fn what_is_equal_stays_equal_when_it_is_loose(name in "[ぁ-ゖ ー]{0,12}") {
            prop_assert_eq!(loose_kana(&fold_kana(&name)), loose_kana(&name));
        }

        #[test]
        fn a_loose_family_name_begins_the_whole(family in "[ァ-ヴ]{1,6}", given in "[ァ-ヴ]{0,6}") {
            let whole = loose_kana(&format!("{family} {given}"));
            prop_assert!(whole.starts_with(&loose_kana(&family)));
        }

        #[test]
        fn folding_a_name_twice_changes_nothing_more(name in "\\PC{0,16}|[髙濱邊々ヶ\u{e0100}\u{3099}ぁ-ゖ一-三]{0,12}") {
            let once = fold_name(&name);
            prop_assert_eq!(fold_name(&once), once);
        }

        #[test]
        fn folding_twice_changes_nothing_more(name in "\\PC{0,24}") {
            let once = fold_kana(&name);
            prop_assert_eq!(fold_kana(&once), once);
        }

        #[test]
        fn hiragana_and_katakana_fold_alike(name in "[ぁ-ゖ]{0,12}") {
            let katakana: String = name.chars().map(to_katakana).collect();
            prop_assert_eq!(fold_kana(&name), fold_kana(&katakana));
        }
    }
}
