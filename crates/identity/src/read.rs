//! Understanding what a crew typed.

use std::ops::RangeInclusive;

use renkei_model::day::{PartialDay, age_on, era_swaps, kanji_numerals, parse};
use renkei_model::message::{Fault, FaultKind};
use unicode_normalization::UnicodeNormalization;

use crate::address::fold_address;
use crate::fold::{fold_card, fold_phone, is_kana_letter, plain, to_katakana};
use crate::likeness::iso;
use crate::query::{Asked, NameAsked, Part, Query};

/// Letters that a field may have; more is no name, address or number.
const LONGEST: usize = 200;
/// Ages that people reach.
const AGES: RangeInclusive<u16> = 0..=125;

pub(crate) fn query(asked: &Asked, today: &str) -> Result<Query, Vec<Fault>> {
    let mut reading = Reading::default();
    let today = iso(today);
    let name = reading.field("name", &asked.name, name);
    let births = reading.field("birthDate", &asked.birth_date, |typed| births(typed, today));
    let age = reading.field("age", &asked.age, age);
    let sex = reading.field("sex", &asked.sex, sex).flatten();
    let address = reading.field("address", &asked.address, address);
    let phone = reading.field("phone", &asked.phone, phone);
    let card = reading.field("card", &asked.card, card);
    let only_name = births.is_none() && age.is_none() && address.is_none() && phone.is_none();
    if let Some(name) = &name
        && only_name
        && card.is_none()
        && name.whole.kana.is_some()
        && name.whole.name.chars().count() < 2
    {
        reading.fault(
            "name",
            "かな1文字だけでは探せません。2文字以上か、ほかの項目も入れてください / one kana is too little to search by",
            FaultKind::Value,
        );
    }
    let narrow = !only_name || name.is_some() || card.is_some();
    if !narrow && reading.faults.is_empty() {
        reading.fault(
            "name",
            "氏名, 生年月日, 年齢, 住所, 電話, カード番号のどれかを入れてください / ask for a name, birth date, age, address, phone or card",
            FaultKind::Required,
        );
    }
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    let mut query = Query {
        name,
        births: births.unwrap_or_default(),
        age,
        sex,
        address,
        phone,
        card,
        today,
        searched: Vec::new(),
    };
    query.searched = searched(&query);
    Ok(query)
}

#[derive(Default)]
struct Reading {
    faults: Vec<Fault>,
}

impl Reading {
    /// Reads one field if something was typed into it.
    fn field<T>(
        &mut self,
        field: &str,
        typed: &Option<String>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let typed = typed
            .as_deref()
            .map(str::trim)
            .filter(|typed| !typed.is_empty())?;
        if typed.chars().nth(LONGEST).is_some() {
            self.fault(
                field,
                &format!("{LONGEST}文字以内で入れてください / at most {LONGEST} characters"),
                FaultKind::TooMuch,
            );
            return None;
        }
        match read(typed) {
            Ok(value) => Some(value),
            Err(rule) => {
                self.fault(field, &rule, FaultKind::Value);
                None
            }
        }
    }

    fn fault(&mut self, field: &str, rule: &str, kind: FaultKind) {
        self.faults.push(Fault {
            field: field.to_owned(),
            rule: rule.to_owned(),
            span: None,
            kind,
        });
    }
}

/// Letters are searched; signs (`%`, `"`, emoji) are not letters and say nothing.
fn name(typed: &str) -> Result<NameAsked, String> {
    let is_letter = |letter: &char| {
        letter.is_alphanumeric()
            || is_kana_letter(*letter)
            || matches!(letter, '々' | ' ' | 'ー' | '\u{e000}'..='\u{f8ff}')
    };
    let letters: String = plain_words(typed).chars().filter(is_letter).collect();
    let letters = letters.trim_end().trim_end_matches('様');
    let mut words: Vec<&str> = letters.split_whitespace().collect();
    if words.len() > 1 {
        words.retain(|word| !matches!(*word, "さん" | "さま" | "サン" | "氏"));
    }
    let whole = Part::new(&words.join(" "));
    if whole.name.is_empty() {
        return Err("氏名として読める文字がありません / no letter of a name in it".to_owned());
    }
    if let [family, given @ ..] = words.as_slice()
        && !given.is_empty()
    {
        return Ok(NameAsked {
            whole,
            split: Some((Part::new(family), Part::new(&given.concat()))),
            spaced: true,
        });
    }
    let split = at_change_of_script(&whole.raw);
    Ok(NameAsked {
        whole,
        split,
        spaced: false,
    })
}

/// NFKC with one kind of space; a kanji keeps its variant here, so that an equal one counts more.
fn plain_words(typed: &str) -> String {
    let words: String = typed
        .nfkc()
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .collect();
    // A voicing mark that stands alone (゛) brings a space with it, which divides no name.
    words
        .replace(" \u{3099}", "\u{3099}")
        .replace(" \u{309a}", "\u{309a}")
}

/// 濱田ショウイチ and はまだ正一: kana at the end are the given name, kana at the beginning the family name,
/// if they are two and more. 一ノ瀬 has kana in the middle only.
fn at_change_of_script(raw: &str) -> Option<(Part, Part)> {
    let kana = |letter: &char| is_kana_letter(to_katakana(*letter)) || *letter == 'ー';
    let letters: Vec<char> = raw.chars().collect();
    let trailing = letters
        .iter()
        .rev()
        .take_while(|letter| kana(letter))
        .count();
    let leading = letters.iter().take_while(|letter| kana(letter)).count();
    let at = match (leading, trailing) {
        (_, 2..) => letters.len() - trailing,
        (2.., _) => leading,
        _ => return None,
    };
    let (family, given) = letters.split_at_checked(at)?;
    let part = |letters: &[char]| Part::new(&letters.iter().collect::<String>());
    let divided = !family.is_empty() && !given.is_empty();
    divided.then(|| (part(family), part(given)))
}

fn births(typed: &str, today: Option<PartialDay>) -> Result<Vec<PartialDay>, String> {
    let bare = typed
        .trim_end_matches("生まれ")
        .trim_end_matches("うまれ")
        .trim_end_matches('生')
        .trim_end_matches('頃')
        .trim_end_matches("ごろ")
        .trim_end_matches("ころ");
    let (day, _) = parse(bare).map_err(|error| error.to_string())?;
    let is_future = |day: &PartialDay| today.is_some_and(|today| day.first() > today.last());
    if is_future(&day) {
        return Err("未来の日付です / a date in the future".to_owned());
    }
    let swaps = era_swaps(&day, bare);
    let meant = swaps.into_iter().filter(|day| !is_future(day));
    Ok(std::iter::once(day).chain(meant).collect())
}

/// 90, 90歳, 90歳くらい, 90代.
fn age(typed: &str) -> Result<(u16, u16), String> {
    let plain: String = typed
        .nfkc()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let plain = kanji_numerals(&plain);
    let digits: String = plain.chars().take_while(char::is_ascii_digit).collect();
    let unit = plain.get(digits.len()..).unwrap_or_default();
    let rule =
        || "年齢は0から125の数で入れてください / an age is a number from 0 to 125".to_owned();
    let age: u16 = digits.parse().map_err(|_| rule())?;
    let decade = unit.contains('代');
    let known = ["", "歳", "才", "さい", "代", "歳代", "才代"];
    let about = ["くらい", "ぐらい", "位", "前後", "ごろ", "頃"];
    let unit = about
        .iter()
        .fold(unit, |unit, about| unit.trim_end_matches(about));
    if !AGES.contains(&age) || !known.contains(&unit) {
        return Err(rule());
    }
    Ok(if decade {
        (age / 10 * 10, age / 10 * 10 + 9)
    } else {
        (age, age)
    })
}

fn sex(typed: &str) -> Result<Option<&'static str>, String> {
    let plain: String = typed
        .nfkc()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    match plain.to_lowercase().as_str() {
        "男" | "男性" | "m" | "male" | "man" => Ok(Some("male")),
        "女" | "女性" | "f" | "female" | "woman" => Ok(Some("female")),
        "不明" | "その他" | "u" | "o" | "unknown" | "other" => Ok(None),
        _ => Err("性別は男, 女, 不明のどれかを入れてください / male, female or unknown".to_owned()),
    }
}

fn address(typed: &str) -> Result<String, String> {
    let folded = fold_address(typed);
    if folded.chars().count() < 2 || folded.chars().all(|c| c.is_ascii_digit() || c == '-') {
        return Err(
            "住所は町名などを2文字以上入れてください / at least two letters of a place, not a number alone"
                .to_owned(),
        );
    }
    Ok(folded)
}

fn phone(typed: &str) -> Result<String, String> {
    fold_phone(typed).ok_or_else(|| {
        "電話番号は数字4桁以上15桁以下で入れてください(下4桁でもよい) / four to fifteen digits; the last four will do"
            .to_owned()
    })
}

fn card(typed: &str) -> Result<String, String> {
    let folded = fold_card(typed);
    if (3..=64).contains(&folded.chars().count()) {
        Ok(folded)
    } else {
        Err("番号は英数字3文字以上で入れてください / three letters or digits and more".to_owned())
    }
}

/// What each field was understood as, in the words of who typed it.
fn searched(query: &Query) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut line = |field: &str, text: String| lines.push((field.to_owned(), text));
    if let Some(name) = &query.name {
        line("name", name_line(name));
    }
    if let Some((asked, meant)) = query.births.split_first() {
        let mut text = span(asked);
        for other in meant {
            text.push_str(&format!(", {}(元号違い / other era)", span(other)));
        }
        line("birthDate", text);
    }
    if let Some((youngest, oldest)) = query.age {
        let mut text = if youngest == oldest {
            format!("{youngest}歳 (±1)")
        } else {
            format!("{youngest}–{oldest}歳")
        };
        let fits = query.births.iter().any(|birth| {
            let today = query.today.map(|today| today.iso()).unwrap_or_default();
            age_on(birth, &today)
                .is_none_or(|(young, old)| young <= oldest + 1 && youngest <= old + 1)
        });
        if !query.births.is_empty() && !fits {
            text.push_str(" 生年月日と合いません / does not fit the birth date");
        }
        line("age", text);
    }
    if let Some(sex) = query.sex {
        line(
            "sex",
            if sex == "male" {
                "男 / male"
            } else {
                "女 / female"
            }
            .to_owned(),
        );
    }
    if let Some(address) = &query.address {
        line("address", address.clone());
    }
    if let Some(phone) = &query.phone {
        let text = if phone.len() < 9 {
            format!("末尾 / ending {phone}")
        } else {
            phone.clone()
        };
        line("phone", text);
    }
    if let Some(card) = &query.card {
        line("card", card.clone());
    }
    lines
}

fn name_line(name: &NameAsked) -> String {
    let part = |part: &Part| match &part.kana {
        Some(kana) => format!("{} (カナ)", kana.strict),
        None => plain(&part.raw).collect(),
    };
    match &name.split {
        Some((family, given)) => format!("{} {}", part(family), part(given)),
        None => part(&name.whole),
    }
}

fn span(day: &PartialDay) -> String {
    let (first, last) = (day.first(), day.last());
    if first == last {
        first
    } else {
        format!("{first} – {last}")
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
