//! Who is who: the roles of a message's YAML.

use crate::compile::Compiler;
use crate::fields::Fields;
use crate::native::NativePath;
use crate::plan::{RolePlan, Row, Target};

const ROLE_KEYS: [&str; 9] = [
    "document",
    "identifiers",
    "sender",
    "destination",
    "family-doctor",
    "consent",
    "event-date",
    "kana",
    "birth-date",
];

impl Compiler<'_> {
    /// Reads the roles.
    pub(crate) fn read_roles(&mut self, fields: &Fields<'_>, rows: &[Row]) -> Option<RolePlan> {
        let value = fields.need("roles", &mut self.mistakes)?;
        let inner = Fields::of(value, &ROLE_KEYS, &mut self.mistakes)?;
        let document = self.read_document(&inner);
        let consent = self.read_answer(&inner, "consent", "yes");
        self.check_answer(&inner, "consent", "yes", consent.as_ref(), rows);
        Some(RolePlan {
            identifiers: self.read_identifiers(&inner),
            sender: self.role_native(&inner, "sender"),
            destination: self.role_native(&inner, "destination"),
            family_doctor: self.role_native(&inner, "family-doctor"),
            consent,
            event_date: self.role_target(&inner, "event-date"),
            kana: self.role_target(&inner, "kana"),
            birth_date: self.role_target(&inner, "birth-date"),
            document: document?,
        })
    }

    fn read_document(&mut self, inner: &Fields<'_>) -> Option<usize> {
        let (key, place) = inner.need_text("document", &mut self.mistakes)?;
        let found = self
            .resources
            .iter()
            .position(|resource| resource.key == key);
        match found.and_then(|at| self.resources.get(at)) {
            Some(resource) if resource.resource_type == "Composition" && resource.always => found,
            _ => {
                self.mistakes.add(
                    place,
                    "the document is a resource of type Composition with \"always: true\"",
                );
                None
            }
        }
    }

    fn role_native(&mut self, inner: &Fields<'_>, key: &str) -> Option<NativePath> {
        let (text, place) = inner.text(key, &mut self.mistakes)?;
        self.native(text, place)
    }

    fn role_target(&mut self, inner: &Fields<'_>, key: &str) -> Option<Target> {
        let (text, place) = inner.text(key, &mut self.mistakes)?;
        self.target(text, place)
    }

    /// A field and one of its values: `{ native: form.consent, yes: あり }`.
    pub(crate) fn read_answer(
        &mut self,
        inner: &Fields<'_>,
        key: &str,
        value: &str,
    ) -> Option<(NativePath, String)> {
        let answer = Fields::of(inner.get(key)?, &["native", value], &mut self.mistakes)?;
        let native = answer.need_text("native", &mut self.mistakes);
        let native = native.and_then(|(text, place)| self.native(text, place));
        let (word, _) = answer.need_text(value, &mut self.mistakes)?;
        Some((native?, word.to_owned()))
    }

    /// The value of an answer must be one that the field's row takes.
    fn check_answer(
        &mut self,
        inner: &Fields<'_>,
        key: &str,
        value: &str,
        answer: Option<&(NativePath, String)>,
        rows: &[Row],
    ) {
        let place = inner.get(key).map(|yaml| yaml.place);
        let (Some(place), Some((native, word))) = (place, answer) else {
            return;
        };
        let row = rows.iter().find(|row| row.native == *native);
        let rule = match row.map(|row| row.convert.to_fhir(word)) {
            Some(Ok(_)) => return,
            Some(Err(unfit)) => format!(
                "no line for the value \"{word}\" of \"{value}\": {}",
                unfit.rule
            ),
            None if !self.has_all_rows => return,
            None => format!("no row reads the field of \"{key}\""),
        };
        self.mistakes.add(place, rule);
    }

    fn read_identifiers(&mut self, inner: &Fields<'_>) -> Vec<(u8, Target)> {
        let mut found = Vec::new();
        for item in inner.list("identifiers", &mut self.mistakes) {
            let Some(claim) = Fields::of(item, &["rank", "fhir"], &mut self.mistakes) else {
                continue;
            };
            let rank = claim
                .need_text("rank", &mut self.mistakes)
                .and_then(|(text, place)| {
                    let rank = text.parse::<u8>().ok();
                    if rank.is_none() {
                        self.mistakes.add(place, "a rank is a small whole number");
                    }
                    rank
                });
            if let (Some(rank), Some(target)) = (rank, self.role_target(&claim, "fhir")) {
                found.push((rank, target));
            }
        }
        found.sort_by_key(|(rank, _)| *rank);
        found
    }
}
