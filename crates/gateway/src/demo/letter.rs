//! What the demo prints: commands to paste, in the order in which they show something.

use std::fmt::Write as _;
use std::path::Path;

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
}

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

    fn sheet(&self) -> String {
        self.take("SHEET", "answer.json", ".*\"sheet\":\"\\([^\"]*\\)\".*")
    }

    fn send(&mut self) {
        let part = &self.script.parts.sender;
        let commands = format!(
            "{} -H 'Content-Type: {}' --data-binary {} {}/networks/{}/messages | tee {}; echo",
            self.curl(part),
            self.script.content_type,
            quoted(&format!("@{}", self.path("message.json"))),
            self.places.base,
            self.script.network,
            self.file("answer.json"),
        );
        let japanese = format!(
            "{}が送ります。もう一度送っても同じ答えが返ります",
            part.japanese
        );
        let english = format!(
            "The {} sends. Sent again, it gets the same answer again",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    fn inbox(&mut self) {
        let part = &self.script.parts.recipient;
        let commands = format!(
            "{} {}/inbox | tee {}; echo",
            self.curl(part),
            self.places.base,
            self.file("inbox.json")
        );
        let japanese = format!(
            "{}が受信箱を見ます。document は FHIR、native はネットワーク自身の形です",
            part.japanese
        );
        let english = format!(
            "The {} looks into its inbox: document is FHIR, native is the network's own form",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    fn receipt(&mut self) {
        let part = &self.script.parts.recipient;
        let delivery = self.take(
            "DELIVERY",
            "inbox.json",
            ".*\"deliveries\":\\[{\"id\":\"\\([^\"]*\\)\".*",
        );
        let token = self.take("FENCE", "inbox.json", ".*\"fencingToken\":\\([0-9]*\\).*");
        let commands = format!(
            "{delivery}\n{token}\n{} -H 'Content-Type: application/json' -d \"{{\\\"fencingToken\\\":$FENCE}}\" {}/inbox/$DELIVERY/receipt; echo",
            self.curl(part),
            self.places.base,
        );
        let japanese = format!("{}が受領を返します", part.japanese);
        let english = format!("The {} gives its receipt", part.english);
        self.step(&japanese, &english, &commands);
    }

    fn status(&mut self) {
        let part = &self.script.parts.sender;
        let commands = format!(
            "{}\n{} {}/sheets/$SHEET; echo",
            self.sheet(),
            self.curl(part),
            self.places.base
        );
        let japanese = format!(
            "{}が届いたことを確かめます(stored、delivered)",
            part.japanese
        );
        let english = format!(
            "The {} sees that it arrived: stored, delivered",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    fn stranger(&mut self) {
        let part = &self.script.parts.outsider;
        let commands = format!(
            "{}\n{} -i {}/fhir/R4/Bundle/$SHEET; echo",
            self.sheet(),
            self.curl(part),
            self.places.base
        );
        let japanese = format!("{}には無いのと同じ 404 です", part.japanese);
        let english = format!("The {} gets 404, as if it did not exist", part.english);
        self.step(&japanese, &english, &commands);
    }

    fn audit(&mut self) {
        let part = &self.script.parts.auditor;
        let patient = self.take("PATIENT", "answer.json", ".*\"Patient\\/\\([^\"\\/]*\\).*");
        let commands = format!(
            "{patient}\n{} \"{}/audit?record=$PATIENT\"; echo",
            self.curl(part),
            self.places.base
        );
        let japanese = format!("{}が、この方の記録を誰が見たかを確かめます", part.japanese);
        let english = format!("The {} sees who touched this person's record", part.english);
        self.step(&japanese, &english, &commands);
    }

    fn verify(&mut self) {
        let commands = self.verification(&quoted(&self.places.folder.display().to_string()));
        self.step(
            "監査記録を検証します",
            "The audit log is verified",
            &commands,
        );
    }

    fn verification(&self, folder: &str) -> String {
        let program = quoted(&self.places.program.display().to_string());
        format!("{program} audit verify --dir {folder}")
    }

    /// Lays the outsider's look at the record on somebody else: one byte of one leaf. Verifying the copy
    /// first also folds the write-ahead log into the database's file, where the byte is then found.
    fn tamper(&mut self) {
        let folder = quoted(&format!("{}/.", self.places.folder.display()));
        let verify = self.verification("\"$COPY\"");
        let part = &self.script.parts.outsider;
        let (actor, other) = (part.actor(), altered(&part.actor()));
        let commands = format!(
            "COPY=$(mktemp -d) && cp -R {folder} \"$COPY\" && {verify}\n\
             perl -pi -e 's/{actor}\"/{other}\"/g' \"$COPY\"/renkei.db\n\
             {verify}"
        );
        let japanese = format!(
            "データベースの写しで、{}の記録を別人のものに 1 バイト書き換えると、検証が見つけます",
            part.japanese
        );
        let english = format!(
            "In a copy, one byte lays what the {} did on somebody else, and the verification finds it",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }
}

/// The same text with another last character.
fn altered(text: &str) -> String {
    let mut text = text.to_owned();
    let last = text.pop();
    text.push(if last == Some('9') { '8' } else { '9' });
    text
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_altered_actor_differs_in_one_byte() {
        assert_eq!(altered("person:PH-0001"), "person:PH-0009");
        assert_eq!(altered("person:PH-0009"), "person:PH-0008");
    }

    #[test]
    fn words_of_the_shell_are_quoted() {
        assert_eq!(quoted("/tmp/a b"), "'/tmp/a b'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
