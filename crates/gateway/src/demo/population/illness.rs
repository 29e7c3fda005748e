//! What people have: diagnoses, what was before, drugs, allergies, devices, infections, wishes.

use jiff::Span;
use jiff::civil::Date;
use renkei_model::day::PartialDay;

use super::dice::Dice;
use super::facts::{Facts, month, whole};
use super::household::Resident;
use super::settings::Speaker;
use super::source::Source;
use super::tables::Illness;

/// Diagnoses, and things of the past, that one record names at most.
const AT_MOST: usize = 7;
/// Of those who have a diagnosis, so many in a hundred take a drug for it, and so many a second one.
const TAKES: (u32, u32) = (82, 18);

impl Source {
    /// Everything medical, noted in this order: later things depend on earlier ones.
    pub(super) fn illness(&self, dice: &mut Dice, one: &Resident, facts: &mut Facts) {
        let names = self.diagnoses(dice, one, facts);
        self.past(dice, one, facts);
        self.drugs(dice, one, &names, facts);
        self.allergies(dice, facts);
        self.devices(dice, one, &names, facts);
        self.infections(dice, facts);
        for name in [
            "checked_diagnosis",
            "checked_history",
            "checked_drug",
            "checked_allergy",
            "checked_device",
            "checked_infection",
        ] {
            facts.day(name, self.ago(dice, 3, 900));
        }
    }

    fn ill<'a>(
        &self,
        dice: &mut Dice,
        one: &Resident,
        table: &'a [Illness],
    ) -> Vec<(&'a Illness, Option<PartialDay>)> {
        let age = one.age(self.settings.as_of);
        let mut found = Vec::new();
        for illness in table {
            let fits = (illness.from_age..=illness.to_age).contains(&age)
                && illness.sex.is_none_or(|sex| sex == one.sex);
            // Thrown for everybody, so that a new line of a table changes as little as possible.
            let has = dice.per_mille(illness.per_mille);
            let began = self.began(dice, one, illness);
            if fits && has && found.len() < AT_MOST {
                found.push((illness, began));
            }
        }
        found
    }

    /// When it began: often only the year is known, sometimes the month or the day.
    fn began(&self, dice: &mut Dice, one: &Resident, illness: &Illness) -> Option<PartialDay> {
        let years = dice.between(illness.years_min, illness.years_max);
        let days = dice.between(0, 360);
        let known = dice.below(100);
        let span = Span::new()
            .try_years(years)
            .and_then(|span| span.try_days(days));
        let day = span
            .and_then(|span| self.settings.as_of.checked_sub(span))
            .ok()?;
        let day = day.max(one.birth);
        match known {
            0..=59 => PartialDay::new(day.year(), None, None).ok(),
            60..=84 => PartialDay::new(day.year(), month(day), None).ok(),
            85..=94 => whole(day),
            _ => None,
        }
    }

    fn diagnoses(&self, dice: &mut Dice, one: &Resident, facts: &mut Facts) -> Vec<String> {
        let mut names = Vec::new();
        for (illness, began) in self.ill(dice, one, &self.diagnoses) {
            let mut row = Facts::default();
            row.text("name", &illness.name);
            row.text("state", &illness.state);
            row.partial("began", began);
            facts.row("diagnoses", row);
            names.push(illness.name.clone());
        }
        facts.text("diagnosis_text", names.join("\r"));
        names
    }

    fn past(&self, dice: &mut Dice, one: &Resident, facts: &mut Facts) {
        let mut names = Vec::new();
        for (illness, began) in self.ill(dice, one, &self.history) {
            let mut row = Facts::default();
            row.text("name", &illness.name);
            row.text("note", &illness.state);
            row.partial("began", began);
            facts.row("histories", row);
            names.push(illness.name.clone());
        }
        facts.text("history_text", names.join("\r"));
    }

    fn drugs(&self, dice: &mut Dice, one: &Resident, diagnoses: &[String], facts: &mut Facts) {
        let mut taken: Vec<&str> = Vec::new();
        let mut lines = Vec::new();
        for diagnosis in diagnoses {
            let first = dice.percent(TAKES.0);
            let second = first && dice.percent(TAKES.1);
            for _ in 0..usize::from(first) + usize::from(second) {
                let fits = |drug: &super::tables::Drug| {
                    let new = drug.diagnosis == *diagnosis && !taken.contains(&drug.code.as_str());
                    if new { drug.weight } else { 0 }
                };
                let Some(drug) = dice.weighted(&self.drugs, fits) else {
                    continue;
                };
                taken.push(&drug.code);
                let mut row = Facts::default();
                row.text("name", &drug.name);
                row.text("code", &drug.code);
                row.text("amount", &drug.amount);
                row.text("usage", &drug.usage);
                row.day("since", self.ago(dice, 20, 2_000).max(one.birth));
                facts.row("drugs", row);
                lines.push(format!("{} {} {}", drug.name, drug.amount, drug.usage));
            }
        }
        facts.text("drug_text", lines.join("\r"));
    }

    fn allergies(&self, dice: &mut Dice, facts: &mut Facts) {
        for allergy in &self.allergies {
            if !dice.per_mille(allergy.per_mille) {
                continue;
            }
            let mut row = Facts::default();
            row.text("kind", &allergy.kind);
            row.text("substance", &allergy.substance);
            row.text("reaction", &allergy.reaction);
            row.text("severity", &allergy.severity);
            facts.row("allergies", row);
        }
        let unknown = dice.per_mille(self.settings.per_mille.allergy_unknown);
        let known = match (facts.rows("allergies").is_empty(), unknown) {
            (false, _) => "yes",
            (true, true) => "unknown",
            (true, false) => "no",
        };
        facts.text("allergy", known);
    }

    fn devices(&self, dice: &mut Dice, one: &Resident, diagnoses: &[String], facts: &mut Facts) {
        let age = one.age(self.settings.as_of);
        let mut kinds: Vec<&str> = Vec::new();
        for device in &self.devices {
            let has = dice.per_mille(device.per_mille);
            let since = self.ago(dice, 10, device.years_max * 365).max(one.birth);
            let fits = device.from_age <= age
                && (device.diagnosis.is_empty() || diagnoses.contains(&device.diagnosis))
                && !kinds.contains(&device.kind.as_str());
            if has && fits {
                kinds.push(&device.kind);
                let mut row = Facts::default();
                row.text("kind", &device.kind);
                row.text("detail", &device.detail);
                row.day("since", since);
                facts.row("devices", row);
            }
        }
    }

    fn infections(&self, dice: &mut Dice, facts: &mut Facts) {
        for infection in &self.infections {
            if dice.per_mille(infection.per_mille) {
                let mut row = Facts::default();
                row.text("kind", &infection.kind);
                row.text("precaution", &infection.precaution);
                facts.row("infections", row);
            }
        }
        let any = !facts.rows("infections").is_empty();
        facts.text("infection", if any { "yes" } else { "no" });
    }

    /// Wishes for the end of life: who said what, when, to whom, and where the paper is.
    pub(super) fn wishes(
        &self,
        dice: &mut Dice,
        one: &Resident,
        facts: &mut Facts,
    ) -> Option<&str> {
        let age = one.age(self.settings.as_of);
        let told = dice.per_mille(self.settings.per_mille.acp);
        let fits = |wish: &super::tables::Wish| if wish.from_age <= age { wish.weight } else { 0 };
        let wish = dice.weighted(&self.wishes, fits).filter(|_| told);
        facts.text("acp", if wish.is_some() { "yes" } else { "no" });
        facts.day("checked_acp", self.ago(dice, 3, 700));
        let speaker = speaker(dice, &self.settings.acp_speakers);
        let day = self.ago(dice, 10, 1_000);
        let paper = dice.pick(&self.settings.papers);
        let wish = wish?;
        facts.text("acp_kind", &wish.kind);
        facts.text("acp_text", &wish.text);
        if let Some(speaker) = speaker {
            facts.text("acp_speaker", &speaker.word);
            let name = if speaker.own {
                full(facts)
            } else {
                first_contact(facts)
            };
            facts.text("acp_speaker_name", name);
        }
        facts.day("acp_told", day);
        if let Ok(review) = Span::new()
            .try_years(1)
            .and_then(|span| day.checked_add(span))
        {
            facts.day("acp_review", review);
        }
        let doctor = facts.word("doctor_name").to_owned();
        facts.text("acp_doctor", doctor);
        facts.text("acp_signed", &wish.signed);
        facts.text("acp_paper", paper.map_or("", String::as_str));
        Some(&wish.remark)
    }

    /// A day between `least` and `most` days before the records were made.
    pub(super) fn ago(&self, dice: &mut Dice, least: i64, most: i64) -> Date {
        let span = Span::new().try_days(dice.between(least, most));
        span.and_then(|span| self.settings.as_of.checked_sub(span))
            .unwrap_or(self.settings.as_of)
    }
}

/// Somebody of those who speak.
pub(super) fn speaker<'a>(dice: &mut Dice, speakers: &'a [Speaker]) -> Option<&'a Speaker> {
    dice.weighted(speakers, |speaker| speaker.weight)
}

/// Family and given name as the region joins them: with an ideographic space.
pub(super) fn full(facts: &Facts) -> String {
    format!("{}\u{3000}{}", facts.word("family"), facts.word("given"))
}

fn first_contact(facts: &Facts) -> String {
    facts
        .rows("contacts")
        .first()
        .map_or_else(String::new, full)
}
