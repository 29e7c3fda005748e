//! YAML as a tree that knows where everything stands.
//!
//! A profile uses the plain part of YAML: one document, maps, lists, scalars. Anchors, aliases, tags
//! and a key given twice are mistakes: each of them lets two readers see two different files.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, SpannedEventReceiver};
use serde_json::{Map, Number, Value};

use crate::mistake::{Mistakes, Place};

/// Deeper nesting than any profile has; keeps recursion bounded.
const DEPTH: usize = 32;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Yaml {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A scalar; `plain` when it stood without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Yaml>),
    /// A map in the order of the file. Keys are unique.
    Map(Vec<(String, Place, Yaml)>),
}

impl Yaml {
    /// The value as JSON. Plain `true`, `false`, `null` and whole numbers are what they say.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar { text, plain } => scalar_json(text, *plain),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, _, value)| (key.clone(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }
}

fn scalar_json(text: &str, plain: bool) -> Value {
    match text {
        "true" if plain => Value::Bool(true),
        "false" if plain => Value::Bool(false),
        "null" if plain => Value::Null,
        _ => match text.parse::<i64>() {
            Ok(number) if plain && number.to_string() == text => {
                Value::Number(Number::from(number))
            }
            _ => Value::String(text.to_owned()),
        },
    }
}

/// Reads a file. `None` when it is not YAML at all; the reason is among the mistakes.
pub(crate) fn read(text: &str, mistakes: &mut Mistakes) -> Option<Yaml> {
    let mut builder = Builder {
        open: Vec::new(),
        root: None,
        mistakes,
        too_deep: false,
    };
    let outcome = Parser::new_from_str(text).load(&mut builder, true);
    let root = builder.root.take();
    if let Err(error) = outcome {
        mistakes.add(
            place_of(error.marker()),
            format!("not YAML: {}", error.info()),
        );
        return None;
    }
    if root.is_none() && mistakes.is_empty() {
        mistakes.add(Place::default(), "the file is empty");
    }
    root
}

fn place_of(marker: &Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// A list or map that is still being read.
enum Open {
    List(Place, Vec<Yaml>),
    Map(Place, Vec<(String, Place, Yaml)>, Option<(String, Place)>),
}

struct Builder<'a> {
    open: Vec<Open>,
    root: Option<Yaml>,
    mistakes: &'a mut Mistakes,
    too_deep: bool,
}

impl SpannedEventReceiver<'_> for Builder<'_> {
    fn on_event(&mut self, event: Event<'_>, span: Span) {
        let place = place_of(&span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_only(place, anchor, tag.is_some());
                let plain = matches!(style, ScalarStyle::Plain);
                self.put(Yaml {
                    place,
                    kind: Kind::Scalar {
                        text: text.into_owned(),
                        plain,
                    },
                });
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain_only(place, anchor, tag.is_some());
                self.deeper(place, Open::List(place, Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                self.plain_only(place, anchor, tag.is_some());
                self.deeper(place, Open::Map(place, Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(_) => {
                self.mistakes
                    .add(place, "aliases are not part of the grammar");
                self.put(Yaml {
                    place,
                    kind: Kind::Scalar {
                        text: String::new(),
                        plain: true,
                    },
                });
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                self.mistakes.add(place, "one document a file");
            }
            _ => {}
        }
    }
}

impl Builder<'_> {
    fn plain_only(&mut self, place: Place, anchor: usize, tagged: bool) {
        if anchor != 0 || tagged {
            self.mistakes
                .add(place, "anchors and tags are not part of the grammar");
        }
    }

    fn deeper(&mut self, place: Place, open: Open) {
        if self.open.len() >= DEPTH && !self.too_deep {
            self.too_deep = true;
            self.mistakes
                .add(place, format!("nested deeper than {DEPTH}"));
        }
        self.open.push(open);
    }

    fn close(&mut self) {
        let value = match self.open.pop() {
            Some(Open::List(place, items)) => Yaml {
                place,
                kind: Kind::List(items),
            },
            Some(Open::Map(place, entries, _)) => Yaml {
                place,
                kind: Kind::Map(entries),
            },
            None => return,
        };
        // Beyond the depth limit the content is dropped, so that nobody recurses into it later.
        if self.open.len() < DEPTH {
            self.put(value);
        } else {
            let place = value.place;
            self.put(Yaml {
                place,
                kind: Kind::Scalar {
                    text: String::new(),
                    plain: true,
                },
            });
        }
    }

    fn put(&mut self, value: Yaml) {
        match self.open.last_mut() {
            None => {
                self.root.get_or_insert(value);
            }
            Some(Open::List(_, items)) => items.push(value),
            Some(Open::Map(_, entries, key)) => match key.take() {
                Some((name, place)) => entries.push((name, place, value)),
                None => match value.kind {
                    Kind::Scalar { text, .. } => {
                        if entries.iter().any(|(name, _, _)| *name == text) {
                            self.mistakes
                                .add(value.place, format!("\"{text}\" is given twice"));
                        }
                        *key = Some((text, value.place));
                    }
                    Kind::List(_) | Kind::Map(_) => {
                        self.mistakes.add(value.place, "a key must be a word");
                        *key = Some((String::new(), value.place));
                    }
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Option<Yaml>, Vec<String>) {
        let mut mistakes = Mistakes::of_file("f");
        let root = read(text, &mut mistakes);
        (
            root,
            mistakes
                .into_found()
                .iter()
                .map(ToString::to_string)
                .collect(),
        )
    }

    #[test]
    fn values_become_json_and_know_their_place() {
        let (root, found) = read_text("a: [1, '1', true, x]\n漢字: {b: c}\n");
        assert_eq!(found, Vec::<String>::new());
        let root = root.expect("a tree");
        assert_eq!(
            root.to_json(),
            serde_json::json!({"a": [1, "1", true, "x"], "漢字": {"b": "c"}})
        );
        let Kind::Map(entries) = &root.kind else {
            panic!("a map")
        };
        assert_eq!(entries[1].1, Place { line: 2, column: 1 });
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        assert_eq!(read_text("a: 1\na: 2\n").1, ["f:2:1: \"a\" is given twice"]);
        assert!(read_text("a: &x 1\nb: *x\n").1.len() >= 2);
        assert_eq!(read_text("a: !!str 1\n").1.len(), 1);
        assert!(read_text("a: [1\n").1[0].contains("not YAML"));
        assert_eq!(read_text(&"[".repeat(200)).0.map(|_| ()), None);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(!read_text(&deep).1.is_empty());
    }
}
