//! What a message's YAML says about fields beside the rows: those without a place, alternatives, orders
//! and ages.

use crate::compile::Compiler;
use crate::compile_rows::{natives, needed_native};
use crate::convert::Convert;
use crate::fields::Fields;
use crate::native::NativePath;
use crate::plan::{Age, AtLeastOne, Ordered, Row, Unmapped};

/// Reads the fields that have no place in FHIR.
pub(crate) fn unmapped(
    compiler: &mut Compiler<'_>,
    fields: &Fields<'_>,
    rows: &[Row],
) -> Vec<Unmapped> {
    let mut found = Vec::new();
    for item in fields.list("unmapped", &mut compiler.mistakes) {
        let Some(inner) = Fields::of(item, &["native", "why"], &mut compiler.mistakes) else {
            continue;
        };
        let native = needed_native(compiler, &inner);
        let why = inner.need_text("why", &mut compiler.mistakes);
        if let (Some(native), Some((why, _))) = (native, why) {
            if let Some(row) = rows.iter().find(|row| row.native == native) {
                compiler.mistakes.add(
                    inner.place,
                    format!("the row of line {} maps this field", row.places.row.line),
                );
            }
            found.push(Unmapped {
                native,
                why: why.to_owned(),
            });
        }
    }
    found
}

/// Reads the alternatives of which one must be filled.
pub(crate) fn at_least_one(compiler: &mut Compiler<'_>, fields: &Fields<'_>) -> Vec<AtLeastOne> {
    let mut found = Vec::new();
    for item in fields.list("at-least-one", &mut compiler.mistakes) {
        let Some(inner) = Fields::of(item, &["of", "rule"], &mut compiler.mistakes) else {
            continue;
        };
        let natives = natives(compiler, &inner, "of");
        if natives.len() < 2 {
            compiler
                .mistakes
                .add(inner.place, "\"of\" lists two fields or more");
        }
        if let Some((rule, _)) = inner.need_text("rule", &mut compiler.mistakes) {
            found.push(AtLeastOne {
                natives,
                rule: rule.to_owned(),
            });
        }
    }
    found
}

/// The row that reads a day from a field, once a record.
fn day_row(
    compiler: &mut Compiler<'_>,
    inner: &Fields<'_>,
    key: &str,
    rows: &[Row],
) -> Option<usize> {
    let (text, place) = inner.need_text(key, &mut compiler.mistakes)?;
    let native = compiler.native(text, place)?;
    let is_day = |row: &Row| matches!(row.convert, Convert::Date(_) | Convert::Day(_));
    let number = rows
        .iter()
        .position(|row| row.native == native && is_day(row) && row.goes_in() && is_single(row));
    if number.is_none() {
        compiler
            .mistakes
            .add(place, "no row reads a day from this field");
    }
    number
}

/// Reads the days that have an order.
pub(crate) fn ordered(
    compiler: &mut Compiler<'_>,
    fields: &Fields<'_>,
    rows: &[Row],
) -> Vec<Ordered> {
    let mut found = Vec::new();
    for item in fields.list("ordered", &mut compiler.mistakes) {
        let keys = ["earlier", "later", "rule"];
        let Some(inner) = Fields::of(item, &keys, &mut compiler.mistakes) else {
            continue;
        };
        let earlier = day_row(compiler, &inner, "earlier", rows);
        let later = day_row(compiler, &inner, "later", rows);
        let rule = inner.need_text("rule", &mut compiler.mistakes);
        if let (Some(earlier), Some(later), Some((rule, _))) = (earlier, later, rule) {
            found.push(Ordered {
                earlier,
                later,
                rule: rule.to_owned(),
            });
        }
    }
    found
}

/// Reads the ages that must fit a birth date.
pub(crate) fn ages(
    compiler: &mut Compiler<'_>,
    fields: &Fields<'_>,
    rows: &[Row],
    unmapped: &[Unmapped],
) -> Vec<Age> {
    let mut found = Vec::new();
    for item in fields.list("ages", &mut compiler.mistakes) {
        let keys = ["age", "birth", "at", "within", "rule"];
        let Some(inner) = Fields::of(item, &keys, &mut compiler.mistakes) else {
            continue;
        };
        let age = age_field(compiler, &inner, unmapped);
        let birth = day_row(compiler, &inner, "birth", rows);
        let at = day_row(compiler, &inner, "at", rows);
        let within = match inner.text("within", &mut compiler.mistakes) {
            None => Some(0),
            Some((text, place)) => {
                let years = text.parse::<u16>().ok().filter(|years| *years <= 5);
                if years.is_none() {
                    compiler
                        .mistakes
                        .add(place, "\"within\" is a number of years, 5 at most");
                }
                years
            }
        };
        let rule = inner.need_text("rule", &mut compiler.mistakes);
        if let (Some(age), Some(birth), Some(at), Some(within), Some((rule, _))) =
            (age, birth, at, within, rule)
        {
            found.push(Age {
                age,
                birth,
                at,
                within,
                rule: rule.to_owned(),
            });
        }
    }
    found
}

/// The field of an age. It has no place of its own in FHIR, where it follows from the birth date.
fn age_field(
    compiler: &mut Compiler<'_>,
    inner: &Fields<'_>,
    unmapped: &[Unmapped],
) -> Option<NativePath> {
    let (text, place) = inner.need_text("age", &mut compiler.mistakes)?;
    let native = compiler.native(text, place)?;
    let known = unmapped.iter().any(|unmapped| unmapped.native == native);
    if !known || !matches!(native, NativePath::Field(_)) {
        compiler.mistakes.add(
            place,
            "an age is a field of the record that \"unmapped\" names",
        );
        return None;
    }
    Some(native)
}

/// Whether a row has one value a record.
pub(crate) fn is_single(row: &Row) -> bool {
    !row.split && !matches!(row.native, NativePath::Item { .. })
}
