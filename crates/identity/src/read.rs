//! Understanding what a crew typed.

use std::ops::RangeInclusive;

use renkei_model::day::{PartialDay, era_swaps, kanji_numerals, parse};
use renkei_model::message::{Fault, FaultKind};
use unicode_normalization::UnicodeNormalization;

use crate::address::{below_municipality, fold_address};
use crate::fold::{fold_card, fold_phone, is_kana_letter};
use crate::likeness::iso;
use crate::query::{Asked, NameAsked, Part, Query, is_typed_kana};
use crate::words::searched;

/// Letters that a field may have; more is no name, address or number.
const LONGEST: usize = 200;
/// Ages that people reach.
const AGES: RangeInclusive<u16> = 0..=125;

const ONE_KANA: &str = "かな1文字だけでは探せません。2文字以上か、ほかの項目も入れてください / one kana is too little to search by";
const ONLY_PLACE: &str = "都道府県名や市町村名だけでは探せません。町名や氏名を足してください / a prefecture or a municipality alone is too little: add a part of the town or a name";
const ONLY_SEX: &str = "性別だけでは探せません。氏名, 生年月日, 年齢などを足してください / the sex alone is too little: add a name, birth date or age";
const NOTHING: &str = "氏名, 生年月日, 年齢, 住所, 電話, カード番号のどれかを入れてください / ask for a name, birth date, age, address, phone or card";

pub(crate) fn query(asked: &Asked, today: &str) -> Result<Query, Vec<Fault>> {
    let mut reading = Reading::default();
    let today = iso(today);
    let name = reading.field("name", &asked.name, name);
    let births = reading.field("birthDate", &asked.birth_date, |typed| births(typed, today));
    let age = reading.field("age", &asked.age, age);
    let sex = reading.field("sex", &asked.sex, sex);
    let address = reading.field("address", &asked.address, address);
    let phone = reading.field("phone", &asked.phone, phone);
    let card = reading.field("card", &asked.card, card);
    // Of these each leads to few enough people to look at them.
    let narrow = births.is_some()
        || age.is_some()
        || phone.is_some()
        || card.is_some()
        || address
            .as_deref()
            .is_some_and(|it| !below_municipality(it).is_empty());
    match &name {
        _ if narrow => {}
        Some(name) if name.is_one_kana() => reading.fault("name", ONE_KANA, FaultKind::Value),
        Some(_) => {}
        None if !reading.faults.is_empty() => {}
        None if address.is_some() => reading.fault("address", ONLY_PLACE, FaultKind::Value),
        None if sex.is_some() => reading.fault("sex", ONLY_SEX, FaultKind::Value),
        None => reading.fault("name", NOTHING, FaultKind::Required),
    }
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    let mut query = Query {
        name,
        births: births.unwrap_or_default(),
        age,
        sex: sex.flatten(),
        address,
        phone,
        card,
        today,
        searched: Vec::new(),
    };
    query.searched = searched(&query, asked);
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
    let typed: String = words.join(" ").nfc().collect();
    let whole = Part::new(&typed);
    if whole.name.is_empty() {
        return Err("氏名として読める文字がありません / no letter of a name in it".to_owned());
    }
    if let [family, given @ ..] = words.as_slice()
        && !given.is_empty()
    {
        return Ok(NameAsked {
            typed,
            whole,
            split: Some((Part::new(family), Part::new(&given.concat()))),
            spaced: true,
        });
    }
    let split = at_change_of_script(&whole.raw);
    Ok(NameAsked {
        typed,
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
    let kana = |letter: &char| is_typed_kana(*letter);
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

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
