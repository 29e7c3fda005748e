//! The mistakes of the search-quality proof, each a rule that makes a query from a resident.

use serde_json::{Value, json};

/// A named mistake.
pub struct Mistake {
    /// In the table.
    pub name: &'static str,
    /// What it looks like.
    pub example: &'static str,
    /// Whether a query of this kind means one resident: only residents who alone fit it are asked for.
    pub names_one: bool,
    /// The query, if the mistake can be made with this resident.
    make: fn(&Value) -> Option<Value>,
    /// What two residents have in common whom the query cannot tell apart.
    same: fn(&Value) -> String,
}

/// One query and who was meant.
pub struct Trial {
    /// Who.
    pub resident: Value,
    /// The body of the search.
    pub asked: Value,
}

/// Queries of each kind.
const QUERIES: usize = 30;

/// All of them.
pub const NAMED: &[Mistake] = &[
    Mistake {
        name: "half-width kana",
        example: "ﾊﾏﾀﾞ ﾊﾅ",
        names_one: true,
        same: kana_key,
        make: |one| Some(json!({"name": half_width(kana(one))})),
    },
    Mistake {
        name: "hiragana without a space",
        example: "はまだはな",
        names_one: true,
        same: kana_key,
        make: |one| Some(json!({"name": hiragana(kana(one)).replace(' ', "")})),
    },
    Mistake {
        name: "old or new kanji",
        example: "濱田 for 浜田",
        names_one: true,
        same: kana_key,
        make: |one| {
            Some(
                json!({"name": other_kanji(text(one, "name"))?, "birthDate": text(one, "birth_date").get(..4)?}),
            )
        },
    },
    Mistake {
        name: "swapped era",
        example: "大正12年 for 昭和12年",
        names_one: true,
        same: kana_key,
        make: |one| {
            Some(json!({"name": kana(one), "birthDate": swapped_era(text(one, "birth_date"))?}))
        },
    },
    Mistake {
        name: "missing voiced mark",
        example: "ハマタ ハナ",
        names_one: true,
        same: kana_key,
        make: |one| {
            Some(
                json!({"name": unvoiced(kana(one))?, "birthDate": text(one, "birth_date").get(..4)?}),
            )
        },
    },
    Mistake {
        name: "family name and district only, a name that the district has once",
        example: "濱田, 常呂",
        names_one: true,
        same: family_and_district,
        make: family_and_district_query,
    },
    Mistake {
        name: "transposed digits in the phone",
        example: "0157-00-1243 for 1234",
        names_one: true,
        same: phone_key,
        make: |one| {
            Some(
                json!({"phone": transposed(one["phones"][0].as_str()?)?, "name": family(kana(one))}),
            )
        },
    },
    Mistake {
        name: "large kana for small",
        example: "シヨウコ for ショウコ",
        names_one: true,
        same: kana_key,
        make: |one| Some(json!({"name": large(kana(one))?})),
    },
    Mistake {
        name: "family name in kanji, given name in kana",
        example: "濱田ハナ",
        names_one: true,
        same: kana_key,
        make: |one| {
            Some(json!({"name": format!("{}{}", family(text(one, "name")), given(kana(one)))}))
        },
    },
    Mistake {
        name: "birth date one day off",
        example: "3月6日 for 3月5日",
        names_one: true,
        same: kana_key,
        make: |one| {
            Some(
                json!({"name": family(kana(one)), "birthDate": a_day_off(text(one, "birth_date"))?}),
            )
        },
    },
    Mistake {
        name: "given name and birth date, no family name",
        example: "ハナ, S10.3.5",
        names_one: true,
        same: given_and_birth,
        make: |one| Some(json!({"name": given(kana(one)), "birthDate": text(one, "birth_date")})),
    },
    Mistake {
        name: "family name and a part of the address",
        example: "ハマダ, 新町3丁目",
        names_one: true,
        same: family_and_address,
        make: |one| {
            Some(
                json!({"name": family(kana(one)), "address": part_of(text(one, "address"), text(one, "town"))?}),
            )
        },
    },
    Mistake {
        name: "family name and district, several of that name",
        example: "佐藤, 北見",
        names_one: false,
        same: family_and_district,
        make: family_and_district_query,
    },
    Mistake {
        name: "family name and year of birth, several of that name",
        example: "佐藤, 昭和10年",
        names_one: false,
        same: family_and_year,
        make: |one| {
            Some(json!({"name": family(kana(one)), "birthDate": text(one, "birth_date").get(..4)?}))
        },
    },
];

/// The queries of a mistake, made from residents spread over the whole town.
pub fn trials(mistake: &Mistake, residents: &[Value]) -> Vec<Trial> {
    let alone = |one: &Value| {
        let key = (mistake.same)(one);
        residents
            .iter()
            .filter(|other| (mistake.same)(other) == key)
            .count()
            == 1
    };
    let step = 37;
    let count = residents.len();
    (0..count)
        .map(|turn| &residents[turn * step % count])
        .filter(|one| one["deceased"].is_null() && one["moved"].is_null())
        .filter_map(|one| {
            Some(Trial {
                asked: (mistake.make)(one)?,
                resident: one.clone(),
            })
        })
        .filter(|trial| alone(&trial.resident) == mistake.names_one)
        .take(QUERIES)
        .collect()
}

fn text<'v>(one: &'v Value, name: &str) -> &'v str {
    one[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {one}"))
}

fn kana(one: &Value) -> &str {
    text(one, "kana")
}

fn family(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}

fn given(name: &str) -> &str {
    name.split(' ').nth(1).unwrap_or(name)
}

fn family_and_district_query(one: &Value) -> Option<Value> {
    Some(json!({"name": family(text(one, "name")), "address": text(one, "district")}))
}

fn kana_key(one: &Value) -> String {
    kana(one).to_owned()
}

fn phone_key(one: &Value) -> String {
    one["phones"][0].as_str().unwrap_or_default().to_owned()
}

fn family_and_district(one: &Value) -> String {
    format!("{}|{}", family(text(one, "name")), text(one, "district"))
}

fn family_and_year(one: &Value) -> String {
    format!(
        "{}|{}",
        family(kana(one)),
        text(one, "birth_date").get(..4).unwrap_or_default()
    )
}

fn family_and_address(one: &Value) -> String {
    let part = part_of(text(one, "address"), text(one, "town"));
    format!("{}|{}", family(kana(one)), part.unwrap_or_default())
}

fn given_and_birth(one: &Value) -> String {
    format!("{}|{}", given(kana(one)), text(one, "birth_date"))
}

fn hiragana(katakana: &str) -> String {
    let shifted = katakana.chars().map(|letter| match letter {
        'ァ'..='ヶ' => char::from_u32(letter as u32 - 0x60).unwrap_or(letter),
        _ => letter,
    });
    shifted.collect()
}

const FULL: &str = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォッャュョー";
const HALF: &str = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｯｬｭｮｰ";
const PLAIN: &str = "カキクケコサシスセソタチツテトハヒフヘホ";
const VOICED: &str = "ガギグゲゴザジズゼゾダヂヅデドバビブベボ";

fn swapped(letter: char, from: &str, to: &str) -> Option<char> {
    from.chars()
        .zip(to.chars())
        .find(|(one, _)| *one == letter)
        .map(|(_, other)| other)
}

fn half_width(katakana: &str) -> String {
    let mut out = String::new();
    for letter in katakana.chars() {
        let (plain, mark) = match (
            swapped(letter, VOICED, PLAIN),
            swapped(letter, "パピプペポ", "ハヒフヘホ"),
        ) {
            (Some(plain), _) => (plain, "ﾞ"),
            (_, Some(plain)) => (plain, "ﾟ"),
            _ => (letter, ""),
        };
        out.push(swapped(plain, FULL, HALF).unwrap_or(plain));
        out.push_str(mark);
    }
    out
}

/// The first voiced letter without its mark.
fn unvoiced(katakana: &str) -> Option<String> {
    let (at, letter) = katakana
        .char_indices()
        .find(|(_, letter)| VOICED.contains(*letter))?;
    let plain = swapped(letter, VOICED, PLAIN)?;
    let rest = &katakana[at + letter.len_utf8()..];
    Some(format!("{}{plain}{rest}", &katakana[..at]))
}

fn large(katakana: &str) -> Option<String> {
    let large: String = katakana
        .chars()
        .map(|letter| swapped(letter, "ャュョッ", "ヤユヨツ").unwrap_or(letter))
        .collect();
    (large != katakana).then_some(large)
}

/// Pairs of old and new forms, written down apart from the program's own table.
const FORMS: [(char, char); 16] = [
    ('髙', '高'),
    ('﨑', '崎'),
    ('濱', '浜'),
    ('邉', '辺'),
    ('邊', '辺'),
    ('齋', '斎'),
    ('齊', '斉'),
    ('澤', '沢'),
    ('廣', '広'),
    ('國', '国'),
    ('嶋', '島'),
    ('櫻', '桜'),
    ('德', '徳'),
    ('惠', '恵'),
    ('榮', '栄'),
    ('眞', '真'),
];

fn other_kanji(name: &str) -> Option<String> {
    let swap = |letter: char| {
        let pair = FORMS
            .iter()
            .find(|(old, new)| *old == letter || *new == letter)?;
        Some(if pair.0 == letter { pair.1 } else { pair.0 })
    };
    let other: String = name
        .chars()
        .map(|letter| swap(letter).unwrap_or(letter))
        .collect();
    (other != name).then_some(other)
}

/// The year of 昭和 as a year of 大正 or 平成, where that era had such a year.
fn swapped_era(birth: &str) -> Option<String> {
    let year: u32 = birth.get(..4)?.parse().ok()?;
    let showa = year
        .checked_sub(1925)
        .filter(|year| (2..=63).contains(year))?;
    match showa {
        2..=14 => Some(format!("大正{showa}年")),
        15..=30 => Some(format!("平成{showa}年")),
        _ => None,
    }
}

fn a_day_off(birth: &str) -> Option<String> {
    let day: u32 = birth.get(8..)?.parse().ok()?;
    (day < 28).then(|| format!("{}{:02}", &birth[..8], day + 1))
}

/// Two neighbouring digits of the last four, the other way round.
fn transposed(phone: &str) -> Option<String> {
    let mut letters: Vec<char> = phone.chars().collect();
    let end = letters.len();
    let at = (end - 4..end - 1).find(|at| letters[*at] != letters[*at + 1])?;
    letters.swap(at, at + 1);
    Some(letters.into_iter().collect())
}

/// From the town's name on, as far as the house's block.
fn part_of(address: &str, town: &str) -> Option<String> {
    let rest = &address[address.find(town)?..];
    Some(rest.split(['-', ' ']).next().unwrap_or(rest).to_owned())
}
