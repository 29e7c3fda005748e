//! Folding of addresses (住所), and the places in them at which people begin to say them.

use std::sync::LazyLock;

use renkei_model::day::kanji_numerals;

use crate::fold::{composed, plain, to_katakana, to_large};

/// The signs at which one part of an address ends. 条 counts the streets of a planned town.
const ENDS: [char; 6] = ['市', '郡', '区', '町', '村', '条'];
/// Part of a municipality in law (地域自治区); people leave the words away.
const SELF_GOVERNING: &str = "自治区";

static PREFECTURES: LazyLock<Vec<String>> = LazyLock::new(|| {
    "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 \
     新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 \
     奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 \
     熊本県 大分県 宮崎県 鹿児島県 沖縄県"
        .split_whitespace()
        .map(fold_address)
        .collect()
});

/// Folds an address to the form in which it is looked up and compared.
///
/// NFKC; kanji variants as in names; hiragana becomes katakana, small kana large; kanji numerals become
/// digits (三区 → 3区); 丁目, 番地, 番, 号 and の between numbers become `-`; 字, 大字, 自治区, spaces and
/// marks are dropped. 北四条東４丁目１０番５号 → `北4条東4-10-5`.
#[must_use]
pub fn fold_address(address: &str) -> String {
    let letters: String = plain(address)
        .chars()
        .map(to_katakana)
        .map(to_large)
        .map(|letter| if is_dash(letter) { '-' } else { letter })
        .filter(|letter| letter.is_alphanumeric() || *letter == '-')
        .collect();
    let mut folded = kanji_numerals(&letters).to_ascii_uppercase();
    // What goes may join what stood around it, marks that combine among them: once more, until nothing goes.
    loop {
        let next = composed(numbered(&folded.replace(SELF_GOVERNING, "")));
        if next == folded {
            return folded;
        }
        folded = next;
    }
}

/// One walk: words of counting become gaps, 字 goes.
fn numbered(address: &str) -> String {
    let letters: Vec<char> = address.chars().collect();
    let mut out = Folded::default();
    let mut rest = letters.as_slice();
    while let Some((letter, after)) = rest.split_first() {
        rest = match (letter, after) {
            ('丁', ['目', after @ ..]) | ('番', ['地', after @ ..]) if out.after_digit() => {
                out.gap();
                after
            }
            ('番', ['町', ..]) | ('号', ['線', ..]) => out.push(*letter, after),
            ('番' | '号', _) | ('ノ', ['0'..='9', ..]) if out.after_digit() => {
                out.gap();
                after
            }
            ('-', _) => {
                out.gap();
                after
            }
            ('字', _) if out.begins_part() => after,
            _ => out.push(*letter, after),
        };
    }
    out.text
}

/// An address while it is folded: a gap is written only between digits.
#[derive(Default)]
struct Folded {
    text: String,
    gap: bool,
}

impl Folded {
    fn after_digit(&self) -> bool {
        self.text.ends_with(|letter: char| letter.is_ascii_digit())
    }

    fn gap(&mut self) {
        self.gap = true;
    }

    fn push<'a>(&mut self, letter: char, after: &'a [char]) -> &'a [char] {
        let between = letter.is_ascii_digit() && self.text.ends_with(|c: char| c.is_ascii_digit());
        if std::mem::take(&mut self.gap) && between {
            self.text.push('-');
        }
        self.text.push(letter);
        after
    }

    /// Whether a part begins here; takes the 大 of 大字 back.
    fn begins_part(&mut self) -> bool {
        let begins = |text: &str| text.is_empty() || text.ends_with(ENDS);
        if begins(&self.text) {
            return true;
        }
        let before = self.text.strip_suffix('大').filter(|text| begins(text));
        let Some(length) = before.map(str::len) else {
            return false;
        };
        self.text.truncate(length);
        true
    }
}

const fn is_dash(letter: char) -> bool {
    matches!(
        letter,
        'ー' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '~' | '〜'
    )
}

/// The parts of a folded address without the prefecture: 北見市 | 端野町 | 3区 | 572-1.
fn parts(folded: &str) -> Vec<&str> {
    let rest = PREFECTURES
        .iter()
        .find_map(|prefecture| folded.strip_prefix(prefecture.as_str()))
        .unwrap_or(folded);
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, letter) in rest.char_indices() {
        let end = at + letter.len_utf8();
        // 市川市: a part is longer than its end.
        if ENDS.contains(&letter) && at > start {
            parts.extend(rest.get(start..end));
            start = end;
        }
    }
    parts.extend(rest.get(start..).filter(|part| !part.is_empty()));
    parts
}

/// What people say of an address, from the municipality on and from each later part on, each to the end;
/// at most four. A house number alone is none.
pub(crate) fn beginnings(folded: &str) -> Vec<String> {
    let parts = parts(folded);
    (0..parts.len().min(4))
        .filter_map(|from| parts.get(from..).map(<[&str]>::concat))
        .filter(|text| {
            text.chars()
                .any(|letter| !letter.is_ascii_digit() && letter != '-')
        })
        .collect()
}

/// The parts below the municipality: what a district, a town or a street is called.
fn local(folded: &str) -> Vec<&str> {
    let mut parts = parts(folded);
    let municipal = parts
        .iter()
        .take_while(|part| part.ends_with(['市', '郡']))
        .count();
    parts.drain(..municipal);
    parts
}

/// The address from below the municipality on; empty if no more than the municipality was said.
pub(crate) fn below_municipality(folded: &str) -> String {
    local(folded).concat()
}

/// Whether a folded address is the name of a prefecture and nothing more.
pub(crate) fn is_prefecture(folded: &str) -> bool {
    parts(folded).is_empty()
}

/// Whether a folded address says its prefecture.
pub(crate) fn has_prefecture(folded: &str) -> bool {
    PREFECTURES
        .iter()
        .any(|prefecture| folded.starts_with(prefecture.as_str()))
}

/// Keys of the area: the first two letters of the first two parts below the municipality (端野, 3区).
pub(crate) fn areas(folded: &str) -> Vec<String> {
    local(folded).into_iter().take(2).filter_map(area).collect()
}

fn area(part: &str) -> Option<String> {
    let key: String = part.chars().take(2).collect();
    let good = key.chars().count() == 2 && !key.chars().all(|c| c.is_ascii_digit() || c == '-');
    good.then_some(key)
}

/// Whether two folded addresses are of one house, as far as both say: equal from the municipality or
/// from below it on, but for a building's name behind the house number. `None` if one of them has no
/// house number.
pub(crate) fn one_house(one: &str, other: &str) -> Option<bool> {
    let has_number = |text: &str| text.chars().any(|letter| letter.is_ascii_digit());
    if !has_number(one) || !has_number(other) {
        return None;
    }
    let (whole, other_whole) = (parts(one).concat(), parts(other).concat());
    let (low, other_low) = (below_municipality(one), below_municipality(other));
    // Where both name the municipality, it counts.
    let both_name_it = low != whole && other_low != other_whole;
    Some(if both_name_it {
        same_house(&whole, &other_whole)
    } else {
        same_house(&low, &other_low)
    })
}

fn same_house(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let Some(rest) = long.strip_prefix(short) else {
        return false;
    };
    rest.is_empty() || (is_numbered(short) && rest.starts_with(is_building))
}

/// Ends with a house number that is more than the number of a street or a block.
fn is_numbered(text: &str) -> bool {
    text.ends_with(|letter: char| letter.is_ascii_digit())
        && text
            .split(|letter: char| !letter.is_ascii_digit())
            .filter(|run| !run.is_empty())
            .count()
            >= 2
}

fn is_building(letter: char) -> bool {
    !letter.is_ascii_digit() && letter != '-' && !ENDS.contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_address_has_one_spelling() {
        for (address, folded) in [
            ("北見市北四条東４丁目１０番５号", "北見市北4条東4-10-5"),
            ("北見市北4条東4-10-5", "北見市北4条東4-10-5"),
            ("北見市　北４条東４丁目 10番地の5", "北見市北4条東4-10-5"),
            ("北見市端野町三区572番地1", "北見市端野町3区572-1"),
            ("常呂町字常呂３２３", "常呂町常呂323"),
            ("常呂町大字常呂323番地", "常呂町常呂323"),
            ("留辺蘂町", "留辺蕊町"),
            ("端野自治区", "端野"),
            ("とん田西町", "トン田西町"),
            ("一番町2番3号", "1番町2-3"),
            ("コーポひまわり２０１", "コポヒマワリ201"),
        ] {
            assert_eq!(fold_address(address), folded, "{address}");
        }
    }

    #[test]
    fn an_address_is_found_from_each_part_on() {
        let folded = fold_address("北海道北見市端野町三区572-1");
        assert_eq!(
            beginnings(&folded),
            ["北見市端野町3区572-1", "端野町3区572-1", "3区572-1"]
        );
        assert_eq!(areas(&folded), ["端野", "3区"]);
        assert_eq!(areas(&fold_address("端野町")), ["端野"]);
        assert_eq!(areas(&fold_address("北見市")), Vec::<String>::new());
        assert_eq!(below_municipality(&fold_address("三重県津市")), "");
    }

    #[test]
    fn one_house_with_and_without_the_building() {
        let one_house =
            |one: &str, other: &str| one_house(&fold_address(one), &fold_address(other));
        for (one, other, expected) in [
            ("北海道北見市寿町5丁目1-2", "北見市寿町5-1-2", Some(true)),
            ("寿町5丁目1番2号", "北見市寿町5-1-2", Some(true)),
            ("北見市寿町5-1-2 コーポ寿201", "北見市寿町5-1-2", Some(true)),
            ("北見市寿町5-1-2", "網走市寿町5-1-2", Some(false)),
            ("北見市寿町5-1-2", "北見市寿町5-1-21", Some(false)),
            ("北見市寿町5-1", "北見市寿町5-1-2", Some(false)),
            ("北見市寿町", "北見市寿町5-1-2", None),
        ] {
            assert_eq!(one_house(one, other), expected, "{one} {other}");
            assert_eq!(one_house(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn marks_that_come_together_get_their_order() {
        let once = fold_address("\u{1e000}🌀\u{16ff0}");
        assert_eq!(fold_address(&once), once);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing_more(
            address in "\\PC{0,24}|[北見市町字大番地号丁目条0-9一二三十のー-]{0,16}"
        ) {
            let once = fold_address(&address);
            prop_assert_eq!(fold_address(&once), once);
        }

        #[test]
        fn the_parts_are_the_address(address in "[北見市町村区0-9-]{0,16}") {
            let folded = fold_address(&address);
            prop_assert_eq!(parts(&folded).concat(), folded);
        }
    }
}
