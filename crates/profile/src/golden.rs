//! Golden cases: native bytes, the document they make, what comes back, and what is lost. A network whose
//! cases do not hold both ways is not what its people agreed to, and stays out.

use std::path::{Path, PathBuf};

use renkei_fhir::document::{DocumentPart, document};
use renkei_model::Instant;
use renkei_model::limits::Limits;
use renkei_model::message::{Fault, Loss};
use serde_json::{Value, json};

use crate::mapped::{Mapped, ProfileError};
use crate::network::{Message, Network};

/// The folder of the cases.
const FOLDER: &str = "golden";
/// What a case may be written in, with its media type.
const NATIVE: [(&str, &str); 3] = [
    ("native.json", "application/json"),
    ("native.csv", "text/csv"),
    ("native.hl7", "application/hl7-v2"),
];
/// What identifies a case's document, instead of the ids of a real one.
const IDENTIFIER: (&str, &str) = ("https://renkei.example/fhir/NamingSystem/sheet", "golden");
/// When it was made: 2026-11-21T00:00:00Z.
const AT: Instant = Instant(1_795_219_200_000_000);

/// What the mapping makes of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The case's name, its folder's.
    pub name: String,
    /// The kind of the message.
    pub kind: String,
    /// One document for each record, with ids that are the same every time.
    pub documents: Vec<Value>,
    /// What comes back, as the sender's format has it.
    pub back: Value,
    /// What is lost, record by record.
    pub loss: Vec<Loss>,
    folder: PathBuf,
}

/// The golden cases of a network's folder, in the order of their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn golden_cases(network: &Path) -> Result<Vec<PathBuf>, ProfileError> {
    let folder = network.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable =
        |error: std::io::Error| wrong(&folder, format!("cannot be read: {}", error.kind()));
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        cases.push(entry.map_err(unreadable)?.path());
    }
    cases.retain(|case| case.is_dir());
    cases.sort();
    Ok(cases)
}

/// Plays all golden cases of a network and compares. Every message needs a case.
///
/// # Errors
/// Each case that fails, with its file and the first line that differs.
pub fn check_golden(network: &Network, folder: &Path) -> Result<Vec<Played>, Vec<ProfileError>> {
    let cases = golden_cases(folder).map_err(|error| vec![error])?;
    let mut played = Vec::new();
    let mut found = Vec::new();
    for case in cases {
        match play(network, &case) {
            Err(error) => found.push(error),
            Ok(one) => {
                found.extend(one.difference());
                played.push(one);
            }
        }
    }
    if found.is_empty() {
        let shown = |message: &&Message| played.iter().any(|one| one.kind == message.kind());
        let missing = network.messages().iter().filter(|message| !shown(message));
        let rule = |message: &Message| format!("no golden case shows {}", message.kind());
        found.extend(missing.map(|message| wrong(&folder.join(FOLDER), rule(message))));
    }
    if found.is_empty() {
        Ok(played)
    } else {
        Err(found)
    }
}

/// Plays one case.
///
/// # Errors
/// When its native bytes cannot be read or mapped, or its document has no way back.
pub fn play(network: &Network, case: &Path) -> Result<Played, ProfileError> {
    let native = NATIVE
        .iter()
        .map(|(name, media)| (case.join(name), *media))
        .find(|(file, _)| file.is_file());
    let Some((file, media)) = native else {
        let names = NATIVE.map(|(name, _)| name).join(" or ");
        return Err(wrong(case, format!("a golden case has a {names}")));
    };
    let told = |faults: Vec<Fault>| {
        let first = faults.first();
        let rule = first.map_or_else(String::new, |f| format!(": {}: {}", f.field, f.rule));
        wrong(&file, format!("the native record is refused{rule}"))
    };
    let bytes = std::fs::read(&file)
        .map_err(|error| wrong(&file, format!("cannot be read: {}", error.kind())))?;
    let native = network
        .read(&bytes, media, &Limits::default())
        .map_err(told)?;
    let message = native.message;
    let (mut documents, mut back, mut loss) = (Vec::new(), Vec::new(), Vec::new());
    for record in &native.records {
        let mapped = message.map_in(record).map_err(told)?;
        let document = document_of(&mapped).map_err(|rule| wrong(&file, rule))?;
        let returned = message.map_out(&document);
        back.push(returned.map_err(|error| wrong(&file, format!("no way back: {error}")))?);
        loss.extend(mapped.loss);
        documents.push(document);
    }
    let back = message
        .write(&back)
        .map_err(|error| wrong(&file, format!("no way back: {error}")))?;
    // A format that is no JSON is compared as text.
    let back = serde_json::from_slice(&back)
        .unwrap_or_else(|_| String::from_utf8_lossy(&back).into_owned().into());
    Ok(Played {
        name: case
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        kind: message.kind().to_owned(),
        documents,
        back,
        loss,
        folder: case.to_owned(),
    })
}

impl Message {
    /// The document of a mapped record with ids that are the same every time: for showing and comparing,
    /// not for storing.
    ///
    /// # Errors
    /// What is wrong with the document.
    pub fn specimen(&self, mapped: &Mapped) -> Result<Value, String> {
        document_of(mapped)
    }
}

fn document_of(mapped: &Mapped) -> Result<Value, String> {
    let id = |n: usize| {
        let id = format!("00000000-0000-7000-8000-{n:012}");
        id.parse().map_err(|_| "an id that is none".to_owned())
    };
    let mut parts = Vec::new();
    for (n, part) in mapped.resources.iter().enumerate() {
        parts.push(DocumentPart {
            key: part.key.clone(),
            id: id(n + 1)?,
            resource: part.json.clone(),
        });
    }
    document(&parts, id(0)?, IDENTIFIER, AT).map_err(|error| error.to_string())
}

impl Played {
    /// The case's files as the mapping makes them, by name.
    #[must_use]
    pub fn files(&self) -> [(&'static str, String); 3] {
        let documents = match self.documents.as_slice() {
            [one] => one.clone(),
            several => Value::Array(several.to_vec()),
        };
        let loss = self.loss.iter();
        let loss = loss.map(|loss| json!({"field": loss.field, "why": loss.why}));
        [
            ("fhir.json", pretty(&documents)),
            ("native-back.json", pretty(&self.back)),
            ("loss.json", pretty(&Value::Array(loss.collect()))),
        ]
    }

    /// The first difference from what the case's files say.
    #[must_use]
    pub fn difference(&self) -> Option<ProfileError> {
        self.files().into_iter().find_map(|(name, actual)| {
            let file = self.folder.join(name);
            let expected = std::fs::read_to_string(&file).unwrap_or_default();
            (expected != actual).then(|| self.first(&file, &expected, &actual))
        })
    }

    fn first(&self, file: &Path, expected: &str, actual: &str) -> ProfileError {
        let lines = expected.lines().zip(actual.lines());
        let line = lines.take_while(|(one, other)| one == other).count();
        let (expected, actual) = (nth(expected, line), nth(actual, line));
        let pairs = expected.chars().zip(actual.chars());
        let same = pairs.take_while(|(one, other)| one == other).count();
        ProfileError {
            file: file.display().to_string(),
            line: line + 1,
            column: same + 1,
            rule: format!(
                "golden case \"{}\" does not hold: expected {}, the mapping makes {}",
                self.name,
                quoted(expected),
                quoted(actual)
            ),
        }
    }
}

fn nth(text: &str, line: usize) -> &str {
    text.lines().nth(line).unwrap_or_default()
}

/// A line of a golden case: invented people, so it may be shown.
fn quoted(line: &str) -> String {
    match line.trim().trim_end_matches(',') {
        "" => "nothing".to_owned(),
        line => line.to_owned(),
    }
}

fn pretty(json: &Value) -> String {
    // A tree of JSON can always be written.
    serde_json::to_string_pretty(json).unwrap_or_default() + "\n"
}

fn wrong(file: &Path, rule: String) -> ProfileError {
    ProfileError {
        file: file.display().to_string(),
        line: 0,
        column: 0,
        rule,
    }
}
