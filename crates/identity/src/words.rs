//! What was searched, told to who searched: as it was typed, and how it was read.

use renkei_model::day::{PartialDay, age_on};
use unicode_normalization::UnicodeNormalization;

use crate::query::{Asked, NameAsked, Query};
use crate::variants;

/// Other ways to write a name that are told: enough to see that it was understood.
const OTHERS: usize = 2;

/// One line a field that was asked, in a fixed order.
pub(crate) fn searched(query: &Query, asked: &Asked) -> Vec<(String, String)> {
    let address = query.address.is_some().then(|| typed(&asked.address));
    let lines = [
        ("name", query.name.as_ref().map(name)),
        ("birthDate", births(&query.births)),
        ("age", age(query)),
        ("sex", query.sex.map(|sex| sex_word(sex).to_owned())),
        ("address", address),
        (
            "phone",
            query.phone.as_deref().map(|it| phone(it, &asked.phone)),
        ),
        ("card", query.card.is_some().then(|| typed(&asked.card))),
    ];
    lines
        .into_iter()
        .filter_map(|(field, line)| Some((field.to_owned(), line?)))
        .collect()
}

/// What was typed, half-width kana and full-width digits as they are printed.
fn typed(text: &Option<String>) -> String {
    let text = text.as_deref().unwrap_or_default().trim();
    text.nfkc().filter(|letter| !letter.is_control()).collect()
}

/// 濱田(浜田・濵田なども), ハマダ(カナ).
fn name(name: &NameAsked) -> String {
    let mut notes = Vec::new();
    if name.whole.kana.is_some() {
        notes.push("カナ".to_owned());
    } else if name.whole.mixed.is_some() && !name.spaced {
        notes.push("カナまじり".to_owned());
    }
    let others = other_kanji(&name.typed);
    if !others.is_empty() {
        notes.push(format!("{}なども", others.join("・")));
    }
    if let Some((family, given)) = name.split.as_ref().filter(|_| !name.spaced) {
        notes.push(format!("姓 {}・名 {} としても", family.raw, given.raw));
    }
    if notes.is_empty() {
        name.typed.clone()
    } else {
        format!("{}({})", name.typed, notes.join("、"))
    }
}

/// The same name with other forms of its kanji, those in use first.
fn other_kanji(name: &str) -> Vec<String> {
    let in_use: String = name.chars().map(variants::form).collect();
    let letters: Vec<char> = name.chars().collect();
    let one_changed = letters.iter().enumerate().flat_map(|(at, letter)| {
        let letters = &letters;
        variants::others(*letter).map(move |other| {
            let changed = letters.iter().enumerate();
            changed
                .map(|(place, letter)| if place == at { other } else { *letter })
                .collect::<String>()
        })
    });
    let mut others: Vec<String> = Vec::new();
    for other in std::iter::once(in_use).chain(one_changed) {
        if others.len() < OTHERS && other != name && !others.contains(&other) {
            others.push(other);
        }
    }
    others
}

fn births(births: &[PartialDay]) -> Option<String> {
    let (asked, meant) = births.split_first()?;
    let mut text = span(asked);
    for other in meant {
        text.push_str(&format!(", {}(元号違い / other era)", span(other)));
    }
    Some(text)
}

fn age(query: &Query) -> Option<String> {
    let (youngest, oldest) = query.age?;
    let mut text = if youngest == oldest {
        format!("{youngest}歳 (±1)")
    } else {
        format!("{youngest}–{oldest}歳")
    };
    let today = query.today.map(|today| today.iso()).unwrap_or_default();
    let fits = query.births.iter().any(|birth| {
        age_on(birth, &today).is_none_or(|(young, old)| young <= oldest + 1 && youngest <= old + 1)
    });
    if !query.births.is_empty() && !fits {
        text.push_str(" 生年月日と合いません / does not fit the birth date");
    }
    Some(text)
}

fn sex_word(sex: &str) -> &'static str {
    if sex == "male" {
        "男 / male"
    } else {
        "女 / female"
    }
}

/// A number as it was typed; the digits, if letters or a country's code stood there too.
fn phone(digits: &str, asked: &Option<String>) -> String {
    let typed = typed(asked);
    let same: String = typed.chars().filter(char::is_ascii_digit).collect();
    match (digits.len() < 9, same == digits) {
        (true, true) => format!("{typed}(末尾 / ending)"),
        (true, false) => format!("{typed}(末尾 / ending {digits})"),
        (false, true) => typed,
        (false, false) => format!("{typed}({digits})"),
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
