//! Folding of kana, so that one name has one spelling.

use unicode_normalization::UnicodeNormalization;

/// Distance between a hiragana and the katakana of the same sound in Unicode.
const HIRAGANA_TO_KATAKANA: u32 = 0x60;

/// Folds a kana name (氏名カナ) to the form in which names are compared and stored for searching.
///
/// NFKC (half-width kana becomes full-width, loose voicing marks are joined), hiragana becomes
/// katakana, small kana become large ones (`ッ` → `ツ`), and spaces, middle dots, long vowel marks
/// and the dashes that are typed instead of them are dropped. Folding twice changes nothing more.
#[must_use]
pub fn fold_kana(name: &str) -> String {
    let letters = name.nfkc().map(to_katakana).map(to_large);
    // Once more together: a voicing mark may have stood behind a space that is gone now.
    letters
        .filter(|letter| !is_dropped(*letter))
        .nfc()
        .collect()
}

fn to_katakana(letter: char) -> char {
    match letter {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => {
            char::from_u32(letter as u32 + HIRAGANA_TO_KATAKANA).unwrap_or(letter)
        }
        _ => letter,
    }
}

const fn to_large(letter: char) -> char {
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

    proptest! {
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
