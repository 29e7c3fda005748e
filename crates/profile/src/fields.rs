//! Reading a map of the grammar: known keys only, each of its kind.

use crate::mistake::{Mistakes, Place};
use crate::yaml::{Kind, Yaml};

/// A map whose keys were checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    /// Where the map begins.
    pub(crate) place: Place,
    entries: &'a [(String, Place, Yaml)],
}

impl<'a> Fields<'a> {
    /// The map, if it is one; keys that are not allowed are mistakes.
    pub(crate) fn of(yaml: &'a Yaml, allowed: &[&str], mistakes: &mut Mistakes) -> Option<Self> {
        let Kind::Map(entries) = &yaml.kind else {
            mistakes.add(
                yaml.place,
                format!("must be a map with: {}", allowed.join(", ")),
            );
            return None;
        };
        for (key, place, _) in entries {
            if !allowed.contains(&key.as_str()) {
                mistakes.add(
                    *place,
                    format!("unknown key \"{key}\"; known: {}", allowed.join(", ")),
                );
            }
        }
        Some(Self {
            place: yaml.place,
            entries,
        })
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Yaml> {
        self.entries
            .iter()
            .find(|(name, _, _)| name == key)
            .map(|(_, _, value)| value)
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &str, mistakes: &mut Mistakes) -> Option<&'a Yaml> {
        let value = self.get(key);
        if value.is_none() {
            mistakes.add(self.place, format!("\"{key}\" is missing"));
        }
        value
    }

    /// A text with its place.
    pub(crate) fn text(&self, key: &str, mistakes: &mut Mistakes) -> Option<(&'a str, Place)> {
        let value = self.get(key)?;
        let text = value.text().filter(|text| !text.is_empty());
        if text.is_none() {
            mistakes.add(value.place, format!("\"{key}\" must be a text"));
        }
        text.map(|text| (text, value.place))
    }

    /// A text that must be there.
    pub(crate) fn need_text(&self, key: &str, mistakes: &mut Mistakes) -> Option<(&'a str, Place)> {
        self.need(key, mistakes)?;
        self.text(key, mistakes)
    }

    /// `true` or `false`; false when the key is absent.
    pub(crate) fn flag(&self, key: &str, mistakes: &mut Mistakes) -> bool {
        match self.get(key).map(|value| (value.text(), value.place)) {
            None | Some((Some("false"), _)) => false,
            Some((Some("true"), _)) => true,
            Some((_, place)) => {
                mistakes.add(place, format!("\"{key}\" must be true or false"));
                false
            }
        }
    }

    /// A list; empty when the key is absent.
    pub(crate) fn list(&self, key: &str, mistakes: &mut Mistakes) -> &'a [Yaml] {
        match self.get(key).map(|value| (&value.kind, value.place)) {
            None => &[],
            Some((Kind::List(items), _)) => items,
            Some((_, place)) => {
                mistakes.add(place, format!("\"{key}\" must be a list"));
                &[]
            }
        }
    }

    /// The entries of a map whose keys are free; empty when the key is absent.
    pub(crate) fn map(&self, key: &str, mistakes: &mut Mistakes) -> &'a [(String, Place, Yaml)] {
        match self.get(key).map(|value| (&value.kind, value.place)) {
            None => &[],
            Some((Kind::Map(entries), _)) => entries,
            Some((_, place)) => {
                mistakes.add(place, format!("\"{key}\" must be a map"));
                &[]
            }
        }
    }
}
