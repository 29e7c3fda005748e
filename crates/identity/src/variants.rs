//! Kanji that are written for one another in names (異体字, 旧字体), and the form that stands for them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The table. Its head says where each row comes from.
const TABLE: &str = include_str!("variants.csv");

static FORMS: LazyLock<HashMap<char, char>> =
    LazyLock::new(|| rows().map(|(form, variant)| (variant, form)).collect());

/// The variants of a form, in the order of the table.
static VARIANTS: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut variants: HashMap<char, Vec<char>> = HashMap::new();
    for (form, variant) in rows() {
        variants.entry(form).or_default().push(variant);
    }
    variants
});

/// Form and variant of each row.
fn rows() -> impl Iterator<Item = (char, char)> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let mut cells = row.split(',');
        let (form, variant) = (cells.next()?, cells.next()?);
        Some((form.chars().next()?, variant.chars().next()?))
    })
}

/// The form that stands for a kanji: 高 for 髙. A kanji that is in no row stands for itself.
pub(crate) fn form(kanji: char) -> char {
    FORMS.get(&kanji).copied().unwrap_or(kanji)
}

/// The other ways to write a kanji, the form that stands for them all first; none for most kanji.
pub(crate) fn others(kanji: char) -> impl Iterator<Item = char> {
    let form = form(kanji);
    let variants = VARIANTS.get(&form).into_iter().flatten().copied();
    let all = variants.clone().next().map(|_| form).into_iter();
    all.chain(variants).filter(move |other| *other != kanji)
}

/// Variation selectors: they choose the shape of a kanji (葛󠄀), not which kanji it is.
pub(crate) const fn is_selector(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn every_row_is_one_kanji_for_another_from_a_source() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
        let mut count = 0;
        for row in rows {
            let cells: Vec<&str> = row.split(',').collect();
            let [form, variant, source] = cells.as_slice() else {
                panic!("{row}: form,variant,source");
            };
            assert_eq!(form.chars().count(), 1, "{row}");
            assert_eq!(variant.chars().count(), 1, "{row}");
            assert_ne!(form, variant, "{row}");
            assert!(["J", "N", "U", "S"].contains(source), "{row}");
            let normal: String = variant.nfkc().collect();
            assert_eq!(normal, *variant, "{row}: NFKC does this one");
            count += 1;
        }
        assert_eq!(FORMS.len(), count, "a variant stands in two rows");
    }

    #[test]
    fn a_kanji_knows_its_other_forms() {
        let others = |kanji: char| others(kanji).collect::<String>();
        assert_eq!(others('濱'), "浜濵");
        assert_eq!(others('浜'), "濱濵");
        assert_eq!(others('林'), "");
    }

    #[test]
    fn no_form_is_a_variant_of_another() {
        for form in FORMS.values() {
            assert!(!FORMS.contains_key(form), "{form}");
        }
    }
}
