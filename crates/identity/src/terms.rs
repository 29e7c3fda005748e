//! What a face is found by: folded values, looked up by equality or by their beginning.

use renkei_model::Face;

use crate::address::{areas, beginnings, fold_address};
use crate::fold::{fold_card, fold_name, fold_phone, loose_kana};

/// Letters of a value that are kept: more tells nobody apart, and an index row has its limits.
pub(crate) const LONGEST: usize = 80;
/// Stands before the last four digits of a telephone number.
pub(crate) const TAIL: char = '~';

/// The kinds of term. The key of two parts have the narrower part first, so that the name behind it can
/// be looked up by its beginning: `1935|ハマタシヨイチ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TermKind {
    /// Loose kana, family and given name together.
    Kana,
    /// Loose kana of the given name.
    Given,
    /// Folded name as it is written, family and given name together.
    Name,
    /// Folded given name as it is written.
    GivenName,
    /// Digits of a telephone number; or `~` and its last four.
    Phone,
    /// Folded address from the municipality on, and from each later part on.
    Address,
    /// Date of birth: `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    Birth,
    /// A number on a card.
    Card,
    /// Year of birth, `|`, loose kana.
    KanaYear,
    /// Year of birth, `|`, folded name.
    NameYear,
    /// Key of an area, `|`, loose kana.
    KanaArea,
    /// Key of an area, `|`, folded name.
    NameArea,
}

/// What a term is about, and so which field of a search it speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum About {
    /// The name.
    Name,
    /// The date of birth.
    Birth,
    /// The address.
    Address,
    /// A telephone number.
    Phone,
    /// A card.
    Card,
}

impl TermKind {
    /// What it is about; of a key of two parts, the name.
    #[must_use]
    pub const fn about(self) -> About {
        match self {
            Self::Birth => About::Birth,
            Self::Address => About::Address,
            Self::Phone => About::Phone,
            Self::Card => About::Card,
            Self::Kana
            | Self::Given
            | Self::Name
            | Self::GivenName
            | Self::KanaYear
            | Self::NameYear
            | Self::KanaArea
            | Self::NameArea => About::Name,
        }
    }

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kana => "kana",
            Self::Given => "given",
            Self::Name => "name",
            Self::GivenName => "given-name",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Birth => "birth",
            Self::Card => "card",
            Self::KanaYear => "kana-year",
            Self::NameYear => "name-year",
            Self::KanaArea => "kana-area",
            Self::NameArea => "name-area",
        }
    }
}

/// One value by which a face is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// The folded value, at most 80 letters and never empty.
    pub value: String,
}

/// The value of a key of two parts.
pub(crate) fn joined(narrow: &str, name: &str) -> String {
    format!("{narrow}|{name}")
}

/// The first letters of a value, as many as are kept.
pub(crate) fn kept(value: &str) -> String {
    value
        .chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST)
        .collect()
}

/// Family and given name of a name that says where one ends; the rest behind the first space is given.
pub(crate) fn split(name: &str) -> Option<(String, String)> {
    let mut words = name.split_whitespace();
    let family = words.next()?.to_owned();
    let given: String = words.collect();
    (!given.is_empty()).then_some((family, given))
}

/// Everything by which a face is found; sorted, each once. An ordinary resident has about fifteen.
/// `cards`: the identifier values of the record, as they were sent.
#[must_use]
pub fn terms(face: &Face, cards: &[String]) -> Vec<Term> {
    let mut found = Found::default();
    let kana = face.kana.as_deref().map(loose_kana).unwrap_or_default();
    let name = face.name.as_deref().map(fold_name).unwrap_or_default();
    found.add(TermKind::Kana, &kana);
    found.add(TermKind::Name, &name);
    if let Some((_, given)) = face.kana.as_deref().and_then(split) {
        found.add(TermKind::Given, &loose_kana(&given));
    }
    if let Some((_, given)) = face.name.as_deref().and_then(split) {
        found.add(TermKind::GivenName, &fold_name(&given));
    }
    if let Some(birth) = face.birth_date.as_deref().map(str::trim) {
        found.add(TermKind::Birth, birth);
        if let Some(year) = birth.get(..4) {
            found.add_both(
                (TermKind::KanaYear, TermKind::NameYear),
                year,
                (&kana, &name),
            );
        }
    }
    for digits in face.phones.iter().filter_map(|phone| fold_phone(phone)) {
        found.add(TermKind::Phone, &digits);
        if let Some(tail) = digits.get(digits.len() - 4..) {
            found.add(TermKind::Phone, &format!("{TAIL}{tail}"));
        }
    }
    for area in add_address(&mut found, face) {
        found.add_both(
            (TermKind::KanaArea, TermKind::NameArea),
            &area,
            (&kana, &name),
        );
    }
    for card in cards {
        found.add(TermKind::Card, &fold_card(card));
    }
    found.0.sort_unstable();
    found.0.dedup();
    found.0
}

/// Adds the terms of the address and of the district; gives the keys of the areas.
fn add_address(found: &mut Found, face: &Face) -> Vec<String> {
    let address = face
        .address
        .as_deref()
        .map(fold_address)
        .unwrap_or_default();
    let district = face
        .district
        .as_deref()
        .map(fold_address)
        .unwrap_or_default();
    let said = beginnings(&address);
    if !said
        .iter()
        .any(|beginning| beginning.starts_with(&district))
    {
        found.add(TermKind::Address, &district);
    }
    for beginning in &said {
        found.add(TermKind::Address, beginning);
    }
    let mut keys = areas(&address);
    keys.extend(areas(&district));
    keys
}

#[derive(Default)]
struct Found(Vec<Term>);

impl Found {
    fn add(&mut self, kind: TermKind, value: &str) {
        let value = kept(value);
        if !value.is_empty() {
            self.0.push(Term { kind, value });
        }
    }

    fn add_both(
        &mut self,
        (kana_kind, name_kind): (TermKind, TermKind),
        narrow: &str,
        (kana, name): (&str, &str),
    ) {
        for (kind, value) in [(kana_kind, kana), (name_kind, name)] {
            if !value.is_empty() {
                self.add(kind, &joined(narrow, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resident_is_found_by_these() {
        let face = Face {
            name: Some("濱田 正一".to_owned()),
            kana: Some("ハマダ ショウイチ".to_owned()),
            birth_date: Some("1935-03-05".to_owned()),
            address: Some("北海道北見市端野町三区572番地1".to_owned()),
            district: Some("端野自治区".to_owned()),
            phones: vec!["0157-00-1234".to_owned()],
            ..Face::default()
        };
        let terms = terms(&face, &["KM-00 012".to_owned()]);
        let found: Vec<String> = terms
            .iter()
            .map(|term| format!("{} {}", term.kind.as_str(), term.value))
            .collect();
        assert_eq!(
            found,
            [
                "kana ハマタシヨイチ",
                "given シヨイチ",
                "name 浜田正一",
                "given-name 正一",
                "phone 0157001234",
                "phone ~1234",
                "address 3区572-1",
                "address 北見市端野町3区572-1",
                "address 端野町3区572-1",
                "birth 1935-03-05",
                "card KM00012",
                "kana-year 1935|ハマタシヨイチ",
                "name-year 1935|浜田正一",
                "kana-area 3区|ハマタシヨイチ",
                "kana-area 端野|ハマタシヨイチ",
                "name-area 3区|浜田正一",
                "name-area 端野|浜田正一",
            ]
        );
    }

    #[test]
    fn nothing_known_is_no_term_and_nothing_is_endless() {
        assert_eq!(terms(&Face::default(), &[String::new()]), []);
        let face = Face {
            name: Some("長".repeat(5_000)),
            address: Some("町".repeat(5_000)),
            ..Face::default()
        };
        let terms = terms(&face, &[]);
        assert!(
            terms
                .iter()
                .all(|term| term.value.chars().count() <= LONGEST)
        );
        assert!(terms.len() < 20, "{}", terms.len());
    }
}
