//! Search quality: invented people, and the mistakes that people make when they look for them.

use std::collections::{BTreeMap, BTreeSet};

use renkei_model::Face;
use renkei_model::day::age_on;

use crate::fit::Fit;
use crate::fold::{fold_phone, loose_kana};
use crate::likeness::iso;
use crate::probes::{Probe, Probes};
use crate::promise::Led;
use crate::query::{Asked, Query};
use crate::terms::{split, terms};

pub(crate) const TODAY: &str = "2026-11-21";
/// What the caller takes for one probe.
const CAP: usize = 500;
/// What the caller looks through of a broad one.
const WIDE: usize = 4_000;
/// Whom the caller ranks at first, and then.
const NEAREST: usize = 48;
const LIKELY: usize = 300;

/// A town that is not there.
pub(crate) struct Town {
    pub people: Vec<Face>,
    cards: Vec<String>,
    index: BTreeSet<(&'static str, String, usize)>,
}

impl Town {
    fn new(people: Vec<Face>) -> Self {
        let cards: Vec<String> = (0..people.len()).map(|at| format!("KM-{at:06}")).collect();
        let mut index = BTreeSet::new();
        for (at, (face, card)) in people.iter().zip(&cards).enumerate() {
            for term in terms(face, std::slice::from_ref(card)) {
                index.insert((term.kind.as_str(), term.value, at));
            }
        }
        Self {
            people,
            cards,
            index,
        }
    }

    /// As the corridor does it: the most promising of the near ranges, those who are likely, the first of each range.
    pub fn search(&self, asked: &Asked) -> Vec<usize> {
        let query =
            Query::read(asked, TODAY).unwrap_or_else(|faults| panic!("{asked:?} {faults:?}"));
        let Probes { near, broad, .. } = query.probes();
        let led = |probes: &[Probe], most: usize| -> Vec<Led<'_, usize>> {
            let range = |probe: &Probe| {
                let kind = probe.kind.as_str();
                let range = (kind, probe.low.clone(), 0)..(kind, probe.high.clone(), 0);
                let found = self.index.range(range).take(most);
                found.map(|(_, value, at)| (*at, value.as_str())).collect()
            };
            probes.iter().map(range).collect()
        };
        let near_led = led(&near, CAP);
        let nearest = query.nearest(&near, &near_led, NEAREST);
        let probes: Vec<&Probe> = near.iter().chain(&broad).collect();
        let all = [near_led, led(&broad, WIDE)].concat();
        let likely = query.likely(&probes, &all, LIKELY);
        let rest = all
            .iter()
            .flat_map(|led| led.iter().take(CAP).map(|(at, _)| *at));
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        for (stage, found) in [nearest, likely, rest.collect()].into_iter().enumerate() {
            candidates.extend(found);
            let known = |at: &usize| (&self.people[*at], self.cards(*at), *at);
            let ranked = query.rank(candidates.iter().map(known));
            let fits = |at: usize| query.fit(&self.people[at], self.cards(at)) != Fit::No;
            if ranked.first().is_some_and(|(_, at)| stage > 0 || fits(*at)) {
                return ranked.into_iter().map(|(_, at)| at).collect();
            }
        }
        Vec::new()
    }

    fn cards(&self, at: usize) -> &[String] {
        std::slice::from_ref(&self.cards[at])
    }
}

const FAMILIES: [(&str, &str); 40] = [
    ("佐藤", "サトウ"),
    ("鈴木", "スズキ"),
    ("高橋", "タカハシ"),
    ("髙橋", "タカハシ"),
    ("田中", "タナカ"),
    ("渡辺", "ワタナベ"),
    ("渡邊", "ワタナベ"),
    ("伊藤", "イトウ"),
    ("山本", "ヤマモト"),
    ("中村", "ナカムラ"),
    ("小林", "コバヤシ"),
    ("加藤", "カトウ"),
    ("吉田", "ヨシダ"),
    ("𠮷田", "ヨシダ"),
    ("山田", "ヤマダ"),
    ("佐々木", "ササキ"),
    ("山口", "ヤマグチ"),
    ("松本", "マツモト"),
    ("井上", "イノウエ"),
    ("木村", "キムラ"),
    ("林", "ハヤシ"),
    ("斎藤", "サイトウ"),
    ("齋藤", "サイトウ"),
    ("清水", "シミズ"),
    ("濱田", "ハマダ"),
    ("浜田", "ハマダ"),
    ("大野", "オオノ"),
    ("小野", "オノ"),
    ("大島", "オオシマ"),
    ("小島", "コジマ"),
    ("黒澤", "クロサワ"),
    ("一ノ瀬", "イチノセ"),
    ("長谷川", "ハセガワ"),
    ("五十嵐", "イガラシ"),
    ("東海林", "ショウジ"),
    ("伊達", "ダテ"),
    ("津田", "ツダ"),
    ("島津", "シマヅ"),
    ("山崎", "ヤマザキ"),
    ("山﨑", "ヤマサキ"),
];
const MEN: [(&str, &str); 16] = [
    ("正一", "ショウイチ"),
    ("清", "キヨシ"),
    ("茂", "シゲル"),
    ("勇", "イサム"),
    ("実", "ミノル"),
    ("正", "タダシ"),
    ("博", "ヒロシ"),
    ("昭二", "ショウジ"),
    ("三郎", "サブロウ"),
    ("健一", "ケンイチ"),
    ("誠", "マコト"),
    ("隆", "タカシ"),
    ("進", "ススム"),
    ("豊", "ユタカ"),
    ("勝", "マサル"),
    ("徹", "トオル"),
];
const WOMEN: [(&str, &str); 16] = [
    ("トメ", "トメ"),
    ("ハナ", "ハナ"),
    ("キヨ", "キヨ"),
    ("和子", "カズコ"),
    ("千鶴子", "チヅコ"),
    ("幸子", "サチコ"),
    ("節子", "セツコ"),
    ("文子", "フミコ"),
    ("美代子", "ミヨコ"),
    ("良子", "リョウコ"),
    ("悦子", "エツコ"),
    ("恵子", "ケイコ"),
    ("優子", "ユウコ"),
    ("洋子", "ヨウコ"),
    ("しづ江", "シズエ"),
    ("久美子", "クミコ"),
];
const TOWNS: [&str; 12] = [
    "端野町三区",
    "端野町緋牛内",
    "常呂町字常呂",
    "常呂町字岐阜",
    "留辺蘂町上町",
    "留辺蘂町温根湯温泉",
    "北4条東4丁目",
    "中央三輪2丁目",
    "高栄東町4丁目",
    "とん田西町",
    "寿町5丁目",
    "大町",
];

/// Small numbers in a fixed order.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.throw(values.len())]
    }
}

/// People with names, days, houses and numbers in a fixed order.
pub(crate) fn town(size: usize) -> Town {
    let mut dice = Dice(4);
    let people = (0..size)
        .map(|_| {
            let male = dice.throw(2) == 0;
            let (family, family_kana) = dice.of(&FAMILIES);
            let (given, given_kana) = dice.of(if male { &MEN } else { &WOMEN });
            let (year, month, day) = (
                1920 + dice.throw(42),
                1 + dice.throw(12),
                1 + dice.throw(28),
            );
            let town = dice.of(&TOWNS);
            let (block, house) = (1 + dice.throw(30), 1 + dice.throw(20));
            Face {
                name: Some(format!("{family} {given}")),
                kana: Some(format!("{family_kana} {given_kana}")),
                birth_date: Some(format!("{year}-{month:02}-{day:02}")),
                sex: Some(if male { "male" } else { "female" }.to_owned()),
                address: Some(format!("北海道北見市{town}{block}番地{house}")),
                phones: vec![format!(
                    "0157-{:02}-{:04}",
                    10 + dice.throw(60),
                    dice.throw(10_000)
                )],
                ..Face::default()
            }
        })
        .collect();
    Town::new(people)
}

fn hiragana(kana: &str) -> String {
    kana.chars()
        .map(|c| match c {
            'ァ'..='ヶ' => char::from_u32(c as u32 - 0x60).unwrap(),
            c => c,
        })
        .collect()
}

fn unvoiced(kana: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut marks = 0;
    let one_off = kana.nfd().filter(|c| {
        let mark = matches!(c, '\u{3099}' | '\u{309a}');
        marks += usize::from(mark);
        !(mark && marks == 1)
    });
    one_off.nfc().collect()
}

fn old_form(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '浜' => '濵',
            '辺' => '邉',
            '高' => '髙',
            '斎' => '齊',
            '島' => '嶋',
            '沢' => '澤',
            '恵' => '惠',
            '豊' => '豐',
            '実' => '實',
            c => c,
        })
        .collect()
}

fn half(kana: &str) -> String {
    const PAIRS: [(&str, &str); 2] = [
        (
            "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォャュョッー\u{3099}\u{309a}",
            "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｬｭｮｯｰﾞﾟ",
        ),
        (" ", " "),
    ];
    use unicode_normalization::UnicodeNormalization;
    kana.nfd()
        .map(|c| {
            PAIRS
                .iter()
                .find_map(|(full, half)| {
                    let at = full.chars().position(|one| one == c)?;
                    half.chars().nth(at)
                })
                .unwrap_or(c)
        })
        .collect()
}

/// A kind of mistake, and what is typed for a face.
type Mistake = (&'static str, fn(&Face, &mut Dice) -> Asked);

fn kana(face: &Face) -> String {
    face.kana.clone().unwrap()
}

fn born(face: &Face) -> String {
    face.birth_date.clone().unwrap()
}

fn era(date: &str) -> String {
    renkei_model::day::era_text(&iso(date).unwrap()).unwrap()
}

fn with_name(name: String, face: &Face) -> Asked {
    Asked {
        name: Some(name),
        birth_date: Some(era(&born(face)[..4])),
        ..Asked::default()
    }
}

const MISTAKES: [Mistake; 15] = [
    ("half-width kana", |face, _| {
        with_name(half(&kana(face)), face)
    }),
    ("hiragana without a space", |face, _| {
        with_name(hiragana(&kana(face).replace(' ', "")), face)
    }),
    ("old kanji", |face, _| {
        with_name(old_form(face.name.as_deref().unwrap()), face)
    }),
    ("missing voiced mark", |face, _| {
        with_name(unvoiced(&kana(face)), face)
    }),
    ("no long vowels", |face, _| {
        with_name(loose_kana(&kana(face)), face)
    }),
    ("kanji and kana mixed", |face, _| {
        let (family, _) = split(face.name.as_deref().unwrap()).unwrap();
        let (_, given) = split(&kana(face)).unwrap();
        with_name(format!("{family}{}", hiragana(&given)), face)
    }),
    ("wrong way round", |face, _| {
        let (family, given) = split(&kana(face)).unwrap();
        with_name(format!("{given} {family}"), face)
    }),
    ("swapped era", |face, _| {
        let swapped = renkei_model::day::era_swaps(&iso(&born(face)).unwrap(), &era(&born(face)));
        let day = swapped.iter().find(|day| day.year() < 2000);
        Asked {
            name: Some(kana(face)),
            birth_date: Some(day.map_or_else(|| era(&born(face)), |day| era(&day.iso()))),
            ..Asked::default()
        }
    }),
    ("a day off", |face, _| {
        let day: u8 = born(face)[8..].parse().unwrap();
        let typed = format!(
            "{}-{:02}",
            &born(face)[..7],
            if day == 1 { 2 } else { day - 1 }
        );
        Asked {
            birth_date: Some(typed),
            ..with_name(kana(face), face)
        }
    }),
    ("given name and birth date", |face, _| {
        let (_, given) = split(&kana(face)).unwrap();
        Asked {
            birth_date: Some(era(&born(face))),
            ..with_name(given, face)
        }
    }),
    ("family name, district, age, sex", |face, _| {
        let (family, _) = split(&kana(face)).unwrap();
        let (young, _) = age_on(&iso(&born(face)).unwrap(), TODAY).unwrap();
        let town: String = face
            .address
            .as_deref()
            .unwrap()
            .chars()
            .skip(6)
            .take(5)
            .collect();
        Asked {
            name: Some(family),
            age: Some(format!("{young}歳")),
            sex: face.sex.clone(),
            address: Some(town),
            ..Asked::default()
        }
    }),
    ("transposed digits in the phone", |face, dice| {
        let digits = fold_phone(&face.phones[0]).unwrap();
        let changed = crate::likeness::transpositions(&digits);
        Asked {
            phone: Some(changed[dice.throw(changed.len())].clone()),
            ..Asked::default()
        }
    }),
    ("family name and last four digits", |face, _| {
        let (family, _) = split(&kana(face)).unwrap();
        Asked {
            name: Some(family),
            phone: Some(face.phones[0][face.phones[0].len() - 4..].to_owned()),
            ..Asked::default()
        }
    }),
    ("another given name was heard", |face, _| {
        let (family, _) = split(&kana(face)).unwrap();
        Asked {
            name: Some(format!("{family} ムサシ")),
            birth_date: Some(era(&born(face))),
            ..Asked::default()
        }
    }),
    ("a letter wrong", |face, dice| {
        let mut letters: Vec<char> = kana(face).replace(' ', "").chars().collect();
        let at = dice.throw(letters.len());
        letters[at] = 'ヌ';
        Asked {
            name: Some(letters.into_iter().collect()),
            birth_date: Some(born(face)),
            ..Asked::default()
        }
    }),
];

/// First and within the ten, in a hundred, for each mistake.
fn measured(town: &Town, every: usize) -> BTreeMap<&'static str, (usize, usize)> {
    let mut dice = Dice(7);
    let mut table = BTreeMap::new();
    for (mistake, typed) in MISTAKES {
        let (mut first, mut ten, mut all) = (0, 0, 0);
        for (at, face) in town.people.iter().enumerate().step_by(every) {
            let found = town.search(&typed(face, &mut dice));
            all += 1;
            first += usize::from(found.first() == Some(&at));
            ten += usize::from(found.iter().take(10).any(|one| *one == at));
        }
        table.insert(mistake, (first * 100 / all, ten * 100 / all));
    }
    table
}

#[test]
fn two_hundred_invented_people_are_found_in_spite_of_mistakes() {
    let table = measured(&town(200), 1);
    for (mistake, (first, ten)) in &table {
        assert!(
            *first >= 95 && *ten >= 99,
            "{mistake}: {first} % first, {ten} % in the ten"
        );
    }
}

/// In a town of 100,000 several people fit what was typed; the right one is among the ten all the same.
#[test]
fn larger_towns() {
    if std::env::var_os("RENKEI_TEST_LONG").is_none() {
        println!("skipped: RENKEI_TEST_LONG not set");
        return;
    }
    for (size, every) in [(2_000, 7), (100_000, 997)] {
        let town = town(size);
        println!("{size} people, {} terms each", town.index.len() / size);
        for (mistake, (first, ten)) in measured(&town, every) {
            println!("{mistake}: {first} % first, {ten} % in the ten");
            assert!(ten >= 99, "{mistake}: {ten} % in the ten of {size}");
        }
    }
}
