//! The way of a message: sent, in the mailbox, acknowledged, seen by nobody else.

use super::{Letter, quoted};

impl Letter<'_> {
    fn sheet(&self) -> String {
        self.take("SHEET", "answer.json", ".*\"sheet\":\"\\([^\"]*\\)\".*")
    }

    pub(super) fn send(&mut self) {
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

    pub(super) fn inbox(&mut self) {
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

    pub(super) fn receipt(&mut self) {
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

    pub(super) fn status(&mut self) {
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

    pub(super) fn stranger(&mut self) {
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

    pub(super) fn audit(&mut self) {
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
}
