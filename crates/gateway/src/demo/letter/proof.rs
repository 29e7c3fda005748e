//! The audit log is as it was written, and a changed byte is found.

use super::{Letter, quoted};

impl Letter<'_> {
    pub(super) fn verify(&mut self) {
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
    pub(super) fn tamper(&mut self) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_altered_actor_differs_in_one_byte() {
        assert_eq!(altered("person:PH-0001"), "person:PH-0009");
        assert_eq!(altered("person:PH-0009"), "person:PH-0008");
    }
}
