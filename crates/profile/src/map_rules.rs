//! What must hold between the fields of a record, and what of it has no place in FHIR.

use std::ptr;

use renkei_model::day::{PartialDay, age_on, parse};
use renkei_model::message::{FaultKind, Span};
use renkei_wire::Node;

use crate::convert_text::folded;
use crate::map_in::{Inward, is_blank};
use crate::native::NativePath;
use crate::plan::Row;

/// A day as it stands in FHIR: a year, a month or a day.
struct Day<'p> {
    row: &'p Row,
    iso: String,
    span: Span,
}

impl<'p> Inward<'p, '_> {
    /// Checks what must hold between fields.
    pub(crate) fn check_rules(&mut self) {
        self.check_alternatives();
        self.check_order();
        self.check_ages();
    }

    /// Names the fields that have no place in FHIR, and those that nobody knows.
    pub(crate) fn name_losses(&mut self) {
        self.name_unmapped();
        self.name_unknown();
    }

    fn check_alternatives(&mut self) {
        for alternatives in &self.plan.at_least_one {
            if !alternatives
                .natives
                .iter()
                .any(|native| self.is_filled(native, None))
            {
                let field = alternatives
                    .natives
                    .first()
                    .map_or_else(String::new, |native| self.field(native, 0));
                self.fault(
                    field,
                    alternatives.rule.clone(),
                    Some(self.record.span),
                    FaultKind::Required,
                );
            }
        }
    }

    /// The day that a row put into FHIR, with its row and its bytes.
    fn day(&self, number: usize) -> Option<Day<'p>> {
        let row = self.plan.rows.get(number)?;
        let mut own = self.writes.iter().filter(|write| ptr::eq(write.row, row));
        let write = own.next()?;
        Some(Day {
            row,
            iso: write.value.as_str()?.to_owned(),
            span: write.span,
        })
    }

    fn check_order(&mut self) {
        for ordered in &self.plan.ordered {
            if let (Some(earlier), Some(later)) =
                (self.day(ordered.earlier), self.day(ordered.later))
                && is_after(&earlier.iso, &later.iso)
            {
                let field = self.field(&later.row.native, 0);
                let span = Some(later.span);
                self.fault(field, ordered.rule.clone(), span, FaultKind::Value);
            }
        }
    }

    /// An age that does not fit the birth date: nobody knows which of the two is wrong, so both are named.
    fn check_ages(&mut self) {
        for age in &self.plan.ages {
            let told = self.node(&age.age, None).filter(|node| !is_blank(node));
            let Some((told, years)) = told.and_then(|node| Some((node, years(node.text()?)?)))
            else {
                continue;
            };
            let (Some(birth), Some(at)) = (self.day(age.birth), self.day(age.at)) else {
                continue;
            };
            if !fits(years, &birth.iso, &at.iso, age.within) {
                let fields = [
                    (self.field(&birth.row.native, 0), birth.span),
                    (self.field(&age.age, 0), told.span),
                ];
                for (field, span) in fields {
                    self.fault(field, age.rule.clone(), Some(span), FaultKind::Value);
                }
            }
        }
    }

    fn name_unmapped(&mut self) {
        for unmapped in &self.plan.unmapped {
            let items: Vec<(usize, Option<&Node>)> = match &unmapped.native {
                NativePath::Item { group, .. } => {
                    let items = self.items.get(*group).cloned().unwrap_or_default();
                    items
                        .into_iter()
                        .map(|(at, item)| (at, Some(item)))
                        .collect()
                }
                _ => vec![(0, None)],
            };
            for (at, item) in items {
                if self.is_filled(&unmapped.native, item) {
                    self.lose_once(self.field(&unmapped.native, at), unmapped.why.clone());
                }
            }
        }
    }

    fn name_unknown(&mut self) {
        let unknown = crate::unknown::fields(self.plan, self.record);
        self.faults
            .extend(crate::unknown::too_many(&unknown, self.record));
        for field in unknown {
            let why = "未定義の項目です。原本に保存しました / unknown field: kept in the original"
                .to_owned();
            self.lose_once(field, why);
        }
    }
}

/// Days in FHIR sort as text. Of two that are known differently well, what both say is compared.
fn is_after(one: &str, other: &str) -> bool {
    let known = one.len().min(other.len());
    one.get(..known) > other.get(..known)
}

/// A number of years as it is written; `None` for what is none.
fn years(text: &str) -> Option<u16> {
    let plain = folded(text);
    let digits: String = plain
        .trim()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// Whether somebody born then can be that old on that day, which may be off by some years.
fn fits(years: u16, birth: &str, at: &str, within: u16) -> bool {
    let day = |iso: &str| parse(iso).ok().map(|(day, _)| day);
    let (Some(birth), Some(at)) = (day(birth), day(at)) else {
        return true;
    };
    let youngest = age_on(&birth, &at.first()).map(|(youngest, _)| youngest);
    let oldest = age_on(&birth, &PartialDay::last(&at)).map(|(_, oldest)| oldest);
    // Born after the day for which the age is told: no age fits.
    oldest.is_some_and(|oldest| {
        let low = youngest.unwrap_or(0).saturating_sub(within);
        (low..=oldest.saturating_add(within)).contains(&years)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_fit_births() {
        for (years, birth, within, expected) in [
            (85, "1941-03-05", 0, true),
            (84, "1941-03-05", 0, false),
            (84, "1941-03-05", 1, true),
            (84, "1941", 0, true),
            (86, "1941", 0, false),
            (25, "1941-03-05", 1, false),
            (0, "2027-01-01", 0, false),
        ] {
            assert_eq!(
                fits(years, birth, "2026-11-21", within),
                expected,
                "{birth} {years}"
            );
        }
        assert_eq!(super::years("８５歳"), Some(85));
        assert_eq!(super::years("不明"), None);
        assert!(is_after("1936", "1935-03") && !is_after("1935", "1935-03"));
    }
}
