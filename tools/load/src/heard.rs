//! What a crew types of somebody: a name as it was heard or read, and a date or a town. Crews mistype: one search in
//! four has a mistake.

use serde_json::json;

use crate::target::Person;

/// A search for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its body.
    pub body: String,
    /// Whether something in it is wrong: then nobody has to be found.
    pub is_mistaken: bool,
}

/// One search in so many has a mistake.
const MISTAKEN: u32 = 4;
const PLAIN: &str = "カキクケコサシスセソタチツテトハヒフヘホ";
const VOICED: &str = "ガギグゲゴザジズゼゾダヂヅデドバビブベボ";
/// What no name begins with, and nobody takes for the letter before.
const BOUND: &str = "ァィゥェォッャュョー";

/// A search for somebody who is registered.
pub fn heard(person: &Person, rng: &mut fastrand::Rng) -> Heard {
    if rng.u32(..MISTAKEN) == 0 {
        return Heard {
            body: mistaken(person, rng),
            is_mistaken: true,
        };
    }
    let (kana, year) = (&person.kana, year(person));
    let body = match rng.u32(..4) {
        0 => json!({ "name": kana, "birthDate": year }),
        1 => json!({ "name": person.name, "birthDate": person.birth_date }),
        2 => json!({ "name": family(kana), "birthDate": person.birth_date }),
        _ => json!({ "name": kana, "address": person.town }),
    };
    Heard {
        body: body.to_string(),
        is_mistaken: false,
    }
}

/// Two kana changed over, a missing voicing mark, another era; where a name or a date has no room for that, and otherwise
/// too, a year of birth that is wrong by one.
fn mistaken(person: &Person, rng: &mut fastrand::Rng) -> String {
    let kana = &person.kana;
    let another = match rng.u32(..4) {
        0 => changed_over(kana, rng).map(|kana| (kana, year(person).to_owned())),
        1 => unvoiced(kana, rng).map(|kana| (kana, year(person).to_owned())),
        2 => another_era(year(person)).map(|date| (kana.clone(), date)),
        _ => None,
    };
    let wrong_year = |rng: &mut fastrand::Rng| {
        let year: u32 = year(person).parse().unwrap_or_default();
        // Nobody is born next year, and the gateway would say so.
        let wrong = if rng.bool() && year < 2_020 {
            year + 1
        } else {
            year.saturating_sub(1)
        };
        (kana.clone(), wrong.to_string())
    };
    let (name, date) = another.unwrap_or_else(|| wrong_year(rng));
    json!({ "name": name, "birthDate": date }).to_string()
}

fn family(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

fn year(person: &Person) -> &str {
    person.birth_date.get(..4).unwrap_or_default()
}

/// Two neighbours that differ, the other way round.
fn changed_over(kana: &str, rng: &mut fastrand::Rng) -> Option<String> {
    let mut letters: Vec<char> = kana.chars().collect();
    let free = |letter: char| letter != ' ' && !BOUND.contains(letter);
    let places = letters.windows(2).enumerate().filter(
        |(_, pair)| matches!(pair, [one, other] if one != other && free(*one) && free(*other)),
    );
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    let place = *rng.choice(&places)?;
    letters.swap(place, place + 1);
    Some(letters.into_iter().collect())
}

/// One voiced letter without its mark.
fn unvoiced(kana: &str, rng: &mut fastrand::Rng) -> Option<String> {
    let plain = |letter: char| {
        let place = VOICED.chars().position(|voiced| voiced == letter)?;
        PLAIN.chars().nth(place)
    };
    let places = kana.chars().enumerate();
    let places: Vec<(usize, char)> = places
        .filter_map(|(place, letter)| Some((place, plain(letter)?)))
        .collect();
    let (place, plain) = *rng.choice(&places)?;
    let letters = kana.chars().enumerate();
    Some(
        letters
            .map(|(at, letter)| if at == place { plain } else { letter })
            .collect(),
    )
}

/// The year's number in an era that had such a year, but was another.
fn another_era(year: &str) -> Option<String> {
    let year: u32 = year.parse().ok()?;
    match year {
        1913..=1925 => Some(format!("昭和{}年", year - 1911)),
        1927..=1939 => Some(format!("大正{}年", year - 1925)),
        1940..=1955 => Some(format!("平成{}年", year - 1925)),
        1990..=2018 => Some(format!("昭和{}年", year - 1988)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::slip::tests::person;

    fn somebody() -> Person {
        Person {
            kana: "ワタナベ ショウゴ".to_owned(),
            ..person(1)
        }
    }

    #[test]
    fn one_search_in_four_has_a_mistake_and_a_seed_always_the_same() {
        let somebody = somebody();
        let all = |seed| -> Vec<Heard> {
            let mut rng = fastrand::Rng::with_seed(seed);
            (0..4_000).map(|_| heard(&somebody, &mut rng)).collect()
        };
        let one = all(7);
        assert_eq!(one, all(7));
        let wrong = one.iter().filter(|heard| heard.is_mistaken).count();
        assert!((900..1_100).contains(&wrong), "{wrong}");
        let right: std::collections::BTreeSet<&str> = one
            .iter()
            .filter(|heard| !heard.is_mistaken)
            .map(|heard| heard.body.as_str())
            .collect();
        assert_eq!(right.len(), 4, "{right:?}");
        let mistakes: Vec<&Heard> = one.iter().filter(|heard| heard.is_mistaken).collect();
        assert!(
            mistakes
                .iter()
                .all(|heard| !right.contains(heard.body.as_str()))
        );
        let said = |name: &str, date: &str| {
            mistakes.iter().any(|heard| {
                let body: Value = serde_json::from_str(&heard.body).unwrap();
                body["name"] == name && body["birthDate"] == date
            })
        };
        assert!(said("ワタナベ ショウゴ", "1937") && said("ワタナベ ショウゴ", "1939"));
        assert!(said("ワナタベ ショウゴ", "1938") && said("ワタナベ ショゴウ", "1938"));
        assert!(said("ワタナヘ ショウゴ", "1938") && said("ワタナベ ショウコ", "1938"));
        assert!(said("ワタナベ ショウゴ", "大正13年"));
    }

    #[test]
    fn who_has_no_room_for_a_mistake_gets_a_wrong_year() {
        let mut rng = fastrand::Rng::with_seed(1);
        assert_eq!(changed_over("ミミ ッー", &mut rng), None);
        assert_eq!(unvoiced("ハナ", &mut rng), None);
        assert_eq!(
            another_era("1926"),
            None,
            "大正15年 and 昭和1年 are the same year"
        );
        assert_eq!(another_era("1960"), None, "平成 had no such year");
        let plain = Person {
            kana: "ミミ".to_owned(),
            birth_date: "1960-01-01".to_owned(),
            ..person(1)
        };
        for _ in 0..50 {
            let body: Value = serde_json::from_str(&mistaken(&plain, &mut rng)).unwrap();
            let date = body["birthDate"].as_str().unwrap();
            assert!(body["name"] == "ミミ" && ["1959", "1961"].contains(&date));
        }
    }

    #[test]
    fn another_era_had_such_a_year() {
        let years = ["1913", "1935", "1955", "1990"].map(another_era);
        let years = years.map(Option::unwrap);
        assert_eq!(years, ["昭和2年", "大正10年", "平成30年", "昭和2年"]);
    }
}
