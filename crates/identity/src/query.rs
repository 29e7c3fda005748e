//! A search as it was understood. `read.rs` makes it, `probes.rs` says what to fetch for it, `rank.rs`
//! puts what was fetched in order.

use renkei_model::day::PartialDay;
use renkei_model::message::Fault;

use crate::fold::{fold_kana, fold_name, is_kana, is_kana_letter, loose_kana, to_katakana};
use crate::read;

/// What a crew typed, field by field; whatever is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Name: kana, kanji or both; family, given or both.
    pub name: Option<String>,
    /// Date of birth in any form, or part of it.
    pub birth_date: Option<String>,
    /// Age in years; 80代 is understood.
    pub age: Option<String>,
    /// Sex, in Japanese or English.
    pub sex: Option<String>,
    /// Part of the address, from any part of it on.
    pub address: Option<String>,
    /// Telephone number, or its last four digits and more.
    pub phone: Option<String>,
    /// A number on a card.
    pub card: Option<String>,
}

/// A search as it was understood.
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) name: Option<NameAsked>,
    /// What was asked first, then what may have been meant: the same year of another era.
    pub(crate) births: Vec<PartialDay>,
    /// Youngest and oldest, in years.
    pub(crate) age: Option<(u16, u16)>,
    /// `male` or `female`.
    pub(crate) sex: Option<&'static str>,
    /// Folded.
    pub(crate) address: Option<String>,
    /// Digits; fewer than nine are the last ones.
    pub(crate) phone: Option<String>,
    /// Folded.
    pub(crate) card: Option<String>,
    /// Today's date, for ages; without it they are not looked at.
    pub(crate) today: Option<PartialDay>,
    pub(crate) searched: Vec<(String, String)>,
}

impl Query {
    /// Understands what was asked. `today`: `YYYY-MM-DD` where the crew is.
    ///
    /// # Errors
    /// One fault for each field that cannot be understood, or one for a search that asks nothing.
    pub fn read(asked: &Asked, today: &str) -> Result<Self, Vec<Fault>> {
        read::query(asked, today)
    }

    /// Each field that was asked: as it was typed, and in brackets how it was read, in words that a crew
    /// understands. In a fixed order; nothing of it comes from what is stored.
    #[must_use]
    pub fn searched(&self) -> Vec<(String, String)> {
        self.searched.clone()
    }
}

/// A name as it was typed.
#[derive(Debug, Clone)]
pub(crate) struct NameAsked {
    /// The letters as they were typed, half-width ones as full-width ones, words divided by a space.
    pub typed: String,
    /// All of it.
    pub whole: Part,
    /// Where a space or a change of script says that the given name begins.
    pub split: Option<(Part, Part)>,
    /// Whether a space said so: then family and given name may also have changed places.
    pub spaced: bool,
}

impl NameAsked {
    /// Whether it is more than a family name: said in two parts, or longer than family names are.
    pub(crate) fn is_full(&self) -> bool {
        let letters = self.whole.name.chars().count();
        self.split.is_some() || letters >= if self.whole.kana.is_some() { 6 } else { 4 }
    }

    /// Too little for a name, unless something else is asked too.
    pub(crate) fn is_one_kana(&self) -> bool {
        self.whole.kana.is_some() && self.whole.name.chars().count() < 2
    }
}

/// A name or part of one, in the spellings in which it is compared.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// As it was typed, without spaces.
    pub raw: String,
    /// Folded as a written name.
    pub name: String,
    /// If it is nothing but kana.
    pub kana: Option<Kana>,
    /// If it is kana, then kanji, or the other way round.
    pub mixed: Option<Mixed>,
}

/// Half in kana, half in kanji, as people type who do not remember which kanji: ハマ田, 浜だ, ショウ一.
#[derive(Debug, Clone)]
pub(crate) struct Mixed {
    /// The half in kana.
    pub kana: Kana,
    /// The half in kanji, folded.
    pub written: String,
    /// Whether the kana come first.
    pub kana_first: bool,
}

/// Kana, folded.
#[derive(Debug, Clone)]
pub(crate) struct Kana {
    /// With its voicing marks.
    pub strict: String,
    /// Loose; and with ズ for ヅ, ジ for ヂ and the other way, which sound the same.
    pub loose: Vec<String>,
}

impl Part {
    /// Reads a part; nothing of it may be left after folding.
    pub(crate) fn new(typed: &str) -> Self {
        let strict = fold_kana(typed);
        let kana = is_kana(&strict).then(|| Kana::new(strict));
        let raw: String = typed.split_whitespace().collect();
        let mixed = Mixed::new(&raw);
        Self {
            raw,
            name: fold_name(typed),
            kana,
            mixed,
        }
    }
}

impl Mixed {
    /// Reads two halves; none if there are more (一ノ瀬) or fewer.
    fn new(raw: &str) -> Option<Self> {
        let first_kana = raw.chars().next().is_some_and(is_typed_kana);
        let at = raw.find(|letter| is_typed_kana(letter) != first_kana)?;
        let (one, other) = raw.split_at_checked(at)?;
        if other
            .chars()
            .any(|letter| is_typed_kana(letter) == first_kana)
        {
            return None;
        }
        let (kana, written) = if first_kana {
            (one, other)
        } else {
            (other, one)
        };
        let (strict, written) = (fold_kana(kana), fold_name(written));
        (is_kana(&strict) && !written.is_empty()).then(|| Self {
            kana: Kana::new(strict),
            written,
            kana_first: first_kana,
        })
    }
}

/// Kana as people type them, hiragana and long vowel marks too.
pub(crate) fn is_typed_kana(letter: char) -> bool {
    is_kana_letter(to_katakana(letter)) || letter == 'ー'
}

impl Kana {
    fn new(strict: String) -> Self {
        let spelled = |from: [char; 2], to: [char; 2]| -> String {
            let letters = strict.chars().map(|letter| match letter {
                one if one == from[0] => to[0],
                one if one == from[1] => to[1],
                other => other,
            });
            loose_kana(&letters.collect::<String>())
        };
        let mut loose = vec![
            loose_kana(&strict),
            spelled(['ヅ', 'ヂ'], ['ズ', 'ジ']),
            spelled(['ズ', 'ジ'], ['ヅ', 'ヂ']),
        ];
        loose.dedup();
        Self { strict, loose }
    }

    /// The first loose spelling.
    pub(crate) fn main(&self) -> &str {
        self.loose.first().map_or("", String::as_str)
    }
}
