//! The ambulance: who is it, what should we know, and who sees that we looked.

use super::{Letter, SHOWN};
use crate::demo::script::Emergency;

impl Letter<'_> {
    pub(super) fn search(&mut self, emergency: &Emergency) {
        let part = &self.script.parts.crew;
        let commands = format!(
            "{} {} {}/emergency/search {}",
            self.curl(part),
            Self::body(&emergency.search),
            self.places.base,
            self.kept("found.json"),
        );
        let japanese = format!(
            "{}が、聞こえた名前とおよその生年で探します。出るのは本人を見分ける最小限だけです",
            part.japanese
        );
        let english = format!(
            "The {} searches by the name that was heard and about when the person was born; the \
             answer tells people apart and no more",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    /// The card twice: for people, and as a FHIR document, which names the record for the auditor.
    pub(super) fn card(&mut self, emergency: &Emergency) {
        let part = &self.script.parts.crew;
        let record = self.take(
            "RECORD",
            "found.json",
            ".*\"found\":\\[{\"record\":\"\\([^\"]*\\)\".*",
        );
        let request = format!("{} {}", self.curl(part), Self::body(&emergency.card));
        let commands = format!(
            "{record}\n\
             {request} {base}/emergency/$RECORD/card {SHOWN}\n\
             {request} -H 'Accept: application/fhir+json' -o {} {base}/emergency/$RECORD/card",
            self.file("card.json"),
            base = self.places.base,
        );
        let japanese = format!(
            "{}が理由と出動番号を添えて救急カードを開きます。事前の意思(ACP)も出ます",
            part.japanese
        );
        let english = format!(
            "The {} opens the emergency card, with a reason and the dispatch's number; wishes stated \
             in advance (ACP) are on it",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    pub(super) fn seen(&mut self) {
        let part = &self.script.parts.auditor;
        let patient = self.take(
            "PATIENT",
            "card.json",
            ".*\"resourceType\":\"Patient\",\"id\":\"\\([^\"]*\\)\".*",
        );
        let commands = format!(
            "{patient}\n{} \"{}/audit?record=$PATIENT\" {SHOWN}",
            self.curl(part),
            self.places.base
        );
        let japanese = format!(
            "{}には、誰がいつ、何の目的で探し、開いたかが見えます",
            part.japanese
        );
        let english = format!(
            "The {} sees who searched and opened, when, and for which purpose",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }
}
