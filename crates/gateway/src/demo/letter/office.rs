//! The network's office: doubtful pairs, a decision and its undoing, an export, the report.

use jiff::ToSpan as _;
use serde_json::json;

use super::{Letter, SHOWN, quoted};

/// Days of the report.
const DAYS: i64 = 30;

impl Letter<'_> {
    pub(super) fn reviews(&mut self) {
        let part = &self.script.parts.office;
        let commands = format!(
            "{} '{}/identity/reviews?_count=2' {}",
            self.curl(part),
            self.places.base,
            self.kept("reviews.json"),
        );
        let japanese = format!(
            "{}に、同じ人かもしれない組が並びます。自動では結びません",
            part.japanese
        );
        let english = format!(
            "The {} has a list of pairs that may be one person; nothing joins them by itself",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    pub(super) fn decision(&mut self) {
        let part = &self.script.parts.office;
        let review = self.take(
            "REVIEW",
            "reviews.json",
            "{\"reviews\":\\[{\"id\":\"\\([^\"]*\\)\".*",
        );
        let decision = json!({"decision": "same", "reason": "転居を本人に確認"});
        let commands = format!(
            "{review}\n{} {} {}/identity/reviews/$REVIEW/decision {}",
            self.curl(part),
            Self::body(&decision),
            self.places.base,
            self.kept("decision.json"),
        );
        let japanese = format!("{}が同じ人と判断します。理由が要ります", part.japanese);
        let english = format!(
            "The {} decides: the same person; a reason is needed",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    pub(super) fn undo(&mut self) {
        let part = &self.script.parts.office;
        let change = self.take("CHANGE", "decision.json", ".*\"change\":\"\\([^\"]*\\)\".*");
        let commands = format!(
            "{change}\n{} {} {}/identity/changes/$CHANGE/undo {SHOWN}",
            self.curl(part),
            Self::body(&json!({"reason": "別の人でした"})),
            self.places.base,
        );
        let japanese = "まちがいなら取り消せます。記録そのものは書き換わっていません";
        let english = "A mistake can be undone: the records themselves were never rewritten";
        self.step(japanese, english, &commands);
    }

    /// An export whose answer names the lines that were refused.
    pub(super) fn batch(&mut self) {
        let Some((content_type, lines)) = &self.places.export else {
            return;
        };
        let part = &self.script.parts.sender;
        let commands = format!(
            "{} -H 'Content-Type: {}' --data-binary {} {}/networks/{}/messages > {file}; \
             python3 -c {} {file}",
            self.curl(part),
            content_type,
            quoted(&format!("@{}", self.path("export.csv"))),
            self.places.base,
            self.script.network,
            quoted(SUMMARY),
            file = self.file("export.json"),
        );
        let japanese = format!(
            "{}が {lines} 行の CSV を送ります。誤りのある行だけが、理由とともに断られます",
            part.japanese
        );
        let english = format!(
            "The {} sends {lines} lines of CSV; only the lines that are wrong are refused, each with \
             its reason",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }

    pub(super) fn report(&mut self) {
        let part = &self.script.parts.office;
        let today = self.places.today;
        let from = today.checked_sub(DAYS.days()).unwrap_or(today);
        let commands = format!(
            "{} '{}/networks/{}/report?from={from}&to={today}' {SHOWN}",
            self.curl(part),
            self.places.base,
            self.script.network,
        );
        let japanese = format!(
            "{}の報告: 登録者数、救急の検索と見つかった割合、連絡票と入院からの日数",
            part.japanese
        );
        let english = format!(
            "The {}'s report: residents, look-ups and how many were found, sheets and days from admission",
            part.english
        );
        self.step(&japanese, &english, &commands);
    }
}

/// The answer without the lines that went well.
const SUMMARY: &str = "import json,sys; a=json.load(open(sys.argv[1])); \
a[\"fates\"]=[f for f in a[\"fates\"] if f[\"outcome\"]==\"refused\"]; \
print(json.dumps(a,ensure_ascii=False,indent=2))";
