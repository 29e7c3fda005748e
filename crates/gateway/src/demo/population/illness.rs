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

/// When an illness began.
#[derive(Debug, Clone, Copy)]
struct Onset {
    day: Date,
    /// What of it is remembered.
    known: Option<PartialDay>,
}

/// Writes illnesses as rows of a group, what is said of each under `said`; their names.
fn tell(
    found: &[(&Illness, Onset)],
    (group, said): (&'static str, &'static str),
    facts: &mut Facts,
) -> Vec<String> {
    for (illness, began) in found {
        let mut row = Facts::default();
        row.text("name", &illness.name);
        row.text(said, &illness.state);
        row.partial("began", began.known);
        facts.row(group, row);
    }
    let names = found.iter().map(|(illness, _)| illness.name.clone());
    names.collect()
}

/// The newest day of some that are told.
fn newest(rows: &[(&Illness, Onset)]) -> Option<Date> {
    rows.iter().map(|(_, began)| began.day).max()
}

impl Source {
    /// Everything medical, noted in this order: later things depend on earlier ones.
    pub(super) fn illness(&self, dice: &mut Dice, one: &Resident, facts: &mut Facts) {
        let (names, diagnosed) = self.diagnoses(dice, one, facts);
        let past = self.past(dice, one, facts);
        let drug = self.drugs(dice, one, &names, facts);
        self.allergies(dice, facts);
        let device = self.devices(dice, one, &names, facts);
        self.infections(dice, facts);
        for (name, newest) in [
            ("checked_diagnosis", diagnosed),
            ("checked_history", past),
            ("checked_drug", drug),
            ("checked_allergy", None),
            ("checked_device", device),
            ("checked_infection", None),
        ] {
            facts.day(name, self.checked(dice, one, 900, newest));
        }
    }

    fn ill<'a>(
        &self,
        dice: &mut Dice,
        one: &Resident,
        table: &'a [Illness],
    ) -> Vec<(&'a Illness, Onset)> {
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
    fn began(&self, dice: &mut Dice, one: &Resident, illness: &Illness) -> Onset {
        let years = dice.between(illness.years_min, illness.years_max);
        let days = dice.between(0, 360);
        let known = dice.below(100);
        let span = Span::new()
            .try_years(years)
            .and_then(|span| span.try_days(days));
        let last = one.last_day(self.settings.as_of);
        let day = span
            .and_then(|span| last.checked_sub(span))
            .unwrap_or(last)
            .max(one.birth);
        let known = match known {
            0..=59 => PartialDay::new(day.year(), None, None).ok(),
            60..=84 => PartialDay::new(day.year(), month(day), None).ok(),
            85..=94 => whole(day),
            _ => None,
        };
        Onset { day, known }
    }

    /// The names, and the newest day.
    fn diagnoses(
        &self,
        dice: &mut Dice,
        one: &Resident,
        facts: &mut Facts,
    ) -> (Vec<String>, Option<Date>) {
        let found = self.ill(dice, one, &self.diagnoses);
        let names = tell(&found, ("diagnoses", "state"), facts);
        facts.text("diagnosis_text", names.join("\r"));
        (names, newest(&found))
    }

    /// The newest day.
    fn past(&self, dice: &mut Dice, one: &Resident, facts: &mut Facts) -> Option<Date> {
        let found = self.ill(dice, one, &self.history);
        let names = tell(&found, ("histories", "note"), facts);
        facts.text("history_text", names.join("\r"));
        newest(&found)
    }

    /// Never two of one class. The newest day on which one was begun.
    fn drugs(
        &self,
        dice: &mut Dice,
        one: &Resident,
        diagnoses: &[String],
        facts: &mut Facts,
    ) -> Option<Date> {
        let mut taken: Vec<&str> = Vec::new();
        let mut newest = None;
        let mut lines = Vec::new();
        for diagnosis in diagnoses {
            let first = dice.percent(TAKES.0);
            let second = first && dice.percent(TAKES.1);
            for _ in 0..usize::from(first) + usize::from(second) {
                let fits = |drug: &super::tables::Drug| {
                    let new = drug.diagnosis == *diagnosis && !taken.contains(&drug.class.as_str());
                    if new { drug.weight } else { 0 }
                };
                let Some(drug) = dice.weighted(&self.drugs, fits) else {
                    continue;
                };
                taken.push(&drug.class);
                let since = self.ago(dice, one, 20, 2_000);
                newest = newest.max(Some(since));
                let mut row = Facts::default();
                row.text("name", &drug.name);
                row.text("code", &drug.code);
                row.text("amount", &drug.amount);
                row.text("usage", &drug.usage);
                row.day("since", since);
                facts.row("drugs", row);
                lines.push(format!("{} {} {}", drug.name, drug.amount, drug.usage));
            }
        }
        facts.text("drug_text", lines.join("\r"));
        newest
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

    /// The newest day since when one is there.
    fn devices(
        &self,
        dice: &mut Dice,
        one: &Resident,
        diagnoses: &[String],
        facts: &mut Facts,
    ) -> Option<Date> {
        let mut newest = None;
        let age = one.age(self.settings.as_of);
        let mut kinds: Vec<&str> = Vec::new();
        for device in &self.devices {
            let has = dice.per_mille(device.per_mille);
            let since = self.ago(dice, one, 10, device.years_max * 365);
            let fits = device.from_age <= age
                && (device.diagnosis.is_empty() || diagnoses.contains(&device.diagnosis))
                && !kinds.contains(&device.kind.as_str());
            if has && fits {
                kinds.push(&device.kind);
                newest = newest.max(Some(since));
                let mut row = Facts::default();
                row.text("kind", &device.kind);
                row.text("detail", &device.detail);
                row.day("since", since);
                facts.row("devices", row);
            }
        }
        newest
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
        let checked = self.checked(dice, one, 700, None);
        facts.day("checked_acp", checked);
        let speaker = speaker(dice, &self.settings.acp_speakers);
        let day = self.ago(dice, one, 10, 1_000);
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
        facts.day("checked_acp", checked.max(day));
        // Who is gone has no next review.
        if one.is_here()
            && let Ok(review) = Span::new()
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

    /// A day between `least` and `most` days before the records were made, or before the resident died
    /// or moved away: of later days nobody knows anything. Never before the birth.
    pub(super) fn ago(&self, dice: &mut Dice, one: &Resident, least: i64, most: i64) -> Date {
        let last = one.last_day(self.settings.as_of);
        let span = Span::new().try_days(dice.between(least, most));
        span.and_then(|span| last.checked_sub(span))
            .unwrap_or(last)
            .max(one.birth)
    }

    /// The day on which a block was confirmed, at most `most` days ago, and not before the newest thing in it.
    pub(super) fn checked(
        &self,
        dice: &mut Dice,
        one: &Resident,
        most: i64,
        newest: Option<Date>,
    ) -> Date {
        let day = self.ago(dice, one, 3, most);
        newest.map_or(day, |newest| day.max(newest))
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
