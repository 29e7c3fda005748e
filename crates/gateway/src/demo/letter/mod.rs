//! What the demo prints: commands to paste, in the order in which they show something.

mod emergency;
mod office;
mod proof;
mod sheet;

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use serde_json::Value;

use super::script::{Part, Script};

/// Where everything of one demo is.
#[derive(Debug)]
pub struct Places<'a> {
    /// `http://127.0.0.1:8484`.
    pub base: &'a str,
    /// The demo's folder, absolute.
    pub folder: &'a Path,
    /// The program, absolute.
    pub program: &'a Path,
    /// Today, where the network is.
    pub today: Date,
    /// The media type and the lines of the export, if there is one.
    pub export: Option<(String, u64)>,
}

/// Shows JSON with one value a line.
const SHOWN: &str = "| python3 -m json.tool --no-ensure-ascii";

/// One network's commands. Each has a comment line in Japanese and one in English.
#[must_use]
pub fn commands(script: &Script, places: &Places<'_>) -> String {
    let mut letter = Letter {
        text: String::new(),
        number: 0,
        script,
        places,
    };
    letter.send();
    letter.inbox();
    letter.receipt();
    letter.status();
    letter.stranger();
    letter.audit();
    if let Some(emergency) = &script.emergency {
        letter.search(emergency);
        letter.card(emergency);
        letter.seen();
    }
    if script.population.is_some() {
        letter.reviews();
        letter.decision();
        letter.undo();
    }
    letter.batch();
    letter.report();
    letter.verify();
    letter.tamper();
    letter.text
}

struct Letter<'a> {
    text: String,
    number: u32,
    script: &'a Script,
    places: &'a Places<'a>,
}

impl Letter<'_> {
    fn step(&mut self, japanese: &str, english: &str, commands: &str) {
        self.number += 1;
        let number = self.number;
        // Writing to a String cannot fail.
        let _ = write!(
            self.text,
            "\n# {number}. {japanese}\n# {number}. {english}\n{commands}\n"
        );
    }

    /// A body in JSON, for curl.
    fn body(value: &Value) -> String {
        format!(
            "-H 'Content-Type: application/json' -d {}",
            quoted(&value.to_string())
        )
    }

    /// Keeps an answer and shows it with one value a line.
    fn kept(&self, file: &str) -> String {
        format!("| tee {} {SHOWN}", self.file(file))
    }

    /// A file of this network in the demo's folder, quoted for the shell.
    fn file(&self, name: &str) -> String {
        quoted(&self.path(name))
    }

    fn path(&self, name: &str) -> String {
        let folder = self.places.folder.join(self.script.network.as_str());
        folder.join(name).display().to_string()
    }

    /// `curl` with a caller's token, which lies in a file so that the command stays readable.
    fn curl(&self, part: &Part) -> String {
        let header = self.path(&format!("tokens/{}", part.file_name()));
        format!("curl -sS -H {}", quoted(&format!("@{header}")))
    }

    /// Takes the first value of a key out of an answer that was kept, with nothing but sed.
    fn take(&self, name: &str, answer: &str, pattern: &str) -> String {
        format!("{name}=$(sed -n 's/{pattern}/\\1/p' {})", self.file(answer))
    }
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_shell_are_quoted() {
        assert_eq!(quoted("/tmp/a b"), "'/tmp/a b'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
