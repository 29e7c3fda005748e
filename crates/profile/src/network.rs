//! A network as its folder describes it, and the door of the crate: [`load`].

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use renkei_model::id::NetworkName;
use renkei_model::lists::Category;
use renkei_model::message::Fault;
use renkei_wire::{Format, Record};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::compile::{self, CodeMaps, Source};
use crate::fields::Fields;
use crate::mapped::{MapOutError, Mapped, ProfileError};
use crate::mistake::{Mistakes, Place};
use crate::native::NativePath;
use crate::plan::Plan;
use crate::published::Published;
use crate::{codes, map_in, map_out, prove, sample, untyped, yaml};

const NETWORK_KEYS: [&str; 7] = [
    "network",
    "title",
    "operator",
    "region",
    "enrolment",
    "messages",
    "names",
];

/// The access table's file.
const ACCESS: &str = "access.csv";

/// A network whose folder was read and checked.
#[derive(Debug)]
pub struct Network {
    name: NetworkName,
    title: String,
    enrolment: String,
    messages: Vec<Message>,
    access: (String, String),
    version: String,
}

/// One native message of a network, compiled both ways.
#[derive(Debug)]
pub struct Message {
    plan: Plan,
}

/// The files of a folder that were read, for the version.
struct Folder<'a> {
    root: &'a Path,
    hash: Sha256,
    found: Vec<ProfileError>,
}

impl Folder<'_> {
    fn name(&self, file: &str) -> String {
        self.root.join(file).display().to_string()
    }

    /// A file's text. Its name and length are hashed too: files cannot change places.
    fn text(&mut self, file: &str) -> Option<String> {
        let mut mistakes = Mistakes::of_file(self.name(file));
        let text = match std::fs::read(self.root.join(file)).map(String::from_utf8) {
            Ok(Ok(text)) => Some(text),
            Ok(Err(_)) => {
                mistakes.add(Place::default(), "not UTF-8");
                None
            }
            Err(error) => {
                mistakes.add(
                    Place::default(),
                    format!("cannot be read: {}", error.kind()),
                );
                None
            }
        };
        if let Some(text) = &text {
            self.hash.update(format!("{file}\0{}\0", text.len()));
            self.hash.update(text);
        }
        self.found.extend(mistakes.into_found());
        text
    }
}

/// What `network.yaml` says.
#[derive(Default)]
struct Head {
    name: Option<NetworkName>,
    title: String,
    enrolment: String,
    messages: Vec<String>,
    names: HashMap<String, String>,
}

/// Reads and checks a network's folder, code maps and access table included.
///
/// # Errors
/// Every mistake that was found, with file, line and column.
pub fn load(folder: &Path) -> Result<Network, Vec<ProfileError>> {
    let mut files = Folder {
        root: folder,
        hash: Sha256::new(),
        found: Vec::new(),
    };
    let head = read_head(&mut files);
    let published = Published::read(folder, &mut files.found);
    let maps = read_codes(&mut files, &published);
    let access = files.text(ACCESS).unwrap_or_default();
    let mut messages = Vec::new();
    for source in &head.messages {
        let Some(text) = files.text(source) else {
            continue;
        };
        let file = files.name(source);
        let from = Source {
            file: file.clone(),
            source,
            text: &text,
            names: &head.names,
            codes: &maps,
            published: &published,
        };
        match compile::message(&from) {
            Err(found) => files.found.extend(found),
            Ok(plan) => {
                let mut mistakes = Mistakes::of_file(file);
                // A plan is proved once nothing else is wrong: what follows from a mistake tells nobody more.
                if files.found.is_empty() {
                    prove::prove(&plan, &mut mistakes);
                }
                files.found.extend(mistakes.into_found());
                messages.push(Message { plan });
            }
        }
    }
    check_kinds(&mut files, &messages);
    match head.name {
        Some(name) if files.found.is_empty() => Ok(Network {
            name,
            title: head.title,
            enrolment: head.enrolment,
            messages,
            access: (folder.join(ACCESS).display().to_string(), access),
            version: hex::encode(files.hash.finalize()),
        }),
        _ => Err(files.found),
    }
}

fn read_head(files: &mut Folder<'_>) -> Head {
    const FILE: &str = "network.yaml";
    let mut head = Head::default();
    let Some(text) = files.text(FILE) else {
        return head;
    };
    let mut mistakes = Mistakes::of_file(files.name(FILE));
    let root = yaml::read(&text, &mut mistakes);
    let fields = root
        .as_ref()
        .and_then(|root| Fields::of(root, &NETWORK_KEYS, &mut mistakes));
    if let Some(fields) = fields {
        let folder_name = files
            .root
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some((name, place)) = fields.need_text("network", &mut mistakes) {
            head.name = name.parse().ok();
            if head.name.is_none() || name != folder_name {
                mistakes.add(
                    place,
                    format!(
                        "a network is called like its folder: \"{folder_name}\", a-z, 0-9 and -"
                    ),
                );
            }
        }
        let mut text = |key: &str| {
            fields
                .need_text(key, &mut mistakes)
                .map(|(text, _)| text.to_owned())
                .unwrap_or_default()
        };
        (head.title, head.enrolment) = (text("title"), text("enrolment"));
        for (name, place, value) in fields.map("names", &mut mistakes) {
            match value.text() {
                Some(text) if !text.contains("${") => {
                    head.names.insert(name.clone(), text.to_owned());
                }
                _ => mistakes.add(
                    *place,
                    "an abbreviation stands for a text without abbreviations",
                ),
            }
        }
        for item in fields.list("messages", &mut mistakes) {
            match item.text() {
                Some(file) if is_inside(file) => head.messages.push(file.to_owned()),
                _ => mistakes.add(
                    item.place,
                    "must be a file of this folder: messages/NAME.yaml",
                ),
            }
        }
        if head.messages.is_empty() {
            mistakes.add(fields.place, "\"messages\" lists no message");
        }
    }
    files.found.extend(mistakes.into_found());
    head
}

fn is_inside(file: &str) -> bool {
    file.strip_prefix("messages/")
        .is_some_and(|name| !name.is_empty() && !name.contains(['/', '\\']))
}

fn read_codes(files: &mut Folder<'_>, published: &Published) -> CodeMaps {
    let mut names: Vec<String> = Vec::new();
    if let Ok(entries) = std::fs::read_dir(files.root.join("codes")) {
        let found = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.extend(found.filter_map(|name| name.strip_suffix(".csv").map(str::to_owned)));
    }
    names.sort_unstable();
    let mut maps = CodeMaps::new();
    for name in names {
        let file = format!("codes/{name}.csv");
        let Some(text) = files.text(&file) else {
            continue;
        };
        let mut mistakes = Mistakes::of_file(files.name(&file));
        let map = codes::read(&name, &text, &mut mistakes);
        published.check_map(&map, &mut mistakes);
        files.found.extend(mistakes.into_found());
        maps.insert(name, Arc::new(map));
    }
    maps
}

/// Kinds and paths name one message each.
fn check_kinds(files: &mut Folder<'_>, messages: &[Message]) {
    for (at, message) in messages.iter().enumerate() {
        let earlier = messages.get(..at).unwrap_or_default();
        if earlier
            .iter()
            .any(|other| other.kind() == message.kind() || other.path() == message.path())
        {
            let mut mistakes = Mistakes::of_file(files.name("network.yaml"));
            mistakes.add(
                Place::default(),
                format!(
                    "two messages are called {} or /{}",
                    message.kind(),
                    message.path()
                ),
            );
            files.found.extend(mistakes.into_found());
        }
    }
}

impl Network {
    /// The name: the folder's.
    #[must_use]
    pub const fn name(&self) -> &NetworkName {
        &self.name
    }

    /// The name for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// On what basis residents are enrolled: `opt-in`.
    #[must_use]
    pub fn enrolment(&self) -> &str {
        &self.enrolment
    }

    /// All messages.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The message of this kind.
    #[must_use]
    pub fn message(&self, kind: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.kind() == kind)
    }

    /// The access table: its file's name and its text. The access crate reads it.
    #[must_use]
    pub fn access_table(&self) -> (&str, &str) {
        (&self.access.0, &self.access.1)
    }

    /// SHA-256 over all files of the folder that have a meaning, in hex.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl Message {
    /// The kind, one word in all places: `admission-slip`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.plan.kind
    }

    /// The name for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.plan.title
    }

    /// The plural that URLs use: `admission-slips`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.plan.path
    }

    /// The wire format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.plan.format
    }

    /// By what the format's own head names this message among the network's messages (FileMaker:
    /// `dataInfo.layout`), if the profile says.
    #[must_use]
    pub fn layout(&self) -> Option<&str> {
        self.plan.layout.as_deref()
    }

    /// Whether a column of a table export, or a field's name, is one that the plan speaks of: in a row,
    /// or as a field without a place. The key's and version's columns every message has.
    #[must_use]
    pub fn knows(&self, column: &str) -> bool {
        let Some(name) = self.plan.format.column(column) else {
            return true;
        };
        let rows = self.plan.rows.iter().map(|row| &row.native);
        let unmapped = self.plan.unmapped.iter().map(|unmapped| &unmapped.native);
        rows.chain(unmapped).any(|native| match native {
            NativePath::Key | NativePath::Version => false,
            NativePath::Field(steps) | NativePath::Item { steps, .. } => {
                steps.last() == Some(&name)
            }
        })
    }

    /// The category of the document's Composition: what the sheet as a whole is, `sheet` or `emergency`.
    #[must_use]
    pub fn category(&self) -> Category {
        let document = self.plan.resources.get(self.plan.roles.document);
        document.map_or(Category::Sheet, |document| document.category)
    }

    /// A record of a format without types (cells of a table) with numbers where the plan has numbers, so
    /// that it is the same record as one that came with them.
    #[must_use]
    pub fn retyped(&self, mut record: Record) -> Record {
        untyped::retype(&self.plan, &mut record);
        record
    }

    /// Maps a native record to FHIR.
    ///
    /// # Errors
    /// Every fault of the record, each naming the field in the sender's own terms.
    pub fn map_in(&self, record: &Record) -> Result<Mapped, Vec<Fault>> {
        map_in::map_in(&self.plan, record)
    }

    /// Maps a stored document back to the network's own form. Spans of the result are zero.
    ///
    /// # Errors
    /// When it is no such document, or an element has no inverse.
    pub fn map_out(&self, bundle: &Value) -> Result<Record, MapOutError> {
        map_out::map_out(&self.plan, bundle)
    }

    /// The plan.
    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A sample record, the `turn`th of many: every field filled, or only what is required.
    /// For tests, demonstrations and load tools.
    #[must_use]
    pub fn sample(&self, turn: usize, full: bool) -> Record {
        sample::sample(&self.plan, turn, &|row, _| {
            full || sample::is_needed(&self.plan, row)
        })
    }
}
