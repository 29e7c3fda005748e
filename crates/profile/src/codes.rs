//! Code maps: native code ⇄ FHIR coding, one CSV file a map.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::mistake::{Mistakes, Place};

/// The columns of a code map, in this order.
const COLUMNS: [&str; 6] = [
    "native",
    "system",
    "code",
    "display",
    "equivalence",
    "preferred",
];

/// How well a native code and a FHIR code agree, in the words of FHIR's ConceptMap.
const EQUIVALENCES: [&str; 4] = ["equivalent", "wider", "narrower", "inexact"];

/// One line of a code map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) native: String,
    pub(crate) system: String,
    pub(crate) code: String,
    pub(crate) display: String,
    /// Whether the two mean the same.
    pub(crate) exact: bool,
    /// Whether this line is the way back from the FHIR code.
    preferred: bool,
    /// Where its FHIR code stands.
    pub(crate) place: Place,
}

/// A code map, unambiguous both ways.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodeMap {
    pub(crate) name: String,
    codes: Vec<Code>,
    by_native: HashMap<String, usize>,
    by_coding: HashMap<(String, String), usize>,
}

impl Code {
    /// The coding as FHIR has it.
    pub(crate) fn coding(&self) -> Value {
        json!({"system": self.system, "code": self.code, "display": self.display})
    }
}

impl CodeMap {
    /// The line of a native code.
    pub(crate) fn of_native(&self, native: &str) -> Option<&Code> {
        self.by_native
            .get(native)
            .and_then(|at| self.codes.get(*at))
    }

    /// The line that leads back from a FHIR coding.
    pub(crate) fn of_coding(&self, system: &str, code: &str) -> Option<&Code> {
        let at = self.by_coding.get(&(system.to_owned(), code.to_owned()))?;
        self.codes.get(*at)
    }

    /// The line that leads back from a FHIR code without its system; ambiguous codes have none.
    pub(crate) fn of_code(&self, code: &str) -> Option<&Code> {
        let mut found = self
            .by_coding
            .iter()
            .filter(|((_, known), _)| known == code);
        match (found.next(), found.next()) {
            (Some((_, at)), None) => self.codes.get(*at),
            _ => None,
        }
    }

    /// All lines in the order of the file.
    pub(crate) fn codes(&self) -> &[Code] {
        &self.codes
    }
}

/// Reads a code map.
pub(crate) fn read(name: &str, text: &str, mistakes: &mut Mistakes) -> CodeMap {
    let mut map = CodeMap {
        name: name.to_owned(),
        ..CodeMap::default()
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in reader.records().enumerate() {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                let at = error.position().map_or(0, |p| line_number(p.line()));
                mistakes.add(
                    Place {
                        line: at,
                        column: 0,
                    },
                    "not CSV in UTF-8",
                );
                break;
            }
        };
        let at = line
            .position()
            .map_or(0, |position| line_number(position.line()));
        let cells: Vec<&str> = line.iter().collect();
        if number == 0 {
            if cells != COLUMNS {
                let rule = format!("the first line must be: {}", COLUMNS.join(","));
                mistakes.add(
                    Place {
                        line: at,
                        column: 1,
                    },
                    rule,
                );
                return map;
            }
        } else {
            let raw = lines.get(at.saturating_sub(1)).copied().unwrap_or_default();
            map.codes.extend(read_line(&cells, raw, at, mistakes));
        }
    }
    index(&mut map, mistakes);
    map
}

fn line_number(line: u64) -> usize {
    usize::try_from(line).unwrap_or(0)
}

fn read_line(cells: &[&str], raw: &str, line: usize, mistakes: &mut Mistakes) -> Option<Code> {
    // Where a cell is quoted, the place of the others cannot be counted from what was read.
    let column = |number: usize| {
        let before = cells.iter().take(number);
        let counted = before.map(|cell| cell.chars().count() + 1).sum::<usize>() + 1;
        if raw.contains('"') { 0 } else { counted }
    };
    let at = |number: usize| Place {
        line,
        column: column(number),
    };
    let place = at(0);
    let [native, system, code, display, equivalence, preferred] = cells else {
        mistakes.add(place, format!("must have {} columns", COLUMNS.len()));
        return None;
    };
    for (number, (column, cell)) in COLUMNS.iter().zip(cells).enumerate() {
        let optional = matches!(*column, "equivalence" | "preferred");
        if !optional && (cell.is_empty() || cell.trim() != *cell) {
            mistakes.add(
                at(number),
                format!("\"{column}\" is empty or has blanks around it"),
            );
        }
    }
    if !equivalence.is_empty() && !EQUIVALENCES.contains(equivalence) {
        mistakes.add(
            at(4),
            format!("equivalence must be one of: {}", EQUIVALENCES.join(", ")),
        );
    }
    if !matches!(*preferred, "" | "yes") {
        mistakes.add(at(5), "preferred must be yes or empty");
    }
    Some(Code {
        native: (*native).to_owned(),
        system: (*system).to_owned(),
        code: (*code).to_owned(),
        display: (*display).to_owned(),
        exact: matches!(*equivalence, "" | "equivalent"),
        preferred: *preferred == "yes",
        place: at(2),
    })
}

fn index(map: &mut CodeMap, mistakes: &mut Mistakes) {
    for (at, code) in map.codes.iter().enumerate() {
        if map.by_native.insert(code.native.clone(), at).is_some() {
            let first = Place {
                column: code.place.column.min(1),
                ..code.place
            };
            mistakes.add(
                first,
                format!("native code \"{}\" is given twice", code.native),
            );
        }
        let coding = (code.system.clone(), code.code.clone());
        let earlier = map.by_coding.get(&coding).and_then(|at| map.codes.get(*at));
        match earlier {
            Some(earlier) if earlier.preferred == code.preferred => {
                let (first, second) = (&earlier.native, &code.native);
                let rule = format!(
                    "ambiguous inverse: \"{first}\" and \"{second}\" have the same FHIR code {}: exactly one of them must be preferred=yes for the way back",
                    code.code
                );
                mistakes.add(code.place, rule);
            }
            Some(earlier) if earlier.preferred => {}
            Some(_) | None => {
                map.by_coding.insert(coding, at);
            }
        }
    }
    if map.codes.is_empty() {
        mistakes.add(Place::default(), "the code map is empty");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "native,system,code,display,equivalence,preferred\n";

    fn read_text(lines: &str) -> (CodeMap, Vec<String>) {
        let mut mistakes = Mistakes::of_file("c.csv");
        let map = read("c", &format!("{HEAD}{lines}"), &mut mistakes);
        (
            map,
            mistakes
                .into_found()
                .iter()
                .map(ToString::to_string)
                .collect(),
        )
    }

    #[test]
    fn both_ways() {
        let (map, found) = read_text("男,s,male,Male,,\n女,s,female,Female,,\n");
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(map.of_native("男").map(|c| c.code.as_str()), Some("male"));
        assert_eq!(
            map.of_coding("s", "female").map(|c| c.native.as_str()),
            Some("女")
        );
        assert_eq!(map.of_code("male").map(|c| c.native.as_str()), Some("男"));
        assert!(map.of_native("x").is_none());
    }

    #[test]
    fn an_ambiguous_way_back_needs_a_preferred_line() {
        assert_eq!(read_text("長男,s,son,S,,\n次男,s,son,S,,\n").1.len(), 1);
        assert!(read_text("長男,s,son,S,,\n次男,s,son,S,,\n").1[0].starts_with("c.csv:3:"));
        let (map, found) = read_text("長男,s,son,S,,\n息子,s,son,S,,yes\n");
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(
            map.of_coding("s", "son").map(|c| c.native.as_str()),
            Some("息子")
        );
    }

    #[test]
    fn mistakes_have_lines() {
        let (_, found) = read_text("男,s,male,Male,,\n男,s,m2,Male,roughly,maybe\n女,s,female\n");
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(
            found
                .iter()
                .all(|f| f.starts_with("c.csv:3:") || f.starts_with("c.csv:4:"))
        );
    }
}
