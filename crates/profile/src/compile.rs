//! A message's YAML → its plan: head, selectors, resources and roles. Rows are next door.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use renkei_model::lists::{Category, Sensitivity};
use renkei_wire::Format;
use serde_json::{Map, Value, json};

use crate::codes::CodeMap;
use crate::compile_check::{self, Mention};
use crate::fields::Fields;
use crate::mapped::ProfileError;
use crate::mistake::{Mistakes, Place};
use crate::native::{self, Group, NativePath, Written};
use crate::plan::{Plan, Resource, Target};
use crate::published::Published;
use crate::target::{self, Selector, Selectors};
use crate::template;
use crate::yaml::{self, Yaml};
use crate::{compile_rows, compile_rules};

/// The code maps of a network by name.
pub(crate) type CodeMaps = HashMap<String, Arc<CodeMap>>;

const MESSAGE_KEYS: [&str; 14] = [
    "message",
    "path",
    "title",
    "format",
    "layout",
    "selectors",
    "common",
    "resources",
    "rows",
    "unmapped",
    "at-least-one",
    "ordered",
    "ages",
    "roles",
];
const RESOURCE_KEYS: [&str; 8] = [
    "type",
    "profile",
    "category",
    "sensitivity",
    "normal-when",
    "each",
    "always",
    "fixed",
];
/// What a compiler knows while it reads one message.
pub(crate) struct Compiler<'a> {
    /// The file relative to the network's folder: lineage names rows by it.
    pub(crate) source: &'a str,
    pub(crate) codes: &'a CodeMaps,
    pub(crate) published: &'a Published,
    pub(crate) mistakes: Mistakes,
    /// Whether all rows could be read: without one, its resource may look empty, which tells nobody more.
    pub(crate) has_all_rows: bool,
    pub(crate) selectors: Selectors,
    /// References and copies in the fixed content, by the number of the resource.
    pub(crate) mentions: Vec<(usize, Mention)>,
    /// What all resources of a type have in common.
    common: HashMap<String, Common>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) groups: Vec<Group>,
}

/// A type's profile and fixed content.
#[derive(Debug, Clone, Default)]
struct Common {
    profile: Option<String>,
    fixed: Map<String, Value>,
    mentions: Vec<Mention>,
}

/// The file of a message and what it may use.
pub(crate) struct Source<'a> {
    /// As mistakes name it.
    pub(crate) file: String,
    /// Relative to the network's folder.
    pub(crate) source: &'a str,
    pub(crate) text: &'a str,
    /// The network's abbreviations.
    pub(crate) names: &'a HashMap<String, String>,
    pub(crate) codes: &'a CodeMaps,
    /// The code systems of ours.
    pub(crate) published: &'a Published,
}

/// Compiles a message.
pub(crate) fn message(from: &Source<'_>) -> Result<Plan, Vec<ProfileError>> {
    let mut mistakes = Mistakes::of_file(from.file.clone());
    let Some(mut root) = yaml::read(from.text, &mut mistakes) else {
        return Err(mistakes.into_found());
    };
    expand(&mut root, from.names, &mut mistakes);
    from.published.check_yaml(&root, &mut mistakes);
    let mut compiler = Compiler {
        source: from.source,
        codes: from.codes,
        published: from.published,
        mistakes,
        has_all_rows: true,
        selectors: HashMap::new(),
        mentions: Vec::new(),
        common: HashMap::new(),
        resources: Vec::new(),
        groups: Vec::new(),
    };
    match compiler.plan(&root) {
        Some(plan) if compiler.mistakes.is_empty() => Ok(plan),
        _ => Err(compiler.mistakes.into_found()),
    }
}

fn mentions_of(inner: &Fields<'_>) -> Vec<Mention> {
    let mut found = Vec::new();
    if let Some(fixed) = inner.get("fixed") {
        compile_check::mentions(fixed, false, &mut found);
    }
    found
}

/// Replaces the network's abbreviations, `${jp}`, in all values.
fn expand(yaml: &mut Yaml, names: &HashMap<String, String>, mistakes: &mut Mistakes) {
    match &mut yaml.kind {
        yaml::Kind::List(items) => items
            .iter_mut()
            .for_each(|item| expand(item, names, mistakes)),
        yaml::Kind::Map(entries) => entries
            .iter_mut()
            .for_each(|(_, _, value)| expand(value, names, mistakes)),
        yaml::Kind::Scalar { text, .. } => {
            while let Some(start) = text.find("${") {
                let name = text[start + 2..]
                    .split_once('}')
                    .map(|(name, _)| name.to_owned());
                let known = name
                    .as_ref()
                    .and_then(|name| names.get(name).map(|value| (name, value)));
                let Some((name, value)) = known else {
                    mistakes.add(
                        yaml.place,
                        format!("unknown abbreviation in \"{text}\"; network.yaml names them"),
                    );
                    return;
                };
                *text = text.replace(&format!("${{{name}}}"), value);
            }
        }
    }
}

impl Compiler<'_> {
    fn plan(&mut self, root: &Yaml) -> Option<Plan> {
        let fields = Fields::of(root, &MESSAGE_KEYS, &mut self.mistakes)?;
        self.read_selectors(&fields);
        self.read_common(&fields);
        self.read_resources(&fields);
        let rows = compile_rows::rows(self, &fields);
        let unmapped = compile_rules::unmapped(self, &fields, &rows);
        let at_least_one = compile_rules::at_least_one(self, &fields);
        let ordered = compile_rules::ordered(self, &fields, &rows);
        let ages = compile_rules::ages(self, &fields, &rows, &unmapped);
        let roles = self.read_roles(&fields, &rows);
        let format = self.read_format(&fields);
        let layout = fields.text("layout", &mut self.mistakes);
        let layout = layout.map(|(text, _)| text.to_owned());
        let kind = self.word(&fields, "message");
        let path = self.word(&fields, "path");
        let title = fields
            .need_text("title", &mut self.mistakes)
            .map(|(text, _)| text.to_owned());
        compile_check::check(self, &rows, roles.as_ref().map(|roles| roles.document));
        Some(Plan {
            kind: kind?,
            title: title?,
            path: path?,
            format: format?,
            layout,
            resources: std::mem::take(&mut self.resources),
            groups: std::mem::take(&mut self.groups),
            rows,
            unmapped,
            at_least_one,
            ordered,
            ages,
            roles: roles?,
        })
    }

    /// A word that stands in URLs.
    fn word(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let (text, place) = fields.need_text(key, &mut self.mistakes)?;
        if text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        {
            return Some(text.to_owned());
        }
        self.mistakes
            .add(place, format!("\"{key}\" is written in a-z, 0-9 and -"));
        None
    }

    fn read_format(&mut self, fields: &Fields<'_>) -> Option<Format> {
        let (word, place) = fields.need_text("format", &mut self.mistakes)?;
        let known = Format::WORDS.iter().find(|(known, _)| *known == word);
        if known.is_none() {
            let all: Vec<&str> = Format::WORDS.iter().map(|(word, _)| *word).collect();
            self.mistakes
                .add(place, format!("unknown format; known: {}", all.join(", ")));
        }
        known.map(|(_, format)| *format)
    }

    fn read_selectors(&mut self, fields: &Fields<'_>) {
        for (name, place, value) in fields.map("selectors", &mut self.mistakes) {
            let keys = ["codes", "pattern", "new"];
            let Some(inner) = Fields::of(value, &keys, &mut self.mistakes) else {
                continue;
            };
            let Some(pattern) = inner.need("pattern", &mut self.mistakes).map(Yaml::to_json) else {
                continue;
            };
            let new = self.read_map(&inner, "new");
            let codes = match inner.text("codes", &mut self.mistakes) {
                None => None,
                Some((codes, at)) => match self.code_map(codes, at) {
                    None => continue,
                    found => found,
                },
            };
            match Selector::of(pattern, new, codes) {
                Ok(selector) => {
                    self.selectors.insert(name.clone(), selector);
                }
                Err(rule) => self.mistakes.add(*place, rule),
            }
        }
    }

    /// A code map by name.
    pub(crate) fn code_map(&mut self, name: &str, place: Place) -> Option<Arc<CodeMap>> {
        let map = self.codes.get(name).cloned();
        if map.is_none() {
            self.mistakes
                .add(place, format!("no code map codes/{name}.csv"));
        }
        map
    }

    fn read_common(&mut self, fields: &Fields<'_>) {
        for (name, _, value) in fields.map("common", &mut self.mistakes) {
            let Some(inner) = Fields::of(value, &["profile", "fixed"], &mut self.mistakes) else {
                continue;
            };
            let profile = inner
                .text("profile", &mut self.mistakes)
                .map(|(text, _)| text.to_owned());
            let fixed = self.read_map(&inner, "fixed");
            let mentions = mentions_of(&inner);
            let common = Common {
                profile,
                fixed,
                mentions,
            };
            self.common.insert(name.clone(), common);
        }
    }

    /// A map of FHIR content; empty when the key is absent.
    pub(crate) fn read_map(&mut self, inner: &Fields<'_>, key: &str) -> Map<String, Value> {
        match inner.get(key).map(|value| (value.to_json(), value.place)) {
            None => Map::new(),
            Some((Value::Object(map), _)) => map,
            Some((_, place)) => {
                self.mistakes.add(place, format!("\"{key}\" must be a map"));
                Map::new()
            }
        }
    }

    fn read_resources(&mut self, fields: &Fields<'_>) {
        for (key, place, value) in fields.map("resources", &mut self.mistakes) {
            if key.is_empty() || !key.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
                self.mistakes
                    .add(*place, "a resource's key is written in a-z and -");
            }
            if let Some(resource) = self.read_resource(key, *place, value) {
                self.resources.push(resource);
            }
        }
    }

    fn read_resource(&mut self, key: &str, place: Place, value: &Yaml) -> Option<Resource> {
        let inner = Fields::of(value, &RESOURCE_KEYS, &mut self.mistakes)?;
        let resource_type = inner
            .need_text("type", &mut self.mistakes)
            .map(|(text, at)| {
                if text.parse::<renkei_fhir::types::ResourceType>().is_err() {
                    self.mistakes.add(
                        at,
                        format!("\"{text}\" is not a resource type that we handle"),
                    );
                }
                text.to_owned()
            });
        let category = inner.need_text("category", &mut self.mistakes);
        let category = category.and_then(|(word, at)| self.listed::<Category>(word, at));
        let sensitivity = inner.text("sensitivity", &mut self.mistakes);
        let sensitivity = sensitivity.map_or(Some(Sensitivity::Normal), |(word, at)| {
            self.listed::<Sensitivity>(word, at)
        });
        let normal_when = self.read_answer(&inner, "normal-when", "is");
        let profile = inner
            .text("profile", &mut self.mistakes)
            .map(|(text, _)| text.to_owned());
        let each = inner
            .text("each", &mut self.mistakes)
            .and_then(|(text, at)| self.read_each(text, at));
        let always = inner.flag("always", &mut self.mistakes);
        let own = self.read_map(&inner, "fixed");
        // A mistake is noted already: going on with something spares the reader mistakes that follow from it.
        let resource_type = resource_type.unwrap_or_default();
        let common = self.common.get(&resource_type).cloned().unwrap_or_default();
        let mut whole = Map::from_iter([("resourceType".to_owned(), json!(resource_type))]);
        if let Some(profile) = profile.or(common.profile) {
            whole.insert("meta".to_owned(), json!({"profile": [profile]}));
        }
        let number = self.resources.len();
        let mentions = common.mentions.into_iter().chain(mentions_of(&inner));
        self.mentions
            .extend(mentions.map(|mention| (number, mention)));
        whole.extend(common.fixed);
        whole.extend(own);
        let whole = Value::Object(whole);
        Some(Resource {
            key: key.to_owned(),
            place,
            resource_type,
            category: category.unwrap_or(Category::Demographics),
            sensitivity: sensitivity.unwrap_or(Sensitivity::Normal),
            normal_when,
            each,
            always,
            known_by: template::known_by(&whole),
            fixed: whole,
        })
    }

    fn listed<T: FromStr<Err = renkei_model::lists::ListError>>(
        &mut self,
        word: &str,
        place: Place,
    ) -> Option<T> {
        word.parse()
            .map_err(|error: T::Err| self.mistakes.add(place, error.to_string()))
            .ok()
    }

    /// The group of an `each`, written as the path of its items: `NK1.segment[]`.
    fn read_each(&mut self, text: &str, place: Place) -> Option<usize> {
        match native::parse(text) {
            Ok(Written::Item(group, inside)) if inside.is_empty() => Some(self.group(group)),
            Ok(_) => {
                self.mistakes
                    .add(place, "\"each\" names the items of a group: NK1.segment[]");
                None
            }
            Err(rule) => {
                self.mistakes.add(place, rule);
                None
            }
        }
    }

    fn group(&mut self, group: Group) -> usize {
        self.groups
            .iter()
            .position(|known| *known == group)
            .unwrap_or_else(|| {
                self.groups.push(group);
                self.groups.len() - 1
            })
    }

    /// A path to an element.
    pub(crate) fn target(&mut self, text: &str, place: Place) -> Option<Target> {
        let number = |key: &str| {
            self.resources
                .iter()
                .position(|resource| resource.key == key)
        };
        target::parse(text, &number, &self.selectors)
            .map_err(|rule| self.mistakes.add(place, rule))
            .ok()
    }

    /// A path in the native record.
    pub(crate) fn native(&mut self, text: &str, place: Place) -> Option<NativePath> {
        match native::parse(text) {
            Ok(Written::Key) => Some(NativePath::Key),
            Ok(Written::Version) => Some(NativePath::Version),
            Ok(Written::Field(steps)) => Some(NativePath::Field(steps)),
            Ok(Written::Item(_, inside)) if inside.is_empty() => {
                self.mistakes
                    .add(place, "a row needs a field inside the group's items");
                None
            }
            Ok(Written::Item(group, steps)) => Some(NativePath::Item {
                group: self.group(group),
                steps,
            }),
            Err(rule) => {
                self.mistakes.add(place, rule);
                None
            }
        }
    }
}
