//! Our own code systems, as they are published beside the networks: a profile may not write a code of
//! ours that nobody can look up.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::codes::CodeMap;
use crate::mistake::{Mistakes, Place};
use crate::yaml::{Kind, Yaml};

/// The folder beside the networks' folders.
const FOLDER: &str = "fhir";

/// The code systems by URL, each with its codes and their displays.
#[derive(Debug, Default)]
pub(crate) struct Published {
    systems: HashMap<String, HashMap<String, String>>,
}

impl Published {
    /// Reads the code systems beside a network's folder; none, where there are none.
    pub(crate) fn read(network: &Path, mistakes: &mut Vec<crate::ProfileError>) -> Self {
        let mut published = Self::default();
        let Some(folder) = network.parent().map(|parent| parent.join(FOLDER)) else {
            return published;
        };
        let Ok(entries) = std::fs::read_dir(&folder) else {
            return published;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with("CodeSystem-") || !name.ends_with(".json") {
                continue;
            }
            let text = std::fs::read(entry.path()).unwrap_or_default();
            match serde_json::from_slice::<Value>(&text) {
                Ok(system) => published.add(&system),
                Err(error) => {
                    let mut file = Mistakes::of_file(entry.path().display().to_string());
                    let place = Place {
                        line: error.line(),
                        column: error.column(),
                    };
                    file.add(place, "not JSON");
                    mistakes.extend(file.into_found());
                }
            }
        }
        published
    }

    fn add(&mut self, system: &Value) {
        let text = |value: &Value, name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let concepts = system.get("concept").and_then(Value::as_array);
        let codes = concepts
            .into_iter()
            .flatten()
            .map(|concept| (text(concept, "code"), text(concept, "display")));
        self.systems.insert(text(system, "url"), codes.collect());
    }

    /// What is wrong with a coding; nothing, where its system is not ours.
    pub(crate) fn check(&self, system: &str, code: &str, display: Option<&str>) -> Option<String> {
        let Some(codes) = self.systems.get(system) else {
            let ours = place(system).is_some_and(|own| {
                let mut known = self.systems.keys();
                known.any(|known| place(known) == Some(own))
            });
            return ours
                .then(|| format!("the code system {system} is not among profiles/{FOLDER}"));
        };
        match codes.get(code) {
            None => Some(format!(
                "code \"{code}\" is not in the code system {system}"
            )),
            Some(known) => {
                let other = display.is_some_and(|display| display != known);
                other.then(|| format!("the code system's display of \"{code}\" is \"{known}\""))
            }
        }
    }

    /// Checks all lines of a code map.
    pub(crate) fn check_map(&self, map: &CodeMap, mistakes: &mut Mistakes) {
        for code in map.codes() {
            if let Some(rule) = self.check(&code.system, &code.code, Some(&code.display)) {
                mistakes.add(code.place, rule);
            }
        }
    }

    /// Checks all codings of a message's YAML.
    pub(crate) fn check_yaml(&self, yaml: &Yaml, mistakes: &mut Mistakes) {
        match &yaml.kind {
            Kind::Scalar { .. } => {}
            Kind::List(items) => items
                .iter()
                .for_each(|item| self.check_yaml(item, mistakes)),
            Kind::Map(entries) => {
                let field = |key: &str| {
                    let found = entries.iter().find(|(name, _, _)| name == key)?;
                    Some((found.2.text()?, found.2.place))
                };
                if let (Some((system, _)), Some((code, place))) = (field("system"), field("code")) {
                    let display = field("display").map(|(text, _)| text);
                    if let Some(rule) = self.check(system, code, display) {
                        mistakes.add(place, rule);
                    }
                }
                for (_, _, value) in entries {
                    self.check_yaml(value, mistakes);
                }
            }
        }
    }
}

/// What stands before the last name of a URL: `https://renkei.example/fhir/CodeSystem`. A bare host is no
/// place: everybody's systems stand there.
fn place(url: &str) -> Option<&str> {
    let (place, _) = url.rsplit_once('/')?;
    place.contains("://").then_some(place)
}
