//! What a demonstration of a network needs, read from `profiles/<network>/samples/`: nothing of it is in
//! the program.
//!
//! `demo.json` says who plays which part and which message is left to the reader, `directory.json` is the
//! body for `POST /networks/{network}/directory`, and every other file is a message as its sender would
//! send it.

use std::path::{Path, PathBuf};

use renkei_model::Caller;
use renkei_model::caller::CallerKind;
use renkei_model::id::NetworkName;
use serde::Deserialize;

use super::population::Population;
use super::population::source::PopulationError;

/// A network's samples.
#[derive(Debug)]
pub struct Script {
    /// Invented residents, if the network has some.
    pub population: Option<Population>,
    /// The network.
    pub network: NetworkName,
    /// Facilities and staff, as the office posts them.
    pub directory: Vec<u8>,
    /// Messages that are sent before the demo begins to serve.
    pub before: Vec<Vec<u8>>,
    /// The message that is left to the reader.
    pub show: Vec<u8>,
    /// Their media type.
    pub content_type: String,
    /// Who does what.
    pub parts: Parts,
    /// Whom the crew looks for.
    pub emergency: Option<Emergency>,
    /// How many lines the export has that is left to the reader; 0: there is none.
    pub export_lines: u64,
}

/// What the crew asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The body of the search. It should find one of the samples first.
    pub search: serde_json::Value,
    /// The body with which the first who is found is opened.
    pub card: serde_json::Value,
}

/// The callers of the demo.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Keeps the directory.
    pub office: Part,
    /// Sends the messages.
    pub sender: Part,
    /// The system of the facility that the messages name.
    pub recipient: Part,
    /// Somebody without any relation to the residents.
    pub outsider: Part,
    /// Looks into the audit log.
    pub auditor: Part,
    /// Looks for residents in an emergency.
    pub crew: Part,
}

/// One caller.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What the printed commands call them, in Japanese.
    pub japanese: String,
    /// The same in English; also the name of the token's file, with hyphens for spaces.
    pub english: String,
    /// The facility's code.
    pub facility: String,
    /// A person's staff id; not for systems.
    pub staff: Option<String>,
    /// A person's profession; not for systems.
    pub profession: Option<String>,
    /// A system's client id; not for persons.
    pub client: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    content_type: String,
    show: String,
    parts: Parts,
    emergency: Option<Emergency>,
    #[serde(default)]
    export_lines: u64,
}

/// What is wrong with a network's samples.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A file cannot be read.
    #[error("{}: 読めません / cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `demo.json` is not what it should be.
    #[error("{}: 形式が違います / not of the expected form", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A folder whose name is not a network's, or a caller who is none.
    #[error("{}: {what}", .path.display())]
    Word {
        /// The file or folder.
        path: PathBuf,
        /// Which word.
        what: String,
    },
    /// The invented residents' files are not as they should be.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// No network has samples.
    #[error("{}: samples/demo.json を持つネットワークがありません / no network here has samples/demo.json", .0.display())]
    Nothing(PathBuf),
}

impl Part {
    /// The caller, as a token names them.
    ///
    /// # Errors
    /// The word that is not what it should be.
    pub fn caller(&self, network: &NetworkName) -> Result<Caller, String> {
        let kind = match (&self.staff, &self.profession, &self.client) {
            (Some(staff), Some(profession), None) => CallerKind::Person {
                staff: staff.parse().map_err(|error| format!("{error}"))?,
                profession: profession.parse().map_err(|error| format!("{error}"))?,
            },
            (None, None, Some(client)) => CallerKind::System {
                client: client.parse().map_err(|error| format!("{error}"))?,
            },
            _ => return Err(
                "staff + profession か client のどちらか / either staff and profession, or client"
                    .to_owned(),
            ),
        };
        let facility = self.facility.parse().map_err(|error| format!("{error}"))?;
        Ok(Caller {
            kind,
            facility,
            networks: vec![network.clone()],
        })
    }

    /// The caller as audit leaves name them.
    #[must_use]
    pub fn actor(&self) -> String {
        match (&self.staff, &self.client) {
            (Some(staff), _) => format!("person:{staff}"),
            (None, Some(client)) => format!("system:{client}"),
            (None, None) => "facility".to_owned(),
        }
    }

    /// The name of the file that holds the token.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.english
            .to_lowercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-")
    }
}

impl Parts {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Part> {
        [
            &self.office,
            &self.sender,
            &self.recipient,
            &self.outsider,
            &self.auditor,
            &self.crew,
        ]
        .into_iter()
    }
}

/// Reads the samples of every network that has some, in the order of their names.
///
/// # Errors
/// What is wrong with them, or that there are none.
pub fn read_all(profiles_dir: &Path) -> Result<Vec<Script>, ScriptError> {
    let read_error = |source| ScriptError::Read {
        path: profiles_dir.to_owned(),
        source,
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(profiles_dir).map_err(read_error)? {
        let folder = entry.map_err(read_error)?.path();
        if folder.join("samples").join("demo.json").is_file() {
            folders.push(folder);
        }
    }
    if folders.is_empty() {
        return Err(ScriptError::Nothing(profiles_dir.to_owned()));
    }
    folders.sort();
    folders.iter().map(|folder| read_one(folder)).collect()
}

fn read_one(folder: &Path) -> Result<Script, ScriptError> {
    let samples = folder.join("samples");
    let path = samples.join("demo.json");
    let file: ScriptFile =
        serde_json::from_slice(&read(&path)?).map_err(|source| ScriptError::Form {
            path: path.clone(),
            source,
        })?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let network: NetworkName = name.parse().map_err(|error| ScriptError::Word {
        path: folder.to_owned(),
        what: format!("{error}"),
    })?;
    for part in file.parts.iter() {
        part.caller(&network).map_err(|what| ScriptError::Word {
            path: path.clone(),
            what,
        })?;
    }
    let mut before = Vec::new();
    for path in messages(&samples, &file.show)? {
        before.push(read(&path)?);
    }
    Ok(Script {
        population: Population::read(folder)?,
        network,
        directory: read(&samples.join("directory.json"))?,
        before,
        show: read(&samples.join(&file.show))?,
        content_type: file.content_type,
        parts: file.parts,
        emergency: file.emergency,
        export_lines: file.export_lines,
    })
}

/// The files of the messages that are sent first, in the order of their names.
fn messages(samples: &Path, show: &str) -> Result<Vec<PathBuf>, ScriptError> {
    let failed = |source| ScriptError::Read {
        path: samples.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(samples).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default();
        let json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if path.is_file() && json && name != "demo.json" && name != "directory.json" && name != show
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, ScriptError> {
    std::fs::read(path).map_err(|source| ScriptError::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &str = r#"{
        "office":{"japanese":"事務局","english":"office","facility":"0000000001","staff":"n1","profession":"network_office"},
        "sender":{"japanese":"送信者","english":"sender","facility":"0000000002","staff":"s1","profession":"care_manager"},
        "recipient":{"japanese":"受信者","english":"hospital system","facility":"0000000003","client":"c1"},
        "outsider":{"japanese":"部外者","english":"outsider","facility":"0000000004","staff":"o1","profession":"pharmacist"},
        "auditor":{"japanese":"監査","english":"auditor","facility":"0000000001","staff":"a1","profession":"auditor"},
        "crew":{"japanese":"救急隊員","english":"ambulance crew","facility":"0000000005","staff":"c1","profession":"ambulance_crew"}
    }"#;

    fn profiles(demo: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let samples = root.path().join("somewhere/samples");
        std::fs::create_dir_all(&samples).unwrap();
        std::fs::create_dir_all(root.path().join("fhir")).unwrap();
        for (name, text) in [
            ("demo.json", demo),
            ("directory.json", "{}"),
            ("a.json", "[1]"),
            ("b.json", "[2]"),
        ] {
            std::fs::write(samples.join(name), text).unwrap();
        }
        root
    }

    #[test]
    fn a_script_is_read_from_the_folder() {
        let root = profiles(&format!(
            r#"{{"content_type":"application/json","show":"b.json","parts":{PARTS}}}"#
        ));
        let scripts = read_all(root.path()).unwrap();
        let script = &scripts[0];
        assert_eq!(script.network.as_str(), "somewhere");
        assert_eq!(script.before, [b"[1]".to_vec()]);
        assert_eq!(script.show, b"[2]");
        assert_eq!(script.parts.recipient.file_name(), "hospital-system");
        let caller = script.parts.recipient.caller(&script.network).unwrap();
        assert_eq!(caller.actor(), "system:c1");
    }

    #[test]
    fn a_wrong_word_is_named_with_its_file() {
        let parts = PARTS.replace("pharmacist", "chemist");
        let root = profiles(&format!(
            r#"{{"content_type":"application/json","show":"b.json","parts":{parts}}}"#
        ));
        let error = read_all(root.path()).unwrap_err().to_string();
        assert!(
            error.contains("demo.json") && error.contains("\"chemist\" is not a profession"),
            "{error}"
        );
    }

    #[test]
    fn without_samples_there_is_nothing_to_show() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(
            read_all(root.path()),
            Err(ScriptError::Nothing(_))
        ));
    }
}
